import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Deps, SlackCall } from './deps.ts'
import { isOfTheWatch } from './domain/detect/graph.ts'
import { dutyAt } from './domain/duty/schedule.ts'
import { channelsOf, lastResortOf, type Rules, type Step, type Target } from './domain/rules.ts'
import { allInShadow } from './domain/shadow.ts'
import { messageOf } from './errors.ts'
import { PAGE_LATE_MS } from './metrics.ts'
import { joining, openDm, post } from './slack/api.ts'
import { plainMessage } from './slack/blocks.ts'
import {
  latePageWords,
  settledPageWords,
  storeBack,
  storeSilent,
  type Voice,
  watchBack,
  watchStands,
} from './slack/words.ts'
import { claimAilment, claimAlarm, type LatePage, latePages, type Settled, settledPages } from './store/audit.ts'
import { HELD_MS, readWatches, rotaOf } from './store/rota.ts'

/** How often the watch is looked at; a store that is silent must be told of within a minute (reliability F08). */
const LOOK_MS = 30_000

/** After a look that came to nothing the next comes this soon. */
const LOOK_AGAIN_MS = 4_000

/**
 * A store that has not answered for so long since that was noticed, and so many times in a row, is down. Less is a restart, which takes
 * seconds; more, and what was noticed a whole look late would be told too late.
 */
const SILENT_MS = 20_000
const SILENT_LOOKS = 3

/** What stands still for so long since that was noticed does not come back by itself. */
const STILL_MS = 30_000

/** As long as a page is late, it is said again this often; what of the watch is sick again is told of no sooner. */
const REMIND_MS = 10 * 60_000

/** What was sick and is well for so long is well again. */
const WELL_MS = 60_000

/** Nothing waits for its turn that long in a program that does its work. */
const STALL_MS = 1_000
/** How finely that is measured. */
const STALL_RESOLUTION_MS = 20

/** Whom an alarm about the watch itself is for. */
export interface Audience {
  /** Slack channels by id. */
  channels: readonly string[]
  /** Names of people. */
  people: readonly string[]
}

/**
 * A way to tell people that goes round the out-tray and the store. They are tried in order until one has reached somebody. Slack is the first,
 * and what people have beside it follows.
 */
export interface Path {
  name: string
  /** @returns how many were reached */
  say(text: string, audience: Audience): Promise<number>
}

/** Something of the watch itself that is sick, though the store answers: who is on duty has to know, and hears when it is over. */
export interface Ailment {
  about: 'deaf' | 'stuck' | 'slow' | 'disk'
  /** Watch time. */
  since: number
  /** For how long it may last before it is told of. */
  patienceMs: number
  /** Told by every way there is: nobody looks at Slack for the sake of it. */
  loud: boolean
  what: string
  words(voice: Voice): string
  over(voice: Voice, since: number): string
}

/** As the log and the metrics have it. */
interface Alarm {
  about: 'page' | 'store' | 'watch' | Ailment['about']
  what: string
  since?: number
  entries?: readonly string[]
  owed?: { key: string; owedSince: number; reason: string | null }[]
}

export interface Auditor {
  start(): void
  /** Something has changed that should not wait for the next look. */
  hurry(): void
  /** Since when the store has not answered, as far as is known; null: it does. Watch time. */
  storeSilentSince(): number | null
  /** When it last looked at all that it looks at; null: it has not yet. Watch time. */
  lookedAt(): number | null
  /** Something has to be told, and no path takes it. */
  unheard(): boolean
  busy(): boolean
  close(): Promise<void>
}

interface Sick {
  of: Ailment
  audience: Audience
  /** It is this process that tells of it. */
  ours: boolean
  /** Somebody was told. */
  said: boolean
  /** Since when it is not seen any more; null: it is. */
  wellAt: number | null
}

interface Options extends Pick<Deps, 'clock' | 'log' | 'store' | 'metrics' | 'rules'> {
  paths: readonly Path[]
  /** Since when what came in could not be stored, and when that was tried last; null: it can. A store may answer and take nothing. */
  refusing(): { since: number; last: number } | null
  /** Entries of the timetable that are behind. */
  behind(): readonly string[]
  /** What is sick at this moment, as far as this process sees. */
  ailments(): Promise<Ailment[]>
}

/**
 * Watches the watch (reliability R4). A page that is owed for 30 s and is not sent is told to the service's channel and to the last resort; a
 * store that is silent for 30 s to everybody on duty, from memory, since nobody can be paged then. Each once, with a word when it is over;
 * always in the log and in the metrics.
 */
