import { expect, test } from 'vitest'
import { advance, testClock } from './support/test-clock.ts'

test('sleepers wake in order of time, whatever the order they lay down in', async () => {
  const clock = testClock(1_000)
  const woken: string[] = []
  const sleep = async (name: string, at: number) => {
    await clock.sleepUntil(at)
    woken.push(`${name} ${clock.now()}`)
  }
  const all = [sleep('late', 3_000), sleep('early', 2_000), sleep('also early', 2_000), sleep('never', 9_000)]
  expect(clock.nextSleeper()).toBe(2_000)
  await advance(clock, 5_000)
  expect(woken).toEqual(['early 2000', 'also early 2000', 'late 3000'])
  expect(clock.now()).toBe(5_000)
  expect(clock.sleepers).toBe(1)
  clock.advanceTo(9_000)
  await Promise.all(all)
  expect(clock.nextSleeper()).toBeNull()
})

test('a sleeper that lies down again is met on the way', async () => {
  const clock = testClock(0)
  const at: number[] = []
  const loop = (async () => {
    while (clock.now() < 50) {
      await clock.sleepUntil(clock.now() + 10)
      at.push(clock.now())
    }
  })()
  await advance(clock, 100)
  await loop
  expect(at).toEqual([10, 20, 30, 40, 50])
})

test('what is past needs no sleep, and an abort ends one', async () => {
  const clock = testClock(1_000)
  await clock.sleepUntil(1_000)
  const giveUp = new AbortController()
  const sleeping = clock.sleepUntil(2_000, giveUp.signal)
  giveUp.abort(new Error('closed'))
  await expect(sleeping).rejects.toThrow('closed')
  expect(clock.sleepers).toBe(0)
  await expect(clock.sleepUntil(3_000, giveUp.signal)).rejects.toThrow('closed')
})

test('watch time never goes backwards', () => {
  const clock = testClock(1_000)
  expect(() => clock.advanceTo(999)).toThrow(/backwards/)
})
