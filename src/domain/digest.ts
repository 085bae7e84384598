import { DateTime } from 'luxon'
import type { Incident } from './incident.ts'

/** What a week was like: for a channel where people look back. */
export interface Week {
  fromAt: number
  toAt: number
}

/** It is told at this hour of Monday, in the zone of the configuration, when people are there to read it. */
const HOUR = 9
/** A week that nobody could be told of in time is told late, but not when the next one is half over. */
const LATEST_DAYS = 3

/** The week that is to be told of now; null: none. Its days are those of the zone, however long its clocks make them. */
export function weekToTell(now: number, zone: string): Week | null {
  const monday = DateTime.fromMillis(now, { zone }).startOf('week')
  const isTime = now >= monday.set({ hour: HOUR }).toMillis() && now < monday.plus({ days: LATEST_DAYS }).toMillis()
  return isTime ? { fromAt: monday.minus({ weeks: 1 }).toMillis(), toAt: monday.toMillis() } : null
}

/** When people want to sleep: from this hour until that one. */
const NIGHT = { from: 22, to: 7 }

export interface Paged {
  person: string
  /** How often in all, and how often at night. */
  pages: number
  nights: number
}

/** Pages by person, those first who had most of them, and by hour of the day. */
export function pagesOf(
  pages: readonly { at: number; person: string }[],
  zone: string,
): { people: Paged[]; hours: number[] } {
  const people = new Map<string, Paged>()
  const hours = Array.from({ length: 24 }, () => 0)
  for (const { at, person } of pages) {
    const { hour } = DateTime.fromMillis(at, { zone })
    hours[hour] = (hours[hour] ?? 0) + 1
    const known = people.get(person) ?? { person, pages: 0, nights: 0 }
    const isNight = hour >= NIGHT.from || hour < NIGHT.to
    people.set(person, { person, pages: known.pages + 1, nights: known.nights + (isNight ? 1 : 0) })
  }
  return { people: [...people.values()].sort((a, b) => b.pages - a.pages || b.nights - a.nights), hours }
}

export interface Noise {
  /** The monitor, or the key of what has none. */
  name: string
  alerts: number
  /** Those of them that were over before anybody had their incident. */
  unseen: number
}

/** What rang most, of the alerts of these incidents. */
export function noiseOf(
  alerts: readonly { incident: number; name: string }[],
  incidents: readonly Pick<Incident, 'id' | 'ackedAt'>[],
): Noise[] {
  const acked = new Map(incidents.map(({ id, ackedAt }) => [id, ackedAt !== null]))
  const found = new Map<string, Noise>()
  for (const { incident, name } of alerts) {
    const known = found.get(name) ?? { name, alerts: 0, unseen: 0 }
    found.set(name, { name, alerts: known.alerts + 1, unseen: known.unseen + (acked.get(incident) ? 0 : 1) })
  }
  return [...found.values()].sort((a, b) => b.alerts - a.alerts || b.unseen - a.unseen || (a.name < b.name ? -1 : 1))
}

/** The middle one; null of none. */
export function median(all: readonly number[]): number | null {
  const sorted = [...all].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null
}
