import { describe, expect, test } from 'vitest'
import {
  ago,
  clockMillis,
  dayKey,
  dayLabel,
  fullTime,
  instantOf,
  instantOfWall,
  slackDate,
  wallTime,
} from '../../src/sandbox/page/dates.ts'

const NOW = Date.parse('2018-03-15T07:00:00Z')
const EVENING = Date.parse('2018-03-15T19:05:09Z')

describe('Slack’s dates', () => {
  test.each([
    ['{date_num}', '2018-03-15'],
    ['{date}', '15 March 2018'],
    ['{date_short}', '15 Mar 2018'],
    ['{date_long}', 'Thursday 15 March 2018'],
    ['{date_short_pretty} at {time}', 'today at 20:05'],
    ['{date_pretty}', 'today'],
    ['until {time_secs}', 'until 20:05:09'],
    ['{ago}', 'in 12 hours'],
    ['no token', 'no token'],
  ])('%s', (format, shown) => {
    expect(slackDate(EVENING, format, 'Europe/Zurich', NOW)?.replace(',', '')).toBe(shown)
  })

  test('are shown in the zone of the person who looks, with its own day', () => {
    expect(slackDate(EVENING, '{date_pretty} {time}', 'Asia/Singapore', NOW)).toBe('tomorrow 03:05')
  })

  test('with an unknown token leave it to the fallback', () => {
    expect(slackDate(EVENING, '{weekday}', 'Europe/Zurich', NOW)).toBeNull()
  })

  test('in an unknown zone are UTC', () => {
    expect(slackDate(EVENING, '{time}', 'Mars/Olympus', NOW)).toBe('19:05')
  })
})

describe('labels', () => {
  test('the day as people say it, with the year where it is another one', () => {
    const at = (day: string) => dayLabel(Date.parse(`${day}T12:00:00Z`), NOW, 'Europe/Zurich')
    expect([at('2018-03-15'), at('2018-03-14'), at('2018-03-12'), at('2017-12-31')]).toEqual([
      'Today',
      'Yesterday',
      'Monday, 12 March',
      'Sunday, 31 December 2017',
    ])
  })

  test('the full time names day and zone', () => {
    expect(fullTime(EVENING, 'Europe/Zurich')).toBe('Thursday, 15 March 2018 at 20:05:09 CET')
  })

  test('a day begins at midnight of the zone', () => {
    expect(dayKey(Date.parse('2018-03-14T23:30:00Z'), 'Europe/Zurich')).toBe('2018-03-15')
    expect(dayKey(Date.parse('2018-03-14T23:30:00Z'), 'UTC')).toBe('2018-03-14')
  })

  test('ts are seconds with a counter', () => {
    expect(instantOf('1521129600.000100')).toBe(1521129600000)
    expect(ago(NOW - 190_000, NOW)).toBe('3 minutes ago')
  })
})

test('what happens within a second is told apart', () => {
  expect(clockMillis(EVENING + 4, 'Europe/Zurich')).toBe('20:05:09.004')
})

describe('the wall clock of a zone, as a field holds it', () => {
  test.each([
    ['in winter', '2018-01-15T07:52', 'Europe/Zurich', '2018-01-15T06:52:00Z'],
    ['in summer', '2018-07-15T07:52', 'Europe/Zurich', '2018-07-15T05:52:00Z'],
    ['just before the clocks change', '2018-03-25T01:59', 'Europe/Zurich', '2018-03-25T00:59:00Z'],
    ['just after', '2018-03-25T03:00', 'Europe/Zurich', '2018-03-25T01:00:00Z'],
    ['the earlier of two', '2018-10-28T02:30', 'Europe/Zurich', '2018-10-28T00:30:00Z'],
    ['on the other side of the world', '2018-03-15T00:10', 'Pacific/Auckland', '2018-03-14T11:10:00Z'],
    ['half an hour off', '2018-03-15T12:00', 'Asia/Kolkata', '2018-03-15T06:30:00Z'],
  ])('%s', (_, wall, zone, instant) => {
    expect(instantOfWall(wall, zone)).toBe(Date.parse(instant))
    expect(wallTime(Date.parse(instant), zone)).toBe(wall)
  })

  test('that is none is no instant', () => {
    expect(instantOfWall('soon', 'UTC')).toBeNaN()
  })
})
