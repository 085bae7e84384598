import { ledgers } from '../src/domain/detect/coverage.ts'
import { noiseOf, pagesOf, weekToTell } from '../src/domain/digest.ts'
import type { Handler } from '../src/outbox.ts'
import { answerMessage } from '../src/slack/blocks.ts'
import { digestLines } from '../src/slack/digest.ts'
import { readKnown } from '../src/store/coverage.ts'
import { alertsOf, incidentsOf, oweDigest, pagesIn, withOpenTasks } from '../src/store/digest.ts'
import { type JobDeps, keyed, tell, voice } from './tell.ts'

/** Each Monday the week before is owed to the channel that wants it. */
export const digests = (deps: JobDeps) => async (): Promise<void> => {
  const { zone, incidents } = deps.rules()
  const now = deps.clock.now()
  const week = incidents.digestChannel === null ? null : weekToTell(now, zone)
  if (week !== null && incidents.digestChannel !== null)
    await oweDigest(deps.store.pool, week, incidents.digestChannel, now)
}

/** The week: incidents, pages by hour and person, what rang most, coverage, and what is left to do. */
export function digest(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'digest') throw new Error(`${claim.key} is no digest`)
    const { channel, fromAt, toAt } = claim.about
    const { pool } = deps.store
    const week = { fromAt, toAt }
    const said = await voice(deps)
    const incidents = await incidentsOf(pool, week)
    const ids = incidents.map(({ id }) => id)
    const lines = digestLines(said, {
      ...{ week, incidents },
      ...pagesOf(await pagesIn(pool, week), said.rules.zone),
      noise: noiseOf(await alertsOf(pool, ids), incidents),
      coverage: ledgers(deps.rules(), await readKnown(pool), said.now),
      tasks: await withOpenTasks(pool),
    })
    const message = { ...answerMessage(lines.join('\n')), metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.rest, channel, message, sinceAt: toAt })
  }
}
