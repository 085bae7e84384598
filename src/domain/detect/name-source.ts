import { DAY_MS, HOUR_MS } from '../duty/time.ts'
import type { Rules } from '../rules.ts'

/** Where names come from, how often each is asked, and how long it may be out of reach before the ledger counts as blind. */
export type NameSource = { id: string } & (
  | { kind: 'zone-file'; path: string }
  | { kind: 'axfr'; server: string; zone: string; tsig: Tsig | null }
  /** Of one domain: the logs are asked for each. */
  | { kind: 'ct'; url: string; domain: string }
)
export type Tsig = NonNullable<Rules['coverage']['axfr'][number]['tsig']>

/** What probes meet. Nobody asks for it, so that it cannot fail. */
export const SEEN = ['certificates', 'redirects'] as const
export type Seen = (typeof SEEN)[number]

/** The sources that are asked, in the order of the configuration. `id` names each, on record and to people. */
export function sourcesOf({ coverage, services }: Pick<Rules, 'coverage' | 'services'>): NameSource[] {
  const domains = [...new Set(Object.values(services).flatMap((service) => service.domains))]
  return [
    ...coverage.zoneFiles.map((path): NameSource => ({ kind: 'zone-file', id: path, path })),
    ...coverage.axfr.map((axfr): NameSource => ({ kind: 'axfr', id: `${axfr.zone} from ${axfr.server}`, ...axfr })),
    ...coverage.ct.flatMap((url) =>
      domains.map((domain): NameSource => ({ kind: 'ct', id: `${domain} at ${new URL(url).host}`, url, domain })),
    ),
  ]
}

type Kind = NameSource['kind']

/** Whoever runs the logs of certificate transparency gives them away: once a day is enough. */
const EVERY_MS: Record<Kind, number> = { 'zone-file': HOUR_MS / 12, axfr: HOUR_MS / 4, ct: DAY_MS }

/** A source that fails is asked again sooner than is its turn, and each time later. */
const FIRST_RETRY_MS = HOUR_MS / 4

/** When a source is asked next, after so many failures in a row. A little before its turn, so that the tick of its turn finds it due. */
export function nextAskAt(kind: Kind, failures: number, now: number): number {
  const everyMs = EVERY_MS[kind]
  const waitMs = failures === 0 ? everyMs : Math.min(everyMs, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20))
  return now + waitMs - SLACK_MS
}
const SLACK_MS = 60_000

/** What makes the next answer of a server short when nothing has changed: the headers to send along. */
export type Validators = Readonly<Record<string, string>>

/** How a source does. */
export interface SourceState {
  id: string
  /** When it was last asked, last read whole, and first asked ever. */
  triedAt: number
  okAt: number | null
  firstAt: number
  failures: number
  /** What is the matter with it, a sentence each without its subject; none when it is well. */
  problems: string[]
  /** How many names it had when it was last read. */
  names: number
}

/** Turns that a source may miss: one is a hiccup, and two can be a deploy. */
const MISSED = 3

/** Whether a source has hidden what is new in it for so long that not knowing is an alarm of its own. */
export function isBlind(kind: Kind, { okAt, firstAt, triedAt, problems }: SourceState, now: number): boolean {
  if (problems.length === 0) return false
  return Math.max(now, triedAt) - (okAt ?? firstAt) >= MISSED * EVERY_MS[kind] - SLACK_MS
}

/**
 * How long a name is known that its source has no more. A zone is read every few minutes, and an hour outlasts one that is half written or
 * rolled back. The logs of certificate transparency are read once a day, from copies that do not agree. What probes meet is only met while
 * they reach it: a name must not be forgotten because its target is down.
 */
export const GONE_MS: Record<Kind | 'seen', number> = {
  'zone-file': HOUR_MS,
  axfr: HOUR_MS,
  ct: 7 * DAY_MS,
  seen: 30 * DAY_MS,
}
