import type { Reading } from './calendar/read.ts'
import type { Clock, Machine } from './clock.ts'
import type { Notify, Via } from './domain/contact.ts'
import type { FoundName } from './domain/detect/coverage.ts'
import type { ListedLog } from './domain/detect/log-coverage.ts'
import type { LogAnswer, Span } from './domain/detect/log-query.ts'
import type { Follow, Look as LogLook } from './domain/detect/log-state.ts'
import type { NameSource, Validators } from './domain/detect/name-source.ts'
import type { Sample } from './domain/detect/probe.ts'
import type { Reading as RateReading } from './domain/detect/rate-feed.ts'
import type { Look } from './domain/duty/imports.ts'
import type { Outcome } from './domain/event.ts'
import type { LogQuery, Probe, RateMonitor, RateSource, Rules, Severity } from './domain/rules.ts'
import type { Logger } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { Method } from './slack/methods.ts'
import type { Entry } from './store/inbox.ts'
import type { Store } from './store/store.ts'

/** What a call to Slack came to. Never thrown: each caller says what it does with each. */
export type SlackResult<T> =
  | { ok: true; value: T }
  /** It certainly did not happen, and may work later. */
  | { ok: false; kind: 'again'; reason: string; afterMs: number | null }
  /** It may have happened: no reply, or an answer that says nothing. */
  | { ok: false; kind: 'unknown'; reason: string }
  /** It did not happen and never will, as asked. */
  | { ok: false; kind: 'never'; reason: string }

/** Calls a method of Slack's Web API: one that is listed with its scopes. */
export type SlackCall = (method: Method, args: Record<string, unknown>) => Promise<SlackResult<Record<string, unknown>>>

export interface SlackCalls {
  /** For pages alone: nothing in bulk goes this way, so that nothing delays them. */
  pages: SlackCall
  rest: SlackCall
  /** Why Slack does not take our calls at all (a revoked token): somebody has to mend it. Null when it does. */
  trouble(): string | null
}

/** What somebody is told beside Slack: plain text, in which nothing is markup. */
export interface Notice {
  /** Names it: the same again is the same, where whoever carries it can tell. */
  id: string
  /** All of it in a line. */
  title: string
  /** What else there is to know, a line each. */
  lines: readonly string[]
  /** The same to be said aloud. */
  spoken: string
  /** When it is told, watch time. */
  at: number
  severity: Severity
  /** Where it is answered, and what that does, on a button; null: in Slack alone. */
  answer: { url: string; label: string } | null
  /** Of an incident: for programs that receive it. */
  data: Record<string, string>
  /** It takes the place of one that was sent: what its carrier calls that. Left out: it is news. */
  over?: { sent: string | null }
}

/** What came of handing it to whoever carries it; what they call it, where they say. */
export type Carried = SlackResult<string | null>

/** Hands a notice to whoever carries it. A carrier that is sick is a result, never a throw. */
export type Carry = (
  to: { via: Via; to: string },
  notice: Notice,
  by: Notify,
  allowPrivate: readonly string[],
) => Promise<Carried>

/** Checks one monitor's target; a sick target is a result, never a throw. */
export type Check = (monitor: Probe, rules: Pick<Rules, 'allowPrivate'>, at: number) => Promise<Sample>

/** A monitor whose source is asked. */
export type AskedRate = RateMonitor & { source: Extract<RateSource, { kind: 'prometheus' | 'json' }> }

/** Asks the source of a rate for its number; a sick source is a reading, never a throw. */
export type ReadRate = (
  monitor: Pick<AskedRate, 'source' | 'timeoutMs'>,
  rules: Pick<Rules, 'allowPrivate'>,
  at: number,
) => Promise<RateReading>

/** A calendar as its server gave it, or why not: a sentence without its subject. */
export type Fetched = { ok: true; text: string } | { ok: false; why: string }

/** Reads the text of a calendar. */
type ReadCalendar = (reading: Reading) => Promise<Look>

/** What a source of names said. `problems`: parts of it that could not be read, and may hide names; sentences without their subject. */
export type NamesRead =
  | { outcome: 'read'; names: FoundName[]; problems: string[]; validators: Validators | null }
  | { outcome: 'unchanged' }
  | { outcome: 'failed'; why: string }

/** Asks a source for its names, at an instant of watch time. A sick source is a result, never a throw. */
export type ReadNames = (
  source: NameSource,
  around: { allowPrivate: readonly string[]; validators: Validators | null; at: number },
) => Promise<NamesRead>

