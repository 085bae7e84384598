import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, copyFile, lstat, mkdir, open, readFile, realpath, rm, rmdir, stat, truncate } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setInterval } from 'node:timers'
import pg from 'pg'
import type { Logger } from 'pino'
import { sleep } from '../clock.ts'
import { messageOf, UserError } from '../errors.ts'
import {
  type Account,
  CLEAN_ENVIRONMENT,
  canEnter,
  isInUse,
  isRoot,
  processOf,
  serverAccount,
} from './embedded/account.ts'
import { packagedBinaries, runnableBinaries } from './embedded/binaries.ts'
import { ensureCluster, readPassword, SUPERUSER, writeSettings } from './embedded/cluster.ts'
import { guardDisk } from './embedded/disk.ts'
import { claimFolder, runtimeFolder } from './embedded/runtime-folder.ts'

/** How often a starting or stopping server is looked at. */
const LOOK_MS = 20
/** How often an adopted server, whose end nobody tells us, is looked at. */
const WATCH_MS = 200
/** A server that lives but answers nothing at all for so long is ended: it is frozen, or its socket was swept away. */
const MUTE_MS = 15_000
/** A server that starts writes its lock as soon as it has made it. */
const UNWRITTEN_MS = 500
const FAST_STOP_MS = 8_000
const IMMEDIATE_STOP_MS = 2_000
const FIRST_BACKOFF_MS = 100
const LONGEST_BACKOFF_MS = 5_000
/** A full disk may have room again at any moment, and then there is work waiting. */
const FULL_DISK_BACKOFF_MS = 500
/** The same cause of death is told again after so long. */
const SAME_CAUSE_MS = 60_000
/** Two files of this size are kept. */
const LOG_BYTES = 5_000_000
const LOG_LOOK_MS = 10_000
/** What a new server says while the last one is still going away (its processes, or its socket's folder), or another is just coming. */
const STILL_GOING =
  /lock file ".*" (?:already exists|is empty)|pre-existing shared memory block|could not create lock file ".*": No such file/

/** Error codes of the system that look like an SQLSTATE. */
const NO_SQLSTATE = new Set(['EPIPE', 'EBUSY', 'EPERM'])

/** Beside the socket: the second lock of a server. */
const SOCKET_LOCK = '.s.PGSQL.5432.lock'

/** PG* variables of ours are meant for another server; `pg` would follow those that are not overruled. */
const OWN_SERVER = { port: 5432, user: SUPERUSER, database: 'postgres', ssl: false, options: '-c client_encoding=UTF8' }

interface EmbeddedOptions {
  /** The data folder; the server keeps `postgres/` and `postgres.log` in it. */
  dataDir: string
  log: Logger
  /** Gives up the start. */
  signal?: AbortSignal
  /** The folder of the binaries (bin, lib, share); the installed package's when omitted. */
  binaries?: string
}

export interface EmbeddedServer {
  /** Stays the same for as long as this object lives, restarts of the server included. */
  readonly poolConfig: typeof OWN_SERVER & { host: string; password: string }
  /** The postmaster of this moment. */
  readonly serverPid: number
  /** Whether it was already running when we came. */
  readonly adopted: boolean
  /** The disk has so little room left that samples are better not kept. */
  lowDisk(): boolean
  /** What is the matter with the disk, and what to do; null when nothing is. */
  diskTrouble(): string | null
  /** Resolves once it was stopped or left by us. Never rejects: a server that dies is started again. */
  readonly exited: Promise<void>
  /** Ends the server: fast shutdown, which cuts off whoever is still connected. */
  stop(): Promise<void>
  /** For whoever may not be alone (a subcommand beside the bot): ends the server only if we started it and nobody else is connected. True if it ended. */
  leave(): Promise<boolean>
}

interface Place {
  folder: string
  clusterDir: string
  binaries: string
  account: Account | undefined
  logFile: string
  ballast: string
  log: Logger
}

interface Running {
  pid: number
  adopted: boolean
  socketDir: string
  /** Resolves with the cause when it has ended. */
  ended: Promise<string>
  /** No longer waits for the end. */
  forget(): void
}

