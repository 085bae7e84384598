import type { KnownBlock } from '@slack/types'
import { DateTime } from 'luxon'
import { DAY_MS } from '../domain/duty/time.ts'
import { type Handover, handoverId, type Situation, type WatchPage } from '../domain/handover.ts'
import { type Incident, isOpen } from '../domain/incident.ts'
import { outlook } from '../domain/watch/outlook.ts'
import type { Message } from './api.ts'
import { actions, button, context, header, section, sections, spoken, title } from './blocks.ts'
import { coverageLine } from './coverage.ts'
import { deployLine } from './deploy-words.ts'
import { silenceLine } from './silence.ts'
import { code, cut, duration, list, plain, when } from './text.ts'
import { inc, people, person, severityMark, standing, type Voice } from './words.ts'

/** What is said of a change of the watch: who has it, who takes it, and what goes with it. Pure. */
type Rendered = Pick<Message, 'text' | 'blocks'>

/** An instant, with both readings where a clock changes around it: nobody should have to ask which half past one is meant. */
export function shiftTime({ rules, now }: Voice, schedule: string, at: number): string {
  const zone = rules.schedules[schedule]?.zone ?? rules.zone
  const format = Math.abs(at - now) < DAY_MS / 2 ? '{time}' : '{date_short_pretty} {time}'
  const shown = when(at, zone, format)
  const local = (instant: number) => DateTime.fromMillis(instant, { zone, locale: 'en-GB' })
  if (local(at - DAY_MS).offset === local(at + DAY_MS).offset) return shown
  return `${shown} (${local(at).toFormat("HH:mm ZZZZ, 'UTC'ZZ")}; the clock changes that day)`
}

/** How the handover stands, in a sentence or two. */
export function handoverStanding(voice: Voice, handover: Handover): string {
  const { schedule, changeAt, limitAt, opensAt, outgoing, incoming, staying, state, by, settledAt } = handover
  const at = (instant: number) => shiftTime(voice, schedule, instant)
  const whoGoes = people(voice, outgoing)
  const whoComes = people(voice, incoming)
  const goesOn = staying.length > 0 ? ` ${people(voice, staying)} ${are(staying)} on duty throughout.` : ''
  const relieved = `${whoGoes} ${stand(outgoing)} relieved`
  switch (state) {
    case 'planned': {
      if (outgoing.length === 0) return `:anchor: The watch of ${whoComes} begins at ${at(changeAt)}.${goesOn}`
      if (incoming.length === 0 && staying.length === 0)
        return `:ghost: The watch of ${whoGoes} ends at ${at(changeAt)}, and *nobody* is on duty from then on.`
      if (incoming.length === 0) return `:anchor: The watch of ${whoGoes} ends at ${at(changeAt)}.${goesOn}`
      return `:anchor: ${whoGoes} ${have(outgoing)} the watch. ${whoComes} ${take(incoming)} over at ${at(changeAt)}, and can take it from ${at(opensAt)} on.${goesOn}`
    }
    case 'relieved-early':
      return `:white_check_mark: ${person(voice, by ?? '')} *has the watch* since ${at(settledAt ?? changeAt)}, before the change at ${at(changeAt)}; ${relieved}.${goesOn}`
    case 'due':
      return `:hourglass_flowing_sand: ${whoComes} ${are(incoming)} on duty since ${at(changeAt)}, and nobody has confirmed yet. *${whoGoes} still ${have(outgoing)} the watch, too*, until ${at(limitAt)} at the latest.${goesOn}`
    case 'overdue':
      return `:warning: ${whoComes} ${are(incoming)} on duty since ${at(changeAt)}, *did not confirm, and ${incoming.length > 1 ? 'were' : 'was'} paged*. ${whoGoes} still ${have(outgoing)} the watch, too, until ${at(limitAt)} at the latest.${goesOn}`
    case 'relieved':
      return by === null
        ? `:white_check_mark: ${relieved} since ${at(changeAt)}.${goesOn}`
        : `:white_check_mark: ${person(voice, by)} *has the watch*, ${relieved}${settledAt === null ? '' : ` (${at(settledAt)})`}.${goesOn}`
    case 'forced':
      return `:sos: *Nobody confirmed the watch* by ${at(limitAt)}. ${relieved} all the same; by the roster it is ${whoComes}'s, who did not answer. The last resort has been paged.${goesOn}`
    case 'gap':
      return `:ghost: *Nobody is on duty* since ${at(changeAt)}. ${whoGoes} ${are(outgoing)} paged until ${at(limitAt)} still, and the next step of the policy with them.`
    case 'gap-open':
      return `:ghost: *Nobody has the watch.* ${relieved} since ${at(limitAt)}; pages go to the next step of the policy at once.`
    case 'started':
      return `:anchor: ${whoComes} *${have(incoming)} the watch* since ${at(changeAt)}; before, nobody was on duty.${goesOn}`
    case 'superseded':
      return `:arrow_right_hook: The next change has come before anybody confirmed this one.`
    case 'void':
      return `:x: This change is off: the roster was changed. \`/oncall ${schedule}\` shows who is on duty.`
    default:
      return state satisfies never
  }
}

