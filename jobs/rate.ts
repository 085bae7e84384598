import type { AskedRate } from '../src/deps.ts'
import { readingOfLines } from '../src/domain/detect/log-counts.ts'
import { type Count, closedSlot } from '../src/domain/detect/rate-counts.ts'
import { AWAY_MS, type Reading } from '../src/domain/detect/rate-feed.ts'
import { heed, type Word } from '../src/domain/detect/rate-feedback.ts'
import {
  judge,
  newSeries,
  type RateChange,
  relearn,
  type Series,
  specOf,
  withBudget,
} from '../src/domain/detect/rate-series.ts'
import { rateSignal, sourceSignal } from '../src/domain/detect/rate-signal.ts'
import { type RateSpec, RateState } from '../src/domain/detect/rate-state.ts'
import { holidaysAround } from '../src/domain/duty/holidays.ts'
import { HOLIDAYS_NAME, holidayEntries } from '../src/domain/duty/imports.ts'
import { type RateMonitor, ratesOf, under } from '../src/domain/rules.ts'
import { messageOf } from '../src/errors.ts'
import { createTray } from '../src/intake/tray.ts'
import { readWords } from '../src/store/feedback.ts'
import { readImports } from '../src/store/imports.ts'
import { readLogs } from '../src/store/logs.ts'
import {
  addCounts,
  countsWithin,
  type Judged,
  linesIn,
  NO_SLOT,
  rateSamples,
  readRate,
  type Stretch,
  saveRates,
} from '../src/store/rates.ts'
import { isOutage } from '../src/store/store.ts'
import { slotOf } from '../src/timetable/entries.ts'
import type { JobDeps } from './tell.ts'

/** A source that fails is asked again at once, and where its slots are longer than it may be away, then again. */
const AGAIN_MS = [1_000, AWAY_MS]

/** What was learned is written down this often. */
const WRITE_MS = 3_600_000

/** Of what was missed while nobody looked no more slots are made up for; they count only with something in them. */
const MOST_MISSED = 100

/** How often it is looked what is due. */
export const TICK_MS = 1_000

/** Begun in a tick at least, and as a multiple of what falls due. */
const LEAST_BEGUN = 50
const HEADROOM = 1.5

/** What people say of alarms is heeded this soon, and a calendar of holidays. */
const HEED_MS = 10_000

/** A rate as this process knows it. */
interface AtHand {
  series: Series
  /** The false alarms a month by which it rings. */
  budget: number
  /** The last slot that is stored; those after it were passed over. */
  storedAt: number
  /** The slot up to which all that was learned is written down. */
  writtenAt: number
}

