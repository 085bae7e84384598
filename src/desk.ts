import { randomUUID } from 'node:crypto'
import { rests, sleep } from './clock.ts'
import { complaints } from './complaints.ts'
import type { Deps, Desk } from './deps.ts'
import { type Decision, decide, nextDue } from './domain/decide.ts'
import type { Outcome } from './domain/event.ts'
import type { Rules } from './domain/rules.ts'
import { releasable } from './domain/watch/depends.ts'
import { reconfigured } from './domain/watch/handover.ts'
import { uncovered } from './domain/watch/shadow.ts'
import { orphans, strays } from './domain/watch/signal.ts'
import { forgotten } from './domain/watch/silence.ts'
import { type Active, type Born, commit, type Look, type Taken, take, withdraw } from './store/desk.ts'
import { outcomes, submit, undone } from './store/inbox.ts'
import { withAdoptions } from './store/marks.ts'
import { withCalendars } from './store/rota.ts'
import { readRules } from './store/rules.ts'
import { type Connection, isOutage } from './store/store.ts'

/** The sweep: finds what should have happened and did not. It alone meets every promise (reliability R3). */
const SWEEP_MS = 1_000

/** A decision without any event: the number of no row. */
const NO_EVENT = 0

/** A desk that cannot decide at all tries again this often. */
const STUCK_MS = 5_000

/** After an outage of the store the next try comes this soon. */
const RETRY_MS = 250

/**
 * Looks that follow each other closely are made fewer, so that each decides on more: every one reads what is open, and a burst that is
 * decided one by one pays for it each time. After a look the next one waits so many times as long as that took; one after a pause, not at all.
 */
const REST_PER_LOOK = 2
const LONGEST_REST_MS = 50

/** How long a born claim holds; the same as that of any claim of the out-tray. */
export const LEASE_MS = 10_000

/** Outcomes kept for askers who come a moment after the decision. */
const REMEMBERED = 1_000

/** The pages that a decision owes, already claimed by this process: sent as soon as they are committed. */
export interface PageSender {
  /** Pages under these keys are about to be committed, claimed by this process from their birth. */
  expect(keys: readonly string[]): void
  /** They were committed: those that are new are sent. */
  deliver(keys: readonly string[], born: readonly Born[]): void
  /** Whether they were committed is not known: what was is claimed like anything else, and was certainly not sent. */
  lose(keys: readonly string[]): void
}

export interface RunningDesk extends Desk {
  start(): void
  /** Whether a decision is being made, or is known to be wanted. */
  busy(): boolean
  close(): Promise<void>
}

interface DeskOptions extends Pick<Deps, 'clock' | 'machine' | 'log' | 'store'> {
  /** Another configuration is the active one, in this process as in all. */
  follow(rules: Rules): void
  /** A newer program works on this store: this process decides nothing any more. */
  outdated(): void
}

interface DeskDeps extends Pick<Deps, 'clock' | 'machine' | 'log' | 'store'> {
  sender: PageSender
  /** Read by the connection that holds the lock, which must wait for no other. */
  rulesOf(active: Active, client: Connection): Promise<Rules>
}

/**
 * The desk: one transaction at a time in the whole installation. It wakes by its own process's commits, by NOTIFY, by a timer at the next
 * instant at which something is due, and by a sweep each second; every wake re-reads and re-decides.
 *
 */
