import { parseDuration } from '../src/config/leaf.ts'
import type { Silence } from '../src/domain/detect/silence.ts'
import { serviceOf } from '../src/domain/detect/silence.ts'
import type { Event } from '../src/domain/event.ts'
import { type Rules, under } from '../src/domain/rules.ts'
import { UserError } from '../src/errors.ts'
import { silenceAnswer, silenceLine } from '../src/slack/silence.ts'
import { code, cut, escapeText, knownNames, typed } from '../src/slack/text.ts'
import { answer } from '../src/slack/words.ts'
import { openIncidents } from '../src/store/incidents.ts'
import { readSilence, readSilences } from '../src/store/silences.ts'
import { type Ask, type Command, help, misused, only, type Reply, split, voice } from './command.ts'
import { askersZone } from './oncall/names.ts'
import { parseRange } from './times.ts'

/** Of a reason: it stands in messages beside everything else that they say. */
const REASON_CHARACTERS = 300

export const silence: Command = {
  name: '/silence',
  summary: 'nobody is paged for a monitor or a service for a while; it is watched and recorded all the same.',
  usage: [
    ['list', 'what is silenced, until when, by whom and why'],
    [
      'MONITOR|SERVICE FOR REASON',
      'from now on: `/silence home 30m new disk`; or planned: `/silence home 22:00-23:30 new disk`',
    ],
    ['extend N FOR', 'silence N ends so much later'],
    ['end N', "silence N is over; somebody else's takes two people"],
    ['help', 'this'],
  ],
  async run(ask) {
    const [first, rest] = split(ask.text)
    switch (first.toLowerCase()) {
      case '':
      case 'list':
        return list(ask)
      case 'help':
        return help(silence)
      case 'extend':
        return extend(ask, rest)
      case 'end':
        return end(ask, rest)
      default:
        return begin(ask, first, rest)
    }
  },
}

async function list(ask: Ask): Promise<Reply> {
  const all = await readSilences(ask.deps.store.pool)
  if (all.length === 0) return only(':loud_sound: Nothing is silenced: whatever fails pages.')
  return only([`*Silences (${all.length})*`, ...all.map((each) => silenceLine(voice(ask), each))].join('\n'))
}

async function begin(ask: Ask, word: string, rest: string): Promise<Reply> {
  const by = ask.by()
  const target = targetOf(ask.deps.rules(), word)
  const [span, reason] = split(rest)
  if (span === '')
    return misused(silence, `For how long is ${code(target.name)} to be silent, and why? ${example(target.name)}`)
  const { startAt, endAt } = await spanOf(ask, span)
  const missing = `A silence has a reason, for whoever comes on duty: ${example(target.name)} Nothing was silenced.`
  const text = reasonOf(reason, missing)
  const fromAt = startAt > ask.now ? startAt : null
  return act(ask, { type: 'silence', by, target, reason: text, fromAt, untilAt: endAt })
}

const example = (name: string) => `Type ${code(`/silence ${name} 30m REASON`)}.`

/** What somebody gives as a reason, as it stands in messages. */
export function reasonOf(given: string, missing: string): string {
  const text = typed(given).trim()
  if (text === '') throw new UserError('bad-arguments', missing)
  if (escapeText(text).length > REASON_CHARACTERS)
    throw new UserError(
      'too-long',
      `A reason has at most ${REASON_CHARACTERS} characters. Nothing was done; please make it shorter.`,
    )
  return text
}

/** `30m`, `30min`; null when it is no length. */
export const lengthOf = (text: string) => parseDuration(text.toLowerCase().replace(/min$/, 'm'))

/** `30m`, or a stretch such as `22:00-23:30` in the asker's zone. */
async function spanOf(ask: Ask, text: string): Promise<{ startAt: number; endAt: number }> {
  const ms = lengthOf(text)
  if (ms !== null && ms > 0) return { startAt: ask.now, endAt: ask.now + ms }
  if (!/\d.*(?:-|\.\.).*\d/.test(text))
    throw new UserError(
      'bad-time',
      `${code(cut(typed(text), 100))} is no time to be silent for: ${code('30m')}, ${code('2h')} or ${code('22:00-23:30')} is. Nothing was silenced.`,
    )
  return parseRange(text, { zone: await askersZone(ask), now: ask.now })
}

/** `home`, or `monitor/home` and `service/home` where both are called so. */
function targetOf(rules: Rules, word: string): Silence['target'] {
  const [, kind, name = ''] = /^(?:(monitor|service)\/)?(.*)$/i.exec(word.toLowerCase()) ?? []
  const isMonitor = under(rules.monitors, name) !== undefined && kind !== 'service'
  const isService = under(rules.services, name) !== undefined && kind !== 'monitor'
  if (isMonitor && isService)
    throw new UserError(
      'ambiguous-target',
      `${code(name)} is a monitor and a service. Nothing was silenced; say which: ${code(`/silence monitor/${name} …`)} or ${code(`/silence service/${name} …`)}.`,
    )
  if (isMonitor) return { kind: 'monitor', name }
  if (isService) return { kind: 'service', name }
  const known = [...Object.keys(rules.services), ...Object.keys(rules.monitors)]
  throw new UserError(
    'unknown-target',
    `There is no monitor or service ${code(cut(typed(word), 100))}, and nothing was silenced. There are ${knownNames(known)}.`,
  )
}

async function extend(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const [word, span] = split(rest)
  const found = await find(ask, word)
  const ms = lengthOf(span)
  if (ms === null || ms <= 0)
    return misused(
      silence,
      `By how much? Type ${code(`/silence extend ${found.id} 1h`)}: it then ends an hour later than now set.`,
    )
  return act(ask, { type: 'silence-extend', by, silence: found.id, untilAt: found.untilAt + ms })
}

async function end(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const [word, more] = split(rest)
  if (more !== '') return misused(silence, `${code(cut(typed(more), 100))} is too much: one silence, by its number.`)
  return act(ask, { type: 'silence-end', by, silence: (await find(ask, word)).id })
}

async function find(ask: Ask, word: string): Promise<Silence> {
  const number = /^\d{1,9}$/.test(word) ? Number(word) : null
  const found = number === null ? null : await readSilence(ask.deps.store.pool, number)
  if (found) return found
  throw new UserError(
    'unknown-silence',
    `${word === '' ? 'Which silence? Its number is missing' : `There is no silence ${code(cut(typed(word), 50))}`}, and nothing was done. \`/silence list\` shows what is silenced.`,
  )
}

async function act(ask: Ask, event: Extract<Event, { by: string }>): Promise<Reply> {
  const outcome = await ask.deps.desk.submit({ source: 'act', key: ask.key, event })
  const { pool } = ask.deps.store
  const found =
    outcome.result === 'done' && outcome.silence !== undefined ? await readSilence(pool, outcome.silence) : null
  if (outcome.result === 'refused' || found === null)
    return { text: answer(voice(ask), event, outcome), public: false, acted: false }
  const service = serviceOf(found, ask.deps.rules())
  const open = (await openIncidents(pool, null)).find((each) => each.service === service)?.id ?? null
  const text = silenceAnswer(voice(ask), found, outcome.how, outcome.how === 'silenced' ? open : null)
  // What becomes of it is said in the channel of the service.
  const told = service !== null && ask.deps.rules().services[service]?.channel === ask.channel
  return { text, public: !told, acted: true }
}
