import { resolve } from 'node:path'
import { UserError } from '../errors.ts'
import { backupFolder, backupName } from '../store/backup-folder.ts'
import { examine, restore as putBack, type Restored } from '../store/restore.ts'
import { checkServer } from '../store/server.ts'
import { summary } from './backup.ts'
import { envOf } from './configured.ts'
import { reachStore, sentenceOf, untilStopped } from './reach-store.ts'

interface Output {
  write(text: string): unknown
}

/** Of a file that is not what was written: a problem that was found, and not one of this machine. */
const BAD_FILE = ['not-a-backup', 'damaged-backup']

/**
 * `watchbill restore`: puts a backup back into an empty store, or with `--force` in the place of another.
 *
 * @returns the exit code: 0 it is restored, 1 the file is no backup or damaged, 2 it cannot be restored here. Other than 0: nothing was changed
 */
export async function restore(
  { file, force, json }: { file: string; force?: boolean; json?: boolean },
  io: { env: Record<string, string | undefined>; stdout: Output; stderr: Output; now: number; program: string },
): Promise<number> {
  const fail = (code: number, sentences: readonly string[]) => {
    for (const sentence of sentences) io.stderr.write(`${sentence}\n`)
    return code
  }
  const read = envOf(io.env)
  if ('problems' in read) return fail(2, read.problems)
  const { env } = read
  const keepAs = resolve(backupFolder(env.data), backupName(io.now, 'before-restore'))
  try {
    const examined = await examine(resolve(file))
    const restored = await untilStopped((signal) =>
      reachStore(env, { alone: true, create: true, signal }, async (config) => {
        if (env.databaseUrl !== null) await checkServer(config, { timetable: env.redisUrl === null })
        return putBack(config, examined, { force: force ? { keepAs } : null, at: io.now, program: io.program, signal })
      }),
    )
    io.stdout.write(json ? `${JSON.stringify(restored)}\n` : said(restored))
    return 0
  } catch (error) {
    const badFile = error instanceof UserError && BAD_FILE.includes(error.code)
    return fail(badFile ? 1 : 2, [sentenceOf(error, 'The backup could not be restored')])
  }
}

function said({ file, at, program, rows, kept }: Restored): string {
  const all = Object.values(rows).reduce((sum, count) => sum + count, 0)
  const before = kept === null ? [] : [`What was there before is kept: ${summary(kept)}`]
  return `${[`Restored ${all} rows from ${file}, taken at ${at} by Watchbill ${program}.`, ...before].join('\n')}\n`
}
