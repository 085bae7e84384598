import { afterEach, beforeEach, expect, test } from 'vitest'
import { dutyAt } from '../../src/domain/duty/schedule.ts'
import { rotaOf } from '../../src/store/rota.ts'
import { type Driver, startBot } from '../support/bot.ts'
import { type StandIn, standIn } from '../support/stand-in.ts'

let bot: Driver
let server: StandIn
let pages: Record<string, string>
beforeEach(async () => {
  pages = {}
  server = await standIn((request, response) => {
    const page = pages[request.url ?? '']
    if (page === undefined) response.writeHead(500).end()
    else response.end(page)
  })
})
afterEach(async () => {
  await bot.close()
  await server.close()
})

const calendar = (...events: string[]) => `BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${events.join('')}END:VCALENDAR\r\n`
const event = (uid: string, title: string, ...lines: string[]) =>
  ['BEGIN:VEVENT', `UID:${uid}`, `SUMMARY:${title}`, ...lines, 'END:VEVENT', ''].join('\r\n')

/** Erik has the watch on Monday and on Tuesday, from eight to eight. */
const ERIK = event('e', 'Erik', 'DTSTART:20261123T080000', 'DTEND:20261123T200000', 'RRULE:FREQ=DAILY;COUNT=2')
const MONDAY_NOON = Date.parse('2026-11-23T12:00:00+01:00')

const start = () =>
  startBot({
    probes: false,
    config: (config) =>
      config
        .replace(
          '    layers:\n      - { name: days',
          `    layers:\n      - { name: old, priority: 5, calendar: "${server.url}/rota.ics" }\n      - { name: days`,
        )
        .replace('dana: { slack: U0DANA }', `dana: { slack: U0DANA, absence: "${server.url}/dana.ics" }`),
  })

/** Who has the watch at noon on Monday, as it is really stood. */
async function atNoon(): Promise<string[]> {
  const { rows } = await bot.store.pool.query('select doc from rules order by id desc limit 1')
  const { primary } = (await rotaOf(bot.store.pool, rows[0].doc)).schedules
  return primary ? dutyAt(primary, MONDAY_NOON) : []
}

const status = async () =>
  (await bot.type('mia', '/watchbill status')).split('\n').filter((line) => line.includes('Calendar'))

test('an older rota counts as soon as it is read, and as long as its server has a bad day', async () => {
  pages = { '/rota.ics': calendar(ERIK.replace('Erik', 'Christmas party')) }
  bot = await start()
  expect(await atNoon()).toEqual(['dana'])
  expect(await status()).toEqual([
    ':warning: Calendar (layer `old` of `primary`) 2 entries do not name exactly one person: "Christmas party"; last read 0 s ago',
    ':warning: Calendar (absences of dana) was answered with 500 Internal Server Error; it was never read',
  ])

  pages = { '/rota.ics': calendar(ERIK), '/dana.ics': calendar(event('d', 'holiday', 'DTSTART;VALUE=DATE:20261201')) }
  await bot.advance('15m')
  expect(await atNoon()).toEqual(['erik'])
  expect(await status()).toEqual([':white_check_mark: Calendars: all 2 are read'])

  pages = { '/rota.ics': '<html>Log in</html>', '/dana.ics': calendar() }
  await bot.advance('15m')
  expect(await atNoon()).toEqual(['erik'])
  expect(await status()).toEqual([
    expect.stringMatching(
      /^:warning: Calendar \(layer `old` of `primary`\) is no calendar: .*; last read \d+ min ago$/,
    ),
    expect.stringMatching(/^:warning: Calendar \(absences of dana\) is suddenly empty; .*; last read \d+ min ago$/),
  ])

  // Looked at again at the next slot, not only when it would be old.
  pages = { '/rota.ics': calendar(ERIK.replace('Erik', 'Sam')), '/dana.ics': calendar() }
  await bot.advance('5m')
  expect(await atNoon()).toEqual(['sam'])
  expect((await status())[0]).toContain('absences of dana')
})
