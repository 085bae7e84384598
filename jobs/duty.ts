import type { Handler } from '../src/outbox.ts'
import { plainMessage } from '../src/slack/blocks.ts'
import { duty as words } from '../src/slack/response.ts'
import { readFact } from '../src/store/incidents.ts'
import { dmOf, incidentOf, type JobDeps, keyed, tell, voice } from './tell.ts'

/** A word to somebody whom a fact of an incident gives something to do. */
export function duty(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'duty') throw new Error(`${claim.key} is nobody's duty`)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    const incident = await incidentOf(deps, claim.about.incident)
    const text = fact && words(await voice(deps), incident, fact)
    if (!fact || !text) return { outcome: 'done' }
    const dm = await dmOf(deps.slack.rest, deps, claim.about.person)
    if ('outcome' in dm) return dm
    const moot = fact.type === 'update-overdue' && incident.state === 'resolved' ? 'it is over' : null
    const message = { ...plainMessage(text), metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.rest, channel: dm.channel, message, sinceAt: fact.at, moot })
  }
}
