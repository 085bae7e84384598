import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFile,
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { processOf, serverAccount, unprivileged } from '../../src/store/embedded/account.ts'
import { packagedBinaries } from '../../src/store/embedded/binaries.ts'
import { claimFolder, runtimeFolder, shortTempFolder } from '../../src/store/embedded/runtime-folder.ts'
import { type EmbeddedServer, startEmbedded } from '../../src/store/embedded.ts'

const root = process.getuid?.() === 0
const lines: string[] = []
const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
const cleanUp: (() => Promise<unknown> | unknown)[] = []

afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
  lines.length = 0
})

/** A cluster made once and copied, since initdb takes a second. */
let template = ''
beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'watchbill-embedded-template-'))
  const server = await startEmbedded({ dataDir: template, log })
  await server.stop()
  return () => rm(template, { recursive: true, force: true })
})

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'watchbill-embedded-'))
  cleanUp.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** Copied by root, so that giving the files to the server's account is tried each time. */
async function usedFolder(): Promise<string> {
  const folder = await emptyFolder()
  await cp(join(template, 'postgres'), join(folder, 'postgres'), { recursive: true })
  return folder
}

async function start(dataDir: string, more: { binaries?: string } = {}): Promise<EmbeddedServer> {
  const server = await startEmbedded({ dataDir, log, ...more })
  cleanUp.push(() => server.stop())
  return server
}

/** Without the ballast, which is taken some seconds after the start. */
const filesIn = async (dataDir: string) => (await readdir(dataDir)).filter((name) => name !== 'postgres.ballast')

