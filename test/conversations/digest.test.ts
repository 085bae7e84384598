import { afterEach, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot?.close())

/** Friday evening in Zurich; the week is told on Monday at nine. */
const FRIDAY = Date.parse('2026-11-27T23:30:00+01:00')

test('on Monday morning the week before is told once: incidents, pages by hour and person, noise, tasks', async () => {
  bot = await startBot({ probes: false, at: FRIDAY, config: (text) => `${text}\nincidents: { digest: C0OPS }\n` })
  const digests = () => bot.channel('ops').filter((text) => text.includes('The week of'))
  await bot.alert({ monitor: 'home' })
  await bot.recover()
  await bot.alert({ monitor: 'home' })
  await bot.press('nora', 'Acknowledge')
  await bot.type('nora', '/incident task INC-2 add look at the pool @erik')
  await bot.recover()
  const to = async (instant: string) => {
    bot.clock.advanceTo(Date.parse(instant))
    await bot.rest()
  }
  await to('2026-11-30T08:10:00+01:00')
  expect(digests()).toEqual([])
  await to('2026-11-30T10:10:00+01:00')
  await to('2026-11-30T12:10:00+01:00')
  expect(digests()).toHaveLength(1)
  const [said = ''] = digests()
  for (const part of [
    '*The week of Mon 23 Nov 2026 – Sun 29 Nov 2026*',
    '*2 incidents*: half of them had somebody within 0 s and were over within 0 s',
    '*2 pages*, by hour: `00 ······ 06 ······ 12 ······ 18 ·····█ 24`',
    '• <@U0NORA>: 2, 2 of them at night',
    '• `home`: 2 alerts, 1 of them over before anybody had them',
    '*Open tasks (1)*',
    '*INC-2* look at the pool',
  ])
    expect(said).toContain(part)
})
