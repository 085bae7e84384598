import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Env } from '../env.ts'
import { messageOf, UserError } from '../errors.ts'
import { createLog } from '../log.ts'
import { startEmbedded } from '../store/embedded.ts'
import { addressed, hopeless } from '../store/store.ts'
import { takeDataFolder } from './pidfile.ts'

type Place = Pick<Env, 'data' | 'databaseUrl'>

interface Reach {
  /** Nobody else may work on the data folder meanwhile. */
  alone: boolean
  /** Makes a store where there is none. */
  create: boolean
  signal: AbortSignal
}

/**
 * The store, for a subcommand that works for a moment: the database that is named, else the server of the data folder. That is adopted
 * where the bot has it running, and started, and stopped again, where it has not.
 */
export async function reachStore<T>(
  place: Place,
  { alone, create, signal }: Reach,
  use: (config: ReturnType<typeof addressed>) => Promise<T>,
): Promise<T> {
  if (place.databaseUrl !== null) return use(addressed(place.databaseUrl))
  const { data } = place
  if (!create && !(await exists(join(data, 'postgres', 'PG_VERSION'))))
    throw new UserError(
      'no-store',
      `There is no store in ${data}: set WATCHBILL_DATA to the data folder of the bot, or DATABASE_URL to its database.`,
    )
  const release = alone ? await takeDataFolder(data) : async () => {}
  try {
    const log = createLog('warn', [], pino.destination({ fd: 2, sync: true }))
    const server = await startEmbedded({ dataDir: data, log, signal })
    try {
      return await use(server.poolConfig)
    } finally {
      await server.leave()
    }
  } finally {
    await release()
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

/** Why it did not work, and what to do, in a sentence. */
export function sentenceOf(error: unknown, failed: string): string {
  if (error instanceof UserError) return error.message
  // An address with several hosts behind it fails with an error for each.
  const reason = messageOf(error instanceof AggregateError ? error.errors[0] : error)
  if (error instanceof Error && 'syscall' in error && error.syscall === 'connect')
    return `The database does not answer (${reason}): see that it runs, and that DATABASE_URL names it.`
  return hopeless(error) ?? `${failed} (${reason}), and nothing was changed.`
}

/** Ctrl-C, or a service that is stopped: what was begun is taken back, and a server that we started is stopped. */
export async function untilStopped<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopped = new AbortController()
  const stop = () => stopped.abort(new UserError('stopped', 'Stopped before it was done; nothing was changed.'))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  try {
    return await run(stopped.signal)
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}
