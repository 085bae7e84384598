import { createHash } from 'node:crypto'
import { chown, lstat, mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Account, isRoot } from './account.ts'

/** The limit of a socket's path is 107 bytes on Linux and 103 on macOS, `/.s.PGSQL.5432` takes 14 of them. */
const LONGEST_FOLDER = 103 - 14
/** `/watchbill-` and twelve digits, or the longer name of the fallback. */
const NAME_ROOM = 32

/**
 * Where the server's socket lives: a short folder of mode 0700 under the temp folder, the same at every start. A stranger may have
 * taken that guessable name; then it gets a name of its own, which a later process reads from postmaster.pid.
 */
export async function runtimeFolder(clusterDir: string, account: Account | undefined): Promise<string> {
  const parent = shortTempFolder(tmpdir())
  const folder = join(parent, `watchbill-${createHash('sha256').update(clusterDir).digest('hex').slice(0, 12)}`)
  if (await claimFolder(folder, account)) return folder
  const other = await mkdtemp(`${folder}-`)
  if (account !== undefined) await chown(other, account.uid, account.gid)
  return other
}

/** Makes the folder, or finds it made by us: a real folder, of the right owner, closed to everybody else. */
export async function claimFolder(folder: string, account: Account | undefined): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 })
    if (account !== undefined) await chown(folder, account.uid, account.gid)
    return true
  } catch {
    const found = await lstat(folder).catch(() => undefined)
    const owner = account?.uid ?? process.getuid?.()
    return found?.isDirectory() === true && found.uid === owner && (found.mode & 0o077) === 0
  }
}

/** PostgreSQL takes a list of folders, so a comma or a quote in the name would be read as more than one. */
export function shortTempFolder(preferred: string): string {
  const fits = Buffer.byteLength(preferred) + NAME_ROOM <= LONGEST_FOLDER && !/[,"']/.test(preferred)
  // As root the server's account must be able to reach it too, and a TMPDIR of root's own is often closed.
  return fits && !(isRoot() && preferred.startsWith('/root')) ? preferred : '/tmp'
}
