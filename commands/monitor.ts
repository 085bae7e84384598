import type { Point } from '../src/domain/detect/probe.ts'
import type { Silence } from '../src/domain/detect/silence.ts'
import type { Standing } from '../src/domain/detect/standing.ts'
import { DAY_MS, HOUR_MS } from '../src/domain/duty/time.ts'
import {
  heartbeatsOf,
  isProbe,
  type Monitor,
  type Probe,
  type RateMonitor,
  type Rules,
  under,
} from '../src/domain/rules.ts'
import { UserError } from '../src/errors.ts'
import { createJudge, isAlone } from '../src/judge.ts'
import { pingAddresses, rotatePing } from '../src/pings.ts'
import { graphLines } from '../src/slack/graph.ts'
import {
  monitorDetail,
  monitorList,
  monitorTried,
  rateDetail,
  type Status,
  watchedDetail,
} from '../src/slack/monitors.ts'
import { code, cut, list as inWords, knownNames, typed } from '../src/slack/text.ts'
import { readAlert, readWords } from '../src/store/feedback.ts'
import { readViews, viewSamplesSince } from '../src/store/locations.ts'
import { readLogs } from '../src/store/logs.ts'
import { readMonitors, samplesSince } from '../src/store/monitors.ts'
import { rateSamples, readFeeds } from '../src/store/rates.ts'
import { rollupsSince } from '../src/store/rollups.ts'
import { readSilences } from '../src/store/silences.ts'
import { readStandings } from '../src/store/standings.ts'
import { type Ask, type Command, help, misused, only, type Reply, split, voice } from './command.ts'
import { approve, disable, enable } from './monitor/disable.ts'
import { drill } from './monitor/drill.ts'
import { feedback } from './monitor/feedback.ts'
import * as gaps from './monitor/gaps.ts'

/** What `show` charts. */
const CHART_MS = HOUR_MS
/** Latest results that it lists. */
const RECENT = 8

const STATES: readonly Status[] = ['down', 'unknown', 'up']

export const monitor: Command = {
  name: '/monitor',
  summary: 'what is watched, how it stands, and what was seen.',
  usage: [
    ['list [down|unknown|up]', 'every monitor by its state; what fails first'],
    ['show MONITOR', 'one monitor with its latest results and a chart of the last hour'],
    ...gaps.usage,
    ['graph', 'what notices when a part of the watch stops, and what nothing would notice'],
    [
      'disable MONITOR FOR REASON',
      'it does not look for a while; takes a second person: `/monitor disable home 30m new disk`',
    ],
    [
      'drill MONITOR [duty]',
      'pages you, or whoever is on duty, for a made-up fault, and measures each part of its way',
    ],
    ['approve N|NAME', 'you are the second person'],
    ['enable MONITOR', 'it looks again, before its time'],
    ['ping MONITOR', 'where a heartbeat is to be pinged'],
    ['rotate MONITOR', 'another address for a heartbeat: nobody is heard at the one before'],
    ['test MONITOR', 'looks at its target now; pages nobody and counts for nothing'],
    [
      'feedback MONITOR false|real [INC-n]',
      'what an alarm of a rate was worth: it rings later after false ones, sooner after real ones',
    ],
    ['help', 'this'],
  ],
  async run(ask) {
    const [verb, rest] = split(ask.text)
    switch (verb.toLowerCase()) {
      case '':
      case 'list':
        return list(ask, rest)
      case 'show':
        return show(ask, rest)
      case 'coverage':
        return gaps.coverage(ask)
      case 'adopt':
        return gaps.adopt(ask, rest)
      case 'drop':
        return gaps.drop(ask, rest)
      case 'gap':
        return gaps.gap(ask, rest)
      case 'ignore':
        return gaps.ignore(ask, rest)
      case 'heed':
        return gaps.heed(ask, rest)
      case 'graph':
        return only(graphLines(ask.deps.rules()).join('\n'))
      case 'drill': {
        const [name, more] = split(rest)
        return drill(ask, monitorNamed(ask.deps.rules(), name), more)
      }
      case 'feedback': {
        const [name, more] = split(rest)
        return feedback(ask, monitorNamed(ask.deps.rules(), name), more)
      }
      case 'disable': {
        const [name, more] = split(rest)
        return disable(ask, monitorNamed(ask.deps.rules(), name).name, more)
      }
      case 'approve':
        // By its number what is disabled, by its name what was adopted.
        return /[.-]/.test(rest) ? gaps.approveDrop(ask, rest.trim()) : approve(ask, rest)
      case 'enable':
        return enable(ask, monitorNamed(ask.deps.rules(), rest).name)
      case 'ping':
        return ping(ask, rest)
      case 'rotate':
        return rotate(ask, rest)
      case 'test':
        return test(ask, rest)
      case 'help':
        return help(monitor)
      default:
        return misused(monitor, `\`/monitor\` has no verb ${code(cut(typed(verb), 100))}.`)
    }
  },
}

async function list(ask: Ask, rest: string): Promise<Reply> {
  const word = rest.trim().toLowerCase()
  const wanted = STATES.find((status) => status === word)
  if (word !== '' && wanted === undefined)
    return misused(
      monitor,
      `${code(cut(typed(rest), 100))} is no state of a monitor: ${inWords(STATES.map(code))} are.`,
    )
  const { pool } = ask.deps.store
  const standings = await readStandings(pool, ask.deps.rules())
  const all = standings.filter(({ status }) => wanted === undefined || status === wanted)
  if (all.length === 0 && wanted !== undefined)
    return only(`No monitor is ${wanted === 'unknown' ? 'unseen' : wanted}.`)
  return only(monitorList(voice(ask), all, await readSilences(pool)))
}

async function show(ask: Ask, rest: string): Promise<Reply> {
  const rules = ask.deps.rules()
  const found = monitorNamed(rules, rest)
  const { pool } = ask.deps.store
  const fromAt = ask.now - CHART_MS
  const [[standing], seen, samples, day, views, silences] = await Promise.all([
    readStandings(pool, { monitors: { [found.name]: found } }),
    readMonitors(pool, found.name),
    samplesOf(pool, found, fromAt),
    rollupsSince(pool, found.name, ask.now - DAY_MS),
    readViews(pool, [found.name]),
    readSilences(pool),
  ])
  if (!standing) throw new Error(`monitor ${found.name} stands nowhere`)
  if (found.kind === 'rate') return rated(ask, { ...standing, monitor: found }, silences)
  if (!isProbe(found)) {
    const log = found.kind === 'log' ? (await readLogs(pool, [found.name])).get(found.name) : undefined
    return only(watchedDetail(voice(ask), standing, silences, log?.state.shapes ?? null))
  }
  const together = isAlone(found) ? null : await createJudge(ask.deps).views(found)
  const looks = [...(seen.get(found.name)?.state.recent ?? []), ...views.flatMap(({ state }) => state.recent)]
  const recent = looks.sort((a, b) => a.at - b.at).slice(-RECENT)
  return only(monitorDetail(voice(ask), { probe: found, standing, recent, samples, fromAt, day, together }, silences))
}

/** From wherever it is looked at, oldest first. */
async function samplesOf(pool: Ask['deps']['store']['pool'], { name }: Monitor, fromAt: number): Promise<Point[]> {
  const [ours, theirs] = await Promise.all([samplesSince(pool, name, fromAt), viewSamplesSince(pool, name, fromAt)])
  return [...ours, ...theirs].sort((a, b) => a.at - b.at)
}

/** A rate is charted over a day, which has its shape. */
async function rated(
  { deps, ...ask }: Ask,
  standing: Standing & { monitor: RateMonitor },
  silences: readonly Silence[],
): Promise<Reply> {
  const { pool } = deps.store
  const { name } = standing.monitor
  const fromAt = ask.now - DAY_MS
  const [samples, known, alert, words] = await Promise.all([
    rateSamples(pool, name, fromAt),
    readFeeds(pool, [name]),
    readAlert(pool, standing.monitor.service, name),
    readWords(pool, ask.now),
  ])
  const learning = known.get(name)?.learning ?? true
  const alarm = alert?.status === 'firing' ? alert : null
  const rated = { samples, fromAt, learning, alarm, words: words.get(name) ?? [] }
  const { text, more } = rateDetail(voice({ ...ask, deps }), standing, rated, silences)
  return { ...only(text), more }
}

/** Whoever has the address may ping, so that only people who may act are shown it, and nobody else in the channel. */
async function ping(ask: Ask, rest: string): Promise<Reply> {
  ask.by()
  const { deps } = ask
  const found = heartbeatNamed(deps.rules(), rest)
  const base = deps.publicUrl?.replace(/\/$/, '') ?? ''
  const address = (await pingAddresses(deps.store, deps.rules(), base)).find(({ monitor: name }) => name === found.name)
  if (!address?.url)
    return only(
      `The address of ${code(found.name)} is not known here: its key was made before the store was put back from a backup, or is being made still. ${code(`/monitor rotate ${found.name}`)} makes another.`,
    )
  const where = base === '' ? ' (set `PUBLIC_URL` to see it whole)' : ''
  return only(
    `${code(found.name)} is to be pinged at ${code(address.url)}${where}; \`/start\`, \`/fail\` and an exit status may follow. Whoever has the address may ping: keep it to yourself, and ${code(`/monitor rotate ${found.name}`)} makes another.`,
  )
}

async function rotate(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const { deps } = ask
  const found = heartbeatNamed(deps.rules(), rest)
  await rotatePing(deps.store, deps.rules(), found.name, by, ask.now)
  return only(
    `:key: ${code(found.name)} has another address, and nobody is heard at the one before: ${code(`/monitor ping ${found.name}`)} shows it. Change it where it is used before the next ping is due.`,
  )
}

function heartbeatNamed(rules: Rules, rest: string): Monitor {
  const found = monitorNamed(rules, rest)
  if (found.kind === 'heartbeat') return found
  const names = heartbeatsOf(rules).map(({ name }) => code(name))
  throw new UserError(
    'no-heartbeat',
    `${code(found.name)} is not pinged: it ${found.kind === 'log' ? 'reads a log' : 'goes and looks'}. ${names.length > 0 ? `Heartbeats: ${inWords(names)}.` : 'The configuration has no heartbeats.'}`,
  )
}

async function test(ask: Ask, rest: string): Promise<Reply> {
  const found = probeNamed(ask.deps.rules(), rest)
  // Whoever may not act may not have us call anybody, either.
  ask.by()
  const sample = await ask.deps.check(found, ask.deps.rules(), ask.now)
  return only(monitorTried(voice(ask), found, sample))
}

function probeNamed(rules: Rules, rest: string): Probe {
  const found = monitorNamed(rules, rest)
  if (isProbe(found)) return found
  throw new UserError(
    'no-probe',
    `${code(found.name)} does not go and look, so there is nothing to try: ${code(`/monitor show ${found.name}`)} shows when it was last heard of.`,
  )
}

function monitorNamed(rules: Rules, rest: string): Monitor {
  const [word, more] = split(rest)
  const found = more === '' ? under(rules.monitors, word.toLowerCase()) : undefined
  if (found) return found
  const known = Object.keys(rules.monitors)
  const names = known.length > 0 ? `There are ${knownNames(known)}.` : 'The configuration has none.'
  throw new UserError(
    'unknown-monitor',
    `${rest.trim() === '' ? 'Which monitor?' : `There is no monitor ${code(cut(typed(rest.trim()), 100))}.`} ${names}`,
  )
}
