import { test } from 'vitest'
import { killed } from './chaos/kill.ts'
import { nameOf, play, seedOf } from './chaos/play.ts'

/** A short run of `npm run chaos`, with the same seed each time unless CHAOS_SEED says otherwise. */
const SEED = seedOf(7)
const ROUNDS = 6

test(nameOf(killed), { timeout: 300_000 }, () =>
  play(killed, { seed: SEED, rounds: ROUNDS, short: true, report: () => {} }),
)
