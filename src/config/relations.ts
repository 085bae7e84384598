import type { Layer, Schedule } from '../domain/duty/schedule-types.ts'
import {
  DAY_MS,
  parseTimeOfDay,
  parseWall,
  startOfDay,
  toInstant,
  toWall,
  weekdayIndex,
  weekdayOf,
} from '../domain/duty/time.ts'
import type { Path } from './problem.ts'
import type { PolicyShape, ScheduleShape } from './roster.ts'

/** What no shape can see: things that are right by themselves and wrong together. */

export type Report = (path: Path, predicate: string, whole?: boolean) => void

/** Two people with one Slack id would be paged as one and acknowledge for each other. */
export function sharedIds(
  ids: Iterable<[name: string, id: string]>,
  path: (name: string) => Path,
  report: Report,
): void {
  const owners = new Map<string, string>()
  for (const [name, id] of ids) {
    const owner = owners.get(id)
    if (owner === undefined) owners.set(id, name)
    else report(path(name), `is {name}, which is ${owner}'s already`)
  }
}

/** A token says which service it is: two with one token could not be told apart. It is never repeated. */
export function sharedTokens(tokens: Iterable<[service: string, token: string]>, report: Report): void {
  const owners = new Map<string, string>()
  for (const [service, token] of tokens) {
    const owner = owners.get(token)
    if (owner === undefined) owners.set(token, service)
    else if (owner !== service) report(['services', service, 'intake'], `is the token of service "${owner}" already`)
  }
}

/** Layers that never cover an instant, and steps that could page nobody but them. */
export function unreachable(
  schedules: Map<string, { shape: ScheduleShape; schedule: Schedule }>,
  policies: Map<string, PolicyShape>,
  report: Report,
): void {
  const dead = new Set<string>()
  for (const [name, { shape, schedule }] of schedules) {
    // What an imported layer covers, its calendar says.
    const own = schedule.layers.values()
    const never = shape.layers.map((layer) => ('calendar' in layer ? null : neverCovers(own.next().value)))
    never.forEach((reason, index) => {
      const layer = shape.layers[index]
      const key = !layer || 'calendar' in layer || layer.until === undefined ? [] : ['until']
      if (reason) report(['schedules', name, 'layers', index, ...key], `never covers anything: ${reason}`, true)
    })
    if (never.every((reason) => reason !== null)) dead.add(name)
  }
  for (const [name, policy] of policies) {
    policy.steps.forEach(({ page }, index) => {
      if (!page.every((target) => target.kind === 'schedule' && dead.has(target.name))) return
      const which = [...new Set(page.map((target) => `schedule/${target.name}`))].join(' and ')
      const predicate = `can never reach anyone: no layer of ${which} ever covers anything`
      report(['policies', name, 'steps', index, 'page'], predicate, true)
    })
  }
}

/** Within this every window of the day and of the week has come round. */
const EVERY_WINDOW_MS = 9 * DAY_MS

function neverCovers(layer: Layer | undefined): string | null {
  if (layer?.untilAt === undefined) return null
  const { zone, untilAt } = layer
  const rotationAt = toInstant(parseWall(layer.rotation.start), zone)
  const startAt = Math.max(rotationAt, layer.fromAt ?? rotationAt)
  if (untilAt <= startAt) return `until is not after ${startAt > rotationAt ? 'from' : 'rotation.start'}`
  if (layer.restrictions.length === 0 || untilAt - startAt > EVERY_WINDOW_MS) return null
  const lastDay = startOfDay(toWall(untilAt, zone))
  for (let day = startOfDay(toWall(startAt, zone)) - DAY_MS; day <= lastDay; day += DAY_MS) {
    for (const window of layer.restrictions) {
      if (window.type !== 'daily') return null
      if (window.days && !window.days.some((name) => weekdayIndex(name) === weekdayOf(day))) continue
      const [from, to] = [parseTimeOfDay(window.start), parseTimeOfDay(window.end)]
      const opens = toInstant(day + from, zone)
      const closes = toInstant(day + to + (to <= from ? DAY_MS : 0), zone)
      if (opens < untilAt && closes > startAt) return null
    }
  }
  return 'its hours do not come up before until'
}

/** Monitors that wait for one another; each circle is reported once, where it begins. */
export function circles(dependsOn: Map<string, string[]>, report: Report): void {
  const done = new Set<string>()
  for (const start of dependsOn.keys()) {
    // Depth first with a stack of our own: a chain may be as long as there are monitors.
    const trail: string[] = []
    const onTrail = new Set<string>()
    const stack: { name: string; leave: boolean }[] = [{ name: start, leave: false }]
    for (let top = stack.pop(); top; top = stack.pop()) {
      if (top.leave) {
        onTrail.delete(top.name)
        trail.pop()
        done.add(top.name)
      } else if (onTrail.has(top.name)) {
        reportCircle(trail.slice(trail.indexOf(top.name)), report)
      } else if (!done.has(top.name)) {
        trail.push(top.name)
        onTrail.add(top.name)
        stack.push({ name: top.name, leave: true })
        for (const next of dependsOn.get(top.name) ?? []) stack.push({ name: next, leave: false })
      }
    }
  }
}

/** Enough to find the way. */
const MOST_NAMED = 8

function reportCircle(circle: string[], report: Report): void {
  const [first] = circle
  if (first === undefined) return
  const others = circle.slice(1, 1 + MOST_NAMED).join(', ')
  const more = circle.length - 1 > MOST_NAMED ? ` and ${circle.length - 1 - MOST_NAMED} more` : ''
  const round = circle.length === 1 ? 'itself' : `itself by way of ${others}${more}`
  report(['monitors', first, 'depends_on'], `depends on ${round}`, true)
}