/**
 * Starts the data folder's PostgreSQL, or adopts the one that a killed predecessor left running: it is detached, so that it outlives us
 * and our drain. From then on it is kept running until `stop` or `leave`.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { log, signal } = options
  const startedAt = performance.now()
  const place = await prepare(options)
  const guard = await guardDisk(place)
  let running: Running
  let password: string
  try {
    running = await bringUp(place, undefined, signal)
    password = await readPassword(place.clusterDir)
  } catch (error) {
    await guard.close()
    throw error
  }
  const { adopted, socketDir } = running
  log.info(
    { pid: running.pid, adopted, tookMs: Math.round(performance.now() - startedAt) },
    adopted ? 'the embedded store was running already and was adopted' : 'the embedded store is up',
  )

  const ending = new AbortController()
  const rotation = setInterval(() => void rotateLog(place.logFile).catch(() => {}), LOG_LOOK_MS).unref()
  const supervision = supervise()

  async function supervise(): Promise<void> {
    let told = { kind: '', at: Number.NEGATIVE_INFINITY }
    const tell = (cause: string, sentence: string) => {
      const at = performance.now()
      // Two that differ in a number (of a process, of a file) are one cause.
      const kind = cause.replaceAll(/\d+/g, '#')
      if (kind === told.kind && at - told.at < SAME_CAUSE_MS) return
      told = { kind, at }
      log.error({ cause }, sentence)
    }
    while (!ending.signal.aborted) {
      const cause = await running.ended
      if (ending.signal.aborted) return
      const downAt = performance.now()
      tell(cause, 'the embedded store ended by itself and is started again')
      const longest = () => (guard.low() ? FULL_DISK_BACKOFF_MS : LONGEST_BACKOFF_MS)
      for (let backoff = FIRST_BACKOFF_MS; ; backoff = Math.min(backoff * 2, longest())) {
        try {
          await sleep(backoff, ending.signal)
          running = await bringUp(place, socketDir, ending.signal)
          break
        } catch (error) {
          if (ending.signal.aborted) return
          tell(messageOf(error), 'the embedded store could not be started again yet')
        }
      }
      log.info({ pid: running.pid, downMs: Math.round(performance.now() - downAt) }, 'the embedded store is back')
    }
  }

  async function letGo(): Promise<void> {
    ending.abort()
    running.forget()
    clearInterval(rotation)
    await guard.close()
    await supervision
  }

  const finished = Promise.withResolvers<void>()
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= (async () => {
      await letGo()
      await endServer(place.clusterDir, log)
      // It stays when another socket is still in it; the next start makes do with it.
      await rmdir(socketDir).catch(() => {})
      finished.resolve()
    })()
    return stopping
  }

  const poolConfig = { ...OWN_SERVER, host: socketDir, password }
  return {
    poolConfig,
    get serverPid() {
      return running.pid
    },
    adopted,
    lowDisk: guard.low,
    diskTrouble: guard.trouble,
    exited: finished.promise,
    stop,
    async leave() {
      if (stopping === undefined && (running.adopted || (await othersAreConnected(poolConfig)))) {
        await letGo()
        finished.resolve()
        return false
      }
      await stop()
      return true
    },
  }
}

/** Everything a start needs that is not a process: folders, the account, the binaries, the cluster's files. */
async function prepare({ dataDir, log, signal, binaries }: EmbeddedOptions): Promise<Place> {
  // As root the server's account has to pass through; what we keep secret in there has mode 0600.
  await mkdir(dataDir, { recursive: true, mode: isRoot() ? 0o711 : 0o700 }).catch((error) => {
    throw new UserError(
      'no-data-folder',
      `The data folder ${dataDir} cannot be made (${messageOf(error)}). Set WATCHBILL_DATA to another.`,
    )
  })
  const folder = await realpath(dataDir)
  const clusterDir = join(folder, 'postgres')
  const account = await serverAccount(clusterDir)
  if (isRoot()) {
    if (account === undefined)
      throw new UserError(
        'no-unprivileged-user',
        'PostgreSQL refuses to run as root, and this machine has neither a user postgres nor a user nobody. Start Watchbill as another user, or set DATABASE_URL.',
      )
    await openTheWay(folder, account, log)
  }
  const native = binaries ?? packagedBinaries()
  const runnable = await runnableBinaries(native, join(folder, `postgres-binaries-${await versionOf(native)}`), account)
  await ensureCluster(clusterDir, runnable, account, log, signal)
  const logFile = join(folder, 'postgres.log')
  return { folder, clusterDir, binaries: runnable, account, logFile, ballast: join(folder, 'postgres.ballast'), log }
}

