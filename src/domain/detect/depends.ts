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
  const found = new Set<string>()
  const queue = [monitor]
  for (let name = queue.shift(); name !== undefined; name = queue.shift())
    for (const parent of under(rules.monitors, name)?.dependsOn ?? [])
      if (parent !== monitor && !found.has(parent) && under(rules.monitors, parent)) {
        found.add(parent)
        queue.push(parent)
      }
  return [...found].filter((name) => !leftOut.has(name))
}

/** The monitors that name it in their depends_on. */
export const dependents = (rules: Pick<Rules, 'monitors'>, monitor: string): string[] =>
  Object.values(rules.monitors).flatMap(({ name, dependsOn }) => (dependsOn?.includes(monitor) ? name : []))
