import type { Silence } from '../domain/detect/silence.ts'
import type { Recorded } from '../domain/fact.ts'
import { actions, button } from './blocks.ts'
import { disableAnswer, disableLine, disableNews } from './disable.ts'
import { code, duration, list, nearTime, reasonGiven } from './text.ts'
import { inc, person, type Voice } from './words.ts'

/** What is said of silences: in the channel of the service, to their owners, and in answer to `/silence`. Pure. */

/** Names in one sentence; the list has them all. */
const NAMED = 8

const names = (all: readonly string[]) =>
  list(all.length > NAMED ? [...all.slice(0, NAMED).map(code), `${all.length - NAMED} more`] : all.map(code))

const at = ({ rules, now }: Voice, instant: number) => nearTime(instant, rules.zone, now)

const what = ({ target }: Pick<Silence, 'target'>) => `${target.kind} ${code(target.name)}`

const why = ({ reason }: Pick<Silence, 'reason'>) => reasonGiven(reason)

/** Whether all that is left to come back waits for its injected fault alone. */
const isAllSeen = ({ awaiting, seen }: Silence) => awaiting.every((name) => seen.includes(name))

/** One silence in a line. */
export function silenceLine(voice: Voice, silence: Silence): string {
  const { id, by, fromAt, untilAt, state, awaiting } = silence
  const disabled = silence.mode === 'disable' ? disableLine(voice, silence) : null
  if (disabled !== null) return disabled
  const who = person(voice, by)
  switch (state) {
    case 'asked':
    case 'planned':
      return `:calendar: *${id}* ${what(silence)}, from ${at(voice, fromAt)} until ${at(voice, untilAt)}, by ${who}: ${why(silence)}`
    case 'active':
      return `:mute: *${id}* ${what(silence)}, until ${at(voice, untilAt)} (${duration(untilAt - voice.now)} more), by ${who}: ${why(silence)}`
    case 'returning':
      return `:hourglass_flowing_sand: *${id}* ${what(silence)} is over; ${isAllSeen(silence) ? `a fault injected into ${names(awaiting)} is to come through` : `${names(awaiting)} ${are(awaiting)} to report`} by ${at(voice, silence.returnBy ?? untilAt)}`
    case 'overdue':
      return `:sos: *${id}* ${what(silence)} is over, and ${names(awaiting)} ${have(awaiting)} not reported since`
    case 'back':
    case 'cancelled':
      return `:white_check_mark: *${id}* ${what(silence)} is over.`
    default:
      return state satisfies never
  }
}

const are = (all: readonly string[]) => (all.length > 1 ? 'are' : 'is')
const have = (all: readonly string[]) => (all.length > 1 ? 'have' : 'has')

type OfSilence = Recorded & { type: 'silence' }

const ended = ({ mode }: Silence) => (mode === 'disable' ? 'it was enabled again' : 'its silence ended')

