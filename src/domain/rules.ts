import { z } from 'zod'
import { Schedule } from './duty/schedule-types.ts'

/**
 * The active configuration as the domain sees it: names resolved, durations in milliseconds. `src/config.ts` makes it from
 * watchbill.yaml; it is stored as a row, so that every process decides by the same rules. Parts of the configuration that are not built
 * yet are validated and then left out (their secrets never reach the store); their names are in `notWatchedYet`.
 */
export const Severity = z.enum(['critical', 'error', 'warning', 'info'])
export type Severity = z.infer<typeof Severity>

export const Person = z.strictObject({
  name: z.string(),
  slack: z.string(),
  /** The address of the calendar of their absences; it may hold a secret, and is never shown. */
  absence: z.string().optional(),
})
export type Person = z.infer<typeof Person>

/** Whom a step pages. */
export const Target = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('person'), name: z.string() }),
  z.strictObject({ kind: z.literal('schedule'), name: z.string() }),
])
export type Target = z.infer<typeof Target>

export const Step = z.strictObject({ page: z.array(Target).min(1), waitMs: z.int().positive() })
export type Step = z.infer<typeof Step>

export const Policy = z.strictObject({
  name: z.string(),
  steps: z.array(Step).min(1),
  /** How often the steps are gone through before the fallback is paged. */
  rounds: z.int().positive(),
  /** People only: the last resort can never be empty by roster. */
  fallback: z.array(z.string()).min(1),
})
export type Policy = z.infer<typeof Policy>

export const Service = z.strictObject({
  name: z.string(),
  policy: z.string(),
  /** Slack channel id where its alerts and incident announcements go. */
  channel: z.string().nullable(),
  /** Severities that page somebody; the others tell the channel only. */
  pages: z.array(Severity),
})
export type Service = z.infer<typeof Service>

/** What every monitor has. */
const watched = { name: z.string(), service: z.string(), severity: Severity }

/** What every monitor has that goes and looks. */
const probed = {
  ...watched,
  everyMs: z.int().positive(),
  timeoutMs: z.int().positive(),
  /** Down after this many consecutive failures, up after this many consecutive successes. */
  failAfter: z.int().positive(),
  recoverAfter: z.int().positive(),
}

const HttpProbe = z.strictObject({
  ...probed,
  kind: z.literal('http'),
  url: z.string(),
  expect: z.strictObject({ status: z.array(z.int()), bodyContains: z.string().nullable() }),
})
export type HttpProbe = z.infer<typeof HttpProbe>

/** The certificate that a server shows, and its chain. */
const TlsProbe = z.strictObject({
  ...probed,
  kind: z.literal('tls'),
  /** A name, or an address without brackets. */
  host: z.string(),
  port: z.int(),
  /** It must be valid for this many days more; 0: now. */
  daysLeft: z.int().nonnegative(),
})
export type TlsProbe = z.infer<typeof TlsProbe>

export const RECORD_TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'] as const

const DnsProbe = z.strictObject({
  ...probed,
  kind: z.literal('dns'),
  host: z.string(),
  type: z.enum(RECORD_TYPES),
  minAnswers: z.int().positive(),
})
export type DnsProbe = z.infer<typeof DnsProbe>

/** Somebody listens. */
const TcpProbe = z.strictObject({ ...probed, kind: z.literal('tcp'), host: z.string(), port: z.int() })
export type TcpProbe = z.infer<typeof TcpProbe>

/** What goes and looks, every so often. */
export const Probe = z.discriminatedUnion('kind', [HttpProbe, TlsProbe, DnsProbe, TcpProbe])
export type Probe = z.infer<typeof Probe>

/** When pings are expected: so long after the last one, or each time that cron fires. */
export const Rhythm = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('every'), everyMs: z.int().positive() }),
  z.strictObject({ kind: z.literal('cron'), cron: z.string(), zone: z.string() }),
])
export type Rhythm = z.infer<typeof Rhythm>

/** What reports by itself, by a ping; what does not is down. */
export const Heartbeat = z.strictObject({
  ...watched,
  kind: z.literal('heartbeat'),
  rhythm: Rhythm,
  graceMs: z.int().positive(),
  /** A run that said that it started must end within this; null: runs are not timed. */
  maxRunMs: z.int().positive().nullable(),
  /** Runs may follow each other no sooner than this; null: as soon as they like. */
  minEveryMs: z.int().positive().nullable(),
})
export type Heartbeat = z.infer<typeof Heartbeat>

export const Monitor = z.discriminatedUnion('kind', [HttpProbe, TlsProbe, DnsProbe, TcpProbe, Heartbeat])
export type Monitor = z.infer<typeof Monitor>

/** The monitors that go and look. */
export const probesOf = ({ monitors }: Pick<Rules, 'monitors'>): Probe[] =>
  Object.values(monitors).flatMap((monitor) => {
    switch (monitor.kind) {
      case 'http':
      case 'tls':
      case 'dns':
      case 'tcp':
        return monitor
      case 'heartbeat':
        return []
      default:
        return monitor satisfies never
    }
  })

/** The monitors that are reported to. */
export const heartbeatsOf = ({ monitors }: Pick<Rules, 'monitors'>): Heartbeat[] =>
  Object.values(monitors).filter((monitor) => monitor.kind === 'heartbeat')

export const Role = z.strictObject({
  name: z.string(),
  people: z.array(z.string()),
  schedules: z.array(z.string()),
  slackGroups: z.array(z.string()),
})
export type Role = z.infer<typeof Role>

/** What stands under a name that somebody gave: never what every object has (`constructor`). */
export const under = <T>(all: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(all, name) ? all[name] : undefined

/** Whose Slack account it is. */
export const personOfSlack = ({ people }: Pick<Rules, 'people'>, id: string): Person | undefined =>
  Object.values(people).find(({ slack }) => slack === id)

const named = <T extends z.ZodType>(value: T) => z.record(z.string(), value)

export const Rules = z.strictObject({
  company: z.string(),
  zone: z.string(),
  /** CIDR ranges of private and loopback addresses that probes may reach. */
  allowPrivate: z.array(z.string()),
  people: named(Person),
  roles: named(Role),
  schedules: named(Schedule),
  policies: named(Policy),
  services: named(Service),
  monitors: named(Monitor),
  notWatchedYet: z.array(z.string()),
})
export type Rules = z.infer<typeof Rules>

/** The schedules of a policy, in the order in which they are paged. */
export const schedulesOf = ({ steps }: Pick<Policy, 'steps'>): string[] => [
  ...new Set(steps.flatMap(({ page }) => page.flatMap((to) => (to.kind === 'schedule' ? to.name : [])))),
]

/** The policies that page a schedule. */
const paging = ({ policies }: Rules, schedule: string): Policy[] =>
  Object.values(policies).filter((policy) => schedulesOf(policy).includes(schedule))

/** Whether any policy pages a schedule: a watch that nobody asks for needs no handover. */
export const isPaged = (rules: Rules, schedule: string) => paging(rules, schedule).length > 0

/** The channels of the services that a schedule answers for. */
export function channelsOf(rules: Rules, schedule: string): string[] {
  const names = new Set(paging(rules, schedule).map(({ name }) => name))
  const services = Object.values(rules.services).filter(({ policy }) => names.has(policy))
  return [...new Set(services.flatMap(({ channel }) => channel ?? []))]
}

/** The last resort of all policies that page a schedule. */
export const lastResortOf = (rules: Rules, schedule: string): string[] => [
  ...new Set(paging(rules, schedule).flatMap(({ fallback }) => fallback)),
]