export function createDesk(options: DeskOptions, sender: PageSender): RunningDesk {
  const { clock, machine, log, store, follow, outdated } = options
  const deps: DeskDeps = { ...options, sender, rulesOf }
  const complain = complaints(log, 'error')
  const rest = rests(machine, REST_PER_LOOK, LONGEST_REST_MS)
  const closing = new AbortController()
  let active: (Active & { whole: Rules }) | null = null
  /** The configuration under which everything that fires was looked at. */
  let known: Active | null = null
  /** Askers by event; the same event may have been sent in twice at the same time. */
  const waiting = new Map<number, ((outcome: Outcome) => void)[]>()
  const recent = new Map<number, Outcome>()
  let wanted = false
  let running: Promise<void> | null = null
  let timer = new AbortController()
  let sweep: NodeJS.Timeout | null = null
  let forget: (() => void) | null = null

  async function rulesOf(now: Active, client: Connection): Promise<Rules> {
    if (active?.rules !== now.rules || active.adoptions !== now.adoptions) {
      active = { ...now, whole: await withAdoptions(client, await readRules(client, now.rules)) }
      follow(active.whole)
    }
    return withCalendars(client, active.whole)
  }

  function wake(): void {
    wanted = true
    if (closing.signal.aborted || running) return
    running = run()
      // Nothing that goes wrong here may end the process: the sweep tries again.
      .catch((error: unknown) => log.fatal({ err: error }, 'the desk failed'))
      .finally(() => {
        running = null
        // A wake that came between the last look and here.
        if (wanted) wake()
      })
  }

  async function run(): Promise<void> {
    while (wanted && !closing.signal.aborted) {
      const restMs = rest.leftMs()
      if (restMs > 0) await sleep(restMs, closing.signal).catch(() => {})
      if (closing.signal.aborted) return
      // Whoever comes from here on may come too late for this look.
      wanted = false
      try {
        const transaction = await rest.after(() => decideOnce(deps, { only: null, known }))
        known = transaction.active
        settle(transaction)
      } catch (error) {
        await failed(error)
      }
    }
  }

  function settle({ decided, more, dueAt }: Transaction): void {
    for (const { id, outcome } of decided) resolve(id, outcome)
    if (more) wanted = true
    timer.abort()
    timer = new AbortController()
    if (Number.isFinite(dueAt)) clock.sleepUntil(dueAt, timer.signal).then(wake, () => {})
  }

  async function failed(error: unknown): Promise<void> {
    if (error instanceof Outdated) {
      log.fatal(error.message)
      closing.abort(error)
      return outdated()
    }
    if (isOutage(error)) {
      complain('the store does not do its part; the desk tries again', error)
      await sleep(RETRY_MS, closing.signal).catch(() => {})
      wanted = true
      return
    }
    // Something on the desk makes the decision throw: each event alone, so that one defect holds up nobody else.
    log.error({ err: error }, 'a decision failed; its events are tried one by one')
    try {
      settle(await decideOnce(deps, { only: NO_EVENT, known }))
    } catch (reason) {
      // No event is at fault: none is parked for it. Pages that are out stay out, and everything waits in the in-tray.
      log.fatal({ err: reason }, 'the desk cannot decide, whatever comes in')
      await sleep(STUCK_MS, closing.signal).catch(() => {})
      return
    }
    for (const id of await undone(store.pool)) {
      try {
        settle(await decideOnce(deps, { only: id, known }))
      } catch (reason) {
        if (isOutage(reason)) return
        settle(await park(deps, id, reason))
      }
    }
  }

  function resolve(id: number, outcome: Outcome): void {
    recent.set(id, outcome)
    if (recent.size > REMEMBERED) recent.delete(recent.keys().next().value ?? id)
    for (const tell of waiting.get(id) ?? []) tell(outcome)
    waiting.delete(id)
  }

  /** Another process may have decided what is waited for here. */
  async function lookForOutcomes(): Promise<void> {
    if (waiting.size === 0) return
    for (const [id, outcome] of await outcomes(store.pool, [...waiting.keys()])) resolve(id, outcome)
  }

  return {
    wake,
    async submit(entry) {
      const [id] = await submit(store.pool, [entry], clock.now())
      if (id === undefined) throw new Error('the store took no event')
      // It may be decided while the store is asked.
      const known = recent.get(id) ?? (await outcomes(store.pool, [id])).get(id) ?? recent.get(id)
      if (known) return known
      const outcome = new Promise<Outcome>((done) => waiting.set(id, [...(waiting.get(id) ?? []), done]))
      wake()
      return outcome
    },
    start() {
      forget = store.onNotice(() => {
        wake()
        lookForOutcomes().catch(() => {})
      })
      sweep = setInterval(() => {
        wake()
        lookForOutcomes().catch(() => {})
      }, SWEEP_MS)
      wake()
    },
    busy: () => running !== null || wanted,
    async close() {
      forget?.()
      if (sweep) clearInterval(sweep)
      closing.abort(new Error('the desk is closed'))
      await running
      // What ran to its end has set another.
      timer.abort()
    },
  }
}

