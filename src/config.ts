import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { coverageShape, toCoverage } from './config/coverage.ts'
import { readSource } from './config/document.ts'
import {
  locationShape,
  networkShape,
  outwardHeartbeatShape,
  silencesShape,
  toLocations,
  toSilences,
} from './config/extras.ts'
import { gateSecrets, gateShape, secretsOf, toGate } from './config/gate.ts'
import { holidaysShape, toHolidays } from './config/holidays.ts'
import { incidentsShape, toIncidents } from './config/incidents.ts'
import { intakeShape, toIntake } from './config/intake.ts'
import { text } from './config/leaf.ts'
import { ownerOfLogs } from './config/log-folders.ts'
import { readMonitors } from './config/monitors.ts'
import type { Context, Names, Section } from './config/names.ts'
import { notifyShape, toNotify, uncarried } from './config/notify.ts'
import { isTooLarge, TOO_LARGE } from './config/prelude.ts'
import type { Problem } from './config/problem.ts'
import { ofLogs } from './config/rates.ts'
import { type Reader, readerOf, recordOf } from './config/reader.ts'
import { circles, sharedIds, sharedTokens, unreachable } from './config/relations.ts'
import {
  personShape,
  policyShape,
  roleShape,
  scheduleShape,
  toPerson,
  toPolicy,
  toRole,
  toSchedule,
} from './config/roster.ts'
import { shadowShape, toShadow } from './config/shadow.ts'
import { zone as zoneShape } from './config/times.ts'
import { notWatchedYet } from './config/unwatched.ts'
import { type Place, serviceShape, toMonitor, toService } from './config/watch.ts'
import { looseEnds } from './domain/detect/graph.ts'
import { HERE, Rules } from './domain/rules.ts'
import { messageOf } from './errors.ts'
import { withoutSecrets } from './secrets.ts'

export { formatProblem, type Problem } from './config/problem.ts'

/** What has been read of a configuration: the rules, or everything that is wrong with it, in the order of the file. */
export type Config = { rules: Rules; secrets: Secrets } | { problems: Problem[] }

/** Secrets that no store has, by the names under which the rules know them. */
export type Secrets = Readonly<Record<string, string>>

type Env = Record<string, string | undefined>

const KEYS = [
  ...['company', 'zone', 'network', 'people', 'roles', 'schedules', 'policies', 'services', 'monitors'],
  ...['coverage', 'gate', 'silences', 'locations', 'outward_heartbeat', 'incidents', 'holidays', 'notify', 'shadow'],
  'intake',
]

/** More problems than this are one mistake made many times. */
const MOST_HINTS = 200
const MOST_PROBLEMS = 200

/**
 * Reads the configuration file.
 *
 * @returns as {@link parseConfig}; `unreadable` when there was no file to find problems in
 */
export async function loadConfig(path: string, env: Env): Promise<Config | { problems: Problem[]; unreadable: true }> {
  const cannot = (message: string) => ({
    problems: [{ file: path, line: 1, column: 1, message }],
    unreadable: true as const,
  })
  let bytes: Buffer | null
  try {
    bytes = await readSome(path)
  } catch (error) {
    switch ((error as NodeJS.ErrnoException).code) {
      case 'ENOENT':
        return cannot(
          'there is no such file: write one (README.md has an example), or name another with --config or WATCHBILL_CONFIG',
        )
      case 'EACCES':
      case 'EPERM':
        return cannot('the file may not be read by this user: change its permissions, or run as the user who owns it')
      case 'EISDIR':
        return cannot('this is a folder: name the configuration file itself with --config or WATCHBILL_CONFIG')
      default:
        return cannot(`the file cannot be read (${messageOf(error)}): name another with --config or WATCHBILL_CONFIG`)
    }
  }
  const refuse = (message: string): Config => ({ problems: [{ file: path, line: 1, column: 1, message }] })
  if (bytes === null) return refuse(TOO_LARGE)
  try {
    return parseConfig(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), path, env)
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      return refuse('the file is not text in UTF-8: save it as UTF-8')
    }
    throw error
  }
}

