import { rolesOfGroups } from '../duty/role-group.ts'
import { SOURCE_WORDS } from '../intake.ts'
import { isPushed, listenersOf, type Monitor, type Rules, under } from '../rules.ts'

/**
 * The watch graph: whatever watches is watched by something else, up to somebody outside. In 2018 a monitor was out for weeks because what
 * watched it had been switched off first, and nothing said so. What is not in here is not watched: a kind of monitor, an entry of the
 * timetable or a part of the program without its line does not compile.
 */
export interface Node {
  name: string
  kind: 'outside' | 'part' | 'entry' | 'location' | 'monitor' | 'feed' | 'canary' | 'source' | 'service' | 'group'
  what: string
  /** What notices when it stops, and how. */
  watchedBy: Edge[]
}

interface Edge {
  by: string
  how: string
}

/** Something that could stop without anybody noticing; what to do about it is part of the sentence. */
export interface LooseEnd {
  node: string
  sentence: string
  /** Such a configuration is not taken; else it is a warning, said at every start. */
  refused: boolean
}

export type Graph = ReadonlyMap<string, Node>

/** The entries of the timetable; those of the watch are said aloud when they stand still, the others in the log and `/watchbill status`. */
export const ENTRIES = {
  probes: { watch: true, what: 'goes and looks' },
  logs: { watch: true, what: 'reads the logs' },
  rates: { watch: true, what: 'asks how often things happen, and judges it' },
  heartbeats: { watch: true, what: 'looks whose ping is missing' },
  staleness: { watch: true, what: 'looks whether monitors are looked after' },
  drills: { watch: true, what: 'injects faults, which must come through' },
  locations: { watch: true, what: 'hears whether the locations look, and see anything' },
  returns: { watch: true, what: 'looks whether what was silenced is back' },
  outward: { watch: true, what: 'sends the outward heartbeat' },
  rollouts: { watch: true, what: 'watches closely what is being deployed' },
  freezes: { watch: false, what: 'keeps freeze periods of GitLab equal to the blackouts of the gate' },
  people: { watch: false, what: 'looks whether people can be reached' },
  groups: { watch: false, what: 'keeps user groups equal to who is on duty, and looks who has roles by them' },
  'roster-report': { watch: false, what: 'finds holes in the rosters' },
  homes: { watch: false, what: "keeps people's Home up to date" },
  housekeeping: { watch: false, what: 'forgets what has served its purpose' },
  calendars: { watch: false, what: 'reads calendars of others' },
  coverage: { watch: false, what: 'finds names that nothing watches' },
  'log-coverage': { watch: false, what: 'finds logs that nothing reads' },
  digests: { watch: false, what: 'tells each Monday what the week before was like' },
  archives: { watch: false, what: 'archives the channels of incidents that are long over' },
  contacts: { watch: false, what: 'tries out by what people are reached beside Slack' },
  backup: { watch: false, what: 'backs up the store each night' },
} as const
export type EntryName = keyof typeof ENTRIES

/** Whether nothing is found out while it stands still. The shards of the probes, and the probes that wait, are one thing here. */
export const isOfTheWatch = (entry: string): boolean =>
  /^(checks|probes-\d+-of-\d+)$/.test(entry) || (under<{ watch: boolean }>(ENTRIES, entry)?.watch ?? false)

const OUTSIDE = 'outside'
const OUTWARD = 'outward_heartbeat'

/** The parts of the program that a page needs. */
const PARTS = {
  auditor: {
    what: 'watches the watch, beside everything else',
    by: OUTWARD,
    how: 'it is not sent when the auditor has not looked',
  },
  store: {
    what: 'the state of record',
    by: 'auditor',
    how: 'it asks every 30 s, and tells everybody on duty from memory when there is no answer',
  },
  'in-tray': { what: 'takes in what comes', by: 'auditor', how: 'it hears when what comes in cannot be stored' },
  desk: {
    what: 'decides who is paged',
    by: 'drills',
    how: 'a fault is injected every five minutes, and everybody on duty is told when none comes through',
  },
  'out-tray': {
    what: 'sends what is owed',
    by: 'auditor',
    how: 'a page that is owed and not out after 30 s is told to the channel and the last resort',
  },
  slack: {
    what: 'the connection to Slack',
    by: OUTWARD,
    how: 'it is not sent while Slack is not connected, or refuses our calls',
  },
  'second channels': {
    what: 'reach people when Slack does not, or when they do not answer there',
    by: 'contacts',
    how: 'each is tried out every week, and /watchbill status names those that fail or that nobody has confirmed',
  },
  timetable: { what: 'says when to look', by: 'auditor', how: 'it looks for entries that stand still' },
} satisfies Record<string, { what: string } & Edge>

