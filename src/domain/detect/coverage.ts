import { z } from 'zod'
import type { Monitor, Rules } from '../rules.ts'
import type { Mark } from './adoption.ts'
import { type Level, levelOf } from './gap.ts'
import type { ZoneRecord } from './zone-file.ts'

/**
 * The ledger of names: what the sources know of a company's domains, less what is probed, less what is ignored on purpose. What remains is a
 * gap: a name that people use and nothing watches. Names are proposed, never probed, until somebody adopts them or puts them into the
 * configuration.
 */
const Role = z.enum(['host', 'mail', 'name-server'])
/** What answers under a name, as far as its records say. */
type Role = z.infer<typeof Role>

export const FoundName = z.strictObject({ name: z.string(), role: Role })
export type FoundName = z.infer<typeof FoundName>

export const KnownName = z.strictObject({
  ...FoundName.shape,
  /** Where it was found: a path of a zone file, a server, or what probes meet. */
  source: z.string(),
  firstSeenAt: z.number(),
  lastSeenAt: z.number(),
})
export type KnownName = z.infer<typeof KnownName>

/** Since when a name of a service is a gap. */
export interface OpenGap {
  service: string
  name: string
  sinceAt: number
}

/** All that is known beside the configuration. */
export interface Known {
  names: readonly KnownName[]
  /** What people decided about names. */
  marks: readonly Mark[]
  gaps: readonly OpenGap[]
}

export interface Gap extends FoundName {
  sources: string[]
  /** It became a gap then: it appeared, or what watched it went. */
  sinceAt: number
  lastSeenAt: number
  level: Level
  /** Whoever sees to it; null: whoever is on duty by the policy of its service. */
  owner: string | null
  /** Every name beneath it: no single probe watches those, and they have to be named or ignored. */
  wildcard: boolean
}

export interface Ignored {
  name: string
  reason: string | null
  /** Who said so, and when; null: the configuration does. */
  by: string | null
  at: number | null
}

export interface Ledger {
  service: string
  domains: string[]
  /** Names with the monitors that watch each. */
  watched: { name: string; monitors: string[] }[]
  ignored: Ignored[]
  /** The oldest first. */
  gaps: Gap[]
  /** Of what is not ignored, in percent, rounded down: 100 only when there is no gap. */
  percent: number
}

/** Records under which something answers; the others are words about a name (mail, keys, checks of ownership). */
const ANSWERING = new Set(['A', 'AAAA', 'CNAME', 'ALIAS', 'ANAME', 'HTTPS', 'SVCB'])
const ROLES: Record<string, Role> = { MX: 'mail', NS: 'name-server' }

/** The names of a zone behind which something answers, each once. `_dmarc` and the like are no hosts. */
export function namesOf(records: readonly ZoneRecord[]): FoundName[] {
  const found = new Map<string, Role>()
  for (const { name, type } of records) if (ANSWERING.has(type) && isHost(name)) found.set(name, 'host')
  for (const { type, target } of records) {
    const role = ROLES[type]
    if (role && target !== undefined && isHost(target) && found.get(target) !== 'mail') found.set(target, role)
  }
  return [...found].map(([name, role]) => ({ name, role }))
}

const isHost = (name: string) => !name.split('.').some((label) => label.startsWith('_'))

/** The host that a monitor looks at; null for what looks at none. */
export function hostOf(monitor: Monitor): string | null {
  switch (monitor.kind) {
    case 'http':
      return new URL(monitor.url).hostname.toLowerCase()
    case 'tls':
    case 'tcp':
      return monitor.host.toLowerCase().replace(/\.$/, '')
    // That a name resolves, or what is written about it, says nothing of what answers there.
    case 'dns':
    case 'log':
    case 'heartbeat':
    case 'rate':
      return null
    default:
      return monitor satisfies never
  }
}

/** What is known of each service that has domains, in the order of the configuration. */
export function ledgers(
  rules: Pick<Rules, 'services' | 'monitors' | 'coverage' | 'people'>,
  known: Known,
  now: number,
): Ledger[] {
  const probes = Map.groupBy(
    Object.values(rules.monitors).flatMap((monitor) => {
      const host = hostOf(monitor)
      return host === null ? [] : [{ host, monitor: monitor.name }]
    }),
    ({ host }) => host,
  )
  const marks = new Map(known.marks.map((mark) => [mark.name, mark]))
  const since = new Map(known.gaps.map((gap) => [`${gap.service}/${gap.name}`, gap.sinceAt]))
  const names = [...Map.groupBy(known.names, ({ name }) => name)].map(([name, from]) => together(name, from))
  return Object.values(rules.services)
    .filter(({ domains }) => domains.length > 0)
    .map(({ name: service, domains }) => {
      const ours = names.filter(({ name }) => domains.some((domain) => isBeneath(name, domain)))
      const ignored = ours.flatMap(({ name }) => ignoring(rules, marks.get(name), name) ?? [])
      const isIgnored = new Set(ignored.map(({ name }) => name))
      const counted = ours.filter(({ name }) => !isIgnored.has(name))
      const watched = counted.flatMap(({ name }) => {
        const monitors = probes.get(name)?.map(({ monitor }) => monitor)
        return monitors ? [{ name, monitors }] : []
      })
      const gaps = counted
        .filter(({ name }) => !probes.has(name))
        .map(({ firstSeenAt, ...each }): Gap => {
          const sinceAt = since.get(`${service}/${each.name}`) ?? Math.min(firstSeenAt, now)
          const person = marks.get(each.name)?.owner?.person
          const owner = person !== undefined && Object.hasOwn(rules.people, person) ? person : null
          const level = levelOf(now - sinceAt, rules.coverage.alarm)
          return { ...each, sinceAt, level, owner, wildcard: each.name.startsWith('*.') }
        })
        .sort((a, b) => a.sinceAt - b.sinceAt || (a.name < b.name ? -1 : 1))
      const percent = counted.length === 0 ? 100 : Math.floor((100 * watched.length) / counted.length)
      return { service, domains, watched, ignored, gaps, percent }
    })
}

/** One name, of which several sources may know. */
function together(name: string, from: readonly KnownName[]) {
  const role: Role = from.map((each) => each.role).find((each) => each !== 'host') ?? 'host'
  return {
    name,
    role,
    sources: from.map(({ source }) => source),
    firstSeenAt: Math.min(...from.map(({ firstSeenAt }) => firstSeenAt)),
    lastSeenAt: Math.max(...from.map(({ lastSeenAt }) => lastSeenAt)),
  }
}

/** Why a name is ignored; null when it is not. */
function ignoring({ coverage }: Pick<Rules, 'coverage'>, mark: Mark | undefined, name: string): Ignored | null {
  const pattern = coverage.ignore.find((each) => matches(name, each.name))
  if (pattern) return { name, reason: pattern.reason, by: null, at: null }
  return mark?.ignored ? { name, ...mark.ignored } : null
}

export const isBeneath = (name: string, domain: string) => name === domain || name.endsWith(`.${domain}`)

/** The service whose domain a name belongs to: that of the longest, where domains lie in one another. */
export function serviceOfName({ services }: Pick<Rules, 'services'>, name: string): string | null {
  const [nearest] = Object.values(services)
    .flatMap((service) => service.domains.map((domain) => ({ service: service.name, domain })))
    .filter(({ domain }) => isBeneath(name, domain))
    .sort((a, b) => b.domain.length - a.domain.length)
  return nearest?.service ?? null
}

/** `*.dev.example.com` is every name beneath `dev.example.com`, the wildcard itself too; any other pattern is that name. */
const matches = (name: string, pattern: string) =>
  pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern
