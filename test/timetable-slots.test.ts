import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { complaints } from '../src/complaints.ts'
import { entries, phaseOf, slotOf } from '../src/timetable/entries.ts'
import { sweep } from '../src/timetable/sweep.ts'
import { clockTimetable } from '../src/timetable.ts'
import { advance, testClock } from './support/test-clock.ts'

const silent = pino({ level: 'silent' })

describe('slots', () => {
  test("a name's phase is stable, lies inside the slot, and shards spread out", () => {
    expect(phaseOf('probe-1', 30_000)).toBe(phaseOf('probe-1', 30_000))
    const phases = Array.from({ length: 100 }, (_, shard) => phaseOf(`probe-${shard}`, 30_000))
    for (const phase of phases) {
      expect(phase).toBeGreaterThanOrEqual(1)
      expect(phase).toBeLessThan(30_000)
    }
    for (const tenth of Array(10).keys())
      expect(phases.filter((phase) => Math.floor(phase / 3_000) === tenth).length).toBeLessThan(25)
  })

  test('a slot is half-open', () => {
    const begin = slotOf('digest', 60_000, 1_700_000_000_000)
    expect(slotOf('digest', 60_000, begin)).toBe(begin)
    expect(slotOf('digest', 60_000, begin + 59_999)).toBe(begin)
    expect(slotOf('digest', 60_000, begin + 60_000)).toBe(begin + 60_000)
    expect(slotOf('digest', 60_000, begin - 1)).toBe(begin - 60_000)
  })

  test('names and intervals that cannot be are refused at once', () => {
    const timetable = clockTimetable({ clock: testClock(0), log: silent })
    const run = async () => {}
    expect(() => timetable.every('a:b', 100, run)).toThrow(/without ":"/)
    expect(() => timetable.every('a', 0.5, run)).toThrow(/whole milliseconds/)
    timetable.every('a', 100, run)
    expect(() => timetable.every('a', 100, run)).toThrow(/already/)
  })
})

/** One entry every 10 s beside a queue that runs or does not, on a clock driven by hand; others may have slots. */
function bench({ queueRuns, everyMs = 10_000 }: { queueRuns: boolean; everyMs?: number }) {
  const clock = testClock(1_000_000_000_000)
  const queue = { runs: queueRuns }
  const others: { slots: Set<number>; away: boolean } = { slots: new Set(), away: false }
  const ran: { slotAt: number; lateMs: number }[] = []
  const missed: string[] = []
  const table = entries({
    clock,
    log: silent,
    complain: complaints(silent),
    signal: new AbortController().signal,
    claim: async (_name, slotAt) => {
      if (others.away) throw new Error('the store is away')
      return !others.slots.has(slotAt)
    },
  })
  table.add('digest', everyMs, async (slotAt) => void ran.push({ slotAt, lateMs: clock.now() - slotAt }))
  const [entry] = table.all()
  if (entry === undefined) throw new Error('there is an entry')
  const closing = new AbortController()
  const ended = sweep(entry, {
    ...{ clock, table, queueRuns: () => queue.runs, onMissed: (name) => missed.push(name) },
    signal: closing.signal,
  })
  const firstAt = slotOf('digest', everyMs, clock.now()) + everyMs
  return {
    ...{ clock, table, entry, queue, others, ran, missed, firstAt },
    to: (at: number) => advance(clock, at),
    async close() {
      closing.abort()
      await ended
    },
  }
}

describe('the sweep', () => {
  test('begins with the next slot, and without a queue runs each at its beginning', async () => {
    const { ran, firstAt, to, close } = bench({ queueRuns: false })
    await to(firstAt + 25_000)
    await close()
    expect(ran).toEqual([0, 10_000, 20_000].map((ms) => ({ slotAt: firstAt + ms, lateMs: 0 })))
  })

  test.for([
    [10_000, 2_000],
    [3_000, 1_500],
    [1_000, 500],
  ] as const)('leaves a slot of %i ms to the queue for %i ms, then runs it and says so', async ([everyMs, graceMs]) => {
    const { ran, missed, firstAt, to, close } = bench({ queueRuns: true, everyMs })
    await to(firstAt + graceMs - 1)
    expect(ran).toEqual([])
    await to(firstAt + graceMs)
    await close()
    expect(ran).toEqual([{ slotAt: firstAt, lateMs: graceMs }])
    expect(missed).toEqual(['digest'])
  })

  test('leaves alone what the queue has run, and a late job leaves alone what it has run', async () => {
    const { table, entry, ran, missed, firstAt, to, close } = bench({ queueRuns: true })
    await to(firstAt + 100)
    expect(await table.tick(entry, firstAt)).toBe(true)
    await to(firstAt + 9_000)
    expect(missed).toEqual([])
    await to(firstAt + 12_000)
    expect(await table.tick(entry, firstAt + 10_000)).toBe(false)
    await close()
    expect(ran.map(({ slotAt }) => slotAt)).toEqual([firstAt, firstAt + 10_000])
  })

  test('what another process had is asked for once, and counts as had', async () => {
    const { table, others, ran, missed, firstAt, to, close } = bench({ queueRuns: true })
    others.slots.add(firstAt)
    await to(firstAt + 9_999)
    await close()
    expect([ran, missed]).toEqual([[], []])
    expect(table.health()[0]).toMatchObject({ lastSlotAt: firstAt, lastTickAt: firstAt + 2_000 })
  })

  test('asks each second whose turn it is, as long as the slot lasts and nobody answers', async () => {
    const { others, ran, firstAt, to, close } = bench({ queueRuns: false })
    others.away = true
    await to(firstAt + 4_500)
    others.away = false
    await to(firstAt + 9_999)
    expect(ran).toEqual([{ slotAt: firstAt, lateMs: 5_000 }])
    others.away = true
    await to(firstAt + 19_999)
    others.away = false
    await to(firstAt + 25_000)
    await close()
    expect(ran.map(({ slotAt }) => slotAt)).toEqual([firstAt, firstAt + 20_000])
  })
})
