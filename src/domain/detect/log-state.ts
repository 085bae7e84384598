import { z } from 'zod'
import type { Evidence } from '../incident.ts'
import type { LogMonitor } from '../rules.ts'
import { Asked, questionOf } from './log-query.ts'
import { Shapes } from './shapes.ts'

/** How far a file has been read: up to the end of the last line that was taken. */
export const Place = z.strictObject({
  /** The file itself, whatever its name is by now. */
  device: z.string(),
  inode: z.string(),
  /** What it was called when it was read last. */
  path: z.string(),
  /** Bytes. */
  offset: z.int(),
  /** Of the last bytes before the offset: other bytes there are another text, however long it is. */
  fingerprint: z.string(),
  /** When it was written last, as its file system has it; null: nobody looked. */
  writtenMs: z.number().nullable().default(null),
  /** Since when the line that begins at the offset waits for its end; null when nothing stands there. */
  waitsSinceAt: z.number().nullable(),
  /** What becomes of the bytes up to the next line break: nothing when its line was too long, a line of their own when it was taken early. */
  rest: z.enum(['drop', 'own']).nullable(),
})
export type Place = z.infer<typeof Place>

/** A file and those that stood under its name before, whose last lines may still be on their way. */
export const Follow = z.strictObject({
  place: Place.nullable(),
  /** The oldest first. */
  before: z.array(z.strictObject({ place: Place, sinceAt: z.number() })),
  /** Where a file begins that is found anew. */
  from: z.enum(['start', 'end']),
})
export type Follow = z.infer<typeof Follow>

/** A line as it was read or sent. */
export interface Line {
  text: string
  /** It was longer, and only this much of it was read. */
  cut: boolean
  /** When its sender says it was written; null: it does not. */
  at: number | null
}

/** What came of one look at a log. */
export interface Look {
  at: number
  /** Why the file cannot be read, as part of a sentence; null when it can. */
  why: string | null
  lines: readonly Line[]
  follow: Follow
  /** What is known of its question, of a log that is asked for. */
  asked: Asked | null
  /** What is there and was left for the next looks: bytes of a file, lines that a query finds. */
  behind: number
  /** Lines that were counted where they are kept, and not fetched: so many at least. */
  more: number
  /** Why lines may have come and gone that nobody has read; null when none have. */
  lost: string | null
  /** A marked line that was written after this look; why not, if it could not be. Null: none was due. */
  wrote: { token: string; why: string | null } | null
}

/**
 * Alarms may stand side by side.
 *
 * lines: up --a line that counts, or enough of them in their window--> down --quiet, while the log is read--> up
 * reading: unknown --read--> up; unknown|up --cannot be read, or its canary is lost--> down --read, and its canary is back--> up
 * lost: none --lines may have gone unread--> some --quiet--> none
 */
export const LogState = z.strictObject({
  /** Of both: the worse. */
  status: z.enum(['unknown', 'up', 'down']),
  file: z.string().nullable(),
  follow: Follow,
  asked: Asked.nullable().default(null),
  lookedAt: z.number(),
  /** When it was looked at again after nobody had for a while: what did not come meanwhile is no news. */
  resumedAt: z.number(),
  lines: z.strictObject({
    status: z.enum(['up', 'down']),
    sinceAt: z.number(),
    lastAt: z.number().nullable(),
    /** How many there were since. */
    count: z.int(),
  }),
  /** What its lines look like; null where nobody asks. */
  shapes: Shapes.nullable().default(null),
  windows: z.array(z.strictObject({ pattern: z.string(), at: z.array(z.number()) })),
  reading: z.strictObject({
    status: z.enum(['unknown', 'up', 'down']),
    sinceAt: z.number(),
    why: z.string().nullable(),
    /** Since when something is in the way that is no alarm yet. */
    failingSinceAt: z.number().nullable(),
    behindSinceAt: z.number().nullable(),
  }),
  /** When lines may last have gone that nobody has read; null: not lately. */
  lostAt: z.number().nullable().default(null),
  canary: z.strictObject({
    /** Marked lines that are out and have not come back. */
    out: z.array(z.string()),
    /** When the first of them went out; when one did last. */
    firstAt: z.number().nullable(),
    lastAt: z.number().nullable(),
    /** When one was last seen. */
    seenAt: z.number().nullable(),
    /** Why the last one could not be written. */
    unwritten: z.string().nullable(),
  }),
})
export type LogState = z.infer<typeof LogState>

/** What became of an alarm. */
export type Change =
  | { of: 'lines'; to: 'down'; why: string; first: string; evidence: Evidence[] }
  | { of: 'lines'; to: 'up'; quietMs: number; count: number }
  | { of: 'reading'; to: 'down'; why: string; behind: number }
  | { of: 'reading'; to: 'up' }
  /** `unseenMs`: so long before nobody had looked. */
  | { of: 'lost'; to: 'down'; why: string; unseenMs: number }
  | { of: 'lost'; to: 'up' }

export const newLog = ({ file, expectEmpty }: Pick<LogMonitor, 'file' | 'expectEmpty'>, at: number): LogState => ({
  status: 'unknown',
  file,
  // What a log that should be empty has in it already is an alarm; of others only what comes from now on.
  follow: { place: null, before: [], from: expectEmpty ? 'start' : 'end' },
  asked: null,
  lookedAt: at,
  resumedAt: at,
  lines: { status: 'up', sinceAt: at, lastAt: null, count: 0 },
  shapes: null,
  windows: [],
  reading: { status: 'unknown', sinceAt: at, why: null, failingSinceAt: null, behindSinceAt: null },
  lostAt: null,
  canary: { out: [], firstAt: null, lastAt: null, seenAt: null, unwritten: null },
})

/** A look that brought nothing. */
export const quietLook = ({ follow, asked }: LogState, at: number): Look => ({
  ...{ at, why: null, lines: [], follow, asked, behind: 0, more: 0, lost: null, wrote: null },
})

/** The state as the next look finds it: of another file it knows no place, of another question nothing, and nothing in it lies ahead of the clock. */
export function stateFor(state: LogState, spec: LogMonitor, at: number): LogState {
  const isSame = state.asked === null || (spec.asks !== null && state.asked.of === questionOf(spec.asks))
  if (state.file === spec.file && state.lookedAt <= at && isSame) return state
  const { follow, windows, canary } = newLog(spec, at)
  return {
    ...state,
    file: spec.file,
    follow: state.file === spec.file ? state.follow : follow,
    asked: isSame ? state.asked : null,
    lookedAt: at,
    resumedAt: at,
    lines: { ...state.lines, lastAt: state.lines.lastAt && Math.min(state.lines.lastAt, at) },
    reading: { ...state.reading, sinceAt: Math.min(state.reading.sinceAt, at), failingSinceAt: null },
    shapes: state.file === spec.file && isSame ? state.shapes : null,
    lostAt: state.lostAt && Math.min(state.lostAt, at),
    windows,
    canary,
  }
}