export function createAuditor(options: Options): Auditor {
  const { clock, log, store, metrics, rules, paths, refusing, behind, ailments } = options
  const closing = new AbortController()
  const delay = monitorEventLoopDelay({ resolution: STALL_RESOLUTION_MS })
  /** Alarms that this process has to raise, and could not yet. */
  const unsaid = new Map<string, LatePage>()
  let looking = false
  let running: Promise<void> | null = null
  /** Looks in a row that the store did not answer, and since when it has not. */
  let silence: { since: number; looks: number } | null = null
  let told: { since: number; audience: Audience; said: boolean } | null = null
  let lookedAt = Number.NEGATIVE_INFINITY
  let late: readonly string[] = []
  /** What of the watch stands still, since when, and who has been told. */
  let standstill: {
    since: number
    names: readonly string[]
    audience: Audience
    tried: boolean
    said: boolean
  } | null = null
  let pause = new AbortController()
  /** What is sick, who is told of it, and whether anybody was. */
  const sick = new Map<Ailment['about'], Sick>()
  let endedAt: number | null = null
  /** The roster with what was changed by hand, as it was last read. */
  let rota: Rules | null = null
  /** Whoever went off duty and is not relieved yet. */
  let held: string[] = []

  async function run(): Promise<void> {
    // What was owed before a start goes out first.
    for (let pauseMs = LOOK_MS; !closing.signal.aborted; ) {
      pause = new AbortController()
      await clock.sleepUntil(clock.now() + pauseMs, AbortSignal.any([closing.signal, pause.signal])).catch(() => {})
      if (closing.signal.aborted) return
      looking = true
      // Whatever goes wrong in one look, the next one comes.
      const well = await look().catch((error: unknown) => {
        log.error({ err: error }, 'the auditor failed')
        return false
      })
      looking = false
      endedAt = clock.now()
      pauseMs = well ? LOOK_MS : LOOK_AGAIN_MS
    }
  }

  /** A roster that cannot be read in time is not a store that is silent. */
  async function remember(now: number): Promise<void> {
    try {
      const [stood, { watches }] = await Promise.all([
        rotaOf(store.auditPool, rules(), now - HELD_MS),
        readWatches(store.auditPool),
      ])
      rota = stood
      held = watches.flatMap(({ holdovers }) => holdovers.map(({ person }) => person))
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'the auditor could not read the roster')
    }
  }

  /** Whether all was well. */
  async function look(): Promise<boolean> {
    lookAtProcess()
    const now = clock.now()
    const refused = refusing()
    const refuses = refused !== null && refused.last > lookedAt
    lookedAt = now
    let pages: LatePage[]
    try {
      pages = await latePages(store.auditPool, now - PAGE_LATE_MS, now)
      // Kept in mind for when the store is silent.
      await remember(now)
    } catch (error) {
      await storeIsSilent(messageOf(error), now)
      return false
    }
    if (refuses) {
      await storeIsSilent('it answers, and takes nothing that comes in', refused.since)
      return false
    }
    if (silence) {
      await storeAnswers()
      // What was owed meanwhile goes out first.
      return false
    }
    metrics.pagesLate(pages.length)
    try {
      await tellOfStandstill(now)
      await tellOfAilments(now)
      await tellOfPages(pages, now)
      await tellOfSettled()
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'the auditor could not claim an alarm; it looks again')
      return false
    }
    return (
      unsaid.size === 0 && standstill?.said !== false && [...sick.values()].every(({ ours, said }) => !ours || said)
    )
  }

  /** Nothing is found out while what goes and looks stands still: that, too, is told round the store. */
  async function tellOfStandstill(now: number): Promise<void> {
    const names = late.filter(isOfTheWatch)
    const was = standstill
    if (names.length === 0) {
      standstill = null
      if (was?.said) await say(watchBack(voice(), was.since), was.audience)
      return
    }
    standstill = {
      ...(was ?? { since: now, audience: onDuty(rota ?? rules(), held, now), tried: false, said: false }),
      names,
    }
    // What comes back within a look was a moment's weakness.
    if (was === null || was.said || now - was.since < STILL_MS) return
    const alarm: Alarm = { about: 'watch', what: 'what watches stands still', since: was.since, entries: names }
    const said = await raise(alarm, watchStands(voice(), names, was.since), was.audience, !was.tried)
    standstill = { ...standstill, tried: true, said }
  }

  /**
   * What is sick is told once to everybody on duty when it has lasted, by one process of all, and its end to whoever heard of it. What comes and
   * goes is sick all the while, or at least is not told of again so soon.
   */
  async function tellOfAilments(now: number): Promise<void> {
    const found = await ailments()
    for (const [about, each] of sick) {
      if (found.some((one) => one.about === about)) continue
      each.wellAt ??= now
      // Of what nobody was told there is no end to tell.
      if (each.said && now - each.wellAt < WELL_MS) continue
      sick.delete(about)
      log.info({ about, forMs: each.wellAt - each.of.since }, 'what was sick of the watch is well again')
      if (each.said) await say(each.of.over(voice(), each.of.since), each.audience)
    }
    for (const of of found) {
      const known = sick.get(of.about) ?? {
        ...{ of, audience: onDuty(rota ?? rules(), held, now), ours: false, said: false, wellAt: null },
      }
      known.wellAt = null
      sick.set(of.about, known)
      if (now - known.of.since < of.patienceMs) continue
      const { about, what, loud } = of
      const had = await claimAilment(store.auditPool, about, now, known.ours ? 0 : REMIND_MS)
      const isNew = had && !known.ours
      known.ours ||= had
      if (!known.ours || known.said) continue
      known.said = await raise({ about, what, since: known.of.since }, of.words(voice()), known.audience, isNew, loud)
    }
  }

  async function storeIsSilent(reason: string, since: number): Promise<void> {
    silence = { since: silence?.since ?? since, looks: (silence?.looks ?? 0) + 1 }
    if (silence.looks === 1) log.error({ reason }, 'the store does not do its part')
    if (told?.said || silence.looks < SILENT_LOOKS || clock.now() - silence.since < SILENT_MS) return
    const isNew = told === null
    told ??= { since: silence.since, audience: onDuty(rota ?? rules(), held, clock.now()), said: false }
    const silent: Alarm = { about: 'store', what: 'the store does not answer: nobody can be paged', since: told.since }
    told.said = await raise(silent, storeSilent(voice(), told.since), told.audience, isNew)
  }

  async function storeAnswers(): Promise<void> {
    if (silence) log.info({ silentForMs: clock.now() - silence.since }, 'the store does its part again')
    const was = told
    silence = null
    told = null
    if (was?.said) await say(storeBack(voice(), was.since), was.audience)
  }

  async function tellOfPages(pages: readonly LatePage[], now: number): Promise<void> {
    const still = new Set(pages.map(({ key }) => key))
    for (const key of unsaid.keys()) if (!still.has(key)) unsaid.delete(key)
    const fresh = new Set<string>()
    for (const page of pages) {
      // Told once in the whole installation, and again every so often.
      const slotAt = page.at + Math.floor((now - page.at) / REMIND_MS) * REMIND_MS
      if (!(await claimAlarm(store.auditPool, page.key, slotAt))) continue
      unsaid.set(page.key, page)
      fresh.add(page.key)
    }
    for (const group of byService([...unsaid.values()])) {
      const [first] = group
      if (!first) continue
      const isNew = group.some(({ key }) => fresh.has(key))
      const owed = group.map(({ key, at, reason }) => ({ key, owedSince: at, reason }))
      const alarm: Alarm = { about: 'page', what: 'pages are owed and not out', owed }
      if (await raise(alarm, latePageWords(voice(), group), audienceOf(rules(), first), isNew))
        for (const { key } of group) unsaid.delete(key)
    }
  }

  async function tellOfSettled(): Promise<void> {
    for (const group of byService(await settledPages(store.auditPool))) {
      const [first] = group
      log.info({ pages: group.map(({ key, how }) => ({ key, how })) }, 'pages that were late are not owed any more')
      if (first) await say(settledPageWords(voice(), group), audienceOf(rules(), first))
    }
  }

  /** Once in the log and in the metrics, whether or not anybody can be reached; tried again until somebody is. */
  async function raise(
    alarm: Alarm,
    text: string,
    audience: Audience,
    isNew: boolean,
    everyWay = false,
  ): Promise<boolean> {
    const { about, what, ...details } = alarm
    if (isNew) log.fatal({ alarm: about, ...details }, what)
    const said = await say(text, audience, everyWay)
    if (isNew || said) metrics.alarm(about, said)
    if (isNew && !said) log.fatal({ alarm: about }, 'an alarm reaches nobody: no way of telling works')
    return said
  }

  /** `everyWay`: also by those that come after one that has reached somebody. */
  async function say(told: string, whom: Audience, everyWay = false): Promise<boolean> {
    let isSaid = false
    const { shadow } = rules()
    // While nobody is paged for anything, nobody is woken for the watch either.
    const isQuiet = shadow !== undefined && allInShadow(rules())
    const audience = isQuiet ? { channels: [shadow.channel], people: [] } : whom
    const text = isQuiet ? `${told} _Shadow mode: said here alone._` : told
    for (const { name, say: by } of paths) {
      const reached = await by(text, audience).catch((error: unknown) => {
        log.error({ path: name, reason: messageOf(error) }, 'an alarm could not be told')
        return 0
      })
      isSaid ||= reached > 0
      if (isSaid && !everyWay) return true
    }
    return isSaid
  }

  /** What this process can see of itself. */
  function lookAtProcess(): void {
    const stalledMs = delay.max / 1e6
    metrics.eventLoopStalled(stalledMs > STALL_MS ? stalledMs : 0)
    if (stalledMs > STALL_MS) log.error({ ms: Math.round(stalledMs) }, 'the event loop of this process stood still')
    delay.reset()
    const now = behind()
    const fresh = now.filter((name) => !late.includes(name))
    const caughtUp = late.filter((name) => !now.includes(name))
    if (fresh.length > 0) log.error({ entries: fresh }, 'entries of the timetable are behind')
    if (caughtUp.length > 0) log.info({ entries: caughtUp }, 'entries of the timetable run on time again')
    late = now
  }

  const voice = (): Voice => ({ rules: rules(), now: clock.now() })

  return {
    start() {
      delay.enable()
      running = run()
    },
    hurry: () => pause.abort(new Error('there is news')),
    storeSilentSince: () => silence?.since ?? null,
    lookedAt: () => endedAt,
    unheard: () =>
      unsaid.size > 0 ||
      told?.said === false ||
      (standstill?.tried === true && !standstill.said) ||
      [...sick.values()].some(({ ours, said }) => ours && !said),
    busy: () => looking,
    async close() {
      closing.abort(new Error('the auditor is closed'))
      delay.disable()
      await running
    },
  }
}

