import { DateTime } from 'luxon'
import { standing } from '../domain/detect/heartbeat.ts'
import { type Heartbeat, heartbeatsOf, type Rules } from '../domain/rules.ts'
import type { Env } from '../env.ts'
import { UserError } from '../errors.ts'
import { introduce, pingAddresses, rotatePing } from '../pings.ts'
import { type Kept, readHeartbeats } from '../store/heartbeats.ts'
import type { AtHand } from '../store/store.ts'
import { configured, failing, withStore } from './configured.ts'
import { sentenceOf } from './reach-store.ts'

interface Output {
  write(text: string): unknown
}

interface Options {
  config?: string
  rotate?: string
  rotatePingKey?: boolean
  json?: boolean
}

/** One heartbeat, as it is printed. */
interface Row {
  monitor: string
  /** Null: not known, see {@link pingAddresses}. */
  url: string | null
  slugUrl: string | null
  state: string
  /** ISO 8601; null: never. */
  lastPing: string | null
  missedAt: string | null
}

/**
 * `watchbill pings`: where each heartbeat is to be pinged, and how it does; with `--rotate` it gets another address first. In the store of
 * the bot, whether that runs or not.
 *
 * @returns the exit code: 0 fine, 2 cannot answer
 */
export async function pings(
  options: Options,
  io: { env: Record<string, string | undefined>; stdout: Output; stderr: Output; now: number },
): Promise<number> {
  const fail = failing(io.stderr)
  const read = await configured(options.config, io.env)
  if ('problems' in read) return fail(read.problems)
  const { env, rules } = read
  try {
    const rows = await withStore(env, async (store) => {
      await rotate(store, rules, options, io.now)
      return rowsOf(store, rules, env, io.now)
    })
    io.stdout.write(options.json ? `${JSON.stringify(rows)}\n` : listed(rows))
    return 0
  } catch (error) {
    return fail([sentenceOf(error, 'The heartbeats could not be read')])
  }
}

async function rotate(store: AtHand, rules: Rules, options: Options, now: number): Promise<void> {
  const by = 'watchbill pings'
  if (options.rotate !== undefined) await rotatePing(store, rules, options.rotate, by, now)
  if (options.rotatePingKey) await rotatePing(store, rules, null, by, now)
}

async function rowsOf(store: AtHand, rules: Rules, env: Env, now: number): Promise<Row[]> {
  // An address can be had before the bot knows its heartbeat; from then on it is missed, too.
  await introduce(store, rules, now)
  const kept = await readHeartbeats(store.pool)
  const monitors = new Map(heartbeatsOf(rules).map((monitor) => [monitor.name, monitor]))
  const base = env.publicUrl ?? `http://${env.host}:${env.port}`
  return (await pingAddresses(store, rules, base)).map(({ monitor, url, slugUrl }) => ({
    monitor,
    url,
    slugUrl,
    ...how(monitors.get(monitor), kept.get(monitor), now),
  }))
}

function how(
  monitor: Heartbeat | undefined,
  kept: Kept | undefined,
  now: number,
): Omit<Row, 'monitor' | 'url' | 'slugUrl'> {
  if (!monitor || !kept) throw new UserError('unknown-heartbeat', 'The configuration changed meanwhile: ask again.')
  const iso = (at: number | null) => (at === null ? null : DateTime.fromMillis(at, { zone: 'utc' }).toISO())
  return {
    state: standing(kept.state, now, monitor),
    lastPing: iso(kept.state.lastPingAt),
    missedAt: iso(kept.dueAt),
  }
}

function listed(rows: readonly Row[]): string {
  if (rows.length === 0) return 'The configuration has no heartbeat.\n'
  return rows
    .map(({ monitor, url, slugUrl, state, lastPing }) => {
      const shown = url ?? `not known here: its key was made elsewhere and works on (--rotate ${monitor} makes another)`
      return `${monitor}  ${state}  last ping ${lastPing ?? 'never'}\n  ${shown}\n${slugUrl ? `  ${slugUrl}\n` : ''}`
    })
    .join('')
}
