import { DateTime } from 'luxon'
import type { Recorded } from '../domain/fact.ts'
import type { Incident, Page } from '../domain/incident.ts'
import type { CaptureChange } from '../domain/response.ts'
import { asText } from './markdown.ts'
import { clockTime, duration, list, local } from './text.ts'
import { dayOf, sentenceOf } from './timeline.ts'
import { inc, type Voice, whyYou } from './words.ts'

/** Every fact of an incident with its reason, in plain text: what a person reads who asks why they were woken, or why nobody was. Pure. */

/** A fact in a sentence: as the timeline has it, or, where that leaves it out, in words of its own. */
export function factSentence(voice: Voice, fact: Recorded): string {
  const { rules } = voice
  const told = sentenceOf(voice, { fact, captured: null })
  if (told !== null) return asText(told, { rules, at: fact.at })
  const at = (instant: number) => clockTime(instant, rules.zone, fact.at)
  switch (fact.type) {
    case 'stepped':
      return `Escalation begins at step ${fact.step + 1}`
    case 'repeated':
      return `${fact.key} said the same again, and nothing changes by it`
    case 'joined':
      return `${fact.repeats.length} alerts said the same again: ${list(fact.repeats.slice(0, 8).map(({ key }) => key))}`
    case 'channel':
      return `The channel #${fact.name} is there`
    case 'held':
      return `The page of ${fact.person} waits until ${at(fact.untilAt)}, to go out with those of other incidents`
    case 'bundled':
      return `Pages of ${fact.person} go out in one message`
    case 'dual':
      return `Nobody had it by then: whoever comes on duty next for ${fact.schedule} is paged, too`
    case 'postponed':
      return `The watch of ${fact.schedule} has changed: the next step waits until ${at(fact.deadlineAt)}`
    case 'capture-changed':
      return `A message on the timeline: ${CHANGED[fact.change.what]}`
    // The timeline has a sentence for each of these, or they belong to no incident.
    case 'opened':
    case 'detected':
    case 'recovered':
    case 'receded':
    case 'paged':
    case 'skipped':
    case 'refused':
    case 'shortfall':
    case 'gap':
    case 'exhausted':
    case 'acked':
    case 'responding':
    case 'resolved':
    case 'note':
    case 'heads-up':
    case 'inherited':
    case 'taken':
    case 'kept':
    case 'handed':
    case 'reopened':
    case 'shadow-ended':
    case 'reachability':
    case 'followed':
    case 'changed':
    case 'handover':
    case 'released':
    case 'proven':
    case 'watch-paged':
    case 'edited':
    case 'silence':
    case 'covered':
    case 'drilled':
    case 'denied':
    case 'severity':
    case 'status':
    case 'role':
    case 'task':
    case 'update':
    case 'update-overdue':
    case 'tasks-due':
    case 'linked':
    case 'merged':
    case 'absorbed':
    case 'split':
    case 'revived':
    case 'captured':
    case 'feedback':
    case 'deploy':
    case 'lock':
    case 'contacted':
      return fact.type
    default:
      return fact satisfies never
  }
}

const CHANGED: Record<CaptureChange['what'], string> = {
  edited: 'its author changed it',
  deleted: 'its author took it back',
  uncaptured: 'it is there no more',
  filed: 'a file of it is in the store',
  'not-filed': 'a file of it could not be kept',
}

/** Why a person was paged, without markup. */
const reasonOf = (voice: Voice, page: Page) =>
  asText(whyYou({ ...voice, now: page.at }, { ...page, dueAt: null }, page.at), {
    rules: voice.rules,
    at: page.at,
  }).replace(/^Why you: /, '')

/** Lines for a terminal: the day once, the time of each fact, what it says, and beneath it what it rests on. */
export function whyLines(voice: Voice, facts: readonly Recorded[]): string[] {
  const { zone } = voice.rules
  let day = ''
  let before: number | null = null
  return facts.flatMap((fact) => {
    const time = local(fact.at, zone)
    const today = dayOf(fact.at, zone)
    const head = today === day ? [] : [...(day === '' ? [] : ['']), today]
    day = today
    // What follows after a while is what somebody waited for.
    const later = before !== null && fact.at - before >= LATER_MS ? `  (${duration(fact.at - before)} later)` : ''
    before = fact.at
    const [first = '', ...more] = factSentence(voice, fact).split('\n')
    return [
      ...head,
      `${time.toFormat('HH:mm:ss')}  ${first}${later}`,
      ...more.map((line) => `          ${line}`),
      ...restsOn(voice, fact).map((line) => `            ${line}`),
    ]
  })
}

const LATER_MS = 60_000

function restsOn(voice: Voice, fact: Recorded): string[] {
  if (fact.type === 'paged') return [`because: ${reasonOf(voice, fact.page)}`]
  if (fact.type === 'stepped')
    return [`waits for somebody to acknowledge, until ${clockTime(fact.waitsUntilAt, voice.rules.zone, fact.at)}`]
  const evidence =
    fact.type === 'detected'
      ? fact.evidence
      : fact.type === 'joined'
        ? fact.alerts.flatMap((each) => each.evidence)
        : []
  return evidence.map(({ at, saw }) => {
    const stamp = at === null ? '' : `${DateTime.fromMillis(at, { zone: voice.rules.zone }).toFormat('HH:mm:ss')} `
    return `saw: ${stamp}${saw.replaceAll(/\s+/g, ' ')}`
  })
}

/** The line above: which incident, and how it stands. */
export const whyHead = (
  { rules, now }: Voice,
  { id, title, severity, service, state, openedAt, resolvedAt }: Incident,
) =>
  `${inc(id)}  ${title.replaceAll(/\s+/g, ' ')}  (${list([severity, ...(service === null ? [] : [`service ${service}`]), state])}; times of ${rules.zone}, ${resolvedAt === null ? `open for ${duration(now - openedAt)}` : `took ${duration(resolvedAt - openedAt)}`})`
