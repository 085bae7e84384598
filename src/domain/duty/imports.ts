import { z } from 'zod'
import { type Rules, under } from '../rules.ts'
import { segments } from './schedule.ts'
import type { ImportedLayer, Schedule } from './schedule-types.ts'
import { WEEK_MS } from './time.ts'

/** Calendars of other systems: who has the watch by an older rota, and who is away. */

/** A calendar that the configuration names, and what for. */
export type Source = { name: string; url: string; zone: string } & (
  | { kind: 'layer'; schedule: string; layer: string }
  | { kind: 'absence'; person: string }
  | { kind: 'holidays' }
)

/** One entry of a calendar, as it was read. */
export interface Occurrence {
  startAt: number
  endAt: number
  title: string
  /** Who is named as its organiser or an attendee, as they are written. */
  names: string[]
}

const ImportedEvent = z.strictObject({
  /** Whose it is; empty: everybody's. */
  person: z.string(),
  startAt: z.number(),
  endAt: z.number(),
  title: z.string(),
})
type ImportedEvent = z.infer<typeof ImportedEvent>

/** What is known of a calendar: the last that could be used, and what is the matter now. */
export const Import = z.strictObject({
  name: z.string(),
  /** Another address under the same name is another calendar: what was read of the first says nothing of it. */
  url: z.string(),
  triedAt: z.number(),
  /** When `events` were read; null: never yet. */
  fetchedAt: z.number().nullable(),
  events: z.array(ImportedEvent),
  /** A sentence without its subject; null when all is well. */
  problem: z.string().nullable(),
})
export type Import = z.infer<typeof Import>

/** What a look at a calendar gave. `notes` are about entries that could not be read. */
export type Look = { ok: true; occurrences: Occurrence[]; notes: string[] } | { ok: false; why: string }

/** How far a calendar is read: the change that is shown last is in it, and so is what people plan. */
const PAST_MS = WEEK_MS
const FUTURE_MS = 13 * WEEK_MS
export const importWindow = (now: number) => ({ fromAt: now - PAST_MS, toAt: now + FUTURE_MS })

/** Every calendar that the configuration names. */
export function sourcesOf(rules: Rules): Source[] {
  const layers = Object.values(rules.schedules).flatMap((schedule) =>
    (schedule.imported ?? []).map((layer): Source => {
      const { name, calendar: url, zone } = layer
      return { kind: 'layer', name: layerName(schedule, layer), url, zone, schedule: schedule.name, layer: name }
    }),
  )
  const absences = Object.values(rules.people).flatMap(({ name: person, absence: url }): Source[] =>
    url === undefined ? [] : [{ kind: 'absence', name: absenceName(person), url, zone: rules.zone, person }],
  )
  const { calendar } = rules.holidays
  const holidays: Source[] =
    calendar === null ? [] : [{ kind: 'holidays', name: HOLIDAYS_NAME, url: calendar, zone: rules.zone }]
  return [...layers, ...absences, ...holidays]
}

/** The calendar of the days that are spent like Sundays. */
export const HOLIDAYS_NAME = 'holidays'

/** What the calendar of holidays says, as it was read last. */
export const holidayEntries = ({ holidays }: Pick<Rules, 'holidays'>, imports: readonly Import[]) =>
  imports.find(({ name, url }) => name === HOLIDAYS_NAME && url === holidays.calendar)?.events ?? []

const layerName = (schedule: Schedule, layer: ImportedLayer) => `layer/${schedule.name}/${layer.name}`
const absenceName = (person: string) => `absence/${person}`

/**
 * What is known after a look. A calendar that cannot be read, or in which nothing is left of what was to come, is taken for the bad day of
 * its server: what it said before stays, with the problem.
 */
export function afterLook(source: Source, before: Import | null, look: Look, rules: Rules, now: number): Import {
  const known = before?.url === source.url ? before : null
  const kept = { name: source.name, url: source.url, fetchedAt: known?.fetchedAt ?? null, events: known?.events ?? [] }
  if (!look.ok) return { ...kept, triedAt: now, problem: look.why }
  const { events, notes } = assigned(source, look, rules)
  const problem = notes.length === 0 ? null : notes.join('; ')
  if (events.length > 0 || !kept.events.some(({ endAt }) => endAt > now))
    return { ...kept, triedAt: now, fetchedAt: now, events, problem }
  const empty = look.occurrences.length === 0 ? 'is suddenly empty' : `names nobody any more (${problem})`
  return { ...kept, triedAt: now, problem: `${empty}; what it said before still holds` }
}

/** Titles that a note names. */
const SHOWN = 3

