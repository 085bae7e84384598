import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

/**
 * The arrows of the house (`house-style.md`, the tree): who may import whom, and where SQL, Slack, sockets and the system clock live. A
 * crossed arrow is named in a sentence that says where the code belongs instead.
 */
interface Source {
  /** From the root of the project, with slashes. */
  path: string
  text: string
}

interface Import {
  /** As written. */
  from: string
  /** The file from the root of the project; null for packages. */
  file: string | null
  typesOnly: boolean
}

/** Watching, in order: each may import those before it. */
const WATCH = [
  'holders',
  'paging',
  'escalation',
  'bundle',
  'relief',
  'incident',
  'response',
  'regroup',
  'burst',
  'depends',
  'drill',
  'signal',
  'silence',
  'disable',
  'handover',
  'roster',
  'coverage',
  'feedback',
]
/** Beside that order, with the only one that they may import. */
const WATCH_ASIDE: Record<string, string[]> = { outlook: ['holders'], shadow: ['escalation'] }
/** Rooms at the edge, one per technology: none knows another. */
const EDGE = ['store', 'slack', 'checks', 'intake', 'calendar', 'notify', 'sandbox']
/** Calculations, all of them: nothing in there reaches out. */
const DOMAIN_PACKAGES = ['luxon', 'zod', 'rrule-temporal', 're2js']
/** Known to one file of the domain alone. */
const DOMAIN_FILES: Record<string, string> = { croner: 'src/domain/detect/cron.ts' }

interface Rule {
  packages: RegExp
  may(path: string, imported: Import): boolean
  belongs: string
}

const inRoom = (path: string, room: string) => path.startsWith(`src/${room}/`) || path === `src/${room}.ts`

const PACKAGES: Rule[] = [
  {
    packages: /^pg$/,
    // BullMQ is given a pool of its own; the process entry reads the database's clock once, before there is a store.
    may: (path) => inRoom(path, 'store') || path === 'src/main.ts' || inRoom(path, 'timetable'),
    belongs: 'only src/store speaks to Postgres: a function of the file of its noun there',
  },
  {
    packages: /^(bullmq|ioredis)$/,
    may: (path) => inRoom(path, 'timetable'),
    belongs: 'only src/timetable knows queues: an entry of the timetable in jobs/',
  },
  {
    packages: /^@slack\//,
    may: (path, imported) =>
      inRoom(path, 'slack') || (inRoom(path, 'sandbox') && imported.from === '@slack/types' && imported.typesOnly),
    belongs: "only src/slack knows Slack's packages: words and blocks there, calls through deps.slack",
  },
  {
    packages: /^(undici|node:net|node:tls|node:dns|node:dns\/promises|dns-packet|ipaddr\.js)$/,
    may: (path, imported) =>
      ['checks', 'notify', 'deploys', 'sandbox', 'config'].some((room) => inRoom(path, room)) ||
      (imported.from === 'node:net' && (imported.typesOnly || path.startsWith('src/store/embedded'))),
    belongs: 'only src/checks reaches out to targets: a check there that gives a result value',
  },
  {
    packages: /^prom-client$/,
    may: (path) => path === 'src/metrics.ts',
    belongs: 'only src/metrics.ts names what is counted: a verb there, called through deps.metrics',
  },
  {
    packages: /^(ical-generator|node-ical)$/,
    may: (path) => inRoom(path, 'calendar'),
    belongs: 'only src/calendar knows iCalendar: reading and writing it there',
  },
  {
    packages: /^croner$/,
    may: () => false,
    belongs: 'only src/domain/detect/cron.ts knows cron: when it fires is asked there',
  },
  {
    packages: /^@resvg\//,
    may: (path) => path === 'src/png.ts',
    belongs:
      'only src/png.ts makes PNG, through deps.drawPng: what is in it is drawn by src/slack/picture.ts or src/picture.ts',
  },
  {
    packages: /^(fastify|@fastify\/.+)$/,
    may: (path) => inRoom(path, 'intake'),
    belongs: 'only src/intake serves HTTP: a route there',
  },
]

const inDomain = (name: string, path: string) => DOMAIN_PACKAGES.includes(name) || DOMAIN_FILES[name] === path

/** Files that touch the system clock all the same, each with its reason. */
const CLOCK_EXCEPTIONS: Record<string, string> = {
  'src/clock.ts': 'the place for it',
  'src/store/embedded.ts': 'how long its server took, before there are deps: machine time, durations only',
  'src/store/embedded/cluster.ts': 'how long initdb took, before there are deps: machine time, durations only',
}

