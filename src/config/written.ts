import { Document, isMap, isPair } from 'yaml'
import type { Probe } from '../domain/rules.ts'
import { formatDuration } from './leaf.ts'

/** What was adopted as it would stand in the file, `monitors:` and all. What the file would take for granted is left out. */
export function writtenMonitors(probes: readonly Probe[]): string {
  const document = new Document({ monitors: Object.fromEntries(probes.map((probe) => [probe.name, written(probe)])) })
  const monitors = document.get('monitors')
  if (isMap(monitors)) for (const pair of monitors.items) if (isPair(pair) && isMap(pair.value)) pair.value.flow = true
  return document.toString({ lineWidth: 0, flowCollectionPadding: true })
}

/** Only what `defaultProbes` sets: nothing else is ever adopted. */
function written(probe: Probe): Record<string, unknown> {
  const { service, everyMs } = probe
  const every = formatDuration(everyMs)
  switch (probe.kind) {
    case 'http':
      return { service, probe: probe.url, every, expect: { status: probe.expect.status } }
    case 'tls':
      return { service, tls: hostPort(probe), every, expect: { days_left: probe.daysLeft } }
    case 'tcp':
      return {
        service,
        tcp: hostPort(probe),
        every,
        ...(probe.banner !== null && { expect: { banner: probe.banner } }),
      }
    case 'dns':
      return { service, dns: { name: probe.host, type: probe.type }, every }
    default:
      return probe satisfies never
  }
}

const hostPort = ({ host, port }: { host: string; port: number }) => `${host}:${port}`
