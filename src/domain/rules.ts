import { z } from 'zod'
import { Contact, Notify, Via } from './contact.ts'
import { Deploying, GateRules } from './deploy/rules.ts'
import { Holidays } from './duty/holidays.ts'
import { Schedule } from './duty/schedule-types.ts'
import { Hears, Intake } from './intake.ts'
import { USUAL_ROLES } from './response.ts'
import { Severity } from './severity.ts'

export { Severity }

/**
 * The active configuration as the domain sees it: names resolved, durations in milliseconds. `src/config.ts` makes it from
 * watchbill.yaml; it is stored as a row, so that every process decides by the same rules. Parts of the configuration that are not built
 * yet are validated and then left out (their secrets never reach the store); their names are in `notWatchedYet`.
 */

/** When somebody wants to sleep through what is not grave: times of day by the wall clocks of a zone, in milliseconds from midnight. */
export const Quiet = z.strictObject({
  zone: z.string(),
  from: z.int(),
  /** Past midnight where it is not after `from`. */
  to: z.int(),
  /** Only these wait for its end. */
  ways: z.array(Via),
  /** From this severity on nothing waits. */
  through: Severity,
})
export type Quiet = z.infer<typeof Quiet>

export const Person = z.strictObject({
  name: z.string(),
  slack: z.string(),
  /** The address of the calendar of their absences; it may hold a secret, and is never shown. */
  absence: z.string().optional(),
  /** How they are reached beside Slack; left out: by Slack alone. */
  contact: z.array(Contact).optional(),
  quiet: Quiet.optional(),
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
  /** Its domains: every name beneath them should be watched. Lower case, without the last dot. */
  domains: z.array(z.string()).default([]),
  /** Services without which it cannot be well: what fails of them and of it is one incident. */
  dependsOn: z.array(z.string()).default([]),
  /** What the channels of its incidents are given as bookmarks: titles and addresses. */
  links: z.record(z.string(), z.string()).default({}),
  /** Who is brought into them, beside whoever is paged. */
  invite: z.array(Target).default([]),
  /** Where it says how much of its pool serves. */
  pool: z.string().nullable().default(null),
  /** How it is deployed; null: not by us, and whoever asks may all the same. */
  deploy: Deploying.nullable().default(null),
  /** Of the tokens of those who send alerts of it, in hex; the tokens themselves are nowhere. */
  intake: z.array(z.string()).optional(),
})
export type Service = z.infer<typeof Service>

/** Where this installation itself is: a location like others, without a prober. */
export const HERE = 'here'

/** A place from which a prober looks. */
export const Location = z.strictObject({
  name: z.string(),
  /** Of the token that the prober shows, in hex; the token itself is nowhere. */
  digest: z.string(),
})
export type Location = z.infer<typeof Location>

/** What every monitor has. */
const watched = {
  name: z.string(),
  service: z.string(),
  severity: Severity,
  /** Monitors without whose targets its own cannot be well. */
  dependsOn: z.array(z.string()).optional(),
}

/** What every monitor has that goes and looks. */
const probed = {
  ...watched,
  everyMs: z.int().positive(),
  timeoutMs: z.int().positive(),
  /** Down after this many consecutive failures, up after this many consecutive successes. */
  failAfter: z.int().positive(),
  recoverAfter: z.int().positive(),
  /** From where it is looked at, each once: {@link HERE}, and remote locations. */
  locations: z.array(z.string()).min(1).default(['here']),
  /** It is down when so many of them say so. */
  agree: z.int().positive().default(1),
}

/** Only addresses of this family; null: of both. */
const ip = z
  .union([z.literal(4), z.literal(6)])
  .nullable()
  .default(null)

/** Where TLS begins in the middle of a conversation: the protocol that it is asked for in. */
const starttls = z.enum(['smtp', 'imap']).nullable().default(null)
export type StartTls = z.infer<typeof starttls>

const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** What an answer must say. What is not asked for is null or empty; a body that nobody asks about is not read. */
const HttpExpectation = z.strictObject({
  /** None: any 2xx. */
  status: z.array(z.int()),
  /** Names in lower case, each with the text that one of its values must contain. */
  headers: z.record(z.string(), z.string()).default({}),
  bodyContains: z.string().nullable(),
  bodyLacks: z.string().nullable().default(null),
  /** A pattern of RE2: its time grows with the text alone, whatever the pattern. */
  bodyMatches: z.string().nullable().default(null),
  /** RFC 6901 pointers into the JSON of the body, and what must be there. */
  json: z.array(z.strictObject({ pointer: z.string(), equals: Scalar })).default([]),
})
export type HttpExpectation = z.infer<typeof HttpExpectation>

