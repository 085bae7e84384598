import { createHmac, randomBytes } from 'node:crypto'
import type { Deps } from './deps.ts'
import { type Change, due, newHeartbeat, observe, type Ping } from './domain/detect/heartbeat.ts'
import { signalOf } from './domain/detect/heartbeat-signal.ts'
import type { Called } from './domain/intake.ts'
import { type Heartbeat, heartbeatsOf, type Rules, under } from './domain/rules.ts'
import { UserError } from './errors.ts'
import { createTray } from './intake/tray.ts'
import { changeHeartbeats, type Decided, introduceHeartbeats, type Kept, readHeartbeats } from './store/heartbeats.ts'
import { addKeys, digestOf, generations, liveKeys, type PingKey, pingSecret, replaceKey } from './store/ping-keys.ts'
import { type AtHand, isOutage } from './store/store.ts'

/**
 * Who may ping. Each heartbeat has a key that nobody guesses, and one more (the ping key) goes with the name of any of them. A key is made
 * from a secret of the installation, the heartbeat's name and how many it had before, so that its address can be shown again, any time.
 * The store has digests, by which a ping is let in, and the secret; a backup has the digests alone. Put back elsewhere, every address that
 * is in somebody's crontab works on; only to see it again takes a new key.
 */
const SECRET_BYTES = 32

/** The key that goes with the name of a heartbeat. */
const ANY = ''

