import {
  type Called,
  calledBy,
  foreignKey,
  isOfThePath,
  type Labels,
  mayBeAt,
  routed,
  type Source,
  sentKey,
} from '../domain/intake.ts'
import { listenersOf, type Rules } from '../domain/rules.ts'
import { nameWithoutSecrets } from '../secrets.ts'
import { type Said, signalOf } from './signal.ts'
import { type Arrival, GROUP } from './tray.ts'

/** What the routes need of the program; null while it starts. */
export interface Behind {
  rules(): Rules
  now(): number
  /** Stores events, all or none; resolves with the id of each once they are committed. Rejects when the store does not take them. */
  take(arrivals: readonly Arrival[]): Promise<number[]>
  /** Stores what calls say to heartbeats. Rejects when the store does not take it. */
  called(calls: readonly Called[]): Promise<void>
  /** Takes these from the quotas of their services, all or none: null, or the service that has too many, and after how many seconds to send again. */
  admit(source: Source, shares: readonly Share[]): Refused | null
  /** What was admitted and is not stored counts for nothing. */
  giveBack(source: Source, shares: readonly Share[]): void
}

/** So many alerts of a service, of those that one request brings. */
export interface Share {
  service: string
  alerts: number
}

export type Refused = { waitS: number; service: string }

/** An alert of another system, as its route has read it. */
export interface Came {
  said: Said
  /** By which it is told where it belongs. */
  labels: Labels
  /** By which a repeat of the message is known; one event of the store for each. */
  names: readonly string[]
}

/** `failed`: not known to be stored. `waitS`: refused for now, all of it; seconds. */
export type Taken = { accepted: number; ids: number[] } | Refused | 'failed'

/**
 * Takes in what came by one request: heartbeats hear of the call, what only says that the path works goes no further, the rest is sent where
 * the configuration says and stored.
 */
export async function takeIn(program: Behind, source: Source, came: readonly Came[]): Promise<Taken> {
  const rules = program.rules()
  const byService = [...Map.groupBy(came, ({ said }) => said.service)].map(([service, those]) => ({
    service,
    those,
    listeners: listenersOf(rules, service),
  }))
  const calls = byService.flatMap(({ listeners, those }) =>
    calledBy(
      listeners,
      source,
      those.map(({ said: { status }, labels }) => ({ status, labels })),
    ),
  )
  const alerts = new Set(
    byService.flatMap(({ those, listeners }) => those.filter(({ labels }) => !isOfThePath(listeners, source, labels))),
  )
  const wanted = came.filter((each) => alerts.has(each))
  try {
    // Also of what is refused: whoever sends too much is there.
    if (calls.length > 0) await program.called(calls)
  } catch {
    return 'failed'
  }
  const refused = program.admit(source, sharesOf(wanted))
  if (refused !== null) return refused
  const at = program.now()
  const ids: number[] = []
  try {
    for (const group of grouped(wanted)) {
      const those = group.map((each) => arrivals(each, source, rules, at))
      const stored = await program.take(those.flat())
      // Of what was stored for an alert, the first has its id.
      for (const each of those) ids.push(...stored.splice(0, each.length).slice(0, 1))
    }
    return { accepted: wanted.length, ids }
  } catch {
    // There is an id for each alert that was stored, in their order.
    program.giveBack(source, sharesOf(wanted.slice(ids.length)))
    return 'failed'
  }
}

const sharesOf = (alerts: readonly Came[]): Share[] =>
  [...Map.groupBy(alerts, ({ said }) => said.service)].map(([service, those]) => ({ service, alerts: those.length }))

/** As many at once as one statement stores. */
function grouped(came: readonly Came[]): Came[][] {
  const groups: Came[][] = []
  let size = GROUP
  for (const each of came) {
    if (size + each.names.length > GROUP) {
      groups.push([])
      size = 0
    }
    groups.at(-1)?.push(each)
    size += each.names.length
  }
  return groups
}

function arrivals({ said, labels, names }: Came, source: Source, { intake, monitors }: Rules, at: number): Arrival[] {
  const event = signalOf({ ...said, key: nameWithoutSecrets(said.key) }, at)
  Object.assign(event, routed(event, labels, intake))
  const sentTo = (service: string, more = ''): Arrival[] => {
    const sent = { ...event, service, key: foreignKey(sentKey(event.key, said.service, service), service, monitors) }
    return names.map((key) => ({ source, key: nameWithoutSecrets(`${key}${more}`), event: sent }))
  }
  // Where it began its labels may have said more than its end does; Alertmanager and Grafana repeat them.
  const saysLess = event.status === 'resolved' && (source === 'pagerduty' || source === 'alerts')
  const others = saysLess ? mayBeAt(said.service, labels, intake).filter((each) => each !== event.service) : []
  return [...sentTo(event.service), ...others.flatMap((service) => sentTo(service, `/to/${service}`))]
}

/** Of details those that are one word or number each: what rules can speak of. */
export const labelsOf = (details: unknown): Record<string, string> =>
  typeof details === 'object' && details !== null && !Array.isArray(details)
    ? Object.fromEntries(
        Object.entries(details).flatMap(([name, value]) =>
          ['string', 'number', 'boolean'].includes(typeof value) ? [[name, String(value)]] : [],
        ),
      )
    : {}
