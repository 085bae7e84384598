import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { pino } from 'pino'
import { realClock } from '../../src/clock.ts'
import { claimSlot } from '../../src/store/slots.ts'
import { clockTimetable, postgresTimetable, redisTimetable, type Timetable } from '../../src/timetable.ts'
import { postgresBin, redisPath } from './need.ts'
import { freshDatabase } from './postgres.ts'
import { startRedis } from './redis.ts'
import { startServer } from './server.ts'

/** What a timetable can be on, as a test holds it: the same for every implementation. */

type Options = Parameters<typeof postgresTimetable>[0]
type Common = Omit<Options, 'poolConfig'>

/** An empty place for queues. */
export interface Place {
  timetable(options: Common): Timetable
  /** The entries that have a scheduler in it, in order. */
  schedulers(): Promise<string[]>
  /** Takes everything out of it, as nobody should. */
  empty(): Promise<void>
  drop(): Promise<void>
}

/** One whose server is the test's own. */
interface OwnPlace extends Place {
  /** SIGKILL. */
  kill(): Promise<void>
  /** The server is there again, with what it had stored. */
  restart(): Promise<void>
  freeze(): Promise<void>
  thaw(): Promise<void>
}

export interface Kind {
  /** With what it needs of the machine. */
  name: string
  /** The machine does not have it. */
  missing: boolean
  /** There is a queue beside the clock. */
  queued: boolean
  open(): Promise<Place>
}

interface OwnKind extends Kind {
  open(): Promise<OwnPlace>
}

const onTheClock: Kind = {
  name: 'on the clock alone',
  missing: false,
  queued: false,
  open: async () => ({
    timetable: ({ clock, log, claim }) => clockTimetable({ clock, log, claim }),
    schedulers: async () => [],
    empty: async () => {},
    drop: async () => {},
  }),
}

const onPostgres: Kind = {
  name: 'on Postgres',
  missing: false,
  queued: true,
  async open() {
    const { config, drop } = await freshDatabase()
    return { ...postgresPlace(config), drop }
  },
}

const onOwnPostgres: OwnKind = {
  name: 'on Postgres (needs a PostgreSQL server)',
  missing: postgresBin === null,
  queued: true,
  async open() {
    const { config, kill, start: restart, freeze, thaw, drop } = await startServer()
    return { ...postgresPlace(config), kill, restart, freeze, thaw, drop }
  },
}

function postgresPlace(config: pg.PoolConfig & { database: string }): Omit<Place, 'drop'> {
  async function query<T extends pg.QueryResultRow>(sql: string): Promise<T[]> {
    const client = new pg.Client({ ...config, options: '-c search_path=bullmq' })
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query<T>(sql)).rows
    } finally {
      await client.end()
    }
  }
  return {
    timetable: (options) => postgresTimetable({ ...options, poolConfig: config }),
    schedulers: async () =>
      (await query<{ scheduler_id: string }>('select scheduler_id from scheduler order by 1')).map(
        (row) => row.scheduler_id,
      ),
    empty: async () => void (await query('truncate job, scheduler cascade')),
  }
}

const onRedis: OwnKind = {
  name: 'on Redis (needs redis-server)',
  missing: redisPath === null,
  queued: true,
  open: redisPlace,
}

async function redisPlace(): Promise<OwnPlace> {
  const server = await startRedis()
  return {
    timetable: (options) => redisTimetable({ ...options, url: server.url }),
    schedulers: async () => {
      const lanes = ['fast', 'slow'].map((lane) => server.cli('zrange', `bull:watchbill-${lane}:repeat`, 0, -1))
      return (await Promise.all(lanes)).flatMap((names) => names as string[]).toSorted()
    },
    empty: async () => void (await server.cli('flushall')),
    kill: server.kill,
    restart: server.restart,
    freeze: async () => void process.kill(server.pid(), 'SIGSTOP'),
    thaw: async () => void process.kill(server.pid(), 'SIGCONT'),
    drop: server.stop,
  }
}

export const kinds: Kind[] = [onTheClock, onPostgres, onRedis]

/** Those whose server a test may kill. */
export const ownKinds: OwnKind[] = [onOwnPostgres, onRedis]

interface Line {
  level: number
  msg: string
  job?: string
  reason?: string
}

/** A process of the bot, as far as its timetable is concerned. */
export interface Process {
  timetable: Timetable
  now(): number
  lines: Line[]
  /** The slots that `every` saw, of all processes that count together. */
  every(name: string, ms: number, run?: (slotAt: number) => Promise<void>): void
  /** Since when the queue wakes nobody; null when it does its part. */
  downSince(): number | null
  close(): Promise<void>
}

/** How often each slot of each entry was run, over all processes, and how late. */
export interface Count {
  slots(name: string): number[]
  /** Slots that were run twice or more. */
  twice(): string[]
  /** The share of an entry's slots between the first and the last that nobody ran, from 0 to 1. */
  skipped(name: string): number
  /** The latest beginning of a run after its slot's, of slots that began from an instant on. */
  worstLateMs(name: string, from?: number): number
}

/** Several processes that share a place and a store. Claims are real ones, kept apart from those of other tests by a name of their own. */
export function processes(place: Pick<Place, 'timetable'>, store: pg.Pool): { start(): Process; count: Count } {
  const installation = randomBytes(6).toString('hex')
  const runs: { name: string; ms: number; slotAt: number; lateMs: number }[] = []
  const of = (name: string) => runs.filter((run) => run.name === name)
  return {
    start() {
      const lines: Line[] = []
      const clock = realClock()
      const timetable = place.timetable({
        clock,
        log: pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
        processName: 'test',
        claim: (name, slotAt) => claimSlot(store, `${installation}/${name}`, slotAt),
      })
      return {
        timetable,
        lines,
        now: clock.now,
        every(name, ms, run = async () => {}) {
          timetable.every(name, ms, (slotAt) => {
            runs.push({ name, ms, slotAt, lateMs: clock.now() - slotAt })
            return run(slotAt)
          })
        },
        downSince: () => timetable.health().queue?.downSince ?? null,
        close: () => timetable.close(),
      }
    },
    count: {
      slots: (name) => of(name).map(({ slotAt }) => slotAt),
      twice() {
        const keys = runs.map(({ name, slotAt }) => `${name} at ${slotAt}`)
        return keys.filter((key, index) => keys.indexOf(key) !== index)
      },
      skipped(name) {
        const slots = of(name).map(({ slotAt }) => slotAt)
        const ms = of(name)[0]?.ms ?? 1
        return 1 - new Set(slots).size / ((Math.max(...slots) - Math.min(...slots)) / ms + 1)
      },
      worstLateMs: (name, from = 0) =>
        Math.max(
          ...of(name)
            .filter(({ slotAt }) => slotAt >= from)
            .map(({ lateMs }) => lateMs),
        ),
    },
  }
}
