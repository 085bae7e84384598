import { type Host, inside } from './host.ts'
import { type Alarms, createInstance, type Instance } from './instance.ts'

/**
 * The world of a simulation: virtual time, and every call that the simulated processes make of their ports, one at a time. A call is
 * performed (it takes effect), then answered, and nothing else happens until all that follows from the answer has come to rest: so the same
 * seed gives the same run, whatever the machine does meanwhile. At any call a process may die or freeze.
 */
export interface World extends Alarms {
  random(): number
  call<T>(of: Instance, call: Called<T>): Promise<T>
  instance(name: string, ports: Pick<Host, 'fetch'>): Instance
  /** Nothing of it happens any more; what it has open at the store is cut. */
  kill(instance: Instance): Promise<void>
  /** Time passes that nobody notices: all machines were suspended. */
  jump(ms: number): void
  /** Lets everything happen that happens up to an instant. */
  run(until: number): Promise<void>
  /** Whether anything is on its way. */
  busy(): boolean
  readonly trace: Traced[]
}

interface Called<T> {
  port: 'store' | 'slack' | 'check' | 'hook'
  /** What is called, for people who read the trace. */
  what: string
  perform(): Promise<Performed<T>>
  /** Whether it can be performed now; when it is left out, at any time. */
  ready?(): boolean
  /** A step on the way to a call (taking a connection): performed in its turn, but no call by itself. */
  uncounted?: true
}

/** The answer of a call; or one that comes about after so long, whether or not anybody still waits for it. */
export type Performed<T> = { value: T } | { afterMs: number; come(): T }

export interface Traced {
  at: number
  of: string
  k: number
  port: string
  what: string
  struck: string | null
}

/** What happens to a process at a call: with `effect` the call has happened, and its answer is what gets lost or waits. */
export type Strike = { kind: 'crash'; effect: boolean } | { kind: 'freeze'; effect: boolean; ms: number }

interface Options {
  startAt: number
  /** Between 0 and 1, the same sequence each time. */
  random(): number
  /** Calls are performed in any order that could be, not in the order in which they were made. */
  shuffled: boolean
  strike(of: Instance, k: number, call: Called<unknown>): Strike | null
  crashed(of: Instance): void
  frozen(of: Instance, ms: number): void
  /** Before a call, and after it. */
  watch(of: Instance, k: number, when: 'before' | 'after'): Promise<void>
  /** Whether anything waits for a sweep. */
  due(): Promise<boolean>
  /** How many connections wait for a lock of another's. */
  blocked(): Promise<number>
  /** Resolves when the store has noticed that connections are gone. */
  disconnected(): Promise<void>
}

interface Alarm {
  at: number
  n: number
  ring: () => unknown
  of: Instance | null
  soft: boolean
}

interface Pending {
  n: number
  of: Instance
  call: Called<unknown>
  counted: boolean
  /** Sent before its process froze: it arrives all the same, and its answer waits. */
  sent: boolean
  answer(given: Given): void
}

type Given = { value: unknown } | { error: unknown }

/** Real time after which a statement that has not come back is looked for among those that wait for a lock. */
const BLOCKED_MS = 10

/** A statement that neither comes back nor waits for a lock is a defect of the simulation. */
const STUCK_MS = 5_000

/** Turns of the event loop after which everything that follows from an answer has come to rest: none of it waits for anything real. */
const TURNS = 2

