import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { why } from '../../src/cli/why.ts'
import { API_TOKEN, type Driver, startBot } from '../support/bot.ts'
import { urlOf, written } from '../support/cli.ts'

/** One incident, read back in every way that there is. */

const HOSTILE = 'disk <!channel> @here *full* [x](https://evil.test) <script>alert(1)</script>\n# heading'

const CONFIG = `
company: Example Mail
zone: Europe/Zurich
people: { nora: { slack: U0NORA }, dana: { slack: U0DANA }, sam: { slack: U0SAM }, mia: { slack: U0MIA }, erik: { slack: U0ERIK } }
policies: { mail: { steps: [{ page: [nora], wait: 5m }, { page: [sam], wait: 5m }], rounds: 1, fallback: [mia] } }
services: { webmail: { policy: mail, channel: C0OPS }, imap: { policy: mail, channel: C0OPS } }
monitors:
  home: { service: webmail, probe: "https://www.example.com/", every: 30s }
  login: { service: webmail, probe: "https://login.example.com/", every: 30s }
  backup: { service: webmail, heartbeat: { every: 1h, grace: 5m } }
`

let bot: Driver
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchbill-why-'))
  await writeFile(join(folder, 'watchbill.yaml'), CONFIG)
  bot = await startBot({ probes: false, config: CONFIG })
  await bot.type('erik', '/silence login 1h moving the login servers')
  await bot.advance('2m')
  await bot.alert({ monitor: 'home', evidence: [{ at: bot.clock.now() - 4_000, saw: '503 | <b>' }] })
  await bot.advance('5m')
  await bot.type('sam', `/incident note INC-1 ${HOSTILE}`)
  await bot.press('sam', 'Acknowledge')
  await bot.advance('7m')
  await bot.recover()
})
afterAll(async () => {
  await bot.close()
  await rm(folder, { recursive: true, force: true })
})

const get = (path: string) => fetch(`${bot.url}${path}`, { headers: { authorization: `Bearer ${API_TOKEN}` } })
const json = async (path: string) => (await get(path)).json() as Promise<Record<string, never>>

describe('over HTTP', () => {
  test('the timeline has every entry at its own instant, in plain text, with its evidence and where it was said', async () => {
    const { incident, zone, entries } = (await json('/v1/incidents/INC-1/timeline')) as unknown as {
      incident: string
      zone: string
      entries: {
        at: string
        kind: string
        text: string
        by: string | null
        evidence: unknown
        source: { url: string }
      }[]
    }
    expect([incident, zone]).toEqual(['INC-1', 'Europe/Zurich'])
    expect(entries.map(({ at, kind }) => `${at.slice(11, 19)} ${kind}`)).toEqual([
      '02:00:00 silence',
      '02:02:00 opened',
      '02:02:00 detected',
      '02:02:00 paged',
      '02:07:00 escalated',
      '02:07:00 paged',
      '02:07:00 note',
      '02:07:00 acked',
      '02:14:00 recovered',
      '02:14:00 resolved',
    ])
    expect(entries[2]).toMatchObject({
      text: 'Detected: home is down: 503 Service Unavailable',
      evidence: [{ at: '2026-11-23T02:01:56.000Z', saw: '503 | <b>' }],
    })
    expect(entries[0]).toMatchObject({
      by: 'erik',
      text: expect.stringMatching(/^Silenced: monitor login, by erik until/),
    })
    expect(entries[6]?.text).toContain('<script>alert(1)</script>')
    const { room, messages } = bot.slack.channel(bot.room())
    const ts = messages.find(({ blocks }) => JSON.stringify(blocks).includes('*Note*'))?.ts
    expect(entries[6]?.source.url).toMatch(new RegExp(`/archives/${room.id}/p${ts?.replace('.', '')}$`))
  })

  test('as Markdown nothing that somebody wrote is more than text', async () => {
    const markdown = await (await get('/v1/incidents/1/timeline?format=markdown')).text()
    expect(markdown).toContain('# Timeline of INC-1: home is down\n\nAll times are of Europe/Zurich.\n')
    expect(markdown).toContain('## Monday 23 November 2026 (UTC+01:00)')
    expect(markdown).toMatch(
      /^- \[\*\*03:02:00\*\*\]\(http[^)]+\) \*\*Paged\*\* nora: named by the policy \(step 1\)$/m,
    )
    expect(markdown).toMatch(/^ {2}- 03:01:56 503 \\\| \\<b\\>$/m)
    expect(markdown).toContain('\\[x\\](https\\://evil.test) \\<script\\>alert(1)\\</script\\>\n  \\# heading\n')
    expect(markdown).not.toMatch(/@(?:here|channel)/)
  })

  test('the incident says how long each part of it took, and who took part', async () => {
    expect(await json('/v1/incidents/1')).toMatchObject({
      id: 'INC-1',
      state: 'resolved',
      owner: 'sam',
      durationsMs: { detect: 4_000, page: 0, ack: 300_000, mitigate: 724_000, resolve: 724_000 },
      participants: [
        { name: 'nora', paged: true, acted: false },
        { name: 'sam', paged: true, acted: true },
      ],
    })
  })

  test('the draft of the post-mortem says of every monitor whether it fired, and why not', async () => {
    const markdown = await (await get('/v1/incidents/1/postmortem?format=markdown')).text()
    expect(markdown).toContain('1 of 3 monitors fired.')
    expect(markdown).toContain('- `home`: **fired** at Mon 23 Nov 2026 03:02:00 UTC+01:00.')
    expect(markdown).toMatch(/- `login`: \*\*silenced\*\* by erik since .* \(moving the login servers\)\. Fix: /)
    expect(markdown).toMatch(/- `backup`: \*\*had no data\*\*\. Fix: /)
    expect(markdown).toMatch(
      /- 1 min 56 s before: \*\*Silenced:\*\* monitor `login`.* \*\*Most likely:\*\* somebody silenced it/,
    )
    const { missAudit } = (await json('/v1/incidents/1/postmortem')) as unknown as { missAudit: { verdict: string }[] }
    expect(missAudit.map(({ verdict }) => verdict)).toEqual(['fired', 'silenced', 'no-data'])
  })

  test('the picture is SVG that does nothing', async () => {
    const answer = await get('/v1/incidents/INC-1/timeline.svg')
    expect(answer.headers.get('content-type')).toContain('image/svg+xml')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    const svg = await answer.text()
    for (const label of ['first failure 03:01:56', 'paged 03:02:00', 'acknowledged 03:07:00', 'resolved 03:14:00'])
      expect(svg).toContain(label)
    expect(svg.match(/<rect[^>]+rx=/g)).toHaveLength(1)
  })

  test('lists go on where they ended, and what is not there is said', async () => {
    await bot.type('erik', '/incident declare imap people cannot read mail')
    const { incidents, next } = (await json('/v1/incidents?limit=1')) as unknown as {
      incidents: { id: string }[]
      next: number
    }
    expect([incidents.map(({ id }) => id), next]).toEqual([['INC-2'], 2])
    expect(await json(`/v1/incidents?limit=1&before=${next}`)).toMatchObject({
      incidents: [{ id: 'INC-1' }],
      next: null,
    })
    expect(await json('/v1/incidents?state=resolved')).toMatchObject({ incidents: [{ id: 'INC-1' }] })
    expect((await get('/v1/incidents/INC-77/timeline')).status).toBe(404)
    expect((await get('/v1/incidents/1/timeline?format=pdf')).status).toBe(400)
    expect((await get('/v1/incidents?limit=0')).status).toBe(400)
    expect((await fetch(`${bot.url}/v1/incidents`)).status).toBe(401)
  })
})

