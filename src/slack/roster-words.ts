import type { Difference } from '../domain/duty/substitute.ts'
import type { Event, Outcome } from '../domain/event.ts'
import type { Recorded } from '../domain/fact.ts'
import type { RosterEdit } from '../domain/handover.ts'
import { code, fullRange, when } from './text.ts'
import { answer, people, person, type Voice } from './words.ts'

/** What the bot says about changes of the roster by hand. */

/** Stretches that are named in one message; more of them are told by their number. */
const STRETCHES = 12

/** From when to when, as each reader's own clock shows it. */
const forReaders =
  (voice: Voice) =>
  ({ startAt, endAt }: Difference) => {
    const at = (instant: number) => when(instant, voice.rules.zone, '{date_short_pretty} {time}')
    return `from ${at(startAt)} until ${at(endAt)}`
  }

/** In a zone, in full; and in the schedule's own, where its clocks differ. */
export const inFull = (voice: Voice, zone: string) => (effect: Difference) => {
  const { startAt, endAt, schedule } = effect
  const theirs = voice.rules.schedules[schedule]?.zone ?? zone
  const [mine, own] = [fullRange(startAt, endAt, zone), fullRange(startAt, endAt, theirs)]
  return mine === own ? `*${mine}*` : `*${mine}* (${own} in ${theirs})`
}

/** Who is on duty when instead of whom, a line each. */
export function effectLines(
  voice: Voice,
  effects: readonly Difference[],
  span = forReaders(voice),
  is: 'is' | 'would be' = 'is',
): string[] {
  const lines = effects.slice(0, STRETCHES).map((effect) => {
    const { schedule, incoming, outgoing } = effect
    const are = is === 'is' && (incoming.length || outgoing.length) > 1 ? 'are' : is
    if (incoming.length === 0)
      return `• ${code(schedule)}: ${people(voice, outgoing)} ${are} not on duty ${span(effect)}, and nobody instead`
    const instead = outgoing.length > 0 ? `instead of ${people(voice, outgoing)}` : 'where nobody gives way'
    return `• ${code(schedule)}: ${people(voice, incoming)} ${are} on duty ${span(effect)} ${instead}`
  })
  const more = effects.length - lines.length
  return more > 0 ? [...lines, `_and ${more} more stretches like these_`] : lines
}

const whatItWas: Record<RosterEdit['kind'], string> = {
  take: 'took the watch',
  cover: 'covers',
  swap: 'swaps',
  override: 'changed the roster',
}

/** The answer to whoever changed something, for everybody to read. */
export function changed(voice: Voice, event: Event, outcome: Outcome, effects: readonly Difference[]): string {
  if (outcome.result === 'refused' || !('by' in event)) return answer(voice, event, outcome)
  const by = person(voice, event.by)
  const number = outcome.edit ?? 0
  const lines = effectLines(voice, effects)
  switch (outcome.how) {
    case 'overridden': {
      const how = event.type === 'override' ? whatItWas[event.kind] : 'changed the roster'
      return [`:arrows_counterclockwise: ${by} ${how} (change ${number}).`, ...lines, undo(number)].join('\n')
    }
    case 'offered': {
      const other = event.type === 'override' && event.offeredTo ? person(voice, event.offeredTo) : 'the other'
      return [
        `:left_right_arrow: ${by} offers ${other} a swap (change ${number}). Nothing changes before ${other} agrees:`,
        ...effectLines(voice, effects, forReaders(voice), 'would be'),
        `${other} has a message with buttons, or types \`/oncall agree ${number}\` or \`/oncall decline ${number}\`.`,
      ].join('\n')
    }
    case 'agreed':
      return [`:handshake: ${by} agreed to the swap (change ${number}).`, ...lines, undo(number)].join('\n')
    case 'declined':
      return `:no_good: ${by} declined the swap (change ${number}), and the roster stays as it is.`
    case 'cancelled':
      return [`:leftwards_arrow_with_hook: ${by} took the change ${number} of the roster back.`, ...lines].join('\n')
    default:
      return answer(voice, event, outcome)
  }
}

const undo = (number: number) => `_Not so? \`/oncall cancel ${number}\` ends it._`

/** A word to somebody whom a change concerns. */
export function editWords(
  voice: Voice,
  fact: Recorded & { type: 'edited' },
  edit: RosterEdit,
  effects: readonly Difference[],
): string {
  const by = person(voice, fact.by)
  const { id } = edit
  const lines = effectLines(voice, effects)
  switch (fact.how) {
    case 'offered': {
      const would = effectLines(voice, effects, forReaders(voice), edit.state === 'active' ? 'is' : 'would be')
      return [`:left_right_arrow: *${by} offers you a swap* (change ${id}).`, ...would, offerStands(voice, edit)].join(
        '\n',
      )
    }
    case 'made':
      return [`:arrows_counterclockwise: *${by} ${whatItWas[edit.kind]}* (change ${id}).`, ...lines].join('\n')
    case 'agreed':
      return [`:handshake: *${by} agreed to your swap* (change ${id}).`, ...lines].join('\n')
    case 'declined':
      return `:no_good: *${by} declined your swap* (change ${id}), and the roster stays as it is.`
    case 'cancelled':
      if (fact.edit.activeAt === null)
        return `:leftwards_arrow_with_hook: *${by} took the offer ${id} back*, and the roster stays as it is.`
      return [`:leftwards_arrow_with_hook: *${by} took the change ${id} of the roster back.*`, ...lines].join('\n')
    default:
      return fact.how satisfies never
  }
}

export const isOpenOffer = ({ state, pieces }: RosterEdit, now: number) =>
  state === 'offered' && pieces.some(({ endAt }) => endAt > now)

function offerStands(voice: Voice, edit: RosterEdit): string {
  switch (edit.state) {
    case 'offered':
      return isOpenOffer(edit, voice.now)
        ? `Nothing changes before you agree. By word: \`/oncall agree ${edit.id}\`, \`/oncall decline ${edit.id}\`.`
        : '_Its time has passed, and nothing was changed._'
    case 'active':
      return `:white_check_mark: *You agreed.* \`/oncall cancel ${edit.id}\` ends it.`
    case 'declined':
      return ':no_good: *You declined*, and nothing was changed.'
    case 'cancelled':
      return edit.activeAt === null
        ? ':leftwards_arrow_with_hook: *It was taken back*, and nothing was changed.'
        : ':leftwards_arrow_with_hook: *It was ended.*'
    default:
      return edit.state satisfies never
  }
}

/** A button on an answer of ours that may not be pressed any more, or not by this person. */
export const staleAnswer = (why: 'old' | 'theirs' | 'broken') =>
  ({
    old: 'That was asked a while ago, so nothing was done. Please type it again, so that you see how the roster is now.',
    theirs: 'Somebody else was asked that, so nothing was done. Type it yourself if you mean it.',
    broken: 'That button says nothing that I asked, so nothing was done. Please type it again.',
  })[why]

export const nothingChanged = ':ok: Nothing was changed.'

export const notOurOffer =
  'That button is not on a message that Watchbill wrote about this swap (it may be a copy), so nothing was done. If you mean it: `/oncall agree N` or `/oncall decline N`; `/oncall mine` lists what waits for you.'
