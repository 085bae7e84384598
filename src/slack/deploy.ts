import type { KnownBlock } from '@slack/types'
import type { Deploy } from '../domain/deploy/deploy.ts'
import type { Recorded } from '../domain/fact.ts'
import type { Message } from './api.ts'
import { actions, button, context, sections, spoken } from './blocks.ts'
import { deployBy, deployStanding, deployTitle, toldLine } from './deploy-words.ts'
import type { Voice } from './words.ts'

/** Messages about deploys, with what can be done there. Pure. */
type Rendered = Pick<Message, 'text' | 'blocks'>

const of = (text: string, verb: string, { id }: Deploy, style?: 'primary') =>
  button(text, `deploy_${verb}`, String(id), style)

const buttons = (deploy: Deploy, place: string): KnownBlock[] =>
  actions(offered(deploy), `deploy_${deploy.id}_${place}`)

/** What can be done about a deploy by a press. Whatever takes a reason is typed. */
function offered(deploy: Deploy): ReturnType<typeof button>[] {
  const { state, overrun } = deploy
  const stoppable = [of('Halt', 'halt', deploy), of('Roll back', 'rollback', deploy)]
  switch (state) {
    case 'asked':
      return [of('Approve', 'approve', deploy, 'primary')]
    case 'rolling':
      if (overrun === null || overrun.finishBy !== null) return stoppable
      return [
        of('Let it finish', 'finish', deploy),
        of('Hold', 'hold', deploy, 'primary'),
        of('Roll back', 'rollback', deploy),
      ]
    case 'starting':
    case 'baking':
      return stoppable
    case 'halted':
    case 'held':
      return [of('Roll back', 'rollback', deploy, 'primary'), of('Resume', 'resume', deploy)]
    case 'unsure':
      return [of('It has started', 'started', deploy), of('It has not', 'failed', deploy)]
    case 'denied':
    case 'lapsed':
    case 'superseded':
    case 'failed':
    case 'done':
    case 'unasked':
    case 'noted':
      return []
    default:
      return state satisfies never
  }
}

/** In the channel of its service. */
export function deployMessage(voice: Voice, deploy: Deploy): Rendered {
  const title = deployTitle(deploy)
  const standing = deployStanding(voice, deploy)
  return {
    text: spoken(`${title}: ${standing.split('\n')[0]}`),
    blocks: [
      ...sections([`*${title}*`, ...standing.split('\n')]),
      ...buttons(deploy, 'channel'),
      context(deployBy(voice, deploy)),
    ],
  }
}

/** To somebody who has to know. The deploy is shown as it was then: the channel has it as it is. */
export function toldOfDeploy(voice: Voice, fact: Recorded & { type: 'deploy' }, to: string): Rendered {
  const line = toldLine(voice, fact, to)
  const asks = fact.what === 'overrun' || fact.what === 'held' || fact.what === 'halted' || fact.what === 'unsure'
  return {
    text: spoken(line.split('\n')[0] ?? line),
    blocks: [
      ...sections(line.split('\n')),
      ...(asks ? buttons(fact.deploy, `told_${fact.id}`) : []),
      context(deployBy(voice, fact.deploy)),
    ],
  }
}

/** Beneath the answer to whoever was refused. */
export const refusedButtons = (deploy: Deploy): KnownBlock[] =>
  actions([of('Tell me when it opens', 'tell', deploy)], `deploy_${deploy.id}_refused`)
