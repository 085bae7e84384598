import { concernedBy, effectsOf, turnedRound } from '../src/domain/effects.ts'
import type { Handler } from '../src/outbox.ts'
import { openDm } from '../src/slack/api.ts'
import { editMessage } from '../src/slack/roster-blocks.ts'
import { readFact } from '../src/store/incidents.ts'
import { readEdit, rosterEdits, withCalendars } from '../src/store/rota.ts'
import { type JobDeps, keyed, settled, show, tell, voice, whereabouts } from './tell.ts'

/** Tells somebody by DM of a change of the roster that concerns them. An offer is kept up to date: once it is answered its buttons go. */
export function edit(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'edit') throw new Error(`${claim.key} is no change of the roster`)
    const { fact: id, edit: number, person } = claim.about
    const { pool } = deps.store
    const [fact, now, edits] = await Promise.all([readFact(pool, id), readEdit(pool, number), rosterEdits(pool)])
    if (fact?.type !== 'edited' || !now) return { outcome: 'done' }
    const found = effectsOf(await withCalendars(pool, deps.rules()), edits, fact.edit)
    const effects = fact.how === 'cancelled' ? turnedRound(found) : found
    // A change names everybody through whose turn it reaches; who stands as before need not hear of it.
    const isUnconcerned = fact.how === 'made' && !concernedBy(effects).has(person)
    const posted = whereabouts(claim.result)
    if (isUnconcerned && !posted) return { outcome: 'done' }
    const slackId = deps.rules().people[person]?.slack
    if (slackId === undefined) return { outcome: 'never', reason: 'not_in_configuration' }
    const message = editMessage(await voice(deps), fact, now, effects)
    if (posted) return show(deps, posted, message)
    const dm = await openDm(deps.slack.rest, slackId)
    if (!dm.ok) return settled(dm, claim.result)
    return tell(deps, claim, {
      call: deps.slack.rest,
      channel: dm.value,
      message: { ...message, metadata: keyed(claim) },
      sinceAt: fact.at,
    })
  }
}
