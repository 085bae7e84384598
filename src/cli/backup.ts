import { join, resolve } from 'node:path'
import { type Backup, backUp } from '../store/backup.ts'
import { backupFolder, backupName } from '../store/backup-folder.ts'
import { envOf, failing } from './configured.ts'
import { reachStore, sentenceOf, untilStopped } from './reach-store.ts'

interface Output {
  write(text: string): unknown
}

/**
 * `watchbill backup`: a copy of the store in one file, whether the bot runs or not.
 *
 * @returns the exit code: 0 it is written, 2 it is not
 */
export async function backup(
  { file, json }: { file?: string; json?: boolean },
  io: { env: Record<string, string | undefined>; stdout: Output; stderr: Output; now: number; program: string },
): Promise<number> {
  const fail = failing(io.stderr)
  const read = envOf(io.env)
  if ('problems' in read) return fail(read.problems)
  const { env } = read
  const path = resolve(file ?? join(backupFolder(env.data), backupName(io.now, 'by-hand')))
  try {
    const made = await untilStopped((signal) =>
      reachStore(env, { alone: false, create: false, signal }, (config) =>
        backUp(config, { path, at: io.now, program: io.program, signal }),
      ),
    )
    io.stdout.write(json ? `${JSON.stringify(made)}\n` : `${summary(made)}\n`)
    return 0
  } catch (error) {
    return fail([sentenceOf(error, 'The backup could not be made')])
  }
}

/** What a backup holds, in one sentence. */
export function summary({ file, rows, bytes }: Backup): string {
  const all = Object.values(rows).reduce((sum, count) => sum + count, 0)
  return `${file} holds the store as it was: ${all} rows in ${Object.keys(rows).length} tables, ${(bytes / 1e6).toFixed(1)} MB.`
}
