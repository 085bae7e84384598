import { defineConfig } from 'vitest/config'

/** Long, and alone on the machine: `npm run chaos`. CHAOS_SEED and CHAOS_ROUNDS play a run again. */
export default defineConfig({
  test: {
    include: ['test/chaos/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 25 * 60_000,
    hookTimeout: 60_000,
  },
})
