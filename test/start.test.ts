import { access, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LocalSlack, type SlackOptions, startWorkspace } from '../src/sandbox/server.ts'
import { withCluster } from './support/copies.ts'
import { freePort } from './support/port.ts'
import { type BotProcess, dataFolder, eventually, postmasters, spawnBot } from './support/process.ts'
import { startTargets, type Targets } from './support/targets.ts'

/** `watchbill start` as a real process on its own store. */

const READY_MS = 30_000

const cleanUp: (() => Promise<unknown>)[] = []
let dataDir = ''
let config = ''
let targets: Targets

beforeEach(async () => {
  const folder = await dataFolder()
  cleanUp.push(folder.remove)
  dataDir = folder.dataDir
  config = join(dataDir, 'watchbill.yaml')
  targets = await startTargets()
  cleanUp.push(targets.stop)
  await writeFile(config, configuration())
})

afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
})

const configuration = (more = '') => `
company: Example Mail
zone: Europe/Zurich
network: { allow_private: ["127.0.0.0/8"] }
people: { nora: { slack: U0NORA }, dana: { slack: U0DANA } }
policies: { mail: { steps: [{ page: [nora], wait: 5m }], fallback: [dana] } }
services: { webmail: { policy: mail, channel: C0OPS } }
monitors:
  home: { service: webmail, probe: "${targets.url('home')}", every: 1s, fail_after: 1, recover_after: 1 }
${more}`

async function workspace(options: Partial<SlackOptions> = {}): Promise<LocalSlack> {
  const slack = await startWorkspace({
    users: [
      { id: 'U0NORA', name: 'nora' },
      { id: 'U0DANA', name: 'dana' },
    ],
    channels: [{ id: 'C0OPS', name: 'ops' }],
    commands: ['/oncall', '/page', '/incident', '/watchbill'],
    ...options,
  })
  cleanUp.push(slack.close)
  return slack
}

const tokensOf = (slack: LocalSlack) => ({
  SLACK_API_URL: slack.apiUrl,
  SLACK_BOT_TOKEN: slack.botToken,
  SLACK_APP_TOKEN: slack.appToken,
})

function start(env: Record<string, string>): BotProcess {
  const bot = spawnBot({ config, dataDir, env })
  cleanUp.push(async () => {
    if (bot.running()) bot.signal('SIGKILL')
    await bot.exited
  })
  return bot
}

const pages = (slack: LocalSlack, person: string) =>
  slack.dm(person).filter((message) => message.metadata?.event_type === 'watchbill_page')

const said = (bot: BotProcess, message: string) => bot.lines().some((line) => line.msg === message)

