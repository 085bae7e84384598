import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { sleep } from '../../src/clock.ts'
import { redisPath } from './need.ts'
import { freePort } from './port.ts'

/** A real redis-server of a test's own, on loopback, in a temporary folder. Which tests need one skip without it: `need.ts`. */

const START_MS = 10_000
/** As an operator should run it: nothing is lost but the last second, nothing is evicted. */
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '', '--maxmemory-policy', 'noeviction']

export interface RedisServer {
  /** `redis://127.0.0.1:PORT`, with the password where there is one. */
  readonly url: string
  readonly port: number
  /** Of the process that runs now; 0 when none does. */
  pid(): number
  /** SIGKILL, and the process is gone when this resolves. Its folder stays, for `restart`. */
  kill(): Promise<void>
  /** Starts it again on the same port and folder, and waits until it answers; kills the one that still runs. */
  restart(): Promise<void>
  /** One command on a connection of its own, as `redis-cli` would send it. */
  cli(...args: [command: string, ...rest: (string | number)[]]): Promise<unknown>
  /** For good: the process ends and its folder goes. */
  stop(): Promise<void>
}

interface StartRedis {
  /** Command-line options on top of durable ones, e.g. `['--maxmemory', '3mb']`. */
  args?: string[]
  password?: string
}

export function startRedis({ args = [], password }: StartRedis = {}): Promise<RedisServer> {
  const auth = password === undefined ? [] : ['--requirepass', password, '--masterauth', password]
  return start([...DURABLE, ...auth, ...args], '', password)
}

/** A Sentinel that knows the master as `watch` and replaces it half a second after it is gone; it alone decides. */
export function startSentinel(master: Pick<RedisServer, 'port'>): Promise<RedisServer> {
  const watched = `
    sentinel monitor watch 127.0.0.1 ${master.port} 1
    sentinel down-after-milliseconds watch 500
    sentinel failover-timeout watch 3000`
  return start(['--sentinel'], watched)
}

async function start(args: string[], config: string, password?: string): Promise<RedisServer> {
  if (redisPath === null) throw new Error('there is no redis-server on this machine: skip by `redisPath` of need.ts')
  const program = redisPath
  const folder = await mkdtemp(join(tmpdir(), 'watchbill-redis-'))
  // A file of its own: a Sentinel keeps its state there, and has servers write down the part it gave them.
  const file = join(folder, 'server.conf')
  await writeFile(file, config)
  const port = await freePort()
  const url = `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`
  let child: ChildProcess | undefined
  // Even a run that is cut short leaves no server behind.
  const onExit = () => void child?.kill('SIGKILL')
  process.once('exit', onExit)

  const server: RedisServer = {
    url,
    port,
    pid: () => (child !== undefined && isRunning(child) ? (child.pid ?? 0) : 0),
    async kill() {
      if (child === undefined || !isRunning(child)) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
    async restart() {
      await server.kill()
      const place = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder]
      const started = spawn(program, [file, ...place, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
      child = started
      let said = ''
      for (const output of [started.stdout, started.stderr])
        output?.setEncoding('utf8').on('data', (chunk: string) => {
          said = (said + chunk).slice(-2_000)
        })
      const endAt = performance.now() + START_MS
      while ((await server.cli('ping').catch(() => null)) !== 'PONG') {
        if (!isRunning(started) || performance.now() > endAt)
          throw new Error(`the redis-server on port ${port} does not answer:\n${said}`)
        await sleep(10)
      }
    },
    async cli(command, ...rest) {
      const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
      client.on('error', () => {})
      try {
        await client.connect()
        return await client.call(command, ...rest)
      } finally {
        client.disconnect()
      }
    },
    async stop() {
      await server.kill()
      process.off('exit', onExit)
      await rm(folder, { recursive: true, force: true })
    },
  }
  try {
    await server.restart()
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

const isRunning = (child: ChildProcess) => child.exitCode === null && child.signalCode === null
