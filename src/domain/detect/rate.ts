import { DAY_MS } from '../duty/time.ts'
import { begin, beyondLimits, quiet, ring, ringing } from './rate-alarm.ts'
import { forecast, learn, newBaseline } from './rate-baseline.ts'
import { fade, spun } from './rate-evidence.ts'
import { usualRange } from './rate-noise.ts'
import { budgetOf, type RateSample, type RateSpec, type RateState, type Reading, type Reason } from './rate-state.ts'
import { loudest, practised, spunAll, surprise, weigh } from './rate-weigh.ts'

/** What is this large is an error of whoever counts. */
const HUGE = 1e15

/** A sample may be this many intervals ahead of the watch: clocks differ. */
const AHEAD_INTERVALS = 2

/** So many samples in a row that lie in the past and go forward: it is the clock of the source that was set back. */
const CLOCK_BACK = 10

/** Of what was seen six weeks ago a third still counts. */
const KEEP_PER_DAY = 1 - 1 / 42

/** A gap this long (in samples) leaves no sum standing. */
const GAP_SAMPLES = 1.5

/** Folds one sample into the state of its series. A sample that cannot be taken changes nothing but says why. */
export function observe(before: RateState, sample: RateSample, spec: RateSpec, now: number): Reading {
  const { at, value } = sample
  const refused = refusal(before, sample, spec, now)
  if (refused === 'late') {
    const late = lateAfter(before, at)
    if (late.n < CLOCK_BACK) return { ...quiet({ ...before, late }), reason: 'late' }
  } else if (refused !== null) return { ...quiet(before), reason: refused }
  const state = aged({ ...before, late: null }, at, spec)
  return value === null ? missed(state, at, spec) : counted(state, at, value, spec)
}

function refusal({ lastAt }: RateState, { at, value }: RateSample, spec: RateSpec, now: number): Reason | null {
  if (!Number.isFinite(at)) return 'not-a-time'
  if (value !== null && Number.isNaN(value)) return 'not-a-number'
  if (value !== null && value < 0) return 'negative'
  if (value !== null && value > HUGE) return 'too-large'
  if (at > now + AHEAD_INTERVALS * spec.intervalMs) return 'ahead'
  if (lastAt === null || at > lastAt) return null
  return at === lastAt ? 'duplicate' : 'late'
}

const lateAfter = ({ late }: RateState, at: number) => ({ at, n: late !== null && at > late.at ? late.n + 1 : 1 })

/** Once a day what the tails have seen counts a little less. */
function aged(state: RateState, at: number, spec: RateSpec): RateState {
  if (state.fadedAt !== 0 && at >= state.fadedAt && at - state.fadedAt < DAY_MS) return state
  if (state.fadedAt === 0) return { ...state, fadedAt: at }
  const samples = state.samples * KEEP_PER_DAY
  return { ...state, samples, fadedAt: at, threads: fade(state.threads, KEEP_PER_DAY, samples, budgetOf(spec)) }
}

/** A sample that was due and did not come. */
function missed(before: RateState, at: number, spec: RateSpec): Reading {
  const missing = before.missing + 1
  const thread = before.threads.nodata
  const said = Math.min(2 * thread.tail.limit, thread.now + surprise(before.gaps, missing, 0))
  const gaps = before.alarm ? before.gaps : practised(before.gaps, missing)
  const threads = { ...before.threads, nodata: spun('nodata', thread, said, before.samples, budgetOf(spec)) }
  const state = { ...before, lastAt: at, missing, gaps, threads }
  if (said >= thread.tail.limit) return ring({ ...state, gaps: before.gaps }, at, 'nodata', spec)
  return { ...quiet(state), reason: state.alarm?.why ?? 'missing' }
}

function counted(before: RateState, at: number, value: number, spec: RateSpec): Reading {
  const base = before.base ?? newBaseline(spec.intervalMs, value)
  const seen = forecast(base, at, spec.zone, spec.holidays)
  const isNext = before.lastAt !== null && at - before.lastAt <= GAP_SAMPLES * spec.intervalMs
  const same = isNext && before.missing === 0 && value === before.last ? before.same + 1 : 0
  const samples = before.samples + 1
  const now = weigh({ ...before, base }, value, same, seen)
  const state: RateState = {
    ...before,
    base,
    lastAt: at,
    last: value,
    missing: 0,
    same,
    samples,
    repeats: before.alarm ? before.repeats : practised(before.repeats, same),
    gaps: before.alarm ? before.gaps : practised(before.gaps, 0),
    threads: spunAll(before, now, samples, spec),
    wary: Math.max(0, before.wary - 1),
  }
  const expected = usualRange(seen.slow, seen.slowNoise)
  if (state.alarm) return { ...ringing(state, state.alarm, at, value, seen, spec), expected }
  const found = beyondLimits(value, spec) ?? loudest(state, seen)
  if (found === null) return { ...quiet({ ...state, base: learn(base, value, seen, spec.intervalMs) }), expected }
  // What rings is no habit.
  return { ...begin({ ...state, repeats: before.repeats }, at, found, value, seen, spec), expected }
}
