import { HERE } from '../domain/rules.ts'
import { goesAndLooks, type MonitorShape } from './watch.ts'

interface Found {
  monitors: Map<string, MonitorShape>
}

/** What the file asks for and this version does not do yet, one line for each, so that nobody relies on it. */
export function notWatchedYet(found: Found): string[] {
  const lines: string[] = []
  for (const [name, { kind, shape }] of found.monitors) {
    if (!goesAndLooks(kind) && shape.locations?.some((location) => location !== HERE))
      lines.push(`locations of monitor ${name}`)
  }
  return [...new Set(lines)]
}
