import type { Deploy } from '../src/domain/deploy/deploy.ts'
import { firstEnvironment } from '../src/domain/deploy/rules.ts'
import { type Rules, type Service, under } from '../src/domain/rules.ts'
import { UserError } from '../src/errors.ts'
import { sightOf } from '../src/lookout.ts'
import { refusedButtons } from '../src/slack/deploy.ts'
import { deniedAnswer } from '../src/slack/deploy-words.ts'
import { code, cut, knownNames, typed } from '../src/slack/text.ts'
import { answer } from '../src/slack/words.ts'
import { latestDeploys, readDeploy, versionBefore } from '../src/store/deploys.ts'
import { type Ask, type Command, help, misused, type Reply, split, voice } from './command.ts'
import { act, found, standingReply } from './deploy/acts.ts'
import { lock, unlock } from './deploy/locks.ts'
import { calendar, check, log, status } from './deploy/views.ts'

export const deploy: Command = {
  name: '/deploy',
  summary:
    'deploys a service, unless the gate has something against it; rollbacks and fixes of an open incident it never has.',
  usage: [
    ['SERVICE VERSION [ENVIRONMENT]', 'asks the gate, and starts the rollout: `/deploy webmail v42`'],
    ['SERVICE VERSION [ENVIRONMENT] fix INC-n', 'a fix of an open incident: never blocked, on record'],
    ['rollback SERVICE|N [VERSION] [ENVIRONMENT]', 'takes back what is out, or under way: never blocked'],
    ['check SERVICE [ENVIRONMENT]', 'what the gate would say now; nothing is deployed'],
    ['status [SERVICE]', 'what is under way, frozen and locked'],
    ['log [SERVICE|N]', 'what was deployed or denied, by whom, and who overrode what and why'],
    ['calendar [SERVICE]', 'the blackouts of the coming week'],
    ['halt N [REASON]', 'stops a rollout where it stands, and locks its service'],
    ['resume N', 'goes on with what was held or halted'],
    ['finish N', 'it is out; or, in a blackout, it may finish'],
    ['hold N', 'in a blackout: it is held at the next safe point'],
    ['started N', 'it has started, where nobody knew'],
    ['failed N', 'it has not started, or has failed'],
    ['override N REASON', 'what was denied shall begin: a second person approves'],
    ['approve N', 'you are the second person'],
    ['break-glass N REASON', 'alone, in an emergency: everybody on duty hears of it'],
    ['tell N', 'you hear when what was denied may begin'],
    ['freeze SERVICE|all FOR REASON', 'nothing is deployed: `/deploy freeze all 4h the auditors are here`'],
    ['thaw N', 'the freeze N is over'],
    ['lock SERVICE FOR REASON', 'this service is not deployed'],
    ['unlock N', 'the lock N is over'],
    ['help', 'this'],
  ],
  async run(ask) {
    const [first, rest] = split(ask.text)
    const verb = first.toLowerCase()
    switch (verb) {
      case '':
      case 'status':
        return status(ask, rest)
      case 'help':
        return help(deploy)
      case 'log':
        return log(ask, rest)
      case 'calendar':
        return calendar(ask, rest)
      case 'check':
        return check(ask, rest)
      case 'rollback':
        return rollback(ask, rest)
      case 'freeze':
      case 'lock':
        return lock(ask, verb, rest)
      case 'thaw':
      case 'unlock':
        return unlock(ask, verb, rest)
      case 'halt':
      case 'resume':
      case 'finish':
      case 'hold':
      case 'started':
      case 'failed':
      case 'override':
      case 'approve':
      case 'break-glass':
      case 'tell':
        return act(ask, verb, rest)
      default:
        return begin(ask, rest === '' ? ask.text : `${first} ${rest}`)
    }
  },
}

/** What a version may be called: it goes to hooks, and into messages. */
const VERSION = /^[A-Za-z0-9][A-Za-z0-9._+:@/-]{0,99}$/