const are = (names: readonly string[]) => (names.length > 1 ? 'are' : 'is')
const have = (names: readonly string[]) => (names.length > 1 ? 'have' : 'has')
const take = (names: readonly string[]) => (names.length > 1 ? 'take' : 'takes')
const stand = (names: readonly string[]) => (names.length > 1 ? 'stand' : 'stands')

/** What is open, what came, and what may go wrong (I-PASS: severity, summary, actions, contingency). */
function whatGoesWithIt(
  voice: Voice,
  handover: Handover,
  { open, notes, silences, coverage, learning, deploys, shift, unreachable }: Situation,
): string[] {
  const shown = open.slice(0, OPEN_SHOWN)
  const lines = shown.map((incident) => {
    const channel = incident.channel ? ` · <#${incident.channel.id}|${incident.channel.name}>` : ''
    const kept =
      incident.keptUntilAt === null ? '' : ` Kept until ${shiftTime(voice, handover.schedule, incident.keptUntilAt)}.`
    const since = `since ${when(incident.openedAt, voice.rules.zone)}`
    return `${severityMark[incident.severity]} *${title({ ...incident, title: plain(cut(incident.title, 120)) })}* · ${incident.severity}, ${since}${channel}\n      ${standing(voice, incident, outlook(incident, voice.rules))}${kept}${lastWord(voice, notes[incident.id])}`
  })
  const others = [...handover.outgoing, ...handover.incoming, ...handover.staying].filter((name) => unreachable[name])
  return [
    open.length === 0 ? ':large_green_circle: Nothing is open.' : `*Open (${open.length}):*`,
    ...lines,
    ...(open.length > shown.length ? [`_and ${open.length - shown.length} more: \`/incident list\`_`] : []),
    ...(silences.length > 0
      ? [`*Silenced (${silences.length}):*`, ...silences.slice(0, OPEN_SHOWN).map((each) => silenceLine(voice, each))]
      : []),
    ...(silences.length > OPEN_SHOWN ? ['_and more: `/silence list`_'] : []),
    ...(deploys.length > 0
      ? [`*Deploys (${deploys.length}):*`, ...deploys.slice(0, OPEN_SHOWN).map((each) => deployLine(voice, each))]
      : []),
    ...(deploys.length > OPEN_SHOWN ? ['_and more: `/deploy log`_'] : []),
    ...coverage.filter(({ gaps }) => gaps.length > 0).map(coverageLine),
    ...learning
      .slice(0, OPEN_SHOWN)
      .map(
        ({ monitor, untilAt }) =>
          `:seedling: ${code(monitor)} still learns what is usual, until ${when(untilAt, voice.rules.zone, '{date_short_pretty} {time}')}: what is new to it pages nobody before that.`,
      ),
    ...(shift === null
      ? []
      : [
          shift.pages === 0
            ? 'No pages in the watch that ends.'
            : `The watch that ends had ${count(shift.pages, 'page')} for ${count(shift.incidents, 'incident')}.`,
        ]),
    ...others.map((name) => `:no_entry: *${person(voice, name)} cannot be paged:* ${code(unreachable[name] ?? '')}`),
  ]
}

/** What was noted last: the next person begins where that ends. */
function lastWord(voice: Voice, note: Situation['notes'][number] | undefined): string {
  if (!note) return ''
  return `\n      :memo: ${person(voice, note.by)}, ${when(note.at, voice.rules.zone)}: ${plain(cut(note.text.replaceAll(/\s+/g, ' '), 200))}`
}

