import { DateTime } from 'luxon'
import { z } from 'zod'
import type { Signal } from '../event.ts'
import { HERE, type Probe, probesAt, type Rules, type Service, type Severity } from '../rules.ts'
import { Blindness, HOLD_MS, isBlind } from './blind.ts'

/**
 * Places from which probes look, as they themselves do. One that is silent or blind watches nothing, and that is an alarm: a single page,
 * however many services it looks at, for it is a single fault. It goes to those who answer for the service that has most to lose there, as
 * an incident of its own: whoever has acknowledged that a prober is silent has not been told of what fails after it. The channels of all
 * services that it looks at hear of it too.
 */

/** A prober asks for its work every few seconds. */
const SILENT_MS = 60_000

/** One that was never heard has to be set up first. */
const NEVER_HEARD_MS = 5 * 60_000

/** It is over when a location has been well for so long: one that comes and goes is one alarm. */
const WELL_MS = 60_000

const Alarm = z.strictObject({
  what: z.enum(['silent', 'blind']),
  sinceAt: z.number(),
  /** Since when it is well again; null while it is not. */
  wellAt: z.number().nullable(),
  /** Who was told. */
  told: z.array(z.strictObject({ service: z.string(), severity: z.enum(['critical', 'error', 'warning']) })),
})
export type Alarm = z.infer<typeof Alarm>

export const Place = z.strictObject({
  name: z.string(),
  /** Since when it could be heard: it was in the configuration, and we were there to hear it. */
  sinceAt: z.number(),
  heardAt: z.number().nullable(),
  /** What its prober says of itself: its version. */
  version: z.string().nullable(),
  blindness: Blindness.nullable(),
  alarm: Alarm.nullable(),
})
export type Place = z.infer<typeof Place>

/** Whether nothing has come from there for too long. We ourselves are never silent to us. */
export function isSilent(
  { name, sinceAt, heardAt }: Pick<Place, 'name' | 'sinceAt' | 'heardAt'>,
  now: number,
): boolean {
  if (name === HERE) return false
  return heardAt === null ? now - sinceAt >= NEVER_HEARD_MS : now - Math.max(heardAt, sinceAt) >= SILENT_MS
}

/** Whether it has not spoken yet, as far as it matters: what it would say is not waited for. */
export const isMissing = (place: Place, now: number): boolean =>
  isSilent(place, now) || (place.name !== HERE && place.heardAt === null)

export function troubleOf(place: Place, now: number): Alarm['what'] | null {
  if (isSilent(place, now)) return 'silent'
  return isBlind(place.blindness) ? 'blind' : null
}

/** What the alarm of a location comes to; `ends`: those who were told hear that it is well again. */
export function nextAlarm(place: Place, now: number): { alarm: Alarm | null; begins: boolean; ends: boolean } {
  const { alarm } = place
  const what = troubleOf(place, now)
  const same = (next: Alarm | null) => ({ alarm: next, begins: false, ends: false })
  if (alarm === null)
    return what === null
      ? same(null)
      : { alarm: { what, sinceAt: now, wellAt: null, told: [] }, begins: true, ends: false }
  if (what !== null) return same(alarm.wellAt === null ? alarm : { ...alarm, wellAt: null })
  if (alarm.wellAt === null) return same({ ...alarm, wellAt: now })
  return now - alarm.wellAt >= WELL_MS ? { alarm: null, begins: false, ends: true } : same(alarm)
}

/** The alert of a location, and the word about it in channels. */
const keyOf = (name: string, { severity }: Alarm['told'][number]) =>
  `location${severity === 'warning' ? '-' : ' '}${name}`

/**
 * Whom the alarm of a location goes to: one service is paged, preferably one that has such things paged and is not silenced, and every channel
 * is told.
 *
 * @param silenced services of which nobody is to be paged at the moment
 */
