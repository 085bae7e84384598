import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, expect, test } from 'vitest'
import { startWorkspace } from '../../src/sandbox/server.ts'
import { freshDatabase } from '../support/postgres.ts'
import { type BotProcess, dataFolder, eventually, spawnBot } from '../support/process.ts'
import { startTargets } from '../support/targets.ts'

/** Reliability A18, A24: the real process, with secrets wherever there can be some and everything going wrong, says none of them. */

const cleanUp: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
})

/** In the environment: known to the process, whatever they look like. */
const SIGNING = 'canary1signing0123456789abcdef01'
const API = 'canary2api-0123456789'
/** Referred to by the configuration. */
const PROBE = 'canary3probe0123456789'
const HOOK = 'canary4hook0123456789'
/** In alerts: secrets of other systems, known by their shape alone. */
const IN_ALERTS: Record<string, string> = {
  'an address with a password': 'postgres://app:canary5dbpw@db.example/mail',
  'a password with odd signs': 'redis://:p"\\canary5odd@redis:6379',
  'a Slack token': ['xoxb', '99', 'canary6slack'].join('-'),
  'a webhook': 'https://hooks.slack.com/services/T0/B0/canary7hook',
  'a header': 'Authorization: Bearer canary8bearer0123',
  'a parameter': 'https://x.example/cb?state=1&access_token=canary9param&x=2',
  'an assignment': 'DB_PASSWORD=canary10assign77',
  'a JSON Web Token': `eyJ${'hbGciOiJIUzI1'}.${'eyJzdWIiOiIxMjM0'}.${'canary11jwt_sig0'}`,
  'our own token': `curl -H "x: ${API}"`,
  'our own signing secret': `secret is ${SIGNING}`,
}
/** Sent by whoever does not know better. */
const GUESSED = 'canary12guess0123456789'

async function start() {
  const { config: database, drop } = await freshDatabase()
  cleanUp.push(drop)
  const { dataDir, remove } = await dataFolder()
  cleanUp.push(remove)
  const targets = await startTargets()
  cleanUp.push(targets.stop)
  const slack = await startWorkspace({
    users: [
      { id: 'U0NORA', name: 'nora' },
      { id: 'U0DANA', name: 'dana' },
    ],
    channels: [{ id: 'C0OPS', name: 'ops' }],
    commands: ['/oncall', '/page', '/incident', '/watchbill'],
    botToken: 'xoxb-13-canary13bot',
    appToken: 'xapp-1-canary14app',
  })
  cleanUp.push(slack.close)
  const config = join(dataDir, 'watchbill.yaml')
  const written = (more = '') => `
company: Example Mail
zone: Europe/Zurich
network: { allow_private: ["127.0.0.0/8"] }
people: { nora: { slack: U0NORA }, dana: { slack: U0DANA } }
roles: { admin: [nora] }
policies: { mail: { steps: [{ page: [nora], wait: 5m }], fallback: [dana] } }
services:
  webmail: { policy: mail, channel: C0OPS, deploy: { start: { webhook: "http://127.0.0.1:1/start", secret: "\${HOOK}" } } }
  probed: { policy: mail, channel: C0OPS }
monitors:
  home: { service: probed, probe: "${targets.url('home')}?token=\${PROBE}", every: 1s, fail_after: 1, recover_after: 1 }
${more}`
  await writeFile(config, written())
  const { host, user, database: name } = database
  const password = String(database.password)
  const address = `postgres://${user}:${encodeURIComponent(password)}@localhost/${name}?host=${encodeURIComponent(host ?? '')}`
  const bot = spawnBot({
    config,
    dataDir,
    env: {
      SLACK_API_URL: slack.apiUrl,
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      SLACK_SIGNING_SECRET: SIGNING,
      WATCHBILL_API_TOKEN: API,
      DATABASE_URL: address,
      LOG_LEVEL: 'trace',
      PROBE,
      HOOK,
    },
  })
  cleanUp.push(async () => {
    bot.signal('SIGKILL')
    await bot.exited
  })
  await bot.ready(30_000)
  const own = new pg.Client(database)
  own.on('error', () => {})
  await own.connect()
  cleanUp.push(() => own.end())
  return { bot, slack, targets, own, password, config, written }
}

