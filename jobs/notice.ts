import type { Recorded } from '../src/domain/fact.ts'
import type { Handler } from '../src/outbox.ts'
import { plainMessage } from '../src/slack/blocks.ts'
import { notice as sentence } from '../src/slack/words.ts'
import { readFact } from '../src/store/incidents.ts'
import { type JobDeps, keyed, tell, voice } from './tell.ts'

/** A warning that opens no incident: a line in the channel of the service. */
export function notice(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'notice') throw new Error(`${claim.key} is no notice`)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    const channel = deps.rules().services[claim.about.service]?.channel
    if (!channel) return { outcome: 'never', reason: 'the service has no channel' }
    if (!fact || !isOfAlerts(fact)) return { outcome: 'done' }
    const message = { ...plainMessage(sentence(await voice(deps), fact)), metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.rest, channel, message, sinceAt: fact.at })
  }
}

type OfAlerts = Extract<Recorded, { type: 'detected' | 'recovered' | 'joined' | 'receded' }>
const isOfAlerts = (fact: Recorded): fact is OfAlerts =>
  fact.type === 'detected' || fact.type === 'recovered' || fact.type === 'joined' || fact.type === 'receded'