/** A tick of the rates: asks what is due, adds up what was pushed, and does not wait for it, so that a slow source delays no other. */
export function rates(deps: JobDeps) {
  const running = new Set<string>()
  const known = new Map<string, AtHand>()
  const startedAt = deps.clock.now()
  let words = new Map<string, Word[]>()
  let holidays: ReadonlySet<number> = new Set()
  /** Found once for each configuration. */
  let paced: { monitors: readonly RateMonitor[]; most: number } | null = null
  let heededAt = Number.NEGATIVE_INFINITY
  const isTheirs = (error: unknown) => !isOutage(error)
  // What is counted by us closes everywhere at the same time: it is asked for by one statement, and
  const pushed = createTray<Stretch, number | null>({
    insert: (stretches) => countsWithin(deps.store.pool, stretches),
    ...{ isTheirs, now: deps.clock.now },
  })
  // what is judged at the same time is stored by one.
  const tray = createTray<Judged, boolean>({
    insert: (judged) => saveRates(deps.store, judged, deps.clock.now()),
    ...{ isTheirs, now: deps.clock.now },
  })

  /** Judges the slots that are due, one after the other. */
  async function watch(monitor: RateMonitor): Promise<void> {
    for (;;) {
      const at = known.get(monitor.name) ?? (await load(monitor))
      const slotAt = dueSlot(monitor, at?.series.slotAt ?? null, deps.clock.now())
      if (slotAt === null) return
      const reading = await readingOf(monitor, slotAt)
      if (reading === 'wait') return
      if (reading !== null) await follow(monitor, slotAt, reading)
      else skip(monitor, slotAt)
      if (!isCounted(monitor)) return
    }
  }

  /** Nobody could have been heard then: it is as if it had not been. */
  function skip(monitor: RateMonitor, slotAt: number): void {
    const at = known.get(monitor.name) ?? begin(monitor)
    known.set(monitor.name, { ...at, series: { ...at.series, slotAt } })
  }

  /** Hears what people said of alarms, and which days are holidays; where that cannot be read, what was heard before holds. */
  async function listen(): Promise<void> {
    const now = deps.clock.now()
    if (now - heededAt < HEED_MS) return
    heededAt = now
    const { pool } = deps.store
    const rules = deps.rules()
    try {
      words = await readWords(pool, now)
      const read = rules.holidays.calendar === null ? [] : holidayEntries(rules, await readImports(pool, HOLIDAYS_NAME))
      holidays = holidaysAround(rules.holidays, read, rules.zone, now)
    } catch (error) {
      deps.log.warn({ reason: messageOf(error) }, 'what was said of rates cannot be read')
    }
  }

  /** What is asked of the detector, by the configuration and by what people said of its alarms. */
  const heeded = (monitor: RateMonitor): RateSpec => {
    const { budget } = heed(monitor.falseAlarms, words.get(monitor.name) ?? [], deps.clock.now())
    return specOf({ ...monitor, falseAlarms: budget }, deps.rules().zone, holidays)
  }

  const begin = (monitor: RateMonitor): AtHand => {
    const spec = heeded(monitor)
    return {
      series: newSeries(NO_SLOT, deps.clock.now(), spec),
      budget: spec.budget,
      storedAt: NO_SLOT,
      writtenAt: NO_SLOT,
    }
  }

  async function readingOf(monitor: RateMonitor, slotAt: number): Promise<Reading | 'wait' | null> {
    const { source, everyMs } = monitor
    switch (source.kind) {
      case 'prometheus':
      case 'json': {
        const asked: AskedRate = { ...monitor, source }
        const askedAt = deps.clock.now()
        let reading = await deps.readRate(asked, deps.rules(), askedAt)
        for (const ms of AGAIN_MS) {
          if (reading.kind !== 'failed' || ms >= everyMs) break
          await deps.clock.sleepUntil(askedAt + ms)
          reading = await deps.readRate(asked, deps.rules(), deps.clock.now())
        }
        return reading
      }
      case 'push': {
        const [sum] = await pushed.add([{ monitor: monitor.name, fromAt: slotAt, untilAt: slotAt + everyMs }])
        if (typeof sum === 'number') return { kind: 'value', value: sum }
        const wasHeard = slotAt >= startedAt && slotAt === closedSlot(deps.clock.now(), everyMs)
        return wasHeard ? { kind: 'absent', saw: 'nothing is pushed any more' } : null
      }
      case 'log': {
        const log = under(deps.rules().monitors, source.log)
        if (log?.kind !== 'log') return { kind: 'failed', saw: `there is no log ${source.log} any more` }
        // What is known of the log first: lines that come in meanwhile belong to later slots.
        const state = (await readLogs(deps.store.pool, [log.name])).get(log.name)?.state
        const counted = await linesIn(deps.store.pool, monitor.name, slotAt)
        const slot = { fromAt: slotAt, untilAt: slotAt + everyMs }
        return readingOfLines(state, log, slot, counted, deps.clock.now())
      }
      default:
        return source satisfies never
    }
  }

  async function follow(monitor: RateMonitor, slotAt: number, reading: Reading): Promise<void> {
    const { name } = monitor
    for (;;) {
      const now = deps.clock.now()
      const spec = heeded(monitor)
      const { series: last, budget, storedAt, writtenAt } = known.get(name) ?? begin(monitor)
      if (last.slotAt >= slotAt) return
      const before = budget === spec.budget ? last : withBudget(last, spec)
      const { series, value, changes } = judge(before, { slotAt, reading }, monitor, spec, now)
      const isTime = changes.length > 0 || slotAt - writtenAt >= WRITE_MS
      const events = changes.map((change) => ({
        source: 'monitor',
        key: `${name}@${slotAt}/${change.of}`,
        event: signalOf(monitor, change, series, now),
      }))
      const { feed, alarm, sinceAt, learning, recent } = series
      const expected = value === undefined ? null : (recent.at(-1)?.expected ?? null)
      const learned = isTime ? series.state : null
      const [moved] = await tray.add([
        { monitor: name, after: storedAt, slotAt, value, expected, feed, alarm, sinceAt, learning, learned, events },
      ])
      if (!moved) {
        // Another process has judged since; what it saw comes first.
        known.delete(name)
        await load(monitor)
        continue
      }
      known.set(name, { series, budget: spec.budget, storedAt: slotAt, writtenAt: isTime ? slotAt : writtenAt })
      for (const { event } of events) deps.log.info({ monitor: name, saw: event.summary }, 'monitor')
      if (events.length > 0) deps.desk.wake()
      return
    }
  }

  /** What is known of a rate: what was written down, and what was counted since. */
  async function load(monitor: RateMonitor): Promise<AtHand | undefined> {
    const { name } = monitor
    const { pool } = deps.store
    const row = await readRate(pool, name)
    if (row === null) return undefined
    const spec = heeded(monitor)
    const learned = RateState.safeParse(row.learned)
    const from = learned.success && row.learnedAt !== null ? row.learnedAt : NO_SLOT
    const fresh = newSeries(from, deps.clock.now(), spec)
    let series: Series = learned.success ? { ...fresh, state: learned.data } : fresh
    for (const sample of await rateSamples(pool, name, from, row.slotAt)) series = relearn(series, sample, spec)
    const loaded = {
      series: {
        ...withBudget(series, spec),
        ...{ slotAt: row.slotAt, feed: row.feed, alarm: row.alarm, sinceAt: row.sinceAt },
      },
      budget: spec.budget,
      storedAt: row.slotAt,
      writtenAt: from,
    }
    known.set(name, loaded)
    return loaded
  }

  return async (): Promise<void> => {
    const monitors = ratesOf(deps.rules())
    if (monitors.length > 0) await listen()
    if (paced?.monitors !== monitors) paced = { monitors, most: paceOf(monitors) }
    let left = paced.most
    for (const monitor of monitors) {
      const { name } = monitor
      const at = known.get(name)
      if (running.has(name) || (at && dueSlot(monitor, at.series.slotAt, deps.clock.now()) === null)) continue
      // What is counted by us, and known, costs nobody a question of its own.
      if (!(at && isCounted(monitor)) && left-- <= 0) continue
      running.add(name)
      watch(monitor)
        .catch((error: unknown) =>
          deps.log.error({ monitor: name, reason: messageOf(error) }, 'a rate could not be judged'),
        )
        .finally(() => running.delete(name))
    }
    if (known.size > monitors.length) {
      const names = new Set(monitors.map(({ name }) => name))
      for (const name of known.keys()) if (!names.has(name)) known.delete(name)
    }
  }
}

