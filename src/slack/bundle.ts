import type { KnownBlock } from '@slack/types'
import { type HeldBack, NONE_HELD } from '../domain/holding.ts'
import { gravestFirst, type Incident, isOpen, type Page } from '../domain/incident.ts'
import { outlook } from '../domain/watch/outlook.ts'
import type { Message } from './api.ts'
import { actions, button, byGravity, context, cutText, header, section, title } from './blocks.ts'
import { code, cut, list, plain } from './text.ts'
import { inc, lateBy, severityMark, standing, type Voice, whyYou } from './words.ts'

/** Incidents that are told in full; the others by their numbers. Nobody reads more on a phone, and Slack takes fifty blocks. */
const IN_FULL = 12
/** Of all of them together, with room for the rest: Slack refuses some 13,200 characters of sections. */
const MOST_LENGTH = 9_000

interface Bundled {
  incident: Incident
  page: Page
}

/**
 * Several incidents for one person in one page: what a person reads who has been woken three times in five minutes. First how many have
 * nobody and one button for all of them, then each with a button of its own.
 *
 * @param fact the fact that bundled them; `at` is when they were to go out
 * @param sentAt when Slack took it, or is being given it
 * @param held what each holds back, by its number
 */
export function bundleMessage(
  voice: Voice,
  fact: { id: number; at: number },
  bundled: readonly Bundled[],
  sentAt: number,
  held: ReadonlyMap<number, HeldBack> = new Map(),
): Pick<Message, 'text' | 'blocks'> {
  const pages = bundled.toSorted((a, b) => rank(a.incident) - rank(b.incident) || gravestFirst(a.incident, b.incident))
  // A step and the last resort may both have paged them for one incident.
  const incidents = [...new Map(pages.map(({ incident }) => [incident.id, incident])).values()]
  const waiting = incidents.filter(hasNobody)
  const shown = inFull(incidents.map((incident) => told(voice, incident, held.get(incident.id))))
  const rest = incidents.slice(shown.length)
  const said = headline(incidents, waiting)
  const names = incidents.map((incident) => `${inc(incident.id)} ${incident.severity}: ${plain(incident.title)}`)
  return {
    text: cutText(`${said.words}. ${names.join('; ')}`),
    blocks: [
      header(`${said.mark} ${said.words}`),
      ...(waiting.length > 0
        ? [section(`${whys(voice, pages)}${lateBy(voice, { ...fact, dueAt: null }, sentAt)}`)]
        : []),
      ...actions(waiting.length > 1 ? [ackAll(fact.id, waiting)] : [], `bundle_${fact.id}`),
      ...shown,
      ...(rest.length > 0
        ? [section(`_and ${list(rest.map(({ id }) => inc(id)))}: \`/incident list\` has them all_`)]
        : []),
      context('More than three incidents came to you within five minutes: from then on they come together.'),
    ],
  }
}

/** As many as a person reads, and as Slack takes in one message. */
function inFull(blocks: readonly KnownBlock[]): KnownBlock[] {
  let length = 0
  return blocks.slice(0, IN_FULL).filter((block) => {
    length += JSON.stringify(block).length
    return length <= MOST_LENGTH
  })
}

const hasNobody = ({ state }: Incident) => state === 'paging' || state === 'exhausted'

/** What nobody has comes first, what is over last. */
const rank = (incident: Incident) => (hasNobody(incident) ? 0 : isOpen(incident) ? 1 : 2)

function headline(incidents: readonly Incident[], waiting: readonly Incident[]): { mark: string; words: string } {
  const all = `${incidents.length} more incidents for you`
  const [first] = waiting
  if (first) {
    const nobody = waiting.length === incidents.length ? 'nobody has them yet' : `${waiting.length} have nobody yet`
    return {
      mark: severityMark[first.severity],
      words: `${all}: ${waiting.length === 1 ? '1 has nobody yet' : nobody}`,
    }
  }
  return incidents.some(isOpen)
    ? { mark: ':eyes:', words: `${all}: somebody has each` }
    : { mark: ':large_green_circle:', words: `${all}: all are over` }
}

/** What the value of a button has room for. */
const ACKED_AT_ONCE = 100

/** Its button says which it means: an incident of another message cannot be slipped in. */
function ackAll(fact: number, waiting: readonly Incident[]) {
  const ids = waiting.slice(0, ACKED_AT_ONCE).map(({ id }) => id)
  const which = ids.length < waiting.length ? 'the first' : 'all'
  return button(`Acknowledge ${which} ${ids.length}`, 'incident_ack_all', `${fact}/${ids.join(' ')}`, 'primary')
}

/** Monitors held back that a line of a bundle names. */
const HELD_NAMED = 3

function holding(incident: Incident, { some, all }: HeldBack): string {
  if (all === 0 || !isOpen(incident)) return ''
  const named = some.slice(0, HELD_NAMED).map(({ monitor }) => code(monitor))
  const more = all > named.length ? [`${all - named.length} more`] : []
  return `\n:link: Nobody is paged meanwhile for ${list([...named, ...more])}, which ${all === 1 ? 'depends' : 'depend'} on it.`
}

function told(voice: Voice, incident: Incident, held: HeldBack = NONE_HELD): KnownBlock {
  const [first] = byGravity(incident.alerts)
  const seen = first && first.recoveredAt === null ? `\n${plain(cut(beyond(incident.title, first.summary), 150))}` : ''
  const channel = incident.channel ? ` · <#${incident.channel.id}|${incident.channel.name}>` : ''
  const mark = isOpen(incident) ? severityMark[incident.severity] : ':large_green_circle:'
  const name = `${mark} *${title({ ...incident, title: plain(incident.title) })}*${channel}`
  const block = section(
    `${name}${seen}\n${standing(voice, incident, outlook(incident, voice.rules))}${holding(incident, held)}`,
  )
  if (!hasNobody(incident)) return block
  const accessory = button('Acknowledge', 'incident_ack', String(incident.id))
  return { ...block, block_id: `incident_${incident.id}`, accessory } as KnownBlock
}

/** What was seen, without the words of the title. */
const beyond = (title: string, summary: string) =>
  summary.startsWith(`${title}: `) ? summary.slice(title.length + 2) : summary

/** Why they, said once where it is the same for all. */
function whys(voice: Voice, pages: readonly Bundled[]): string {
  const by = Map.groupBy(pages, ({ page }) => whyYou(voice, { ...page, dueAt: null }, page.at))
  const all = [...by].map(([why, those]) =>
    by.size === 1 ? why : `${list([...new Set(those.map(({ incident }) => inc(incident.id)))])}: ${why}`,
  )
  return all.join('\n')
}