/** Our own data folder may be opened to passage by name; folders above it are somebody else's to decide. */
async function openTheWay(folder: string, account: Account, log: Logger): Promise<void> {
  if (await canEnter(folder, account)) return
  const { uid, mode } = await lstat(folder)
  if (uid === 0) {
    await chmod(folder, (mode & 0o777) | 0o001)
    if (await canEnter(folder, account)) {
      log.info({ folder }, 'the data folder was opened to passage (mode o+x), since PostgreSQL does not run as root')
      return
    }
    await chmod(folder, mode & 0o777)
  }
  throw new UserError(
    'data-folder-out-of-reach',
    `PostgreSQL does not run as root, and its user (id ${account.uid}) cannot reach the data folder ${folder}. Set WATCHBILL_DATA to a folder it can reach, such as /var/lib/watchbill, or start Watchbill as another user than root.`,
  )
}

/** The package's version, to tell copies apart; its folder is the parent of `native`. */
async function versionOf(native: string): Promise<string> {
  const manifest = await readFile(join(dirname(native), 'package.json'), 'utf8').catch(() => '')
  return /"version":\s*"([\w.-]+)"/.exec(manifest)?.[1] ?? basename(dirname(native))
}

/**
 * One server for the cluster, answering: the one that runs already, or a new one. Never two: PostgreSQL's own lock sees to that, and we
 * only take away a postmaster.pid whose process is provably not a server of this folder.
 *
 * @param socketDir where its socket must be; chosen here when undefined
 */
async function bringUp(place: Place, socketDir: string | undefined, signal: AbortSignal | undefined): Promise<Running> {
  const begunAt = performance.now()
  const patient = () => performance.now() - begunAt < MUTE_MS
  for (;;) {
    signal?.throwIfAborted()
    const found = await readPidFile(place.clusterDir)
    const kind = found === undefined ? 'gone' : await processOf(found.pid, place.clusterDir)
    if (found !== undefined && kind === 'server') {
      const adopted = await adopt(place, found.pid, signal)
      if (adopted !== undefined && (socketDir === undefined || adopted.socketDir === socketDir)) return adopted
      // A server elsewhere than our pools look for it is of no use to them.
      if (adopted !== undefined) {
        adopted.forget()
        await endServer(place.clusterDir, place.log)
      }
      continue
    }
    // Backends of a killed postmaster notice within milliseconds; a new server refuses to start beside them.
    if (!(patient() && (await isInUse(place.clusterDir)))) {
      if (kind === 'stranger' && (await readPidFile(place.clusterDir))?.pid === found?.pid)
        await rm(join(place.clusterDir, 'postmaster.pid'), { force: true })
      await clearEmptyLock(join(place.clusterDir, 'postmaster.pid'), place.clusterDir)
      const started = await start(place, socketDir, signal)
      if (!('obstacle' in started)) return started
      if (!patient()) throw notStarted(place, started.obstacle)
    }
    await sleep(LOOK_MS, signal)
  }
}

/** Waits until the running server answers. Undefined when it ended meanwhile, or was ended by us because it never did. */
async function adopt(place: Place, pid: number, signal: AbortSignal | undefined): Promise<Running | undefined> {
  let heardAt = performance.now()
  while ((await processOf(pid, place.clusterDir)) === 'server') {
    signal?.throwIfAborted()
    const found = await readPidFile(place.clusterDir)
    if (found?.pid !== pid) return undefined
    const answer = found.socketDir === '' ? 'nothing' : await ask(place, found.socketDir)
    if (answer === 'ready') return watched(pid, place.clusterDir, found.socketDir)
    // Recovery after a crash may take its time; it says so.
    if (answer === 'not yet') heardAt = performance.now()
    if (performance.now() - heardAt > MUTE_MS) {
      place.log.warn({ pid }, 'the embedded store runs but does not answer; it is ended and started again')
      await endServer(place.clusterDir, place.log)
      return undefined
    }
    await sleep(LOOK_MS, signal)
  }
  return undefined
}

/** A running server that is not our child. */
function watched(pid: number, clusterDir: string, socketDir: string): Running {
  const end = Promise.withResolvers<string>()
  const timer = setInterval(async () => {
    if ((await processOf(pid, clusterDir)) === 'server') return
    clearInterval(timer)
    end.resolve('it is gone')
  }, WATCH_MS).unref()
  const forget = () => {
    clearInterval(timer)
    end.resolve('forgotten')
  }
  return { pid, adopted: true, socketDir, ended: end.promise, forget }
}