/** What becomes of a silence, in the channel of its service; null for what nobody needs to read there. */
export function silenceNews(voice: Voice, fact: OfSilence, firing: readonly string[]): string | null {
  const { silence, by } = fact
  const { id, untilAt, fromAt, awaiting } = silence
  const disabled = silence.mode === 'disable' ? disableNews(voice, fact) : null
  if (disabled !== null) return disabled
  const who = person(voice, by ?? silence.by)
  const fails = firing.length > 0 ? ` Failing now: ${names(firing)}.` : ''
  const recorded = 'It is watched and recorded as ever; nobody is paged for it.'
  switch (fact.what) {
    case 'planned':
      return `:calendar: ${who} will silence ${what(silence)} from ${at(voice, fromAt)} until ${at(voice, untilAt)}: ${why(silence)} (silence ${id})`
    case 'begun':
      return `:mute: *Silenced:* ${what(silence)}, by ${person(voice, silence.by)} until ${at(voice, untilAt)}: ${why(silence)}. ${recorded} (silence ${id})`
    case 'extended':
      return `:mute: ${who} moved the end of the silence of ${what(silence)} to ${at(voice, untilAt)}: ${why(silence)} (silence ${id})`
    case 'ending':
      return `:hourglass_flowing_sand: The silence of ${what(silence)} ends at ${at(voice, untilAt)}.${fails} What fails then pages. Longer: \`/silence extend ${id} 1h\`.`
    case 'end-asked':
      return `:raised_hand: ${who} wants the silence of ${what(silence)} to end, which is ${person(voice, silence.by)}'s. One more person makes it so: \`/silence end ${id}\`.`
    case 'cancelled':
      return `:x: ${who} took back the silence of ${what(silence)} that was to begin at ${at(voice, fromAt)}.`
    case 'ended': {
      const whose = by === null ? 'is over' : `was ended by ${who}`
      const next =
        awaiting.length > 0
          ? ` ${isAllSeen(silence) ? `A fault injected into ${names(awaiting)} has to come through` : `${names(awaiting)} ${have(awaiting)} to report anew`} by ${at(voice, silence.returnBy ?? untilAt)}.`
          : ''
      return `:loud_sound: The silence of ${what(silence)} ${whose}.${fails}${fails === '' ? '' : ' What of that nobody has, pages now.'}${next}`
    }
    case 'back':
      return `:white_check_mark: The ${what(silence)} is watched again: everything has reported since ${ended(silence)}.`
    case 'overdue':
      return `:sos: *${names(awaiting)} ${have(awaiting)} not reported since ${silence.mode === 'disable' ? `${what(silence)} was enabled again` : `the silence of ${what(silence)} ended`}:* nobody is watching. ${person(voice, silence.by)} is paged, then whoever is on duty.`
    case 'reported':
    case 'asked':
    case 'disabled':
    case 'lapsed':
      return null
    default:
      return fact.what satisfies never
  }
}

/** The button for the second person, whom disabling a monitor takes. */
export const approval = ({ id, what: how, silence }: OfSilence) =>
  how === 'asked' ? actions([button('Approve', 'disable_approve', `${silence.id}/${id}`)], `disable_${silence.id}`) : []

/** To its owner, before it ends. */
export function silenceEnds(voice: Voice, fact: OfSilence, firing: readonly string[]): string {
  const { silence } = fact
  const disabled = silence.mode === 'disable' ? disableNews(voice, fact) : null
  if (disabled !== null) return disabled
  const { id, untilAt } = silence
  const fails =
    firing.length > 0
      ? `Failing now: ${names(firing)}, which pages then.`
      : 'Nothing that it covers fails at the moment.'
  return `:hourglass_flowing_sand: Your silence of ${what(silence)} ends at ${at(voice, untilAt)}: ${why(silence)}. ${fails} Longer: \`/silence extend ${id} 1h\`.`
}

/** The answer to whoever silenced, extended or ended. */
export function silenceAnswer(voice: Voice, silence: Silence, how: string, open: number | null): string {
  const goesOn =
    open === null
      ? ''
      : `\n:warning: ${inc(open)} is open for this service already and goes on: acknowledge it, or resolve it.`
  const disabled = disableAnswer(voice, silence, how)
  if (disabled !== null) return disabled
  const { id, by, untilAt, fromAt } = silence
  const span = `${silence.state === 'planned' ? `from ${at(voice, fromAt)} ` : ''}until ${at(voice, untilAt)}`
  switch (how) {
    case 'silenced':
      return `:mute: ${person(voice, by)} silenced ${what(silence)} ${span} (${duration(untilAt - fromAt)}): ${why(silence)}. It is watched and recorded as ever; nobody is paged for it. It is silence ${id}: \`/silence end ${id}\`, \`/silence extend ${id} 1h\`.${goesOn}`
    case 'extended':
      return `:mute: The silence ${id} of ${what(silence)} now lasts until ${at(voice, untilAt)}.`
    case 'end-asked':
      return `:raised_hand: The silence ${id} of ${what(silence)} is ${person(voice, by)}'s, so ending it takes two people. One more has to type \`/silence end ${id}\`; until then it holds.`
    default:
      return `:loud_sound: The silence ${id} of ${what(silence)} is over. What fails still pages now.`
  }
}