async function begin(ask: Ask, text: string): Promise<Reply> {
  ask.by()
  const words = typed(text).trim().split(/\s+/)
  const fix = /^(.*?)\s+fix\s+inc-(\d{1,9})$/i.exec(words.join(' '))
  const [name = '', version, environment, ...more] = (fix?.[1] ?? words.join(' ')).split(' ')
  const service = serviceNamed(ask.deps.rules(), name)
  if (version === undefined)
    return misused(
      deploy,
      `Which version of ${code(service.name)}? ${code(`/deploy ${service.name} VERSION`)}. Nothing was deployed.`,
    )
  if (more.length > 0)
    return misused(
      deploy,
      `${code(cut(more.join(' '), 100))} is too much: a service, a version and an environment. Nothing was deployed.`,
    )
  const incident = fix ? Number(fix[2]) : null
  return request(ask, service, { version, environment, kind: fix ? 'fix' : 'deploy', incident })
}

/** Takes back: to the version before, or to one that is named. */
async function rollback(ask: Ask, rest: string): Promise<Reply> {
  ask.by()
  const [first, more] = split(rest)
  const [given, where] = split(more)
  const { pool } = ask.deps.store
  const which = /^\d{1,9}$/.test(first) ? await found(ask, first) : null
  const service = serviceNamed(ask.deps.rules(), which?.service ?? first)
  const environment = which?.environment ?? (where === '' ? firstEnvironment(service.deploy) : where)
  const of = which ?? (await latestOf(ask, service.name, environment))
  const version = given === '' ? of && (await versionBefore(pool, of)) : given
  if (!version)
    throw new UserError(
      'no-version-before',
      `Watchbill does not know which version of ${code(service.name)} was out before, and nothing was done. Name it: ${code(`/deploy rollback ${service.name} VERSION`)}.`,
    )
  return request(ask, service, { version, environment, kind: 'rollback', incident: null })
}

/** The deploy that was out last, or is under way. */
const latestOf = async (ask: Ask, service: string, environment: string): Promise<Deploy | undefined> =>
  (await latestDeploys(ask.deps.store.pool, service, 100)).find(
    (each) => each.environment === environment && each.startedAt !== null && each.kind === 'deploy',
  )

interface What extends Pick<Deploy, 'version' | 'kind' | 'incident'> {
  environment: string | undefined
}

async function request(ask: Ask, service: Service, { version, environment, kind, incident }: What): Promise<Reply> {
  const by = ask.by()
  if (!VERSION.test(version))
    throw new UserError(
      'bad-version',
      `${code(cut(version, 100))} is no version: letters, digits and . _ + : @ / -, a hundred at most. Nothing was deployed.`,
    )
  const sight = await sightOf(ask.deps, ask.rota, service.name)
  const event = {
    ...{ type: 'deploy' as const, by, service: service.name, version, kind, incident, sight },
    environment: environment?.toLowerCase() ?? firstEnvironment(service.deploy),
  }
  const outcome = await ask.deps.desk.submit({ source: 'act', key: ask.key, event })
  const asked =
    outcome.result === 'done' && outcome.deploy !== undefined
      ? await readDeploy(ask.deps.store.pool, outcome.deploy)
      : null
  if (asked === null) return { text: answer(voice(ask), event, outcome), public: false, acted: false }
  if (outcome.result === 'done' && outcome.how === 'denied')
    return { text: deniedAnswer(voice(ask), asked), public: false, acted: false, more: refusedButtons(asked) }
  return standingReply(ask, asked)
}

function serviceNamed(rules: Rules, word: string): Service {
  const service = under(rules.services, word.toLowerCase())
  if (service) return service
  throw new UserError(
    'unknown-target',
    `There is no service ${code(cut(typed(word), 100))}, and nothing was done. There are ${knownNames(Object.keys(rules.services))}. ${code('/deploy help')} lists the verbs.`,
  )
}
