import { randomBytes } from 'node:crypto'
import { canaryDue, canaryLine, observe } from '../src/domain/detect/log.ts'
import { type Change, type Line, type LogState, type Look, newLog, stateFor } from '../src/domain/detect/log-state.ts'
import type { Signal } from '../src/domain/event.ts'
import { type LogMonitor, logsOf, under } from '../src/domain/rules.ts'
import { messageOf } from '../src/errors.ts'
import { duration } from '../src/slack/text.ts'
import { type KnownLog, NO_STATE, readLogs, saveLog } from '../src/store/logs.ts'
import type { JobDeps } from './tell.ts'

/** Looks at one file in one tick: what is more than they take (8 MB) waits for the next. */
const LOOKS = 32

/** A state without news is stored this often, so that a stop is known for one. */
const ALIVE_MS = 10_000

/** A state that another process has overtaken is built anew on its. */
const TRIES = 5

/** A tick of the logs: looks at every file, and listens for the silence of what is pushed. A file that hangs delays no other. */
export function logs(deps: JobDeps) {
  const running = new Set<string>()
  return async (): Promise<void> => {
    const monitors = logsOf(deps.rules()).filter(({ name }) => !running.has(name))
    if (monitors.length === 0) return
    const known = await readLogs(deps.store.pool)
    for (const monitor of monitors) {
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
    last = (await follow(deps, monitor, last, look, false)) ?? undefined
    if (last === undefined || look.behind === 0) return
  }
}

async function lookAt(deps: JobDeps, monitor: LogMonitor, known: KnownLog | undefined): Promise<Look> {
  const at = deps.clock.now()
  const state = known ? stateFor(known.state, monitor, at) : newLog(monitor, at)
  const { file } = monitor
  if (file === null) return { at, why: null, lines: [], follow: state.follow, behind: 0, lost: null, wrote: null }
  const read = await deps.logFiles.read(file, state.follow, at)
  // It comes back with the next look. Into what cannot be read nothing is written.
  const wrote = read.why === null && canaryDue(state, monitor, at) ? await writeCanary(deps, file, at) : null
  return { at, ...read, wrote }
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
  const { state, changes } = observe(known?.state ?? newLog(monitor, look.at), look, monitor)
  if (known && !mustLast && !isNews(known.state, state)) return known
  const events = changes.map((change) => ({
    source: 'monitor',
    key: `${monitor.name}#${after + 1}/${change.of}`,
    event: signal(monitor, change, look.at),
  }))
  const saved = await saveLog(deps.store, {
    ...{ monitor: monitor.name, after, state, events, mustLast, now: deps.clock.now() },
  })
  if (!saved) return null
  for (const { event } of events) deps.log.info({ monitor: monitor.name, saw: event.summary }, 'monitor')
  if (events.length > 0) deps.desk.wake()
  return { seq: after + 1, state }
}

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
    const known = (await readLogs(deps.store.pool, monitor.name)).get(monitor.name)
    const at = deps.clock.now()
    const state = known ? stateFor(known.state, monitor, at) : newLog(monitor, at)
    const look = { at, why: null, lines, follow: state.follow, behind: 0, lost: null, wrote: null }
    if (await follow(deps, monitor, known, look, true)) return
  }
  throw new Error(`the lines of ${monitor.name} were overtaken ${TRIES} times`)
}

/** Alarms of a log stand side by side; that of its lines bears the name alone. */
const KEYS: Record<Change['of'], string> = { lines: '', reading: ' (reading)', lost: ' (lost lines)' }

/** What the desk hears. */
function signal(monitor: LogMonitor, change: Change, at: number): Signal {
  const { name, service } = monitor
  const said = words(monitor, change)
  return {
    type: 'signal',
    service,
    key: `${name}${KEYS[change.of]}`,
    monitor: name,
    // That there may have been a line is no line: the channel hears of it.
    severity: change.of === 'lost' && monitor.severity !== 'info' ? 'warning' : monitor.severity,
    status: change.to === 'down' ? 'firing' : 'resolved',
    ...said,
    seenAt: at,
  }
}

function words({ name, file }: LogMonitor, change: Change): Pick<Signal, 'headline' | 'summary' | 'evidence'> {
  const say = (headline: string, more: string, evidence: Signal['evidence'] = []) => ({
    ...{ headline, summary: `${headline}: ${more}`, evidence },
  })
  if (change.of === 'lines') {
    if (change.to === 'down') return say(`${name}: ${change.why}`, change.first, change.evidence)
    return say(
      `${name} is quiet again`,
      `no such line for ${duration(change.quietMs)}, after ${change.count === 1 ? 'one' : change.count}`,
    )
  }
  const where = file === null ? '' : ` (${file})`
  if (change.of === 'lost') {
    if (change.to === 'up') return say(`${name}: nothing more is lost`, 'every line since has been read')
    return say(
      `${name}: lines may have been lost`,
      `${change.why}${where}; nobody has read what was written to it in the ${duration(Math.max(1_000, change.unseenMs))} before`,
    )
  }
  if (change.to === 'up') return say(`${name}: the log is being read again`, 'what is written there pages again')
  const behind = change.behind === 0 ? '' : `; ${(change.behind / 1_000_000).toFixed(1)} MB are not read yet`
  return say(`${name}: the log is not being read`, `${change.why}${where}${behind}`)
}
