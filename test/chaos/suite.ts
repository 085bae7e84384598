import { test } from 'vitest'
import { type Fault, nameOf, play, seedOf } from './play.ts'

/** Faults as tests: many rounds of each in `npm run chaos`, a short one in `npm test`. */

const ROUNDS = 10
/** Another one each time. */
const SEED = seedOf(Math.floor(Math.random() * 1e6))
/** The same each time: `npm test` says the same today and tomorrow. */
const SHORT_SEED = seedOf(7)

const MOST_MS = 12 * 60_000
const SHORT_MS = 60_000

const titleOf = (fault: Fault) => (fault.missing ? `${nameOf(fault)} (not run: ${fault.missing})` : nameOf(fault))

export function chaos(faults: readonly Fault[]): void {
  for (const fault of faults)
    test(titleOf(fault), { skip: fault.missing != null, timeout: MOST_MS }, ({ task }) =>
      play(fault, {
        seed: SEED,
        rounds: fault.rounds ?? ROUNDS,
        short: false,
        report(row) {
          task.meta.row = row
        },
      }),
    )
}

export function short(faults: readonly Fault[]): void {
  for (const fault of faults)
    test(titleOf(fault), { skip: fault.missing != null, concurrent: true, timeout: SHORT_MS }, () =>
      play(fault, { seed: SHORT_SEED, rounds: 1, short: true, report: () => {} }),
    )
}