/** The whole file, or null as soon as it turns out too large (it may be a device without an end). */
async function readSome(path: string): Promise<Buffer | null> {
  await using file = await open(path, 'r')
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of file.createReadStream()) {
    chunks.push(chunk)
    size += chunk.length
    if (isTooLarge(size)) return null
  }
  return Buffer.concat(chunks)
}

/**
 * The rules that a text describes, or all of its problems at once: each thing is judged by itself, so that one that is wrong hides
 * nothing of the others.
 *
 * @param file how problems name the text
 * @param env what `${NAME}` stands for
 */
export function parseConfig(text: string, file: string, env: Env): Config {
  const source = readSource(text, file, env)
  const reader = readerOf(source)
  if (source.value === undefined) return { problems: inOrder(source.problems) }
  const root = recordOf(source.value)
  if (root === null) {
    const message =
      source.value === null
        ? 'the configuration is empty'
        : 'a configuration is a mapping, with one key: value on each line'
    return { problems: inOrder([...source.problems, { file, ...source.valueAt([]), message }]) }
  }
  const { rules, secrets } = readRoot(root, reader, dirname(resolve(file)))
  const problems = inOrder([...source.problems, ...reader.problems])
  if (problems.length > 0) return { problems }
  const loose = looseEnds(rules).filter(({ refused }) => refused)
  if (loose.length > 0)
    return { problems: loose.map(({ sentence }) => ({ file, ...source.valueAt([]), message: sentence })) }
  // Parsed once more, as whoever reads it from the store will: a rule that does not survive that is a defect, found here.
  return { rules: Rules.parse(rules), secrets }
}

function readRoot(root: Record<string, unknown>, reader: Reader, folder: string): { rules: Rules; secrets: Secrets } {
  reader.checkKeys(root, KEYS)
  const company = reader.read(text('the name of the company'), root.company, ['company']) ?? ''
  const zone = reader.read(zoneShape, root.zone, ['zone']) ?? 'UTC'
  const network = reader.optional(networkShape(), root, 'network')
  const context: Context = {
    folder,
    names: namesOf(root),
    network: {
      allowPrivate: network?.allow_private ?? [],
      complete: root.network === undefined || network !== undefined,
    },
    hints: { left: MOST_HINTS },
  }
  const section = <T>(name: Section, shape: (name: string) => z.ZodType<T>) => reader.section(root, name, shape)
  const always =
    <T>(shape: z.ZodType<T>) =>
    () =>
      shape

  const people = section('people', always(personShape(context)))
  const roles = section('roles', always(roleShape(context)))
  const shapes = section('schedules', always(scheduleShape(context)))
  const policies = section('policies', always(policyShape(context)))
  const services = section('services', always(serviceShape(context)))
  const locations = section('locations', locationShape)
  const monitors = readMonitors(root, context, reader)
  const coverage = reader.optional(coverageShape(context), root, 'coverage')
  const outward = reader.optional(outwardHeartbeatShape(context), root, 'outward_heartbeat')
  const silences = reader.optional(silencesShape(), root, 'silences')
  const incidents = reader.optional(incidentsShape(), root, 'incidents')
  const holidays = reader.optional(holidaysShape(context), root, 'holidays')
  const gate = reader.optional(gateShape(context, zone), root, 'gate')
  const notify = reader.optional(notifyShape(context), root, 'notify')
  const shadow = reader.optional(shadowShape(context), root, 'shadow')
  const intake = reader.optional(intakeShape(context), root, 'intake')
  if (people.size === 0 && recordOf(root.people) && Object.keys(recordOf(root.people) ?? {}).length === 0) {
    reader.report(['people'], 'has nobody in it: Watchbill needs somebody to page')
  }

  const schedules = new Map(
    [...shapes].map(([name, shape]) => [name, { shape, schedule: toSchedule(name, shape, zone) }]),
  )
  const ids = [...people].map(([name, person]): [string, string] => [name, person.slack])
  sharedIds(ids, (name) => ['people', name, 'slack'], reader.report)
  const groups = [...shapes].flatMap(([name, { slack_group }]): [string, string][] =>
    slack_group ? [[name, slack_group]] : [],
  )
  sharedIds(groups, (name) => ['schedules', name, 'slack_group'], reader.report)
  const tokens = [...services].flatMap(([name, { intake = [] }]) =>
    intake.map((token): [string, string] => [name, token]),
  )
  sharedTokens(tokens, reader.report)
  unreachable(schedules, policies, reader.report)
  if (notify) uncarried(people, toNotify(notify), reader.report)
  circles(new Map([...monitors].map(([name, { shape }]) => [name, shape.depends_on ?? []])), reader.report)
  ofLogs(monitors, reader.report)

  const watched = watchedOf(monitors, { folder: context.folder, zone })

  const rules: Rules = {
    company,
    zone,
    allowPrivate: context.network.allowPrivate,
    people: made(people, (name, person) => toPerson(name, person, zone)),
    roles: made(roles, toRole),
    schedules: made(schedules, (_, { schedule }) => schedule),
    policies: made(policies, toPolicy),
    services: made(services, toService),
    locations: toLocations(locations),
    monitors: watched,
    silences: toSilences(silences),
    incidents: toIncidents(incidents),
    outwardHeartbeat: outward ? { url: outward.url, everyMs: outward.every, drillTo: outward.drill_to ?? null } : null,
    coverage: toCoverage(coverage, (path) => resolve(context.folder, path), ownerOfLogs(watched, [...services.keys()])),
    holidays: toHolidays(holidays),
    gate: toGate(gate),
    intake: toIntake(intake),
    adopted: {},
    ...(notify && { notify: toNotify(notify) }),
    ...(shadow && { shadow: toShadow(shadow) }),
    notWatchedYet: notWatchedYet({ monitors }),
  }
  const secrets = [...services].map(([name, { deploy }]) => (deploy ? secretsOf(name, deploy) : {}))
  return { rules, secrets: Object.assign({}, ...secrets, gateSecrets(gate)) }
}

