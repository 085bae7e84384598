import { randomBytes } from 'node:crypto'
import { canaryDue, canaryLine, observe } from '../src/domain/detect/log.ts'
import { type LineRate, slotCounts } from '../src/domain/detect/log-counts.ts'
import { isDue, spanFor, taken } from '../src/domain/detect/log-query.ts'
import {
  type Change,
  type Line,
  type LogState,
  type Look,
  newLog,
  quietLook,
  stateFor,
} from '../src/domain/detect/log-state.ts'
import type { Signal } from '../src/domain/event.ts'
import { type LogMonitor, type LogQuery, logsOf, type Rules, ratesOf, under } from '../src/domain/rules.ts'
import { messageOf } from '../src/errors.ts'
import { logWords } from '../src/slack/logs.ts'
import { type KnownLog, NO_STATE, readLogs, saveLog } from '../src/store/logs.ts'
import { readDisabled } from '../src/store/silences.ts'
import type { JobDeps } from './tell.ts'

/** Looks at one file in one tick: what is more than they take (8 MB) waits for the next. */
const LOOKS = 32

/** A state without news is stored this often, so that a stop is known for one. */
const ALIVE_MS = 10_000

/** A state that another process has overtaken is built anew on its. */
const TRIES = 5

/**
 * A tick of the logs: looks at every file, asks for what is due to be asked for, and listens for the silence of what is pushed. What hangs
 * delays nothing else.
 */
export function logs(deps: JobDeps) {
  const running = new Set<string>()
  return async (): Promise<void> => {
    const monitors = logsOf(deps.rules()).filter(({ name }) => !running.has(name))
    if (monitors.length === 0) return
    const [known, disabled] = await Promise.all([
      readLogs(deps.store.pool),
      readDisabled(deps.store.pool, deps.clock.now()),
    ])
    for (const monitor of monitors) {
      if (disabled.has(monitor.name)) continue
      running.add(monitor.name)
      readOn(deps, monitor, known.get(monitor.name))
        .catch((error: unknown) =>
          deps.log.error({ monitor: monitor.name, reason: messageOf(error) }, 'a look at a log could not be recorded'),
        )
        .finally(() => running.delete(monitor.name))
    }
  }
}

/** Looks until all is read that is there, or another process reads it, or it is enough for one tick. */
async function readOn(deps: JobDeps, monitor: LogMonitor, known: KnownLog | undefined): Promise<void> {
  let last = known
  for (let looks = 0; looks < LOOKS; looks++) {
    const look = await lookAt(deps, monitor, last)
    if (look === null) return
    last = (await follow(deps, monitor, last, look, false)) ?? undefined
    // What a query could not take this time, the next one does not either.
    if (last === undefined || look.behind === 0 || monitor.asks !== null) return
  }
}

/** Null when it is not time to look. */
async function lookAt(deps: JobDeps, monitor: LogMonitor, known: KnownLog | undefined): Promise<Look | null> {
  const at = deps.clock.now()
  const state = known ? stateFor(known.state, monitor, at) : newLog(monitor, at)
  const { file, asks } = monitor
  if (asks !== null) {
    const isFailing = state.reading.failingSinceAt !== null
    return known && !isDue(asks, known.state.lookedAt, isFailing, at) ? null : ask(deps, monitor, asks, state, at)
  }
  if (file === null) return quietLook(state, at)
  const read = await deps.logFiles.read(file, state.follow, at)
  // It comes back with the next look. Into what cannot be read nothing is written.
  const wrote = read.why === null && canaryDue(state, monitor, at) ? await writeCanary(deps, file, at) : null
  return { ...quietLook(state, at), ...read, wrote }
}

async function ask(deps: JobDeps, monitor: LogMonitor, query: LogQuery, state: LogState, at: number): Promise<Look> {
  const { skippedMs, ...span } = spanFor(state.asked, query, monitor, at)
  const answer = await deps.askLog(query, span, deps.rules().allowPrivate)
  const { lines, asked } = taken(state.asked, query, span, answer)
  return {
    ...quietLook(state, at),
    ...{ why: answer.why, lines, asked, more: answer.more },
    // Where every line is an alarm by itself, those that were only counted hide nothing.
    behind: monitor.expectEmpty && monitor.ignore.length === 0 ? 0 : answer.more,
    lost: skippedMs > 0 ? 'nobody could ask for so long that what is older than a day is not asked for any more' : null,
  }
}