interface Transaction {
  decided: Decision['outcomes']
  /** There may be more events than one transaction takes. */
  more: boolean
  /** When the desk must look again by itself. */
  dueAt: number
  /** The configuration that it was made under. */
  active: Active | null
}

type What = Pick<Look, 'only' | 'known'>

async function decideOnce(deps: DeskDeps, what: What): Promise<Transaction> {
  return transaction(deps, what, (taken, now, rules) => {
    if (rules === null) return null
    const idle =
      taken.events.length === 0 &&
      taken.unreadable.length === 0 &&
      nextDue(taken.desk, rules) > now &&
      !releasable(taken.desk, rules, now) &&
      reconfigured({ desk: taken.desk, rules }).length === 0 &&
      uncovered({ desk: taken.desk, rules }).length === 0 &&
      orphans(taken.desk, rules).length + strays(taken.desk, rules).length + forgotten(taken.desk, rules).length === 0
    return idle ? null : decide(taken.desk, taken.events, now, rules)
  })
}

/** An event that makes every decision throw is set aside, loudly, with a reference that its sender sees too. */
async function park(deps: DeskDeps, id: number, reason: unknown): Promise<Transaction> {
  const reference = randomUUID().slice(0, 8)
  deps.log.fatal({ err: reason, inbox: id, reference }, 'an event could not be decided and is parked')
  const outcome: Outcome = { result: 'refused', refusal: { code: 'failed', reference } }
  return transaction(deps, { only: id, known: null }, (taken, now) => ({
    desk: { ...taken.desk, decidedAt: now },
    facts: [],
    owed: [],
    voids: [],
    outcomes: [{ id, outcome }],
  }))
}

async function transaction(
  { clock, machine, log, store, sender, rulesOf }: DeskDeps,
  what: What,
  decideOn: (taken: Taken, now: number, rules: Rules | null) => Decision | null,
): Promise<Transaction> {
  const client = await store.deskPool.connect()
  let pages: string[] = []
  try {
    const taken = await take(client, { ...what, now: Math.floor(clock.now()) })
    if (taken === null) throw new Outdated()
    const now = Math.max(clock.now(), taken.desk.decidedAt)
    const { active, events } = taken
    const rules = active === null ? null : await rulesOf(active, client)
    const dueAt = (desk: Taken['desk']) => (rules === null ? Number.POSITIVE_INFINITY : nextDue(desk, rules))
    const decision = decideOn(taken, now, rules)
    const parked = taken.unreadable.map(({ id, reason }) => {
      const reference = randomUUID().slice(0, 8)
      log.fatal({ inbox: id, reason, reference }, 'an event is unreadable and is parked')
      return { id, outcome: { result: 'refused', refusal: { code: 'failed', reference } } as const }
    })
    if (decision === null) {
      await withdraw(client)
      client.release()
      return { decided: [], more: false, dueAt: dueAt(taken.desk), active }
    }
    pages = decision.owed.filter(({ about }) => about.kind === 'page').map(({ key }) => key)
    sender.expect(pages)
    const born = await commit(client, {
      taken,
      decision,
      parked,
      now,
      process: store.process,
      machineNow: machine.now(),
      leaseMs: LEASE_MS,
    })
    sender.deliver(pages, born)
    client.release()
    explain(log, decision)
    return { decided: decision.outcomes, more: events.length > 0, dueAt: dueAt(decision.desk), active }
  } catch (error) {
    sender.lose(pages)
    // The connection goes, and with it whatever the transaction had begun.
    client.release(true)
    throw error
  }
}

/** One line per fact, with its reason. */
function explain(log: DeskDeps['log'], decision: Decision): void {
  for (const { id, type, incident, at, ...reason } of decision.facts)
    log.info({ fact: id, incident, at: new Date(at).toISOString(), ...('policy' in reason ? {} : reason) }, type)
}

class Outdated extends Error {
  constructor() {
    super('a newer version of Watchbill works on this store: this process has stopped deciding')
  }
}