/** Formed as clients of Healthchecks expect: a UUID (version 8: made by us) for one heartbeat, 22 characters for all. */
function keyOf(secret: string, monitor: string, generation: number): string {
  const bytes = createHmac('sha256', secret).update(`${monitor}/${generation}`).digest().subarray(0, 16)
  if (monitor === ANY) return bytes.toString('base64url')
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const secretOf = ({ pool }: AtHand) => pingSecret(pool, randomBytes(SECRET_BYTES).toString('base64url'))

const madeKey = (secret: string, monitor: string, generation: number): PingKey & { key: string } => {
  const key = keyOf(secret, monitor, generation)
  return { key, digest: digestOf(key), monitor: monitor === ANY ? null : monitor, generation }
}

/** What the configuration has and the store does not know yet is known from now on, and has a key. */
export async function introduce(store: AtHand, rules: Rules, now: number): Promise<void> {
  const heartbeats = heartbeatsOf(rules)
  if (heartbeats.length === 0) return
  const { pool } = store
  const [secret, live, had, kept] = [
    await secretOf(store),
    await liveKeys(pool),
    await generations(pool),
    await readHeartbeats(pool),
  ]
  const fresh = heartbeats.filter(({ name }) => !kept.has(name))
  if (fresh.length > 0)
    await introduceHeartbeats(
      pool,
      fresh.map((monitor) => keptOf(monitor, newHeartbeat(now), 0)),
    )
  const have = new Set(live.map(({ monitor }) => monitor ?? ANY))
  const without = [ANY, ...heartbeats.map(({ name }) => name)].filter((name) => !have.has(name))
  if (without.length === 0) return
  const keys = without.map((name) => madeKey(secret, name, (had.get(name) ?? 0) + 1))
  await addKeys(
    pool,
    keys.map(({ digest, monitor, generation }) => ({ digest, monitor, generation })),
    now,
  )
}

/** A heartbeat as it is to be stored after a change. */
export const keptOf = (monitor: Heartbeat, state: Kept['state'], rev: number): Kept => ({
  name: monitor.name,
  rev,
  dueAt: due(state, monitor),
  state,
})

/** What the desk hears of changes. */
export const eventsOf = (
  monitor: Heartbeat,
  { rev, state }: Kept,
  changes: readonly Change[],
  at: number,
  zone: string,
) =>
  changes.map((change) => ({
    source: 'heartbeat',
    key: `${monitor.name}@${at}/${rev}/${change.what}`,
    event: signalOf({ monitor, state, change, at, zone }),
  }))

/** A ping on its way in: by a key, or of a source of alerts that has called. */
export type Arriving = Omit<Ping, 'at'> & { body: Buffer | null } & (Keyed | { monitor: string })

interface Keyed {
  key: string
  /** The name that was given with the ping key; null with a key of its own. */
  slug: string | null
}

export type Received = 'stored' | 'unknown'

/** Pings with bodies are large: so many are stored at once, and so many wait at most. */
const GROUP = 50
const MOST_WAITING = 1_000

/** Of a source that calls often, so many calls within its grace are stored; the others say what is known. */
const CALLS_WITHIN_GRACE = 10

/** Keys are read again this often at most, whoever tries however many. */
const REREAD_MS = 1_000

/** Hears pings: each is stored, with all that follows from it, before it is answered. */
export function createPings(deps: Pick<Deps, 'store' | 'clock' | 'machine' | 'rules' | 'log'> & { changed(): void }) {
  const { store, clock, machine, rules, log, changed } = deps
  let known: { digests: ReadonlySet<string>; readAt: number } | null = null
  let reading: Promise<unknown> | null = null

  const tray = createTray<Arriving, Received>({
    insert: receive,
    isTheirs: (error) => !isOutage(error),
    now: clock.now,
    group: GROUP,
    most: MOST_WAITING,
  })

  /** Of thousands of guesses the store is asked once. What it says of a key that works is decided in {@link receive}. */
  async function isGuess(key: string): Promise<boolean> {
    const digest = digestOf(key)
    if (known?.digests.has(digest)) return false
    if (known === null || machine.elapsed() - known.readAt >= REREAD_MS) {
      reading ??= read().finally(() => {
        reading = null
      })
      await reading
    }
    return !known?.digests.has(digest)
  }

  async function read(): Promise<void> {
    const readAt = machine.elapsed()
    known = { digests: new Set((await liveKeys(store.pool)).map(({ digest }) => digest)), readAt }
  }

  async function receive(pings: readonly Arriving[]): Promise<Received[]> {
    const digests = pings.map((ping) => ('key' in ping ? digestOf(ping.key) : ''))
    const given = digests.filter((digest) => digest !== '')
    const live = new Map(given.length === 0 ? [] : (await liveKeys(store.pool, given)).map((key) => [key.digest, key]))
    const meant = pings.map((ping, n) =>
      'monitor' in ping ? heartbeatNamed(rules(), ping.monitor) : meantBy(ping, live.get(digests[n] ?? ''), rules()),
    )
    const names = [...new Set(meant.flatMap((monitor) => monitor?.name ?? []))]
    if (names.length > 0) {
      let told = 0
      await changeHeartbeats(store.pool, names, clock.now(), (kept) => {
        const decided = fold(pings, meant, kept)
        told = decided.events.length
        for (const { event } of decided.events)
          log.info(
            { monitor: 'monitor' in event ? event.monitor : null, reason: 'summary' in event ? event.summary : '' },
            'heartbeat',
          )
        return decided
      })
      if (told > 0) changed()
    }
    return meant.map((monitor) => (monitor ? 'stored' : 'unknown'))
  }

  function fold(
    pings: readonly Arriving[],
    meant: readonly (Heartbeat | null)[],
    before: ReadonlyMap<string, Kept>,
  ): Decided {
    const { zone } = rules()
    const at = clock.now()
    const kept = new Map(before)
    const decided: Pick<Decided, 'events' | 'pings'> = { events: [], pings: [] }
    pings.forEach((ping, index) => {
      const monitor = meant[index]
      if (!monitor) return
      const last = kept.get(monitor.name)
      // The configuration is newer than what is known: whoever sends it again a moment later is heard.
      if (!last) throw new NotYet(monitor.name)
      const { state, changes } = observe(last.state, { ...ping, at }, monitor)
      const next = keptOf(monitor, state, last.rev + 1)
      kept.set(monitor.name, next)
      decided.events.push(...eventsOf(monitor, next, changes, at, zone))
      const { kind, exit, run } = ping
      // What was said goes first when there is no room for it; that it was said never does.
      const body = store.lowDisk() ? null : ping.body
      decided.pings.push({ monitor: monitor.name, n: next.rev, at, kind, exit, run, body })
    })
    return { ...decided, kept: [...kept.values()] }
  }

  /** When each source was last heard and stored here. Watch time. */
  const storedAt = new Map<string, number>()

  function isNews({ monitor: name, kind }: Called): boolean {
    const monitor = heartbeatNamed(rules(), name)
    const pauseMs = (monitor?.graceMs ?? 0) / CALLS_WITHIN_GRACE
    return kind === 'fail' || clock.now() - (storedAt.get(name) ?? Number.NEGATIVE_INFINITY) >= pauseMs
  }

  return {
    /** What calls of sources say. Resolves once it is stored. Rejects when the store does not take it. */
    async called(calls: readonly Called[]): Promise<void> {
      const news = calls.filter(isNews)
      if (news.length === 0) return
      await tray.add(news.map((call) => ({ ...call, exit: null, run: null, body: null, lines: [] })))
      for (const { monitor, kind } of news)
        if (kind === 'success') storedAt.set(monitor, clock.now())
        else storedAt.delete(monitor)
    },
    /** Resolves once it is stored. Rejects when the store does not take it. */
    async hear(ping: Arriving & Keyed): Promise<Received> {
      if (await isGuess(ping.key)) return 'unknown'
      const [received = 'unknown'] = await tray.add([ping])
      return received
    },
    refusing: tray.refusing,
  }
}

class NotYet extends Error {
  constructor(name: string) {
    super(`heartbeat ${name} is a moment old, and not known to the store yet`)
  }
}

function meantBy({ slug }: Keyed, key: PingKey | undefined, rules: Rules): Heartbeat | null {
  if (key === undefined || (key.monitor === null) === (slug === null)) return null
  return heartbeatNamed(rules, key.monitor ?? slug ?? '')
}

function heartbeatNamed(rules: Rules, name: string): Heartbeat | null {
  const monitor = under(rules.monitors, name)
  return monitor?.kind === 'heartbeat' ? monitor : null
}

/** Where to ping. */
export interface PingAddress {
  monitor: string
  /** Null: its key was made elsewhere (the store was put back from a backup), and works on; another takes its place when it is rotated. */
  url: string | null
  /** With the ping key; null likewise. */
  slugUrl: string | null
}

/**
 * The address of each heartbeat, to show to whoever may see it. Those that the store does not know yet have none.
 *
 * @param base under which address we are reached, without a slash at its end
 */
export async function pingAddresses(store: AtHand, rules: Rules, base: string): Promise<PingAddress[]> {
  const secret = await secretOf(store)
  const live = new Map((await liveKeys(store.pool)).map((key) => [key.monitor ?? ANY, key]))
  const shown = (name: string): string | null => {
    const kept = live.get(name)
    if (!kept) return null
    const made = madeKey(secret, name, kept.generation)
    return made.digest === kept.digest ? made.key : null
  }
  const pingKey = shown(ANY)
  return heartbeatsOf(rules).map(({ name }) => {
    const key = shown(name)
    return {
      monitor: name,
      url: key && `${base}/ping/${key}`,
      slugUrl: pingKey && `${base}/ping/${pingKey}/${name}`,
    }
  })
}

/**
 * Gives a heartbeat another address, or all of them another ping key (`monitor` null); from then on nobody is heard at the one before.
 *
 * @param by who does it, on record
 */
export async function rotatePing(
  store: AtHand,
  rules: Rules,
  monitor: string | null,
  by: string,
  now: number,
): Promise<void> {
  if (monitor !== null && !heartbeatsOf(rules).some(({ name }) => name === monitor))
    throw new UserError('unknown-heartbeat', `There is no heartbeat ${monitor}. ${namesIn(rules)}`)
  const name = monitor ?? ANY
  const generation = ((await generations(store.pool)).get(name) ?? 0) + 1
  const { digest } = madeKey(await secretOf(store), name, generation)
  await replaceKey(store.pool, { digest, monitor, generation }, by, now)
}

const namesIn = (rules: Rules): string => {
  const names = heartbeatsOf(rules).map(({ name }) => name)
  return names.length === 0 ? 'The configuration has none.' : `Heartbeats: ${names.join(', ')}.`
}
