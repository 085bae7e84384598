import { afterEach, describe, expect, test } from 'vitest'
import { monthIn, spanOf } from '../../commands/dates.ts'
import { parseRange, parseTime } from '../../commands/times.ts'

const ZONE = 'Europe/Zurich'
/** Monday 23 November 2026, 10:00 in Zürich. */
const NOW = Date.parse('2026-11-23T10:00:00+01:00')
const writer = { zone: ZONE, now: NOW }

const iso = (at: number) => new Date(at).toISOString().replace(':00.000Z', 'Z')
const refusal = (read: () => unknown): string => {
  try {
    return `read as ${JSON.stringify(read())}`
  } catch (error) {
    return (error as Error).message
  }
}

const processZone = process.env.TZ
afterEach(() => {
  if (processZone === undefined) delete process.env.TZ
  else process.env.TZ = processZone
})

describe('a time', () => {
  const TIMES: [text: string, at: string][] = [
    ['14:00', '2026-11-23T13:00Z'],
    ['at 14:00', '2026-11-23T13:00Z'],
    ['08:00', '2026-11-23T07:00Z'],
    ['2pm', '2026-11-23T13:00Z'],
    ['2:30 PM', '2026-11-23T13:30Z'],
    ['12am', '2026-11-22T23:00Z'],
    ['12 pm', '2026-11-23T11:00Z'],
    ['noon', '2026-11-23T11:00Z'],
    ['14.30', '2026-11-23T13:30Z'],
    ['24:00', '2026-11-23T23:00Z'],
    ['today 18:00', '2026-11-23T17:00Z'],
    ['tonight 22:00', '2026-11-23T21:00Z'],
    ['Tomorrow  08:00', '2026-11-24T07:00Z'],
    ['08:00 tomorrow', '2026-11-24T07:00Z'],
    ['yesterday 18:00', '2026-11-22T17:00Z'],
    ['friday 09:00', '2026-11-27T08:00Z'],
    ['fri 9am', '2026-11-27T08:00Z'],
    ['9am on fri', '2026-11-27T08:00Z'],
    ['fri 14.12', '2026-11-27T13:12Z'],
    ['monday 18:00', '2026-11-23T17:00Z'],
    ['next monday 8:00', '2026-11-30T07:00Z'],
    ['2026-12-24 18:00', '2026-12-24T17:00Z'],
    ['2026-12-24T18:00', '2026-12-24T17:00Z'],
    ['2026-12-24 at 18:00', '2026-12-24T17:00Z'],
    ['2026-12-24T18:00+02:00', '2026-12-24T16:00Z'],
    ['2026-12-24T18:00:00.000Z', '2026-12-24T18:00Z'],
    ['Thu 24 Dec 2026 18:00 UTC-05:00', '2026-12-24T23:00Z'],
    ['24 dec 18:00', '2026-12-24T17:00Z'],
    ['Dec 24 18:00', '2026-12-24T17:00Z'],
    ['december 24, 2027 6pm', '2027-12-24T17:00Z'],
    ['24.12. 18:00', '2026-12-24T17:00Z'],
    ['24.12 18:00', '2026-12-24T17:00Z'],
    ['24.12.2027 18:00', '2027-12-24T17:00Z'],
    ['3 jan 08:00', '2027-01-03T07:00Z'],
    ['29 feb 08:00', '2028-02-29T07:00Z'],
    ['in 2h', '2026-11-23T11:00Z'],
    ['2h', '2026-11-23T11:00Z'],
    ['90m', '2026-11-23T10:30Z'],
    ['in 1h30m', '2026-11-23T10:30Z'],
    ['in 1 hour and 30 minutes', '2026-11-23T10:30Z'],
    ['in 2 days', '2026-11-25T09:00Z'],
    ['in 1w', '2026-11-30T09:00Z'],
    ['now', '2026-11-23T09:00Z'],
  ]

  test.each(TIMES)('%s', (text, at) => {
    // Whatever the process takes for its own zone.
    for (const zone of ['UTC', 'Pacific/Apia', 'America/New_York']) {
      process.env.TZ = zone
      expect(iso(parseTime(text, writer))).toBe(at)
    }
  })

  test('of day alone is the next one, where only what is to come is meant', () => {
    expect(iso(parseTime('until 08:00', writer, 'next'))).toBe('2026-11-24T07:00Z')
    expect(iso(parseTime('until 18:00', writer, 'next'))).toBe('2026-11-23T17:00Z')
  })

  test.each([
    ['', 'is no time that I understand. Try `14:00`'],
    ['half past nine', '`half past nine` is no time that I understand'],
    ['25:00', 'is no time'],
    ['24:30', 'is no time'],
    ['13pm', 'is no time'],
    ['14:60', 'is no time'],
    ['14', 'is no time'],
    ['14:00 please', 'is no time'],
    ['constructor', 'is no time'],
    ['friday', 'Which hour is meant by `friday`? Type it too: `friday 18:00`.'],
    ['24 dec', 'Which hour'],
    ['tonight', 'Which hour'],
    ['14.12', '`14.12` may be a time or a date. Type `14:12` for the time, `14.12.` for the date.'],
    ['12/24 18:00', '`12/24` is read as two different dates around the world'],
    ['2026-02-30 10:00', 'There is no day `2026-02-30`'],
    ['31 apr 10:00', 'There is no day `31 apr`'],
    ['fri 24 dec 2026 18:00', 'that day is a thu'],
    ['in 99999999999w', 'more than ten years away'],
    ['9999-12-31 10:00', 'more than ten years away'],
  ])('that cannot be read: %j', (text, sentence) => {
    expect(refusal(() => parseTime(text, writer))).toContain(sentence)
  })
})

