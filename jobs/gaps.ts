import { ledgers } from '../src/domain/detect/coverage.ts'
import { askedFor } from '../src/domain/detect/gap.ts'
import { under } from '../src/domain/rules.ts'
import { inShadow } from '../src/domain/shadow.ts'
import type { Handler } from '../src/outbox.ts'
import { plainMessage } from '../src/slack/blocks.ts'
import { gapMessage, gapNews } from '../src/slack/coverage.ts'
import { readKnown } from '../src/store/coverage.ts'
import { dmOf, type JobDeps, keyed, tell, voice } from './tell.ts'

/** Names that nothing watches: to the channel of their service, or to whoever has to see to them. What was seen to meanwhile is not told. */
export function gaps(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'gaps') throw new Error(`${claim.key} is about no gaps`)
    const { to, service, level, names, at } = claim.about
    const policy = under(deps.rules().services, service)?.policy ?? ''
    if ('person' in to && inShadow(deps.rules(), { service, policy }))
      return { outcome: 'never', reason: 'shadow mode' }
    const said = await voice(deps)
    const ledger = ledgers(deps.rules(), await readKnown(deps.store.pool), said.now).find(
      (each) => each.service === service,
    )
    if (!ledger) return { outcome: 'done' }
    const those = ledger.gaps.filter(({ name }) => names.includes(name))
    if (level === null ? ledger.gaps.length > 0 : those.length === 0) return { outcome: 'done' }
    const asked = [
      ...new Set(those.flatMap(({ owner }) => (owner === null ? askedFor(said.rules, service, said.now) : [owner]))),
    ]
    const message =
      'person' in to ? gapMessage(said, ledger, those) : plainMessage(gapNews(said, ledger, level, those, asked))
    const place = 'person' in to ? await dmOf(deps.slack.rest, deps, to.person) : to
    if ('outcome' in place) return place
    return tell(deps, claim, {
      call: deps.slack.rest,
      channel: place.channel,
      message: { ...message, metadata: keyed(claim) },
      sinceAt: at,
    })
  }
}
