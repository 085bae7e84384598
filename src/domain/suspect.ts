import { HOUR_MS } from './duty/time.ts'

/** Something that changed before an incident: it may be why. */
export interface Change {
  at: number
  /** What kind of change it is: some break things more often than others. */
  kind: ChangeKind
  /** In a sentence or less, mrkdwn. */
  what: string
  /** Why it is the most likely cause, mrkdwn; null: another is. */
  suspect: string | null
}

const WEIGHT = { deploy: 4, configuration: 3, silence: 1, roster: 0 } as const
type ChangeKind = keyof typeof WEIGHT

/** A change weighs half as much for every so long that lies between it and the first failure. */
const HALF_MS = HOUR_MS / 2

/** Below this nothing is more likely than chance. */
const LEAST = 0.5

/**
 * The changes before an incident, the latest first, with the most likely cause marked: what breaks things (a deploy before a configuration,
 * a roster never), and recently. A silence hides failures, and causes none; it is told, and suspected last.
 */
export function suspected(changes: readonly Omit<Change, 'suspect'>[], startedAt: number): Change[] {
  const before = changes.filter(({ at }) => at <= startedAt).sort((a, b) => b.at - a.at)
  const weight = ({ at, kind }: Omit<Change, 'suspect'>) => WEIGHT[kind] * 0.5 ** ((startedAt - at) / HALF_MS)
  const [likeliest] = before.toSorted((a, b) => weight(b) - weight(a))
  return before.map((change) => ({
    ...change,
    suspect: change === likeliest && weight(change) >= LEAST ? LIKELY[change.kind] : null,
  }))
}

/** How long before is said beside it. */
const LIKELY: Record<ChangeKind, string> = {
  deploy: 'it was deployed so shortly before.',
  configuration: 'another configuration held so shortly before.',
  silence: 'somebody silenced it so shortly before: what was being worked on?',
  roster: 'the roster changed so shortly before.',
}
