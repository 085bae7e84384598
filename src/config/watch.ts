import { z } from 'zod'
import { nextFire } from '../domain/detect/cron.ts'
import { SOURCES } from '../domain/intake.ts'
import { HERE, type Monitor, type Rhythm, type Service } from '../domain/rules.ts'
import { intakeDigest } from '../tokens.ts'
import { deployShape, toDeploying } from './gate.ts'
import { when } from './intake.ts'
import { duration, formatDuration, integer, leaf, listOf, ok, oneOf, type Read } from './leaf.ts'
import { logShape, toLog } from './logs.ts'
import { type Context, member, reference, slackChannel } from './names.ts'
import {
  dnsKeys,
  dnsSense,
  hostname,
  hostPort,
  httpKeys,
  httpSense,
  ofOneFamily,
  tcpKeys,
  tlsKeys,
  toDns,
  toHttp,
  toTcp,
  toTls,
} from './probes.ts'
import { rateKeys, rateSense, toRate } from './rates.ts'
import { hostAndPort, url } from './targets.ts'
import { cron, zone } from './times.ts'

/** Services and the monitors that watch them. */

const MOST_DOMAINS = 1_000
const MOST_DEPENDENCIES = 100
const SEVERITIES = ['critical', 'error', 'warning', 'info'] as const

/** Slack has room for more, and nobody looks at them. */
const MOST_LINKS = 10
const MOST_INVITED = 50
const LONGEST_TITLE = 60
const LONGEST_LINK = 2_000

/** Addresses for people to open: where they lead is nobody's to check, but whoever is no person is not let in by them. */
const links = leaf('a mapping of titles, each with its address', (value): Read<Record<string, string>> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { wrong: 'must be a mapping, one title: https://… on each line' }
  const entries = Object.entries(value)
  if (entries.length > MOST_LINKS) return { wrong: `has ${entries.length} links; at most ${MOST_LINKS} are of use` }
  for (const [title, link] of entries) {
    if (title.trim() === '' || title.length > LONGEST_TITLE)
      return { wrong: `has a title of ${title.length} characters: 1 to ${LONGEST_TITLE} are right` }
    const parsed = typeof link === 'string' && link.length <= LONGEST_LINK && URL.canParse(link) ? new URL(link) : null
    if (parsed === null || !/^https?:$/.test(parsed.protocol))
      return { wrong: `: ${title} must be an http or https URL` }
    if (parsed.username !== '' || parsed.password !== '')
      return { wrong: `: ${title} must not hold a user name or password: everybody in the channel would read it` }
  }
  return ok(value as Record<string, string>)
})

/** While one takes the place of another, both hold. */
const MOST_TOKENS = 5

/** As long as a routing key of PagerDuty is, so that what sends there can send here. The value is never repeated. */
const intakeToken = leaf(
  'a token of 32 letters and digits',
  (value): Read<string> =>
    typeof value === 'string' && /^[A-Za-z0-9]{32}$/.test(value)
      ? ok(value)
      : { wrong: 'must be a token of 32 letters and digits: openssl rand -hex 16 makes one' },
)

const intakeTokens = z.preprocess(
  (given) => (Array.isArray(given) || given === undefined ? given : [given]),
  listOf(intakeToken, MOST_TOKENS),
)

export function serviceShape(context: Context) {
  return z
    .strictObject({
      policy: reference('policies', context, 'has the policy'),
      channel: slackChannel.optional(),
      pages: z
        .array(oneOf(...SEVERITIES))
        .max(SEVERITIES.length)
        .default(['critical', 'error']),
      domains: listOf(hostname, MOST_DOMAINS).optional(),
      depends_on: listOf(reference('services', context, 'depends on'), MOST_DEPENDENCIES).optional(),
      links: links.optional(),
      invite: listOf(member(context, 'invites', false), MOST_INVITED).optional(),
      intake: intakeTokens.optional(),
      pool: url(context.network).optional(),
      deploy: deployShape(context).optional(),
    })
    .superRefine((service, refinement) => {
      if (service.deploy?.halt_when?.pool_below === undefined || service.pool !== undefined) return
      const message = 'can never halt a rollout: the service has no pool whose share could be asked for'
      refinement.addIssue({ code: 'custom', path: ['deploy', 'halt_when', 'pool_below'], message })
    })
}

export type ServiceShape = z.infer<ReturnType<typeof serviceShape>>

