import { afterEach, expect, test } from 'vitest'
import { sleep } from '../../src/clock.ts'
import type { Recorded } from '../../src/domain/fact.ts'
import { markdownOf } from '../../src/sandbox/canvas.ts'
import { type Driver, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot?.close())

const PEOPLE = ['nora', 'dana', 'sam', 'mia', 'erik']
const SERVICES = Array.from({ length: 10 }, (_, n) => `service-${n}`)

/** Two incidents each, so that none of their pages waits for another. */
const CONFIG = `
company: Example Mail
zone: Europe/Zurich
people: { ${PEOPLE.map((name) => `${name}: { slack: U0${name.toUpperCase()} }`).join(', ')} }
policies:
${PEOPLE.map((name) => `  ${name}: { steps: [{ page: [${name}], wait: 1h }], rounds: 1, fallback: [mia] }`).join('\n')}
services:
${SERVICES.map((name, n) => `  ${name}: { policy: ${PEOPLE[n % 5]}, channel: C0OPS, links: { Runbook: "https://wiki.example.com/${name}" } }`).join('\n')}
`

/** The word that an entry begins with. */
const WORDS: Partial<Record<Recorded['type'], string>> = {
  opened: '*Opened*',
  detected: '*Detected:*',
  paged: '*Paged*',
}

test('ten incidents at once: no page waits for a channel, and within the limits of Slack every channel becomes complete, in order', async () => {
  bot = await startBot({ probes: false, config: CONFIG })
  const { workspace } = bot.slack
  workspace.preferences.rateLimits = true
  // Whatever channels take is held up: a call hangs, the next is told to wait.
  bot.slack.fault({ kind: 'hang', method: 'conversations.create', count: 2 })
  bot.slack.fault({ kind: 'ratelimited', method: 'conversations.create', retry_after: 20 })
  await Promise.all(SERVICES.map((service) => bot.report({ service, key: service, headline: `${service} is down` })))
  const dms = () => PEOPLE.flatMap((name) => bot.dm(name).filter((text) => text.includes('*Why you:*')))
  for (let n = 0; n < 100 && dms().length < 10; n++) await sleep(50)
  expect(dms()).toHaveLength(10)
  const rooms = () => [...workspace.rooms.values()].filter(({ name }) => name.startsWith('inc-'))
  expect(rooms()).toEqual([])

  bot.slack.resetFaults()
  const said = (room: string) => bot.slack.channel(room).messages.filter(({ subtype }) => subtype === null)
  const isComplete = (room: ReturnType<typeof rooms>[number]) =>
    room.topic !== '' &&
    room.purpose !== '' &&
    room.pins.length === 1 &&
    room.bookmarks.length === 1 &&
    room.canvas !== null &&
    said(room.name).length >= 4
  // Limits are of the machine's time, waiting is of the watch's: both pass.
  for (let n = 0; n < 60 && !(rooms().length === 10 && rooms().every(isComplete)); n++) {
    await bot.advance('5s')
    await sleep(200)
  }
  expect(rooms().filter(isComplete)).toHaveLength(10)
  expect(rooms()).toHaveLength(10)
  for (const room of rooms()) {
    const id = Number(/^inc-\d+-(\d+)-/.exec(room.name)?.[1])
    const [summary, ...entries] = said(room.name)
    expect(room.pins.map(({ ts }) => ts)).toEqual([summary?.ts])
    const words = (await bot.facts(id)).flatMap(({ type }) => WORDS[type] ?? [])
    expect(words).toHaveLength(3)
    expect(entries.map(({ blocks }) => words.find((word) => JSON.stringify(blocks).includes(word)))).toEqual(words)
    const canvas = workspace.canvases.get(room.canvas ?? '')
    expect(canvas && markdownOf(canvas)).toContain(`INC-${id}`)
  }
  const refused = bot.slack.journal().filter(({ outcome }) => outcome === 'ratelimited')
  expect(refused.map(({ method }) => method)).toContain('chat.postMessage')
})
