import { rests, sleep } from './clock.ts'
import { complaints } from './complaints.ts'
import type { Deps } from './deps.ts'
import { LEASE_MS, type PageSender } from './desk.ts'
import type { OwedKind } from './domain/owed.ts'
import { messageOf } from './errors.ts'
import { type Claim, claim, finish, nextOwedAt, pauseLane, type Result } from './store/owed.ts'

/** What came of an attempt to pay what is owed. */
export type Sent =
  | { outcome: 'done'; result?: Result }
  /** It did not happen; try again (after a pause that the receiver asked for). */
  | { outcome: 'again'; reason: string; afterMs?: number | null; result?: Result }
  /** It may have happened: the next attempt looks before it sends. */
  | { outcome: 'unknown'; reason: string; afterMs: number; result: Result }
  /** It can never happen; on record, and what follows from it is already in the in-tray. */
  | { outcome: 'never'; reason: string }

/** A claim with the moment from which it was ours, by `machine.elapsed`: whoever froze since may have been overtaken. */
export type Claimed = Claim & { claimedAt: number }
export type Handler = (claim: Claimed) => Promise<Sent>
export type Handlers = Record<OwedKind, Handler>

/** Own retries: doubling from here, with jitter, up to the ceiling (reliability R5). */
const FIRST_RETRY_MS = 500
const RETRY_CEILING_MS = 15_000

/** Pages are never made to wait for each other; the rest keeps to what one workspace takes. */
const URGENT_AT_ONCE = 200
const OTHERS_AT_ONCE = 12

/** An outcome that the store did not take is offered again this soon. */
const RECORD_RETRY_MS = 250

const SWEEP_MS = 1_000

/**
 * To look for what is due costs the store the more, the more is due, and each send that ends asks for it. What is no page is looked for in
 * a tenth of the time at most: the store is the pages' while there are many.
 */
const REST_PER_LOOK = 9
const LONGEST_REST_MS = 500

export interface Outbox extends PageSender {
  /** There may be something to send. */
  wake(): void
  start(): void
  busy(): boolean
  /** Takes nothing more, and waits for what is on its way. */
  close(): Promise<void>
}

/**
 * The out-tray: claims what is due, has it sent by the file of its kind in `jobs/`, records each attempt. Woken like the desk: by commits of
 * its own process, by NOTIFY, by the next due instant, and by a sweep.
 */