/** Spawns the server and waits until it answers. An obstacle is what another one left, or does: it goes away by itself. */
async function start(
  place: Place,
  wanted: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Running | { obstacle: string }> {
  const { clusterDir, account } = place
  await writeSettings(clusterDir, account)
  const socketDir = wanted ?? (await runtimeFolder(clusterDir, account))
  if (wanted !== undefined && !(await claimFolder(wanted, account)))
    throw new Error(`${wanted}, where the store's socket belongs, was taken by somebody else`)
  await clearSocketLock(socketDir, clusterDir)
  await clearEmptyLock(join(socketDir, SOCKET_LOCK), clusterDir)
  await rotateLog(place.logFile)
  const logFrom = await sizeOf(place.logFile)
  const { child, end, hasEnded } = await spawnServer(place, socketDir)
  try {
    for (;;) {
      signal?.throwIfAborted()
      if (hasEnded()) {
        const said = await linesSince(place.logFile, logFrom)
        const complaint = complaintIn(said) ?? (await end.promise)
        if (STILL_GOING.test(said)) return { obstacle: complaint }
        throw notStarted(place, complaint)
      }
      const answer = await ask(place, socketDir)
      const holder = (await readPidFile(clusterDir))?.pid
      if (answer === 'ready' && holder === child.pid) break
      // Somebody else's server answered: ours came second and is going away, or is too late to be needed.
      if (answer === 'ready' && holder !== undefined) {
        child.kill('SIGINT')
        await end.promise
        return { obstacle: 'another server came first' }
      }
      await sleep(LOOK_MS, signal)
    }
  } catch (error) {
    // Nothing half started stays behind.
    if (!hasEnded() && child.kill('SIGINT')) await Promise.race([end.promise, sleep(FAST_STOP_MS)])
    await rmdir(socketDir).catch(() => {})
    throw error
  }
  // It shall not keep our process from ending; who wants it ended says so.
  child.unref()
  return { pid: child.pid ?? 0, adopted: false, socketDir, ended: end.promise, forget: () => end.resolve('forgotten') }
}

function notStarted({ logFile }: Place, complaint: string): UserError {
  return new UserError(
    'store-not-started',
    `The embedded PostgreSQL did not start: ${complaint}. Its log is ${logFile}.`,
  )
}

/**
 * A killed server leaves a second lock beside its socket. PostgreSQL takes a stranger with the same number, or a zombie, for its owner,
 * as it does with postmaster.pid. The folder is this cluster's alone.
 */
async function clearSocketLock(socketDir: string, clusterDir: string): Promise<void> {
  const lock = join(socketDir, SOCKET_LOCK)
  const pid = Number.parseInt(await readFile(lock, 'utf8').catch(() => ''), 10)
  if (pid > 0 && (await processOf(pid, clusterDir)) === 'stranger') await rm(lock, { force: true })
}

/** A full disk or a power cut leaves a lock without a word, and then no server would ever start: it takes the empty file for one that starts. */
async function clearEmptyLock(lock: string, clusterDir: string): Promise<void> {
  const isEmpty = async () => (await stat(lock).catch(() => null))?.size === 0
  for (const from = performance.now(); performance.now() - from < UNWRITTEN_MS; await sleep(LOOK_MS))
    if (!(await isEmpty())) return
  if (!(await isInUse(clusterDir)) && (await isEmpty())) await rm(lock, { force: true })
}

interface Spawned {
  child: ChildProcess
  /** Resolves with the cause of its end. */
  end: PromiseWithResolvers<string>
  hasEnded(): boolean
}

async function spawnServer({ clusterDir, binaries, account, logFile }: Place, socketDir: string): Promise<Spawned> {
  const output = await open(logFile, 'a', 0o600)
  try {
    const child = spawn(join(binaries, 'bin', 'postgres'), ['-D', clusterDir, '-k', socketDir], {
      cwd: '/',
      env: CLEAN_ENVIRONMENT,
      // A group and a session of its own: Ctrl-C at a terminal ends the bot, which then drains, which needs the store.
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
      ...account,
    })
    // Listened to from the first moment on: one that cannot start is gone before anything else has happened.
    const end = Promise.withResolvers<string>()
    let ended = false
    const finish = (cause: string) => {
      ended = true
      end.resolve(cause)
    }
    child.once('error', (error) => finish(error.message))
    child.once('exit', (code, by) => finish(by === null ? `it ended with exit code ${code}` : `it was ended by ${by}`))
    return { child, end, hasEnded: () => ended }
  } finally {
    await output.close()
  }
}

/** Asks as every pool will: through the socket, with the password. */
async function ask(place: Place, socketDir: string): Promise<'ready' | 'not yet' | 'nothing'> {
  const password = await readPassword(place.clusterDir)
  const client = new pg.Client({ ...OWN_SERVER, host: socketDir, password, connectionTimeoutMillis: 1_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return 'ready'
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // All connections in use: it could hardly be more alive.
    if (code === '53300') return 'ready'
    if (code === '57P03') return 'not yet'
    if (code === '28P01')
      throw new UserError(
        'store-password-wrong',
        `The embedded store in ${place.clusterDir} refuses the password in its file watchbill.password. Put back the file that belongs to it.`,
      )
    // Any other SQLSTATE is the server's own considered no, which waiting does not change.
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !NO_SQLSTATE.has(code)) throw error
    return 'nothing'
  } finally {
    await client.end().catch(() => {})
  }
}

/** Whether clients besides us are connected. Those who ask the same at this moment do not count, or two leavers would both stay. */
async function othersAreConnected(config: pg.ClientConfig): Promise<boolean> {
  const client = new pg.Client({
    ...config,
    application_name: 'watchbill leaving',
    connectionTimeoutMillis: 1_000,
    query_timeout: 2_000,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ others: number }>(
      `select count(*)::int as others from pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_backend_pid() and application_name <> 'watchbill leaving'`,
    )
    return (rows[0]?.others ?? 0) > 0
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

/** Fast shutdown, then the harder ways. Safe at any hardness: what was acknowledged is in the log of the server. */
async function endServer(clusterDir: string, log: Logger): Promise<void> {
  const pid = (await readPidFile(clusterDir))?.pid
  if (pid === undefined) return
  for (const [signal, patience] of [
    ['SIGINT', FAST_STOP_MS],
    ['SIGQUIT', IMMEDIATE_STOP_MS],
    ['SIGKILL', IMMEDIATE_STOP_MS],
  ] as const) {
    if ((await processOf(pid, clusterDir)) !== 'server') return
    if (signal !== 'SIGINT') log.warn({ pid, signal }, 'the embedded store takes too long to stop')
    try {
      process.kill(pid, signal)
      // A server that somebody froze would only hear us once it is woken.
      process.kill(pid, 'SIGCONT')
    } catch {
      return
    }
    const until = performance.now() + patience
    while (performance.now() < until && (await processOf(pid, clusterDir)) === 'server') await sleep(LOOK_MS)
  }
}

/** Lines of postmaster.pid: pid, data folder, start time, port, socket folder, address, shared memory, state. Written bit by bit. */
async function readPidFile(clusterDir: string): Promise<{ pid: number; socketDir: string } | undefined> {
  const content = await readFile(join(clusterDir, 'postmaster.pid'), 'utf8').catch(() => '')
  const lines = content.split('\n')
  const pid = Number.parseInt(lines[0] ?? '', 10)
  return pid > 0 ? { pid, socketDir: lines[4]?.trim() ?? '' } : undefined
}

/** The server writes at the end of the file wherever that is, so it can be cut short under its pen. */
async function rotateLog(path: string): Promise<void> {
  if ((await sizeOf(path)) < LOG_BYTES) return
  await copyFile(path, `${path}.1`)
  await truncate(path)
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0
}

async function linesSince(path: string, offset: number): Promise<string> {
  const content = await readFile(path).catch(() => Buffer.alloc(0))
  return content.subarray(offset).toString('utf8')
}

/** The server's own words for why it gave up; our asking while it started left lines of its own. */
function complaintIn(said: string): string | undefined {
  const lines = said.split('\n').filter((line) => line.trim() !== '' && !line.includes('the database system is '))
  const complaint = lines.find((line) => /FATAL|PANIC/.test(line)) ?? lines.at(-1)
  return complaint?.replace(/^.*?(FATAL|PANIC):\s*/, '').replace(/\.$/, '')
}
