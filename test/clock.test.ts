import { describe, expect, test } from 'vitest'
import { type Jump, realClock, rests, sleep, standstills } from '../src/clock.ts'

const START = Date.parse('2026-11-23T03:00:00Z')

/** A machine whose clocks the test moves. */
function machine() {
  const at = { wall: START, monotonic: 1_000, uptime: 50_000 }
  const jumps: Jump[] = []
  const clock = realClock(START, (jump) => jumps.push(jump), {
    wall: () => at.wall,
    monotonic: () => at.monotonic,
    uptime: () => at.uptime,
  })
  const pass = (ms: number, wall = ms, monotonic = ms) => {
    at.wall += wall
    at.monotonic += monotonic
    at.uptime += ms
    return clock.now()
  }
  return { clock, jumps, pass }
}

test('time passes as the machine counts it', () => {
  const { pass, jumps } = machine()
  expect(pass(90_000)).toBe(START + 90_000)
  expect(jumps).toEqual([])
})

test('a wall clock that is set an hour ahead, or back, moves nothing and is told once', () => {
  for (const hour of [3_600_000, -3_600_000]) {
    const { pass, jumps } = machine()
    expect(pass(5_000, 5_000 + hour)).toBe(START + 5_000)
    expect(pass(5_000)).toBe(START + 10_000)
    expect(jumps).toEqual([{ kind: 'set', ms: hour }])
  }
})

test('a machine that was suspended catches up, and says so', () => {
  const { pass, jumps } = machine()
  expect(pass(3_600_000, 3_600_000, 1_000)).toBe(START + 3_600_000)
  expect(jumps).toEqual([{ kind: 'suspended', ms: 3_599_000 }])
})

test('small drift is slewed, and time never goes backwards', () => {
  const { pass, jumps } = machine()
  let before = START
  let now = START
  // The wall clock loses 100 ms at once: it is made up for in small steps.
  now = pass(1_000, 900)
  for (let second = 0; second < 30; second++) {
    expect(now).toBeGreaterThan(before)
    before = now
    now = pass(1_000)
  }
  expect(now).toBe(START + 31_000 - 100)
  expect(jumps).toEqual([])
})

test('a sleeper wakes at its instant, or with the reason of its signal', async () => {
  const clock = realClock(Date.now())
  const at = clock.now() + 30
  await clock.sleepUntil(at)
  expect(clock.now()).toBeGreaterThanOrEqual(at)
  const ending = new AbortController()
  const sleeping = clock.sleepUntil(clock.now() + 60_000, ending.signal)
  ending.abort(new Error('enough'))
  await expect(sleeping).rejects.toThrow('enough')
})

describe('standing still', () => {
  const real = () => performance.now()
  const blocked = (ms: number) => {
    for (const from = real(); real() - from < ms; );
  }

  test('is noticed by whoever began before it, while it lasts and when it is over', async () => {
    const stood = standstills()
    const before = stood.mark()
    blocked(400)
    expect(stood.since(before)).toBeGreaterThanOrEqual(250)
    await sleep(60)
    expect(stood.since(before)).toBeGreaterThanOrEqual(250)
    expect(stood.since(stood.mark())).toBe(0)
    stood.close()
  })

  test('is also a machine that was suspended: its own time stood, the rest of the world went on', () => {
    let asleep = 50_000
    const stood = standstills({ monotonic: real, uptime: () => real() + asleep })
    const before = stood.mark()
    expect(stood.since(before)).toBe(0)
    asleep += 90_000
    expect(stood.since(before)).toBe(90_000)
    stood.close()
  })
})

describe('rests', () => {
  function at() {
    let now = 1_000
    const rest = rests({ elapsed: () => now }, 9, 500)
    const work = (ms: number, fails = false) =>
      rest.after(async () => {
        now += ms
        if (fails) throw new Error('it failed')
        return ms
      })
    return { rest, work, pass: (ms: number) => (now += ms) }
  }

  test('what was never done rests not at all', () => {
    expect(at().rest.leftMs()).toBeLessThanOrEqual(0)
  })

  test('a rest is so many times as long as the work took, counted from its end', async () => {
    const { rest, work, pass } = at()
    expect(await work(4)).toBe(4)
    expect(rest.leftMs()).toBe(36)
    pass(36)
    expect(rest.leftMs()).toBe(0)
  })

  test('no rest is longer than the longest', async () => {
    const { rest, work } = at()
    await work(2_000)
    expect(rest.leftMs()).toBe(500)
  })

  test('after work that fails there is no rest: whoever does it has a pause of its own', async () => {
    const { rest, work } = at()
    await expect(work(4, true)).rejects.toThrow('it failed')
    expect(rest.leftMs()).toBeLessThanOrEqual(0)
  })
})