export function audience(name: string, rules: Rules, silenced: ReadonlySet<string>): Alarm['told'] {
  const lost = Map.groupBy(probesAt(rules, name), ({ service }) => service)
  const gravity: Severity = onlyThere(rules, name).length > 0 ? 'critical' : 'error'
  const pages = ({ name: service, pages }: Service) => pages.includes(gravity) && !silenced.has(service)
  const services = Object.values(rules.services)
    .filter((service) => lost.has(service.name))
    .map((service) => ({
      service,
      rank: pages(service) ? 1 : 0,
      count: lost.get(service.name)?.length ?? 0,
    }))
    .sort((a, b) => b.rank - a.rank || b.count - a.count)
    .map(({ service }) => service)
  const [first] = services
  if (!first) return []
  const channels = new Set<string>()
  const more = services.filter(({ channel }) => channel !== null && !channels.has(channel) && channels.add(channel))
  return [
    { service: first.name, severity: gravity },
    ...more.map(({ name: service }) => ({ service, severity: 'warning' as const })),
  ]
}

/** Monitors that are looked at from nowhere else. */
const onlyThere = (rules: Rules, name: string): Probe[] =>
  probesAt(rules, name).filter(({ locations }) => locations.length === 1)

/** What those who are told hear: that it began, or that it is over. */
export function signalsOf(place: Place, alarm: Alarm, status: Signal['status'], rules: Rules, now: number): Signal[] {
  const said = status === 'firing' ? begins(place, alarm, rules, now) : ends(place)
  const paged = alarm.told.find(({ severity }) => severity !== 'warning')
  const apart =
    status === 'firing' && paged ? `; whoever answers for ${paged.service} is paged, by an incident of its own` : ''
  return alarm.told.map((to) => ({
    type: 'signal',
    service: to.service,
    key: keyOf(place.name, to),
    monitor: null,
    severity: to.severity,
    apart: true,
    status,
    headline: said.headline,
    summary: `${said.summary}${to.severity === 'warning' ? apart : ''}`,
    evidence: [],
    seenAt: now,
  }))
}

function begins(place: Place, { what }: Alarm, rules: Rules, now: number): Pick<Signal, 'headline' | 'summary'> {
  const { name, heardAt, blindness } = place
  const only = onlyThere(rules, name)
  const elsewhere = probesAt(rules, name).length - only.length
  const time = (at: number) => DateTime.fromMillis(at, { zone: rules.zone }).toFormat('HH:mm:ss')
  const others =
    elsewhere > 0 ? `${monitors(elsewhere)} ${elsewhere === 1 ? 'goes' : 'go'} on from other locations without it` : ''
  if (what === 'silent') {
    const headline = `Location ${name} is silent`
    const last = heardAt === null ? 'its prober has never reported' : `its prober was last heard at ${time(heardAt)}`
    const lost = only.length > 0 ? `nobody looks at ${monitors(only.length)} (${named(only)})` : ''
    return { headline, summary: `${headline}: ${sentence(last, lost, others)}` }
  }
  const headline = name === HERE ? 'Watchbill sees nothing from here' : `Location ${name} sees nothing`
  const sinceAt = blindness?.sinceAt ?? now
  const untilAt = (blindness?.foundAt ?? now) + HOLD_MS
  const hosts = `none of ${blindness?.hosts ?? 0} hosts answers since ${time(sinceAt)}: its own network is probably down, or all of them are`
  const held = only.length > 0 ? `what fails of ${monitors(only.length)} is held back until ${time(untilAt)}` : ''
  return { headline, summary: `${headline}: ${sentence(hosts, held, others)}` }
}

function ends({ name }: Place): Pick<Signal, 'headline' | 'summary'> {
  const headline = name === HERE ? 'Watchbill sees again' : `Location ${name} is well again`
  return { headline, summary: `${headline}: its looks are counted` }
}

const sentence = (...parts: string[]) => parts.filter((part) => part !== '').join('; ')

const monitors = (count: number) => `${count} monitor${count === 1 ? '' : 's'}`

const NAMED = 5
const named = (probes: readonly Probe[]) =>
  `${probes
    .slice(0, NAMED)
    .map(({ name }) => name)
    .join(', ')}${probes.length > NAMED ? ', …' : ''}`
