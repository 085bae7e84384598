import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { checkConfig } from '../../src/cli/check-config.ts'

const pathOf = (name: string) => fileURLToPath(new URL(`../vectors/${name}`, import.meta.url))
const example = pathOf('watchbill.example.yaml')
const bad = pathOf('bad-config/all-at-once.yaml')
const secrets = { DEPLOY_SECRET: 's', ZURICH_TOKEN: 't' }

async function run(options: { config?: string; json?: boolean }, env: Record<string, string> = secrets) {
  const said = { stdout: '', stderr: '' }
  const into = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      said[name] += text
    },
  })
  const code = await checkConfig(options, { env, stdout: into('stdout'), stderr: into('stderr') })
  return { code, ...said }
}

describe('check-config', () => {
  test('says on one line what a fine configuration has', async () => {
    const { code, stdout, stderr } = await run({ config: example })
    const warning =
      'warning: dana is not reachable by call: notify.twilio is not configured\n' +
      'warning: reached by Slack alone, and by nothing while it is down, because they have no contact: erik, nora, omar, sam, mia\n'
    expect({ code, stderr }).toEqual({ code: 0, stderr: warning })
    expect(stdout).toMatch(/is fine: 6 people, 2 schedules, 1 policy, 1 service, 8 monitors watched\n$/)
    expect(stdout.trimEnd()).not.toContain('\n')
  })

  test('finds the file in WATCHBILL_CONFIG', async () => {
    expect(await run({ json: true }, { ...secrets, WATCHBILL_CONFIG: example })).toEqual({
      code: 0,
      stdout: '{"problems":[]}\n',
      stderr: '',
    })
  })

  test('exits 1 with every problem on stderr', async () => {
    const { code, stdout, stderr } = await run({ config: bad })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    const lines = stderr.trimEnd().split('\n')
    expect(lines).toHaveLength(14)
    expect(lines).toContain(
      `${bad}:18:18: policy "mail", step 1 pages schedule/mail-primry, which does not exist; did you mean schedule/mail-primary?`,
    )
  })

  test('exits 1 with the problems as JSON on stdout', async () => {
    const { code, stdout, stderr } = await run({ config: bad, json: true })
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(JSON.parse(stdout).problems[1]).toEqual({
      file: bad,
      line: 4,
      column: 1,
      message: 'poeple is not a key of a configuration; did you mean people?',
    })
  })

  test('exits 2 when there is no file', async () => {
    const { code, stderr } = await run({ config: '/nowhere/watchbill.yaml' })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^\/nowhere\/watchbill\.yaml:1:1: there is no such file: .*\n$/)
  })
})

describe('the launcher', () => {
  test('tells an older Node what to do', () => {
    const older = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"24.10.0"})'
    const launcher = fileURLToPath(new URL('../../src/cli/watchbill.js', import.meta.url))
    const { status, stderr } = spawnSync(process.execPath, ['--import', older, launcher], { encoding: 'utf8' })
    expect(stderr).toBe(
      'Watchbill needs Node 24.11 or newer and this is 24.10.0; it brings its own Node, so run `npm start`, `npm run demo` or `npx watchbill …` instead.\n',
    )
    expect(status).toBe(2)
  })
})