/** Tells whoever watches us from outside that all is well. */
export type PingOutward = (
  url: string,
  allowPrivate: readonly string[],
) => Promise<{ ok: true } | { ok: false; why: string }>

/** A request that makes somebody do something. The address and the headers may hold secrets, and are never shown. */
export interface Request {
  /** POST unless it says otherwise. */
  method?: 'GET' | 'POST' | 'DELETE'
  url: string
  headers: Record<string, string>
  /** Null: there is none. */
  body: string | null
}

/** What came of it. `unsent`: it certainly did not go out; `nothing`: it did, and nobody knows what came of it. */
type CalledOut =
  | { came: 'answer'; status: number; line: string; text: string }
  | { came: 'unsent'; why: string }
  | { came: 'nothing'; why: string }

/** Calls whoever starts and halts rollouts. Whatever goes wrong is a result, never a throw. */
export type CallOut = (request: Request, allowPrivate: readonly string[]) => Promise<CalledOut>

/** Asks how much of a pool serves. */
export type AskPool = (
  url: string,
  allowPrivate: readonly string[],
) => Promise<{ ok: true; up: number; total: number } | { ok: false; why: string }>

/** Fetches a calendar; `allowPrivate`: addresses that are not public and may be reached all the same. */
export type FetchCalendar = (url: string, allowPrivate: readonly string[]) => Promise<Fetched>

/** What was read of a file, and how far; `why`: it cannot be read. */
export type LogRead = Pick<LogLook, 'why' | 'lines' | 'follow' | 'behind' | 'lost'>

/** Files of logs. A sick file is a result, never a throw. */
export interface LogFiles {
  /** Takes what was appended since the last look. */
  read(file: string, follow: Follow, at: number): Promise<LogRead>
  /** Appends a line; null, or why it could not. */
  append(file: string, line: string): Promise<string | null>
}

/** Asks for lines where logs are kept. What does not answer, or not in full, is a result, never a throw. */
export type AskLog = (query: LogQuery, span: Span, allowPrivate: readonly string[]) => Promise<LogAnswer>

/** The logs that a pattern of paths stands for; `monitored`: paths that monitors read. Why not is a sentence without its subject. */
export type ListLogs = (
  logs: string,
  monitored: readonly string[],
) => Promise<{ ok: true; files: ListedLog[] } | { ok: false; why: string }>

/** Fetches a file of Slack with the bot's token; `again`: it may come later. Why not is a clause without its subject. */
export type FetchFile = (
  address: string,
  mostBytes: number,
) => Promise<{ ok: true; bytes: Buffer } | { ok: false; again: boolean; why: string }>

/**
 * Draws an SVG without text, whose letters are strokes, as PNG.
 *
 * @param zoom pixels of the PNG for one of the SVG
 */
export type DrawPng = (svg: string, zoom: number) => Promise<Buffer>

/** Puts a file where Slack has said; done again, it takes the place of what was put there before. Why not is a clause without its subject. */
export type UploadFile = (address: string, bytes: Buffer) => Promise<{ ok: true } | { ok: false; why: string }>

/** All that the bot does to the world, so that a test can stop it at any call. */
export interface Deps {
  clock: Clock
  machine: Machine
  log: Logger
  store: Store
  slack: SlackCalls
  check: Check
  logFiles: LogFiles
  askLog: AskLog
  listLogs: ListLogs
  readRate: ReadRate
  fetchCalendar: FetchCalendar
  readNames: ReadNames
  pingOutward: PingOutward
  fetchFile: FetchFile
  uploadFile: UploadFile
  drawPng: DrawPng
  callOut: CallOut
  /** A secret of the configuration, by the name under which the rules know it; null: the configuration of this process has none. */
  secretOf(name: string): string | null
  askPool: AskPool
  /** Beside Slack. */
  carry: Carry
  readCalendar: ReadCalendar
  /** The active configuration. */
  rules(): Rules
  version: string
  /** Under which address people reach us, without a slash at its end; null: nobody has said. */
  publicUrl: string | null
  metrics: Metrics
  /** The folder of the nightly backups. */
  backups: string
}

/** The way in for whatever may change who is paged. */
export interface Desk {
  /** Stores an event and waits for what comes of it. A repeat of the same source and key gives the same outcome. */
  submit(entry: Entry): Promise<Outcome>
  /** There may be something to decide. */
  wake(): void
}
