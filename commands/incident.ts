import { parseDuration } from '../src/config/leaf.ts'
import { HOUR_MS } from '../src/domain/duty/time.ts'
import type { Incident } from '../src/domain/incident.ts'
import { isOpen } from '../src/domain/incident.ts'
import { Severity, under } from '../src/domain/rules.ts'
import { outlook } from '../src/domain/watch/outlook.ts'
import { UserError } from '../src/errors.ts'
import { code, cut, duration, escapeText, list as inWords, plain, typed, when } from '../src/slack/text.ts'
import { answer, entry, inc, severityMark, standing } from '../src/slack/words.ts'
import { factsOf, incidentOfChannel, latestIncidents, openIncidents, readIncident } from '../src/store/incidents.ts'
import { type Ask, act, type Command, help, misused, only, type Reply, split, voice } from './command.ts'
import { personNamed } from './oncall/names.ts'

/** Entries of the timeline that `show` prints; the channel has them all. */
const ENTRIES = 15
/** Resolved incidents that `list` prints. */
const LATEST = 5
/** A note longer than this does not fit one message of Slack's. */
const NOTE_CHARACTERS = 2_500

export const incident: Command = {
  name: '/incident',
  summary: 'what is broken, who has it, and what happened.',
  usage: [
    ['list', 'the open incidents, and the latest ones'],
    ['show [INC-n]', 'one incident with its timeline'],
    ['declare [SEVERITY] [SERVICE] TITLE', 'opens an incident and pages whoever answers for the service'],
    ['ack [INC-n …]', 'you have it: escalation stops; several at once are fine'],
    ['escalate [INC-n]', 'pages the next step at once'],
    ['resolve [INC-n]', 'it is over'],
    ['accept [INC-n]', 'you take it over from whoever has it'],
    ['keep [INC-n] [FOR]', 'you keep it beyond your watch, an hour at most: `keep INC-7 30m`'],
    ['handover [INC-n] [@person]', 'you ask somebody to take it: whoever comes on duty next, unless you name somebody'],
    ['unack [INC-n]', 'you give it back: it is paged anew'],
    ['note [INC-n] TEXT', 'a note for the timeline'],
    ['help', "this; inside an incident's channel INC-n may be left out"],
  ],
  async run(ask) {
    const [verb, rest] = split(ask.text)
    switch (verb.toLowerCase()) {
      case '':
      case 'list':
        return list(ask)
      case 'show':
        return show(ask, rest)
      case 'declare':
        return declare(ask, rest)
      case 'ack':
        return acknowledge(ask, rest)
      case 'escalate':
      case 'resolve':
      case 'accept':
      case 'unack':
        return change(ask, verb.toLowerCase() as Change, rest)
      case 'keep':
        return keep(ask, rest)
      case 'handover':
        return handOver(ask, rest)
      case 'note':
        return note(ask, rest)
      case 'help':
        return help(incident)
      default:
        return misused(incident, `\`/incident\` has no verb ${code(cut(typed(verb), 100))}.`)
    }
  },
}

async function list(ask: Ask): Promise<Reply> {
  const { pool } = ask.deps.store
  const open = await openIncidents(pool)
  const latest = (await latestIncidents(pool, open.length + LATEST)).filter((each) => !isOpen(each)).slice(0, LATEST)
  const lines = [
    open.length === 0 ? ':large_green_circle: No open incident.' : `*Open (${open.length})*`,
    ...open.map((each) => line(ask, each)),
    ...(latest.length > 0 ? ['*Latest*', ...latest.map((each) => line(ask, each))] : []),
  ]
  return only(lines.join('\n'))
}

function line(ask: Ask, each: Incident): string {
  const mark = isOpen(each) ? severityMark[each.severity] : ':white_check_mark:'
  const channel = each.channel ? ` · <#${each.channel.id}|${each.channel.name}>` : ''
  const { zone } = ask.deps.rules()
  const age = isOpen(each)
    ? `for ${duration(ask.now - each.openedAt)}`
    : `${when(each.openedAt, zone, '{date_short_pretty} {time}')}, took ${duration((each.resolvedAt ?? ask.now) - each.openedAt)}`
  return `${mark} *${inc(each.id)}* ${plain(each.title)} · ${owner(each)} · ${age}${channel}`
}

function owner({ state, ackedBy }: Incident): string {
  if (state === 'acked') return `${ackedBy} has it`
  if (state === 'resolved') return 'resolved'
  return state === 'exhausted' ? '*nobody answered*' : '*nobody has it yet*'
}

async function show(ask: Ask, rest: string): Promise<Reply> {
  const [word] = split(rest)
  const found = await find(ask, word)
  const { rules } = voice(ask)
  const entries = (await factsOf(ask.deps.store.pool, found.id)).flatMap((fact) => {
    const text = entry(voice(ask), fact)
    return text === null ? [] : [`${when(fact.at, rules.zone, '{time_secs}')}  ${text}`]
  })
  const left = entries.length > ENTRIES ? [`_${entries.length - ENTRIES} earlier entries are in the channel._`] : []
  const head = `*${inc(found.id)}* ${plain(found.title)} · ${found.severity}${found.channel ? ` · <#${found.channel.id}|${found.channel.name}>` : ''}`
  return only(
    [head, standing(voice(ask), found, outlook(found, rules)), ...left, ...entries.slice(-ENTRIES)].join('\n'),
  )
}

