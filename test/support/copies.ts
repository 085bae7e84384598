import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { startEmbedded } from '../../src/store/embedded.ts'

/** Clusters of PostgreSQL that a run of the tests makes once and copies, since initdb takes a second. Needs nothing of vitest. */

/** The variable that names the folder of them, to all processes of the run. */
const COPIES = 'TEST_COPIES'

export const CLUSTER = 'cluster'

/** From now on they are kept, until the function returned is called. */
export async function keepCopies(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'watchbill-copies-'))
  // PostgreSQL works as another user than root, and has to pass.
  await chmod(folder, 0o711)
  process.env[COPIES] = folder
  return () => rm(folder, { recursive: true, force: true })
}

/**
 * Copies a cluster, owners and all, to a place where nothing is yet; `make` makes it when it is asked for first, in a folder that it is
 * given, as {@link CLUSTER}. False: none are kept, and nothing was done.
 */
export async function copied(name: string, to: string, make: (folder: string) => Promise<void>): Promise<boolean> {
  const copies = process.env[COPIES]
  if (copies === undefined) return false
  const kept = join(copies, name)
  if (!existsSync(kept)) {
    const folder = await mkdtemp(`${kept}-`)
    await make(folder)
    // Another process may have been quicker: its own does as well.
    await rename(folder, kept).catch(() => {})
  }
  await promisify(execFile)('cp', ['-a', join(kept, CLUSTER), to])
  return true
}

/** Puts a cluster that was never used into a data folder; where none are kept, the bot makes its own there. */
export async function withCluster(dataDir: string): Promise<void> {
  await copied('embedded', join(dataDir, 'postgres'), async (folder) => {
    const server = await startEmbedded({ dataDir: folder, log: pino({ level: 'silent' }) })
    await server.stop()
    await rename(join(folder, 'postgres'), join(folder, CLUSTER))
  })
}
