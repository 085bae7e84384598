import { parseDuration } from '../../src/config/leaf.ts'
import { HOUR_MS } from '../../src/domain/duty/time.ts'
import { numberOf } from '../../src/domain/incident.ts'
import { code, cut, typed } from '../../src/slack/text.ts'
import { answer } from '../../src/slack/words.ts'
import { type Ask, act, type Reply, split } from '../command.ts'
import { personNamed } from '../oncall/names.ts'
import { find, wordsOf, wrong } from './find.ts'

/** Who has an incident: taking it, keeping it, giving it away, and that it is over. */
export type Change = 'ack' | 'escalate' | 'resolve' | 'accept' | 'unack' | 'reopen'

/** One, or several at once: all of them have to be there before anything is done. */
export async function acknowledge(ask: Ask, rest: string): Promise<Reply> {
  const words = wordsOf(rest)
  if (words.length < 2 || !words.every((word) => numberOf(word) !== null)) return change(ask, 'ack', rest)
  const by = ask.by()
  const found = new Set<number>()
  for (const word of words) found.add((await find(ask, word)).id)
  const replies: Reply[] = []
  for (const id of found)
    replies.push(await act({ ...ask, key: `${ask.key}/${id}` }, { type: 'ack', by, incident: id }, answer))
  return {
    text: replies.map(({ text }) => text).join('\n'),
    public: replies.some((reply) => reply.public),
    acted: replies.every((reply) => reply.acted),
  }
}

export async function change(ask: Ask, type: Change, rest: string): Promise<Reply> {
  const by = ask.by()
  const [word, more] = split(rest)
  if (more)
    throw wrong(
      `\`/incident ${type}\` takes an incident and nothing else; ${code(cut(typed(more), 100))} is too much.`,
      `${type} [INC-n]`,
    )
  // A button says after the incident where escalation stood when it was shown.
  const [named = '', seen] = word.split('@', 2)
  const found = await find(ask, named)
  if (type === 'accept' || type === 'unack' || type === 'reopen')
    return act(ask, { type, by, incident: found.id }, answer)
  return act(ask, { type, by, incident: found.id, ...(seen ? { seen } : {}) }, answer)
}

/** As long as an incident may be kept: whoever says nothing means this. */
const KEEP = '1h'

export async function keep(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const [first, second] = split(rest)
  const [named, span] = numberOf(first) === null ? ['', rest.trim()] : [first, second]
  const ms = parseDuration((span || KEEP).replaceAll(/\s+/g, '').replace(/min$/, 'm'))
  if (ms === null || ms <= 0)
    throw wrong(`${code(cut(typed(span), 100))} is no time to keep it for; \`30m\` or \`1h\` is.`, 'keep [INC-n] [FOR]')
  const found = await find(ask, named)
  return act(ask, { type: 'keep', by, incident: found.id, untilAt: ask.now + Math.min(ms, HOUR_MS) }, answer)
}

export async function handOver(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const [first, second] = split(rest)
  const [named, whom] = numberOf(first) === null ? ['', rest.trim()] : [first, second]
  const to = whom === '' ? null : personNamed(ask.deps.rules(), whom)
  const found = await find(ask, named)
  return act(ask, { type: 'hand-over', by, incident: found.id, to }, answer)
}