/** What notices that a monitor does not watch any more. */
const BY_KIND = {
  http: looked,
  tls: looked,
  dns: looked,
  tcp: looked,
  log: looked,
  rate: looked,
  heartbeat: () => [{ by: 'heartbeats', how: 'its deadline is looked at each second' }],
} satisfies Record<Monitor['kind'], () => Edge[]>

function looked(): Edge[] {
  return [{ by: 'staleness', how: 'that nobody has looked for three of its intervals, or a minute, is an alarm' }]
}

const HERE = 'location/here'

type Watched = Pick<Rules, 'monitors' | 'services' | 'locations' | 'outwardHeartbeat'> & Partial<Pick<Rules, 'roles'>>

export function graphOf(rules: Watched): Graph {
  const nodes: Node[] = [
    ...(rules.outwardHeartbeat === null ? [] : [{ ...outside, watchedBy: [] }]),
    outwardOf(rules),
    ...Object.entries(PARTS).map(([name, { what, by, how }]) => ({
      ...{ name, kind: 'part' as const, what, watchedBy: [{ by, how }, ...(name === 'slack' ? byDrills(rules) : [])] },
    })),
    ...Object.entries(ENTRIES).map(([name, { what, watch }]) => entryOf(name, what, watch)),
    {
      ...{ name: HERE, kind: 'location', what: 'where this program looks from' },
      watchedBy: [
        { by: OUTWARD, how: 'it cannot be sent without a network' },
        { by: 'locations', how: 'that nothing answers from here any more is an alarm' },
      ],
    },
    ...Object.keys(rules.locations).map((name) => ({
      ...{ name: `location/${name}`, kind: 'location' as const, what: 'where a prober looks from' },
      watchedBy: [{ by: 'locations', how: 'its silence is an alarm, and so is that nothing answers there any more' }],
    })),
    ...Object.values(rules.monitors).flatMap(ofMonitor),
    ...Object.values(rules.services).flatMap(({ name, intake }) => [
      ...ofService(rules, name),
      ...ofSource(rules, name, intake !== undefined),
    ]),
    ...[...rolesOfGroups({ roles: rules.roles ?? {} })].map(([handle, roles]) => ofGroup(handle, roles)),
  ]
  return new Map(nodes.map((node) => [node.name, node]))
}

/** Somebody takes the pages of drills. */
const byDrills = ({ outwardHeartbeat }: Pick<Rules, 'outwardHeartbeat'>): Edge[] =>
  (outwardHeartbeat?.drillTo ?? null) === null
    ? []
    : [
        {
          by: 'drills',
          how: 'an injected fault goes out as a page every five minutes, and everybody on duty is told when none does',
        },
      ]

const outside = { name: OUTSIDE, kind: 'outside' as const, what: 'somebody else, who misses the heartbeat' }

const outwardOf = ({ outwardHeartbeat }: Pick<Rules, 'outwardHeartbeat'>): Node => ({
  ...{ name: OUTWARD, kind: 'part', what: 'says outside that everything works that a page needs' },
  watchedBy: outwardHeartbeat === null ? [] : [{ by: OUTSIDE, how: 'its silence is the alarm' }],
})

const entryOf = (name: string, what: string, watch: boolean): Node => ({
  ...{ name, kind: 'entry', what },
  watchedBy: [
    {
      by: 'timetable',
      how: watch
        ? 'everybody on duty is told when it stands still'
        : 'the log and /watchbill status say when it stands still',
    },
  ],
})

const monitorNode = (name: string) => `monitor/${name}`

function ofMonitor(monitor: Monitor): Node[] {
  const { name, kind } = monitor
  const own: Node = { name: monitorNode(name), kind: 'monitor', what: kind, watchedBy: BY_KIND[kind]() }
  if (monitor.kind !== 'log') return [own]
  const canary = `canary/${name}`
  const back: Node = {
    ...{ name: canary, kind: 'canary', what: 'a marked line that must come back' },
    watchedBy: [{ by: 'logs', how: 'one that does not come back is an alarm' }],
  }
  const proof: Edge = { by: canary, how: 'a log that is not being read loses it' }
  const has = monitor.canary === null ? [] : [proof]
  // Who reads a file sees that it is there; of lines that others send, their silence looks like health.
  const feed: Node[] = isPushed(monitor)
    ? [{ name: `feed/${name}`, kind: 'feed', what: 'whoever sends the lines', watchedBy: has }]
    : []
  return [{ ...own, watchedBy: [...own.watchedBy, ...has] }, ...feed, ...(monitor.canary === null ? [] : [back])]
}

const ofGroup = (handle: string, roles: readonly string[]): Node => ({
  ...{ name: `group/${handle}`, kind: 'group', what: `the Slack user group that has the role ${roles.join(', ')}` },
  watchedBy: [
    {
      by: 'groups',
      how: 'one that is empty, disabled, gone or cannot be read is told to whoever answers for the role',
    },
  ],
})

