import type { KnownBlock } from '@slack/types'
import type { Doubt } from '../domain/duty/reach.ts'
import type { Lead, Warned } from '../domain/duty/warning.ts'
import type { Recorded } from '../domain/fact.ts'
import { type HeldBack, NONE_HELD } from '../domain/holding.ts'
import type { Incident, Joined, Page } from '../domain/incident.ts'
import { graver, isOpen, place } from '../domain/incident.ts'
import { outlook } from '../domain/watch/outlook.ts'
import type { Message } from './api.ts'
import { feedbackBlocks } from './rates.ts'
import { evidence } from './reached.ts'
import { clockTime, code, cut, duration, escapeText, list, plain, when } from './text.ts'
import {
  inc,
  loud,
  named,
  overNow,
  person,
  reachTeamWords,
  reachWords,
  rosterHint,
  rosterWarning,
  severityMark,
  standing,
  type Voice,
  whyYou,
  witnessed,
} from './words.ts'

/** Messages as Block Kit; pure. Slack refuses longer texts, so everything is cut to its limits here. */
const SECTION = 2_900
const HEADER = 145
/** Of all sections of a message together: Slack refuses some 13,200 characters. */
const ALL_SECTIONS = 12_000
/** Of the plain text: `chat.update` takes 4,000 bytes of it, and a character has up to four. */
const TEXT = 900
const ALERTS_SHOWN = 8

export const section = (text: string): KnownBlock => ({
  type: 'section',
  text: { type: 'mrkdwn', text: cut(text, SECTION) },
})
export const header = (text: string): KnownBlock => ({
  type: 'header',
  text: { type: 'plain_text', text: cut(escapeText(cut(text, HEADER)), HEADER), emoji: true },
})
export const context = (text: string): KnownBlock => ({
  type: 'context',
  elements: [{ type: 'mrkdwn', text: cut(text, SECTION) }],
})

/** Plain text of a message, for notifications. */
export const cutText = (text: string) => cut(text, TEXT)

