import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { SlackCall, SlackCalls } from './deps.ts'
import { HOUR_MS } from './domain/duty/time.ts'
import type { Page } from './domain/incident.ts'
import type { Source } from './domain/intake.ts'
import type { Handler, Handlers } from './outbox.ts'
import type { StoreReadings } from './store/audit.ts'

/** Of pages: what is quick enough for a person, and what is late. Seconds. */
const PAGE_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300, 900]
const LATE_SECONDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900]
const HTTP_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** A page is handed over within this (`handover.md` Tsend); what takes longer is late. */
export const PAGE_LATE_MS = 30_000

/** What is known when somebody asks; the rest is counted as it happens. */
export interface Readings {
  /** Null: there is none of it, because Slack sends requests. */
  socketConnections: number | null
  slackTrouble: boolean
  /** How long ago each entry of the timetable last had a slot, beyond its interval. */
  timetable: { name: string; lagMs: number }[]
  /** Null: it does not answer. */
  store: StoreReadings | null
  /** What the rosters ask of people; null: the store did not say. */
  rota: RotaReadings | null
}

export interface RotaReadings {
  /** Until the next gap of each schedule; 0 during one, infinite where none is known of. */
  gapInMs: ReadonlyMap<string, number>
  onDutyMs: ReadonlyMap<string, number>
}

export interface Metrics {
  /** An attempt to pay what is owed ended. */
  attempted(kind: string, outcome: string): void
  /** A page was sent: first asked for at `at`, and due then unless it says otherwise. */
  pageSent(page: Page, sentAt: number): void
  /** The out-tray turned to a page for the first time. */
  pageBegun(page: Page, at: number): void
  pagesLate(count: number): void
  /** An alarm about the watch itself was raised; unsaid when no way of telling anybody worked. */
  alarm(about: string, said: boolean): void
  slackCall(method: string, outcome: string): void
  answered(route: string | null, status: number, ms: number): void
  /** A ping came to an address that is nobody's: who sends it believes that somebody hears it. */
  pingRefused(): void
  /** A service had more alerts by one way than its quota allows. */
  alertsRefused(source: Source, alerts: number): void
  eventLoopStalled(ms: number): void
  clockJumped(kind: string): void
  /** The text of a scrape; what is not given is left out. */
  text(readings: Readings | null): Promise<string>
  contentType: string
}

/**
 * How this process does, for Prometheus. Names are in snake_case with their unit; labels have few values, all of them ours: nothing of them is
 * taken from what comes in.
 *
 * @param ofProcess also what Node says of itself: memory, CPU, event loop, garbage; once for each process
 */
export function createMetrics(version: string, { ofProcess = false } = {}): Metrics {
  const registry = new Registry()
  if (ofProcess) collectDefaultMetrics({ register: registry })
  const { counter, gauge, histogram } = named(registry)

  gauge('build_info', 'The version that runs, and the Node it runs on.', ['version', 'node']).set(
    { version, node: process.versions.node },
    1,
  )
  const attempts = counter('owed_attempts_total', 'Attempts to send what is owed.', ['kind', 'outcome'])
  const sent = counter('pages_sent_total', 'Pages that Slack took.', ['late'])
  const refused = counter('pages_failed_total', 'Pages that can never be delivered, or are not needed any more.', [])
  const pageSeconds = histogram('page_send_seconds', 'From owed to sent.', PAGE_SECONDS, [])
  const escalation = histogram('escalation_late_seconds', 'From due to begun, of escalations.', LATE_SECONDS, [])
  const late = gauge('pages_late', 'Pages owed for more than 30 s, at the last look of the auditor.', [])
  const alarms = counter('alarms_total', 'Alarms about the watch itself.', ['about', 'said'])
  const slack = counter('slack_requests_total', 'Calls of the Web API.', ['method', 'outcome'])
  const http = histogram('http_request_seconds', 'Requests to this process.', HTTP_SECONDS, ['route', 'status'])
  const pings = counter('ping_refused_total', 'Pings to addresses that are unknown or were revoked.', [])
  const overQuota = counter('alerts_refused_total', 'Alerts over the quota of their service, not taken.', ['source'])
  const stalls = counter('event_loop_stalls_total', 'Times that the event loop stood for more than a second.', [])
  const stalled = gauge('event_loop_stall_seconds', 'The longest of those at the last look.', [])
  const jumps = counter('clock_jumps_total', 'Jumps of the clock of the machine.', ['kind'])
  for (const lateness of ['yes', 'no']) sent.inc({ late: lateness }, 0)

  return {
    attempted(kind, outcome) {
      attempts.inc({ kind, outcome })
      if ((kind === 'page' || kind === 'bundle') && outcome === 'never') refused.inc()
    },
    pageSent(page, sentAt) {
      const owedMs = sentAt - page.at
      pageSeconds.observe(seconds(owedMs))
      sent.inc({ late: owedMs > PAGE_LATE_MS ? 'yes' : 'no' })
    },
    pageBegun(page, at) {
      const isFirst = page.epoch === 1 && page.round === 1 && page.step === 0
      if (!isFirst) escalation.observe(seconds(at - (page.dueAt ?? page.at)))
    },
    pagesLate: (count) => late.set(count),
    alarm: (about, said) => alarms.inc({ about, said: said ? 'yes' : 'no' }),
    slackCall: (method, outcome) => slack.inc({ method, outcome }),
    answered: (route, status, ms) => http.observe({ route: route ?? 'none', status }, ms / 1_000),
    pingRefused: () => pings.inc(),
    alertsRefused: (source, alerts) => overQuota.inc({ source }, alerts),
    eventLoopStalled(ms) {
      if (ms > 0) stalls.inc()
      stalled.set(ms / 1_000)
    },
    clockJumped: (kind) => jumps.inc({ kind }),
    text: async (readings) => `${await registry.metrics()}\n${await momentary(readings)}`,
    contentType: registry.contentType,
  }
}

