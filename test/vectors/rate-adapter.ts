import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { observe } from '../../src/domain/detect/rate.ts'
import { intervalOf } from '../../src/domain/detect/rate-interval.ts'
import { newRate, type RateSpec, type RateState } from '../../src/domain/detect/rate-state.ts'
import { HOUR_MS } from '../../src/domain/duty/time.ts'

/**
 * The rate detector for tests from outside: JSONL `{series, t, value}` on standard input (t in epoch seconds; the rows of a series in
 * order, series as they come; `value: null` no sample arrived), JSONL `{series, t, dir, score}` on standard output, a line for every
 * sample while an alarm rings. It knows nothing of a series beforehand: the interval is taken from the first rows, the zone is UTC.
 *
 *     node test/vectors/rate-adapter.ts < rows.jsonl
 */
interface Row {
  series: string
  t: number
  value: number | null
}

/** After this many rows the interval is plain. */
const FIRST_ROWS = 12

/** A little below one false alarm a week, on series like those that it was tuned on. */
const BUDGET = 5

const specOf = (intervalMs: number): RateSpec => ({
  intervalMs,
  zone: 'UTC',
  holidays: new Set(),
  floor: null,
  ceiling: null,
  budget: BUDGET,
  acceptMs: 3 * HOUR_MS,
})

/** Rows wait until the interval is known. */
type Known = { rows: Row[] } | { spec: RateSpec; state: RateState }

const known = new Map<string, Known>()
let pending: string[] = []

function start(rows: readonly Row[]): Known {
  const spec = specOf(intervalOf(rows.map(({ t }) => t * 1_000)))
  let at: Known = { spec, state: newRate(spec) }
  for (const row of rows) at = take(at, row)
  return at
}

function take(at: Extract<Known, { spec: RateSpec }>, { series, t, value }: Row): typeof at {
  const { state, direction, score } = observe(at.state, { at: t * 1_000, value }, at.spec, t * 1_000)
  if (direction !== null) pending.push(JSON.stringify({ series, t, dir: direction, score: Number(score.toFixed(4)) }))
  return { spec: at.spec, state }
}

async function flush() {
  if (pending.length === 0) return
  const text = `${pending.join('\n')}\n`
  pending = []
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}

let line = 0
for await (const text of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  line++
  if (text.trim() === '') continue
  const row = read(text)
  if (row === null) {
    process.stderr.write(`line ${line}: not {"series": …, "t": seconds, "value": number or null}; left out\n`)
    continue
  }
  const at = known.get(row.series) ?? { rows: [] }
  if ('spec' in at) known.set(row.series, take(at, row))
  else known.set(row.series, at.rows.length + 1 < FIRST_ROWS ? { rows: [...at.rows, row] } : start([...at.rows, row]))
  if (pending.length >= 500) await flush()
}
for (const at of known.values()) if ('rows' in at) start(at.rows)
await flush()

function read(text: string): Row | null {
  try {
    const { series, t, value = null } = JSON.parse(text)
    const isRow = series !== undefined && Number.isFinite(t) && (value === null || typeof value === 'number')
    return isRow ? { series, t, value } : null
  } catch {
    return null
  }
}
