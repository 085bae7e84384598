import { observe } from '../../src/domain/detect/rate.ts'
import { newRate, type RateState } from '../../src/domain/detect/rate-state.ts'
import { FAULTS, judge, newTally, plant, run, specFor, type Tally } from './rate-faults.ts'
import { HELD_OUT, type Law, random, TUNED } from './rate-series.ts'
import { type Result, result } from './result.ts'

const SEEDS = 6
const BUDGET = 3
const BUDGETS = [1, 3, 10]
const SERIES = 10_000
const MINUTE_MS = 60_000

/** What the rate detector finds at what price, on series that it was tuned on and on others; what a sample costs; what a series holds. */
export async function rates(): Promise<Result[]> {
  return [...found('tuned', TUNED, 1), ...found('held out', HELD_OUT, 1), ...cost(), ...crowd()]
}

function found(what: string, laws: Record<string, Law>, firstSeed: number): Result[] {
  const all = newTally()
  const ratios = new Map(BUDGETS.map((budget) => [budget, [0, 0] as [number, number]]))
  const lines = [
    '',
    ` ${what.padEnd(11)}${FAULTS.map((fault) => fault.padStart(8)).join('')}     all   false/week  budgets held`,
  ]
  for (const [name, law] of Object.entries(laws)) {
    const tally = newTally()
    const own = new Map(BUDGETS.map((budget) => [budget, [0, 0] as [number, number]]))
    for (let seed = firstSeed; seed < firstSeed + SEEDS; seed++) {
      const series = law(seed)
      const months = (series.values.length * series.intervalMs) / (30 * 24 * 60 * MINUTE_MS)
      for (const budget of BUDGETS) {
        const rang = run(series, specFor(series.intervalMs, budget)).length
        for (const pair of [ratios.get(budget), own.get(budget)]) {
          if (!pair) continue
          pair[0] += rang
          pair[1] += budget * months
        }
      }
      const faulty = plant(series, seed)
      const rung = run(faulty.series, specFor(series.intervalMs, BUDGET))
      judge(tally, faulty.series, faulty.planted, rung)
      judge(all, faulty.series, faulty.planted, rung)
    }
    lines.push(line(name, tally, own))
  }
  lines.push(line('all', all, ratios), '')
  process.stderr.write(lines.join('\n'))
  const note = `${what}, ${Object.keys(laws).join(' ')}`
  return [
    result('rates', `${what}: faults found`, '%', [percentOf(all)], { note }),
    result('rates', `${what}: false alarms per series-week`, '', [all.falseAlarms / all.weeks], {
      goal: { of: 'max', value: 1 },
      note: `budget ${BUDGET} a month`,
    }),
    result(
      'rates',
      `${what}: silences of busy series within 2 samples`,
      '%',
      [(100 * all.silencesInTwo) / all.silences],
      {
        note: `${all.silences} planted`,
      },
    ),
    ...[...ratios].map(([budget, [rang, allowed]]) =>
      result('rates', `${what}: alarms per budgeted alarm, ${budget} a month`, '', [rang / allowed], {
        goal: { of: 'max', value: 2 },
      }),
    ),
  ]
}

const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0)
const percentOf = ({ hit, planted }: Tally) => (100 * sum(hit)) / sum(planted)

function line(name: string, tally: Tally, ratios: Map<number, [number, number]>): string {
  const hits = FAULTS.map((fault) => `${Math.round((100 * tally.hit[fault]) / tally.planted[fault])} %`.padStart(8))
  const held = [...ratios].map(([budget, [rang, allowed]]) => `${budget}: ${(rang / allowed).toFixed(1)}x`).join('  ')
  return ` ${name.padEnd(11)}${hits.join('')}${`${percentOf(tally).toFixed(0)} %`.padStart(8)}${(tally.falseAlarms / tally.weeks).toFixed(2).padStart(13)}  ${held}`
}

/** Of a process that does nothing else, so CPU time and time are the same but for what else the machine does. */
function cost(): Result[] {
  const spec = specFor(MINUTE_MS, 1)
  const micros: number[] = []
  const bytes: number[] = []
  for (let seed = 1; seed <= 20; seed++) {
    const { values } = TUNED.web(seed)
    let state = newRate(spec)
    const before = process.cpuUsage()
    values.forEach((value, i) => {
      const at = (i + 1) * MINUTE_MS
      state = observe(state, { at, value }, spec, at).state
    })
    const { user, system } = process.cpuUsage(before)
    micros.push((user + system) / values.length)
    bytes.push(JSON.stringify(state).length)
  }
  return [
    result('rates', 'CPU a sample', 'µs', micros, { goal: { of: 'p50', value: 20 } }),
    result('rates', 'state of a series as JSON, after weeks', 'bytes', bytes, { goal: { of: 'max', value: 8_000 } }),
  ]
}

/** So many series a minute, held in memory. */
function crowd(): Result[] {
  const spec = specFor(MINUTE_MS, 1)
  const r = random(1)
  const means = Array.from({ length: SERIES }, () => r.between(0.1, 10_000))
  const before = process.memoryUsage().heapUsed
  const states: RateState[] = means.map(() => newRate(spec))
  const seconds: number[] = []
  for (let minute = 1; minute <= 10; minute++) {
    const from = process.cpuUsage()
    means.forEach((mean, i) => {
      const at = minute * MINUTE_MS
      const state = states[i]
      if (state) states[i] = observe(state, { at, value: r.poisson(mean) }, spec, at).state
    })
    const { user, system } = process.cpuUsage(from)
    seconds.push((user + system) / 1e6)
  }
  const mb = (process.memoryUsage().heapUsed - before) / 1024 / 1024
  return [
    result('rates', `${SERIES} series, a minute of samples`, 's CPU', seconds),
    result('rates', `${SERIES} series in memory`, 'MB', [mb], { note: `${states.length} held` }),
  ]
}
