import type { Forecast } from './rate-baseline.ts'
import { STRANDS, type Strand, spun, type Threads } from './rate-evidence.ts'
import { residual, speaksFor, surpriseOfZero, variance } from './rate-noise.ts'
import { budgetOf, type Habit, type RateSpec, type RateState } from './rate-state.ts'

/** The ratios of seen to expected that the sums are most watchful for: small shifts, and large ones. */
const RATIOS = { rise: 1.5, fall: 0.65, surge: 4, sink: 0.2 } as const

/** What is left of a sum with the next sample: what lies far back proves nothing of now. */
const KEPT = { rise: 1 - 1 / 150, fall: 1 - 1 / 150, surge: 1 - 1 / 40, sink: 1 - 1 / 40 } as const

/** No single sample says more than this in a sum (nats): what is far off for once is for `burst` and `plunge`. */
const MOST_SAID = 4

/** No single zero says more: the whole world may look away for one sample. */
const MOST_OF_ZERO = 8

/** No repetition says more. */
const MOST_OF_REPEAT = 9

/** Before this many samples a forecast is a guess. */
const FIRST_GUESSES = 8

/** Values that are no integers repeat by chance no more often than this, until a series shows that it does. */
const REPEATED_BY_CHANCE = 0.01

/** A series has to have moved this often before it can be stuck. */
const MOVES = 10

/** For so many samples of its kind a habit is believed to be rare. */
const HABIT_SAMPLES = 60

/** Until two days have been seen, what the day looks like is hearsay; until eight, the week. */
const FEW_DAYS = 2
const FEWER_THAN_A_WEEK = 8

/** What a value says, as it adds to each strand. */
export function weigh(
  state: RateState,
  value: number,
  { same, zeros }: { same: number; zeros: number },
  seen: Forecast,
): Record<Strand, number> {
  const { base, threads } = state
  const ready = base !== null && base.n >= FIRST_GUESSES
  const most = (strand: Strand) => 2 * threads[strand].tail.limit
  const sum = (strand: keyof typeof RATIOS) => {
    if (!ready) return 0
    const mean = strand === 'rise' || strand === 'fall' ? seen.slow : seen.middle
    const said = speaksFor(RATIOS[strand], value, mean, seen.slowNoise)
    const bounded = Math.max(-1.5 * MOST_SAID, Math.min(MOST_SAID, said))
    return Math.min(most(strand), Math.max(0, threads[strand].now * KEPT[strand] + bounded))
  }
  const run = (strand: 'silence' | 'stuck', said: number) => Math.min(most(strand), threads[strand].now + said)
  const z = ready ? residual(value, seen.fast, seen.noise) : 0
  const moves = state.repeats.of - state.repeats.first
  return {
    burst: z > 0 ? (z * z) / 2 : 0,
    plunge: z < 0 ? (z * z) / 2 : 0,
    rise: sum('rise'),
    fall: sum('fall'),
    surge: sum('surge'),
    sink: sum('sink'),
    silence: value === 0 ? run('silence', surpriseOf(state.zeros, zeros, seen)) : 0,
    stuck:
      same > 0 && value !== 0 && moves >= MOVES
        ? run('stuck', surprise(state.repeats, same, byChance(value, seen, base?.integers ?? false)))
        : 0,
    nodata: 0,
  }
}

/** A zero is as surprising as its forecast makes it, and as the series has never or seldom had one: what is rough need not come to nothing. */
const surpriseOf = (habit: Habit, run: number, { slow, slowNoise }: Forecast) =>
  Math.min(MOST_OF_ZERO, Math.max(surpriseOfZero(slow, slowNoise), Math.min(surprise(habit, run, 0), slow / 6)))

/** The density of the counts around what is expected, or around a lower value (there they lie closer): the chance that two are equal. */
function byChance(value: number, { fast, noise }: Forecast, integers: boolean): number {
  if (!integers) return REPEATED_BY_CHANCE
  const mean = Math.min(value, fast)
  return 1 / (2.5 * Math.max(0.4, mean * Math.sqrt(variance(mean, noise))))
}

/** How surprising it is that a run goes on (nats), by how often it has before. */
export function surprise(habit: Habit, run: number, byChance: number): number {
  const share = run <= 1 ? (habit.first + 0.1) / (habit.of + HABIT_SAMPLES) : (habit.again + 0.005) / (habit.first + 2)
  return Math.min(MOST_OF_REPEAT, -Math.log(Math.min(1, Math.max(share, byChance))))
}

/** @param run how many in a row there are now; 0 when there is none */
export function practised(habit: Habit, run: number): Habit {
  if (run > 2) return habit
  return { of: habit.of + 1, first: habit.first + (run === 1 ? 1 : 0), again: habit.again + (run === 2 ? 1 : 0) }
}

/** The evidence after a sample. While an alarm rings an excursion does not end: both are one. */
export function spunAll(state: RateState, now: Record<Strand, number>, samples: number, spec: RateSpec): Threads {
  const threads = { ...state.threads }
  const budget = budgetOf(spec)
  for (const strand of STRANDS) {
    const before = threads[strand]
    threads[strand] = state.alarm
      ? { ...before, now: now[strand], peak: Math.max(before.peak, now[strand]) }
      : spun(strand, before, now[strand], samples, budget)
  }
  return threads
}

/** The strand that passes its bar by most. */
export function loudest(state: RateState, { isNewDay }: Forecast): Strand | null {
  let found: Strand | null = null
  let most = 1
  for (const strand of STRANDS) {
    const { now, tail } = state.threads[strand]
    const excess = now / (tail.limit * bar(state, strand, isNewDay))
    if (excess < most) continue
    most = excess
    found = strand
  }
  return found
}

/** By how much a strand has to pass its limit: more while its baseline has not seen such a day, or right after an alarm. */
function bar({ base, wary }: RateState, strand: Strand, isNewDay: boolean): number {
  const days = base?.days ?? 0
  const after = wary > 0 ? 1.6 : 1
  switch (strand) {
    case 'burst':
    case 'plunge':
      return after * (isNewDay ? 2 : days < FEW_DAYS ? 1.6 : days < FEWER_THAN_A_WEEK ? 1.15 : 1)
    case 'rise':
    case 'fall':
    case 'surge':
    case 'sink':
      return after * (isNewDay ? 5 : days < FEWER_THAN_A_WEEK ? 1.5 : 1)
    case 'silence':
    case 'stuck':
    case 'nodata':
      return 1
    default:
      return strand satisfies never
  }
}