describe('a change of the clock', () => {
  // By the clock of January, of July, and within the very hour: what is typed means the same.
  const CLOCKS = ['2026-01-15T10:00Z', '2026-07-15T10:00Z', '2026-10-25T00:15Z'].map((at) => Date.parse(at))

  test.each(CLOCKS)('autumn: 02:30 comes twice, and both readings are named (clock %d)', (now) => {
    const said = refusal(() => parseTime('2026-10-25 02:30', { zone: ZONE, now }))
    expect(said).toBe(
      '`2026-10-25 02:30` comes twice: the clocks are put back then in Europe/Zurich. Type `2026-10-25T02:30+02:00` (Sun 25 Oct 2026 02:30 UTC+02:00) or `2026-10-25T02:30+01:00` (Sun 25 Oct 2026 02:30 UTC+01:00).',
    )
    const typed = [...said.matchAll(/`(2026\S+T\S+)`/g)].map(([, text = '']) => parseTime(text, { zone: ZONE, now }))
    expect(typed.map(iso)).toEqual(['2026-10-25T00:30Z', '2026-10-25T01:30Z'])
  })

  test.each(CLOCKS)('spring: 02:30 does not exist, and both readings are named (clock %d)', (now) => {
    const said = refusal(() => parseTime('2026-03-29 02:30', { zone: ZONE, now }))
    expect(said).toContain('`2026-03-29 02:30` does not exist: the clocks are put forward then in Europe/Zurich.')
    expect(said).toContain('`2026-03-29T02:30+01:00` (Sun 29 Mar 2026 03:30 UTC+02:00)')
    expect(said).toContain('`2026-03-29T02:30+02:00` (Sun 29 Mar 2026 01:30 UTC+01:00)')
  })

  test.each([
    ['2026-10-25 01:59', ZONE, '2026-10-24T23:59Z'],
    ['2026-10-25 03:00', ZONE, '2026-10-25T02:00Z'],
    ['2026-03-29 01:59', ZONE, '2026-03-29T00:59Z'],
    ['2026-03-29 03:00', ZONE, '2026-03-29T01:00Z'],
    ['2026-07-01 12:00', ZONE, '2026-07-01T10:00Z'],
    ['2026-01-01 12:00', ZONE, '2026-01-01T11:00Z'],
    ['2026-12-24 18:00', 'Asia/Kolkata', '2026-12-24T12:30Z'],
    ['2026-10-25 02:30', 'UTC', '2026-10-25T02:30Z'],
  ])('%s in %s is not doubtful', (text, zone, at) => {
    for (const now of CLOCKS) expect(iso(parseTime(text, { zone, now }))).toBe(at)
  })

  test('half an hour of Lord Howe, and a range that begins in the doubtful hour', () => {
    const lord = { zone: 'Australia/Lord_Howe', now: NOW }
    expect(refusal(() => parseTime('2027-04-04 01:45', lord))).toContain('comes twice')
    expect(refusal(() => parseRange('25.10.2026 02:30-06:00', { zone: ZONE, now: CLOCKS[1] ?? 0 }))).toContain(
      'comes twice',
    )
    const range = parseRange('2026-10-25T02:30+01:00 - 06:00', { zone: ZONE, now: CLOCKS[1] ?? 0 })
    expect([range.startAt, range.endAt].map(iso)).toEqual(['2026-10-25T01:30Z', '2026-10-25T05:00Z'])
  })

  test('a day is as long as it is, and days are counted by the calendar', () => {
    const day = parseRange('2026-10-25', { zone: ZONE, now: CLOCKS[1] ?? 0 })
    expect(day.endAt - day.startAt).toBe(25 * 3_600_000)
    const saturday = Date.parse('2026-10-24T12:00:00+02:00')
    expect(iso(parseTime('in 1 day', { zone: ZONE, now: saturday }))).toBe('2026-10-25T11:00Z')
    expect(iso(parseTime('in 24h', { zone: ZONE, now: saturday }))).toBe('2026-10-25T10:00Z')
  })
})

