import type { KnownBlock } from '@slack/types'
import { DateTime } from 'luxon'
import { type Segment, samePeople } from '../domain/duty/schedule.ts'
import type { Schedule } from '../domain/duty/schedule-types.ts'
import type { Warned } from '../domain/duty/warning.ts'
import { type Handover, handoverId, type Watch } from '../domain/handover.ts'
import { graver, type Incident } from '../domain/incident.ts'
import { type Person, schedulesOf } from '../domain/rules.ts'
import { outlook } from '../domain/watch/outlook.ts'
import { actions, button, context, header, section, sections, title } from './blocks.ts'
import { aboutIncident, confirmButton, count, handoverStanding, shiftTime } from './handover.ts'
import { shadowSentence } from './shadow.ts'
import { code, cut, list, plain, when } from './text.ts'
import { inc, people, person, rosterProblem, severityMark, standing, unreachable, type Voice } from './words.ts'

/** What somebody sees who opens the app in Slack: first what to press, then who is on duty. Pure. */
export interface Home {
  /** Slack id. */
  user: string
  /** As the configuration knows them; null when it does not. */
  person: Person | null
  /** A guest may read, not act. */
  guest: boolean
  /** Why Slack does not reach them, null when it does. */
  unreachable: string | null
  stood: readonly Stood[]
  /** Those that are not over. */
  handovers: readonly Handover[]
  open: readonly Incident[]
  /** What is wrong with the rosters soon. */
  problems: readonly Warned[]
}

/** A schedule as it is stood: from now on, for as long as is looked ahead. */
interface Stood {
  schedule: Schedule
  segments: readonly Segment[]
  /** The end of what is looked at: what reaches until then goes on. */
  toAt: number
  /** By the last decision. */
  watch: Watch | null
}

/** Slack takes 100 blocks in a view. These leave room, and nobody reads more at 4 a.m. */
const INCIDENTS_SHOWN = 8
const HANDOVERS_SHOWN = 4
const SCHEDULES_SHOWN = 25
const SHIFTS_SHOWN = 6
const PROBLEMS_SHOWN = 4

export function homeBlocks(voice: Voice, home: Home): KnownBlock[] {
  const me = home.person?.name ?? null
  const shadow = shadowSentence(voice.rules)
  return [
    ...(shadow === null ? [] : [section(`:busts_in_silhouette: *${shadow}*`)]),
    ...(me === null ? [header('Who is on duty'), section(stranger(home.user))] : mine(voice, home, me)),
    ...(me === null ? [] : [{ type: 'divider' as const }, header('Who is on duty')]),
    ...sections(onDuty(voice, home)),
    ...(me === null ? [] : [...sections(shifts(voice, home, me)), ...sections(gaps(voice, home))]),
  ]
}

/** Under all of it. */
export const homeFooter = ({ rules, now }: Voice): KnownBlock =>
  context(
    `As of ${when(now, rules.zone, '{date_short_pretty} {time}')}, and kept up to date. In any channel: \`/oncall\`, \`/incident list\`, \`/page @person TEXT\`, \`/watchbill help\``,
  )

const stranger = (user: string) =>
  `:wave: *You are not in Watchbill's configuration*, so it never pages you. You can read here who is on duty; \`/oncall\` in any channel says the same.\nTo be paged, to acknowledge and to take watches, ask an admin to add you to \`watchbill.yaml\`: \`people:\`, your name, and \`slack: ${user}\`.`

/** What one person has to do, has, and is about to have. */
function mine(voice: Voice, home: Home, me: string): KnownBlock[] {
  const open = home.open.filter((incident) => concerns(incident, me)).sort((a, b) => byUrgency(a, b, me))
  const handovers = home.handovers.filter(({ incoming, outgoing }) => [...incoming, ...outgoing].includes(me))
  const confirms = handovers.filter((handover) => canConfirm(voice, handover, me))
  const coming = home.open.filter(
    (incident) => !open.includes(incident) && confirms.some((handover) => goesWith(incident, handover)),
  )
  const others = home.open.length - open.length - coming.length
  return [
    header(headline(open, confirms, me)),
    ...(home.unreachable === null ? [] : [section(cannotBePaged(home.unreachable))]),
    ...(home.guest ? [section(GUEST)] : []),
    ...open.slice(0, INCIDENTS_SHOWN).flatMap((incident) => incidentBlocks(voice, incident, me, home.guest)),
    ...(open.length > INCIDENTS_SHOWN
      ? [section(`_and ${open.length - INCIDENTS_SHOWN} more: \`/incident list\`_`)]
      : []),
    ...[...confirms, ...handovers.filter((each) => !confirms.includes(each))]
      .slice(0, HANDOVERS_SHOWN)
      .flatMap((handover) => {
        const goesAlong = confirms.includes(handover) ? coming.filter((incident) => goesWith(incident, handover)) : []
        return handoverBlocks(voice, handover, goesAlong, canConfirm(voice, handover, me) && !home.guest)
      }),
    ...(others > 0
      ? [
          context(
            `${count(others, 'other incident')} ${others > 1 ? 'are' : 'is'} open; you were not paged for ${others > 1 ? 'them' : 'it'}: \`/incident list\``,
          ),
        ]
      : []),
  ]
}