export function createOutbox(deps: Pick<Deps, 'clock' | 'machine' | 'log' | 'store'>, handlers: Handlers): Outbox {
  const { clock, machine, log, store } = deps
  const complain = complaints(log)
  const rest = rests(machine, REST_PER_LOOK, LONGEST_REST_MS)
  const inFlight = { urgent: new Set<Promise<void>>(), others: new Set<Promise<void>>() }
  /** What this process is sending or about to send, and since when: no claim of ours may take it a second time. */
  const ours = new Map<string, number>()
  /** Born under our claim, perhaps, and not sent. */
  const unsent = new Set<string>()
  let wanted = false
  let pumping: Promise<void> | null = null
  let closed = false
  let timer = new AbortController()
  let sweep: NodeJS.Timeout | null = null
  /** Set when somebody asked for the others during their rest. */
  let afterRest: NodeJS.Timeout | null = null
  let forget: (() => void) | null = null

  function wake(): void {
    wanted = true
    if (closed || pumping) return
    pumping = pump().finally(() => {
      pumping = null
      if (wanted) wake()
    })
  }

  async function pump(): Promise<void> {
    while (wanted && !closed) {
      wanted = false
      try {
        await take(true)
        await takeOthers()
        await setTimer()
      } catch (error) {
        complain('the out-tray cannot be read; it is tried again', error)
        return
      }
    }
  }

  async function takeOthers(): Promise<void> {
    const restMs = rest.leftMs()
    if (restMs <= 0) return rest.after(() => take(false))
    afterRest ??= setTimeout(() => {
      afterRest = null
      wake()
    }, restMs)
  }

  async function take(urgent: boolean): Promise<void> {
    const room = urgent ? URGENT_AT_ONCE - inFlight.urgent.size : OTHERS_AT_ONCE - inFlight.others.size
    if (room <= 0) return
    const claimedAt = machine.elapsed()
    const claims = await claim(store, {
      inFlight: [...ours.keys()],
      now: clock.now(),
      machineNow: machine.now(),
      leaseMs: LEASE_MS,
      limit: room,
      urgent,
    })
    for (const each of claims) {
      // The second claim of a row whose first was ours, and came to nothing before anything was sent.
      const untouched = unsent.delete(each.key) && each.fence === 2
      begin({ ...each, uncertain: each.uncertain && !untouched, claimedAt }, urgent)
    }
  }

  function begin(each: Claimed, urgent: boolean): void {
    ours.set(each.key, each.claimedAt)
    const set = urgent ? inFlight.urgent : inFlight.others
    const sending: Promise<void> = send(each).finally(() => {
      set.delete(sending)
      ours.delete(each.key)
      wake()
    })
    set.add(sending)
  }

  async function send(each: Claimed): Promise<void> {
    const startedAt = clock.now()
    let sent: Sent
    try {
      sent = await handlers[each.about.kind](each)
    } catch (error) {
      // A defect of ours or an outage of the store in mid-send: what became of the message is not known.
      log.error({ err: error, owed: each.key }, 'sending failed')
      // The next attempt looks before it sends.
      const result = { ...each.result, looks: 0 }
      sent = { outcome: 'unknown', reason: messageOf(error), afterMs: backoff(each.tries), result }
    }
    // An earlier send may have arrived, and this attempt came to no look: the next one still has to.
    if (sent.outcome === 'again' && each.uncertain) {
      const { reason, afterMs } = sent
      sent = {
        outcome: 'unknown',
        reason,
        afterMs: afterMs ?? backoff(each.tries),
        result: { looks: 0, ...each.result, ...sent.result },
      }
    }
    const endedAt = clock.now()
    const urgent = each.about.kind === 'page' && sent.outcome !== 'done'
    log[urgent ? 'warn' : 'info']({ owed: each.key, try: each.tries, ...sent, ms: endedAt - startedAt }, sent.outcome)
    await recordSurely(each, sent, startedAt, endedAt)
  }

  /**
   * Tries again while the claim is ours: a store that was away for a second must not hold up a page for the whole lease, and what was sent
   * need not be looked for. After that the row is claimed again, and its message is looked for before it is sent again.
   */
  async function recordSurely(each: Claim, sent: Sent, startedAt: number, endedAt: number): Promise<void> {
    const until = machine.elapsed() + LEASE_MS
    for (let told = false; ; told = true) {
      try {
        return await record(each, sent, startedAt, endedAt)
      } catch (error) {
        if (!told)
          log.error({ owed: each.key, reason: messageOf(error) }, 'the outcome of a send could not be recorded')
        if (closed || machine.elapsed() + RECORD_RETRY_MS > until) return
        await sleep(RECORD_RETRY_MS)
      }
    }
  }

  async function record(each: Claim, sent: Sent, startedAt: number, endedAt: number): Promise<void> {
    const state =
      sent.outcome === 'done' || sent.outcome === 'never' ? 'done' : sent.outcome === 'again' ? 'open' : 'unknown'
    // What is done is due at once if more was wanted meanwhile; only what failed waits.
    const waitMs = state === 'done' ? 0 : 'afterMs' in sent && sent.afterMs != null ? sent.afterMs : backoff(each.tries)
    const dueAt = endedAt + waitMs
    const result = sent.outcome === 'never' ? abandoned(each.result, sent.reason) : (sent.result ?? null)
    const reason = 'reason' in sent ? sent.reason : null
    // Before the lane is free for the next.
    if (sent.outcome === 'again' && sent.afterMs != null) await pauseLane(store.pool, each.lane, dueAt, endedAt)
    await finish(store.pool, {
      claim: each,
      state,
      dueAt,
      result,
      attempt: { startedAt, endedAt, outcome: sent.outcome, reason },
    })
  }

  async function setTimer(): Promise<void> {
    const now = clock.now()
    const dueAt = await nextOwedAt(store.pool, now)
    timer.abort()
    timer = new AbortController()
    if (dueAt !== null) clock.sleepUntil(dueAt, timer.signal).then(wake, () => {})
  }

  return {
    expect(keys) {
      for (const key of keys) ours.set(key, machine.elapsed())
    },
    deliver(keys, born) {
      const expectedAt = new Map(keys.map((key) => [key, ours.get(key) ?? machine.elapsed()]))
      // Some may have been there before: those are not ours by this.
      for (const key of keys) ours.delete(key)
      for (const row of born) {
        const claimedAt = expectedAt.get(row.key) ?? machine.elapsed()
        unsent.delete(row.key)
        begin({ ...row, tries: 1, wanted: 1, uncertain: false, result: null, claimedAt }, true)
      }
      // Whatever else is owed need not wait for the store to tell us what we know.
      wake()
    },
    lose(keys) {
      for (const key of keys) {
        ours.delete(key)
        unsent.add(key)
      }
    },
    wake,
    start() {
      forget = store.onNotice(wake)
      sweep = setInterval(wake, SWEEP_MS)
      wake()
    },
    busy: () => wanted || afterRest !== null || pumping !== null || inFlight.urgent.size + inFlight.others.size > 0,
    async close() {
      closed = true
      forget?.()
      if (sweep) clearInterval(sweep)
      await pumping
      // What ran to its end has set another.
      if (afterRest) clearTimeout(afterRest)
      afterRest = null
      timer.abort()
      await Promise.allSettled([...inFlight.urgent, ...inFlight.others])
    },
  }
}

/** Where a message lies is kept, whatever became of its update; unless it is there no more: the next change posts it anew. */
const abandoned = (result: Result, gaveUp: string): Result =>
  gaveUp === 'message_not_found' ? { gaveUp } : { ...result, gaveUp }

/** How long it is until the next try. */
export const backoff = (tries: number) =>
  Math.round(Math.min(RETRY_CEILING_MS, FIRST_RETRY_MS * 2 ** Math.min(tries - 1, 10)) * (0.75 + Math.random() / 4))