const CLOCK = /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b/
const SQL =
  /query\(\s*['"`](?:begin|commit|rollback)\b|['"`]\s*(?:begin\s*;|select\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s*\(|create\s+(?:table|index|schema|function)\s|set\s+local\s|listen\s|lock\s+table\s)/

/** What is wrong with one file, in sentences. */
function crossed({ path, text }: Source): string[] {
  const code = withoutComments(text)
  const imports = importsOf(path, code)
  const files = imports.flatMap(({ file }) => file ?? [])
  return [
    ...imports.flatMap((each) => packageArrows(path, each)),
    ...domainArrows(path, imports),
    ...files.flatMap((file) => [...watchArrows(path, file), ...roomArrows(path, file)]),
    ...contents(path, code),
  ]
}

function packageArrows(path: string, imported: Import): string[] {
  // Of the domain's own rule, which is stricter, one sentence is enough.
  if (imported.file !== null || path.startsWith('src/domain/')) return []
  return PACKAGES.filter((rule) => rule.packages.test(imported.from) && !rule.may(path, imported)).map(
    (rule) => `${path} imports ${imported.from}, but ${rule.belongs}.`,
  )
}

function domainArrows(path: string, imports: Import[]): string[] {
  if (!path.startsWith('src/domain/')) return []
  return imports
    .filter(({ file, from }) => {
      const isPackage = file === null
      return isPackage ? !inDomain(from, path) : !file.startsWith('src/domain/')
    })
    .map(
      ({ file, from }) =>
        `${path} imports ${file ?? from}, but the domain is pure and knows only itself, ${DOMAIN_PACKAGES.join(', ')}: what reaches out belongs in an edge room, what it finds comes in as an event.`,
    )
}

function watchArrows(path: string, file: string): string[] {
  const room = 'src/domain/watch/'
  if (!path.startsWith(room) || !file.startsWith(room)) return []
  const [importer = '', imported = ''] = [path, file].map((each) => each.slice(room.length, -'.ts'.length))
  const allowed = WATCH_ASIDE[importer] ?? WATCH.slice(0, Math.max(0, WATCH.indexOf(importer)))
  if (allowed.includes(imported)) return []
  return [
    `${path} imports ${file}, but in watch the order is ${WATCH.join(' → ')} and each may import those before it: what both need belongs in the earlier file.`,
  ]
}

function roomArrows(path: string, file: string): string[] {
  const found: string[] = []
  const [from, to] = [roomOf(path), roomOf(file)]
  if (from && to && from !== to && EDGE.includes(from) && EDGE.includes(to))
    found.push(
      `${path} imports ${file}, but edge rooms do not know one another: what joins src/${from} and src/${to} belongs in commands/, jobs/ or src/bot.ts.`,
    )
  if (to === 'sandbox' && from !== 'sandbox' && from !== 'cli')
    found.push(
      `${path} imports ${file}, but only src/cli and tests know the sandbox: test support belongs in test/support.`,
    )
  if (path.startsWith('src/') && /^(commands|jobs)\//.test(file) && path !== 'src/bot.ts')
    found.push(
      `${path} imports ${file}, but only src/bot.ts registers commands/ and jobs/: what both need belongs in src.`,
    )
  if (file.startsWith('test/')) found.push(`${path} imports ${file}, but no test hook belongs in the program.`)
  if (path.startsWith('commands/') && file.startsWith('jobs/'))
    found.push(
      `${path} imports ${file}, but verbs for people and verbs for time meet at the desk: what both need belongs in src.`,
    )
  if (path.startsWith('jobs/') && file.startsWith('commands/'))
    found.push(
      `${path} imports ${file}, but verbs for time and verbs for people meet at the desk: what both need belongs in src.`,
    )
  return found
}

const roomOf = (path: string) => /^src\/([\w-]+)\//.exec(path)?.[1] ?? null

function contents(path: string, code: string): string[] {
  const found: string[] = []
  const line = (pattern: RegExp) => code.slice(0, code.search(pattern)).split('\n').length
  if (SQL.test(code) && !inRoom(path, 'store') && !inRoom(path, 'sandbox'))
    found.push(`${path}:${line(SQL)} holds SQL, but SQL belongs in src/store alone, one file per noun.`)
  if (CLOCK.test(code) && !CLOCK_EXCEPTIONS[path] && !inRoom(path, 'sandbox') && !inRoom(path, 'cli'))
    found.push(
      `${path}:${line(CLOCK)} reads the system clock, but only src/clock.ts does: watch time is deps.clock.now(), durations are deps.machine.elapsed().`,
    )
  if (/^export default\b/m.test(code))
    found.push(`${path} has a default export: a name that everybody uses belongs on it.`)
  if (isBarrel(path, code))
    found.push(`${path} only re-exports: a barrel hides where things live; import from the file itself.`)
  return found
}

function isBarrel(path: string, code: string): boolean {
  if (!/(^|\/)index\.ts$/.test(path)) return false
  const rest = code.replaceAll(/^export\s[^;'"]*?\sfrom\s*['"][^'"]+['"];?$/gm, '').trim()
  return code.trim() !== '' && rest === ''
}

/** Good enough for this house: no string in it holds what looks like a comment and matters here. */
const withoutComments = (text: string) =>
  text
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ''))
    .replaceAll(/(^|\s)\/\/[^\n]*/g, '$1')

function importsOf(path: string, code: string): Import[] {
  const statements = [
    ...code.matchAll(/^(?:import|export)\b(?<what>[^'"`;=()]*?)\bfrom\s*['"](?<from>[^'"]+)['"]/gm),
    ...code.matchAll(/^import\s*(?<what>)['"](?<from>[^'"]+)['"]/gm),
    ...code.matchAll(/\bimport\(\s*(?<what>)['"](?<from>[^'"]+)['"]/g),
  ]
  return statements.map(({ groups }) => {
    const from = groups?.from ?? ''
    const file = from.startsWith('.') ? join(dirname(path), from) : null
    return { from, file, typesOnly: /^\s*type\b/.test(groups?.what ?? '') }
  })
}

const root = fileURLToPath(new URL('..', import.meta.url))

function sources(rooms = ['src', 'commands', 'jobs']): Source[] {
  return rooms.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => ({ path: relative(root, file), text: readFileSync(file, 'utf8') })),
  )
}

/** The slash commands that a file answers to. */
const commandsIn = ({ text }: Source) => [...text.matchAll(/^ {2}name: '(\/[a-z]+)'/gm)].map(([, name]) => name)

describe('the tree', () => {
  const all = sources()

  test('is read: every room is there', () => {
    const paths = all.map(({ path }) => path)
    for (const path of ['src/domain/decide.ts', 'src/store/owed.ts', 'commands/index.ts', 'jobs/index.ts'])
      expect(paths).toContain(path)
    const decide = all.find(({ path }) => path === 'src/domain/decide.ts')
    const files = importsOf('src/domain/decide.ts', decide?.text ?? '').map(({ file }) => file)
    expect(files).toContain('src/domain/watch/signal.ts')
  })

  test('keeps its arrows', () => {
    expect(all.flatMap(crossed)).toEqual([])
  })

  test('has one file for each slash command, and one slash command in each file', () => {
    const files = all.filter(({ path }) => path.startsWith('commands/'))
    const named = files.flatMap((file) => commandsIn(file).map((name) => ({ path: file.path, name })))
    expect(named.length).toBeGreaterThan(0)
    for (const { path, name } of named) expect(path).toBe(`commands${name}.ts`)
    expect(new Set(named.map(({ path }) => path)).size).toBe(named.length)
  })

  test('every import ends in .ts and names a file that is there', () => {
    const paths = new Set(all.map(({ path }) => path))
    const lost = all.flatMap(({ path, text }) =>
      importsOf(path, withoutComments(text)).flatMap(({ file, from }) =>
        file !== null && !paths.has(file) && !file.endsWith('.json') ? `${path} imports ${from}` : [],
      ),
    )
    expect(lost).toEqual([])
  })

  test('a hook of tests is set by a test file, or by a function that it calls: what files share is loaded once', () => {
    const shared = sources(['test']).filter(({ path }) => !path.endsWith('.test.ts'))
    const hooked = shared.filter(({ text }) => /^(before|after)(Each|All)\(/m.test(text))
    expect(hooked.map(({ path }) => path)).toEqual([])
    expect(shared.length).toBeGreaterThan(0)
  })

  test('every exception is still needed', () => {
    for (const path of Object.keys(CLOCK_EXCEPTIONS)) {
      const text = all.find((each) => each.path === path)?.text ?? ''
      expect(CLOCK.test(withoutComments(text)), `${path} is on a list of exceptions without need`).toBe(true)
    }
  })
})

describe('a crossed arrow is named', () => {
  const cases: [what: string, path: string, text: string, sentence: RegExp][] = [
    [
      'the domain and Postgres',
      'src/domain/x.ts',
      `import pg from 'pg'`,
      /the domain is pure.*belongs in an edge room/,
    ],
    ['the domain and node', 'src/domain/x.ts', `import { randomUUID } from 'node:crypto'`, /the domain is pure/],
    ['the domain and the desk', 'src/domain/duty/x.ts', `import { a } from '../../desk.ts'`, /imports src\/desk\.ts/],
    ['the domain and types of the edge', 'src/domain/x.ts', `import type { S } from '../store/store.ts'`, /is pure/],
    ['watch, backwards', 'src/domain/watch/paging.ts', `import { climb } from './escalation.ts'`, /holders → paging/],
    ['watch, an unknown file', 'src/domain/watch/new.ts', `import { page } from './paging.ts'`, /in watch the order/],
    ['outlook beyond holders', 'src/domain/watch/outlook.ts', `import { p } from './paging.ts'`, /in watch the order/],
    ['pg outside the store', 'jobs/x.ts', `import pg from 'pg'`, /only src\/store speaks to Postgres/],
    ['a pool by dynamic import', 'jobs/x.ts', `const pg = await import('pg')`, /only src\/store speaks to Postgres/],
    ['SQL outside the store', 'commands/x.ts', 'pool.query(`\n  select 1 from desk`)', /commands\/x\.ts:1 holds SQL/],
    ['a write outside the store', 'jobs/x.ts', `query('update desk set x = 1')`, /SQL belongs in src\/store/],
    ['queues outside the timetable', 'jobs/x.ts', `import { Queue } from 'bullmq'`, /only src\/timetable knows queues/],
    ['Redis outside the timetable', 'src/bot.ts', `import { Redis } from 'ioredis'`, /only src\/timetable/],
    ['Slack outside its room', 'jobs/x.ts', `import { WebClient } from '@slack/web-api'`, /only src\/slack knows/],
    [
      'values of @slack/types in the sandbox',
      'src/sandbox/x.ts',
      `import { X } from '@slack/types'`,
      /only src\/slack/,
    ],
    ['sockets outside the checks', 'jobs/x.ts', `import { connect } from 'node:net'`, /only src\/checks reaches out/],
    ['undici in a command', 'commands/x.ts', `import { request } from 'undici'`, /only src\/checks reaches out/],
    [
      'Prometheus outside its file',
      'src/bot.ts',
      `import { Counter } from 'prom-client'`,
      /only src\/metrics\.ts names/,
    ],
    ['cron outside its file', 'src/config/x.ts', `import { Cron } from 'croner'`, /only src\/domain\/detect\/cron\.ts/],
    ['cron elsewhere in the domain', 'src/domain/x.ts', `import { Cron } from 'croner'`, /the domain is pure/],
    ['fastify outside the intake', 'src/bot.ts', `import Fastify from 'fastify'`, /only src\/intake serves HTTP/],
    ['Date.now', 'jobs/x.ts', `\nconst at = Date.now()`, /jobs\/x\.ts:2 reads the system clock/],
    ['Date.now as a function', 'jobs/x.ts', `const now = Date.now`, /reads the system clock/],
    ['new Date()', 'src/desk.ts', `const at = new Date()`, /only src\/clock\.ts does/],
    ['performance.now', 'src/slack/x.ts', `performance.now()`, /deps\.machine\.elapsed/],
    ['the sandbox in the program', 'src/bot.ts', `import { x } from './sandbox/server.ts'`, /know the sandbox/],
    [
      'two edge rooms',
      'src/slack/x.ts',
      `import { y } from '../store/owed.ts'`,
      /belongs in commands\/, jobs\/ or src\/bot/,
    ],
    ['a command in src', 'src/desk.ts', `import { x } from '../commands/page.ts'`, /only src\/bot\.ts registers/],
    ['a job in a command', 'commands/x.ts', `import { page } from '../jobs/page.ts'`, /meet at the desk/],
    ['a command in a job', 'jobs/x.ts', `import { page } from '../commands/page.ts'`, /meet at the desk/],
    ['a test in the program', 'src/x.ts', `import { need } from '../test/support/need.ts'`, /no test hook/],
    ['a default export', 'src/x.ts', `export default function x() {}`, /default export/],
    ['a barrel', 'src/slack/index.ts', `export * from './api.ts'\nexport { a } from './text.ts'\n`, /a barrel/],
    ['an import over several lines', 'jobs/x.ts', `import {\n  a,\n  b,\n} from 'bullmq'`, /only src\/timetable/],
    ['an import for its effects', 'src/domain/x.ts', `import '../log.ts'`, /the domain is pure/],
  ]

  test.for(cases)('%s', ([, path, text, sentence]) => {
    const found = crossed({ path, text })
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(sentence)
  })

  test.for<[string, string, string]>([
    ['types of Slack in the sandbox', 'src/sandbox/x.ts', `import type { KnownBlock } from '@slack/types'`],
    ['watch, forwards', 'src/domain/watch/signal.ts', `import { raise } from './incident.ts'`],
    ['a comment about the clock', 'jobs/x.ts', `// Date.now() is not read here\n/* import pg from 'pg' */`],
    ['a date made of an instant', 'jobs/x.ts', `new Date(at).toISOString()`],
    ['prose that selects from somewhere', 'src/slack/x.ts', `const t = 'Please select one from the list.'`],
    ['a registry', 'commands/index.ts', `import { page } from './page.ts'\nexport const commands = [page]`],
    ['the registry in the bot', 'src/bot.ts', `import { commands } from '../commands/index.ts'`],
  ])('and not without need: %s', ([, path, text]) => {
    expect(crossed({ path, text })).toEqual([])
  })
})