const OPEN_SHOWN = 8
export const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`

const isOver = ({ state }: Handover) => !['planned', 'due', 'overdue'].includes(state)

export const confirmButton = ({ schedule, changeAt }: Pick<Handover, 'schedule' | 'changeAt'>) =>
  button('I have the watch', 'watch_confirm', handoverId(schedule, changeAt), 'primary')

/** The value of a button about an incident on a message about a handover names both. */
export const aboutIncident = (incident: Incident, { schedule, changeAt }: Pick<Handover, 'schedule' | 'changeAt'>) =>
  `${incident.id}/${handoverId(schedule, changeAt)}`

const headline = ({ schedule }: Handover, what: string) => header(`:anchor: ${what} ${schedule}`)

export interface Prompt {
  handover: Handover
  person: string
  moment: 'ahead' | 'window' | 'change'
}

/** What one person is told of a change: an hour ahead, as the window opens, and as it comes. */
export function promptMessage(voice: Voice, { handover, person: who, moment }: Prompt, situation: Situation): Rendered {
  const comes = handover.incoming.includes(who)
  const at = shiftTime(voice, handover.schedule, handover.changeAt)
  const stands = handoverStanding(voice, handover)
  if (moment === 'ahead') {
    const yours =
      handover.state === 'void'
        ? ''
        : comes
          ? `*Your watch begins at ${at}*, in ${duration(handover.changeAt - voice.now)}.\n`
          : `*Your watch ends at ${at}*, in ${duration(handover.changeAt - voice.now)}.\n`
    return {
      text: spoken(`${handover.schedule}: ${yours}${stands}`),
      blocks: [section(`${code(handover.schedule)}: ${yours}${stands}`)],
    }
  }
  const mine = situation.open.filter(({ ackedBy, state }) => state === 'acked' && ackedBy === who)
  const next = comes ? whatToDo(voice, handover) : toLeave(voice, handover, mine)
  const id = `handover_${handoverId(handover.schedule, handover.changeAt)}_${moment}`
  const buttons = isOver(handover)
    ? []
    : comes
      ? actions([confirmButton(handover)], id)
      : mine.slice(0, LEFT_SHOWN).flatMap((incident) => leave(incident, handover, id))
  return {
    text: spoken(`Handover of ${handover.schedule}. ${stands}`),
    blocks: [
      headline(handover, 'Handover of'),
      section(stands),
      // Whoever saw the window open has read it.
      ...(moment === 'change' && handover.opened ? [] : sections(whatGoesWithIt(voice, handover, situation))),
      ...(isOver(handover) || next === '' ? [] : [section(next)]),
      ...buttons,
    ],
  }
}

/** Incidents with buttons of their own, of those that somebody has who goes. */
const LEFT_SHOWN = 5

/** What whoever goes can do with an incident that is theirs. */
function leave(incident: Incident, handover: Handover, id: string): KnownBlock[] {
  const value = aboutIncident(incident, handover)
  const name = inc(incident.id)
  return actions(
    [
      button(`Hand over ${name}`, 'incident_hand_over', value),
      button(`Keep ${name} for 1 h`, 'incident_keep', value),
      button(`Resolve ${name}`, 'incident_leave', value),
    ],
    `${id}_${incident.id}`,
  )
}

const whatToDo = (voice: Voice, { outgoing }: Handover) =>
  outgoing.length === 0
    ? ''
    : `Press *I have the watch* when you have read what is open: ${people(voice, outgoing)} ${stand(outgoing)} relieved, and what they have is yours, unless they keep it.`

function toLeave(voice: Voice, { incoming, schedule }: Handover, mine: readonly Incident[]): string {
  if (mine.length === 0) return ''
  const names = list(mine.map(({ id }) => inc(id)))
  const them = incoming.length > 0 ? people(voice, incoming) : 'whoever is on duty'
  const it = mine.length > 1 ? 'them' : 'it'
  const asked = mine.flatMap((incident) => {
    const latest = incident.handed.at(-1)
    return latest?.by === incident.ackedBy
      ? [` ${people(voice, latest?.to ?? [])} ${are(latest?.to ?? [])} asked to take ${inc(incident.id)}.`]
      : []
  })
  return `*You have ${names}.* ${them} ${incoming.length > 1 ? 'take' : 'takes'} ${it} with the watch of ${code(schedule)}. Hand ${it} over before that, keep what you are in the middle of, for an hour at most (\`/incident keep INC-n 30m\`), or resolve ${it}.${asked.join('')}`
}

/** The handover in a channel: everybody sees who has the watch. */
export function handoverMessage(voice: Voice, handover: Handover, situation: Situation): Rendered {
  const stands = handoverStanding(voice, handover)
  return {
    text: spoken(`Handover of ${handover.schedule}. ${stands}`),
    blocks: [
      headline(handover, 'Handover of'),
      section(stands),
      ...(isOver(handover) ? [] : sections(whatGoesWithIt(voice, handover, situation))),
      ...(isOver(handover) || handover.incoming.length === 0
        ? []
        : actions([confirmButton(handover)], `handover_${handoverId(handover.schedule, handover.changeAt)}`)),
    ],
  }
}

/** Said in a channel when the watch has passed, or has not: "07:58 dana has the watch, nora stands relieved." */
export function reliefMessage(voice: Voice, handover: Handover, at: number): Rendered {
  const text = `${when(at, voice.rules.schedules[handover.schedule]?.zone ?? voice.rules.zone)} ${code(handover.schedule)}: ${handoverStanding(voice, handover)}`
  return { text: spoken(text), blocks: [section(text)] }
}

