import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { coverage } from '../../src/cli/coverage.ts'

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

async function run(text: string, zone: string | null, json = false) {
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
    { config: path, json },
    { env: {}, stdout: into('stdout'), stderr: into('stderr'), now: 0 },
  )
  return { code, ...said }
}

describe('watchbill coverage', () => {
  test('lists what is watched, what is ignored and what is a gap, and exits 1; files are found beside the configuration', async () => {
    const { code, stdout } = await run(config(SOURCES), ZONE)
    expect(stdout).toBe(`webmail (example-mail.test): 50 % of 2 names are watched
  watched  www.example-mail.test  by www
  ignored  old.example-mail.test
  GAP      shop.example-mail.test  from ${join(folder, 'mail.zone')}
`)
    expect(code).toBe(1)
  })

  test('as JSON, for scripts', async () => {
    const { stdout } = await run(config(SOURCES), ZONE, true)
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
})