export function toService(name: string, shape: ServiceShape): Service {
  const domains = (shape.domains ?? []).map((domain) => domain.toLowerCase().replace(/\.$/, ''))
  return {
    name,
    policy: shape.policy,
    channel: shape.channel ?? null,
    pages: [...new Set(shape.pages)],
    domains,
    dependsOn: [...new Set(shape.depends_on ?? [])].filter((other) => other !== name),
    links: shape.links ?? {},
    invite: (shape.invite ?? []).flatMap((to) => (to.kind === 'slack' ? [] : to)),
    pool: shape.pool ?? null,
    deploy: shape.deploy ? toDeploying(name, shape.deploy) : null,
    ...(shape.intake && { intake: shape.intake.map(intakeDigest) }),
  }
}

export const MONITOR_KINDS = ['probe', 'tls', 'dns', 'tcp', 'rate', 'heartbeat', 'log'] as const
type MonitorKind = (typeof MONITOR_KINDS)[number]

/** Whether monitors of a kind are looked at from their locations; the others are where their log, their counter or their pings are. */
export const goesAndLooks = (kind: MonitorKind): boolean => ['probe', 'tls', 'dns', 'tcp'].includes(kind)

/** What every monitor may have, whatever its kind. */
export function commonMonitorKeys(context: Context) {
  return {
    service: reference('services', context, 'watches'),
    severity: oneOf(...SEVERITIES).default('critical'),
    depends_on: listOf(reference('monitors', context, 'depends on'), MOST_DEPENDENCIES).optional(),
    locations: listOf(reference('locations', context), 100).optional(),
    agree: integer(1, 100).optional(),
  }
}

const DEFAULT_EVERY_MS = 30_000
const DEFAULT_TIMEOUT_MS = 5_000

/** The shape of each kind of monitor. Built once per file: a file may have thousands of monitors. */
export function monitorShapes(context: Context) {
  const common = commonMonitorKeys(context)
  const every = duration('1s', '1d').default(DEFAULT_EVERY_MS)
  const timeout = duration('100ms', '10s').optional()
  const thresholds = { fail_after: integer(1, 100).default(3), recover_after: integer(1, 100).default(2) }
  const asked = { ...common, every, timeout, ...thresholds }
  const monitor = <T extends z.ZodRawShape>(keys: T) => z.strictObject(keys).superRefine(agreement)
  return {
    probe: monitor({ ...asked, probe: url(context.network), ...httpKeys })
      .superRefine(patience)
      .superRefine(httpSense),
    tls: monitor({ ...asked, tls: hostAndPort(context.network), ...tlsKeys })
      .superRefine(patience)
      .superRefine(({ tls, ip }, refinement) => ofOneFamily(hostPort(tls).host, ip, refinement)),
    dns: monitor({ ...asked, ...dnsKeys(context.network) })
      .superRefine(patience)
      .superRefine(dnsSense),
    tcp: monitor({ ...asked, tcp: hostAndPort(context.network), ...tcpKeys })
      .superRefine(patience)
      .superRefine(({ tcp, ip }, refinement) => ofOneFamily(hostPort(tcp).host, ip, refinement)),
    rate: monitor({ ...common, ...rateKeys(context) })
      .superRefine(patience)
      .superRefine(rateSense),
    heartbeat: monitor({ ...common, heartbeat }),
    log: monitor({ ...common, log: logShape(context) }),
  }
}

const heartbeat = z
  .strictObject({
    cron: cron.optional(),
    every: duration('1s', '366d').optional(),
    zone: zone.optional(),
    grace: duration('1s', '30d'),
    max_run: duration('1s', '30d').optional(),
    min_every: duration('1s', '366d').optional(),
    alerts: oneOf(...SOURCES).optional(),
    when: when.optional(),
  })
  .superRefine((shape, context) => {
    const refuse = (message: string, ...path: string[]) => context.addIssue({ code: 'custom', path, message })
    if (shape.when !== undefined && shape.alerts === undefined)
      refuse(`is of calls that bring alerts: say which with alerts, one of ${SOURCES.join(', ')}`, 'when')
    for (const key of ['max_run', 'min_every'] as const)
      if (shape.alerts !== undefined && shape[key] !== undefined)
        refuse('is of runs that are pinged for: what brings alerts has none, leave it out', key)
    if ((shape.cron === undefined) === (shape.every === undefined)) return refuse('needs either cron or every')
    if (shape.every !== undefined && shape.min_every !== undefined && shape.min_every > shape.every)
      refuse(`must be at most every (${formatDuration(shape.every)}), not {it}: it could never be on time`, 'min_every')
    if (shape.cron !== undefined && nextFire(shape.cron, shape.zone ?? 'UTC', SOME_TIME) === null)
      refuse('is {it}, which never comes: nobody would ever be missed', 'cron')
  })

