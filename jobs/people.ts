import { reachability } from '../src/slack/api.ts'
import type { JobDeps } from './tell.ts'

/** Asks Slack about everybody who may be paged: an account that is gone is found before it is needed. */
export function people(deps: JobDeps) {
  return async (slotAt: number): Promise<void> => {
    for (const person of Object.values(deps.rules().people)) {
      const found = await reachability(deps.slack.rest, person.slack)
      // Slack did not say: what was known stands.
      if (!found.ok) continue
      const { name } = person
      if (found.value !== null) deps.log.warn({ person: name, reason: found.value }, 'a person cannot be paged')
      await deps.desk.submit({
        source: 'people',
        key: `${name}@${slotAt}`,
        event: { type: 'checked', person: name, unreachable: found.value },
      })
    }
  }
}