async function declare(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const { services } = ask.deps.rules()
  let [word, title] = split(rest)
  const severity = Severity.safeParse(word.toLowerCase())
  if (severity.success) [word, title] = split(title)
  const names = Object.keys(services)
  const named = under(services, word.toLowerCase().replace(/:$/, ''))
  const service = named ?? (names.length === 1 ? services[names[0] ?? ''] : undefined)
  title = typed(named ? title : `${word} ${title}`).trim()
  if (escapeText(title).length > NOTE_CHARACTERS) throw tooLong('A title', title, 'No incident was opened')
  if (!service)
    throw new UserError(
      'which-service',
      `Which service is it about? No incident was opened. Name it before the title: ${code(`/incident declare ${names[0]} ${cut(title, 100) || 'TITLE'}`)}. Services: ${inWords(names.map(code))}.`,
    )
  if (!title) return misused(incident, 'An incident needs a title: a few words on what is wrong.')
  return act(
    ask,
    {
      type: 'declare',
      by,
      title,
      severity: severity.success ? severity.data : 'critical',
      service: service.name,
    },
    answer,
  )
}

type Change = 'ack' | 'escalate' | 'resolve' | 'accept' | 'unack'

/** One, or several at once: all of them have to be there before anything is done. */
async function acknowledge(ask: Ask, rest: string): Promise<Reply> {
  const words = rest.split(/[\s,]+/).filter((word) => word !== '')
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

async function change(ask: Ask, type: Change, rest: string): Promise<Reply> {
  const by = ask.by()
  const [word, more] = split(rest)
  if (more)
    return misused(
      incident,
      `\`/incident ${type}\` takes an incident and nothing else; ${code(cut(typed(more), 100))} is too much.`,
    )
  // A button says after the incident where escalation stood when it was shown.
  const [named = '', seen] = word.split('@', 2)
  const found = await find(ask, named)
  if (type === 'accept' || type === 'unack') return act(ask, { type, by, incident: found.id }, answer)
  return act(ask, { type, by, incident: found.id, ...(seen ? { seen } : {}) }, answer)
}

/** As long as an incident may be kept: whoever says nothing means this. */
const KEEP = '1h'

async function keep(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const [first, second] = split(rest)
  const [named, span] = numberOf(first) === null ? ['', rest.trim()] : [first, second]
  const ms = parseDuration((span || KEEP).replaceAll(/\s+/g, '').replace(/min$/, 'm'))
  if (ms === null || ms <= 0)
    return misused(incident, `${code(cut(typed(span), 100))} is no time to keep it for; \`30m\` or \`1h\` is.`)
  const found = await find(ask, named)
  return act(ask, { type: 'keep', by, incident: found.id, untilAt: ask.now + Math.min(ms, HOUR_MS) }, answer)
}

async function handOver(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const [first, second] = split(rest)
  const [named, whom] = numberOf(first) === null ? ['', rest.trim()] : [first, second]
  const to = whom === '' ? null : personNamed(ask.deps.rules(), whom)
  const found = await find(ask, named)
  return act(ask, { type: 'hand-over', by, incident: found.id, to }, answer)
}

async function note(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const { id, text: said } = apart(rest)
  const text = typed(said).trim()
  if (!text) return misused(incident, 'A note needs a text.')
  // As Slack counts: its control characters are longer when they are escaped.
  if (escapeText(text).length > NOTE_CHARACTERS) throw tooLong('A note', text, 'Nothing was noted; please make it two')
  const found = await find(ask, id)
  return act(ask, { type: 'note', by, incident: found.id, text }, answer)
}

const tooLong = (what: string, text: string, so: string) =>
  new UserError(
    'too-long',
    `${what} has at most ${NOTE_CHARACTERS} characters (\`&\`, \`<\` and \`>\` count as up to five), this one has ${escapeText(text).length}. ${so}.`,
  )

/** An incident named before or after free text, in full: a text may well begin or end with a number. */
function apart(rest: string): { id: string; text: string } {
  const [, first, after] = /^(inc-\d+)(?:\s+([\s\S]*))?$/i.exec(rest) ?? []
  if (first) return { id: first, text: after ?? '' }
  const [, before, last] = /^([\s\S]*?)\s+(inc-\d+)$/i.exec(rest) ?? []
  return last ? { id: last, text: before ?? '' } : { id: '', text: rest }
}

/** `INC-7`, `inc-7` and `7`. */
function numberOf(word: string): number | null {
  const found = /^(?:inc-)?(\d{1,9})$/i.exec(word)
  return found ? Number(found[1]) : null
}

/** The incident that is meant: by its number, or that of the channel. */
async function find(ask: Ask, word: string): Promise<Incident> {
  const { pool } = ask.deps.store
  const number = numberOf(word)
  if (number !== null) {
    const found = await readIncident(pool, number)
    if (found) return found
    throw new UserError('unknown-incident', `There is no ${inc(number)}. \`/incident list\` shows what there is.`)
  }
  if (word !== '') return misused(incident, `${code(typed(word))} is no incident: they are numbered, like \`INC-7\`.`)
  const here = await incidentOfChannel(pool, ask.channel)
  if (here) return here
  const open = await openIncidents(pool)
  const which =
    open.length === 0
      ? 'None is open.'
      : `Open: ${inWords(open.map((each) => `*${inc(each.id)}* (${plain(each.title)})`))}.`
  throw new UserError(
    'which-incident',
    `Which incident? This is no incident's channel, so please name it, like \`INC-7\`. ${which}`,
  )
}
