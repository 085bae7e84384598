import { UserError } from '../../src/errors.ts'
import { lockLine } from '../../src/slack/deploy-words.ts'
import { code, cut, knownNames, typed } from '../../src/slack/text.ts'
import { answer } from '../../src/slack/words.ts'
import { readLock } from '../../src/store/deploys.ts'
import { type Ask, type Reply, split, voice } from '../command.ts'
import { askersZone } from '../oncall/names.ts'
import { lengthOf, reasonOf } from '../silence.ts'
import { parseRange } from '../times.ts'

/** Nothing is deployed for a while, for a reason. */
export async function lock(ask: Ask, kind: 'freeze' | 'lock', rest: string): Promise<Reply> {
  const by = ask.by()
  const [word, more] = split(rest)
  const [span, given] = split(more)
  const example = code(`/deploy ${kind} ${kind === 'freeze' ? 'all' : 'SERVICE'} 4h REASON`)
  const name = word.toLowerCase()
  const { services } = ask.deps.rules()
  if (!(name === 'all' && kind === 'freeze') && !Object.hasOwn(services, name))
    throw new UserError(
      'unknown-target',
      `There is no service ${code(cut(typed(word), 100))}, and nothing was done. There are ${knownNames(Object.keys(services))}: ${example}.`,
    )
  if (span === '') throw new UserError('bad-arguments', `For how long, and why? ${example}. Nothing was done.`)
  const { startAt, endAt } = await spanOf(ask, span, example)
  const reason = reasonOf(given, `Why? Whoever is refused reads it: ${example}. Nothing was done.`)
  const event = {
    ...{ type: 'deploy-lock' as const, by, kind, service: name === 'all' ? null : name, environment: null, reason },
    ...{ fromAt: startAt > ask.now ? startAt : null, untilAt: endAt },
  }
  return said(ask, event)
}

async function spanOf(ask: Ask, text: string, example: string): Promise<{ startAt: number; endAt: number }> {
  const ms = lengthOf(text)
  if (ms !== null && ms > 0) return { startAt: ask.now, endAt: ask.now + ms }
  if (!/\d.*(?:-|\.\.).*\d/.test(text))
    throw new UserError(
      'bad-time',
      `${code(cut(typed(text), 100))} is no such time: ${code('30m')}, ${code('4h')} or ${code('22:00-23:30')} is. ${example}. Nothing was done.`,
    )
  return parseRange(text, { zone: await askersZone(ask), now: ask.now })
}

export async function unlock(ask: Ask, verb: 'thaw' | 'unlock', rest: string): Promise<Reply> {
  const by = ask.by()
  const [word] = split(rest)
  if (!/^\d{1,9}$/.test(word))
    throw new UserError(
      'bad-arguments',
      `Which one? ${code(`/deploy ${verb} N`)}; \`/deploy status\` lists what stands. Nothing was done.`,
    )
  return said(ask, { type: 'deploy-unlock', by, lock: Number(word) })
}

async function said(ask: Ask, event: Parameters<typeof answer>[1]): Promise<Reply> {
  const outcome = await ask.deps.desk.submit({ source: 'act', key: ask.key, event })
  const after =
    outcome.result === 'done' && outcome.lock !== undefined ? await readLock(ask.deps.store.pool, outcome.lock) : null
  if (after === null) return { text: answer(voice(ask), event, outcome), public: false, acted: false }
  const { rules } = voice(ask)
  const text =
    after.endedAt === null
      ? `${lockLine(voice(ask), after)}. Rollbacks and fixes of an open incident go on.`
      : `:unlock: The ${after.kind} ${after.id} is over.`
  // It is said in the channels that it concerns.
  const told = Object.values(rules.services).some(
    ({ name, channel }) => channel === ask.channel && (after.service === null || after.service === name),
  )
  return { text, public: !told, acted: true }
}