describe('cannot start: exit code 2 and a sentence', () => {
  test('without tokens, naming what to do instead', async () => {
    const bot = start({})
    expect(await bot.exited).toEqual({ code: 2, signal: null })
    expect(bot.stderr()).toMatch(/^SLACK_BOT_TOKEN is not set: .*npm run demo\n$/)
    await expect(access(join(dataDir, 'postgres'))).rejects.toThrow()
  })

  test('without a way for Slack to come, naming both', async () => {
    const bot = start({ SLACK_BOT_TOKEN: 'xoxb-1' })
    expect(await bot.exited).toEqual({ code: 2, signal: null })
    expect(bot.stderr()).toMatch(
      /^SLACK_APP_TOKEN is not set: .*or SLACK_SIGNING_SECRET for HTTP mode.*npm run demo\n$/,
    )
  })

  test('with a bad configuration, every problem by file, line and column', async () => {
    await writeFile(config, configuration('poeple: {}\n').replace('page: [nora]', 'page: [nera]'))
    const bot = start({ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' })
    expect(await bot.exited).toEqual({ code: 2, signal: null })
    const lines = bot.stderr().trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/watchbill\.yaml:6:\d+: .*nera/)
    expect(lines[1]).toMatch(/watchbill\.yaml:10:1: poeple is not a key/)
    await expect(access(join(dataDir, 'postgres'))).rejects.toThrow()
  })

  test('without a configuration', async () => {
    config = join(dataDir, 'nothing.yaml')
    const bot = start({ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' })
    expect(await bot.exited).toEqual({ code: 2, signal: null })
    expect(bot.stderr()).toMatch(/nothing\.yaml:1:1: there is no such file/)
  })

  test('on a port that is taken, leaving nothing behind', async () => {
    const slack = await workspace()
    const bot = start({ ...tokensOf(slack), PORT: new URL(slack.url).port })
    expect(await bot.exited).toEqual({ code: 2, signal: null })
    expect(bot.stderr()).toContain('EADDRINUSE')
    expect(await postmasters(dataDir)).toEqual([])
    await expect(access(join(dataDir, 'watchbill.pid'))).rejects.toThrow()
  })

  test('beside another process on the same data folder, which goes on', async () => {
    const slack = await workspace()
    const first = start(tokensOf(slack))
    await first.ready(READY_MS)
    const second = start(tokensOf(slack))
    expect(await second.exited).toEqual({ code: 2, signal: null })
    expect(second.stderr()).toContain('several processes need DATABASE_URL')
    expect((await first.get('/readyz')).status).toBe(200)
    expect(await postmasters(dataDir)).toHaveLength(1)
    targets.fail(['home'])
    await eventually(() => pages(slack, 'nora').length === 1, 'the page', 5_000)
  })

  test('at the very same moment as another: one of them runs', async () => {
    const slack = await workspace()
    const bots = Array.from({ length: 3 }, () => start(tokensOf(slack)))
    await eventually(() => bots.filter((bot) => !bot.running()).length === 2, 'two of them to give up', READY_MS)
    const [winner] = bots.filter((bot) => bot.running())
    await winner?.ready(READY_MS)
    for (const bot of bots) if (bot !== winner) expect(await bot.exited).toEqual({ code: 2, signal: null })
  })
})

describe('runs', () => {
  beforeEach(() => withCluster(dataDir))

  test('until SIGTERM: it drains, exits 0 within 10 s, and its store ends with it', async () => {
    const slack = await workspace()
    const bot = start(tokensOf(slack))
    await bot.ready(READY_MS)
    for (const method of ['chat.postMessage', 'conversations.create']) slack.fault({ kind: 'slow', method, ms: 1_000 })
    targets.fail(['home'])
    const posting = () => slack.journal().filter((call) => call.method === 'chat.postMessage')
    const creating = () => slack.journal().filter((call) => call.method === 'conversations.create')
    await eventually(
      () => posting().length > 0 && creating().length > 0,
      'a page and a channel to be on their way',
      5_000,
    )
    const from = Date.now()
    bot.signal('SIGTERM')
    expect(await bot.exited).toEqual({ code: 0, signal: null })
    // The promise is 10 s. Here Slack takes a second for each call, so that more would mean waiting for what cannot come any more.
    expect(Date.now() - from).toBeLessThan(10_000)
    // What was on its way arrived, and is on record: the next process does not send it again.
    expect(posting().every((call) => call.done)).toBe(true)
    expect(await postmasters(dataDir)).toEqual([])
    await expect(access(join(dataDir, 'watchbill.pid'))).rejects.toThrow()
    slack.resetFaults()
    const next = start(tokensOf(slack))
    await next.ready(READY_MS)
    await eventually(() => slack.workspace.rooms.size > 2, 'the rest of the work to go on', 5_000)
    targets.recover()
    await eventually(
      () => slack.dm('nora').some((message) => /is over/.test(JSON.stringify(message))),
      'the end',
      10_000,
    )
    expect(pages(slack, 'nora')).toHaveLength(1)
  })

  test('on what a killed one left: its store, its pid file', async () => {
    const slack = await workspace()
    const first = start(tokensOf(slack))
    await first.ready(READY_MS)
    const servers = await postmasters(dataDir)
    first.signal('SIGKILL')
    await first.exited
    const second = start(tokensOf(slack))
    await second.ready(5_000)
    expect(await postmasters(dataDir)).toEqual(servers)
    expect(await readFile(join(dataDir, 'watchbill.pid'), 'utf8')).toMatch(new RegExp(`^${second.pid}\\n`))
  })

  test('and takes a good configuration at SIGHUP; a bad one never replaces it', async () => {
    const slack = await workspace()
    const bot = start(tokensOf(slack))
    await bot.ready(READY_MS)
    await writeFile(config, configuration().replace('page: [nora]', 'page: [nobody]'))
    bot.signal('SIGHUP')
    await eventually(() => bot.stdout().includes('the one before it stays'), 'the refusal', 5_000)
    expect(bot.stdout()).toMatch(/watchbill\.yaml:6:\d+: .*nobody/)
    targets.fail(['home'])
    await eventually(() => pages(slack, 'nora').length === 1, 'the page by the first configuration', 5_000)
    targets.recover()
    await eventually(() => slack.dm('nora').length === 2, 'the end of the first', 10_000)

    await writeFile(
      config,
      configuration().replace('page: [nora]', 'page: [dana]').replace('fallback: [dana]', 'fallback: [nora]'),
    )
    bot.signal('SIGHUP')
    await eventually(() => said(bot, 'the configuration was reloaded'), 'the reload', 5_000)
    targets.fail(['home'])
    await eventually(() => pages(slack, 'dana').length === 1, 'the page by the second configuration', 5_000)
    expect(pages(slack, 'nora')).toHaveLength(1)
    expect((await bot.get('/readyz')).status).toBe(200)
  })

  test('and says no secret, however much it says', async () => {
    const canaries = {
      SLACK_SIGNING_SECRET: 'canary-signing-0123456789abcdef',
      WATCHBILL_API_TOKEN: 'canary-api-0123456789abcdef',
    }
    const slack = await workspace({ botToken: 'xoxb-canary-bot-0123', appToken: 'xapp-1-canary-app-0123' })
    const bot = start({ ...tokensOf(slack), ...canaries, LOG_LEVEL: 'trace' })
    await bot.ready(READY_MS)
    targets.fail(['home'])
    await eventually(() => pages(slack, 'nora').length === 1, 'the page', 5_000)
    await slack.command('nora', 'ops', '/oncall xoxb-canary-typed xapp-canary-typed canary-api-0123456789abcdef')
    slack.fault({ kind: 'error', error: 'invalid_auth', count: 20 })
    slack.fault({ kind: 'disconnect' })
    slack.fault({ kind: 'hang', method: 'apps.connections.open', count: 1 })
    await eventually(() => bot.stdout().includes('invalid_auth'), 'errors of Slack to be told', 10_000)
    bot.signal('SIGTERM')
    await bot.exited
    const secrets = ['canary-bot', 'canary-app', 'canary-typed', ...Object.values(canaries)]
    const spoken = bot.stdout() + bot.stderr()
    expect(spoken).toContain('Watchbill is on watch')
    expect(secrets.filter((secret) => spoken.includes(secret))).toEqual([])
  })

  test('in HTTP mode, without an app-level token: commands and buttons come as signed requests', async () => {
    const slack = await workspace()
    const signingSecret = 'canary-signing-0123456789abcdef'
    const { SLACK_APP_TOKEN: _, ...tokens } = tokensOf(slack)
    const bot = start({ ...tokens, SLACK_SIGNING_SECRET: signingSecret })
    await bot.ready(READY_MS)
    const url = `http://127.0.0.1:${await bot.port()}/slack/events`
    slack.deliverTo({ signingSecret, commands: url, interactions: url, events: url })
    const answer = await slack.command('nora', 'ops', '/watchbill status', 5_000)
    expect(JSON.stringify(answer.saw)).toContain('Slack: over HTTP')
    targets.fail(['home'])
    await eventually(() => pages(slack, 'nora').length === 1, 'the page', 5_000)
    const [page] = pages(slack, 'nora')
    await slack.press('nora', 'dm', page?.ts ?? '', 'incident_ack')
    await eventually(() => JSON.stringify(pages(slack, 'nora')).includes('has it'), 'the page to say so', 5_000)
    slack.deliverTo({ signingSecret: 'another', commands: url })
    expect((await slack.command('nora', 'ops', '/page dana come')).failed).not.toBeNull()
    bot.signal('SIGTERM')
    expect(await bot.exited).toEqual({ code: 0, signal: null })
    expect(pages(slack, 'dana')).toEqual([])
    expect(bot.stdout() + bot.stderr()).not.toContain(signingSecret)
  })

  test('while Slack is away: alive, not ready, watching; ready once Slack is there, and the page goes out', async () => {
    const port = await freePort()
    const botToken = 'xoxb-later-0123'
    const appToken = 'xapp-1-later-0123'
    const bot = start({
      SLACK_API_URL: `http://127.0.0.1:${port}/api/`,
      SLACK_BOT_TOKEN: botToken,
      SLACK_APP_TOKEN: appToken,
    })
    await bot.port()
    targets.fail(['home'])
    await eventually(() => said(bot, 'paged'), 'the decision', READY_MS)
    expect((await bot.get('/livez')).status).toBe(200)
    const notReady = await bot.get('/readyz')
    expect(notReady.status).toBe(503)
    expect(JSON.parse(notReady.body)).toMatchObject({ status: 503, detail: 'Slack is not connected' })
    expect(bot.running()).toBe(true)
    const slack = await workspace({ port, botToken, appToken })
    await bot.ready(20_000)
    await eventually(() => pages(slack, 'nora').length === 1, 'the page', 20_000)
  })
})
