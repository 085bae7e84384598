import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, UserError } from '../errors.ts'

/** Marks the data folder as ours: two processes on one folder would be two watches that know nothing of each other. */
export async function takeDataFolder(dataDir: string): Promise<() => Promise<void>> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new UserError(
      'no-data-folder',
      `The data folder ${dataDir} cannot be made (${messageOf(error)}): set WATCHBILL_DATA to a folder that may be written.`,
    )
  })
  const path = join(dataDir, 'watchbill.pid')
  const own = `${path}.${process.pid}`
  for (let tries = 0; tries < 3; tries++) {
    try {
      // Born with its content: another starter must never find it empty, and take it for a dead one's.
      await writeFile(own, `${process.pid}\n${await startOf(process.pid)}\n`, { mode: 0o600 })
      await link(own, path)
      return () => rm(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (await alive(path))
        throw new UserError(
          'data-folder-in-use',
          `Another Watchbill works on ${dataDir} (${path}): several processes need DATABASE_URL. Stop the other, or set WATCHBILL_DATA.`,
        )
      await rm(path, { force: true })
    } finally {
      await rm(own, { force: true })
    }
  }
  throw new UserError('data-folder-in-use', `${path} keeps coming back: is another Watchbill just starting?`)
}

/** Whether the process that wrote the file still runs; a number that something else has by now is not it. */
async function alive(path: string): Promise<boolean> {
  const [pid = '', start = ''] = (await readFile(path, 'utf8').catch(() => '')).split('\n')
  const number = Number(pid)
  if (!Number.isInteger(number) || number <= 0 || number === process.pid) return false
  try {
    process.kill(number, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  // Killed, and not yet buried by its parent: it does nothing any more.
  const dead = 'ZX'.includes((await factsOf(number))[STATE] ?? ' ')
  return !dead && (start === '' || start === (await startOf(number)))
}

/** Where the state and the start of a process stand among what the system tells of it after its name. */
const STATE = 0
const START = 19

/** When a process started, as the system counts it; empty where the system does not say. */
const startOf = async (pid: number) => (await factsOf(pid))[START] ?? ''

async function factsOf(pid: number): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
