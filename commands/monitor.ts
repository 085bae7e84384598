import { ledgers } from '../src/domain/detect/coverage.ts'
import { HOUR_MS } from '../src/domain/duty/time.ts'
import { type Monitor, type Probe, probesOf, type Rules, under } from '../src/domain/rules.ts'
import { UserError } from '../src/errors.ts'
import { ledgerLines } from '../src/slack/coverage.ts'
import {
  monitorDetail,
  monitorList,
  monitorTried,
  type Standing,
  type Status,
  statusOf,
} from '../src/slack/monitors.ts'
import { code, cut, list as inWords, typed } from '../src/slack/text.ts'
import { readNames } from '../src/store/coverage.ts'
import { readMonitors, samplesSince } from '../src/store/monitors.ts'
import { readSilences } from '../src/store/silences.ts'
import { type Ask, type Command, help, misused, only, type Reply, split, voice } from './command.ts'

/** What `show` charts. */
const CHART_MS = HOUR_MS

const STATES: readonly Status[] = ['down', 'unknown', 'up']

export const monitor: Command = {
  name: '/monitor',
  summary: 'what is watched, how it stands, and what was seen.',
  usage: [
    ['list [down|unknown|up]', 'every monitor by its state; what fails first'],
    ['show MONITOR', 'one monitor with its latest results and a chart of the last hour'],
    ['coverage', 'names of the domains of services that nothing watches'],
    ['test MONITOR', 'looks at its target now; pages nobody and counts for nothing'],
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
        return coverage(ask)
      case 'test':
        return test(ask, rest)
      case 'help':
        return help(monitor)
      default:
        return misused(monitor, `\`/monitor\` has no verb ${code(cut(typed(verb), 100))}.`)
    }
  },
}

async function standings({ deps }: Ask): Promise<Standing[]> {
  const seen = await readMonitors(deps.store.pool)
  return Object.values(deps.rules().monitors).map((each) => ({
    monitor: each,
    state: seen.get(each.name)?.state ?? null,
  }))
}

async function list(ask: Ask, rest: string): Promise<Reply> {
  const word = rest.trim().toLowerCase()
  const wanted = STATES.find((status) => status === word)
  if (word !== '' && wanted === undefined)
    return misused(
      monitor,
      `${code(cut(typed(rest), 100))} is no state of a monitor: ${inWords(STATES.map(code))} are.`,
    )
  const all = (await standings(ask)).filter((each) => wanted === undefined || statusOf(each) === wanted)
  if (all.length === 0 && wanted !== undefined)
    return only(`No monitor is ${wanted === 'unknown' ? 'unseen' : wanted}.`)
  return only(monitorList(voice(ask), all, await readSilences(ask.deps.store.pool)))
}

async function show(ask: Ask, rest: string): Promise<Reply> {
  const found = probeNamed(ask.deps.rules(), rest)
  const { pool } = ask.deps.store
  const fromAt = ask.now - CHART_MS
  const [seen, samples, silences] = await Promise.all([
    readMonitors(pool, found.name),
    samplesSince(pool, found.name, fromAt),
    readSilences(pool),
  ])
  const shown = { monitor: found, state: seen.get(found.name)?.state ?? null, samples, fromAt }
  return only(monitorDetail(voice(ask), shown, silences))
}

async function coverage(ask: Ask): Promise<Reply> {
  const { deps, now } = ask
  const found = ledgers(deps.rules(), await readNames(deps.store.pool))
  if (found.length === 0)
    return only('No service has `domains` in the configuration, so there is nothing to compare with what is watched.')
  return only(found.flatMap((ledger) => ledgerLines(ledger, now)).join('\n'))
}

async function test(ask: Ask, rest: string): Promise<Reply> {
  const found = probeNamed(ask.deps.rules(), rest)
  // Whoever may not act may not have us call anybody, either.
  ask.by()
  const sample = await ask.deps.check(found, ask.deps.rules(), ask.now)
  return only(monitorTried(voice(ask), found, sample))
}

function probeNamed(rules: Rules, rest: string): Probe {
  const [word, more] = split(rest)
  const found: Monitor | undefined = under(rules.monitors, word.toLowerCase())
  const probe = more === '' ? probesOf(rules).find(({ name }) => name === found?.name) : undefined
  if (probe) return probe
  const known = Object.keys(rules.monitors)
  const shown = known.slice(0, 20).map(code)
  const names =
    known.length > 0
      ? `There are ${inWords(known.length > shown.length ? [...shown, 'others'] : shown)}.`
      : 'The configuration has none.'
  throw new UserError(
    'unknown-monitor',
    `${rest.trim() === '' ? 'Which monitor?' : `There is no monitor ${code(cut(typed(rest.trim()), 100))}.`} ${names}`,
  )
}
