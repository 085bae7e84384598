import { byGroup } from '../../src/domain/authority.ts'
import type { Deploy } from '../../src/domain/deploy/deploy.ts'
import type { DeployAct } from '../../src/domain/event.ts'
import { under } from '../../src/domain/rules.ts'
import { UserError } from '../../src/errors.ts'
import { sightOf } from '../../src/lookout.ts'
import { deployBy, deployStanding, deployTitle } from '../../src/slack/deploy-words.ts'
import { code, cut, typed } from '../../src/slack/text.ts'
import { answer } from '../../src/slack/words.ts'
import { readDeploy } from '../../src/store/deploys.ts'
import { standings } from '../../src/store/people.ts'
import { type Ask, type Reply, split, voice } from '../command.ts'
import type { Confirmed } from '../oncall/propose.ts'
import { reasonOf } from '../silence.ts'

type Verb = DeployAct['act']

/** What nobody does without a word why. */
const NEEDS_REASON: ReadonlySet<Verb> = new Set(['override', 'break-glass'])
/** What takes the role of overrides, or is told to whoever has it. */
const MINDS_HOLDERS: ReadonlySet<Verb> = new Set(['approve', 'break-glass'])
/** What asks the gate again. */
const ASKS_GATE: ReadonlySet<Verb> = new Set(['override', 'break-glass', 'approve', 'resume'])

/** A word of a person about a deploy, by its number. */
export async function act(ask: Ask, verb: Verb, rest: string): Promise<Reply> {
  const role = ask.deps.rules().gate.overrideRole
  const by = verb === 'approve' && role !== null ? ask.by(role) : ask.by()
  const [word, more] = split(rest)
  const deploy = await found(ask, word)
  const unsaid = verb === 'halt' ? 'a person saw something' : null
  const reason =
    NEEDS_REASON.has(verb) || more !== ''
      ? reasonOf(more, `Why? It goes on record: ${code(`/deploy ${verb} ${deploy.id} REASON`)}. Nothing was done.`)
      : unsaid
  const { store } = ask.deps
  const [sight, holders] = await Promise.all([
    ASKS_GATE.has(verb) ? sightOf(ask.deps, ask.rota, deploy.service) : null,
    role !== null && MINDS_HOLDERS.has(verb)
      ? standings(store.pool).then((known) => byGroup(ask.rota, role, known))
      : [],
  ])
  const event = { type: 'deploy-act' as const, by, deploy: deploy.id, act: verb, reason, sight, byGroup: holders }
  const outcome = await ask.deps.desk.submit({ source: 'act', key: ask.key, event })
  const after = await readDeploy(store.pool, deploy.id)
  if (outcome.result === 'refused' || after === null)
    return { text: answer(voice(ask), event, outcome), public: false, acted: false }
  if (verb === 'tell')
    return {
      text: `:bell: You will have a message as soon as the gate is open for deploy ${deploy.id}.`,
      public: false,
      acted: true,
    }
  return standingReply(ask, after)
}

/** How a deploy stands after what somebody did. Where the channel of the service has it, nobody reads it twice. */
export function standingReply(ask: Ask, deploy: Deploy): Reply {
  const said = voice(ask)
  const channel = under(ask.deps.rules().services, deploy.service)?.channel ?? null
  const text = `*${deployTitle(deploy)}*\n${deployStanding(said, deploy)}\n${deployBy(said, deploy)}`
  return { text, public: channel !== ask.channel, acted: true }
}

/** The deploy of a number. */
export async function found({ deps }: Ask, word: string): Promise<Deploy> {
  const number = /^#?\d{1,9}$/.test(word) ? Number(word.replace('#', '')) : null
  const deploy = number === null ? null : await readDeploy(deps.store.pool, number)
  if (deploy) return deploy
  throw new UserError(
    'unknown-deploy',
    `${word === '' ? 'Which deploy? Its number is missing' : `There is no deploy ${code(cut(typed(word), 50))}`}, and nothing was done. \`/deploy status\` shows what is under way, \`/deploy log\` all of them.`,
  )
}

/** *Tell me when it opens*, beneath the answer to whoever was refused: pressed twice, it is done once. */
export function tellButton(value: string, user: string): Confirmed {
  const id = /^\d{1,9}$/.test(value) ? value : null
  if (id === null)
    return {
      leave:
        'That button is too old to be understood. `/deploy log` lists what was denied; `/deploy tell N` waits for it.',
    }
  return { text: `tell ${id}`, confirmed: 'pressed', key: `deploy-tell/${user}/${id}` }
}