test('A18 canaries everywhere, errors everywhere, everything logged: none of them in the log, the answers, the record or Slack', async () => {
  const { bot, slack, targets, own, password, config, written } = await start()
  const answers: string[] = []
  const base = `http://127.0.0.1:${await bot.port()}`
  async function call(path: string, init: RequestInit = {}): Promise<number> {
    const response = await fetch(`${base}${path}`, init)
    answers.push(JSON.stringify([...response.headers]), await response.text())
    return response.status
  }
  const bearer = { authorization: `Bearer ${API}`, 'content-type': 'application/json' }
  const post = (body: string, headers: Record<string, string> = bearer, path = '/v1/alerts') =>
    call(path, { method: 'POST', headers, body })

  for (const [what, text] of Object.entries(IN_ALERTS)) {
    const alert = { service: 'webmail', status: 'firing', severity: 'critical' }
    const details = { [what]: text, again: `at start:\n${text}\nat the end` }
    expect(await post(JSON.stringify({ ...alert, key: what, summary: `${what}: ${text} failed`, details }))).toBe(202)
    await post(JSON.stringify({ ...alert, key: text.slice(0, 200), summary: what }))
    await post(JSON.stringify({ ...alert, key: what, severity: text, summary: what }))
    await post(`{"key": "${text}`)
  }
  for (const path of [
    '/v1/alerts',
    '/metrics',
    '/v1/nothing',
    `/metrics?token=${GUESSED}`,
    `/readyz?token=${GUESSED}`,
  ]) {
    await call(path, { headers: { authorization: `Bearer ${GUESSED}` } })
    await call(path)
  }
  await post('{}', { authorization: `Basic ${GUESSED}` }, '/slack/events')
  await post(
    `payload=${GUESSED}`,
    { 'x-slack-signature': `v0=${GUESSED}`, 'content-type': 'application/x-www-form-urlencoded' },
    '/slack/events',
  )
  await post('x'.repeat(5_000_000))

  // Errors of the target, of the store, of Slack, of the configuration, of people.
  targets.fail([`home?token=${PROBE}`])
  await eventually(
    () => bot.stdout().includes('"type":"paged"') || bot.stdout().includes('"msg":"paged"'),
    'a page',
    20_000,
  )
  await slack.command('nora', 'ops', `/incident note INC-1 ${Object.values(IN_ALERTS).join(' ')}`)
  await slack.command('nora', 'ops', '/incident frobnicate')
  await own.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'watchbill'`,
  )
  slack.fault({ kind: 'error', error: 'invalid_auth', count: 10 })
  slack.fault({ kind: 'disconnect' })
  await eventually(() => bot.stdout().includes('invalid_auth'), 'errors of Slack', 15_000)
  await writeFile(
    config,
    written(
      `  bad: { service: probed, tcp: "ada:${'canary15config'}@mail.example:25" }\n  worse: { service: probed, probe: "https://ada:canary16url@x/" }\n`,
    ),
  )
  bot.signal('SIGHUP')
  await eventually(() => bot.stdout().includes('the one before it stays'), 'the refusal', 15_000)
  await bot.ready(30_000)
  // What a reloaded configuration holds is as secret as what the first one held, whatever it looks like.
  await writeFile(config, written().replace(/\$\{HOOK\}/, 'canary17reloaded'))
  await slack.command('nora', 'ops', '/watchbill reload')
  await eventually(() => bot.stdout().includes('the configuration was reloaded'), 'the reload', 15_000)
  await slack.command('nora', 'ops', '/incident note INC-1 it was canary17reloaded')
  await eventually(
    async () => (await own.query(`select from inbox where done_at is null`)).rowCount === 0,
    'all to be done',
    20_000,
  )
  await call('/metrics', { headers: bearer })
  await call('/readyz?verbose')

  const { rows } = await own.query(
    `select (select jsonb_agg(body) from facts) as facts, (select jsonb_agg(doc) from incidents) as incidents,
       (select jsonb_agg(doc) from alerts) as alerts, (select jsonb_agg(body) from inbox where lane = 'desk') as inbox,
       (select jsonb_agg(o) from owed o) as owed, (select jsonb_agg(a) from attempts a) as attempts`,
  )
  const inSlack = slack.journal().map(({ method, args }) => JSON.stringify({ method, args }))
  bot.signal('SIGTERM')
  await bot.exited

  const places = {
    log: bot.stdout() + bot.stderr(),
    answers: answers.join('\n'),
    record: JSON.stringify(rows),
    slack: inSlack.join('\n'),
  }
  expect(places.log).toContain('Watchbill is on watch')
  expect(places.record).toContain('a webhook: ')
  expect(places.slack).toContain('[secret]')
  const canaries = [...Array.from({ length: 17 }, (_, n) => new RegExp(`canary${n + 1}[a-z]`)), new RegExp(password)]
  const found = Object.entries(places).flatMap(([where, text]) =>
    canaries.flatMap((canary) => {
      const at = text.search(canary)
      return at < 0 ? [] : [`${where}: …${text.slice(Math.max(0, at - 100), at + 60)}…`]
    }),
  )
  expect(found).toEqual([])
}, 120_000)

test('A24 line breaks and terminal sequences in an alert: each line of the log is one JSON object, and people read text', async () => {
  const { bot, slack } = await start()
  const evil = 'first\r\n{"level":60,"msg":"forged"}\u001b[2J\u001b]0;title\u0007 \u001b[31mred\u0085\u2028end'
  const answer = await post(bot, {
    key: 'evil',
    service: 'webmail',
    status: 'firing',
    severity: 'critical',
    summary: evil,
    details: { [evil]: evil },
  })
  expect(answer).toBe(202)
  await eventually(() => slack.dm('U0NORA').length > 0, 'the page', 20_000)
  bot.signal('SIGTERM')
  await bot.exited
  const lines = bot.stdout().trimEnd().split('\n')
  for (const line of lines) expect(() => JSON.parse(line), line).not.toThrow()
  expect(bot.lines().filter(({ msg }) => msg === 'forged')).toEqual([])
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(lines.join('')).not.toMatch(/[\u0000-\u001f]/)
  const read = JSON.stringify(slack.dm('U0NORA'))
  expect(read).toContain('forged')
  expect(read).not.toMatch(/\\u001b|\\u0007|\\r/)
}, 60_000)

async function post(bot: BotProcess, body: object): Promise<number> {
  const headers = { authorization: `Bearer ${API}`, 'content-type': 'application/json' }
  const url = `http://127.0.0.1:${await bot.port()}/v1/alerts`
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status
}