const GUEST = ':no_entry: Guests of the workspace may read, but not act: the buttons are for full members.'

const cannotBePaged = (reason: string) =>
  `:no_entry: *You cannot be paged:* ${unreachable(reason)} (${code(reason)}). Pages that are meant for you go to the next person at once. Ask whoever runs Watchbill to correct your Slack id under \`people:\`.`

/** Whoever has it, answers with them, or was paged for it. */
const concerns = ({ ackedBy, responders, pages, offered }: Incident, me: string) =>
  ackedBy === me ||
  responders.includes(me) ||
  pages.some((page) => page.person === me && page.refused === null) ||
  offered.some(({ person: to }) => to === me)

/** Nobody has it, or its owner's watch is over and somebody has to take it. */
const isWanted = ({ state, inherited, ackedBy }: Incident, me: string) =>
  state !== 'acked' || (inherited !== null && ackedBy !== me)

const byUrgency = (a: Incident, b: Incident, me: string) =>
  Number(isWanted(b, me)) - Number(isWanted(a, me)) ||
  (a.severity === b.severity ? b.id - a.id : graver(a.severity, b.severity) === a.severity ? -1 : 1)

function headline(open: readonly Incident[], confirms: readonly Handover[], me: string): string {
  const named = (incidents: readonly Incident[]) =>
    incidents.length > 3 ? `${incidents.length} incidents` : list(incidents.map(({ id }) => inc(id)))
  const wanted = open.filter((incident) => isWanted(incident, me))
  if (wanted.length > 0) return `:rotating_light: ${named(wanted)} ${wanted.length > 1 ? 'need' : 'needs'} you`
  if (confirms.length > 0) return `:anchor: Take the watch of ${list(confirms.map(({ schedule }) => schedule))}`
  const had = open.filter(({ ackedBy }) => ackedBy === me)
  if (had.length > 0) return `:eyes: You have ${named(had)}`
  return ':large_green_circle: Nothing needs you now'
}

function incidentBlocks(voice: Voice, incident: Incident, me: string, guest: boolean): KnownBlock[] {
  const { id, state, inherited, severity, channel } = incident
  const where = channel ? ` · <#${channel.id}|${channel.name}>` : ''
  const since = when(incident.openedAt, voice.rules.zone, '{date_short_pretty} {time}')
  const isAcked = state === 'acked'
  const isMine = incident.ackedBy === me
  const text = [
    `${severityMark[severity]} *${title({ ...incident, title: plain(cut(incident.title, 200)) })}*`,
    standing(voice, incident, outlook(incident, voice.rules)),
    ...(inherited && !isMine
      ? [
          `:handshake: Their watch is over: *take it* by ${shiftTime(voice, inherited.schedule, inherited.untilAt)}, or the policy begins again.`,
        ]
      : []),
    `${severity}, since ${since}${where}`,
  ].join('\n')
  const takes = inherited && isAcked && !isMine
  const elements = [
    ...(isAcked ? [] : [button('Acknowledge', 'incident_ack', String(id), 'primary')]),
    ...(takes ? [button(`Take ${inc(id)}`, 'incident_accept', aboutIncident(incident, inherited), 'primary')] : []),
    button('Resolve', 'incident_resolve', String(id), isMine ? 'primary' : undefined),
  ]
  return [section(text), ...(guest ? [] : actions(elements, `home_incident_${id}`))]
}

const canConfirm = ({ now }: Voice, { state, incoming, opensAt }: Handover, me: string) =>
  incoming.includes(me) && (state === 'due' || state === 'overdue' || (state === 'planned' && opensAt <= now))

/** Whoever takes the watch answers for it from then on. */
const goesWith = ({ policy }: Incident, { schedule }: Handover) => schedulesOf(policy).includes(schedule)

function handoverBlocks(voice: Voice, handover: Handover, open: readonly Incident[], confirms: boolean): KnownBlock[] {
  const { schedule, changeAt } = handover
  const lines = open.slice(0, INCIDENTS_SHOWN).map((incident) => {
    const { severity, channel } = incident
    const where = channel ? ` · <#${channel.id}|${channel.name}>` : ''
    return `${severityMark[severity]} *${title({ ...incident, title: plain(cut(incident.title, 120)) })}*${where}\n${standing(voice, incident, outlook(incident, voice.rules))}`
  })
  const more = open.length - lines.length
  const goesAlong =
    lines.length === 0
      ? []
      : [
          `*Open (${open.length}), and yours with the watch:*`,
          ...lines,
          ...(more > 0 ? [`_and ${more} more: \`/incident list\`_`] : []),
        ]
  return [
    section(`*Handover of ${code(schedule)}*\n${handoverStanding(voice, handover)}`),
    ...sections(goesAlong),
    ...(confirms ? actions([confirmButton(handover)], `home_handover_${handoverId(schedule, changeAt)}`) : []),
  ]
}

