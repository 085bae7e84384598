import { z } from 'zod'
import type { Monitor, Rules } from '../rules.ts'
import type { ZoneRecord } from './zone-file.ts'

/**
 * The ledger of names: what a company's zones have, less what is probed, less what is ignored on purpose. What remains is a gap: a name that
 * people use and nothing watches. Names are proposed, never probed, until somebody puts them into the configuration.
 */
export const KnownName = z.strictObject({
  name: z.string(),
  /** Where it was found: the path of a zone file. */
  source: z.string(),
  firstSeenAt: z.number(),
})
export type KnownName = z.infer<typeof KnownName>

/** The alert of a service about its gaps. */
export const GAP_KEY = 'coverage'

interface Gap extends KnownName {
  /** Every name beneath it: no single probe watches those, and they have to be named or ignored. */
  wildcard: boolean
}

export interface Ledger {
  service: string
  domains: string[]
  /** Names with the monitors that watch each. */
  watched: { name: string; monitors: string[] }[]
  ignored: string[]
  gaps: Gap[]
  /** Of what is not ignored, in percent, rounded down: 100 only when there is no gap. */
  percent: number
}

/** Records under which something answers; the others are words about a name (mail, keys, checks of ownership). */
const ANSWERING = new Set(['A', 'AAAA', 'CNAME', 'ALIAS', 'ANAME', 'HTTPS', 'SVCB'])

/** The names of a zone behind which something answers, each once. `_dmarc` and the like are no hosts. */
export const hostsOf = (records: readonly ZoneRecord[]): string[] => [
  ...new Set(
    records
      .filter(({ type, name }) => ANSWERING.has(type) && !name.split('.').some((label) => label.startsWith('_')))
      .map(({ name }) => name),
  ),
]

/** The host that a monitor looks at; null for what looks at none. */
function hostOf(monitor: Monitor): string | null {
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
      return null
    default:
      return monitor satisfies never
  }
}

/** What is known of each service that has domains, in the order of the configuration. */
export function ledgers(
  rules: Pick<Rules, 'services' | 'monitors' | 'coverage'>,
  names: readonly KnownName[],
): Ledger[] {
  const probes = Map.groupBy(
    Object.values(rules.monitors).flatMap((monitor) => {
      const host = hostOf(monitor)
      return host === null ? [] : [{ host, monitor: monitor.name }]
    }),
    ({ host }) => host,
  )
  return Object.values(rules.services)
    .filter(({ domains }) => domains.length > 0)
    .map(({ name: service, domains }) => {
      const ours = names.filter(({ name }) => domains.some((domain) => isBeneath(name, domain)))
      const isIgnored = ({ name }: KnownName) => rules.coverage.ignore.some((pattern) => matches(name, pattern))
      const ignored = ours.filter(isIgnored).map(({ name }) => name)
      const counted = ours.filter((each) => !isIgnored(each))
      const watched = counted.flatMap(({ name }) => {
        const monitors = probes.get(name)?.map(({ monitor }) => monitor)
        return monitors ? [{ name, monitors }] : []
      })
      const gaps = counted
        .filter(({ name }) => !probes.has(name))
        .map((each) => ({ ...each, wildcard: each.name.startsWith('*.') }))
        .sort((a, b) => a.firstSeenAt - b.firstSeenAt || (a.name < b.name ? -1 : 1))
      const percent = counted.length === 0 ? 100 : Math.floor((100 * watched.length) / counted.length)
      return { service, domains, watched, ignored, gaps, percent }
    })
}

const isBeneath = (name: string, domain: string) => name === domain || name.endsWith(`.${domain}`)

/** `*.dev.example.com` is every name beneath `dev.example.com`, the wildcard itself too; any other pattern is that name. */
const matches = (name: string, pattern: string) =>
  pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern
