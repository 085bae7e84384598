import { afterEach, expect, test } from 'vitest'
import { pingAddresses } from '../../src/pings.ts'
import { type Driver, startBot } from '../support/bot.ts'
import { standIn } from '../support/stand-in.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** Where each is pinged is known when both are there: until then nobody hears it. */
async function road() {
  const to = new Map<string, string>()
  const server = await standIn(async (request, response) => {
    const url = to.get(request.url ?? '')
    const answer = url === undefined ? null : await fetch(url).catch(() => null)
    response.writeHead(answer?.status ?? 502).end()
  })
  ends.push(server.close)
  return { url: server.url, to }
}

const watching = (url: string, other: string): Promise<Driver> =>
  startBot({
    ...{ probes: false, heartbeats: true, outward: true },
    config: (text) =>
      `${text.replace(/monitors:[\s\S]*/, `monitors:\n  ${other}: { service: webmail, heartbeat: { every: 1m, grace: 1m } }\n`)}
outward_heartbeat: { url: "${url}/${other}", every: 1m }
`,
  })

test('two of them watch each other: while both are well nobody is paged, and of one that is dead the other pages', async () => {
  const { url, to } = await road()
  const here = await watching(url, 'zurich')
  const there = await watching(url, 'geneva')
  const alive = new Set([here, there])
  ends.unshift(() => Promise.all([...alive].map((each) => each.close())))
  // The heartbeat that one sends is the monitor of the other.
  for (const [from, at] of [
    ['zurich', there],
    ['geneva', here],
  ] as const) {
    await at.advance('1s')
    const [address] = await pingAddresses(at.store, at.bot.behind.rules(), at.url)
    to.set(`/${from}`, address?.url ?? '')
  }
  for (let n = 0; n < 10; n++) for (const each of [here, there]) await each.advance('30s')
  expect([...here.paged(), ...there.paged()]).toEqual([])
  alive.delete(there)
  await there.close()
  await here.advance('3m')
  expect(here.paged()).toEqual(['nora'])
  expect(here.dm('nora')[0]).toContain('zurich did not report')
})
