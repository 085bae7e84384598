import { randomBytes } from 'node:crypto'
import { chown, lchown, lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Logger } from 'pino'
import { UserError } from '../../errors.ts'
import { type Account, run } from './account.ts'

const MAJOR = '18'
export const SUPERUSER = 'watchbill'
const PASSWORD_FILE = 'watchbill.password'
const SETTINGS_FILE = 'watchbill.conf'

/**
 * Ours, read after initdb's. Written anew before each start, so that a new version of Watchbill brings its settings along. The machine
 * is small and the server is one program's own: few processes, little memory, and nothing of what was acknowledged is ever lost.
 */
const SETTINGS = `# Written by Watchbill at each start.
listen_addresses = ''
port = 5432
unix_socket_permissions = 0700
password_encryption = scram-sha-256
max_connections = 60
shared_buffers = 32MB
work_mem = 4MB
maintenance_work_mem = 32MB
effective_cache_size = 256MB
huge_pages = off
jit = off
fsync = on
full_page_writes = on
synchronous_commit = on
wal_level = minimal
max_wal_senders = 0
min_wal_size = 32MB
max_wal_size = 256MB
io_method = sync
max_worker_processes = 2
max_parallel_workers_per_gather = 0
max_parallel_maintenance_workers = 0
max_logical_replication_workers = 0
autovacuum_max_workers = 2
timezone = 'UTC'
log_timezone = 'UTC'
log_destination = 'stderr'
logging_collector = off
log_min_messages = warning
# No values of rows and no statements in the log: both may hold what people wrote and what they keep secret.
log_error_verbosity = terse
log_min_error_statement = panic
log_checkpoints = off
log_autovacuum_min_duration = -1
log_line_prefix = '%m [%p] '
${process.platform === 'linux' ? 'recovery_init_sync_method = syncfs' : ''}
`

const ACCESS = `# Written by Watchbill: its own socket, its own password, nothing else.
local all all scram-sha-256
`

/**
 * Makes sure there is a cluster of our major version. A first one is made beside its final place, synced, and renamed: a crash at any
 * moment leaves either none or a whole one. Its password lives in it, so that the two are born together and travel together.
 */
export async function ensureCluster(
  clusterDir: string,
  binaries: string,
  account: Account | undefined,
  log: Logger,
  signal: AbortSignal | undefined,
): Promise<void> {
  const version = await readFile(join(clusterDir, 'PG_VERSION'), 'utf8').catch(() => undefined)
  if (version === undefined) {
    await removeUnfinished(clusterDir)
    await create(clusterDir, binaries, account, log, signal)
  } else if (version.trim() !== MAJOR) {
    throw new UserError(
      'store-of-another-version',
      `${clusterDir} was written by PostgreSQL ${version.trim()}, this version of Watchbill brings PostgreSQL ${MAJOR}. Run the version that wrote it, take a copy with "watchbill backup", and give that to "watchbill restore" of this version in an empty data folder.`,
    )
  }
  await ownCluster(clusterDir, account)
}

/** What is there already is left alone: a start on a full disk needs no room for it. */
export async function writeSettings(clusterDir: string, account: Account | undefined): Promise<void> {
  for (const [name, content] of [
    [SETTINGS_FILE, SETTINGS],
    ['pg_hba.conf', ACCESS],
  ] as const) {
    const path = join(clusterDir, name)
    if ((await readFile(path, 'utf8').catch(() => '')) !== content) await writeOwned(path, content, account)
  }
}

export async function readPassword(clusterDir: string): Promise<string> {
  const path = join(clusterDir, PASSWORD_FILE)
  const password = await readFile(path, 'utf8').catch(() => '')
  if (password.trim() !== '') return password.trim()
  throw new UserError(
    'store-password-missing',
    `${path} is missing or cannot be read, so the embedded store cannot be opened. Put the file back from a backup, or start with another WATCHBILL_DATA and "watchbill restore".`,
  )
}

