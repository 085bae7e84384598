import type { Incident } from '../../src/domain/incident.ts'
import { mayKnow, numberOf } from '../../src/domain/incident.ts'
import { UserError } from '../../src/errors.ts'
import { code, cut, escapeText, list as inWords, plain, typed } from '../../src/slack/text.ts'
import { inc } from '../../src/slack/words.ts'
import { incidentOfChannel, openIncidents, readIncident } from '../../src/store/incidents.ts'
import type { Ask } from '../command.ts'
import { asker } from '../oncall/names.ts'

/** How people name incidents, and what they write about them. */

/** A text longer than this does not fit one message of Slack's. */
const NOTE_CHARACTERS = 2_500

/** What was typed is not right: what is, in the forms that were meant. */
export const wrong = (sentence: string, ...forms: string[]) =>
  new UserError('bad-arguments', `${sentence} Type ${forms.map((form) => code(`/incident ${form}`)).join(', or ')}.`)

export const tooLong = (what: string, text: string, so: string) =>
  new UserError(
    'too-long',
    `${what} has at most ${NOTE_CHARACTERS} characters (\`&\`, \`<\` and \`>\` count as up to five), this one has ${escapeText(text).length}. ${so}.`,
  )

/** As Slack counts: its control characters are longer when they are escaped. */
export const isTooLong = (text: string) => escapeText(text).length > NOTE_CHARACTERS

/** A text as it was meant, within what a message takes. */
export function textOf(said: string, what: string, so: string): string {
  const text = typed(said).trim()
  if (isTooLong(text)) throw tooLong(what, text, so)
  return text
}

/** An incident named before or after free text, in full: a text may well begin or end with a number. */
export function apart(rest: string): { id: string; text: string } {
  const [, first, after] = /^(inc-\d+)(?:\s+([\s\S]*))?$/i.exec(rest) ?? []
  if (first) return { id: first, text: after ?? '' }
  const [, before, last] = /^([\s\S]*?)\s+(inc-\d+)$/i.exec(rest) ?? []
  return last ? { id: last, text: before ?? '' } : { id: '', text: rest }
}

/** Several things in one line, by spaces or commas. */
export const wordsOf = (rest: string) => rest.split(/[\s,]+/).filter((word) => word !== '')

/** The incident that is meant: by its number, or that of the channel. Of one that is private, others learn not even that it is there. */
export async function find(ask: Ask, word: string): Promise<Incident> {
  const { pool } = ask.deps.store
  const number = numberOf(word)
  const me = asker(ask)
  if (number !== null) {
    const found = await readIncident(pool, number)
    // Whoever asks in its channel is in it.
    if (found && (mayKnow(found, me) || found.channel?.id === ask.channel)) return found
    throw new UserError('unknown-incident', `There is no ${inc(number)}. \`/incident list\` shows what there is.`)
  }
  if (word !== '')
    throw new UserError(
      'bad-arguments',
      `${code(cut(typed(word), 100))} is no incident: they are numbered, like \`INC-7\`.`,
    )
  const here = await incidentOfChannel(pool, ask.channel)
  if (here) return here
  const open = await openIncidents(pool, me)
  const which =
    open.length === 0
      ? 'None is open.'
      : `Open: ${inWords(open.map((each) => `*${inc(each.id)}* (${plain(each.title)})`))}.`
  throw new UserError(
    'which-incident',
    `Which incident? This is no incident's channel, so please name it, like \`INC-7\`. ${which}`,
  )
}
