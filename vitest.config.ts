import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
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

/** Files that take a minute and more: begun first, they do not keep one worker busy when the others have nothing left. */
const LONG = [
  'simulation/simulation',
  'faults/processes',
  'attacks/slack',
  'conversations/commands',
  'conversations/slack-faults',
  'test/start',
  'slack/http',
  'test/kill',
]

/** Files that put something in the place of a module: what others have loaded must not be in their way. */
const MOCKING = ['test/checks/rebinding.test.ts']

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = LONG.findIndex((name) => moduleId.includes(`${name}.test`))
      return found < 0 ? LONG.length : found
    }
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    // For the processes of Watchbill that tests start.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url)) },
    // What a file loads and keeps is Watchbill's own; to load it again for each file took as long as a tenth of all tests.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A second is nothing on a machine that others use too.
    expect: { poll: { timeout: 10_000 } },
    // Most tests wait for servers and clocks more than they compute: more of them than there are processors.
    maxWorkers: 3,
    projects: [
      {
        extends: true,
        test: {
          name: 'embedded',
          globalSetup: ['test/support/missing.ts', ...globalSetup],
          include: ['test/**/*.test.ts'],
          exclude: ['test/chaos/**', 'test/bench/**', ...MOCKING, ...(process.env['SIMULATION'] ? [] : [REPLAY])],
        },
      },
      { extends: true, test: { name: 'mocking', include: MOCKING, isolate: true } },
      ...(postgresBin === null ? [] : [{ extends: true as const, test: contract }]),
    ],
  },
})
