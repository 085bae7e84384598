import type { KnownBlock } from '@slack/types'
import type { Via } from '../domain/contact.ts'
import type { Recorded } from '../domain/fact.ts'
import { type Incident, isOpen, type Page, type PageReason } from '../domain/incident.ts'
import type { Rules } from '../domain/rules.ts'
import { under } from '../domain/rules.ts'
import { allInShadow } from '../domain/shadow.ts'
import { outlook } from '../domain/watch/outlook.ts'
import type { Message } from './api.ts'
import { actions, button, byGravity, context, cutText, section, spoken, title } from './blocks.ts'
import { VIA } from './reached.ts'
import { code, cut, list, plain, when } from './text.ts'
import { inc, lateBy, severityMark, type Voice } from './words.ts'

/**
 * What shadow mode says in its channel. Nobody is named by a mention there: that would ring. People read it beside what their other pager did,
 * so that each message says who, when to the second, and why.
 */

type Said = Pick<Message, 'text' | 'blocks'>

/** Null: nothing is to be said of it. */
export function shadowMessage(voice: Voice, fact: Recorded, incident: Incident | null): Said | null {
  if (fact.type === 'watch-paged') {
    const { person, schedule, incidents } = fact.page
    return line(
      `*Would ask* ${code(person)} to take over ${list(incidents.map(inc))}: the watch of ${code(schedule)} has changed, and whoever has it went off duty`,
    )
  }
  if (fact.type === 'changed') {
    const { schedule, outgoing, incoming, changeAt } = fact.handover
    const names = (people: readonly string[]) => (people.length > 0 ? list(people.map(code)) : '*nobody*')
    return line(
      `*Would hand over* ${code(schedule)} at ${when(changeAt, voice.rules.zone)}: ${names(outgoing)} → ${names(incoming)}. Both would hear of it by DM, an hour ahead and as it comes`,
    )
  }
  if (incident === null) return null
  // Of what is private nothing is said where others read.
  const of = incident.private ? inc(incident.id) : plain(title(incident))
  switch (fact.type) {
    case 'paged':
      return wouldPage(voice, incident, fact.page)
    case 'gap':
      return line(
        `${of}: *nobody is on duty* for ${code(fact.schedule)} (step ${fact.step + 1}); the next step follows at once`,
      )
    case 'exhausted':
      return line(
        `${of}: *would say loudly* in the channel of the service that nobody has answered, and turn to the last resort`,
      )
    case 'acked':
      return line(`${of}: acknowledged by ${code(fact.by)}. It is not escalated any further`)
    case 'resolved':
      return line(
        `${of}: over${fact.by === null ? ' by itself' : `, resolved by ${code(fact.by)}`}. Whoever would have been paged would be told`,
      )
    case 'merged':
      return line(`${of}: goes on as ${inc(fact.into)}`)
    case 'shadow-ended':
      return {
        ...line(
          `${of}: *shadow mode is over for it, and it is still open.* ${isOpen(incident) && incident.state === 'acked' ? `It stays with ${code(incident.ackedBy ?? '')}` : 'From now on it pages for real, from the first step on'}`,
        ),
      }
    default:
      return null
  }
}

const line = (text: string): Said => ({
  text: spoken(`Shadow: ${text}`),
  blocks: [section(`:busts_in_silhouette: ${text}.`)],
})

function wouldPage(voice: Voice, incident: Incident, page: Page): Said {
  const { zone } = voice.rules
  const of = incident.private ? `${inc(incident.id)} (private)` : title(incident)
  const [first] = incident.private ? [] : byGravity(incident.alerts)
  return {
    text: cutText(`Shadow: would page ${page.person}: ${plain(of)}`),
    blocks: [
      section(
        [
          `:busts_in_silhouette: *Would page* ${code(page.person)} at ${when(page.at, zone, '{time_secs}')}: ${severityMark[incident.severity]} *${plain(of)}*`,
          ...(first ? [`> ${plain(cut(first.summary, 300))}`] : []),
          `${why(voice, page.why)}${page.step === null ? '' : `, step ${page.step + 1} of ${incident.policy.steps.length}, round ${page.round} of ${incident.policy.rounds}`} of ${code(incident.policy.name)}.${lateBy(voice, page, page.at)}`,
          ways(voice, page),
          ...ahead(voice, incident),
        ].join('\n'),
      ),
      ...buttons(incident),
      context(
        '*Shadow mode: nobody is paged.* Escalation goes on by the clock until somebody presses Acknowledge here, or it is over.',
      ),
    ],
  }
}

