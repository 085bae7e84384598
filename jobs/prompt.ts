import type { Handler } from '../src/outbox.ts'
import { promptMessage } from '../src/slack/handover.ts'
import { readHandover } from '../src/store/rota.ts'
import { situationOf } from '../src/store/situation.ts'
import { dmOf, type JobDeps, keyed, show, tell, voice, whereabouts } from './tell.ts'

/** An hour ahead, what is open then is not told. */
const NOTHING = {
  open: [],
  notes: {},
  silences: [],
  coverage: [],
  learning: [],
  deploys: [],
  shift: null,
  unreachable: {},
}

/** What a person is told of a change of their watch, kept up to date. */
export function prompt(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'prompt') throw new Error(`${claim.key} is no prompt`)
    const { schedule, changeAt, person, moment } = claim.about
    const handover = await readHandover(deps.store.pool, schedule, changeAt)
    // A clock that was wrong had it planned.
    if (!handover) return { outcome: 'done' }
    const message = promptMessage(
      await voice(deps),
      { handover, person, moment },
      moment === 'ahead'
        ? NOTHING
        : await situationOf(deps.store.pool, deps.rules(), handover, deps.clock.now(), person),
    )
    const posted = whereabouts(claim.result)
    if (posted) return show(deps, posted, message)
    // Whoever is paged to take over what is open learns from that page that their watch has begun.
    if (moment === 'change' && handover.pages.some(({ key }) => key.endsWith(`/inherit/${person}`)))
      return { outcome: 'done' }
    const dm = await dmOf(deps.slack.rest, deps, person)
    if ('outcome' in dm) return dm
    return tell(deps, claim, {
      call: deps.slack.rest,
      channel: dm.channel,
      message: { ...message, metadata: keyed(claim) },
      sinceAt: Math.min(handover.opensAt, handover.changeAt, deps.clock.now()),
    })
  }
}
