import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { coverage } from '../../src/cli/coverage.ts'
import { parseConfig } from '../../src/config.ts'
import { defaultProbes, type Mark, newMark } from '../../src/domain/detect/adoption.ts'
import { endTurn, saveNames, takeTurn } from '../../src/store/coverage.ts'
import { keepGaps } from '../../src/store/gaps.ts'
import { HOUR, T0 } from '../support/builders.ts'
import { emptyStore } from '../support/stores.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverage-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const config = (more = '') => `company: Example Mail
zone: UTC
people: { dana: { slack: U0DANA } }
policies: { mail: { steps: [{ page: [dana], wait: 5m }], fallback: [dana] } }
services: { webmail: { policy: mail, domains: [Example-Mail.test.] } }
monitors: { www: { service: webmail, probe: "https://www.example-mail.test/" } }
${more}`
const ZONE = '$ORIGIN example-mail.test.\nwww A 192.0.2.1\nshop IN 300 A 192.0.2.2\nold CNAME www\n'
const SOURCES = 'coverage: { sources: [{ zone_file: "./mail.zone" }], ignore: ["old.example-mail.test"] }\n'

async function run(
  text: string,
  zone: string | null,
  more: Omit<Parameters<typeof coverage>[0], 'config'> = {},
  env = {},
) {
  const path = join(folder, 'watchbill.yaml')
  await writeFile(path, text)
  if (zone !== null) await writeFile(join(folder, 'mail.zone'), zone)
  const said = { stdout: '', stderr: '' }
  const into = (name: 'stdout' | 'stderr') => ({
    write: (more: string) => {
      said[name] += more
    },
  })
  const code = await coverage(
    { config: path, ...more },
    { env, stdout: into('stdout'), stderr: into('stderr'), now: T0 },
  )
  return { code, ...said }
}

describe('watchbill coverage', () => {
  test('lists the logs of a folder that a monitor reads, and those that none does', async () => {
    await writeFile(join(folder, 'spam-error.log'), '')
    const { code, stdout } = await run(config('coverage: { sources: [{ logs: "./*.log" }] }\n'), null)
    expect(stdout).toContain(`webmail (${folder}/*.log): 0 of 1 logs are read\n  GAP      ${folder}/spam-error.log\n`)
    expect(code).toBe(1)
    expect(
      JSON.parse((await run(config('coverage: { sources: [{ logs: "./*.log" }] }\n'), null, { json: true })).stdout),
    ).toContainEqual(
      expect.objectContaining({
        logs: `${folder}/*.log`,
        gaps: [expect.objectContaining({ path: `${folder}/spam-error.log` })],
      }),
    )
    expect(await run(config('coverage: { sources: [{ logs: "./nothing" }] }\n'), null)).toMatchObject({
      ...{ code: 2, stderr: `${folder}/nothing is not there\n` },
    })
  })

  test('lists what is watched, what is ignored and what is a gap, and exits 1; files are found beside the configuration', async () => {
    const { code, stdout } = await run(config(SOURCES), ZONE)
    expect(stdout).toBe(`webmail (example-mail.test): 50 % of 2 names are watched
  watched  www.example-mail.test  by www
  ignored  old.example-mail.test
  GAP      shop.example-mail.test  from ${join(folder, 'mail.zone')}
sources
  ok       ${join(folder, 'mail.zone')}  3 names, read 0 s ago
`)
    expect(code).toBe(1)
  })

  test('as JSON, for scripts', async () => {
    const { stdout } = await run(config(SOURCES), ZONE, { json: true })
    expect(JSON.parse(stdout)).toMatchObject([
      { service: 'webmail', percent: 50, gaps: [{ name: 'shop.example-mail.test', wildcard: false }] },
    ])
  })

  test('exits 0 where nothing is left out', async () => {
    expect(await run(config(SOURCES), '$ORIGIN example-mail.test.\nwww A 192.0.2.1\n')).toMatchObject({
      code: 0,
      stderr: '',
    })
  })

  test.each([
    ['is not there', null, 'mail.zone: is not there'],
    [
      'hides something',
      '$ORIGIN example-mail.test.\n$INCLUDE hidden.zone\nwww A 192.0.2.1\n',
      '$INCLUDE is not followed here',
    ],
  ])('a source that %s answers nothing: exit 2', async (_, zone, sentence) => {
    const { code, stdout, stderr } = await run(config(SOURCES), zone)
    expect(stderr).toContain(sentence)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  test('a service without domains has nothing to compare: what to do is said', async () => {
    const { code, stderr } = await run(config().replace(', domains: [Example-Mail.test.]', ''), null)
    expect(stderr).toBe('No service has domains: give it some, and coverage a zone file.\n')
    expect(code).toBe(0)
  })

  test('by the store says since when, whose it is, what was ignored by hand and how the sources do; and prints what was adopted', async () => {
    const database = await emptyStore()
    try {
      const { pool } = await database.open()
      const source = join(folder, 'mail.zone')
      const host = (name: string) => ({ name: `${name}.example-mail.test`, role: 'host' as const })
      await saveNames(pool, source, ['www', 'shop', 'parked', 'api'].map(host), T0, null)
      await saveNames(pool, 'certificates', [host('shop'), { ...host('mx1'), role: 'mail' }], T0, null)
      await keepGaps(pool, [{ service: 'webmail', name: 'shop.example-mail.test' }], { webmail: null }, T0 - 30 * HOUR)
      const turn = await takeTurn(pool, source, T0 - HOUR)
      if (turn === null) throw new Error('it is nobody’s turn')
      await endTurn(pool, { ...turn, okAt: T0 - HOUR, problems: ['is not there'], names: 4 }, T0)
      const by = { by: 'dana', at: T0 }
      const adopted = (name: string, role: 'host' | 'mail'): Mark => ({
        ...newMark(`${name}.example-mail.test`),
        adopted: {
          ...{ service: 'webmail', ...by },
          monitors: defaultProbes({ name: `${name}.example-mail.test`, role }, 'webmail', () => false),
        },
      })
      const marks: Mark[] = [
        adopted('api', 'host'),
        adopted('mx1', 'mail'),
        { ...newMark('parked.example-mail.test'), ignored: { reason: 'parked', ...by } },
        { ...newMark('shop.example-mail.test'), owner: { person: 'dana', ...by } },
      ]
      for (const mark of marks)
        await pool.query('insert into marks values ($1, $2, $3)', [mark.name, mark.adopted !== null, mark])
      const { user, password, host: at, port, database: named } = database.config
      const env = {
        DATABASE_URL: `postgres://${user}:${encodeURIComponent(String(password))}@x:${port}/${named}?host=${encodeURIComponent(String(at))}`,
      }
      const text = config(
        'coverage: { sources: [{ zone_file: "./mail.zone" }, { certificates: seen }], ignore: [{ name: "*.dev.example-mail.test", reason: "of developers" }] }\n',
      )
      const shown = await run(text, null, {}, env)
      expect(shown.stdout).toBe(`webmail (example-mail.test): 75 % of 4 names are watched
  watched  api.example-mail.test  by api-example-mail-test, api-example-mail-test-tls
  watched  mx1.example-mail.test  by mx1-example-mail-test
  watched  www.example-mail.test  by www
  ignored  parked.example-mail.test  parked (dana, 2026-11-23)
  GAP      shop.example-mail.test  for 30 h, warning, owner dana  from ${source}, certificates
sources
  BLIND    ${source}  is not there (read 1 h ago)
  seen     certificates that probes meet
`)
      expect(shown).toMatchObject({ code: 1, stderr: '' })
      const json = JSON.parse((await run(text, null, { json: true }, env)).stdout)
      expect(json[0].gaps).toMatchObject([
        { role: 'host', level: 'warning', owner: 'dana', since: '2026-11-22T03:00:00.000Z' },
      ])
      expect(json[0].sources).toMatchObject([{ source, kind: 'zone-file', problems: ['is not there'], names: 4 }])

      const printed = await run(text, null, { adopted: true }, env)
      expect(printed.code).toBe(0)
      expect(printed.stdout).toContain(
        '  mx1-example-mail-test: { service: webmail, tcp: mx1.example-mail.test:25, every: 1m',
      )
      // Put into the file, it is what was adopted; and the adopted gives way.
      const whole = `${text.replace(/^monitors:.*\n/m, '')}${printed.stdout}`
      const read = parseConfig(whole, 'watchbill.yaml', {})
      if ('problems' in read) throw new Error(JSON.stringify(read.problems))
      expect(Object.values(read.rules.monitors)).toEqual(marks.flatMap((mark) => mark.adopted?.monitors ?? []))
      const moved = await run(whole, null, { adopted: true }, env)
      expect(moved.stderr).toBe('Nothing is adopted that is not in the configuration already.\n')
    } finally {
      await database.drop()
    }
  })

  test('without a store there is nothing adopted to print', async () => {
    const { code, stderr } = await run(config(SOURCES), ZONE, { adopted: true })
    expect(stderr).toContain('set WATCHBILL_DATA to its data folder')
    expect(code).toBe(2)
  })
})
