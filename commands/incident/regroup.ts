import { under } from '../../src/domain/rules.ts'
import { answer } from '../../src/slack/words.ts'
import { type Ask, act, type Reply } from '../command.ts'
import { find, wordsOf, wrong } from './find.ts'

/** Incidents that have to do with each other, that are one, or that are two. */
export async function link(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const words = wordsOf(rest)
  const [first, second] = words.length === 1 ? ['', words[0]] : words
  if (first === undefined || second === undefined || words.length > 2)
    throw wrong('Which two incidents? Nothing was changed.', 'link INC-7 INC-9', 'link INC-9')
  const [one, other] = [await find(ask, first), await find(ask, second)]
  return act(ask, { type: 'link', by, incident: one.id, other: other.id }, answer)
}

export async function merge(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const words = wordsOf(rest).filter((word) => word.toLowerCase() !== 'into')
  const [first, second] = words.length === 1 ? ['', words[0]] : words
  if (first === undefined || second === undefined || words.length > 2)
    throw wrong('Which one goes on in which? Nothing was changed.', 'merge INC-7 into INC-9')
  const [from, into] = [await find(ask, first), await find(ask, second)]
  return act(ask, { type: 'merge', by, incident: from.id, into: into.id }, answer)
}

/** A service, or alerts by their names. */
export async function split(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const words = wordsOf(rest)
  const isFirst = /^inc-\d+$/i.test(words[0] ?? '')
  const isLast = !isFirst && /^inc-\d+$/i.test(words.at(-1) ?? '')
  const id = isFirst ? words.shift() : isLast ? words.pop() : ''
  const [first] = words
  if (first === undefined)
    throw wrong(
      'What is another trouble: a service, or which alerts? Nothing was changed.',
      'split [INC-n] SERVICE',
      'split [INC-n] ALERT ALERT',
    )
  const found = await find(ask, id ?? '')
  const service = words.length === 1 ? under(ask.deps.rules().services, first.toLowerCase()) : undefined
  // Whatever is called like a service and fails in it is the alert.
  const isAlert = found.alerts.some(({ key }) => key === first)
  const what = service && !isAlert ? { service: service.name } : { keys: words }
  return act(ask, { type: 'split', by, incident: found.id, what }, answer)
}
