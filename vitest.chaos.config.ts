import { defineConfig } from 'vitest/config'
import { table } from './test/chaos/table.ts'

/** What needs all of the machine for itself. */
const ALONE = ['test/chaos/herd.test.ts', 'test/chaos/simulation.test.ts']

/** Most of a round is waiting: so many may wait at the same time. */
const TOGETHER = 3

/**
 * Long, and alone on the machine: `npm run chaos`. CHAOS_SEED, CHAOS_ROUNDS and CHAOS_ROUND play a run, or one round of it, again; CHAOS_SLACK
 * makes every limit so many times as long, on a machine that others use too; CHAOS_OUT names a file for the table.
 */
export default defineConfig({
  test: {
    testTimeout: 25 * 60_000,
    hookTimeout: 60_000,
    reporters: ['default', table],
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/chaos/**/*.test.ts'],
          exclude: ALONE,
          maxWorkers: TOGETHER,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          // The store of the simulations; the others have servers of their own.
          globalSetup: ['test/support/postgres.ts'],
          include: ALONE,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
