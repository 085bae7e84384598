import type { Person } from '../src/domain/rules.ts'
import { standingOf } from '../src/slack/api.ts'
import { rememberGuest } from '../src/store/people.ts'
import type { JobDeps } from './tell.ts'

/** Asks Slack about everybody who may be paged: an account that is gone is found before it is needed. */
export function people(deps: JobDeps) {
  return async (slotAt: number): Promise<void> => {
    for (const person of Object.values(deps.rules().people)) await look(deps, person, String(slotAt))
  }
}

/** Asks Slack about one person. `occasion` names the look: what comes of it is noted once. */
export async function look(deps: JobDeps, { name, slack }: Person, occasion: string): Promise<void> {
  const found = await standingOf(deps.slack.rest, slack)
  // Slack did not say: what was known stands.
  if (!found.ok) return
  const { unreachable, guest } = found.value
  if (unreachable !== null) deps.log.warn({ person: name, reason: unreachable }, 'a person cannot be paged')
  if (guest) deps.log.warn({ person: name }, 'a person is a guest in Slack: they may be paged, but not act')
  await rememberGuest(deps.store.pool, name, guest)
  await deps.desk.submit({
    source: 'people',
    key: `${name}@${occasion}`,
    event: { type: 'checked', person: name, unreachable },
  })
}
