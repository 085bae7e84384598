import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { importFrom } from '../../src/cli/import.ts'
import { parseConfig } from '../../src/config.ts'
import { dutyAt } from '../../src/domain/duty/schedule.ts'
import type { Compared } from '../../src/moving/compare.ts'
import { type Hours, weekly } from '../../src/moving/draft.ts'

/**
 * Exports as the APIs answer them. Whom PagerDuty and Opsgenie say to be on duty there was worked out from their rules by another program, a
 * quarter of an hour at a time.
 */
const VECTORS = new URL('../vectors/imports/', import.meta.url).pathname
const NOW = Date.parse('2026-03-05T12:00:00Z')
const FILES = {
  pagerduty: ['users', 'schedule', 'policies', 'services'],
  opsgenie: ['users', 'schedules', 'timeline', 'escalations'],
  oncall: ['users', 'schedules', 'on_call_shifts', 'escalation'],
}
type From = keyof typeof FILES

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-'))
})
afterAll(() => rm(folder, { recursive: true }))

const pathsOf = (from: From) => FILES[from].map((name) => join(VECTORS, from, `${name}.json`))

async function run(from: string, paths: string[], options: { people?: string; out?: string; json?: boolean } = {}) {
  const said = { stdout: '', stderr: '' }
  const to = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      said[name] += text
    },
  })
  const code = await importFrom(from, paths, options, { stdout: to('stdout'), stderr: to('stderr'), now: NOW })
  return { code, ...said }
}

interface Told {
  yaml: string
  lost: { what: string; why: string; instead: string }[]
  compared: Compared[]
  problems: string[]
}

async function imported(from: From, paths = pathsOf(from)) {
  const { stdout } = await run(from, paths, { json: true })
  const told = JSON.parse(stdout) as Told
  const config = parseConfig(told.yaml, 'imported.yaml', {})
  if (!('rules' in config)) throw new Error(JSON.stringify(config.problems))
  return { ...told, rules: config.rules, what: told.lost.map(({ what }) => what) }
}

/** The file of an export, changed. */
async function changed(path: string, change: (text: string) => string): Promise<string> {
  const to = join(folder, `${Math.random()}.json`)
  await writeFile(to, change(await readFile(path, 'utf8')))
  return to
}

const rotated = (name: string, yaml: string) =>
  yaml
    .slice(yaml.indexOf(`name: ${name}`))
    .split('\n')
    .slice(0, 6)
    .join('\n')

describe('from PagerDuty', () => {
  test('the same people have the watch at every instant, across the change of the clocks and an override', async () => {
    const { compared, problems } = await imported('pagerduty')
    expect(problems).toEqual([])
    expect(compared).toMatchObject([{ schedule: 'mail-primary', zone: 'Europe/Zurich', differences: [] }])
    expect(compared[0]?.looked).toBeGreaterThan(1_000)
  })

  test('policies end in people, rounds and delays stay; what ended is not there', async () => {
    const { rules, yaml } = await imported('pagerduty')
    expect(rules.policies.mail).toMatchObject({
      rounds: 3,
      steps: [
        { page: [{ kind: 'schedule', name: 'mail-primary' }], waitMs: 300_000 },
        { page: [{ name: 'dana-ruiz' }, { name: 'pgone99' }], waitMs: 600_000 },
      ],
      fallback: ['dana-ruiz', 'pgone99'],
    })
    expect(rules.services.webmail?.policy).toBe('mail')
    expect(yaml).not.toContain('Old week')
    expect(rotated('Weekend', yaml)).toContain('rotation: { every: 1 week, start: 2026-02-27T18:00:00+01:00 }')
  })

  test('what could not be carried over is said, each with a reason and what to do', async () => {
    const { what, lost } = await imported('pagerduty')
    expect(what).toEqual(
      expect.arrayContaining([
        'round robin of Mail',
        'auto-resolve of Webmail',
        'acknowledgement timeout of Webmail',
        'how Nora Keller is reached beside Slack (1 way)',
        'user PGONE99',
        'whom Mail falls back to',
        'keys and channels of 1 service',
        'the Slack id of Nora Keller, nora.keller@example-mail.test',
      ]),
    )
    for (const { why, instead } of lost) expect(Math.min(why.length, instead.length)).toBeGreaterThan(5)
  })

  test('a schedule that is not the same is said to differ, with when and who', async () => {
    const [users = '', schedule = '', ...others] = pathsOf('pagerduty')
    // The last weekend of March, when the clocks change, is somebody else's by the export.
    const wrong = await changed(schedule, (text) => {
      const json = JSON.parse(text)
      const at = Date.parse('2026-03-28T12:00:00+01:00')
      const entries = json.schedule.final_schedule.rendered_schedule_entries
      const entry = entries.find(
        (each: { start: string; end: string }) => Date.parse(each.start) <= at && at < Date.parse(each.end),
      )
      entry.user = { id: 'PDANA02' }
      return JSON.stringify(json)
    })
    const { code, stderr } = await run('pagerduty', [users, wrong, ...others])
    expect(code).toBe(1)
    expect(stderr).toMatch(/mail-primary: DIFFERS from PagerDuty once within/)
    expect(stderr).toMatch(
      /Sat 2026-03-28 06:00 \+01:00 to Sat 2026-03-28 22:00 \+01:00: PagerDuty has dana-ruiz, the import \w+/,
    )
  })

  test('a list of schedules has no layers, and says how to get them', async () => {
    const list = await changed(pathsOf('pagerduty')[1] ?? '', () => '{"schedules":[{"id":"P1","name":"Mail"}]}')
    const { stderr, code } = await run('pagerduty', [pathsOf('pagerduty')[0] ?? '', list])
    expect(stderr).toContain(
      'schedule Mail: the list of schedules holds no layers.\n  Instead: export it by GET /schedules/{id}',
    )
    expect(code).toBe(1)
  })
})