/** Calls of Slack, each counted with what came of it. */
export function countedCalls({ pages, rest, ...others }: SlackCalls, metrics: Metrics): SlackCalls {
  const counted =
    (call: SlackCall): SlackCall =>
    async (method, args) => {
      const result = await call(method, args)
      metrics.slackCall(method, result.ok ? 'ok' : result.kind)
      return result
    }
  return { pages: counted(pages), rest: counted(rest), ...others }
}

/** Attempts to send what is owed, each counted with what came of it. */
export function countedAttempts(handlers: Handlers, metrics: Metrics): Handlers {
  const counted =
    (kind: string, handler: Handler): Handler =>
    async (claim) => {
      let outcome = 'failed'
      try {
        const sent = await handler(claim)
        outcome = sent.outcome
        return sent
      } finally {
        metrics.attempted(kind, outcome)
      }
    }
  const all = Object.entries(handlers).map(([kind, handler]) => [kind, counted(kind, handler)])
  return Object.fromEntries(all) as Handlers
}

/** What holds at this moment, in a registry of its own: what is not known has no value, instead of its last one. */
function momentary(readings: Readings | null): Promise<string> {
  const registry = new Registry()
  const { gauge } = named(registry)
  const store = readings?.store ?? null
  gauge('store_up', 'Whether the store answers.', []).set(store === null ? 0 : 1)
  if (readings) {
    if (readings.socketConnections !== null)
      gauge('slack_socket_connections', 'Connections of Socket Mode that are open.', []).set(readings.socketConnections)
    gauge('slack_trouble', 'Whether Slack refuses every call (the token).', []).set(readings.slackTrouble ? 1 : 0)
    const lag = gauge('timetable_lag_seconds', 'How far an entry of the timetable is behind its interval.', ['entry'])
    for (const { name, lagMs } of readings.timetable) lag.set({ entry: name }, seconds(lagMs))
  }
  if (store) {
    gauge('inbox_depth', 'Events and payloads that came in and are not done.', []).set(store.inbox.depth)
    gauge('inbox_oldest_seconds', 'Age of the oldest of them.', []).set(seconds(store.inbox.oldestMs))
    const open = gauge('owed_open', 'What is owed and not sent.', ['kind'])
    const overdue = gauge('owed_overdue_seconds', 'For how long the most overdue of it has been due.', ['kind'])
    for (const kind of ['page', 'other'] as const) {
      open.set({ kind }, store.owed[kind].open)
      overdue.set({ kind }, seconds(store.owed[kind].overdueMs))
    }
    const monitors = gauge('monitors', 'Monitors by what is known of their target.', ['state'])
    for (const [state, count] of Object.entries(store.monitors)) monitors.set({ state }, count)
  }
  if (readings?.rota) {
    const gap = gauge('shift_gap_seconds', 'Until nobody is on duty; 0 when nobody is, +Inf: not within 4 weeks.', [
      'schedule',
    ])
    for (const [schedule, ms] of readings.rota.gapInMs) gap.set({ schedule }, seconds(ms))
    const hours = gauge('on_call_hours', 'Hours on duty in the last 28 days.', ['person'])
    for (const [person, ms] of readings.rota.onDutyMs) hours.set({ person }, ms / HOUR_MS)
  }
  return registry.metrics()
}

/** All names begin alike. */
function named(registry: Registry) {
  const common = (name: string, help: string) => ({ name: `watchbill_${name}`, help, registers: [registry] })
  return {
    counter: <L extends string>(name: string, help: string, labelNames: L[]) =>
      new Counter({ ...common(name, help), labelNames }),
    gauge: <L extends string>(name: string, help: string, labelNames: L[]) =>
      new Gauge({ ...common(name, help), labelNames }),
    histogram: <L extends string>(name: string, help: string, buckets: number[], labelNames: L[]) =>
      new Histogram({ ...common(name, help), buckets, labelNames }),
  }
}

const seconds = (ms: number) => Math.max(0, ms) / 1_000
