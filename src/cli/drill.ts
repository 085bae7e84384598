import { randomUUID } from 'node:crypto'
import { sleep } from '../clock.ts'
import { canDrill } from '../domain/detect/drill.ts'
import type { Outcome, Signal } from '../domain/event.ts'
import { isOpen } from '../domain/incident.ts'
import { type Monitor, type Rules, under } from '../domain/rules.ts'
import { UserError } from '../errors.ts'
import { injected } from '../fault.ts'
import { drilled, sentAt } from '../store/drills.ts'
import { outcomes, submit } from '../store/inbox.ts'
import { readIncident } from '../store/incidents.ts'
import type { AtHand } from '../store/store.ts'
import { configured, failing, withStore } from './configured.ts'
import { sentenceOf } from './reach-store.ts'

interface Output {
  write(text: string): unknown
}

interface Options {
  config?: string
  to?: string
  duty?: boolean
  json?: boolean
}

/** How a drill went: milliseconds from the injected fault on, null where it did not come to that. */
interface Report {
  monitor: string
  ok: boolean
  /** Null: it paged nobody. */
  incident: number | null
  /** Whom it paged, or a real fault would have. */
  people: string[]
  decidedMs: number | null
  /** Out of the out-tray; of a page, taken by Slack for everybody. */
  sentMs: number | null
  ackedMs: number | null
}

const LOOK_MS = 100
/** What a page may take. */
const SENT_MS = 30_000
/** Whoever is paged has five minutes, and what follows a moment. */
const ANSWER_MS = 5 * 60_000 + 10_000

/**
 * `watchbill drill MONITOR`: injects a fault into the running bot, by its store, and says how long each part of its way took.
 *
 * @returns the exit code: 0 it came through (and was acknowledged), 1 it did not, 2 cannot be done
 */
export async function drill(
  monitor: string,
  options: Options,
  io: { env: Record<string, string | undefined>; stdout: Output; stderr: Output; now: () => number },
): Promise<number> {
  const fail = failing(io.stderr)
  const read = await configured(options.config, io.env)
  if ('problems' in read) return fail(read.problems)
  const { env, rules } = read
  try {
    const found = monitorOf(rules, monitor, options)
    const to = options.duty ? 'duty' : options.to === undefined ? 'nobody' : 'asker'
    const report = await withStore(env, async (store, stop) => {
      const wanted = { by: options.to ?? null, to, silence: null } as const
      const signal = await injected({ pool: store.pool, rules }, found, wanted, io.now())
      return signal === null ? null : await inject(store, signal, io.now, stop)
    })
    if (report === null) {
      io.stderr.write(`Drill of ${monitor} failed: it did not see the fault that was injected into it.\n`)
      return 1
    }
    io.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${inWords(report)}\n`)
    return report.ok ? 0 : 1
  } catch (error) {
    return fail([sentenceOf(error, 'The drill could not be made')])
  }
}

function monitorOf(rules: Rules, name: string, { to, duty }: Options): Monitor {
  const found = under(rules.monitors, name)
  const able = Object.values(rules.monitors).filter(canDrill)
  if (!found || !canDrill(found))
    throw new UserError(
      'no-drill',
      `${found ? `Nothing can be injected into ${name}` : `There is no monitor ${name}`}: ${able.length > 0 ? `there are ${able.map((each) => each.name).join(', ')}` : 'the configuration has none into which a fault can be injected'}.`,
    )
  if (to !== undefined && duty)
    throw new UserError('bad-arguments', 'Either --to or --duty: it pages the one or the others.')
  if (to !== undefined && !under(rules.people, to))
    throw new UserError(
      'unknown-person',
      `There is no person ${to}: there are ${Object.keys(rules.people).join(', ')}.`,
    )
  return found
}

async function inject({ pool }: AtHand, signal: Signal, now: () => number, stop: AbortSignal): Promise<Report> {
  const from = signal.seenAt
  const [id = 0] = await submit(pool, [{ source: 'cli', key: randomUUID(), event: signal }], from)
  const monitor = signal.monitor ?? ''
  const nothing = { monitor, ok: false, incident: null, people: [], decidedMs: null, sentMs: null, ackedMs: null }
  const outcome = await until<Outcome>(async () => (await outcomes(pool, [id])).get(id) ?? null, SENT_MS, now, stop)
  if (outcome === null) return nothing
  if (outcome.result === 'refused')
    throw new UserError(
      'refused',
      `The bot refused it (${outcome.refusal.code}): it may run with another configuration.`,
    )
  const { incident } = outcome
  if (incident === null) {
    const through = await until(() => drilled(pool, monitor, from), SENT_MS, now, stop)
    if (through === null) return nothing
    return { ...nothing, ok: true, people: through.people, decidedMs: through.at - from, sentMs: through.sentAt - from }
  }
  const over = await until(
    async () => {
      const found = await readIncident(pool, incident)
      return found && !isOpen(found) ? found : null
    },
    ANSWER_MS,
    now,
    stop,
  )
  const last = over ?? (await readIncident(pool, incident))
  const pages = last?.pages ?? []
  const sent = await sentAt(
    pool,
    pages.map(({ key }) => key),
  )
  const all = pages.length > 0 && pages.every(({ key }) => sent.has(key))
  return {
    ...{ monitor, incident, people: pages.map(({ person }) => person) },
    ok: all && last?.ackedAt != null,
    decidedMs: last ? last.openedAt - from : null,
    sentMs: all ? Math.max(...sent.values()) - from : null,
    ackedMs: last?.ackedAt == null ? null : last.ackedAt - from,
  }
}

/** Looks until there is something, or it takes too long. */
async function until<T>(
  look: () => Promise<T | null>,
  ms: number,
  now: () => number,
  stop: AbortSignal,
): Promise<T | null> {
  for (const endAt = now() + ms; ; ) {
    const found = await look()
    if (found !== null || now() > endAt) return found
    await sleep(LOOK_MS, stop)
  }
}

function inWords({ monitor, ok, incident, people, decidedMs, sentMs, ackedMs }: Report): string {
  const head = `Drill of ${monitor} ${ok ? 'passed' : 'failed'}`
  if (decidedMs === null)
    return `${head}: nothing decided it within ${SENT_MS / 1_000} s. Does the bot run, on this store?`
  if (incident === null)
    return `${head}: decided after ${decidedMs} ms, out of the out-tray after ${sentMs} ms. A real fault would page ${people.join(', ') || 'nobody on the first step'}.`
  const sent =
    people.length === 0
      ? 'nobody could be paged'
      : sentMs === null
        ? `Slack did not take the page of ${people.join(', ')}`
        : `in Slack for ${people.join(', ')} after ${sentMs} ms`
  return `${head} (INC-${incident}): decided after ${decidedMs} ms, ${sent}, ${ackedMs === null ? 'acknowledged by nobody within 5 min' : `acknowledged after ${ackedMs} ms`}.`
}
