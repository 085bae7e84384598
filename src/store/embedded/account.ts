import { spawn } from 'node:child_process'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'

/** The account the server runs under when the bot itself is root: PostgreSQL refuses to run as root. */
export interface Account {
  uid: number
  gid: number
}

/** In order of preference. `nobody` is shared with other daemons, so it is the last resort. */
const UNPRIVILEGED = ['postgres', '_postgres', 'nobody']

/** The server sees nothing of ours: no PG* that would bend it, no NODE_*, no token. */
export const CLEAN_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C' }

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/**
 * Under whom the server must run: ourselves (undefined) unless we are root. Whoever owns an existing cluster stays its owner, so that
 * a `postgres` account that appears later does not lock us out.
 */
export async function serverAccount(clusterDir: string): Promise<Account | undefined> {
  if (!isRoot()) return undefined
  const owner = await lstat(clusterDir).catch(() => undefined)
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  return unprivileged(await readFile('/etc/passwd', 'utf8').catch(() => ''))
}

/** @param passwd the text of /etc/passwd */
export function unprivileged(passwd: string): Account | undefined {
  const lines = passwd.split('\n').map((line) => line.split(':'))
  for (const name of UNPRIVILEGED) {
    const [, , uid, gid] = lines.find(([candidate]) => candidate === name) ?? []
    // macOS writes nobody's ids as -2.
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }
  }
  return undefined
}

/** Whether that account can enter the folder. Asked of the system itself, which knows about access lists and namespaces. */
export async function canEnter(folder: string, account: Account): Promise<boolean> {
  const { code } = await run('/bin/sh', ['-c', 'cd -- "$0"', folder], account)
  return code === 0
}

/** Runs a program with the clean environment to its end; never rejects. `code` is null when it could not be started. */
export function run(
  program: string,
  args: string[],
  account: Account | undefined,
  signal?: AbortSignal,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(program, args, {
      cwd: '/',
      env: CLEAN_ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...account,
      ...(signal === undefined ? {} : { signal }),
    })
    const keep = (chunk: string) => {
      output = (output + chunk).slice(-4_000)
    }
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)
    child.once('error', (error) => resolve({ code: null, output: error.message }))
    child.once('close', (code) => resolve({ code, output }))
  })
}

/**
 * What a process id of postmaster.pid stands for today. A reused id and a zombie are strangers: PostgreSQL itself cannot tell them
 * from a living server and would refuse to start for ever.
 *
 * @param clusterDir real path of the cluster: an argument of its postmaster, the working directory of all its server's processes
 */
export async function processOf(pid: number, clusterDir: string): Promise<'server' | 'stranger' | 'gone'> {
  if (!isAlive(pid)) return 'gone'
  if (process.platform !== 'linux') {
    const { output } = await run('/bin/ps', ['-o', 'stat=,command=', '-p', String(pid)], undefined)
    if (output.trim() === '' || output.trim().startsWith('Z')) return 'gone'
    return output.includes('postgres') && output.includes(clusterDir) ? 'server' : 'stranger'
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (stat === undefined) return 'gone'
  // The name may hold spaces and parentheses; the state follows the last one.
  if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')) return 'stranger'
  // Everybody may read the command line; the working directory of another account's process not even root may, in most containers.
  const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  if (!command[0]?.includes('postgres')) return 'stranger'
  return command.includes(clusterDir) || (await linkOf(`/proc/${pid}/cwd`)) === clusterDir ? 'server' : 'stranger'
}

/** Whether any process at all still works in the cluster: a backend may outlive its killed postmaster for a moment. */
export async function isInUse(clusterDir: string): Promise<boolean> {
  if (process.platform !== 'linux') return false
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const folders = await Promise.all(pids.map((pid) => linkOf(join('/proc', pid, 'cwd'))))
  return folders.includes(clusterDir)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function linkOf(path: string): Promise<string | undefined> {
  return readlink(path).catch(() => undefined)
}