export function createWorld(options: Options): World {
  let now = options.startAt
  let count = 0
  const alarms: Alarm[] = []
  const pending: Pending[] = []
  /** Performed, but waiting for a lock that another call will give back. */
  const waiting = new Set<Pending>()
  const arrivals: { n: number; of: Instance; deliver(): void }[] = []
  const trace: Traced[] = []
  const instances: Instance[] = []

  const alarm: World['alarm'] = (at, ring, { of, soft = false } = {}) => {
    const each: Alarm = { at: Math.max(at, now), n: count++, ring, of: of ?? null, soft }
    alarms.push(each)
    return () => remove(alarms, each)
  }

  function arrive({ n, of, answer }: Pending, given: Given): void {
    if (of.state !== 'dead') arrivals.push({ n, of, deliver: () => answer(given) })
  }

  function call<T>(of: Instance, called: Called<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (of.state === 'dead') return
      const answer = (given: Given) => ('error' in given ? reject(given.error) : resolve(given.value as T))
      pending.push({ n: count++, of, call: called, counted: false, sent: false, answer })
    })
  }

  function next(): Pending | undefined {
    const ready = pending.filter(({ of, sent, call: { ready: is } }) => (of.state === 'up' || sent) && (is?.() ?? true))
    const chosen = ready[options.shuffled ? Math.floor(options.random() * ready.length) : 0]
    if (chosen) remove(pending, chosen)
    return chosen
  }

  async function perform(each: Pending): Promise<void> {
    const { of, call: called } = each
    // A step on the way is no call; one that was put off by a freeze has been counted.
    if (called.uncounted || each.counted) return effect(each)
    each.counted = true
    const k = ++of.calls
    const strike = options.strike(of, k, called)
    const struck = strike && `${strike.kind} ${strike.effect ? 'after' : 'before'} it`
    trace.push({ at: now, of: of.name, k, port: called.port, what: called.what, struck })
    await options.watch(of, k, 'before')
    if (strike && !strike.effect) {
      if (strike.kind === 'crash') return crash(of)
      freeze(of, strike.ms)
      pending.unshift(each)
      return
    }
    if (strike?.kind === 'freeze') freeze(of, strike.ms)
    await effect(each)
    await options.watch(of, k, 'after')
    if (strike?.kind === 'crash') await crash(of)
  }

  async function effect(each: Pending): Promise<void> {
    waiting.add(each)
    const done = inside(each.of.host, () => each.call.perform())
      .then(
        (performed) => performed,
        (error: unknown): Given => ({ error }),
      )
      .then((given) => {
        waiting.delete(each)
        if (!('afterMs' in given)) return arrive(each, given)
        alarm(now + given.afterMs, () => arrive(each, { value: given.come() }))
      })
    if (each.call.port === 'store') await lockless(done)
    else await done
  }

  /** Waits until every statement that was sent has come back, or waits for a lock that another call holds. */
  async function lockless(done: Promise<void>): Promise<void> {
    await Promise.race([done, pause(BLOCKED_MS)])
    for (let ms = 0; waiting.size > 0 && (await options.blocked()) < waiting.size; ms++) {
      if (ms > STUCK_MS) throw new Error(`the store does not answer: ${[...waiting].map(({ call: { what } }) => what)}`)
      await pause(1)
    }
  }

  async function crash(of: Instance): Promise<void> {
    await kill(of)
    options.crashed(of)
  }

  async function kill(of: Instance): Promise<void> {
    of.state = 'dead'
    const alive = <T extends { of: Instance | null }>(all: T[]) =>
      all.splice(0, all.length, ...all.filter((each) => each.of !== of))
    alive(alarms)
    alive(pending)
    alive(arrivals)
    for (const each of waiting) if (each.of === of) waiting.delete(each)
    for (const socket of of.sockets) socket.destroy()
    of.sockets.clear()
    await options.disconnected()
  }

  function freeze(of: Instance, ms: number): void {
    of.state = 'frozen'
    for (const each of pending) if (each.of === of) each.sent = true
    options.frozen(of, ms)
    alarm(now + ms, () => {
      if (of.state === 'frozen') of.state = 'up'
    })
  }

  const awake = ({ of }: { of: Instance | null }) => of === null || of.state === 'up'

  async function run(until: number): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve))
      // Those whom one commit sets free come back in any order: here in that in which they were sent.
      const arrival = first(arrivals.filter(awake), (one) => one.n)
      if (arrival) {
        remove(arrivals, arrival)
        arrival.deliver()
        continue
      }
      const each = next()
      if (each) {
        await perform(each)
        if (waiting.size > 0) await lockless(Promise.resolve())
        continue
      }
      const due = first(
        alarms.filter((one) => one.at <= now && awake(one)),
        when,
      )
      if (due) {
        remove(alarms, due)
        await due.ring()
        continue
      }
      const hard = Math.min(...alarms.filter((one) => !one.soft && awake(one)).map(when))
      const soft = Math.min(...alarms.filter(awake).map(when))
      const instant = soft < Math.min(hard, until) && (await options.due()) ? soft : hard
      if (instant > until) {
        now = Math.max(now, until)
        return
      }
      now = Math.max(now, instant)
    }
  }

  return {
    now: () => now,
    random: options.random,
    alarm,
    call,
    instance(name, ports) {
      const random = generator(`${name} ${options.random()}`)
      const instance = createInstance({ name, ports, random, now: () => now, alarm })
      instances.push(instance)
      return instance
    },
    kill,
    jump(ms) {
      now += ms
    },
    run,
    busy: () =>
      arrivals.length + pending.length + waiting.size > 0 || instances.some(({ state }) => state === 'frozen'),
    trace,
  }
}

function remove<T>(all: T[], one: T): void {
  const index = all.indexOf(one)
  if (index >= 0) all.splice(index, 1)
}

const when = ({ at }: Alarm) => at

/** The first of those that are first. */
const first = <T extends { n: number }>(all: T[], order: (one: T) => number): T | undefined =>
  all.toSorted((a, b) => order(a) - order(b) || a.n - b.n)[0]

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Numbers from 0 to 1 that follow from a text alone (FNV-1a, mulberry32). */
export function generator(seed: string): () => number {
  let state = 0x811c9dc5
  for (const char of seed) state = Math.imul(state ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
