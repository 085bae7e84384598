import type { Joining, Recorded } from '../fact.ts'
import type { Monitor, Rules } from '../rules.ts'
import { covers, type Silence } from './silence.ts'
import { STALE_MARK } from './stale.ts'

/**
 * The miss audit: of every monitor that covers a service, whether it fired in an incident, and if not, why not. In 2018 three monitors could
 * each have caught it: one watched other domains, one had been out for weeks, one read another log.
 */
export type Verdict =
  | { monitor: string; what: 'fired'; at: number }
  /** It saw it, and was not heard: since when it had no voice. */
  | { monitor: string; what: 'silenced'; silence: Silence; at: number | null }
  | { monitor: string; what: 'disabled'; silence: Silence }
  | { monitor: string; what: 'held'; by: string; at: number }
  /** Nobody looked after it: that was noticed at an instant. */
  | { monitor: string; what: 'unwatched'; at: number }
  /** It has nothing to see: its source, its log or its sender is silent; since when, as far as that is known. */
  | { monitor: string; what: 'no-data'; lastAt: number | null }
  | { monitor: string; what: 'learning'; untilAt: number }
  /** It saw failures, and not as many as it takes. */
  | { monitor: string; what: 'threshold'; failures: number; looks: number }
  /** What it watches was well all the time. */
  | { monitor: string; what: 'scope'; looks: number | null }
  /** Its kind is not watched yet by this version. */
  | { monitor: string; what: 'not-built' }

/** What a monitor saw in the time of an incident. Counts are null where nobody keeps them that long. */
export interface Looked {
  monitor: Monitor
  looks: number | null
  failures: number
  lastAt: number | null
  learnsUntilAt: number | null
}

interface Asked {
  rules: Pick<Rules, 'notWatchedYet'>
  /** Of the incident, and of its time. */
  facts: readonly Recorded[]
  /** Those that held at some instant of that time. */
  silences: readonly Silence[]
  looked: readonly Looked[]
  span: { fromAt: number; toAt: number }
}

export function missAudit(asked: Asked): Verdict[] {
  return [
    ...asked.looked.map((looked) => verdict(looked, asked)),
    ...asked.rules.notWatchedYet.map((monitor): Verdict => ({ monitor, what: 'not-built' })),
  ]
}

function verdict(
  { monitor: { name, service }, looks, failures, lastAt, learnsUntilAt }: Looked,
  asked: Asked,
): Verdict {
  const monitor = name
  const said = asked.facts.flatMap(begun).filter((alert) => alert.monitor === name)
  const own = said.filter(({ key }) => key === name || key === `${name}/too-often`)
  const loud = own.find(({ quietUntilAt, held }) => quietUntilAt === null && held === null)
  if (loud) return { monitor, what: 'fired', at: loud.at }
  const over = asked.silences.filter((silence) => covers(silence, service, name))
  const disabled = over.find(({ mode }) => mode === 'disable')
  if (disabled) return { monitor, what: 'disabled', silence: disabled }
  const held = own.find((alert) => alert.held !== null)
  if (held?.held) return { monitor, what: 'held', by: held.held.by, at: held.at }
  const [silenced] = over
  if (silenced) return { monitor, what: 'silenced', silence: silenced, at: own[0]?.at ?? null }
  const unwatched = said.find(({ key }) => key.endsWith(STALE_MARK) || key.endsWith(': return'))
  if (unwatched) return { monitor, what: 'unwatched', at: unwatched.at }
  if (said.some(({ key }) => key === `${name} (source)`) || looks === 0) return { monitor, what: 'no-data', lastAt }
  if (learnsUntilAt !== null && learnsUntilAt > asked.span.fromAt)
    return { monitor, what: 'learning', untilAt: learnsUntilAt }
  if (failures > 0) return { monitor, what: 'threshold', failures, looks: looks ?? failures }
  return { monitor, what: 'scope', looks }
}

const begun = (fact: Recorded): Joining[] =>
  fact.type === 'detected' ? [fact] : fact.type === 'joined' ? fact.alerts : []