/** So many are begun in a tick: as many and a half as fall due in it, so that a start with thousands does not ask for all of them at once. */
const paceOf = (monitors: readonly RateMonitor[]): number =>
  Math.max(LEAST_BEGUN, HEADROOM * monitors.reduce((sum, { everyMs }) => sum + TICK_MS / everyMs, 0))

/** What is counted by us comes by slots that begin with the clock, and is judged when they are over. */
const isCounted = ({ source }: RateMonitor) => source.kind === 'push' || source.kind === 'log'

/** The slot that is due, null when none is. Of what is asked for only the present can be had; what was counted is there still. */
function dueSlot(monitor: RateMonitor, lastAt: number | null, now: number): number | null {
  const { name, everyMs } = monitor
  if (!isCounted(monitor)) {
    const slotAt = slotOf(name, everyMs, now)
    return lastAt === null || lastAt < slotAt ? slotAt : null
  }
  const closedAt = closedSlot(now, everyMs)
  if (lastAt === null || closedAt - lastAt > MOST_MISSED * everyMs) return closedAt
  return lastAt + everyMs <= closedAt ? lastAt + everyMs : null
}

const signalOf = (monitor: RateMonitor, change: RateChange, { recent }: Series, at: number) =>
  change.of === 'source'
    ? sourceSignal(monitor, change.to, change.why, at)
    : rateSignal(monitor, { alarm: change.to === 'down' ? change : null, recent }, at)

/**
 * Stores counts that were pushed.
 *
 * @returns how many came too late: their slot had been judged
 */
export async function takeCounts(
  { store }: Pick<JobDeps, 'store'>,
  monitor: RateMonitor,
  counts: readonly Count[],
): Promise<{ late: number }> {
  const row = await readRate(store.pool, monitor.name)
  const openAt = row === null ? NO_SLOT : row.slotAt + monitor.everyMs
  const inTime = counts.filter(({ at }) => at >= openAt)
  if (inTime.length > 0) await addCounts(store.pool, monitor.name, inTime)
  return { late: counts.length - inTime.length }
}