describe('a range', () => {
  test.each([
    ['14:00-18:00', '2026-11-23T13:00Z', '2026-11-23T17:00Z'],
    ['14:00 - 18:00', '2026-11-23T13:00Z', '2026-11-23T17:00Z'],
    ['14:00–18:00', '2026-11-23T13:00Z', '2026-11-23T17:00Z'],
    ['2pm-6pm', '2026-11-23T13:00Z', '2026-11-23T17:00Z'],
    ['from 14:00 to 18:00', '2026-11-23T13:00Z', '2026-11-23T17:00Z'],
    ['22:00-06:00', '2026-11-23T21:00Z', '2026-11-24T05:00Z'],
    ['09:00-18:00', '2026-11-23T08:00Z', '2026-11-23T17:00Z'],
    ['tomorrow 14:00-18:00', '2026-11-24T13:00Z', '2026-11-24T17:00Z'],
    ['tomorrow 14:00 to tomorrow 18:00', '2026-11-24T13:00Z', '2026-11-24T17:00Z'],
    ['fri 18:00 - mon 08:00', '2026-11-27T17:00Z', '2026-11-30T07:00Z'],
    ['mon 18:00 - mon 08:00', '2026-11-23T17:00Z', '2026-11-30T07:00Z'],
    ['next mon 08:00 until tue 08:00', '2026-11-30T07:00Z', '2026-12-01T07:00Z'],
    ['2026-12-24..2026-12-27', '2026-12-23T23:00Z', '2026-12-27T23:00Z'],
    ['24 dec - 27 dec', '2026-12-23T23:00Z', '2026-12-27T23:00Z'],
    ['30 dec - 2 jan', '2026-12-29T23:00Z', '2027-01-02T23:00Z'],
    ['fri - sun', '2026-11-26T23:00Z', '2026-11-29T23:00Z'],
    ['2026-12-24 18:00-2026-12-27 08:00', '2026-12-24T17:00Z', '2026-12-27T07:00Z'],
    ['2026-12-24T18:00-05:00..2026-12-25T18:00-05:00', '2026-12-24T23:00Z', '2026-12-25T23:00Z'],
    ['Mon 23 Nov 2026 14:00 – 18:00', '2026-11-23T13:00Z', '2026-11-23T17:00Z'],
    ['until 18:00', '2026-11-23T09:00Z', '2026-11-23T17:00Z'],
    ['until 08:00', '2026-11-23T09:00Z', '2026-11-24T07:00Z'],
    ['now - 18:00', '2026-11-23T09:00Z', '2026-11-23T17:00Z'],
    ['for 2h', '2026-11-23T09:00Z', '2026-11-23T11:00Z'],
    ['2h', '2026-11-23T09:00Z', '2026-11-23T11:00Z'],
    ['fri 18:00 for 12h', '2026-11-27T17:00Z', '2026-11-28T05:00Z'],
    ['fri', '2026-11-26T23:00Z', '2026-11-27T23:00Z'],
    ['2026-12-24', '2026-12-23T23:00Z', '2026-12-24T23:00Z'],
  ])('%s', (text, start, end) => {
    for (const zone of ['UTC', 'Asia/Tokyo']) {
      process.env.TZ = zone
      const { startAt, endAt } = parseRange(text, writer)
      expect([iso(startAt), iso(endAt)]).toEqual([start, end])
    }
  })

  test.each([
    ['2026-12-27..2026-12-24', 'ends before it starts (Sun 27 Dec 2026 00:00 UTC+01:00 to Fri 25 Dec 2026'],
    ['tomorrow 14:00 to today 18:00', 'ends before it starts'],
    ['06:00-09:00', 'lies in the past (Mon 23 Nov 2026 06:00 UTC+01:00 to Mon 23 Nov 2026 09:00 UTC+01:00)'],
    ['2026-11-01', 'lies in the past'],
    ['24 dec - 24 mar', 'is longer than 62 days'],
    ['for 99999999999h', 'more than ten years away'],
    ['for 70 days', 'is longer than 62 days'],
    ['2028-01-01', 'is more than a year ahead'],
    ['14:00-14:00', 'starts and ends at the same time of day'],
    ['14:00', '`14:00` has no end. Type from when to when: `14:00-18:00`'],
    ['fri - 18:00', 'When on `fri` does it begin? Type that too: `fri 08:00-18:00`.'],
    ['until friday', 'Which hour'],
    ['9-17', '`9` is no time'],
    ['14:00-half past', '`half past` is no time'],
    ['-', 'is no time'],
    ['', 'is no time'],
  ])('that cannot be read: %j', (text, sentence) => {
    expect(refusal(() => parseRange(text, writer))).toContain(sentence)
  })
})

describe('spans and months', () => {
  test.each([
    ['2h', { days: 0, ms: 7_200_000 }],
    ['1h30m', { days: 0, ms: 5_400_000 }],
    ['1.5h', { days: 0, ms: 5_400_000 }],
    ['2 days', { days: 2, ms: 0 }],
    ['1 week', { days: 7, ms: 0 }],
    ['0.5 days', { days: 0, ms: 43_200_000 }],
    ['2 months', null],
    ['2', null],
    ['h', null],
    ['', null],
  ])('%j', (text, span) => {
    expect(spanOf(text)).toEqual(span)
  })

  test.each([
    ['', '2026-11'],
    ['this', '2026-11'],
    ['next month', '2026-12'],
    ['last', '2026-10'],
    ['dec', '2026-12'],
    ['january', '2027-01'],
    ['oct', '2026-10'],
    ['feb 2025', '2025-02'],
    ['2027-03', '2027-03'],
    ['2027-13', null],
    ['soon', null],
  ])('month %j', (text, month) => {
    const read = monthIn(text, Date.UTC(2026, 10, 23))
    expect(read && new Date(read.from).toISOString().slice(0, 7)).toBe(month)
  })
})
