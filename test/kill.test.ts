import { afterAll, test } from 'vitest'
import { killed } from './chaos/kill.ts'
import { nameOf, play, seedOf } from './chaos/play.ts'
import { takeDownAll } from './support/chaos.ts'

/** A short run of `npm run chaos`, with the same seed each time unless CHAOS_SEED says otherwise. */
const SEED = seedOf(7)
const ROUNDS = 4

afterAll(takeDownAll, 60_000)

test(nameOf(killed), { timeout: 300_000 }, () => play(killed, { seed: SEED, rounds: ROUNDS, short: true }))
