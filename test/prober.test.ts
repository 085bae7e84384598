import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { prober } from '../src/cli/prober.ts'
import { machine } from '../src/clock.ts'
import { viewSamplesSince } from '../src/store/locations.ts'
import { type Driver, startBot, until } from './support/bot.ts'
import { startProxy, type Wire } from './support/proxy.ts'

/** `watchbill prober` as a real process, beside a bot whose clock goes by real time unless it is moved. */

const BINARY = fileURLToPath(new URL('../src/cli/watchbill.js', import.meta.url))
const PACE_MS = 100
/** Two processes start, on a machine that does much else. */
const PATIENCE_MS = 50_000

type Options = Parameters<typeof prober>[0]

const CONFIG = (text: string) =>
  `${text.replace(
    /monitors:\n.*\n/,
    `monitors:
  home: { service: webmail, probe: "TARGET", every: 1s, fail_after: 2, recover_after: 2, locations: [zurich] }
  inner: { service: webmail, probe: "TARGET", every: 1s, fail_after: 2, locations: [berlin], severity: warning }
`,
  )}\nlocations: { zurich: { token: token-of-zurich-1 }, berlin: { token: token-of-berlin-1 } }\n`

let bot: Driver
let wire: Wire
let folder = ''
const running: Prober[] = []

beforeAll(async () => {
  bot = await startBot({ config: CONFIG, locations: true, probes: false })
  wire = await startProxy(() => Number(new URL(bot.url).port))
  folder = await mkdtemp(join(tmpdir(), 'watchbill-prober-'))
  const pace = setInterval(keepPace, PACE_MS)
  return async () => {
    clearInterval(pace)
    await wire.close()
    await bot.close()
    await rm(folder, { recursive: true, force: true })
  }
})

afterAll(() => {
  for (const { child } of running) child.kill('SIGKILL')
})

/** What the bot's clock is ahead of this machine's. */
let aheadMs = 0
const keepPace = () => {
  const elapsed = Math.floor(machine.elapsed())
  aheadMs ||= bot.clock.now() - elapsed
  bot.clock.advanceTo(Math.max(bot.clock.now(), elapsed + aheadMs))
}

interface Prober {
  child: ChildProcess
  said(): string
  exited: Promise<number | null>
}

function start(location: string, env: Record<string, string>, ...more: string[]): Prober {
  const url = `http://127.0.0.1:${wire.port}`
  const child = spawn(process.execPath, [BINARY, 'prober', '--location', location, '--url', url, ...more], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  const started = { child, said: () => text, exited }
  running.push(started)
  return started
}

const zurich = async (token = 'token-of-zurich-1') => {
  const file = join(folder, 'token')
  await writeFile(file, `${token}\n`)
  return start('zurich', { WATCHBILL_PROBER_TOKEN_FILE: file }, '--allow-private', '127.0.0.0/8')
}

const ops = () => bot.channel('ops').join('\n')
const samples = () => viewSamplesSince(bot.store.pool, 'home', 0)

test.for<[what: string, given: Partial<Options>, sentence: RegExp]>([
  ['no token', {}, /^WATCHBILL_PROBER_TOKEN is not set: set it to the token .* or WATCHBILL_PROBER_TOKEN_FILE/],
  ['http', { token: 'x', url: 'http://192.0.2.1' }, /^--url is not https: the token/],
  ['a bad range', { token: 'x', allowPrivate: ['10.0.0.1'] }, /^--allow-private 10\.0\.0\.1 must be an address range/],
  ['a wrong token', { token: 'x' }, /^The server refuses this prober: This takes the header Authorization/],
  ['the token of another', { token: 'token-of-berlin-1' }, /This is the token of location berlin, not of zurich/],
  ['a location that is not there', { token: 'token-of-berlin-1', location: 'oslo' }, /has no location "oslo"/],
])('%s: it cannot run, and says what to do', async ([, given, sentence]) => {
  let said = ''
  const stderr = { write: (text: string) => (said += text) }
  const options = { location: 'zurich', url: `http://127.0.0.1:${wire.port}`, ...given }
  expect(await prober(options, { env: { LOG_LEVEL: 'silent' }, stderr })).toBe(2)
  expect(said).toMatch(sentence)
})

test('it looks, reports, outlasts an absence of its server, and is missed when it is frozen', {
  timeout: 150_000,
}, async () => {
  const looker = await zurich()
  const berlin = start('berlin', { WATCHBILL_PROBER_TOKEN: 'token-of-berlin-1' })
  await until(async () => (await samples()).some(({ ok }) => ok), 'a look from zurich', PATIENCE_MS)
  await until(() => ops().includes('inner is down'), 'a look from berlin', PATIENCE_MS)
  // What the server may reach is not what a prober may: nobody has allowed it there.
  expect(ops()).toContain('127.0.0.1 is a loopback address, and the prober was not started with --allow-private for it')
  berlin.child.kill('SIGTERM')
  expect(await berlin.exited).toBe(0)

  // The server is away: what is seen meanwhile comes afterwards, with its own time, and what is over by then wakes nobody.
  wire.reset()
  bot.target.fail(503)
  const awayAt = bot.clock.now()
  await until(() => bot.clock.now() > awayAt + 3_000, 'some looks')
  bot.target.recover()
  const backAt = bot.clock.now()
  await until(() => bot.clock.now() > backAt + 3_500, 'some more')
  expect((await samples()).every(({ at }) => at <= awayAt + 1_000)).toBe(true)
  wire.pass()
  await until(async () => (await samples()).some(({ at, ok }) => ok && at > backAt), 'what was seen meanwhile')
  const meanwhile = (await samples()).filter(({ at, ok }) => !ok && at >= awayAt && at <= backAt + 500)
  expect(meanwhile.length).toBeGreaterThanOrEqual(2)
  expect(ops()).not.toContain('home is down')

  bot.target.fail(503)
  await until(() => bot.paged().length > 0, 'the page')
  expect(bot.dm('nora').at(-1)).toContain('home is down: 503 Service Unavailable')
  bot.target.recover()

  // Frozen: it is missed; and back when it wakes.
  looker.child.kill('SIGSTOP')
  for (let n = 0; n < 7; n++) {
    aheadMs += 10_000
    keepPace()
    await bot.rest()
  }
  await until(() => ops().includes('Location zurich is silent'), 'that it is missed')
  looker.child.kill('SIGCONT')
  const wokenAt = bot.clock.now()
  await until(async () => (await samples()).some(({ at }) => at > wokenAt), 'a look after it woke')
  expect(looker.said()).not.toContain('token-of-zurich-1')
  looker.child.kill('SIGTERM')
  expect(await looker.exited).toBe(0)
})
