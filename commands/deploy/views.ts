import { factsFor } from '../../src/domain/deploy/facts.ts'
import { calendarOf, evaluateDeploy } from '../../src/domain/deploy/gate.ts'
import { firstEnvironment, pacing } from '../../src/domain/deploy/rules.ts'
import { DAY_MS } from '../../src/domain/duty/time.ts'
import { type Service, under } from '../../src/domain/rules.ts'
import { UserError } from '../../src/errors.ts'
import { sightOf } from '../../src/lookout.ts'
import {
  deployEntry,
  deployLine,
  deployTitle,
  lockLine,
  logLine,
  nextLine,
  reasonLine,
  reasonLines,
} from '../../src/slack/deploy-words.ts'
import { code, cut, duration, knownNames, typed, when } from '../../src/slack/text.ts'
import { person } from '../../src/slack/words.ts'
import { factsOfDeploy, latestDeploys, openDeploys, openLocks, readSeen } from '../../src/store/deploys.ts'
import { type Ask, only, type Reply, split, voice } from '../command.ts'
import { found } from './acts.ts'

const LOGGED = 15
const AHEAD_MS = 7 * DAY_MS
const STRETCHES = 30

/** What is under way, and what keeps deploys back. */
export async function status(ask: Ask, rest: string): Promise<Reply> {
  const service = optional(ask, split(rest)[0])
  const { pool } = ask.deps.store
  const [deploys, locks] = await Promise.all([openDeploys(pool), openLocks(pool)])
  const ours = deploys.filter((each) => service === null || each.service === service.name)
  const standing = locks.filter((each) => service === null || each.service === null || each.service === service.name)
  return only(
    [
      ours.length === 0 ? ':white_check_mark: Nothing is being deployed.' : `*Under way (${ours.length})*`,
      ...ours.map((each) => `• ${deployLine(voice(ask), each)}`),
      ...(standing.length === 0 ? [] : [`*Frozen or locked (${standing.length})*`]),
      ...standing.map((each) => `• ${lockLine(voice(ask), each)}`),
    ].join('\n'),
  )
}

/** What was deployed or denied lately; or everything about one. */
export async function log(ask: Ask, rest: string): Promise<Reply> {
  const [word] = split(rest)
  if (/^#?\d+$/.test(word)) return history(ask, word)
  const service = optional(ask, word)
  const all = await latestDeploys(ask.deps.store.pool, service?.name ?? null, LOGGED)
  if (all.length === 0) return only('Nothing was deployed yet, and nothing denied.')
  return only([`*The latest ${all.length}*`, ...all.map((each) => logLine(voice(ask), each))].join('\n'))
}

async function history(ask: Ask, word: string): Promise<Reply> {
  const deploy = await found(ask, word)
  const facts = await factsOfDeploy(ask.deps.store.pool, deploy.id)
  const { zone } = ask.rota
  const lines = facts.map((fact) => {
    const stamp = when(fact.at, zone, '{date_short_pretty} {time_secs}')
    const by = fact.by === null ? '' : ` by ${person(voice(ask), fact.by)}`
    return `${stamp}  ${deployEntry(voice(ask), fact) ?? `${fact.what}${by}`}  (fact ${fact.id})`
  })
  // Of what never asked there is nothing to weigh.
  const hasAsked = deploy.state !== 'unasked' && deploy.state !== 'noted'
  const reasons = deploy.gate.allow || !hasAsked ? [] : ['*Against it:*', ...reasonLines(voice(ask), deploy.gate)]
  return only([`*${deployTitle(deploy)}*`, ...lines, ...reasons].join('\n'))
}

/** What the gate would say at this moment. */
export async function check(ask: Ask, rest: string): Promise<Reply> {
  const [word, where] = split(rest)
  const service = optional(ask, word)
  if (service === null) throw new UserError('bad-arguments', `Which service? ${code('/deploy check SERVICE')}.`)
  const { estimateMs, bakeMs } = pacing(service.deploy)
  const environment = where === '' ? firstEnvironment(service.deploy) : where.toLowerCase()
  const [desk, sight] = await Promise.all([
    readSeen(ask.deps.store.pool, ask.now),
    sightOf(ask.deps, ask.rota, service.name),
  ])
  const facts = factsFor({ desk, rules: ask.plan }, { service: service.name, environment, but: null }, sight, ask.now)
  const gate = evaluateDeploy({ estimateMs, bakeMs, reason: null }, facts, ask.now)
  const lengthMs = estimateMs + bakeMs
  if (gate.allow)
    return only(
      `:white_check_mark: ${code(service.name)} may be deployed to ${environment} now: the gate has room for all ${duration(lengthMs)} of rolling out and watching.`,
    )
  return only(
    [
      `:no_entry: ${code(service.name)} may *not* be deployed to ${environment} now.`,
      ...reasonLines(voice(ask), gate),
      nextLine(voice(ask), gate, lengthMs),
    ].join('\n'),
  )
}

/** The blackouts of the coming week. */
export async function calendar(ask: Ask, rest: string): Promise<Reply> {
  const service = optional(ask, split(rest)[0])
  const services = service === null ? Object.values(ask.rota.services) : [service]
  const desk = await readSeen(ask.deps.store.pool, ask.now)
  const lines = services.flatMap(({ name, deploy }) => {
    const environment = firstEnvironment(deploy)
    const facts = factsFor({ desk, rules: ask.plan }, { service: name, environment, but: null }, null, ask.now)
    const all = calendarOf(facts).between(ask.now, ask.now + AHEAD_MS)
    return [
      `*${code(name)}: ${all.length === 0 ? 'nothing in the coming week' : 'nothing is deployed'}*`,
      ...all.slice(0, STRETCHES).map((each) => `• ${reasonLine(voice(ask), each)}`),
      ...(all.length > STRETCHES ? [`_and ${all.length - STRETCHES} more_`] : []),
    ]
  })
  return only(lines.length === 0 ? 'The configuration has no services.' : lines.join('\n'))
}

/** The service that is named; null when none is. */
function optional({ deps }: Ask, word: string): Service | null {
  if (word === '') return null
  const { services } = deps.rules()
  const service = under(services, word.toLowerCase())
  if (service) return service
  throw new UserError(
    'unknown-target',
    `There is no service ${code(cut(typed(word), 100))}. There are ${knownNames(Object.keys(services))}.`,
  )
}
