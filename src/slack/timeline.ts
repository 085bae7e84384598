import type { Captured, Recorded } from '../domain/fact.ts'
import type { Evidence } from '../domain/incident.ts'
import { under } from '../domain/rules.ts'
import type { Entry } from '../domain/timeline.ts'
import { handoverStanding } from './handover.ts'
import { asMarkdown, asText, escapeMarkdown } from './markdown.ts'
import { silenceNews } from './silence.ts'
import { code, cut, list, local, plain, when } from './text.ts'
import { entry as entryWords, named, notice, person, type Voice } from './words.ts'

/** The timeline as it is read: in Slack, as JSON, as Markdown. Pure. */

/** An entry in a sentence or a few, mrkdwn; null for what is not shown. */
export function sentenceOf(voice: Voice, { fact, captured }: Pick<Entry, 'fact' | 'captured'>): string | null {
  if (captured !== null) return saidBy(voice, captured)
  // Standings and silences are told as of then.
  const then = { ...voice, now: fact.at }
  switch (fact.type) {
    case 'silence':
      return silenceNews(then, fact, [])
    case 'changed':
    case 'handover':
      return handoverStanding(then, fact.handover)
    case 'edited':
      return `:arrows_counterclockwise: *Roster changed* by ${person(voice, fact.by)}: ${schedulesIn(fact)} (change ${fact.edit.id})`
    case 'watch-paged':
      return `:bell: *Paged* ${person(voice, fact.page.person)} about the watch of ${code(fact.page.schedule)}`
    case 'detected':
    case 'joined':
    case 'recovered':
    case 'receded':
      if (fact.incident === null) return notice(voice, fact)
      return alone(fact) ?? entryWords(voice, fact)
    default:
      return entryWords(voice, fact)
  }
}

/** An alert that came in a burst, and has an entry to itself here: when it came stands in front of it. */
function alone(fact: Recorded): string | null {
  if (fact.type !== 'joined' || fact.alerts.length !== 1) return null
  const [alert] = fact.alerts
  return alert ? `:mag: *Detected:* ${named(alert.key, alert.summary)}${plain(alert.summary)}` : null
}

/** What somebody said, as it is now; what was taken back is told with what it was. */
function saidBy(voice: Voice, { author, text, files, filed, editedAt, deletedAt }: Captured): string {
  const { zone } = voice.rules
  const changed =
    deletedAt === null
      ? editedAt === null
        ? ''
        : ` _(edited ${when(editedAt, zone, '{date_short_pretty} {time}')})_`
      : ` _(taken back ${when(deletedAt, zone, '{date_short_pretty} {time}')})_`
  const attached = files.map(({ id, name }) => {
    const known = under(filed, id)
    return `${code(cut(name, 100))}${known && 'why' in known ? ` (not kept: ${plain(known.why)})` : ''}`
  })
  return `:pushpin: *${plain(author)}:* ${plain(cut(text, SAID))}${changed}${attached.length > 0 ? `\n:paperclip: ${list(attached)}` : ''}`
}

/** Of one message: what is longer is read where it was said. */
const SAID = 1_500

const schedulesIn = ({ edit }: Recorded & { type: 'edited' }) =>
  list([...new Set(edit.pieces.map(({ schedule }) => schedule))].map(code))

/** An entry for whoever reads it elsewhere. */
export interface Read {
  at: string
  kind: Entry['kind']
  /** Plain text, on one line or several. */
  text: string
  by: string | null
  evidence: { at: string | null; saw: string }[]
  /** The place of it in the record, and the message that said it (null: none is known). */
  source: { fact: number; url: string | null }
}

const iso = (at: number) => new Date(at).toISOString()

export function readEntries(voice: Voice, entries: readonly Entry[], urlOf: (entry: Entry) => string | null): Read[] {
  return entries.flatMap((each) => {
    const said = sentenceOf(voice, each)
    if (said === null) return []
    const { at, kind, by, evidence, fact } = each
    return {
      ...{ at: iso(at), kind, text: asText(said, { rules: voice.rules, at }), by },
      evidence: evidence.map((seen) => ({ at: seen.at === null ? null : iso(seen.at), saw: seen.saw })),
      source: { fact: fact.id, url: urlOf(each) },
    }
  })
}

/** `Monday 23 November 2026 (UTC+01:00)`: whoever reads it later, elsewhere, has nothing to guess. */
export const dayOf = (at: number, zone: string) => local(at, zone).toFormat("cccc d LLLL yyyy '(UTC'ZZ')'")

/**
 * Lines of Markdown: a heading for each day, an item for each entry, and what was seen beneath it.
 *
 * @param most after so many characters nothing more is written: whoever shows no more of it does not wait for the rest
 */
export function timelineMarkdown(
  voice: Voice,
  entries: readonly Entry[],
  urlOf: (entry: Entry) => string | null,
  { heading = '###', most = Number.POSITIVE_INFINITY }: { heading?: string; most?: number } = {},
): string[] {
  const { zone } = voice.rules
  let day = ''
  let written = 0
  return entries.flatMap((each) => {
    const said = written > most ? null : sentenceOf(voice, each)
    if (said === null) return []
    const { at, evidence } = each
    const today = dayOf(at, zone)
    const head = today === day ? [] : ['', `${heading} ${today}`, '']
    day = today
    const [first = '', ...more] = asMarkdown(said, { rules: voice.rules, at }).split('\n')
    const url = urlOf(each)
    const stamp = local(at, zone).toFormat('HH:mm:ss')
    const time = url === null ? `**${stamp}**` : `[**${stamp}**](${url})`
    const lines = [
      ...head,
      `- ${time} ${first}`,
      ...more.map((line) => `  ${line}`),
      ...evidence.slice(0, EVIDENCE_SHOWN).map((seen) => `  - ${sawMarkdown(seen, zone)}`),
      ...(evidence.length > EVIDENCE_SHOWN ? [`  - _and ${evidence.length - EVIDENCE_SHOWN} more_`] : []),
    ]
    written += lines.reduce((sum, line) => sum + line.length + 1, 0)
    return lines
  })
}

/** Of one entry; the JSON has all of it. */
const EVIDENCE_SHOWN = 10

const sawMarkdown = ({ at, saw }: Evidence, zone: string) =>
  `${at === null ? '' : `${local(at, zone).toFormat('HH:mm:ss')} `}${escapeMarkdown(saw)}`

/** Entries that one page of `/incident timeline` has; Slack takes 50 blocks and 12,000 characters in a message. */
const PAGE = 25

/** A page of the timeline in an answer, days as headings; the last page where none is asked for. */
export function timelinePage(
  voice: Voice,
  entries: readonly Entry[],
  asked: number | null,
): { lines: string[]; page: number; pages: number } {
  const { zone } = voice.rules
  const said = entries.flatMap((each) => {
    const text = sentenceOf(voice, each)
    return text === null ? [] : [{ at: each.at, text }]
  })
  const pages = Math.max(1, Math.ceil(said.length / PAGE))
  const page = Math.min(Math.max(asked === null ? pages : asked, 1), pages)
  let day = ''
  const lines = said.slice((page - 1) * PAGE, page * PAGE).flatMap(({ at, text }) => {
    const today = dayOf(at, zone)
    const head = today === day ? [] : [`*${today}*`]
    day = today
    return [...head, `${when(at, zone, '{time_secs}')}  ${text}`]
  })
  return { lines, page, pages }
}