function assigned(
  source: Source,
  look: Look & { ok: true },
  rules: Rules,
): { events: ImportedEvent[]; notes: string[] } {
  const events: ImportedEvent[] = []
  const nobodys: string[] = []
  for (const { names, ...occurrence } of look.occurrences) {
    const person = whose(source, occurrence.title, names, rules)
    if (person === null) nobodys.push(occurrence.title)
    else events.push({ person, ...occurrence })
  }
  if (nobodys.length === 0) return { events, notes: look.notes }
  const titles = [...new Set(nobodys)].slice(0, SHOWN).map((title) => `"${title}"`)
  const more = new Set(nobodys).size > SHOWN ? ' and others' : ''
  const count = nobodys.length === 1 ? '1 entry does' : `${nobodys.length} entries do`
  return { events, notes: [`${count} not name exactly one person: ${titles.join(', ')}${more}`, ...look.notes] }
}

function whose(source: Source, title: string, names: readonly string[], rules: Rules): string | null {
  switch (source.kind) {
    case 'absence':
      return source.person
    case 'holidays':
      return ''
    case 'layer':
      return personOf(title, names, rules)
    default:
      return source satisfies never
  }
}

/**
 * Whose an entry is: the one person whom its title names as a word, else the one who is its organiser or attendee by that name. Nobody is
 * guessed: two names in a title are as good as none.
 */
export function personOf(title: string, names: readonly string[], rules: Rules): string | null {
  // A person's name has no letters but a to z, and may have a - in it: "dana-maria" is not dana.
  const words = new Set(title.toLowerCase().match(/[\p{L}\p{N}_-]+/gu) ?? [])
  const titled = [...words].filter((word) => under(rules.people, word))
  const named = new Set(names.map((name) => name.trim().toLowerCase()).filter((name) => under(rules.people, name)))
  const [one, ...others] = titled.length > 0 ? titled : named
  return one !== undefined && others.length === 0 ? one : null
}

/** The configuration with what was read of calendars in its imported layers; the very same object where there are none. */
export function withImports(rules: Rules, imports: readonly Import[]): Rules {
  if (!Object.values(rules.schedules).some(({ imported }) => imported)) return rules
  const known = new Map(imports.map((each) => [each.name, each]))
  const filled = ([name, schedule]: [string, Schedule]) => [name, filledFrom(schedule, known, rules)]
  return { ...rules, schedules: Object.fromEntries(Object.entries(rules.schedules).map(filled)) }
}

function filledFrom(schedule: Schedule, known: ReadonlyMap<string, Import>, rules: Rules): Schedule {
  if (!schedule.imported) return schedule
  const imported = schedule.imported.map((layer) => {
    const read = known.get(layerName(schedule, layer))
    return { ...layer, spans: read?.url === layer.calendar ? spansOf(read, rules) : [] }
  })
  const names = JSON.stringify(imported.map(({ spans }) => spans))
  const before = lately.get(schedule)
  if (before?.names === names) return before.result
  const result = { ...schedule, imported }
  lately.set(schedule, { names, result })
  return result
}

/** The same calendar in the same schedule is the same object, so that what is known of it need not be found again. */
const lately = new WeakMap<Schedule, { names: string; result: Schedule }>()

/** Whoever is in the configuration no more has no watch. */
const spansOf = ({ events }: Import, rules: Rules) =>
  events
    .filter(({ person }) => under(rules.people, person))
    .map(({ person, startAt, endAt }) => ({ startAt, endAt, people: [person] }))

/** Somebody is away. */
export type Absence = ImportedEvent

export function absencesOf(rules: Rules, imports: readonly Import[]): Absence[] {
  const known = new Map(imports.map((each) => [each.name, each]))
  return Object.values(rules.people).flatMap(({ name, absence }) => {
    const read = known.get(absenceName(name))
    return read !== undefined && read.url === absence ? read.events : []
  })
}

/** Somebody has the watch while they are away. */
export interface Clash {
  person: string
  schedule: string
  startAt: number
  endAt: number
  /** What their calendar says. */
  title?: string
}

/**
 * Where people are on duty and away, in [fromAt, toAt), in order. Nobody is taken off the watch for it: an absence that nobody has arranged
 * for must be seen, and must not become a hole.
 *
 * @param rules with the roster as it is really stood
 */
export function absenceClashes(rules: Rules, absences: readonly Absence[], fromAt: number, toAt: number): Clash[] {
  const ahead = absences.filter(({ startAt, endAt }) => startAt < toAt && endAt > fromAt)
  if (ahead.length === 0) return []
  const found = Object.values(rules.schedules).flatMap((schedule) => {
    const watches = segments(schedule, fromAt, toAt)
    return ahead.flatMap(({ person, title, ...away }) =>
      watches
        .filter(({ people, startAt, endAt }) => people.includes(person) && startAt < away.endAt && endAt > away.startAt)
        .map(
          ({ startAt, endAt }): Clash => ({
            person,
            schedule: schedule.name,
            startAt: Math.max(startAt, away.startAt),
            endAt: Math.min(endAt, away.endAt),
            ...(title === '' ? {} : { title }),
          }),
        ),
    )
  })
  return found.sort((a, b) => a.startAt - b.startAt)
}
