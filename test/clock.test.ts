import { expect, test } from 'vitest'
import { type Jump, realClock } from '../src/clock.ts'

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
