import { type Rules, under } from '../rules.ts'

/**
 * Everything that a monitor depends on, by way of whatever else, the nearest first. What the configuration does not watch is passed over,
 * and so is what is left out: whatever depended on it depends on what it depended on.
 */
export function ancestors(
  rules: Pick<Rules, 'monitors'>,
  monitor: string,
  leftOut: ReadonlySet<string> = new Set(),
): string[] {
  const parents = (name: string) =>
    (under(rules.monitors, name)?.dependsOn ?? []).filter((parent) => under(rules.monitors, parent))
  return reached(monitor, parents).filter((name) => !leftOut.has(name))
}

/** All that can be reached from something, a step at a time, the nearest first; not itself. */
function reached(from: string, next: (name: string) => Iterable<string>): string[] {
  const found = new Set([from])
  for (const name of found) for (const each of next(name)) found.add(each)
  found.delete(from)
  return [...found]
}

/** The monitors that name it in their depends_on. */
export const dependents = (rules: Pick<Rules, 'monitors'>, monitor: string): string[] =>
  Object.values(rules.monitors).flatMap(({ name, dependsOn }) => (dependsOn?.includes(monitor) ? name : []))

type Related = Pick<Rules, 'services' | 'monitors'>

/**
 * The services without which one cannot be well, by way of whatever else, the nearest first: those that it names itself, and those whose
 * monitors its own depend on. It is what the gate, incidents and post-mortems mean by *depends on*.
 */
export const servicesAbove = (rules: Related, service: string): string[] =>
  reached(service, (name) => edgesOf(rules).up.get(name) ?? [])

/** Those that cannot be well without it. */
export const servicesBelow = (rules: Related, service: string): string[] =>
  reached(service, (name) => edgesOf(rules).down.get(name) ?? [])

/** A step up, and a step down. */
interface Edges {
  up: Map<string, Set<string>>
  down: Map<string, Set<string>>
}

/** Found once for each configuration: there may be ten thousand monitors, and each alert asks. */
const known = new WeakMap<Rules['monitors'], { services: Rules['services']; edges: Edges }>()

function edgesOf({ services, monitors }: Related): Edges {
  const before = known.get(monitors)
  if (before?.services === services) return before.edges
  const edges: Edges = { up: new Map(), down: new Map() }
  const join = (below: string, above: string) => {
    if (below === above) return
    edges.up.set(below, (edges.up.get(below) ?? new Set()).add(above))
    edges.down.set(above, (edges.down.get(above) ?? new Set()).add(below))
  }
  for (const { name, dependsOn } of Object.values(services)) for (const other of dependsOn) join(name, other)
  for (const { service, dependsOn = [] } of Object.values(monitors))
    for (const parent of dependsOn) {
      const above = under(monitors, parent)?.service
      if (above !== undefined) join(service, above)
    }
  known.set(monitors, { services, edges })
  return edges
}