/** Any instant: what never fires after it never fires. */
const SOME_TIME = Date.UTC(2026, 0, 1)

/** A try that lasts longer than the pause between two of them would pile up. */
function patience(shape: { every: number; timeout?: number | undefined }, context: z.RefinementCtx): void {
  if (shape.timeout === undefined || shape.timeout <= shape.every) return
  const message = `must be at most every (${formatDuration(shape.every)}), not {it}: tries would overlap`
  context.addIssue({ code: 'custom', path: ['timeout'], message })
}

function agreement(shape: object, context: z.RefinementCtx): void {
  const { agree, locations } = shape as { agree?: number; locations?: string[] }
  const count = placesOf(locations).length
  if (agree === undefined || agree <= count) return
  const message = `is {it}, but the monitor has only ${count} location${count === 1 ? '' : 's'}: it could never be down`
  context.addIssue({ code: 'custom', path: ['agree'], message })
}

const placesOf = (locations: readonly string[] | undefined) => [...new Set(locations ?? [HERE])]

/** More than half: one place that has a bad day pages nobody, and neither does one that sees nothing wrong keep it from all others. */
const majority = (count: number) => Math.floor(count / 2) + 1

type Shapes = { [K in MonitorKind]: z.infer<ReturnType<typeof monitorShapes>[K]> }

/** A monitor as it stands in the file. */
export type MonitorShape = { [K in MonitorKind]: { kind: K; shape: Shapes[K] } }[MonitorKind]

/** Where a configuration stands: where relative paths begin, and in which zone times are. */
export interface Place {
  folder: string
  zone: string
}

/** What is watched. */
export function toMonitor(name: string, monitor: MonitorShape, { folder, zone: defaultZone }: Place): Monitor {
  switch (monitor.kind) {
    case 'probe':
      return { ...probed(name, monitor.shape), kind: 'http', url: monitor.shape.probe, ...toHttp(monitor.shape) }
    case 'tls':
      return { ...probed(name, monitor.shape), kind: 'tls', ...hostPort(monitor.shape.tls), ...toTls(monitor.shape) }
    case 'dns':
      return { ...probed(name, monitor.shape), kind: 'dns', ...toDns(monitor.shape) }
    case 'tcp':
      return { ...probed(name, monitor.shape), kind: 'tcp', ...hostPort(monitor.shape.tcp), ...toTcp(monitor.shape) }
    case 'log': {
      const { service, severity, log } = monitor.shape
      return { name, service, severity, ...toLog(log, folder) }
    }
    case 'heartbeat': {
      const { service, severity, heartbeat } = monitor.shape
      return {
        name,
        service,
        severity,
        kind: 'heartbeat',
        rhythm: rhythmOf(heartbeat, defaultZone),
        graceMs: heartbeat.grace,
        maxRunMs: heartbeat.max_run ?? null,
        minEveryMs: heartbeat.min_every ?? null,
        ...(heartbeat.alerts && { hears: { source: heartbeat.alerts, when: heartbeat.when ?? null } }),
      }
    }
    case 'rate': {
      const { service, severity } = monitor.shape
      return { name, service, severity, ...toRate(monitor.shape) }
    }
    default:
      return monitor satisfies never
  }
}

const probed = (name: string, shape: Shapes['tcp'] | Shapes['probe'] | Shapes['tls'] | Shapes['dns']) => ({
  name,
  service: shape.service,
  severity: shape.severity,
  everyMs: shape.every,
  timeoutMs: shape.timeout ?? Math.min(DEFAULT_TIMEOUT_MS, shape.every),
  failAfter: shape.fail_after,
  recoverAfter: shape.recover_after,
  locations: placesOf(shape.locations),
  agree: shape.agree ?? majority(placesOf(shape.locations).length),
})

function rhythmOf(shape: z.infer<typeof heartbeat>, defaultZone: string): Rhythm {
  if (shape.every !== undefined) return { kind: 'every', everyMs: shape.every }
  return { kind: 'cron', cron: shape.cron ?? '', zone: shape.zone ?? defaultZone }
}
