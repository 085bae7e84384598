import type { Ailment } from './auditor.ts'
import type { Deps, SlackCall } from './deps.ts'
import { deafOver, deafWords, diskOver, diskWords, slowOver, slowWords, stuckOver, stuckWords } from './slack/words.ts'
import { storeReadings } from './store/audit.ts'

/** An event waits for milliseconds. */
const STUCK_MS = 30_000

/** Most calls of the last minutes took longer: Slack answers in a few hundred milliseconds. */
const SLOW_MS = 2_000
const LATELY_MS = 5 * 60_000
/** Fewer calls say nothing. */
const FEWEST = 3

/** What has just become sick may be well in a moment. */
const SETTLE_MS = 60_000

export interface Pace {
  /** The call, timed. */
  timed(call: SlackCall): SlackCall
  /** What half of the calls of the last minutes took at least; null: there were too few. */
  medianMs(): number | null
}

/** How long calls take, of the last minutes and from memory: of what the store holds it says nothing. */
export function createPace({ machine }: Pick<Deps, 'machine'>): Pace {
  let calls: { endedAt: number; ms: number }[] = []
  const lately = () => calls.filter(({ endedAt }) => machine.elapsed() - endedAt < LATELY_MS)
  return {
    timed: (call) => async (method, args) => {
      const startedAt = machine.elapsed()
      try {
        return await call(method, args)
      } finally {
        const endedAt = machine.elapsed()
        calls = [...lately(), { endedAt, ms: endedAt - startedAt }].slice(-50)
      }
    },
    medianMs() {
      const sorted = lately()
        .map(({ ms }) => ms)
        .toSorted((a, b) => a - b)
      return sorted.length < FEWEST ? null : (sorted[Math.floor(sorted.length / 2)] ?? null)
    },
  }
}

interface Options extends Pick<Deps, 'clock' | 'store'> {
  pace: Pace
  deafSince(): number | null
  diskTrouble(): string | null
}

/** What is sick of the watch itself while its store answers; a store that does not is the auditor's own affair, and so are late pages. */
export function createAilments({ clock, store, pace, deafSince, diskTrouble }: Options): () => Promise<Ailment[]> {
  /** Since when each is seen. */
  const seen = new Map<Ailment['about'], number>()

  const since = (about: Ailment['about'], isSick: boolean): number => {
    if (!isSick) seen.delete(about)
    else if (!seen.has(about)) seen.set(about, clock.now())
    return seen.get(about) ?? clock.now()
  }

  return async () => {
    const now = clock.now()
    const { inbox } = await storeReadings(store.auditPool, now)
    const found: Ailment[] = []
    const deafAt = deafSince()
    if (deafAt !== null)
      found.push({
        ...{
          about: 'deaf',
          since: deafAt,
          patienceMs: 0,
          loud: true,
          what: 'nobody is heard in Slack',
          over: deafOver,
        },
        words: (voice) => deafWords(voice, deafAt),
      })
    if (inbox.oldestMs > STUCK_MS)
      found.push({
        ...{ about: 'stuck', since: now - inbox.oldestMs, patienceMs: STUCK_MS, loud: true, over: stuckOver },
        what: 'what comes in is not decided on',
        words: (voice) => stuckWords(voice, now - inbox.oldestMs, inbox.depth),
      })
    const median = pace.medianMs()
    const isSlow = median !== null && median > SLOW_MS
    const slowAt = since('slow', isSlow)
    if (isSlow)
      found.push({
        ...{ about: 'slow', since: slowAt, patienceMs: SETTLE_MS, loud: false, what: 'sends are slow', over: slowOver },
        words: (voice) => slowWords(voice, slowAt, median),
      })
    const trouble = diskTrouble()
    const fullAt = since('disk', trouble !== null)
    if (trouble !== null)
      found.push({
        ...{
          about: 'disk',
          since: fullAt,
          patienceMs: SETTLE_MS,
          loud: false,
          what: 'the disk fills up',
          over: diskOver,
        },
        words: (voice) => diskWords(voice, trouble),
      })
    return found
  }
}
