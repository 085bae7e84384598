import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shardOf, shardsFor } from '../src/timetable/shards.ts'
import { createWheel, MADE_UP_MS, STEP_MS } from '../src/timetable/wheel.ts'
import { T0 } from './support/builders.ts'
import { advance, testClock } from './support/test-clock.ts'

function turning(most = 1) {
  const clock = testClock(T0)
  const called: { key: string; at: number }[] = []
  const wheel = createWheel({
    clock,
    perMs: () => most / STEP_MS,
    due: (key) => called.push({ key, at: clock.now() - T0 }),
  })
  return {
    clock,
    wheel,
    called,
    set: (key: string, at: number) => wheel.set(key, T0 + at),
    to: (at: number) => advance(clock, T0 + at),
  }
}

describe('the wheel', () => {
  test('calls each key once, at the instant that it was set to last, the earliest first', async () => {
    const settings = fc.array(fc.record({ key: fc.nat(20).map(String), at: fc.nat(5_000) }), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(settings, fc.integer({ min: 1, max: 3 }), async (all, most) => {
        const { called, set, to } = turning(most)
        const wanted = new Map<string, number>()
        for (const { key, at } of all) {
          set(key, at)
          wanted.set(key, at)
        }
        await to(5_000 + all.length * STEP_MS)
        expect(new Set(called.map(({ key }) => key))).toEqual(new Set(wanted.keys()))
        expect(called).toHaveLength(wanted.size)
        const asSet = called.map(({ key }) => wanted.get(key) ?? Number.NaN)
        expect(asSet).toEqual(asSet.toSorted((a, b) => a - b))
        for (const { key, at } of called) {
          expect(at).toBeGreaterThanOrEqual(wanted.get(key) ?? Number.NaN)
          // Late only by those before it, each in a step of its own.
          expect(at - (wanted.get(key) ?? Number.NaN)).toBeLessThanOrEqual(all.length * STEP_MS)
        }
      }),
      { numRuns: 150 },
    )
  })

  test('what is set while it waits, or when it is called, has its turn', async () => {
    const { clock, wheel, called, set, to } = turning()
    set('late', 1_000)
    await to(100)
    set('soon', 200)
    await to(300)
    set('late', 400)
    await to(2_000)
    expect(called).toEqual([
      { key: 'soon', at: 200 },
      { key: 'late', at: 400 },
    ])
    set('again', 2_100)
    await to(3_000)
    expect([called.at(-1)?.key, wheel.lateMs(), clock.sleepers]).toEqual(['again', 0, 0])
  })

  test('two hundred that fall due at once are started at a pace', async () => {
    const { clock, wheel, called, set, to } = turning()
    for (let n = 0; n < 200; n++) set(`${n}`, 1_000)
    await to(1_000)
    expect(called).toHaveLength(1)
    await to(1_100)
    expect(called).toHaveLength(1 + 100 / STEP_MS)
    expect(wheel.lateMs()).toBe(100)
    // However far time jumps.
    clock.advanceTo(clock.now() + 3_600_000)
    await to(3_600_000 + 1_200)
    expect(called.length).toBeLessThanOrEqual(4 + (200 + MADE_UP_MS) / STEP_MS)
    await to(3_600_000 + 2_000)
    expect(called).toHaveLength(200)
  })

  test('calls nobody any more once it is stopped', async () => {
    const { clock, wheel, called, set, to } = turning()
    set('a', 100)
    await to(50)
    wheel.stop()
    set('b', 100)
    await to(1_000)
    expect([called, clock.sleepers]).toEqual([[], 0])
  })
})

describe('shards', () => {
  test.for<[monitors: number, shards: number, turnMs: number]>([
    [0, 1, 1_000],
    [1, 1, 1_000],
    [500, 1, 1_000],
    [501, 2, 2_000],
    [10_000, 20, 10_000],
  ])('%i monitors make %i of them, each with turns of %i ms', ([monitors, count, turnMs]) => {
    const shards = shardsFor(monitors)
    expect([shards.length, shards[0]?.turnMs]).toEqual([count, turnMs])
    expect(new Set(shards.map(({ name }) => name)).size).toBe(count)
  })

  test('a name has one, whichever process asks, and those of a configuration are about even', () => {
    const names = Array.from({ length: 10_000 }, (_, n) => `monitor${n}`)
    const sizes = new Array<number>(20).fill(0)
    for (const name of names) sizes[shardOf(name, 20)] = (sizes[shardOf(name, 20)] ?? 0) + 1
    expect(Math.min(...sizes)).toBeGreaterThan(400)
    expect(Math.max(...sizes)).toBeLessThan(600)
  })

  test('with one more of them only those names move that move to it', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 200 }), (name, of) => {
        const before = shardOf(name, of)
        expect(before).toBeGreaterThanOrEqual(0)
        expect(before).toBeLessThan(of)
        expect([before, of]).toContain(shardOf(name, of + 1))
      }),
    )
  })
})
