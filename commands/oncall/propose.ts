import { createHash } from 'node:crypto'
import type { Difference } from '../../src/domain/duty/substitute.ts'
import { effectsOf } from '../../src/domain/effects.ts'
import type { Event } from '../../src/domain/event.ts'
import type { Piece, RosterEdit } from '../../src/domain/handover.ts'
import { UserError } from '../../src/errors.ts'
import { confirmButtons, VALUE_CHARACTERS } from '../../src/slack/roster-blocks.ts'
import { changed, effectLines, inFull, staleAnswer } from '../../src/slack/roster-words.ts'
import { code } from '../../src/slack/text.ts'
import { person } from '../../src/slack/words.ts'
import { type Ask, act, only, type Reply, SHOWN_BEFORE, voice } from '../command.ts'

/** What somebody asked for, as it would be done. */
export interface Proposal {
  event: Event
  /** What to type for exactly this, with instants instead of words: it is what *Do it* says. */
  line: string
  effects: Difference[]
  zone: string
  /** What else to know before it is done. */
  remarks?: string[]
}

/**
 * Shows in full what would be done, and does it once the asker says so: what is typed is easily wrong, and a roster is what wakes people.
 * When the button is pressed everything is found again; what would be done otherwise by then is shown anew.
 */
export async function propose(ask: Ask, proposal: Proposal): Promise<Reply> {
  const { event, line, effects, zone, remarks = [] } = proposal
  const fingerprint = digest(effects)
  if (ask.confirmed === SHOWN_BEFORE || ask.confirmed === fingerprint)
    return act(ask, event, (how, what, outcome) => changed(how, what, outcome, effects))
  const value = `${ask.user} ${ask.now} ${fingerprint} ${line}`
  if (value.length > VALUE_CHARACTERS) throw new UserError('too-long', 'That is too much at once. Please change less.')
  const { offeredTo } = event.type === 'override' ? event : { offeredTo: null }
  const text = [
    ask.confirmed === null
      ? '*Please check: nothing is changed yet.*'
      : '*The roster was changed meanwhile, and nothing is done yet.* Please check again:',
    ...effectLines(voice(ask), effects, inFull(voice(ask), zone), 'would be'),
    ...(offeredTo === null
      ? []
      : [`${person(voice(ask), offeredTo)} is asked first; nothing changes before they agree.`]),
    ...remarks.map((remark) => `:warning: ${remark}`),
    `_Times are in ${zone}._`,
  ].join('\n')
  return { ...only(text), more: confirmButtons(value) }
}

/** What to do as if it were typed, the digest of what was shown, and a name for doing it; or what to say instead. */
export type Confirmed = { text: string; confirmed: string; key: string } | { leave: string }

/** What *Do it* says: who was asked, when, what they saw, and what to type for it. */
export function confirmed(value: string, user: string, now: number): Confirmed {
  const [, whom, askedAt, seen, text] = /^([A-Z0-9]{1,50}) (\d{1,15}) ([\w-]{12}) ([^\n]+)$/.exec(value) ?? []
  if (!seen || !text) return { leave: staleAnswer('broken') }
  if (whom !== user) return { leave: staleAnswer('theirs') }
  if (Math.abs(now - Number(askedAt)) > ANSWER_MS) return { leave: staleAnswer('old') }
  // Pressed twice, it is done once.
  return { text, confirmed: seen, key: `${whom}/${askedAt}/${seen}` }
}

/** Whoever thinks about it for longer had better look at the roster again. */
const ANSWER_MS = 15 * 60_000

const digest = (effects: readonly Difference[]) =>
  createHash('sha256').update(JSON.stringify(effects)).digest('base64url').slice(0, 12)

export const instants = (startAt: number, endAt: number) =>
  `${new Date(startAt).toISOString()}..${new Date(endAt).toISOString()}`

/** What these pieces would do to the rosters as they are. */
export const effectsNow = (ask: Ask, pieces: Piece[]): Difference[] =>
  // The desk counts them; none has this number.
  effectsOf(ask.plan, ask.edits, { id: 0, pieces, activeAt: null })

/** What a change by hand does from now on, or would do once it is agreed to. */
export const effectsAhead = (ask: Ask, edit: RosterEdit): Difference[] =>
  effectsOf(ask.plan, ask.edits, edit).filter(({ endAt }) => endAt > ask.now)

/** Nothing would differ: the asker has it already, or something in the configuration stands above what is changed by hand. */
export function mustDiffer(effects: readonly Difference[], otherwise: string): void {
  if (effects.length === 0)
    throw new UserError(
      'nothing-differs',
      `${otherwise} Nothing was changed; ${code('/oncall')} shows who has the watch.`,
    )
}
