import { z } from 'zod'
import { HERE, Probe, type Rules } from '../rules.ts'
import { type FoundName, hostOf } from './coverage.ts'

/**
 * What people decided about a name: whose it is, that it needs no probe, or that it is to be watched from now on. What is adopted is part of
 * the rules as if it stood in the configuration, and gives way to what stands there.
 */
const by = { by: z.string(), at: z.number() }
export const Mark = z.strictObject({
  name: z.string(),
  owner: z.strictObject({ person: z.string(), ...by }).nullable(),
  ignored: z.strictObject({ reason: z.string(), ...by }).nullable(),
  adopted: z.strictObject({ service: z.string(), monitors: z.array(Probe).min(1), ...by }).nullable(),
  /** Somebody wants it watched no more, or did: that takes a second person. */
  dropping: z
    .strictObject({ reason: z.string(), ...by })
    .nullable()
    .default(null),
})
export type Mark = z.infer<typeof Mark>

export const newMark = (name: string): Mark => ({ name, owner: null, ignored: null, adopted: null, dropping: null })

/** By whom a monitor was adopted, and for which name. */
interface Adopted {
  name: string
  by: string
  at: number
}

const MINUTE_MS = 60_000
const patience = {
  ...{ timeoutMs: 5_000, failAfter: 3, recoverAfter: 2, severity: 'critical' as const },
  ...{ locations: [HERE], agree: 1 },
}

/** What answers well, and what sends elsewhere: whether that is well is for the monitor of where it sends. */
const ANSWERS = [200, 204, 301, 302, 303, 307, 308]

/**
 * What watches a name that was only found: the probe that fits what its records say it is. A wildcard has none.
 *
 * @param isTaken names of monitors that there are
 */
export function defaultProbes(
  { name, role }: FoundName,
  service: string,
  isTaken: (monitor: string) => boolean,
): Probe[] {
  if (name.startsWith('*.')) return []
  const asked = { service, ...patience, everyMs: MINUTE_MS }
  const port = (number: number, banner: string | null): Probe => ({
    ...{ name: monitorName(name, '', isTaken), ...asked, kind: 'tcp', host: name, port: number },
    ...{ ip: null, starttls: null, banner },
  })
  switch (role) {
    case 'mail':
      return [port(25, '220')]
    case 'name-server':
      return [port(53, null)]
    case 'host':
      return [
        {
          ...{ name: monitorName(name, '', isTaken), ...asked, kind: 'http', url: `https://${name}/`, method: 'GET' },
          ...{ headers: {}, body: null, redirects: 'refuse', ip: null },
          expect: { status: ANSWERS, headers: {}, bodyContains: null, bodyLacks: null, bodyMatches: null, json: [] },
        },
        {
          ...{ name: monitorName(name, '-tls', isTaken), ...asked, kind: 'tls', host: name, port: 443 },
          ...{ everyMs: 60 * MINUTE_MS, ip: null, starttls: null, daysLeft: 14, names: [], protocol: 'TLSv1.2' },
        },
      ]
    default:
      return role satisfies never
  }
}

/** Names of monitors are no longer than this. */
const LONGEST_NAME = 40

/** `shop.example.com` is `shop-example-com`, with a number where that is another's. */
function monitorName(name: string, end: string, isTaken: (monitor: string) => boolean): string {
  const words = name.replaceAll(/[^a-z0-9]+/g, '-').replace(/^-+/, '')
  for (let n = 1; ; n++) {
    const last = n === 1 ? end : `${end}-${n}`
    const made = `${words.slice(0, LONGEST_NAME - last.length).replace(/-+$/, '')}${last}`
    if (!isTaken(made)) return made
  }
}

/** The rules with what was adopted. A monitor that the configuration has by now, by its name or its target, is that of the configuration. */
export function withAdopted(rules: Rules, marks: readonly Mark[]): Rules {
  const monitors = { ...rules.monitors }
  const adopted: Record<string, Adopted> = {}
  const targets = new Set(Object.values(rules.monitors).flatMap((monitor) => targetOf(monitor) ?? []))
  for (const { name, adopted: what } of marks) {
    if (what === null || !Object.hasOwn(rules.services, what.service)) continue
    for (const monitor of what.monitors) {
      if (Object.hasOwn(monitors, monitor.name) || targets.has(targetOf(monitor) ?? '')) continue
      monitors[monitor.name] = monitor
      adopted[monitor.name] = { name, by: what.by, at: what.at }
    }
  }
  return Object.keys(adopted).length === 0 ? rules : { ...rules, monitors, adopted }
}

/** What a monitor looks at: two with the same are one and the same watch. */
function targetOf(monitor: Rules['monitors'][string]): string | null {
  const host = hostOf(monitor)
  if (host === null) return null
  if (monitor.kind !== 'http') return 'port' in monitor ? `${monitor.kind} ${host}:${monitor.port}` : null
  const { protocol, port } = new URL(monitor.url)
  return `http ${host}:${port || (protocol === 'https:' ? 443 : 80)}`
}