describe('in Slack', () => {
  test('the whole timeline, to the asker alone, with the day', async () => {
    const before = bot.slack.channel('ops').messages.length
    const said = await bot.type('nora', '/incident timeline INC-1')
    expect(bot.slack.channel('ops').messages).toHaveLength(before)
    expect(said).toContain('*Monday 23 November 2026 (UTC+01:00)*')
    expect(said).toContain(':mute: *Silenced:* monitor `login`')
    expect(said).toContain('*Acknowledged* by <@U0SAM>')
    expect(said).not.toContain('<!channel>')
  })

  test('in pages, where it is long', async () => {
    const notes = Array.from({ length: 30 }, (_, n) => ({
      type: 'note' as const,
      by: 'nora',
      incident: 2,
      text: `look ${n}`,
    }))
    await Promise.all(notes.map((event, n) => bot.bot.desk.submit({ source: 'test', key: `note ${n}`, event })))
    expect(await bot.type('nora', '/incident timeline INC-2')).toContain('page 2 of 2')
    const first = await bot.type('nora', '/incident timeline INC-2 1')
    expect(first).toContain('look 0')
    expect(first).not.toContain('look 29')
    expect(await bot.type('nora', '/incident timeline INC-2 later')).toContain('is no page of the timeline')
  })

  test('the post-mortem: durations, what missed it, and where the draft is', async () => {
    const said = await bot.type('nora', '/incident postmortem INC-1')
    expect(said).toContain('*Durations:* detect 4 s, page 0 s, ack 5 min, mitigate 12 min and resolve 12 min')
    expect(said).toContain('`login` was silenced')
    const [shown] = bot.slack
      .channel('ops', 'U0NORA')
      .messages.filter(({ ephemeral }) => ephemeral)
      .slice(-1)
    for (let n = 0; n < 2; n++)
      await bot.slack.press('U0NORA', 'ops', shown?.ts ?? '', 'miss_task', { block_id: 'miss_1_login' })
    await bot.rest()
    expect((await json('/v1/incidents/1')) as unknown).toMatchObject({
      tasks: [{ text: 'login: it was silenced; see to it that silences are shorter, or cover less' }],
    })
  })
})

async function run(incident: string, options: Parameters<typeof why>[1] = {}) {
  const { said, ...streams } = written()
  const env = { WATCHBILL_CONFIG: join(folder, 'watchbill.yaml'), DATABASE_URL: urlOf(bot.store.config) }
  const code = await why(incident, options, {
    env,
    ...streams,
    now: bot.clock.now(),
  })
  return { code, ...said }
}

test('watchbill why: every fact with its reason, in the order in which it was decided', async () => {
  const { code, stdout } = await run('INC-1')
  expect(code).toBe(0)
  expect(stdout).toContain(
    'INC-1  home is down  (critical, service webmail and resolved; times of Europe/Zurich, took 12 min)',
  )
  expect(stdout).toMatch(/03:02:00 {2}Paged nora: named by the policy \(step 1\)\n {12}because: the policy names you\./)
  expect(stdout).toMatch(/03:07:00 {2}Escalated to step 2: nobody acknowledged in time {2}\(5 min later\)/)
  const { facts } = JSON.parse((await run('1', { json: true })).stdout)
  expect(facts.map(({ type }: { type: string }) => type)).toEqual(
    expect.arrayContaining(['opened', 'detected', 'stepped', 'paged', 'channel', 'acked', 'resolved']),
  )
  expect(await run('INC-99')).toMatchObject({ code: 1, stderr: 'There is no INC-99.\n' })
  expect(await run('home')).toMatchObject({ code: 2 })
})