async function create(
  clusterDir: string,
  binaries: string,
  account: Account | undefined,
  log: Logger,
  signal: AbortSignal | undefined,
): Promise<void> {
  // An empty folder may be filled, one with somebody's files may not.
  const present = await readdir(clusterDir).catch(() => [])
  if (present.length > 0)
    throw new UserError(
      'store-folder-taken',
      `${clusterDir} holds files but no PostgreSQL cluster. Move them away, or set WATCHBILL_DATA to another folder.`,
    )
  const startedAt = performance.now()
  const unfinished = `${clusterDir}.new-${randomBytes(4).toString('hex')}`
  await mkdir(unfinished, { mode: 0o700 })
  if (account !== undefined) await chown(unfinished, account.uid, account.gid)
  const passwordFile = `${unfinished}.password`
  const password = randomBytes(24).toString('base64url')
  try {
    // Beside the folder, since initdb wants it empty. Readable by nobody but the account that runs initdb.
    await writeOwned(passwordFile, password, account)
    const args = [
      ...['-D', unfinished, '-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
      ...['--no-locale', '--encoding=UTF8', '--data-checksums', '--no-instructions', '--wal-segsize=4'],
      // One call for all files instead of one for each of a thousand, where the system knows it.
      ...(process.platform === 'linux' ? ['--sync-method=syncfs'] : []),
      ...['-c', 'shared_buffers=32MB', '-c', 'max_connections=60'],
    ]
    const { code, output } = await run(join(binaries, 'bin', 'initdb'), args, account, signal)
    signal?.throwIfAborted()
    if (code !== 0)
      throw new UserError(
        'store-not-created',
        `PostgreSQL could not make its files in ${clusterDir}: ${lastLine(output)}`,
      )
    await rename(passwordFile, join(unfinished, PASSWORD_FILE))
    const settings = join(unfinished, 'postgresql.conf')
    const initial = await readFile(settings, 'utf8')
    await writeOwned(settings, `${initial}\ninclude_if_exists '${SETTINGS_FILE}'\n`, account)
    await writeSettings(unfinished, account)
    await sync(unfinished)
    await rename(unfinished, clusterDir)
    await sync(dirname(clusterDir))
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    throw error
  } finally {
    await rm(passwordFile, { force: true })
  }
  log.info({ folder: clusterDir, tookMs: Math.round(performance.now() - startedAt) }, 'the embedded store was created')
}

/** What an initdb that was killed left behind. */
async function removeUnfinished(clusterDir: string): Promise<void> {
  const parent = dirname(clusterDir)
  for (const name of await readdir(parent))
    if (name.startsWith(`${basename(clusterDir)}.new-`))
      await rm(join(parent, name), { recursive: true, force: true, maxRetries: 3 })
}

/** As root: the files of a cluster that root restored or copied are given to the account. Anybody else must own them already. */
async function ownCluster(clusterDir: string, account: Account | undefined): Promise<void> {
  const { uid } = await lstat(clusterDir)
  const wanted = account?.uid ?? process.getuid?.() ?? uid
  if (uid === wanted) return
  if (account === undefined)
    throw new UserError(
      'store-of-another-user',
      `${clusterDir} belongs to the user with id ${uid}, and PostgreSQL runs only under its files' owner. Start Watchbill as that user, or run: chown -R $(id -u) ${clusterDir}`,
    )
  for (const name of await readdir(clusterDir, { recursive: true }))
    await lchown(join(clusterDir, name), account.uid, account.gid)
  await lchown(clusterDir, account.uid, account.gid)
}

/**
 * Mode 0600, written aside and renamed: a full disk or a crash leaves the old content. Ownership goes through the handle, never through
 * the path: root must not be led by a link that the server's account put there.
 */
async function writeOwned(path: string, content: string, account: Account | undefined): Promise<void> {
  const unfinished = `${path}.${randomBytes(4).toString('hex')}`
  const handle = await open(unfinished, 'wx', 0o600)
  try {
    await handle.writeFile(content)
    if (account !== undefined) await handle.chown(account.uid, account.gid)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(unfinished, path)
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.trim() || 'it said nothing'
}
