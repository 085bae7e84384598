import { defineConfig } from 'vitest/config'
import { postgresBin } from './test/support/need.ts'

const globalSetup = ['test/support/postgres.ts']

/** Plays one simulation again, which somebody names. */
const REPLAY = 'test/simulation/replay.test.ts'

/** What a store promises, wherever it is: runs a second time on a PostgreSQL server of another major version. */
const contract = {
  name: 'server',
  globalSetup,
  include: ['test/store/*.test.ts'],
  exclude: ['test/store/{embedded,server,backup}*.test.ts'],
}

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most tests wait for servers and clocks more than they compute.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'embedded',
          globalSetup: ['test/support/missing.ts', ...globalSetup],
          include: ['test/**/*.test.ts'],
          exclude: ['test/chaos/**', 'test/bench/**', ...(process.env['SIMULATION'] ? [] : [REPLAY])],
        },
      },
      ...(postgresBin === null ? [] : [{ extends: true as const, test: contract }]),
    ],
  },
})
