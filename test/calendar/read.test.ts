import { afterEach, describe, expect, test } from 'vitest'
import { readApart } from '../../src/calendar/apart.ts'
import { readCalendar } from '../../src/calendar/read.ts'

const at = Date.parse
const ZONE = 'Europe/Zurich'
/** Over a change of the clocks: Zürich goes back to +01:00 on 25 October. */
const WINDOW = { fromAt: at('2026-10-12T00:00Z'), toAt: at('2026-12-31T00:00Z') }

const calendar = (...lines: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:x', ...lines, 'END:VCALENDAR', ''].join('\r\n')
const event = (uid: string, ...lines: string[]) => ['BEGIN:VEVENT', `UID:${uid}`, ...lines, 'END:VEVENT']

/** A zone of somebody's own, five hours and a half ahead. */
const VTIMEZONE = [
  ...['BEGIN:VTIMEZONE', 'TZID:Half Past', 'BEGIN:STANDARD', 'DTSTART:19700101T000000'],
  ...['TZOFFSETFROM:+0530', 'TZOFFSETTO:+0530', 'END:STANDARD', 'END:VTIMEZONE'],
]

function read(text: string, change: Partial<Parameters<typeof readCalendar>[0]> = {}) {
  const look = readCalendar({ text, zone: ZONE, ...WINDOW, ...change })
  if (!look.ok) throw new Error(look.why)
  return {
    notes: look.notes,
    entries: look.occurrences.map(
      ({ startAt, endAt, title }) => `${new Date(startAt).toISOString()} ${new Date(endAt).toISOString()} ${title}`,
    ),
    names: look.occurrences.map(({ names }) => names),
  }
}

const before = process.env.TZ
afterEach(() => {
  if (before === undefined) delete process.env.TZ
  else process.env.TZ = before
})

/** What is read must not depend on where the process runs. */
describe.each(['UTC', 'Europe/Zurich', 'America/Los_Angeles', 'Pacific/Kiritimati', 'Pacific/Pago_Pago'])(
  'in a process in %s',
  (zone) => {
    const there = (...lines: string[]) => {
      process.env.TZ = zone
      expect(Intl.DateTimeFormat().resolvedOptions().timeZone).toBe(zone)
      return read(calendar(...lines))
    }

    test('a weekly watch, without the one that was left out, with the one that was moved, over a change of the clocks', () => {
      const { entries, notes } = there(
        ...event(
          'rota',
          'DTSTART;TZID=Europe/Zurich:20261012T080000',
          'DTEND;TZID=Europe/Zurich:20261012T200000',
          'RRULE:FREQ=WEEKLY;COUNT=5',
          'EXDATE;TZID=Europe/Zurich:20261019T080000',
          'SUMMARY:Dana',
        ),
        ...event(
          'rota',
          'RECURRENCE-ID;TZID=Europe/Zurich:20261102T080000',
          'DTSTART;TZID=Europe/Zurich:20261103T090000',
          'DTEND;TZID=Europe/Zurich:20261103T100000',
          'SUMMARY:Erik',
        ),
      )
      expect(entries).toEqual([
        '2026-10-12T06:00:00.000Z 2026-10-12T18:00:00.000Z Dana',
        '2026-10-26T07:00:00.000Z 2026-10-26T19:00:00.000Z Dana',
        '2026-11-03T08:00:00.000Z 2026-11-03T09:00:00.000Z Erik',
        '2026-11-09T07:00:00.000Z 2026-11-09T19:00:00.000Z Dana',
      ])
      expect(notes).toEqual([])
    })

    test('whole days are days of the zone of the configuration, once and each week', () => {
      const { entries } = there(
        ...event('pto', 'DTSTART;VALUE=DATE:20261024', 'DTEND;VALUE=DATE:20261026', 'SUMMARY:away'),
        ...event('day', 'DTSTART;VALUE=DATE:20261224', 'SUMMARY:Christmas Eve'),
        ...event(
          'fridays',
          'DTSTART;VALUE=DATE:20261016',
          'RRULE:FREQ=WEEKLY;UNTIL=20261106',
          'EXDATE;VALUE=DATE:20261030',
          'SUMMARY:off',
        ),
      )
      expect(entries).toEqual([
        '2026-10-15T22:00:00.000Z 2026-10-16T22:00:00.000Z off',
        '2026-10-22T22:00:00.000Z 2026-10-23T22:00:00.000Z off',
        '2026-10-23T22:00:00.000Z 2026-10-25T23:00:00.000Z away',
        '2026-11-05T23:00:00.000Z 2026-11-06T23:00:00.000Z off',
        '2026-12-23T23:00:00.000Z 2026-12-24T23:00:00.000Z Christmas Eve',
      ])
    })

    test('times without a zone, and a zone without a definition', () => {
      const { entries, notes } = there(
        ...event('a', 'DTSTART:20261101T080000', 'DTEND:20261101T200000', 'SUMMARY:floating'),
        ...event(
          'b',
          'DTSTART;TZID=America/New_York:20261102T080000',
          'DTEND;TZID=America/New_York:20261102T090000',
          'SUMMARY:undefined zone',
        ),
        ...event('c', 'DTSTART;TZID=W. Europe Standard Time:20261103T080000', 'DURATION:PT1H', 'SUMMARY:Windows'),
        ...event('d', 'DTSTART;TZID=/example.org/2026/Asia/Tokyo:20261104T080000', 'DURATION:PT1H', 'SUMMARY:path'),
        ...event('e', 'DTSTART;TZID="Our Zone":20261105T080000', 'DURATION:PT1H', 'SUMMARY:unknown'),
        ...event('f', 'DTSTART;TZID=Customized Time Zone:20261106T080000', 'DURATION:PT1H', 'SUMMARY:unknown too'),
        ...VTIMEZONE,
        ...event('h', 'DTSTART;TZID=Half Past:20261108T080000', 'DURATION:PT1H', 'SUMMARY:defined'),
        ...event('g', 'DTSTART:20261107T080000Z', 'DTEND:20261107T090000Z', 'SUMMARY:UTC'),
      )
      expect(entries).toEqual([
        '2026-11-01T07:00:00.000Z 2026-11-01T19:00:00.000Z floating',
        '2026-11-02T13:00:00.000Z 2026-11-02T14:00:00.000Z undefined zone',
        '2026-11-03T07:00:00.000Z 2026-11-03T08:00:00.000Z Windows',
        '2026-11-03T23:00:00.000Z 2026-11-04T00:00:00.000Z path',
        '2026-11-05T07:00:00.000Z 2026-11-05T08:00:00.000Z unknown',
        '2026-11-06T07:00:00.000Z 2026-11-06T08:00:00.000Z unknown too',
        '2026-11-07T08:00:00.000Z 2026-11-07T09:00:00.000Z UTC',
        '2026-11-08T02:30:00.000Z 2026-11-08T03:30:00.000Z defined',
      ])
      expect(notes).toEqual([
        'has times in "Our Zone", a zone that nobody knows: they are taken for Europe/Zurich',
        'has times in "Customized Time Zone", a zone that nobody knows: they are taken for Europe/Zurich',
      ])
    })
  },
)

test('what reaches into the window is read, what is outside is not, and lines may be folded', () => {
  const { entries } = read(
    calendar(
      ...event('a', 'DTSTART:20261001T000000Z', 'DTEND:20261011T235900Z', 'SUMMARY:over'),
      ...event('b', 'DTSTART:20261001T000000Z', 'DTEND:20261012T080000Z', 'SUMMARY:ends', '  within'),
      ...event('c', 'DTSTART:20261230T000000Z', 'DTEND:20270201T000000Z', 'SUMMARY:begins within'),
      ...event('d', 'DTSTART:20270101T000000Z', 'DTEND:20270102T000000Z', 'SUMMARY:to come'),
    ),
  )
  expect(entries).toEqual([
    '2026-10-01T00:00:00.000Z 2026-10-12T08:00:00.000Z ends within',
    '2026-12-30T00:00:00.000Z 2027-02-01T00:00:00.000Z begins within',
  ])
})

test('who is named, but for those who declined; what is cancelled is not there', () => {
  const times = ['DTSTART:20261101T080000Z', 'DTEND:20261101T090000Z']
  const { names, entries } = read(
    calendar(
      ...event(
        'a',
        ...times,
        'SUMMARY;LANGUAGE=en:watch',
        'ORGANIZER;CN="Mia":mailto:mia@x.test',
        'ATTENDEE;CN=dana;PARTSTAT=ACCEPTED:mailto:dana@x.test',
        'ATTENDEE;CN=erik;PARTSTAT=DECLINED:mailto:erik@x.test',
      ),
      ...event('b', ...times, 'SUMMARY:never', 'STATUS:CANCELLED'),
    ),
  )
  expect(entries).toEqual(['2026-11-01T08:00:00.000Z 2026-11-01T09:00:00.000Z watch'])
  expect(names).toEqual([['Mia', 'dana']])
})

test('what cannot be read is said', () => {
  const start = 'DTSTART:20261101T080000Z'
  const { entries, notes } = read(
    calendar(
      ...event('a', start, 'DURATION:PT1H', 'RDATE:20261102T080000Z', 'SUMMARY:dates'),
      ...event('b', start, 'DURATION:PT1M', 'RRULE:FREQ=MINUTELY', 'SUMMARY:minutes'),
      ...event('c', start, 'DURATION:PT1H', 'SUMMARY:fine'),
    ),
  )
  expect(entries).toEqual(['2026-11-01T08:00:00.000Z 2026-11-01T09:00:00.000Z fine'])
  expect(notes).toEqual([
    '"dates" has RDATE in it, which is not read',
    '"minutes" repeats by the minute, which nobody can be on duty by',
  ])
  expect(readCalendar({ text: calendar(...event('d', start, start)), zone: ZONE, ...WINDOW })).toMatchObject({
    ok: false,
  })
})

test('of very many entries the first count', () => {
  const many = event('a', 'DTSTART:20260101T000000Z', 'DURATION:PT30M', 'RRULE:FREQ=HOURLY', 'SUMMARY:dana')
  const look = readCalendar({ text: calendar(...many), zone: ZONE, fromAt: at('2026-01-01'), toAt: at('2026-05-01') })
  expect(look.ok && look.occurrences.length).toBe(2_000)
  expect(look.ok && look.notes).toEqual(['has 2880 entries, of which the first 2000 count'])
})

test('a calendar is read in a thread of its own, which ends', async () => {
  const text = calendar(...event('a', 'DTSTART:20261101T080000Z', 'DURATION:PT1H', 'SUMMARY:dana'))
  const look = await readApart({ text, zone: ZONE, ...WINDOW })
  expect(look).toEqual(readCalendar({ text, zone: ZONE, ...WINDOW }))
  const days = calendar(...event('a', 'DTSTART;VALUE=DATE:20261101', 'SUMMARY:dana'))
  expect(await readApart({ text: days, zone: 'no zone', ...WINDOW })).toEqual({ ok: false, why: 'cannot be read' })
})

test('one that is made to be read for ever is given up', async () => {
  const sixty = Array.from({ length: 60 }, (_, n) => n).join()
  const rule = `RRULE:FREQ=HOURLY;BYMINUTE=${sixty};BYSECOND=${sixty}`
  const text = calendar(...event('a', 'DTSTART:20200101T080000Z', 'DURATION:PT1H', rule, 'SUMMARY:dana'))
  const began = performance.now()
  expect(await readApart({ text, zone: ZONE, ...WINDOW }, 500)).toMatchObject({ ok: false })
  expect(performance.now() - began).toBeLessThan(20_000)
})
