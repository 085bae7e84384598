import { afterEach, expect, test } from 'vitest'
import { type Chaos, roundsOf, seedOf, startChaos, summary } from './support/chaos.ts'

/** A short run of `npm run chaos`, with the same seed each time unless CHAOS_SEED says otherwise. */
const SEED = seedOf(7)
const ROUNDS = roundsOf(7)

let chaos: Chaos | undefined
afterEach(() => chaos?.close(), 60_000)

test(`killed at any moment, nobody who is owed a page goes without (CHAOS_SEED=${SEED})`, async () => {
  chaos = await startChaos(SEED)
  const played = []
  for (let round = 1; round <= ROUNDS; round++) played.push(await chaos.play(round))
  await chaos.end()
  console.log(summary(SEED, played))
  expect(played).toHaveLength(ROUNDS)
}, 300_000)