const HttpProbe = z.strictObject({
  ...probed,
  kind: z.literal('http'),
  url: z.string(),
  method: z.enum(['GET', 'HEAD', 'POST']).default('GET'),
  /** What is sent along. Headers and body may hold secrets, and are never shown. */
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().nullable().default(null),
  redirects: z.enum(['refuse', 'follow']).default('refuse'),
  ip,
  expect: HttpExpectation,
})
export type HttpProbe = z.infer<typeof HttpProbe>

export const TLS_VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const

/** The certificate that a server shows, and its chain. */
const TlsProbe = z.strictObject({
  ...probed,
  kind: z.literal('tls'),
  /** A name, or an address without brackets. */
  host: z.string(),
  port: z.int(),
  ip,
  starttls,
  /** Every certificate of the chain must be valid for this many days more; 0: now. */
  daysLeft: z.int().nonnegative(),
  /** Names that the certificate must be valid for, beside the host. */
  names: z.array(z.string()).default([]),
  /** The oldest version that is well. */
  protocol: z.enum(TLS_VERSIONS).default('TLSv1.2'),
})
export type TlsProbe = z.infer<typeof TlsProbe>

export const RECORD_TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'] as const
export const RCODES = ['NOERROR', 'NXDOMAIN', 'SERVFAIL', 'REFUSED', 'FORMERR', 'NOTIMP'] as const
export type Rcode = (typeof RCODES)[number]

const DnsProbe = z.strictObject({
  ...probed,
  kind: z.literal('dns'),
  host: z.string(),
  type: z.enum(RECORD_TYPES),
  /** The address of the name server that is asked, with or without a port; null: those of this machine. */
  resolver: z.string().nullable().default(null),
  rcode: z.enum(RCODES).default('NOERROR'),
  minAnswers: z.int().positive(),
  /** Each must be among the answers. */
  answers: z.array(z.string()).default([]),
})
export type DnsProbe = z.infer<typeof DnsProbe>

/** Somebody listens, and says what is expected. */
const TcpProbe = z.strictObject({
  ...probed,
  kind: z.literal('tcp'),
  host: z.string(),
  port: z.int(),
  ip,
  starttls,
  /** What the first bytes must contain. */
  banner: z.string().nullable().default(null),
})
export type TcpProbe = z.infer<typeof TcpProbe>

/** What goes and looks, every so often. */
export const Probe = z.discriminatedUnion('kind', [HttpProbe, TlsProbe, DnsProbe, TcpProbe])
export type Probe = z.infer<typeof Probe>

/** So many lines that match within so long are an alarm; without a pattern every line does, because a query has chosen them. */
const LogMatch = z.strictObject({
  pattern: z.string().nullable(),
  withinMs: z.int().positive(),
  count: z.int().positive(),
})

/**
 * How it is known that the log is read at all. `own`: we write a marked line and must find it again. `external`: whoever writes or ships the
 * log does; their silence is an alarm.
 */
const Canary = z.strictObject({ by: z.enum(['own', 'external']), everyMs: z.int().positive() })

/** How lines are asked for of a place that keeps logs. */
const asked = {
  url: z.string(),
  query: z.string(),
  /** What is sent along. It may hold secrets, and is never shown. */
  headers: z.record(z.string(), z.string()),
  everyMs: z.int().positive(),
  timeoutMs: z.int().positive(),
  /** Lines may arrive there so long after they were written. */
  lateMs: z.int().positive(),
}

const LogQuery = z.discriminatedUnion('kind', [
  z.strictObject({ ...asked, kind: z.literal('loki') }),
  /** OpenSearch speaks the same. */
  z.strictObject({
    ...asked,
    kind: z.literal('elasticsearch'),
    index: z.string(),
    /** The fields in which a line says when it was written, and what. */
    time: z.string(),
    field: z.string(),
  }),
])
export type LogQuery = z.infer<typeof LogQuery>

