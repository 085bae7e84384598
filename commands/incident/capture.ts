import type { Incident } from '../../src/domain/incident.ts'
import { type CaptureChange, type Place, placeKey, type Said } from '../../src/domain/response.ts'
import { UserError } from '../../src/errors.ts'
import {
  editedAt,
  filesOf,
  glimpseOf,
  isMarked,
  messageAt,
  type Raw,
  saidOf,
  textOf,
} from '../../src/slack/messages.ts'
import { timelineForm } from '../../src/slack/modals.ts'
import { answer, inc } from '../../src/slack/words.ts'
import { incidentOfChannel, openIncidents } from '../../src/store/incidents.ts'
import { type Ask, act, only, type Reply, split } from '../command.ts'
import { asker } from '../oncall/names.ts'
import { apart, find, wrong } from './find.ts'

/**
 * What somebody said belongs on the timeline, at the time when they said it: by a reaction, a pin, the message's menu, or its link.
 *
 * @param because it is there for as long as a mark is on the message, or because somebody said so
 */
export async function capture(ask: Ask, rest: string, because: 'marked' | 'asked' = 'asked'): Promise<Reply> {
  const by = ask.by()
  const asksWhich = await whichForm(ask, rest)
  if (asksWhich) return asksWhich
  const { place, found } = await meant(ask, rest)
  const here = found.channel?.id === place.channel ? found : await incidentOfChannel(ask.deps.store.pool, place.channel)
  if (here?.private && here.id !== found.id)
    throw new UserError(
      'private',
      `That was said in ${inc(here.id)}, which is private, and belongs on no other timeline. Nothing was added.`,
    )
  const { raw, said } = await read(ask, place)
  const reply = await act(ask, { type: 'capture', by, incident: found.id, said }, answer)
  if (reply.acted) await lookAgain(ask, found.id, raw, said, because)
  // Whoever was meant to see it sees the message.
  return { ...reply, public: false }
}

/** What became of the message before it was on record was followed by nobody. */
async function lookAgain(ask: Ask, incident: number, raw: Raw, said: Said, because: 'marked' | 'asked'): Promise<void> {
  const { desk, slack, rules } = ask.deps
  const { message } = said
  const now = await messageAt(slack.rest, message)
  const change = (what: CaptureChange) =>
    desk.submit({
      source: 'said',
      key: `${ask.key}/${what.what}`,
      event: { type: 'capture-changed', incident, message, change: what },
    })
  if (!now.ok) {
    if (now.reason === 'message_not_found') await change({ what: 'deleted', deletedAt: ask.now })
    return
  }
  if (because === 'marked' && !isMarked(now.value, rules().incidents.captureWith, message.channel))
    await change({ what: 'uncaptured', by: ask.by() })
  if (now.value.text === raw.text) return
  const text = await textOf(slack.rest, ask.rota, now.value)
  if (text !== said.text)
    await change({ what: 'edited', text, files: filesOf(now.value), editedAt: editedAt(now.value) })
}

/** Whoever points at a message outside the channels of incidents is asked for which it is. */
async function whichForm(ask: Ask, rest: string): Promise<Reply | null> {
  const { pool } = ask.deps.store
  if (!ask.message || !ask.mayShowForm || apart(rest.trim()).id !== '') return null
  if (await incidentOfChannel(pool, ask.channel)) return null
  const open = await openIncidents(pool, asker(ask))
  if (open.length === 0)
    throw new UserError(
      'no-incident',
      'No incident is open to whose timeline it could be added. *Declare an incident* in the same menu opens one with this message first; to a resolved one it is added by `/incident capture LINK INC-n`.',
    )
  const form = timelineForm(open, ask.key, glimpseOf(ask.rota, ask.message))
  return { ...only('Slack did not let the form be opened, and nothing was added. Please try again.'), form }
}

/** @param unless it stays while somebody else's reaction or pin is on it */
export async function uncapture(ask: Ask, rest: string, unless: 'marked' | 'never' = 'never'): Promise<Reply> {
  const by = ask.by()
  const { place, found } = await meant(ask, rest)
  if (unless === 'marked') {
    const message = await messageAt(ask.deps.slack.rest, place)
    if (message.ok && isMarked(message.value, ask.deps.rules().incidents.captureWith, place.channel))
      return only(`Somebody else has marked that message too: it stays on the timeline of ${inc(found.id)}.`)
  }
  if (!found.captured.includes(placeKey(place)))
    throw new UserError('not-captured', `That message is not on the timeline of ${inc(found.id)}; nothing was changed.`)
  const change = { what: 'uncaptured' as const, by }
  const reply = await act(ask, { type: 'capture-changed', incident: found.id, message: place, change }, answer)
  return { ...reply, public: false }
}

/** A message, and the incident on whose timeline it is to be: what is not in the channel in which they ask is none of their business. */
async function meant(ask: Ask, rest: string): Promise<{ place: Place; found: Incident }> {
  const { id, text } = apart(rest.trim())
  const [word] = split(text)
  const place = placeOf(word)
  if (!place)
    throw wrong(
      "Which message? Copy its link from the message's menu, or react to it. Nothing was changed.",
      'capture LINK [INC-n]',
    )
  if (place.channel !== ask.channel)
    throw new UserError(
      'elsewhere',
      'That message is in another channel, and only whoever is there may show it to others. Type this there, or use *Add to the timeline* in the menu of the message. Nothing was changed.',
    )
  const found = await find(ask, id)
  return { place, found }
}

/** `https://x.slack.com/archives/C07/p1700000000123456`, or `C07/1700000000.123456`. */
function placeOf(word: string): Place | null {
  const [, channel, seconds, micros] =
    /\/archives\/([CGD][A-Z0-9]{2,30})\/p(\d{10})(\d{6})\b/.exec(word) ??
    /^([CGD][A-Z0-9]{2,30})\/(\d{10})\.(\d{6})$/.exec(word) ??
    []
  return channel === undefined ? null : { channel, ts: `${seconds}.${micros}` }
}

async function read(ask: Ask, place: Place): Promise<{ raw: Raw; said: Said }> {
  const { slack, me } = ask.deps
  const message = ask.message ? { ok: true as const, value: ask.message } : await messageAt(slack.rest, place)
  if (!message.ok)
    throw new UserError(
      'unreadable',
      `Slack does not let Watchbill read that message (\`${message.reason}\`), so it was not added. Is the app in the channel? \`/invite\` it, or add what matters with \`/incident note\`.`,
    )
  if (message.value.user === me())
    throw new UserError('own-message', 'Watchbill wrote that itself: it is on record already. Nothing was added.')
  return { raw: message.value, said: await saidOf(slack.rest, ask.rota, place.channel, message.value) }
}