async function query(server: EmbeddedServer, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(server.poolConfig)
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

async function answersWithin(server: EmbeddedServer, ms: number): Promise<number> {
  const from = performance.now()
  for (;;) {
    try {
      await query(server, 'select 1')
      return performance.now() - from
    } catch (error) {
      if (performance.now() - from > ms) throw error
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

/** Processes that are a postmaster of this folder, whoever started them. */
async function postmasters(dataDir: string): Promise<number[]> {
  const cluster = join(await realpath(dataDir), 'postgres')
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) =>
      (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0').includes(cluster),
    ),
  )
  return pids.filter((_, index) => found[index]).map(Number)
}

/** A process of its own that starts the server and then does nothing: to be killed. */
function startInChild(dataDir: string): ChildProcess {
  const program = `
    import { startEmbedded } from ${JSON.stringify(join(import.meta.dirname, '../../src/store/embedded.ts'))}
    import { pino } from 'pino'
    const server = await startEmbedded({ dataDir: ${JSON.stringify(dataDir)}, log: pino({ level: 'silent' }) })
    console.log(server.serverPid)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanUp.push(() => child.kill('SIGKILL'))
  return child
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const chunk of child.stdout ?? []) return String(chunk).trim()
  throw new Error('the child said nothing')
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

describe('the embedded server', () => {
  test('is made at the first start: durable, closed to the network and to others, in UTC', async () => {
    const dataDir = await emptyFolder()
    const server = await start(dataDir)
    expect(server.adopted).toBe(false)
    const settings = await query(
      server,
      `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums',
         'listen_addresses', 'password_encryption', 'max_connections', 'TimeZone', 'server_encoding') order by name`,
    )
    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      data_checksums: 'on',
      listen_addresses: '',
      password_encryption: 'scram-sha-256',
      max_connections: '60',
      TimeZone: 'UTC',
      server_encoding: 'UTF8',
    })
    expect((await lstat(server.poolConfig.host)).mode & 0o777).toBe(0o700)
    expect((await lstat(join(dataDir, 'postgres', 'watchbill.password'))).mode & 0o777).toBe(0o600)
    await expect(new pg.Client({ ...server.poolConfig, password: 'password' }).connect()).rejects.toThrow(
      'password authentication failed',
    )
    expect(await filesIn(dataDir)).toEqual(['postgres', 'postgres.log'])
  })

  test('keeps what was written over a stop, and its socket over a restart', async () => {
    const dataDir = await usedFolder()
    const first = await start(dataDir)
    await query(first, 'create table kept as select 7 as n')
    await first.stop()
    await first.exited
    expect(await postmasters(dataDir)).toEqual([])
    const second = await start(dataDir)
    expect(await query(second, 'select n from kept')).toEqual([{ n: 7 }])
    expect(second.poolConfig).toEqual(first.poolConfig)
  })

  test('learns nothing of our environment, nor do connections to it', async () => {
    process.env.SLACK_BOT_TOKEN = 'xoxb-canary'
    process.env.PGOPTIONS = '-c fsync=off'
    cleanUp.push(() => {
      delete process.env.SLACK_BOT_TOKEN
      delete process.env.PGOPTIONS
    })
    const server = await start(await usedFolder())
    const environment = await readFile(`/proc/${server.serverPid}/environ`, 'utf8')
    expect(
      environment
        .split('\0')
        .filter((line) => line !== '' && !/^(PATH|LANG|PG_OOM|PGDATA|PGLOCALEDIR|PGSYSCONFDIR)/.test(line)),
    ).toEqual([])
    expect(environment).not.toContain('canary')
  })

  test('killed while we run, it is back within 3 s on the same socket, and the cause is told once', async () => {
    const server = await start(await usedFolder())
    for (let round = 0; round < 2; round++) {
      const pid = server.serverPid
      process.kill(pid, 'SIGKILL')
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(await answersWithin(server, 10_000)).toBeLessThan(10_000)
      await expect.poll(() => server.serverPid).not.toBe(pid)
    }
    expect(lines.filter((line) => line.includes('ended by itself'))).toHaveLength(1)
  })

  test('left behind by a killed process, it is adopted; there is never a second postmaster', async () => {
    const dataDir = await usedFolder()
    const child = startInChild(dataDir)
    const orphan = Number(await firstLine(child))
    await kill(child)
    const server = await start(dataDir)
    expect(server.adopted).toBe(true)
    expect(server.serverPid).toBe(orphan)
    expect(await postmasters(dataDir)).toEqual([orphan])
    // Adopted servers are supervised and stopped like our own.
    process.kill(orphan, 'SIGKILL')
    await expect.poll(() => server.serverPid, { timeout: 3_000 }).not.toBe(orphan)
    await answersWithin(server, 1_000)
    expect(await postmasters(dataDir)).toEqual([server.serverPid])
    await server.stop()
    expect(await postmasters(dataDir)).toEqual([])
  })

  test('an orphan that was killed too is recovered', async () => {
    const dataDir = await usedFolder()
    const child = startInChild(dataDir)
    const orphan = Number(await firstLine(child))
    await kill(child)
    process.kill(orphan, 'SIGKILL')
    const server = await start(dataDir)
    expect(server.adopted).toBe(false)
    expect(await postmasters(dataDir)).toEqual([server.serverPid])
  })

  test('a shutdown under way is waited for', async () => {
    const dataDir = await usedFolder()
    const first = await start(dataDir)
    const [second] = await Promise.all([
      new Promise((resolve) => setTimeout(resolve, 5)).then(() => start(dataDir)),
      first.stop(),
    ])
    await answersWithin(second, 3_000)
    expect(await postmasters(dataDir)).toEqual([second.serverPid])
  })

  test('started twice at the same moment, there is one', async () => {
    const dataDir = await usedFolder()
    const both = await Promise.all([start(dataDir), start(dataDir)])
    expect(both.map(({ adopted }) => adopted).toSorted()).toEqual([false, true])
    expect(await postmasters(dataDir)).toEqual([both[0].serverPid])
    expect(both[1].serverPid).toBe(both[0].serverPid)
  })

  test('a stale postmaster.pid is no hindrance, be its process dead or a stranger with the same number', async () => {
    for (const pid of [process.pid, 2 ** 22 - 3]) {
      const dataDir = await usedFolder()
      const cluster = join(await realpath(dataDir), 'postgres')
      const socketDir = await runtimeFolder(cluster, await serverAccount(cluster))
      const lock = `${pid}\n${cluster}\n1700000000\n5432\n${socketDir}\n`
      await writeFile(join(cluster, 'postmaster.pid'), `${lock}\n  1 2\nready   \n`)
      // The second lock that a killed server leaves.
      await writeFile(join(socketDir, '.s.PGSQL.5432.lock'), lock)
      const server = await start(dataDir)
      expect(server.adopted).toBe(false)
      await server.stop()
    }
  })

  test('nor are locks without a word, as a full disk or a power cut leaves them', async () => {
    const dataDir = await usedFolder()
    const cluster = join(await realpath(dataDir), 'postgres')
    const socketDir = await runtimeFolder(cluster, await serverAccount(cluster))
    await writeFile(join(cluster, 'postmaster.pid'), '')
    await writeFile(join(socketDir, '.s.PGSQL.5432.lock'), '')
    const server = await start(dataDir)
    expect(await query(server, 'select 1 as n')).toEqual([{ n: 1 }])
    await server.stop()
  })

  test('a start cut off during initdb leaves nothing half done', async () => {
    const dataDir = await emptyFolder()
    const child = startInChild(dataDir)
    const begun = () =>
      readdir(dataDir).then((names) =>
        names.find((name) => name.startsWith('postgres.new-') && !name.endsWith('.password')),
      )
    while ((await readdir(join(dataDir, (await begun()) ?? ' ')).catch(() => [])).length < 5)
      await new Promise((resolve) => setTimeout(resolve, 5))
    await kill(child)
    const server = await start(dataDir)
    await query(server, 'select 1')
    await server.stop()
    // The killed initdb may have gone on for a moment; whatever it left is swept at the next start.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    await (await start(dataDir)).stop()
    expect(await filesIn(dataDir)).toEqual(['postgres', 'postgres.log'])
  })

  test('an aborted start leaves no server behind', async () => {
    const dataDir = await usedFolder()
    const giveUp = new AbortController()
    setTimeout(() => giveUp.abort(new Error('enough')), 45)
    await startEmbedded({ dataDir, log, signal: giveUp.signal }).then(
      (server) => server.stop(),
      () => {},
    )
    expect(await postmasters(dataDir)).toEqual([])
  })

  test('ends with the last who leaves', async () => {
    const dataDir = await usedFolder()
    const bot = await start(dataDir)
    const pool = new pg.Pool({ ...bot.poolConfig, max: 1 })
    pool.on('error', () => {})
    await pool.query('select 1')
    const subcommand = await start(dataDir)
    expect(subcommand.adopted).toBe(true)
    expect(await subcommand.leave()).toBe(false)
    await pool.query('select 1')
    await pool.end()
    expect(await bot.leave()).toBe(true)
    expect(await postmasters(dataDir)).toEqual([])
  })

  test('is not ended by a subcommand that found it running, even where nobody is connected at that moment', async () => {
    const dataDir = await usedFolder()
    const bot = await start(dataDir)
    const subcommand = await start(dataDir)
    expect(await subcommand.leave()).toBe(false)
    expect(await postmasters(dataDir)).toEqual([bot.serverPid])
  })

  test('frozen, it is still stopped, and cleanly', async () => {
    const server = await start(await usedFolder())
    process.kill(server.serverPid, 'SIGSTOP')
    const from = performance.now()
    await server.stop()
    expect(performance.now() - from).toBeLessThan(15_000)
  })
})

describe('the binaries', () => {
  /** The package as `npm ci --ignore-scripts` leaves it: without its library symlinks. */
  async function bare(folder: string): Promise<string> {
    const native = join(folder, 'package', 'native')
    await cp(packagedBinaries(), native, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !path.endsWith('.a'),
    })
    const links: { target: string }[] = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8'))
    for (const { target } of links) await rm(join(native, '..', target), { force: true })
    await writeFile(join(native, '..', 'package.json'), '{"version": "18.4.0-test"}')
    return native
  }

  test('get the symlinks that the install script would have made', async () => {
    const native = await bare(await emptyFolder())
    if (root) await chmod(join(native, '..', '..'), 0o755)
    const dataDir = await usedFolder()
    await start(dataDir, { binaries: native })
    expect((await lstat(join(native, 'lib', 'libpq.so.5'))).isSymbolicLink()).toBe(true)
    expect(await filesIn(dataDir)).toEqual(['postgres', 'postgres.log'])
  })

  test.runIf(root)('are copied into the data folder when the server may not reach them', async () => {
    // mkdtemp's mode is 0700, as is a home folder's.
    const native = await bare(await emptyFolder())
    const dataDir = await usedFolder()
    const server = await start(dataDir, { binaries: native })
    const copy = join(await realpath(dataDir), 'postgres-binaries-18.4.0-test')
    expect((await lstat(copy)).uid).toBe(0)
    expect((await readFile(`/proc/${server.serverPid}/cmdline`, 'utf8')).startsWith(copy)).toBe(true)
  })
})

describe('what cannot be is said in a sentence', () => {
  test('a cluster of another major version', async () => {
    const dataDir = await usedFolder()
    await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '17\n')
    await expect(start(dataDir)).rejects.toThrow(/was written by PostgreSQL 17.*watchbill backup/)
  })

  test("a folder with somebody else's files", async () => {
    const dataDir = await emptyFolder()
    await mkdir(join(dataDir, 'postgres'))
    await writeFile(join(dataDir, 'postgres', 'precious'), '')
    await expect(start(dataDir)).rejects.toThrow(/holds files but no PostgreSQL cluster/)
  })

  test('a lost password', async () => {
    const dataDir = await usedFolder()
    await rm(join(dataDir, 'postgres', 'watchbill.password'))
    await expect(start(dataDir)).rejects.toThrow(/watchbill.password is missing/)
  })

  test("a configuration that the server refuses, in the server's own words", async () => {
    const dataDir = await usedFolder()
    await appendFile(join(dataDir, 'postgres', 'postgresql.auto.conf'), 'work_mem = plenty\n')
    await expect(start(dataDir)).rejects.toThrow(/did not start: .*configuration file.*postgres\.log/)
  })

  test.runIf(root)('a data folder below one that the server may not enter', async () => {
    const closed = await emptyFolder()
    await expect(start(join(closed, 'data'))).rejects.toThrow(/cannot reach the data folder.*Set WATCHBILL_DATA/)
  })

  test('a data path of any length is fine, since the socket is elsewhere', async () => {
    const folder = await emptyFolder()
    if (root) await chmod(folder, 0o711)
    const dataDir = join(folder, 'x'.repeat(120), 'y'.repeat(120))
    await mkdir(dataDir, { recursive: true })
    await cp(join(template, 'postgres'), join(dataDir, 'postgres'), { recursive: true })
    await query(await start(dataDir), 'select 1')
  })
})

describe('small parts', () => {
  test("the account: postgres before nobody, macOS's negative ids, none", () => {
    expect(unprivileged('nobody:x:65534:65534::/:/x\npostgres:x:101:104::/:/x')).toEqual({ uid: 101, gid: 104 })
    expect(unprivileged('nobody:*:-2:-2::/:/x')).toEqual({ uid: 4294967294, gid: 4294967294 })
    expect(unprivileged('root:x:0:0::/:/x')).toBeUndefined()
  })

  test('a process that is not a server is a stranger', async () => {
    expect(await processOf(process.pid, '/anywhere')).toBe('stranger')
    expect(await processOf(2 ** 22 - 3, '/anywhere')).toBe('gone')
  })

  test("the socket's folder is never one that a stranger prepared", async () => {
    const cluster = `/nowhere/${randomBytes(6).toString('hex')}`
    const folder = await runtimeFolder(cluster, undefined)
    cleanUp.push(() => rm(folder, { recursive: true }))
    expect(await runtimeFolder(cluster, undefined)).toBe(folder)
    const link = join(await emptyFolder(), 'link')
    await symlink(folder, link)
    expect(await claimFolder(link, undefined)).toBe(false)
    await chmod(folder, 0o755)
    const other = await runtimeFolder(cluster, undefined)
    cleanUp.push(() => rm(other, { recursive: true }))
    expect(basename(other).startsWith(`${basename(folder)}-`)).toBe(true)
  })

  test('a temp folder that is too long or would be read as a list gives way to /tmp', () => {
    expect(shortTempFolder('/var/tmp')).toBe('/var/tmp')
    expect(shortTempFolder(`/${'long/'.repeat(20)}`)).toBe('/tmp')
    expect(shortTempFolder('/tmp/a,b')).toBe('/tmp')
  })
})
