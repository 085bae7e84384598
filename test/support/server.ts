import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type Account, isRoot, run, unprivileged } from '../../src/store/embedded/account.ts'
import { CLUSTER, copied } from './copies.ts'
import { postgresBin } from './need.ts'
import { freePort } from './port.ts'
import { eventually, treeOf } from './process.ts'

/**
 * A real PostgreSQL server of a test's own, as an operator's DATABASE_URL names one: another major version than the embedded, on TCP, with
 * a password. Which tests need one skip without it: `postgresBin` of need.ts. Needs nothing of vitest.
 */

const START_MS = 20_000
const STOP_MS = 10_000
const PASSWORD = 'secret of a test'

/** What a killed process wrote the system still has, so a test that kills needs no fsync; only a power cut would tell the difference. */
const SETTINGS = [
  ...['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200'],
  ...['fsync=off', 'full_page_writes=off', 'shared_buffers=32MB', 'log_min_messages=fatal'],
]

export interface Server {
  /** `postgres://postgres:…@127.0.0.1:PORT/postgres` */
  readonly url: string
  readonly config: { host: string; port: number; user: string; password: string; database: string }
  /** Of the postmaster; 0 while none runs. */
  pid(): number
  /** SIGKILL to the whole tree; every process is gone when this resolves. The data stay, for `start`. */
  kill(): Promise<void>
  /** Fast shutdown: whoever is connected is cut off. */
  stop(): Promise<void>
  /** Starts it again, on the same port and data, and waits until it answers. */
  start(): Promise<void>
  /** SIGSTOP to the whole tree: connections stay open and nothing answers. */
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** A statement of nobody's, on a connection of its own. */
  query<T extends pg.QueryResultRow>(sql: string, database?: string): Promise<T[]>
  /** An empty database; its address, and its connection's parts. */
  database(name: string): Promise<{ url: string; config: Server['config'] }>
  /** For good: the server ends and its folder goes. */
  drop(): Promise<void>
}

export async function startServer(): Promise<Server> {
  if (postgresBin === null) throw new Error('there is no PostgreSQL server on this machine: skip by `postgresBin`')
  const programs = postgresBin
  const account = isRoot() ? unprivileged(await readFile('/etc/passwd', 'utf8')) : undefined
  const folder = await mkdtemp(join(tmpdir(), 'watchbill-server-'))
  // PostgreSQL works as another user than root, and has to pass.
  await chmod(folder, 0o711)
  const data = join(folder, CLUSTER)
  const port = await freePort()
  const config = { host: '127.0.0.1', port, user: 'postgres', password: PASSWORD, database: 'postgres' }
  const urlOf = (database: string) =>
    `postgres://postgres:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${database}`
  let child: ChildProcess | undefined
  const pid = () => (child !== undefined && isRunning(child) ? (child.pid ?? 0) : 0)
  // Even a run that is cut short leaves no server behind: the others of the tree go when the first is gone.
  const onExit = () => {
    child?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', onExit)

  const server: Server = {
    url: urlOf('postgres'),
    config,
    pid,
    async kill() {
      if (pid() === 0) return
      // Frozen first, so that it has no further children while we count them.
      send([pid()], 'SIGSTOP')
      const tree = await treeOf(pid())
      send(tree, 'SIGKILL')
      await eventually(async () => (await alive(tree)).length === 0, 'the killed server to be gone', STOP_MS)
    },
    async stop() {
      if (pid() === 0) return
      const tree = await treeOf(pid())
      send(tree, 'SIGCONT')
      const gone = child && once(child, 'exit')
      send([pid()], 'SIGINT')
      await gone
    },
    async start() {
      if (pid() !== 0) return
      const args = ['-D', data, '-p', String(port), ...SETTINGS.flatMap((setting) => ['-c', setting])]
      const started = spawn(join(programs, 'postgres'), args, {
        cwd: '/',
        env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' },
        stdio: ['ignore', 'ignore', 'pipe'],
        // A group of its own: Ctrl-C at a terminal ends the tests, which then end it.
        detached: true,
        ...account,
      })
      child = started
      let said = ''
      started.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        said = (said + chunk).slice(-2_000)
      })
      await eventually(
        async () => {
          if (!isRunning(started)) throw new Error(`the server on port ${port} ended:\n${said}`)
          return server.query('select 1').then(
            () => true,
            () => false,
          )
        },
        `the server on port ${port} to answer`,
        START_MS,
        20,
      )
    },
    async freeze() {
      send(await treeOf(pid()), 'SIGSTOP')
    },
    async thaw() {
      send((await treeOf(pid())).toReversed(), 'SIGCONT')
    },
    async query<T extends pg.QueryResultRow>(sql: string, database = 'postgres') {
      const client = new pg.Client({ ...config, database, connectionTimeoutMillis: 2_000 })
      client.on('error', () => {})
      try {
        await client.connect()
        return (await client.query<T>(sql)).rows
      } finally {
        await client.end().catch(() => {})
      }
    },
    async database(name) {
      await server.query(`create database ${name}`)
      return { url: urlOf(name), config: { ...config, database: name } }
    },
    async drop() {
      await server.kill()
      process.off('exit', onExit)
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  try {
    const make = (parent: string) => makeCluster(programs, parent, account)
    if (!(await copied('server', data, make))) await make(folder)
    await server.start()
    return server
  } catch (error) {
    await server.drop()
    throw error
  }
}

/** PostgreSQL refuses to run as root, so the files are its account's. */
async function makeCluster(programs: string, folder: string, account: Account | undefined): Promise<void> {
  const data = join(folder, CLUSTER)
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, PASSWORD, { mode: 0o600 })
  if (account !== undefined) for (const path of [folder, passwordFile]) await chown(path, account.uid, account.gid)
  const { code, output } = await run(
    join(programs, 'initdb'),
    [
      ...['-D', data, '-U', 'postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
      ...['--encoding=UTF8', '--no-locale', '--no-sync'],
    ],
    account,
  )
  if (code !== 0) throw new Error(`initdb failed:\n${output}`)
}

function send(pids: number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      if (pid > 0) process.kill(pid, signal)
    } catch {
      // It is gone already.
    }
  }
}

/** Those that still run: what is dead and not yet buried by its parent does nothing any more. */
async function alive(pids: number[]): Promise<number[]> {
  const states = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone) Z')))
  return pids.filter((_, index) => !/\) [ZX]/.test(states[index] ?? ''))
}

const isRunning = (child: ChildProcess) => child.exitCode === null && child.signalCode === null
