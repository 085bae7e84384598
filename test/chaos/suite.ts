import { afterAll, test } from 'vitest'
import { startWorld, takeDownAll, type World, type WorldOptions } from '../support/chaos.ts'
import { type Fault, finish, nameOf, play, seedOf } from './play.ts'

/** Faults as tests: many rounds of each in `npm run chaos`, a short one in `npm test`. */

const ROUNDS = 10
/** Another one each time. */
const SEED = seedOf(Math.floor(Math.random() * 1e6))
/** The same each time: `npm test` says the same today and tomorrow. */
const SHORT_SEED = seedOf(7)

/** No limit of the bot: those are looked after, in the rounds. */
const MOST_MS = 12 * 60_000
const SHORT_MS = 120_000

const titleOf = (fault: Fault) => (fault.missing ? `${nameOf(fault)} (not run: ${fault.missing})` : nameOf(fault))

/** Once in a file, and first, since the first of the hooks runs last: what any test of it leaves standing. */
export const tidy = (): void => afterAll(takeDownAll, 60_000)

/** Each in worlds of its own. */
export function chaos(faults: readonly Fault[]): void {
  tidy()
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

/** A round of each, one after the other in one world, which has to do for all of them. */
export function short(options: WorldOptions, faults: readonly Fault[]): void {
  let world: World | undefined
  afterAll(async () => {
    if (world) await finish(world)
  }, SHORT_MS)
  for (const fault of faults)
    test(titleOf(fault), { skip: fault.missing != null, timeout: SHORT_MS }, async () => {
      world ??= await startWorld(options)
      try {
        await play(fault, { seed: SHORT_SEED, rounds: 1, short: true, world })
      } catch (error) {
        // What a failed round leaves behind is not the next one's fault.
        await world.close()
        world = undefined
        throw error
      }
    })
}