/** Markup taken off again, for notifications and screen readers. */
export const spoken = (text: string) => cut(text.replaceAll(/[*`]|:[a-z_]+: ?/g, ''), TEXT)

export const button = (text: string, action_id: string, value: string, style?: 'primary') => ({
  type: 'button' as const,
  text: { type: 'plain_text' as const, text },
  action_id,
  value,
  ...(style ? { style } : {}),
})

export const actions = (elements: ReturnType<typeof button>[], id: string): KnownBlock[] =>
  elements.length === 0 ? [] : [{ type: 'actions', block_id: cut(id, 250), elements: elements.slice(0, 10) }]

/** The buttons exactly as everybody knows them; what no longer applies is not offered. */
function buttons(incident: Incident): KnownBlock[] {
  if (!isOpen(incident)) return []
  // Escalate says from where: pressed twice, or by two people at once, it goes one step.
  const value = (action: string) =>
    action === 'incident_escalate' ? `${incident.id}@${place(incident)}` : String(incident.id)
  const of = (text: string, action: string, style?: 'primary') => button(text, action, value(action), style)
  const acked = incident.state === 'acked'
  const lastResort = incident.pages.some((page) => page.step === null && page.epoch === incident.epoch)
  const elements = [
    ...(acked ? [] : [of('Acknowledge', 'incident_ack', 'primary')]),
    ...(incident.state === 'exhausted' || lastResort ? [] : [of('Escalate', 'incident_escalate')]),
    of('Resolve', 'incident_resolve', acked ? 'primary' : undefined),
  ]
  return [{ type: 'actions', block_id: `incident_${incident.id}`, elements }]
}

/** `INC-7 · webmail: home is down`; the service is not said twice. */
export function title({ id, service, title: what }: Incident): string {
  if (service === null || what.toLowerCase().startsWith(service.toLowerCase())) return `${inc(id)} · ${what}`
  return `${inc(id)} · ${service}: ${what}`
}

/** What fails, with what was seen: the facts that somebody needs who was asleep a minute ago. */
function symptoms(voice: Voice, incident: Incident, whatElse: (more: number) => string): KnownBlock[] {
  if (incident.alerts.length === 0) {
    const by =
      incident.by === null
        ? ''
        : ` ${incident.origin === 'call' ? 'called' : 'declared'} by ${person(voice, incident.by)}`
    return [section(`*What:* ${plain(incident.title)}\n_${by.trim()} at ${when(incident.openedAt, voice.rules.zone)}_`)]
  }
  const [first, ...others] = byGravity(incident.alerts)
  const shown = others.slice(0, ALERTS_SHOWN - 1)
  const more = incident.joined - 1 - shown.length
  const lines = [
    // What is seen of the first is enough to begin with; the channel has the rest.
    ...(first
      ? [`${symptom(voice, first, 'What')}${first.recoveredAt === null ? witnessed(voice, first.evidence) : ''}`]
      : []),
    ...shown.map((alert) => symptom(voice, alert, 'Also')),
    ...(more > 0 ? [`_${whatElse(more)}_`] : []),
  ]
  return [section(lines.join('\n'))]
}

/** What is not paged for because this is down, and what becomes of it. */
function holding(voice: Voice, incident: Incident, { some, all }: HeldBack): KnownBlock[] {
  if (all === 0 || !isOpen(incident)) return []
  const named = some.map(
    ({ monitor, service, sinceAt }) => `${code(monitor)} (${service}) since ${when(sinceAt, voice.rules.zone)}`,
  )
  const more = all > some.length ? [`${all - some.length} more`] : []
  return [
    section(
      `:link: *Held back by this (${all}):* ${list([...named, ...more])}. Nobody is paged for ${all === 1 ? 'it' : 'them'}; what fails still when this is well again pages then, and in half an hour at the latest.`,
    ),
  ]
}

/** What a lock screen shows: the service, and the gravest of what fails with what was seen. */
function gist({ service, title: what, alerts }: Incident): string {
  const [first] = byGravity(alerts)
  const said = first && first.recoveredAt === null ? first.summary : what
  return service === null || said.includes(service) ? `: ${said}` : ` (${service}): ${said}`
}

/** What still fails comes first, the gravest of it at the top. */
export const byGravity = (alerts: readonly Joined[]): Joined[] =>
  [...alerts].sort(
    (a, b) =>
      Number(a.recoveredAt !== null) - Number(b.recoveredAt !== null) ||
      (a.severity === b.severity ? 0 : graver(a.severity, b.severity) === a.severity ? -1 : 1),
  )

function symptom(voice: Voice, alert: Joined, word: string): string {
  if (alert.recoveredAt !== null)
    return `:white_check_mark: ${code(alert.key)} recovered at ${when(alert.recoveredAt, voice.rules.zone)}, after ${duration(alert.recoveredAt - alert.firstAt)}`
  const of = alert.service === null ? '' : ` (service ${code(alert.service)})`
  return `*${word}:* ${named(alert.key, alert.summary)}${plain(alert.summary)}${of}, since ${when(alert.firstAt, voice.rules.zone)}`
}

function about(incident: Incident): string {
  const service = incident.service === null ? 'no service' : `service ${code(incident.service)}`
  const channel = incident.channel ? ` · <#${incident.channel.id}|${incident.channel.name}>` : ''
  return `${incident.severity} · ${service}${channel}`
}

/**
 * The page: what a person reads at 4 a.m. First what is wrong, then how it stands, then why they.
 *
 * @param sentAt when Slack took it, or is being given it
 */
export function pageMessage(
  voice: Voice,
  incident: Incident,
  page: Page,
  sentAt: number,
  charts: readonly object[] = [],
  held: HeldBack = NONE_HELD,
): Pick<Message, 'text' | 'blocks'> {
  const next = outlook(incident, voice.rules)
  const others = incident.pages.filter((other) => other.person !== page.person && other.refused === null)
  const also = [...new Set(others.map((other) => other.person))]
  const alsoPaged = also.length > 0 ? ` · also paged: ${list(also.map((name) => person(voice, name)))}` : ''
  const open = isOpen(incident)
  const call = open && incident.state !== 'acked' ? ' Acknowledge it.' : ''
  const state = incident.state === 'paging' ? '' : `, ${incident.state}`
  return {
    text: cut(`${inc(incident.id)} ${incident.severity}${state}${plain(gist(incident))}.${call}`, TEXT),
    blocks: [
      header(`${open ? severityMark[incident.severity] : ':large_green_circle:'} ${title(incident)}`),
      // A storm would change a number here with every alert; the channel has it.
      ...symptoms(voice, incident, () => 'and more: the channel of the incident has them'),
      section(standing(voice, incident, next)),
      ...holding(voice, incident, held),
      ...(open ? [section(whyYou(voice, page, sentAt))] : []),
      ...buttons(incident),
      // Newer than the types of Slack's SDK.
      ...(charts as KnownBlock[]),
      ...feedbackBlocks(voice, incident),
      ...reachedFor(voice, incident, page, sentAt),
      context(`${about(incident)}${alsoPaged}`),
    ],
  }
}

/** By what else than this message somebody was reached for it; nothing, while by nothing. */
function reachedFor({ rules: { zone } }: Voice, { contacted }: Incident, page: Page, sentAt: number): KnownBlock[] {
  const ways = evidence(contacted, page.key, zone)
  if (ways.length === 0) return []
  return [context([`DM ${when(sentAt, zone, '{time_secs}')} accepted`, ...ways].join(' · '))]
}

/** The pinned live summary of the incident's channel. */
export function summaryMessage(
  voice: Voice,
  incident: Incident,
  held: HeldBack = NONE_HELD,
): Pick<Message, 'text' | 'blocks'> {
  const next = outlook(incident, voice.rules)
  return {
    text: cut(`${escapeText(cut(title(incident), TEXT))}: ${incident.state}, ${incident.severity}`, TEXT),
    blocks: [
      header(`${isOpen(incident) ? severityMark[incident.severity] : ':large_green_circle:'} ${title(incident)}`),
      section(standing(voice, incident, next)),
      {
        type: 'section',
        fields: [
          field('Severity', incident.severity),
          field('Status', incident.status),
          field('Service', incident.service === null ? 'none' : code(incident.service)),
          field(
            'Owner',
            incident.ackedBy === null || incident.state === 'paging' ? '_nobody yet_' : person(voice, incident.ackedBy),
          ),
          field('Since', when(incident.openedAt, voice.rules.zone, '{date_short_pretty} {time}')),
          field('Paged', paged(voice, incident)),
        ],
      },
      ...response(voice, incident),
      ...symptoms(voice, incident, (more) => `and ${more} more: ${incident.firing} of ${incident.joined} fail now`),
      ...holding(voice, incident, held),
      ...besideSlack(voice, incident),
      ...buttons(incident),
      ...feedbackBlocks(voice, incident),
    ],
  }
}

/** Who does what, what was said last to everybody who waits, and how much is left to do. */
function response(voice: Voice, { roles, update, tasks, links }: Incident): KnownBlock[] {
  const open = tasks.filter(({ doneAt }) => doneAt === null).length
  const lines = [
    ...Object.entries(roles).map(([role, holder]) => `*${sentence(role)}:* ${person(voice, holder)}`),
    ...(update === null
      ? []
      : [
          `*Last update* (${person(voice, update.by)}, ${when(update.at, voice.rules.zone)}): ${plain(cut(update.text.replaceAll(/\s+/g, ' '), UPDATE))}`,
        ]),
    ...(tasks.length === 0 ? [] : [`*Tasks:* ${open} open, ${tasks.length - open} done`]),
    ...(links.length === 0 ? [] : [`*Linked:* ${links.map(inc).join(', ')}`]),
  ]
  return lines.length === 0 ? [] : [section(lines.join('\n'))]
}

/** Of an update, in the summary; the timeline has the whole. */
const UPDATE = 500

const sentence = (text: string) => plain(text.charAt(0).toUpperCase() + text.slice(1))

/** By what people were reached beside Slack, the latest of them. */
function besideSlack(voice: Voice, { pages, contacted }: Incident): KnownBlock[] {
  const lines = pages.slice(-PAGES_SHOWN).flatMap(({ key, person: name }) => {
    const ways = evidence(contacted, key, voice.rules.zone)
    return ways.length === 0 ? [] : [`${person(voice, name)}: ${ways.join(' · ')}`]
  })
  return lines.length === 0 ? [] : [context(`Beside Slack: ${lines.join('\n')}`)]
}

const PAGES_SHOWN = 8

const field = (name: string, value: string) => ({ type: 'mrkdwn' as const, text: cut(`*${name}*\n${value}`, 1_900) })

function paged(voice: Voice, incident: Incident): string {
  const names = [...new Set(incident.pages.map((page) => page.person))]
  return names.length > 0 ? list(names.slice(0, 20).map((name) => person(voice, name))) : '_nobody_'
}

/** The announcement in the channel of the service. */
export function announcementMessage(voice: Voice, incident: Incident): Pick<Message, 'text' | 'blocks'> {
  const mark = isOpen(incident) ? `${severityMark[incident.severity]} ` : ''
  const text = `${mark}*${title({ ...incident, title: plain(incident.title) })}*`
  return {
    text: spoken(`${text}: ${incident.state}`),
    blocks: [
      section(`${text}\n${standing(voice, incident, outlook(incident, voice.rules))}`),
      ...buttons(incident),
      context(`${about(incident)} · since ${when(incident.openedAt, voice.rules.zone, '{date_short_pretty} {time}')}`),
    ],
  }
}

/** A line of the timeline, with the instant at which it happened. */
export function entryMessage(voice: Voice, fact: { at: number }, text: string): Pick<Message, 'text' | 'blocks'> {
  const stamp = when(fact.at, voice.rules.zone, '{time_secs}')
  return {
    text: spoken(`${clockTime(fact.at, voice.rules.zone, voice.now)} ${text}`),
    blocks: [section(`${stamp}  ${text}`)],
  }
}

export function loudMessage(
  voice: Voice,
  incident: Incident,
  fact: Recorded & { type: 'exhausted' | 'refused' },
): Pick<Message, 'text' | 'blocks'> {
  const text = loud(voice, incident, fact)
  return { text: cut(text, TEXT), blocks: [section(text), ...buttons(incident), context(about(incident))] }
}

export function overMessage(
  voice: Voice,
  fact: Recorded & { type: 'resolved' | 'merged' },
): Pick<Message, 'text' | 'blocks'> {
  const text = overNow(voice, fact)
  return { text: spoken(text), blocks: [section(text)] }
}

export function plainMessage(text: string): Pick<Message, 'text' | 'blocks'> {
  return { text: spoken(text), blocks: [section(text)] }
}

/** The topic of the incident's channel: plain text of Slack's 250 characters. */
export function topic(voice: Voice, incident: Incident): string {
  const owner =
    incident.state === 'acked'
      ? `${incident.ackedBy} has it`
      : incident.state === 'exhausted'
        ? 'nobody answered'
        : 'nobody has it yet'
  const state = isOpen(incident)
    ? owner
    : `resolved ${clockTime(incident.resolvedAt ?? voice.now, voice.rules.zone, incident.openedAt)}`
  return cut(escapeText(cut(`${inc(incident.id)} · ${incident.severity} · ${state} · ${incident.title}`, 250)), 250)
}

/** Lines in as many sections as their length needs. */
export function sections(lines: readonly string[]): KnownBlock[] {
  const blocks: KnownBlock[] = []
  let part = ''
  let length = 0
  for (const line of lines) {
    length += Math.min(line.length, SECTION) + 1
    if (length > ALL_SECTIONS) {
      part = `${part}\n_The rest does not fit one message of Slack's._`
      break
    }
    if (part.length + line.length > SECTION && part !== '') {
      blocks.push(section(part))
      part = ''
    }
    part = part === '' ? line : `${part}\n${line}`
  }
  return part === '' ? blocks : [...blocks, section(part)]
}

/** An answer to a command. */
export function answerMessage(text: string): Pick<Message, 'text' | 'blocks'> {
  const blocks = sections(text.split('\n'))
  return { text: cut(spoken(text), TEXT), blocks: blocks.length > 0 ? blocks : [section(text)] }
}

/** To whom a page may not reach, or to their team. */
export const reachMessage = (voice: Voice, doubt: Doubt, toThem: boolean) =>
  answerMessage(toThem ? reachWords(voice, doubt) : reachTeamWords(voice, doubt))

/** Problems of the roster, and what to do about them. */
export function rosterWarningMessage(
  voice: Voice,
  lead: Lead,
  what: readonly Warned[],
): Pick<Message, 'text' | 'blocks'> {
  const { text, blocks } = answerMessage(rosterWarning(voice, lead, what))
  return { text, blocks: [...blocks, context(rosterHint(lead, what))] }
}
