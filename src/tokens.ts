import { hash, timingSafeEqual } from 'node:crypto'
import type { Location } from './domain/rules.ts'

/** What is kept of a location's token: enough to know it again. Of each location another, so that two with one token do not show it. */
export const tokenDigest = (location: string, token: string): string => hash('sha256', `${location}\n${token}`)

/** The location whose token it is, null when it is nobody's. Every one is compared, and whole, so that the time it takes says nothing. */
export function locationOf(token: string, locations: readonly Location[]): Location | null {
  let found: Location | null = null
  for (const location of locations) {
    const given = Buffer.from(tokenDigest(location.name, token), 'hex')
    const digest = Buffer.from(location.digest, 'hex')
    if (given.length === digest.length && timingSafeEqual(given, digest)) found = location
  }
  return found
}
