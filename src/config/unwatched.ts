import { HERE } from '../domain/rules.ts'
import { goesAndLooks, type MonitorShape, type ServiceShape } from './watch.ts'

interface Found {
  roles: Map<string, { kind: string }[]>
  services: Map<string, ServiceShape>
  monitors: Map<string, MonitorShape>
  /** Sections that are one of a kind, undefined when the file has none. */
  only: Record<string, unknown>
}

/** What the file asks for and this version does not do yet, one line for each, so that nobody relies on it. */
export function notWatchedYet(found: Found): string[] {
  const lines: string[] = []
  for (const [name, { kind, shape }] of found.monitors) {
    if (!goesAndLooks(kind) && shape.locations?.some((location) => location !== HERE))
      lines.push(`locations of monitor ${name}`)
  }
  for (const [name, members] of found.roles) {
    for (const group of members) if (group.kind === 'slack') lines.push(`Slack user group in role ${name}`)
  }
  for (const [name, service] of found.services) {
    for (const key of ['pool', 'deploy'] as const) if (service[key]) lines.push(`${key} of service ${name}`)
  }
  for (const [name, section] of Object.entries(found.only)) if (section !== undefined) lines.push(name)
  return [...new Set(lines)]
}
