import { ancestors, dependents } from '../domain/detect/depends.ts'
import { type Silence, serviceOf } from '../domain/detect/silence.ts'
import type { Recorded } from '../domain/fact.ts'
import { code, duration, list, nearTime, reasonGiven } from './text.ts'
import { person, type Voice } from './words.ts'

/** What is said of monitors that are disabled: they do not look, which is more than being silent. Pure. */

const at = ({ rules, now }: Voice, instant: number) => nearTime(instant, rules.zone, now)
const name = ({ target }: Silence) => code(target.name)
const why = ({ reason }: Silence) => reasonGiven(reason)

/** One of them in a line, while it is asked for or holds; what comes after is said as of any silence. */
export function disableLine(voice: Voice, silence: Silence): string | null {
  const { id, by, approvedBy, untilAt, state } = silence
  const who = person(voice, by)
  if (state === 'asked')
    return `:raised_hand: *${id}* ${who} asks to disable monitor ${name(silence)} until ${at(voice, untilAt)}: ${why(silence)} ${code(`/monitor approve ${id}`)}`
  if (state !== 'active') return null
  return `:no_entry_sign: *${id}* monitor ${name(silence)} is *disabled*, until ${at(voice, untilAt)} (${duration(untilAt - voice.now)} more), by ${who} with ${person(voice, approvedBy ?? '')}: ${why(silence)}`
}

/** Whom it leaves to others: what depends on it, and what watches its service meanwhile. */
function leaves({ rules }: Voice, silence: Silence): string {
  const { name: monitor } = silence.target
  const service = serviceOf(silence, rules)
  const others = Object.values(rules.monitors).filter((each) => each.service === service && each.name !== monitor)
  const rest =
    others.length === 0
      ? ''
      : ` Service ${code(service ?? '')} is watched by ${list(others.slice(0, 6).map((each) => code(each.name)))}${others.length > 6 ? ' and others' : ''} meanwhile.`
  const children = dependents(rules, monitor).map((child) => {
    const above = ancestors(rules, child, new Set([monitor]))
    return ` ${code(child)} depends on ${above.length > 0 ? list(above.map(code)) : 'nothing'} meanwhile${above.length > 0 ? '' : ', and pages by itself'}.`
  })
  return [rest, ...children.slice(0, 6)].join('')
}

/** In the channel of its service; null for what is said as of any silence. */
export function disableNews(voice: Voice, { what, by, silence }: Recorded & { type: 'silence' }): string | null {
  const who = person(voice, by ?? silence.by)
  switch (what) {
    case 'asked':
      return `:raised_hand: ${who} asks to *disable* monitor ${name(silence)} until ${at(voice, silence.untilAt)}: ${why(silence)}. It would not look at all until then.${leaves(voice, silence)} Somebody else has to approve it: the button, or ${code(`/monitor approve ${silence.id}`)}.`
    case 'disabled':
      return `:no_entry_sign: *Disabled:* monitor ${name(silence)} does not look until ${at(voice, silence.untilAt)}: ${why(silence)}. Asked for by ${person(voice, silence.by)}, approved by ${who}.${leaves(voice, silence)} It is enabled by itself then, or by ${code(`/monitor enable ${silence.target.name}`)}.`
    case 'lapsed':
      return `:x: Nobody approved that monitor ${name(silence)} is disabled: it goes on looking.`
    case 'cancelled':
      return `:x: ${who} took back that monitor ${name(silence)} is to be disabled: it goes on looking.`
    case 'ending':
      return `:hourglass_flowing_sand: Monitor ${name(silence)} is enabled again at ${at(voice, silence.untilAt)}, and has to show then that it watches.`
    case 'ended':
      return `:eyes: Monitor ${name(silence)} is enabled again${by === null ? '' : ` by ${who}`}, and has to show by ${at(voice, silence.returnBy ?? silence.untilAt)} that it watches.`
    default:
      return null
  }
}

/** The answer to whoever asked or approved. */
export function disableAnswer(voice: Voice, silence: Silence, how: string): string | null {
  if (silence.mode !== 'disable') return null
  const until = at(voice, silence.untilAt)
  switch (how) {
    case 'disable-asked':
      return `:raised_hand: ${person(voice, silence.by)} asks to disable monitor ${name(silence)} until ${until}. Until somebody else types ${code(`/monitor approve ${silence.id}`)}, within a quarter of an hour, it goes on looking.`
    case 'disabled':
      return `:no_entry_sign: Monitor ${name(silence)} does not look until ${until}; then it is enabled by itself, and has to show that it watches.`
    case 'ended':
      return silence.state === 'cancelled'
        ? `:eyes: Monitor ${name(silence)} is not disabled: it goes on looking.`
        : `:eyes: Monitor ${name(silence)} is enabled again, and has to show by ${at(voice, silence.returnBy ?? silence.untilAt)} that it watches.`
    default:
      return null
  }
}
