import { defineConfig } from 'vitest/config'
import { table } from './test/chaos/table.ts'

/**
 * Long, and alone on the machine: `npm run chaos`. CHAOS_SEED, CHAOS_ROUNDS and CHAOS_ROUND play a run, or a round of it, again; CHAOS_OUT
 * names a file for its table.
 */
export default defineConfig({
  test: {
    include: ['test/chaos/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 25 * 60_000,
    hookTimeout: 60_000,
    reporters: ['default', table],
  },
})