/** A service that only other systems watch is theirs to watch. */
function ofService({ monitors }: Pick<Rules, 'monitors'>, service: string): Node[] {
  const ours = Object.values(monitors).filter((monitor) => monitor.service === service)
  if (ours.length === 0) return []
  const watchedBy = ours.map(({ name, severity }) => ({ by: monitorNode(name), how: `a failure is ${severity}` }))
  return [{ name: `service/${service}`, kind: 'service', what: 'what it is all for', watchedBy }]
}

/** Whatever sends the alerts of a service: its silence looks like health, unless it has to call now and then. */
function ofSource(rules: Pick<Rules, 'monitors'>, service: string, isSet: boolean): Node[] {
  const listeners = listenersOf(rules, service)
  if (!isSet && listeners.length === 0) return []
  const watchedBy = listeners.map(({ name, hears }) => ({
    by: monitorNode(name),
    how: `that ${hears ? SOURCE_WORDS[hears.source] : 'it'} has not called in time is an alarm`,
  }))
  return [{ name: `${SOURCE}${service}`, kind: 'source', what: 'whatever else sends its alerts', watchedBy }]
}

const SOURCE = 'source/'

/** What nothing watches, and what would be found out and told to nobody. */
export const looseEnds = (rules: Watched): LooseEnd[] => [
  ...endsOf(graphOf(rules)),
  ...Object.values(rules.monitors).flatMap((monitor) => unheard(rules, monitor)),
]

/** What is watched by nothing, or only by what it watches itself. */
export function endsOf(graph: Graph): LooseEnd[] {
  const tops = [...graph.values()].filter(({ kind, watchedBy }) => kind === 'outside' || watchedBy.length === 0)
  const held = heldBy(
    graph,
    tops.map(({ name }) => name),
  )
  const circling = [...graph.values()].filter(({ name }) => !held.has(name))
  return [
    ...tops.filter(({ kind }) => kind !== 'outside').map(unwatched),
    ...circling.map(({ name }) => ({
      ...{ node: name, refused: true },
      sentence: `${name} is watched only by what it watches itself: when they stop together, nobody notices`,
    })),
  ]
}

function unwatched({ name, kind }: Node): LooseEnd {
  if (name === OUTWARD) return { node: name, sentence: NOBODY_OUTSIDE, refused: false }
  if (kind === 'source') {
    const service = name.slice(SOURCE.length)
    const sentence = `nothing notices when whatever sends the alerts of service "${service}" falls silent, which looks like health: give it a monitor { service: ${service}, heartbeat: { alerts: alertmanager, every: 5m, grace: 5m } }, and let an alert that always fires (Watchdog) be sent that often`
    return { node: name, sentence, refused: false }
  }
  if (kind !== 'feed')
    return { node: name, sentence: `${name} is watched by nothing: nobody notices when it stops`, refused: true }
  const monitor = name.slice('feed/'.length)
  const sentence = `nothing notices when no more lines are sent to monitor "${monitor}", which looks like health: give its log canary: { external: 10m }, and have its sender send a line with watchbill-canary in it that often`
  return { node: name, sentence, refused: false }
}

const NOBODY_OUTSIDE =
  'nobody notices when Watchbill itself stops: set outward_heartbeat to an address that somebody else misses pings at (Healthchecks, another Watchbill)'

/** A failure that pages nobody, of a service without a channel, is told to no one. */
function unheard({ services }: Pick<Rules, 'services'>, { name, service, severity }: Monitor): LooseEnd[] {
  const of = under(services, service)
  if (!of || of.channel !== null || of.pages.includes(severity)) return []
  const sentence = `nobody hears of monitor "${name}": a failure that is ${severity} pages nobody of service "${service}", which has no channel to tell; give the service a channel, or add ${severity} to its pages`
  return [{ node: monitorNode(name), sentence, refused: false }]
}

/** Everything that one of these watches, by way of whatever else. */
function heldBy(graph: Graph, tops: readonly string[]): Set<string> {
  const held = new Set(tops)
  const watches = watchesOf(graph)
  const queue = [...tops]
  for (let top = queue.pop(); top !== undefined; top = queue.pop())
    for (const { name } of watches.get(top) ?? [])
      if (!held.has(name)) {
        held.add(name)
        queue.push(name)
      }
  return held
}

/** By the name of each watcher: what it watches, and how. */
export const watchesOf = (graph: Graph): Map<string, { name: string; how: string }[]> =>
  Map.groupBy(
    [...graph.values()].flatMap(({ name, watchedBy }) => watchedBy.map(({ by, how }) => ({ by, name, how }))),
    ({ by }) => by,
  )
