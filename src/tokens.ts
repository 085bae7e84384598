import { hash } from 'node:crypto'
import type { Location, Service } from './domain/rules.ts'
import { isSame } from './signing.ts'

/** What is kept of a location's token: enough to know it again. Of each location another, so that two with one token do not show it. */
export const tokenDigest = (location: string, token: string): string => hash('sha256', `${location}\n${token}`)

/** The location whose token it is, null when it is nobody's. Every one is compared, and whole, so that the time it takes says nothing. */
export function locationOf(token: string, locations: readonly Location[]): Location | null {
  let found: Location | null = null
  for (const location of locations) if (isSame(tokenDigest(location.name, token), location.digest)) found = location
  return found
}

/** Likewise of what those show who send alerts of a service; they may show nothing but it, so it alone must say which service. */
export const intakeDigest = (token: string): string => hash('sha256', `intake\n${token}`)

/** The service whose token it is, null when it is nobody's. */
export function serviceOfToken(token: string, services: Readonly<Record<string, Service>>): Service | null {
  const given = intakeDigest(token)
  let found: Service | null = null
  for (const service of Object.values(services))
    for (const known of service.intake ?? []) if (isSame(given, known)) found = service
  return found
}
