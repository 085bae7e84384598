import { afterEach, describe, expect, test } from 'vitest'
import { newProbe, observe } from '../../src/domain/detect/probe.ts'
import { saveSample } from '../../src/store/monitors.ts'
import { type Driver, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot?.close())

const start = async (options: Parameters<typeof startBot>[0] = {}) => {
  bot = await startBot({ probes: false, ...options })
}
const ops = () => bot.channel('ops').join('\n---\n')

/** As if a process had looked at this moment. */
async function looked(monitor: string): Promise<void> {
  const now = bot.clock.now()
  const sample = { at: now, ok: true, saw: '200 OK', ms: 3 }
  const { state } = observe(newProbe(now), sample, { failAfter: 2, recoverAfter: 2 })
  await saveSample(bot.store, { monitor, slotAt: now, sample, state, event: null, now })
}

test('the graph in short, and its loose ends also in the status', async () => {
  await start()
  const shown = await bot.type('erik', '/monitor graph')
  expect(shown).toContain('• `staleness` watches `monitor/home`')
  expect(shown).toContain('• `auditor` watches `store`, `in-tray`, `out-tray` and `timetable`')
  expect(shown).toContain(':warning: *Loose end:* nobody notices when Watchbill itself stops')
  expect(await bot.type('erik', '/watchbill status')).toContain(
    '*Loose end:* nobody notices when Watchbill itself stops',
  )
})

test('a monitor that nobody looks after pages, until somebody does again', async () => {
  await start({ staleness: true })
  await looked('home')
  await bot.advance('95s')
  expect(bot.paged()).toEqual([])
  await bot.advance('20s')
  expect(bot.paged()).toEqual(['nora'])
  expect(bot.dm('nora').join()).toMatch(
    /home is not being watched: the last look was 1 min \d+ s ago, and the next is long due/,
  )
  await looked('home')
  await bot.advance('20s')
  expect(bot.timeline().join()).toContain('home is being watched again: there was a look')
  expect((await bot.facts()).at(-1)).toMatchObject({ type: 'resolved', by: null })
})

test('after a stop it is given the time that it has anyway', async () => {
  await start({ staleness: true })
  await looked('home')
  await bot.restart('1h')
  await bot.advance('80s')
  expect(bot.paged()).toEqual([])
  await bot.advance('40s')
  expect(bot.paged()).toEqual(['nora'])
})

describe('what depends on something else', () => {
  const config = (text: string) =>
    text
      .replace(
        '  webmail: { policy: mail, channel: C0OPS }',
        '  webmail: { policy: mail, channel: C0OPS }\n  shop: { policy: mail, channel: C0OPS }',
      )
      .concat(
        '  till: { service: shop, probe: "TARGET", every: 30s, fail_after: 2, recover_after: 2, depends_on: [home] }\n',
      )

  test('fails with it, and its people are not paged: nobody knows which of them fails first', async () => {
    await start({ probes: true, config })
    await bot.advance('1m')
    bot.target.fail()
    await bot.advance('1m')
    expect(bot.paged()).toEqual(['nora'])
    expect(bot.dm('nora').join()).toContain('home is down')
    expect(ops()).toMatch(
      /:link: \*Held back:\* till is down: 503.* · service `shop`\. It depends on `home`, which is down/,
    )
    bot.target.recover()
    await bot.advance('3m')
    expect(bot.paged()).toEqual(['nora'])
    expect(ops()).toContain(':white_check_mark: till is up again')
  })
})