async function writeCanary(deps: JobDeps, file: string, at: number): Promise<Look['wrote']> {
  const token = randomBytes(8).toString('hex')
  return { token, why: await deps.logFiles.append(file, canaryLine(token, at)) }
}

/**
 * What a look says after all that was seen before it, stored with what it means.
 *
 * @returns the state that is stored now; null when another process was faster, and the look has to be made again after its
 */
async function follow(
  deps: JobDeps,
  monitor: LogMonitor,
  known: KnownLog | undefined,
  look: Look,
  mustLast: boolean,
): Promise<KnownLog | null> {
  const after = known?.seq ?? NO_STATE
  const before = known?.state ?? newLog(monitor, look.at)
  const { state, changes, counting, matched } = observe(before, look, monitor)
  if (known && !mustLast && !isNews(known.state, state)) return known
  const events = changes.map((change) => ({
    source: 'monitor',
    key: `${monitor.name}#${after + 1}/${change.of}`,
    event: signal(monitor, change, look.at),
  }))
  const counts = lineRates(deps.rules(), monitor).flatMap((rate) => slotCounts(rate, monitor, before, look, counting))
  const saved = await saveLog(deps.store, {
    ...{ monitor: monitor.name, after, state, events, mustLast, counts, now: deps.clock.now() },
    lines: { read: counting.length, matched },
  })
  if (!saved) return null
  for (const { event } of events) deps.log.info({ monitor: monitor.name, saw: event.summary }, 'monitor')
  if (events.length > 0) deps.desk.wake()
  return { seq: after + 1, state }
}

/** The rates that count the lines of a log. */
const lineRates = (rules: Rules, { name }: LogMonitor): LineRate[] =>
  ratesOf(rules).filter((rate): rate is LineRate => rate.source.kind === 'log' && rate.source.log === name)

const isNews = (before: LogState, after: LogState) =>
  after.lookedAt - before.lookedAt >= ALIVE_MS ||
  JSON.stringify({ ...before, lookedAt: 0 }) !== JSON.stringify({ ...after, lookedAt: 0 })

/** A line that was pushed to us. */
export interface Pushed {
  monitor: string
  line: Line
}

/** Stores what lines mean that were pushed; rejects when that could not be done, and then nothing is known to be stored. */
export async function takePushed(deps: JobDeps, pushed: readonly Pushed[]): Promise<number[]> {
  for (const [name, lines] of Map.groupBy(pushed, ({ monitor }) => monitor)) {
    const monitor = under(deps.rules().monitors, name)
    // Taken out of the configuration while its lines waited.
    if (monitor?.kind !== 'log') continue
    await takeLines(
      deps,
      monitor,
      lines.map(({ line }) => line),
    )
  }
  return pushed.map((_, index) => index)
}

async function takeLines(deps: JobDeps, monitor: LogMonitor, lines: readonly Line[]): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const known = (await readLogs(deps.store.pool, [monitor.name])).get(monitor.name)
    const at = deps.clock.now()
    const state = known ? stateFor(known.state, monitor, at) : newLog(monitor, at)
    const look = { ...quietLook(state, at), lines }
    if (await follow(deps, monitor, known, look, true)) return
  }
  throw new Error(`the lines of ${monitor.name} were overtaken ${TRIES} times`)
}

/** Alarms of a log stand side by side; that of its lines bears the name alone. */
const KEYS: Record<Change['of'], string> = { lines: '', reading: ' (reading)', lost: ' (lost lines)' }

/** What the desk hears. */
function signal(monitor: LogMonitor, change: Change, at: number): Signal {
  const { name, service } = monitor
  return {
    type: 'signal',
    service,
    key: `${name}${KEYS[change.of]}`,
    monitor: name,
    // That there may have been a line is no line: the channel hears of it.
    severity: change.of === 'lost' && monitor.severity !== 'info' ? 'warning' : monitor.severity,
    status: change.to === 'down' ? 'firing' : 'resolved',
    ...logWords(monitor, change),
    seenAt: at,
  }
}