function why({ rules: { zone } }: Voice, reason: PageReason): string {
  switch (reason.kind) {
    case 'duty': {
      const until = reason.untilAt === null ? '' : ` until ${when(reason.untilAt, zone, '{date_short_pretty} {time}')}`
      return `On duty for ${code(reason.schedule)}${until}`
    }
    case 'named':
      return reason.by === null ? 'Named by the policy' : `Called for by ${code(reason.by)}`
    case 'holdover':
      return `Off duty for ${code(reason.schedule)} since ${when(reason.changeAt, zone)}, and not relieved (nobody confirms a watch in shadow mode)`
    case 'incoming':
      return `On duty for ${code(reason.schedule)} from ${when(reason.changeAt, zone)} on, and nobody has acknowledged`
    case 'carryover':
      return `On duty for ${code(reason.schedule)} since ${when(reason.changeAt, zone)}, and nobody has it yet`
    case 'fallback':
      return 'The last resort'
    default:
      return reason satisfies never
  }
}

/** By what they would be reached, when. */
function ways({ rules }: Voice, { person, at }: Page): string {
  const contact = under(rules.people, person)?.contact ?? []
  const beside = contact.map(
    ({ via, afterMs }: { via: Via; afterMs: number }) =>
      `${VIA[via]} at ${when(at + afterMs, rules.zone, '{time_secs}')}`,
  )
  return `By Slack DM at once${beside.length > 0 ? `; unanswered, by ${list(beside)}` : ''}.`
}

function ahead(voice: Voice, incident: Incident): string[] {
  const next = outlook(incident, voice.rules)
  if (next === null) return []
  const who =
    next.people.length > 0
      ? list(next.people.map(code))
      : `nobody (nobody is on duty for ${list(next.empty.map(code))})`
  return [
    `Next, unless somebody acknowledges: ${who}${next.last ? ', the last resort,' : ''} at ${when(next.at, voice.rules.zone, '{time_secs}')}.`,
  ]
}

/** As on a page: whoever wants to see what comes of an acknowledgement presses it here. */
const buttons = ({ id, private: hidden }: Incident): KnownBlock[] =>
  hidden
    ? []
    : actions(
        [
          button('Acknowledge', 'incident_ack', String(id), 'primary'),
          button('Resolve', 'incident_resolve', String(id)),
        ],
        `incident_${id}`,
      )

/**
 * What is in shadow mode, in a sentence; null: nothing.
 *
 * @param place how the channel (Slack's id) is written; as Slack shows it, unless it says otherwise
 */
export function shadowSentence(
  rules: Pick<Rules, 'shadow'>,
  place = (channel: string) => `<#${channel}>`,
): string | null {
  const { shadow } = rules
  if (shadow === undefined) return null
  const where = place(shadow.channel)
  if (allInShadow(rules)) return `Shadow mode: nobody is paged for anything. What would be done is said in ${where}`
  const parts = [part('service', shadow.services ?? []), part('policy', shadow.policies ?? [])].filter(
    (each) => each !== '',
  )
  return `Shadow mode: nobody is paged for ${list(parts)}. What would be done is said in ${where}; everything else pages for real`
}

const part = (word: string, names: readonly string[]) => (names.length === 0 ? '' : `${word} ${list(names.map(code))}`)

/** Where nothing makes a link of it. */
export const inPlain = (channel: string) => channel