/** Each schedule: who has it, since when and until when, and who then. */
function onDuty(voice: Voice, { stood, handovers }: Home): string[] {
  const lines = stood.slice(0, SCHEDULES_SHOWN).map((each) => watchOf(voice, each, handovers))
  const more = stood.length - lines.length
  return [...lines, ...(more > 0 ? [`_and ${count(more, 'more schedule')}: \`/oncall\`_`] : [])]
}

function watchOf(voice: Voice, { schedule, segments, toAt, watch }: Stood, handovers: readonly Handover[]): string {
  const { name, zone } = schedule
  const day = (instant: number) => when(instant, zone, '{date_short_pretty} {time}')
  const current = stoodAt(segments, voice.now)
  const endAt = current?.endAt ?? segments[0]?.startAt ?? toAt
  const next = stoodAt(segments, endAt)
  const turn = [
    // A turn that began before anybody looked has no beginning on record.
    ...(watch && watch.sinceAt > 0 && current && samePeople(watch.people, current.people)
      ? [`since ${day(watch.sinceAt)}`]
      : []),
    ...(endAt < toAt ? [`until ${day(endAt)}, then ${next ? people(voice, next.people) : ':ghost: *nobody*'}`] : []),
  ].join(', ')
  const early = handovers.find(({ schedule: of, state }) => of === name && state === 'relieved-early')
  const waiting = (watch?.holdovers ?? []).map(
    ({ person: who, untilAt }) =>
      `:hourglass_flowing_sand: ${person(voice, who)} *is not relieved yet* and is paged, too, until ${day(untilAt)} at the latest`,
  )
  const lines = [
    `${current ? `:anchor: *${name}*: ${people(voice, current.people)}` : `:ghost: *${name}*: *nobody*`} ${turn}`.trim(),
    ...(early ? [handoverStanding(voice, early)] : []),
    ...waiting,
  ]
  return cut(lines.join('\n'), 700)
}

const stoodAt = (segments: readonly Segment[], at: number) =>
  segments.find(({ startAt, endAt }) => startAt <= at && at < endAt)

/** When somebody has the watch, as far as is looked ahead. */
function shifts(voice: Voice, { stood }: Home, me: string): string[] {
  const all = stood.flatMap((each) => shiftsOf(each, me)).sort((a, b) => a.startAt - b.startAt || a.endAt - b.endAt)
  const lines = all.slice(0, SHIFTS_SHOWN).map(({ schedule: { name, zone }, startAt, endAt, isOpenEnded }) => {
    const day = (instant: number) => when(instant, zone, '{date_short_pretty} {time}')
    if (isOpenEnded) return `• ${code(name)} ${startAt <= voice.now ? 'now' : `from ${day(startAt)}`}, for weeks`
    const begun = startAt <= voice.now
    const isSameDay = dayOf(begun ? voice.now : startAt, zone) === dayOf(endAt, zone)
    const until = isSameDay ? when(endAt, zone) : day(endAt)
    return `• ${code(name)} ${begun ? `*now*, until ${until}` : `${day(startAt)} – ${until}`}`
  })
  const more = all.length - lines.length
  return [
    '*Your shifts of the next four weeks*',
    ...(lines.length === 0 ? ['None.'] : lines),
    ...(more > 0 ? [`_and ${more} more: \`/oncall mine\`_`] : []),
  ]
}

const dayOf = (at: number, zone: string) => DateTime.fromMillis(at, { zone }).toISODate()

interface Shift {
  schedule: Schedule
  startAt: number
  endAt: number
  /** It goes on beyond what is looked at. */
  isOpenEnded: boolean
}

/** Whoever stays while others come and go has one shift. */
function shiftsOf({ schedule, segments, toAt }: Stood, me: string): Shift[] {
  const found: Shift[] = []
  for (const { people: all, startAt, endAt } of segments) {
    if (!all.includes(me)) continue
    const last = found.at(-1)
    if (last?.endAt === startAt) Object.assign(last, { endAt, isOpenEnded: endAt >= toAt })
    else found.push({ schedule, startAt, endAt, isOpenEnded: endAt >= toAt })
  }
  return found
}

function gaps(voice: Voice, { problems }: Home): string[] {
  if (problems.length === 0) return []
  const more = problems.length - PROBLEMS_SHOWN
  return [
    ':warning: *Holes in the roster within a week*',
    ...problems.slice(0, PROBLEMS_SHOWN).map((each) => rosterProblem(voice, each)),
    ...(more > 0 ? [`_and ${more} more: \`/oncall gaps\`_`] : []),
    '`/oncall cover` puts somebody there, `/oncall take` puts you there.',
  ]
}
