import { parseConfig } from '../../src/config.ts'
import { changes, dutyAt } from '../../src/domain/duty/schedule.ts'
import type { Schedule } from '../../src/domain/duty/schedule-types.ts'
import { type Result, result } from './result.ts'

const YEARS = 20
const INSTANTS = 5_000
const YEAR_FROM = Date.parse('2026-01-05T00:00:00Z')
const YEAR_MS = 365 * 86_400_000

/** Six layers in three zones: days, nights, weekends, follow-the-sun. */
const CONFIG = `
company: Example Mail
zone: Europe/Zurich
people: { a: { slack: U0A }, b: { slack: U0B }, c: { slack: U0C }, d: { slack: U0D }, e: { slack: U0E }, f: { slack: U0F } }
schedules:
  big:
    layers:
      - { name: base, priority: 1, people: [a, b, c], rotation: { every: 1 week, start: "2025-01-06T08:00" } }
      - { name: days, priority: 2, people: [d, e], rotation: { every: 1 day, start: "2025-01-06T08:00" }, hours: [{ from: "08:00", to: "20:00" }] }
      - { name: nights, priority: 2, people: [f, a, b], rotation: { every: 2 days, start: "2025-01-06T20:00" }, hours: [{ from: "20:00", to: "08:00" }] }
      - { name: america, priority: 3, zone: America/New_York, people: [c, d], rotation: { every: 1 week, start: "2025-01-06T09:00" }, hours: [{ from: "09:00", to: "17:00" }] }
      - { name: asia, priority: 3, zone: Asia/Tokyo, people: [e, f], rotation: { every: 1 week, start: "2025-01-06T09:00" }, hours: [{ from: "09:00", to: "17:00" }] }
      - { name: shadow, priority: 4, people: [b, d, f], rotation: { every: 12h, start: "2025-01-06T00:00" }, hours: [{ from: "12:00", to: "13:00" }] }
`

export async function schedule(): Promise<Result[]> {
  const big = read()
  let count = 0
  const yearMs = Array.from({ length: YEARS }, () => {
    const from = performance.now()
    count = changes(big, YEAR_FROM, YEAR_FROM + YEAR_MS).length
    return performance.now() - from
  })
  const atUs = Array.from({ length: INSTANTS }, (_, n) => {
    const at = YEAR_FROM + Math.floor((((n * 0.618034) % 1) * YEAR_MS) / 1_000) * 1_000
    const from = performance.now()
    dutyAt(big, at)
    return (performance.now() - from) * 1_000
  })
  return [
    result('schedule', 'a year of six layers', 'ms', yearMs, { note: `${count} changes` }),
    result('schedule', 'dutyAt', 'µs', atUs),
  ]
}

function read(): Schedule {
  const people =
    'policies: { p: { steps: [{ page: [schedule/big], wait: 5m }], fallback: [a] } }\nservices: { s: { policy: p } }\n'
  const read = parseConfig(CONFIG + people, 'bench.yaml', {})
  const big = 'problems' in read ? undefined : read.rules.schedules['big']
  if (!big) throw new Error(`the schedule of the benchmark is bad: ${JSON.stringify(read)}`)
  return big
}
