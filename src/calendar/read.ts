import { hash } from 'node:crypto'
import ical, { type Attendee, type CalendarResponse, type EventInstance, type Organizer, type VEvent } from 'node-ical'
import type { Look, Occurrence } from '../domain/duty/imports.ts'
import { DAY_MS, isZone, toInstant } from '../domain/duty/time.ts'

/** How a calendar is to be read. */
export interface Reading {
  text: string
  /** In which times without a zone are meant, and whole days. */
  zone: string
  fromAt: number
  toAt: number
}

/** More entries than this in the window are no rota and nobody's holidays. */
const MOST_OCCURRENCES = 2_000

/** People read the beginning of a title. */
const TITLE = 100

/**
 * The entries of a calendar that meet [fromAt, toAt), in order. What is in it that cannot be read is in `notes`. The same on every machine:
 * nothing here depends on the zone of the process, which the library takes where a calendar names none.
 */
export function readCalendar({ text, zone, fromAt, toAt }: Reading): Look {
  const notes: string[] = []
  let parsed: CalendarResponse
  try {
    parsed = ical.sync.parseICS(zoned(unfolded(text), zone, notes))
  } catch {
    return { ok: false, why: 'cannot be read: one of its entries is not as iCalendar has it' }
  }
  const events = Object.values(parsed).filter((each): each is VEvent => each?.type === 'VEVENT')
  const inWindow = events
    .flatMap((event) => {
      const why = unreadable(event)
      if (why === null) return occurrences(event, zone, fromAt, toAt)
      notes.push(`"${titleOf(event.summary)}" ${why}`)
      return []
    })
    .filter(({ startAt, endAt }) => startAt < toAt && endAt > fromAt)
    .sort((a, b) => a.startAt - b.startAt || a.endAt - b.endAt)
  if (inWindow.length > MOST_OCCURRENCES)
    notes.push(`has ${inWindow.length} entries, of which the first ${MOST_OCCURRENCES} count`)
  return { ok: true, occurrences: inWindow.slice(0, MOST_OCCURRENCES), notes: notes.slice(0, MOST_NOTES) }
}

/** More than this is one mistake made many times. */
const MOST_NOTES = 5

/** Lines as they were meant, before they were folded (RFC 5545 3.1). */
const unfolded = (text: string) => text.replaceAll(/\r?\n[ \t]/g, '')

const TIMES = /^((?:DTSTART|DTEND|EXDATE|RECURRENCE-ID)(?:;[^:\r\n]*)?):(\d{8}T\d{6}(?:,\d{8}T\d{6})*)(?=\r?$)/gim
const TZID = /(?<=;TZID=)("[^"\r\n]*"|[^:;\r\n]+)/gi

/** Within a VTIMEZONE, the name that it defines. */
const DEFINED = /^(TZID(?:;[^:\r\n]*)?:)([^\r\n]*)/gim

/** Gives every time the zone that it is meant in, under a name that the library knows. */
function zoned(text: string, zone: string, notes: string[]): string {
  const known = new Map<string, string>()
  const defined = new Set([...text.matchAll(DEFINED)].map(([, , name = '']) => name))
  const named = text.replace(TZID, (written: string) => {
    const name = written.replaceAll('"', '')
    const found = known.get(name) ?? zoneNamed(name, defined.has(name))
    known.set(name, found ?? zone)
    if (found === null)
      notes.push(`has times in "${name.slice(0, TITLE)}", a zone that nobody knows: they are taken for ${zone}`)
    return found ?? zone
  })
  const defining = named.replaceAll(DEFINED, (whole: string, start: string, name: string) => {
    const found = known.get(name)
    return found === undefined || isZone(found) ? whole : `${start}${found}`
  })
  return defining.replace(TIMES, (whole: string, property: string, times: string) =>
    /;TZID=/i.test(property) ? whole : `${property};TZID=${zone}:${times}`,
  )
}

