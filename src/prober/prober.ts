import { sleep } from '../clock.ts'
import {
  CONFIRM_MS,
  isHonest,
  newProbe,
  observe,
  type ProbeState,
  type Sample,
  unconfirmed,
} from '../domain/detect/probe.ts'
import { MOST_RESULTS, type SightReport } from '../domain/detect/report.ts'
import { Probe } from '../domain/rules.ts'
import { UserError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { failingSince, openEyes } from '../sight.ts'
import { slotOf } from '../timetable/entries.ts'
import { createBuffer, type Seen } from './buffer.ts'
import type { Answer, Server } from './server.ts'

/** Work is asked for so often: that we ask is how the server knows that we live. */
const PULL_MS = 5_000

/** Looks whose time has come are begun so often, and what came of them is sent. */
const TICK_MS = 200
const SEND_MS = 500

/** Looks under way at once: more wait for their turn. */
const MOST_LOOKS = 500

/** A server that stays away, or refuses, is on the log this often. */
const SAY_AGAIN_MS = 60_000

/** Nothing answers here: whether that is over is asked this often. */
const AGAIN_MS = 2_000

interface ProberOptions {
  location: string
  server: Server
  /** One look, by the rules of this machine: what is private is refused unless it was started otherwise. */
  look(probe: Probe, at: number): Promise<Sample>
  /** Monotonic, for durations. */
  elapsed(): number
  version: string
  log: Logger
  signal: AbortSignal
}

/**
 * Looks at what its server gives it, and reports what it saw. It goes by the server's clock. While the server is away it goes on with the
 * work that it has, keeps what it sees, and delivers it with its own time afterwards. Resolves when it is stopped, after a last attempt to
 * deliver.
 *
 * Throws a {@link UserError} when the server refuses it before it has given it any work.
 */
export async function runProber(options: ProberOptions): Promise<void> {
  const { location, server, look, elapsed, version, log } = options
  const over = new AbortController()
  const signal = AbortSignal.any([options.signal, over.signal])
  const buffer = createBuffer()
  const states = new Map<string, { slotAt: number; state: ProbeState }>()
  const running = new Set<string>()
  let probes: Probe[] = []
  let rev: string | null = null
  /** The server's time at a moment of ours. */
  let anchor = { now: 0, elapsed: 0 }
  let dark: SightReport['blind'] = null
  const complain = complaints(log, elapsed)

  const now = () => Math.floor(anchor.now + elapsed() - anchor.elapsed)
  const eyes = openEyes({ probes: () => probes, look: (probe) => look(probe, now()) })
  const sight = (): SightReport => {
    const answeredAt = eyes.answeredAt()
    return { blind: dark, answeredAt: Number.isFinite(answeredAt) ? answeredAt : null }
  }

  async function pull(): Promise<Answer<unknown>> {
    const askedAt = elapsed()
    const answer = await server.pull({ rev, version, ...sight() })
    if (!answer.ok) return answer
    const { value } = answer
    anchor = { now: value.now + (elapsed() - askedAt) / 2, elapsed: elapsed() }
    if (value.probes !== undefined) take(value.probes)
    rev = value.rev
    return answer
  }

  function take(given: readonly unknown[]): void {
    probes = given.flatMap((each) => {
      const read = Probe.safeParse(each)
      if (read.success) return read.data
      const name = (each as { name?: unknown } | null)?.name
      // Nobody looks at it from here: it does not count there, and the server says so.
      log.error(
        { monitor: name },
        'this version does not understand what it is to look at: it needs the version of its server',
      )
      return []
    })
    const names = new Set(probes.map(({ name }) => name))
    for (const name of states.keys()) if (!names.has(name)) states.delete(name)
    log.info({ probes: probes.length }, 'work')
  }

  /** One slot of a monitor, and after a failure the tries that confirm or refute it. */
  async function watch(probe: Probe, slotAt: number): Promise<void> {
    for (let at = slotAt; !signal.aborted; ) {
      const sample = await honestly(probe)
      eyes.saw(probe, sample)
      const { state, transition } = observe(states.get(probe.name)?.state ?? newProbe(at), sample, probe)
      // That nothing is seen here has to be known when what was seen is read.
      if (transition === 'down' && sample.mute) await darken(failingSince(state))
      states.set(probe.name, { slotAt: at, state })
      buffer.add({ monitor: probe.name, slotAt: at, sample, turn: transition !== null })
      if (!unconfirmed(state)) return
      await sleep(CONFIRM_MS, signal)
      at = Math.max(now(), at + 1)
    }
  }

  /** What was seen while this process stood still is not what the target did. */
  async function honestly(probe: Probe): Promise<Sample> {
    for (let doubts = 0; ; doubts++) {
      const sample = await look(probe, now())
      if (isHonest(sample, doubts)) return sample
      await sleep(CONFIRM_MS, signal)
    }
  }

  async function darken(sinceAt: number): Promise<void> {
    const said = await eyes.sees(sinceAt)
    if (said.sees) return
    dark ??= { sinceAt, hosts: said.hosts }
    log.warn({ hosts: said.hosts }, 'nothing answers here')
  }

  function begin(): void {
    const at = now()
    for (const probe of probes) {
      if (running.size >= MOST_LOOKS) return
      const slotAt = slotOf(`${location}/${probe.name}`, probe.everyMs, at)
      const last = states.get(probe.name)
      if (running.has(probe.name) || (last && last.slotAt >= slotAt)) continue
      running.add(probe.name)
      watch(probe, slotAt)
        .catch((error: unknown) => {
          if (!signal.aborted) log.error({ err: error, monitor: probe.name }, 'a look failed')
        })
        .finally(() => running.delete(probe.name))
    }
  }

  async function deliver(): Promise<void> {
    while (buffer.size() > 0) {
      const those = buffer.next()
      const answer = await server.report({ ...sight(), results: those.map(resultOf) })
      if (!answer.ok) {
        complain('what was seen could not be delivered', {
          why: answer.why,
          waiting: buffer.size(),
          dropped: buffer.dropped(),
        })
        // A report that nobody understands is in the way of all others.
        if (answer.kind !== 'refused' || (answer.status !== 400 && answer.status !== 413)) return
      }
      buffer.done(those)
      if (those.length < MOST_RESULTS) return
    }
  }

  async function lighten(): Promise<void> {
    if (dark === null) return
    if (eyes.answeredAt() < dark.sinceAt) await eyes.lookAgain()
    if (eyes.answeredAt() < dark.sinceAt) return
    dark = null
    log.info('somebody answers again')
  }

  async function pulling(): Promise<void> {
    const answer = await pull()
    if (answer.ok) return
    if (answer.kind === 'refused' && rev === null)
      throw new UserError('refused', `The server refuses this prober: ${answer.why}`)
    complain(rev === null ? 'the server gives no work yet' : 'the server is away: its last work goes on', {
      why: answer.why,
    })
  }

  const every = async (ms: number, run: () => Promise<void> | void): Promise<void> => {
    while (!signal.aborted) {
      await run()
      await sleep(ms, signal).catch(() => {})
    }
  }
  try {
    await Promise.race([
      Promise.all([every(PULL_MS, pulling), every(TICK_MS, begin), every(SEND_MS, deliver), every(AGAIN_MS, lighten)]),
      new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
    ])
    await deliver()
  } finally {
    over.abort(new Error('stopped'))
  }
}

const resultOf = ({ monitor, slotAt, sample }: Seen) => ({ monitor, slotAt, sample })

/** Each complaint is on the log when it is new, and now and then while it lasts. */
function complaints(log: Logger, elapsed: () => number) {
  const said = new Map<string, number>()
  return (what: string, details: object): void => {
    if (elapsed() - (said.get(what) ?? Number.NEGATIVE_INFINITY) < SAY_AGAIN_MS) return
    said.set(what, elapsed())
    log.warn(details, what)
  }
}