/** Of a service, or of the watch of a schedule. */
function byService<T extends Pick<LatePage, 'service' | 'watch'>>(pages: readonly T[]): T[][] {
  return [...Map.groupBy(pages, ({ service, watch }) => JSON.stringify([service, watch])).values()]
}

function audienceOf(rules: Rules, { service, fallback, watch }: LatePage | Settled): Audience {
  if (watch !== null) return { channels: channelsOf(rules, watch), people: lastResortOf(rules, watch) }
  const channel = rules.services[service ?? '']?.channel
  return { channels: channel ? [channel] : [], people: fallback }
}

/** Everybody who answers for a service at this instant, their last resorts, and where its alerts are told: by the roster in memory. */
function onDuty(rules: Rules, held: readonly string[], at: number): Audience {
  const services = Object.values(rules.services)
  const policies = services.flatMap(({ policy }) => rules.policies[policy] ?? [])
  const named = (kind: Target['kind'], steps: readonly Step[]) =>
    steps.flatMap(({ page }) => page.flatMap((target) => (target.kind === kind ? target.name : [])))
  const schedules = new Set(policies.flatMap(({ steps }) => named('schedule', steps)))
  const holding = [...schedules].flatMap((name) => {
    const schedule = rules.schedules[name]
    return schedule ? dutyAt(schedule, at) : []
  })
  const first = policies.flatMap(({ steps }) => named('person', steps.slice(0, 1)))
  return {
    channels: [...new Set(services.flatMap(({ channel }) => channel ?? []))],
    people: [...new Set([...holding, ...held, ...first, ...policies.flatMap(({ fallback }) => fallback)])],
  }
}

/** By Slack: the channels, and each person by DM. */
export function slackPath(call: SlackCall, rules: () => Rules): Path {
  async function dm(slackId: string, text: string): Promise<boolean> {
    const opened = await openDm(call, slackId)
    if (!opened.ok) return false
    return (await post(call, opened.value, plainMessage(text))).ok
  }

  return {
    name: 'slack',
    async say(text, { channels, people }) {
      const ids = people.flatMap((name) => rules().people[name]?.slack ?? [])
      const reached = await Promise.all([
        ...channels.map(
          async (channel) => (await joining(call, channel, () => post(call, channel, plainMessage(text)))).ok,
        ),
        ...ids.map((id) => dm(id, text)),
      ])
      return reached.filter(Boolean).length
    },
  }
}
