import type { Pool } from 'pg'
import { changedLately, isActive } from '../domain/deploy/deploy.ts'
import { ledgers } from '../domain/detect/coverage.ts'
import { serviceOf } from '../domain/detect/silence.ts'
import type { Handover, Situation } from '../domain/handover.ts'
import { gravestFirst } from '../domain/incident.ts'
import { logsOf, type Rules, schedulesOf, under } from '../domain/rules.ts'
import { readKnown } from './coverage.ts'
import { latestDeploys } from './deploys.ts'
import { latestNotes, openIncidents } from './incidents.ts'
import { readLogs } from './logs.ts'
import { unreachablePeople } from './people.ts'
import { pagesOf } from './rota.ts'
import { readSilences } from './silences.ts'

/** Nobody reads more of them, however long the watch was. */
const LATEST_DEPLOYS = 100
const LONGEST_WATCH_H = 24

/** What goes with a watch, as far as a reader may know of it: read afresh each time that it is shown. */
export async function situationOf(
  pool: Pool,
  rules: Rules,
  handover: Handover,
  now: number,
  reader: string | null,
): Promise<Situation> {
  const [open, silences, known, logs, unreachable, shift, latest] = await Promise.all([
    openIncidents(pool, reader),
    readSilences(pool),
    readKnown(pool),
    readLogs(pool),
    unreachablePeople(pool),
    handover.outgoing.length > 0 ? pagesOf(pool, handover.outgoing, handover.sinceAt) : null,
    latestDeploys(pool, null, LATEST_DEPLOYS),
  ])
  const ours = open.filter(({ policy }) => schedulesOf(policy).includes(handover.schedule))
  const notes = await latestNotes(
    pool,
    ours.map(({ id }) => id),
  )
  const silenced = silences.filter((silence) => {
    const service = serviceOf(silence, rules)
    return service !== null && isOf(rules, service, handover.schedule)
  })
  const coverage = ledgers(rules, known, now).filter(({ service }) => isOf(rules, service, handover.schedule))
  const learning = logsOf(rules).flatMap(({ name, service }) => {
    const untilAt = logs.get(name)?.state.shapes?.learnsUntilAt ?? null
    return untilAt !== null && isOf(rules, service, handover.schedule) ? [{ monitor: name, untilAt }] : []
  })
  const ofOurs = latest.filter(({ service }) => isOf(rules, service, handover.schedule))
  const hours = Math.max(1, (now - handover.sinceAt) / 3_600_000)
  const changed = changedLately(ofOurs, null, now, Math.min(hours, LONGEST_WATCH_H))
  const deploys = [...new Set([...ofOurs.filter(isActive), ...changed])]
  return { open: ours.sort(gravestFirst), notes, silences: silenced, coverage, learning, deploys, shift, unreachable }
}

/** Whether a schedule answers for a service. */
function isOf(rules: Rules, service: string, schedule: string): boolean {
  const policy = under(rules.policies, under(rules.services, service)?.policy ?? '')
  return policy !== undefined && schedulesOf(policy).includes(schedule)
}