function watchedOf(shapes: ReturnType<typeof readMonitors>, place: Place): Rules['monitors'] {
  const monitors = [...shapes].map(([name, read]) => {
    const monitor = toMonitor(name, read, place)
    const { depends_on } = read.shape
    return monitor && depends_on ? { ...monitor, dependsOn: [...new Set(depends_on)] } : monitor
  })
  return Object.fromEntries(monitors.flatMap((monitor) => (monitor ? [[monitor.name, monitor]] : [])))
}

function namesOf(root: Record<string, unknown>): Context['names'] {
  const names = (section: Section): Names => {
    const record = recordOf(root[section])
    // A section that is left out has no names; people must be there, so that its absence is a problem of its own.
    const known = record !== null || (root[section] === undefined && section !== 'people')
    return { all: new Set(Object.keys(record ?? {})), known }
  }
  const locations = names('locations')
  return {
    people: names('people'),
    roles: names('roles'),
    schedules: names('schedules'),
    policies: names('policies'),
    services: names('services'),
    monitors: names('monitors'),
    // The process itself is a location, whether it is listed or not.
    locations: { ...locations, all: new Set([...locations.all, HERE]) },
  }
}

function made<From, To>(from: Map<string, From>, make: (name: string, from: From) => To): Record<string, To> {
  return Object.fromEntries([...from].map(([name, one]) => [name, make(name, one)]))
}

function inOrder(problems: Problem[]): Problem[] {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  const [last] = sorted.slice(MOST_PROBLEMS)
  const shown = sorted
    .slice(0, MOST_PROBLEMS)
    .map((problem) => ({ ...problem, message: withoutSecrets(problem.message) }))
  if (last) shown.push({ ...last, message: `and ${sorted.length - MOST_PROBLEMS} more problems from here on` })
  return shown
}