/** What the library calls a zone; null where it would take the zone of the process instead. */
function zoneNamed(name: string, isDefined: boolean): string | null {
  if (isZone(name)) return name
  // "/freeassociation.sourceforge.net/Europe/Zurich"
  const tail = /[A-Za-z_]+\/[\w+-]+(?:\/[\w+-]+)?$/.exec(name)?.[0]
  if (tail !== undefined && isZone(tail)) return tail
  // What Microsoft's programs call a zone of somebody's making: the library takes that for what its definition says, and for the process's
  // zone where there is none. Under that name it takes any definition.
  if (name.startsWith(CUSTOM) || /^(?:tzone:\/\/Microsoft\/|\(no TZ description\))/.test(name))
    return isDefined ? name : null
  const probe = ical.sync.parseICS(`BEGIN:VEVENT\r\nUID:x\r\nDTSTART;TZID=${name}:20260105T120000\r\nEND:VEVENT`)
  const [event] = Object.values(probe).filter((each): each is VEvent => each?.type === 'VEVENT')
  const resolved = event?.start.tz
  if (resolved !== undefined && isZone(resolved)) return resolved
  return isDefined ? `${CUSTOM} ${hash('sha256', name).slice(0, 8)}` : null
}

const CUSTOM = 'Customized Time Zone'

/** Why an entry is left out; null when it can be read. */
function unreadable(event: VEvent): string | null {
  if (!(event.start instanceof Date) || Number.isNaN(event.start.getTime())) return 'has no beginning'
  if ('rdate' in event) return 'has RDATE in it, which is not read'
  const frequency = String(event.rrule?.options.freq ?? '')
  return /^(?:SECONDLY|MINUTELY)$/i.test(frequency) ? 'repeats by the minute, which nobody can be on duty by' : null
}

/** Further than any zone is from any other: the library looks at whole days of the zone of the process. */
const SLACK_MS = 2 * DAY_MS

function occurrences(event: VEvent, zone: string, fromAt: number, toAt: number): Occurrence[] {
  const window = { from: new Date(fromAt - SLACK_MS), to: new Date(toAt + SLACK_MS), expandOngoing: true }
  return ical.expandRecurringEvent(event, window).flatMap((instance) => {
    if (instance.event.status === 'CANCELLED') return []
    const { startAt, endAt } = spanOf(instance, zone)
    if (startAt >= endAt) return []
    return [{ startAt, endAt, title: titleOf(instance.summary), names: namesOf(instance.event, event) }]
  })
}

/** Whole days are days of our zone; the library has them as midnights of the process's. */
function spanOf({ start, end, isFullDay }: EventInstance, zone: string): { startAt: number; endAt: number } {
  if (!isFullDay) return { startAt: start.getTime(), endAt: end.getTime() }
  const midnight = (day: Date, later = 0) =>
    toInstant(Date.UTC(day.getFullYear(), day.getMonth(), day.getDate()) + later, zone)
  const [startAt, endAt] = [midnight(start), midnight(end)]
  return { startAt, endAt: endAt > startAt ? endAt : midnight(start, DAY_MS) }
}

const titleOf = (summary: unknown): string =>
  String((summary as { val?: unknown } | undefined)?.val ?? summary ?? '')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, TITLE)
    .toWellFormed()

/** Names of those who organise it or come to it. A changed instance may leave them to the entry that it is of. */
function namesOf(instance: VEvent, event: VEvent): string[] {
  const people: (Organizer | Attendee)[] = [
    instance.organizer ?? event.organizer ?? [],
    instance.attendee ?? event.attendee ?? [],
  ].flat()
  return people.flatMap((each) => {
    if (typeof each === 'string') return []
    const { CN, PARTSTAT } = each.params as { CN?: unknown; PARTSTAT?: unknown }
    return typeof CN === 'string' && PARTSTAT !== 'DECLINED' ? [CN.replaceAll('"', '')] : []
  })
}