const LogMonitor = z.strictObject({
  ...watched,
  kind: z.literal('log'),
  /** The absolute path; null: its lines are asked for, or pushed to us. */
  file: z.string().nullable(),
  asks: LogQuery.nullable().default(null),
  /** Every line is an alarm. */
  expectEmpty: z.boolean(),
  match: z.array(LogMatch),
  /** Patterns of lines that never count. */
  ignore: z.array(z.string()),
  /** A line of a shape that was never seen is an alarm, once shapes were learned for so long; null: shapes are nobody's business. */
  newShapes: z.strictObject({ learnMs: z.int().positive() }).nullable().default(null),
  canary: Canary.nullable(),
  /** Well again after so long without a line that counts. */
  quietMs: z.int().positive(),
})
export type LogMonitor = z.infer<typeof LogMonitor>

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
  /** It is not pinged: it hears the calls of what sends the alerts of its service. */
  hears: Hears.optional(),
})
export type Heartbeat = z.infer<typeof Heartbeat>

const number = {
  url: z.string(),
  /** They may hold a secret, and are never shown. */
  headers: z.record(z.string(), z.string()),
  /** It only grows: what counts is by how much. */
  counter: z.boolean(),
}

/** Where the numbers of a rate come from. */
const RateSource = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('prometheus'), query: z.string(), ...number }),
  /** Of a JSON document, by a pointer into it (RFC 6901). */
  z.strictObject({ kind: z.literal('json'), pointer: z.string(), ...number }),
  z.strictObject({ kind: z.literal('push') }),
  /** How many lines there are in the log of another monitor: those that match, or all that it does not ignore (null). */
  z.strictObject({ kind: z.literal('log'), log: z.string(), match: z.string().nullable() }),
])
export type RateSource = z.infer<typeof RateSource>

/** How often something happens, against how often it usually does. */
const RateMonitor = z.strictObject({
  ...watched,
  kind: z.literal('rate'),
  /** A sample is taken, or the counts of so long are added up, this often. */
  everyMs: z.int().positive(),
  timeoutMs: z.int().positive(),
  source: RateSource,
  detect: z.array(z.enum(['dip', 'flatline', 'spike'])),
  /** Below or above is an alarm, whatever is usual; in the unit of the samples. */
  floor: z.number().nullable(),
  ceiling: z.number().nullable(),
  /** How many false alarms a month are put up with. */
  falseAlarms: z.number().positive(),
})
export type RateMonitor = z.infer<typeof RateMonitor>

export const Monitor = z.discriminatedUnion('kind', [
  HttpProbe,
  TlsProbe,
  DnsProbe,
  TcpProbe,
  LogMonitor,
  Heartbeat,
  RateMonitor,
])
export type Monitor = z.infer<typeof Monitor>

/** Whether it goes and looks. */
export function isProbe(monitor: Monitor): monitor is Probe {
  switch (monitor.kind) {
    case 'http':
    case 'tls':
    case 'dns':
    case 'tcp':
      return true
    case 'log':
    case 'heartbeat':
    case 'rate':
      return false
    default:
      return monitor satisfies never
  }
}

/** Found once for each configuration: some of it is asked for each second, of ten thousand monitors. */
function once<T>(find: (all: Monitor[]) => readonly T[]): (rules: Pick<Rules, 'monitors'>) => readonly T[] {
  const found = new WeakMap<Rules['monitors'], readonly T[]>()
  return ({ monitors }) => {
    const those = found.get(monitors) ?? find(Object.values(monitors))
    found.set(monitors, those)
    return those
  }
}

/** The monitors that go and look. */
export const probesOf = once((all): Probe[] => all.filter(isProbe))

/** Whether its lines are sent to us. */
export const isPushed = ({ file, asks }: LogMonitor) => file === null && asks === null

/** The monitors that are looked at from a location. */
export const probesAt = (rules: Pick<Rules, 'monitors'>, location: string): Probe[] =>
  probesOf(rules).filter(({ locations }) => locations.includes(location))

/** The monitors that read logs. */
export const logsOf = once((all): LogMonitor[] => all.filter((monitor) => monitor.kind === 'log'))

/** The monitors that are reported to. */
export const heartbeatsOf = once((all): Heartbeat[] => all.filter((monitor) => monitor.kind === 'heartbeat'))

/** Those that hear what sends the alerts of a service. */
export const listenersOf = (rules: Pick<Rules, 'monitors'>, service: string): Heartbeat[] =>
  heartbeatsOf(rules).filter((monitor) => monitor.hears !== undefined && monitor.service === service)

/** The monitors of rates. */
export const ratesOf = once((all): RateMonitor[] => all.filter((monitor) => monitor.kind === 'rate'))

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

export const TSIG_ALGORITHMS = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const