/** A page about the watch itself. */
export function watchPageMessage(
  voice: Voice,
  page: WatchPage,
  handover: Handover,
  incidents: readonly Incident[],
): Rendered {
  const { schedule } = handover
  const open = incidents.filter((incident) => isOpen(incident) && incident.inherited !== null)
  const stands = handoverStanding(voice, handover)
  const late =
    page.dueAt === null
      ? ''
      : `\n:warning: This page is late: it was due at ${shiftTime(voice, schedule, page.dueAt)}, but Watchbill was stopped, or could not reach its store.`
  const lines = open.map(
    (incident) =>
      `${severityMark[incident.severity]} *${title({ ...incident, title: plain(incident.title) })}*\n      ${standing(voice, incident, null)} Unless somebody takes it over by ${shiftTime(voice, schedule, incident.inherited?.untilAt ?? 0)}, the policy begins again.`,
  )
  const what = whatIsAsked(voice, page, handover)
  const takes = open
    .slice(0, 5)
    .map((incident) => button(`Take ${inc(incident.id)}`, 'incident_accept', aboutIncident(incident, handover)))
  const confirms =
    isOver(handover) && open.length === 0 ? [] : page.kind === 'relief-failed' ? [] : [confirmButton(handover)]
  return {
    text: spoken(`${what.headline}. ${what.why}`),
    blocks: [
      header(`${what.mark} ${what.headline}`),
      ...(lines.length > 0 ? [section(lines.join('\n'))] : []),
      section(stands),
      section(`*Why you:* ${what.why}${late}`),
      ...actions([...confirms, ...(page.kind === 'relief-failed' ? [] : takes)], `watch_${page.key}`),
      context(`watch of ${code(schedule)}`),
    ],
  }
}

function whatIsAsked(
  voice: Voice,
  page: WatchPage,
  handover: Handover,
): { mark: string; headline: string; why: string } {
  const { schedule, changeAt, outgoing, incoming } = handover
  const since = shiftTime(voice, schedule, changeAt)
  switch (page.kind) {
    case 'inherit':
      return {
        mark: ':handshake:',
        headline: `Take over what is open: ${schedule}`,
        why: `you are on duty for ${code(schedule)} since ${since}, and the watch of ${people(voice, outgoing)} is over. *I have the watch* takes all of it.`,
      }
    case 'relief-overdue':
      return {
        mark: ':alarm_clock:',
        headline: `Confirm your watch: ${schedule}`,
        why: `you are on duty for ${code(schedule)} since ${since} and have not confirmed. This page also shows whether you can be reached: press *I have the watch*.`,
      }
    case 'relief-failed':
      return {
        mark: ':sos:',
        headline: `Nobody confirmed the watch: ${schedule}`,
        why: `you are the last resort. ${people(voice, incoming)} ${are(incoming)} on duty since ${since}, and did not answer. Reach them, or find somebody: \`/oncall take ${schedule}\` gives the watch to whoever types it.`,
      }
    default:
      return page.kind satisfies never
  }
}

/** Somebody is asked to take an incident that is another's until they do. */
export function handedMessage(
  voice: Voice,
  incident: Incident,
  { by, at }: { by: string; at: number },
  who: string,
): Rendered {
  const isAsked = incident.state === 'acked' && incident.ackedBy === by
  const name = `${severityMark[incident.severity]} *${title({ ...incident, title: plain(incident.title) })}*`
  const channel = incident.channel
    ? `\n<#${incident.channel.id}|${incident.channel.name}> has what happened so far.`
    : ''
  const asks = `${person(voice, by)} asks you to take it over (${when(at, voice.rules.zone)}). Until you do, it stays theirs.${channel}`
  return {
    text: spoken(`${inc(incident.id)}: ${person(voice, by)} asks you to take over ${plain(incident.title)}`),
    blocks: [
      section(`:handshake: ${name}\n${standing(voice, incident, outlook(incident, voice.rules))}`),
      ...(isAsked ? [section(asks)] : []),
      ...actions(
        isAsked ? [button(`Take ${inc(incident.id)}`, 'incident_take', String(incident.id), 'primary')] : [],
        `handed_${incident.id}_${who}`,
      ),
    ],
  }
}

/** To whoever comes on duty next: no page yet, and when it will be one. The channel is only being made while this goes out. */
export function headsUpMessage(
  voice: Voice,
  incident: Incident,
  fact: { schedule: string; changeAt: number; dualAt: number },
): Rendered {
  const at = (instant: number) => shiftTime(voice, fact.schedule, instant)
  const text = `:alarm_clock: *Heads-up:* ${severityMark[incident.severity]} *${title({ ...incident, title: plain(incident.title) })}*\nYour watch of ${code(fact.schedule)} begins at ${at(fact.changeAt)}. Whoever has it now is being paged; *you are paged at ${at(fact.dualAt)}* unless somebody has acknowledged by then.`
  return { text: spoken(text), blocks: [section(text)] }
}
