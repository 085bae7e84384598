import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/chaos/**', 'test/bench/**'],
    globalSetup: ['test/support/missing.ts', 'test/support/postgres.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