/** Where names come from, and what is done about those that nothing watches. */
const Coverage = z.strictObject({
  /** Paths of zone files. */
  zoneFiles: z.array(z.string()).default([]),
  /** Zones that are transferred from a name server (RFC 5936). The secret is never shown. */
  axfr: z
    .array(
      z.strictObject({
        /** `192.0.2.53:53`, `ns1.example.com:53` */
        server: z.string(),
        zone: z.string(),
        tsig: z.strictObject({ name: z.string(), algorithm: z.enum(TSIG_ALGORITHMS), secret: z.base64() }).nullable(),
      }),
    )
    .default([]),
  /** Addresses where the logs of certificate transparency are searched, as crt.sh is. */
  ct: z.array(z.string()).default([]),
  /** What probes meet by the way. */
  seen: z.array(z.enum(['certificates', 'redirects'])).default([]),
  /** Folders of logs, as patterns of absolute paths; what is ignored of them, and whose gaps they have. */
  logs: z.array(z.strictObject({ logs: z.string(), ignore: z.array(z.string()), service: z.string() })).default([]),
  /** Names that need no probe, and why; `*.` stands for everything beneath a name. */
  ignore: z
    .array(
      z.union([
        z.string().transform((name) => ({ name, reason: null })),
        z.strictObject({ name: z.string(), reason: z.string().nullable() }),
      ]),
    )
    .default([]),
  /** A gap that is so old is told again. */
  alarm: z
    .strictObject({ warningMs: z.int(), errorMs: z.int() })
    .default({ warningMs: 86_400_000, errorMs: 604_800_000 }),
})

/** How people work on incidents. */
const Incidents = z.strictObject({
  /** Roles that somebody may hold, and what they are told. */
  roles: z.record(z.string(), z.string()).default({ ...USUAL_ROLES }),
  /** An update is due so long after the last, by severity; none: nobody is reminded. */
  updateEveryMs: z.partialRecord(Severity, z.int().positive()).default({}),
  /** Names of the emoji that put a message on the timeline; a pin does too. */
  captureWith: z.array(z.string()).default(['pushpin', 'memo']),
  /** A channel is archived once its incident has been resolved, and nobody has said anything there, for so long; null: never. */
  archiveAfterMs: z
    .int()
    .positive()
    .nullable()
    .default(7 * 86_400_000),
  /** Where the weekly digest goes (Slack's id); null: nowhere. */
  digestChannel: z.string().nullable().default(null),
})

/** What is only tried out, beside another pager; both null: everything. */
const Shadow = z.strictObject({
  /** Slack's id of the channel that hears what would be done. */
  channel: z.string(),
  services: z.array(z.string()).nullable(),
  policies: z.array(z.string()).nullable(),
})

const named = <T extends z.ZodType>(value: T) => z.record(z.string(), value)

/** Two tries and a moment. */
export const RETURN_MS = 2 * 60_000

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
  /** Those that are not {@link HERE}. */
  locations: named(Location).default({}),
  silences: z
    .strictObject({
      /** No silence lasts longer. */
      maxMs: z.int().positive(),
      /** Its owner is told so long before its end. */
      noticeMs: z.int().nonnegative(),
      /** After its end whatever it covered has this long to report anew, or twice as long as it takes anyway. */
      returnMs: z.int().positive().default(RETURN_MS),
    })
    .default({ maxMs: 24 * 3_600_000, noticeMs: 600_000, returnMs: RETURN_MS }),
  /** Whom to tell that all is well, and how often; the address is a key, and never shown. */
  outwardHeartbeat: z
    .strictObject({
      url: z.string(),
      everyMs: z.int().positive(),
      /** Injected faults go out to them as pages, so that Slack is part of what is proven; null: they end before it. */
      drillTo: z
        .union([z.strictObject({ person: z.string() }), z.strictObject({ channel: z.string() })])
        .nullable()
        .default(null),
    })
    .nullable()
    .default(null),
  incidents: Incidents.prefault({}),
  coverage: Coverage.prefault({}),
  holidays: Holidays.prefault({ dates: [], calendar: null }),
  gate: GateRules.prefault({}),
  /** What becomes of the alerts of other systems. */
  intake: Intake.prefault({}),
  /** Monitors that are not in the configuration: somebody adopted what they watch. By their names; never stored with the rest. */
  adopted: named(z.strictObject({ name: z.string(), by: z.string(), at: z.number() })).default({}),
  notWatchedYet: z.array(z.string()),
  /** Who carries pages beside Slack; left out: what needs no account. */
  notify: Notify.optional(),
  /** What pages nobody; left out: nothing. */
  shadow: Shadow.optional(),
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
