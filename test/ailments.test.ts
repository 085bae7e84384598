import { expect, test } from 'vitest'
import { createPace } from '../src/ailments.ts'

test('how long calls take is known from the last of them', async () => {
  let now = 0
  const pace = createPace({ machine: { elapsed: () => now, now: () => now } })
  const call = pace.timed(async (_, { ms }) => {
    now += Number(ms)
    return { ok: true, value: {} }
  })
  for (const ms of [5_000, 90]) await call('chat.postMessage', { ms })
  expect(pace.medianMs()).toBe(null)
  await call('chat.postMessage', { ms: 4_000 })
  expect(pace.medianMs()).toBe(4_000)
  now += 5 * 60_000
  expect(pace.medianMs()).toBe(null)
})