describe('from Opsgenie', () => {
  test('the same people have the watch at every instant', async () => {
    const { compared, problems } = await imported('opsgenie')
    expect(problems).toEqual([])
    expect(compared).toMatchObject([{ schedule: 'platform-schedule', differences: [] }])
  })

  test('delays from the alert are waits from step to step', async () => {
    const { rules, what } = await imported('opsgenie')
    expect(rules.policies['platform-escalation']).toMatchObject({
      rounds: 4,
      steps: [{ waitMs: 300_000 }, { page: [{ kind: 'person', name: 'max' }], waitMs: 600_000 }],
    })
    expect(what).toEqual(
      expect.arrayContaining([
        'rotation Payments of Platform_schedule',
        'schedule Old',
        'team Platform of Platform_escalation',
      ]),
    )
  })
})

describe('from Grafana OnCall', () => {
  // Berlin is at +01:00 until 29 March. The weekdays are 09:00 to 21:00, ben begins in the week of 2 February.
  test.each([
    ['2026-03-09T09:00:00+01:00', ['ana']],
    ['2026-03-09T08:59:00+01:00', ['ben']],
    ['2026-03-09T21:00:00+01:00', ['ben']],
    ['2026-03-10T21:00:00+01:00', ['ana', 'cyd']],
    ['2026-03-16T12:00:00+01:00', ['ben']],
    ['2026-03-14T12:00:00+01:00', ['ana', 'cyd']],
    ['2026-03-10T12:30:00Z', ['cyd']],
    ['2026-03-10T14:00:00Z', ['ana']],
    ['2026-03-30T12:00:00+02:00', ['ben']],
  ])('at %s it is %j', async (at, people) => {
    const { rules } = await imported('oncall')
    const schedule = rules.schedules['demo-schedule']
    expect(new Set(schedule && dutyAt(schedule, Date.parse(at)))).toEqual(new Set(people))
  })

  test('chains become policies; Slack ids that it knows are there', async () => {
    const { rules, what, yaml } = await imported('oncall')
    expect(rules.policies.default).toMatchObject({
      rounds: 5,
      steps: [{ waitMs: 900_000 }, { page: [{ name: 'ben' }] }],
    })
    expect(rules.people).toMatchObject({ ana: { slack: 'U0ANA' }, ben: { slack: 'U0BEN' } })
    expect(yaml).toContain('# REPLACE: the Slack id of cyd, cyd@example.test')
    expect(what).toEqual(
      expect.arrayContaining(['step 4 (trigger_webhook) of default', 'shift First of the month of Demo schedule']),
    )
  })
})

describe('the command', () => {
  test('takes Slack ids from a file, by address, name or ours, and writes a new file', async () => {
    const people = join(folder, 'people.yaml')
    await writeFile(people, 'NORA.keller@example-mail.test: U0NORA\nDana Ruiz: U0DANA\nomar: U0OMAR\n')
    const out = join(folder, 'watchbill.yaml')
    const { code, stdout } = await run('pagerduty', pathsOf('pagerduty'), { people, out })
    expect([code, stdout]).toEqual([1, ''])
    const yaml = await readFile(out, 'utf8')
    expect(yaml).toContain('nora-keller: { slack: U0NORA }')
    expect(yaml.match(/REPLACE:/g)).toHaveLength(2)
    const again = await run('pagerduty', pathsOf('pagerduty'), { people, out })
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('Nothing that is there is replaced')])
  })

  test('says what it cannot read, and what to give instead', async () => {
    const text = join(folder, 'text.json')
    await writeFile(text, 'Nora,Dana')
    expect(await run('pagerduty', [text])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot be read as JSON'),
    })
    await writeFile(text, '{}')
    expect(await run('opsgenie', [text])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no user, schedule or policy'),
    })
    expect(await run('splunk', [text])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('pagerduty, opsgenie, oncall'),
    })
    await writeFile(text, 'dana@example.test: dana')
    const wrong = await run('oncall', pathsOf('oncall'), { people: text })
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('is not the id of a Slack user') })
  })
})

describe('a window of the week', () => {
  const WEEK = 7 * 1440
  const minutes = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))
  const covers = (windows: Hours[], at: number) =>
    windows.some(({ from, to, days = [] }) =>
      days.some((day) => {
        const start = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(day) * 1440 + minutes(from)
        const length = (minutes(to) - minutes(from) + 1440) % 1440 || 1440
        return (at - start + WEEK) % WEEK < length
      }),
    )

  test('is the same minutes as windows of days', () => {
    for (const [from, length] of [
      [4 * 1440 + 1200, 3_600],
      [0, 1_440],
      [480, 600],
      [6 * 1440 + 1_320, 480],
      [1_000, WEEK - 1],
      [6 * 1440 + 60, 3_000],
    ] as const) {
      const windows = weekly(from, length)
      for (let at = 0; at < WEEK; at += 7)
        expect([from, length, at, covers(windows, at)]).toEqual([from, length, at, (at - from + WEEK) % WEEK < length])
    }
  })
})
