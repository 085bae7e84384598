import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sleep } from '../../src/clock.ts'

/** The real process of Watchbill, as a person starts, signals and kills it. Needs nothing of vitest: the benchmark uses it too. */

const BINARY = fileURLToPath(new URL('../../src/cli/watchbill.js', import.meta.url))

/** Where the tests have Node keep what it has compiled: half of a start is that. Unset where a start is measured. */
const { NODE_COMPILE_CACHE } = process.env
export const COMPILED: Record<string, string> = NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE } : {}

interface Spawn {
  config: string
  dataDir: string
  /** On top of an environment that is otherwise empty; PORT is free unless it is given. */
  env?: Record<string, string>
  /** Options of Node itself. `--inspect=127.0.0.1:0` lets a test run code in the process. */
  node?: readonly string[]
}

interface Answered {
  status: number
  body: string
}

export interface BotProcess {
  readonly pid: number
  /** When it was spawned, machine time. */
  readonly spawnedAt: number
  stdout(): string
  stderr(): string
  /** Lines of its log so far. */
  lines(): Record<string, unknown>[]
  /** Resolves with the port of its HTTP server; rejects when the process ends without one. */
  port(): Promise<number>
  /** The same, if it is known at this moment. */
  knownPort(): number | null
  get(path: string): Promise<Answered>
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answered>
  /** When /readyz answered 200 for the first time from now on, machine time. */
  ready(withinMs?: number): Promise<number>
  signal(signal: NodeJS.Signals): void
  /** Runs JavaScript in the process, through its debugger, and does not wait for its end. */
  evaluate(expression: string): Promise<void>
  running(): boolean
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** On a machine that does much else a start takes long; a test that promises more says so. */
const PATIENCE_MS = 60_000

/** Longer than any answer of ours may take. */
const ANSWER_MS = 5_000

export function spawnBot({ config, dataDir, env = {}, node = [] }: Spawn): BotProcess {
  const child: ChildProcess = spawn(process.execPath, [...node, BINARY, 'start', '--config', config], {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '/',
      TMPDIR: tmpdir(),
      WATCHBILL_DATA: dataDir,
      PORT: '0',
      ...COMPILED,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const spawnedAt = Date.now()
  let stdout = ''
  let stderr = ''
  let port = Number(env['PORT'] || 0)
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    // It listens before there is a store, and says what it waits for.
    port ||= Number(/"port":(\d+)[^\n]*"msg":"listening"/.exec(stdout)?.[1] ?? 0)
  })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  let ended = false
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => {
      ended = true
      resolve({ code, signal })
    }),
  )
  const tail = () => `\nstdout: …${stdout.slice(-3_000)}\nstderr: …${stderr.slice(-2_000)}`

  const bot: BotProcess = {
    pid: child.pid ?? 0,
    spawnedAt,
    stdout: () => stdout,
    stderr: () => stderr,
    lines: () =>
      stdout.split('\n').flatMap((line) => {
        try {
          return [JSON.parse(line) as Record<string, unknown>]
        } catch {
          return []
        }
      }),
    knownPort: () => (port > 0 && !ended ? port : null),
    async port() {
      await eventually(() => ended || port > 0, 'the bot to say its port', PATIENCE_MS)
      if (port === 0) throw new Error(`the bot ended before it had a port${tail()}`)
      return port
    },
    get: async (path) => ask(await bot.port(), 'GET', path),
    post: async (path, body, headers = {}) =>
      ask(await bot.port(), 'POST', path, { 'content-type': 'application/json', ...headers }, JSON.stringify(body)),
    async evaluate(expression) {
      const [, url] = /Debugger listening on (ws:\S+)/.exec(stderr) ?? []
      if (url === undefined) throw new Error(`process ${child.pid} has no debugger: spawn it with --inspect`)
      await evaluate(url, expression)
    },
    async ready(withinMs = PATIENCE_MS) {
      const endAt = Date.now() + withinMs
      for (;;) {
        const status = await bot.get('/readyz').then(
          (answer) => answer.status,
          () => 0,
        )
        if (status === 200) return Date.now()
        if (ended) throw new Error(`the bot ended before it was ready${tail()}`)
        if (Date.now() > endAt) throw new Error(`the bot was not ready within ${withinMs} ms${tail()}`)
        await sleep(10)
      }
    },
    signal: (signal) => void child.kill(signal),
    running: () => !ended,
    exited,
  }
  return bot
}

/** A sender of a thousand alerts a second keeps its connections, and does not open one for each. */
const agent = new Agent({ keepAlive: true, maxSockets: 256 })

function ask(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = '',
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(ANSWER_MS)
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent, signal }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Has code run by the debugger that listens at this address. Resolves when the code is about to run. */
async function evaluate(url: string, expression: string): Promise<void> {
  const socket = new WebSocket(url)
  try {
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true })
      socket.addEventListener('error', () => reject(new Error(`no debugger listens at ${url}`)), { once: true })
    })
    // What it comes to is not waited for: it may be meant to keep the process from answering.
    const later = `void setTimeout(() => { ${expression} }, 0)`
    socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: later } }))
    await new Promise((resolve) => socket.addEventListener('message', resolve, { once: true }))
  } finally {
    socket.close()
  }
}

/** What a process has used and uses, as the system counts it. */
export async function usageOf(pid: number): Promise<{ cpuMs: number; rssBytes: number }> {
  const [stat, memory] = await Promise.all(['stat', 'statm'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')))
  const fields = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ')
  const pages = Number(memory?.split(' ')[1])
  return { cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS, rssBytes: pages * PAGE_BYTES }
}

/** Linux counts in these everywhere that we run. */
const TICK_MS = 10
const PAGE_BYTES = 4_096

/** A data folder of its own, and what takes it away again, with every server that still works in it. */
export async function dataFolder(parent = tmpdir()): Promise<{ dataDir: string; remove(): Promise<void> }> {
  const dataDir = await realpath(await mkdtemp(join(parent, 'watchbill-process-')))
  return {
    dataDir,
    async remove() {
      for (const pid of await postmasters(dataDir)) killServer(pid)
      await eventually(async () => (await postmasters(dataDir)).length === 0, 'the server to be gone', 5_000)
      await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    },
  }
}

function killServer(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself meanwhile.
  }
}

/** Processes that are a postmaster of this folder, whoever started them. A child of one, just forked, still bears its name. */
export async function postmasters(dataDir: string): Promise<number[]> {
  const cluster = join(dataDir, 'postgres')
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [program, ...args] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
      if (!program?.endsWith('/bin/postgres') || !args.includes(cluster)) return []
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return state === 'Z' || state === undefined ? [] : [{ pid: Number(pid), parent: Number(parent) }]
    }),
  )
  const all = found.flat()
  return all.filter(({ parent }) => all.every(({ pid }) => pid !== parent)).map(({ pid }) => pid)
}

/** The whole tree of processes below (and with) one; below 0, which is none, would be every process of the machine. */
export async function treeOf(root: number): Promise<number[]> {
  if (root <= 0) return []
  const parents = new Map<number, number>()
  for (const name of (await readdir('/proc')).filter((each) => /^\d+$/.test(each))) {
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
  }
  const tree = [root]
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child)
  return tree
}

/** Waits until it holds; rejects with a sentence when it does not in time. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what: string,
  withinMs: number,
  everyMs = 5,
): Promise<void> {
  const endAt = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > endAt) throw new Error(`waited ${withinMs} ms in vain for ${what}`)
    await sleep(everyMs)
  }
}
