import { DateTime } from 'luxon'
import type { Denied } from '../domain/authority.ts'
import type { Verdict } from '../domain/detect/rate-feedback.ts'
import type { Pattern, Problem } from '../domain/duty/gaps.ts'
import type { Doubt } from '../domain/duty/reach.ts'
import type { Weekday } from '../domain/duty/schedule-types.ts'
import { WEEK_MS } from '../domain/duty/time.ts'
import { type Lead, schedulesIn, type Warned } from '../domain/duty/warning.ts'
import type { Event, Outcome, Refusal } from '../domain/event.ts'
import type { Joining, Recorded } from '../domain/fact.ts'
import type { Evidence, Incident, Page, PageReason } from '../domain/incident.ts'
import type { Rules, Severity } from '../domain/rules.ts'
import type { Outlook } from '../domain/watch/outlook.ts'
import { channelNews, shortfall } from './channel.ts'
import { deployEntry, deployRefusal } from './deploy-words.ts'
import { reachedWords, VIA } from './reached.ts'
import { responseAnswer, responseEntry, responseRefusal } from './response.ts'
import { clockTime, code, cut, duration, escapeText, list, mention, plain, when } from './text.ts'

/**
 * Every sentence that the bot says, one function per situation. All of it is mrkdwn; whatever people or other systems wrote goes through
 * `plain`, `escape` or `code`. A refusal says what, why, and what to type next.
 */
export interface Voice {
  rules: Rules
  now: number
}

export const inc = (id: number) => `INC-${id}`

/** A person as Slack shows them; their name where the configuration knows them no more. */
export function person({ rules }: Voice, name: string): string {
  const known = rules.people[name]
  return known ? mention(known.slack) : plain(name)
}
export const people = (voice: Voice, names: readonly string[]) => list(names.map((name) => person(voice, name)))

/** Instants in lists and entries: seconds matter when one reads afterwards what happened when. */
const at = (voice: Voice, instant: number) => when(instant, voice.rules.zone, '{time}')

export const severityMark: Record<Severity, string> = {
  critical: ':rotating_light:',
  error: ':red_circle:',
  warning: ':warning:',
  info: ':information_source:',
}

/** How the incident stands, in one line; the first thing to read on every view of it. */
export function standing(voice: Voice, incident: Incident, next: Outlook | null): string {
  switch (incident.state) {
    case 'paging':
      return next
        ? `:hourglass_flowing_sand: *Nobody has it yet.* ${deadline(voice, next)}`
        : ':hourglass_flowing_sand: *Nobody has it yet.*'
    case 'acked': {
      const since = incident.ackedAt === null ? '' : ` since ${at(voice, incident.ackedAt)}`
      const also = incident.responders.length > 0 ? `, with ${people(voice, incident.responders)}` : ''
      const by = incident.ackedVia === null ? '' : `, by ${VIA[incident.ackedVia]}`
      return `:eyes: *${person(voice, incident.ackedBy ?? '')} has it*${since}${by}${also}.`
    }
    case 'exhausted':
      return `:sos: *Nobody has it*, and nobody is left to escalate to. ${lastResort(voice, incident)} Whoever reads this: acknowledge it.`
    case 'resolved':
      if (incident.mergedInto !== null)
        return `:twisted_rightwards_arrows: *Merged into ${inc(incident.mergedInto)}* at ${at(voice, incident.resolvedAt ?? voice.now)}: it goes on there.`
      return `:large_green_circle: *Resolved* at ${at(voice, incident.resolvedAt ?? voice.now)} ${
        incident.resolvedBy === null
          ? 'by itself: every check is well again'
          : `by ${person(voice, incident.resolvedBy)}`
      }, after ${duration((incident.resolvedAt ?? voice.now) - incident.openedAt)}.`
    default:
      return incident.state satisfies never
  }
}

function deadline(voice: Voice, next: Outlook): string {
  const who =
    next.people.length > 0
      ? `${people(voice, next.people)} ${next.people.length > 1 ? 'are' : 'is'} paged next${next.last ? ', as the last resort' : ''}`
      : `the step after it is paged, because nobody is on duty for ${list(next.empty)} then`
  return `Unless somebody acknowledges by ${at(voice, next.at)}, ${who}.`
}

/** Why this person is paged. */
export function whyYou(voice: Voice, page: Page, sentAt: number): string {
  return `*Why you:* ${reason(voice, page.why)}.${lateBy(voice, page, sentAt)}`
}

/** A page is handed over within this (`handover.md` Tsend); what takes longer says so. */
const SEND_MS = 30_000

/** A line of its own where a page is late, and why; else nothing. */
export function lateBy(voice: Voice, page: Pick<Page, 'at' | 'dueAt'>, sentAt: number): string {
  const slow = sentAt - page.at > SEND_MS
  if (page.dueAt === null && !slow) return ''
  const dueAt = page.dueAt ?? page.at
  const why =
    page.dueAt === null ? 'Slack did not take it before' : 'Watchbill was stopped, or could not reach its store'
  return `\n:warning: This page is late by ${duration((slow ? sentAt : page.at) - dueAt)}: it was due at ${at(voice, dueAt)}, but ${why}.`
}

function reason(voice: Voice, why: PageReason): string {
  switch (why.kind) {
    case 'duty': {
      const since = why.sinceAt === null ? '' : ` since ${shiftTime(voice, why.sinceAt)}`
      const until = why.untilAt === null ? '' : `, until ${shiftTime(voice, why.untilAt)}`
      return `you are on duty for ${code(why.schedule)}${since}${until}`
    }
    case 'named':
      return why.by === null ? 'the policy names you' : `${person(voice, why.by)} called for you`
    case 'holdover':
      return `you were on duty for ${code(why.schedule)} until ${shiftTime(voice, why.changeAt)} and are not relieved yet, at the latest at ${shiftTime(voice, why.untilAt)}`
    case 'incoming':
      return `your watch of ${code(why.schedule)} begins at ${shiftTime(voice, why.changeAt)}, and whoever has it has not answered`
    case 'carryover':
      return `you came on duty for ${code(why.schedule)} at ${shiftTime(voice, why.changeAt)}, and nobody has it yet`
    case 'fallback':
      return 'you are the last resort: nobody else has answered, or nobody else could be paged'
    default:
      return why satisfies never
  }
}

const shiftTime = (voice: Voice, instant: number) =>
  Math.abs(instant - voice.now) < 18 * 3_600_000
    ? when(instant, voice.rules.zone, '{time}')
    : when(instant, voice.rules.zone, '{date_short_pretty} {time}')

/** One entry of the timeline; null for facts that are not shown. */
export function entry(voice: Voice, fact: Recorded): string | null {
  switch (fact.type) {
    case 'opened':
      return `:new: *Opened* ${inc(fact.incident)}: ${plain(fact.title)}${openedBy(voice, fact)}`
    case 'detected':
      return `:mag: *Detected:* ${named(fact.key, fact.summary)}${plain(fact.summary)}${
        fact.still ? '. It never stopped: its incident had been resolved by hand, or it was silenced or held back' : ''
      }${relatedTo(fact)}${witnessed(voice, fact.evidence)}`
    case 'recovered':
      return `:white_check_mark: *Recovered:* ${named(fact.key, fact.summary)}${plain(fact.summary)}`
    case 'joined':
      return fact.alerts.length === 0
        ? null
        : `${burst(voice, { begun: fact.alerts, joined: fact.alerts.length, ended: [], receded: 0 })}${relatedTo(fact)}`
    case 'receded':
      return burst(voice, { begun: [], joined: 0, ended: fact.alerts, receded: fact.alerts.length })
    case 'stepped':
      return fact.reason === 'start' || fact.reason === 'reopened'
        ? null
        : `:arrow_up: *Escalated* to step ${stepName(fact)}: ${stepReason(voice, fact)}`
    case 'paged':
      return fact.page.shadow
        ? `:busts_in_silhouette: *Would have paged* ${person(voice, fact.page.person)}, and did not: shadow mode`
        : `:bell: *Paged* ${person(voice, fact.page.person)}: ${pagedWhy(voice, fact.page)}`
    case 'shadow-ended':
      return ':bell: *Shadow mode is over* for it, and it is still open: from now on it pages for real, from the first step on'
    case 'skipped':
      return fact.reason === 'unreachable'
        ? `:no_entry: *Not paged:* ${person(voice, fact.person)} cannot be reached (${code(fact.detail)}: ${unreachable(fact.detail)})`
        : `:zzz: *Not paged again:* ${person(voice, fact.person)} was paged for this less than two minutes ago`
    case 'refused':
      return `:no_entry: *Page not delivered* to ${person(voice, fact.person)}: ${code(fact.reason)}, ${unreachable(fact.reason)}`
    case 'shortfall':
      return shortfall(voice, fact)
    case 'gap':
      return `:ghost: *Nobody on duty* for ${code(fact.schedule)} (step ${fact.step + 1}): going on at once`
    case 'exhausted':
      return `:sos: *Exhausted:* ${exhaustedWhy(fact.reason)}. It is up to the last resort now`
    case 'acked':
      return `:eyes: *Acknowledged* by ${person(voice, fact.by)}${fact.via === undefined ? '' : `, by ${VIA[fact.via]}`}`
    case 'contacted':
      return `${fact.via === 'call' ? ':telephone_receiver:' : ':iphone:'} *Beside Slack:* ${person(voice, fact.person)} by ${VIA[fact.via]}: ${reachedWords(fact.via, fact.what, fact.detail)}`
    case 'responding':
      return `:raised_hand: ${person(voice, fact.by)} is *also responding*`
    case 'resolved':
      return `:large_green_circle: *Resolved* ${fact.by === null ? 'by itself: every check is well again' : `by ${person(voice, fact.by)}`}${stillFiring(voice, fact)}`
    case 'heads-up':
      return `:alarm_clock: *Heads-up* to ${people(voice, fact.people)}, whose watch of ${code(fact.schedule)} begins at ${at(voice, fact.changeAt)}: paged at ${at(voice, fact.dualAt)} unless somebody has it by then`
    case 'inherited':
      return `:handshake: *Handed over:* the watch of ${person(voice, fact.from)} has ended; ${fact.to.length > 0 ? `${people(voice, fact.to)} ${fact.to.length > 1 ? 'are' : 'is'} asked to take it` : 'nobody is on duty to take it'} by ${at(voice, fact.untilAt)}`
    case 'taken':
      return `:handshake: ${person(voice, fact.by)} *has it now*${fact.from === null ? '' : `, instead of ${person(voice, fact.from)}`}${fact.how === 'with-the-watch' ? ', with the watch' : ''}`
    case 'kept':
      return `:hourglass_flowing_sand: ${person(voice, fact.by)} *keeps it* until ${at(voice, fact.untilAt)}`
    case 'handed':
      return `:handshake: ${person(voice, fact.by)} *hands it over:* ${people(voice, fact.to)} ${fact.to.length > 1 ? 'are' : 'is'} asked to take it`
    case 'reopened':
      return `:leftwards_arrow_with_hook: ${reopenedWhy(voice, fact)}. The policy begins again`
    case 'note':
      return `:memo: *Note* by ${person(voice, fact.by)}${fact.happenedAt === undefined ? '' : `, about ${at(voice, fact.happenedAt)}`}: ${escapeText(fact.text)}`
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
      return responseEntry(voice, fact)
    case 'channel':
      return channelNews(fact)
    case 'feedback':
      return verdictSaid(voice, fact)
    case 'deploy':
      return deployEntry(voice, fact)
    case 'capture-changed':
    case 'repeated':
    case 'reachability':
    case 'dual':
    case 'postponed':
    case 'followed':
    case 'changed':
    case 'handover':
    case 'released':
    case 'proven':
    case 'watch-paged':
    case 'held':
    case 'bundled':
    case 'edited':
    case 'silence':
    case 'covered':
    case 'drilled':
    case 'denied':
    case 'lock':
      return null
    default:
      return fact satisfies never
  }
}

/** In words, what somebody said of an alarm of a rate. */
export const VERDICTS: Record<Verdict, string> = { false: 'a *false alarm*', real: '*real*' }

const verdictSaid = (voice: Voice, { by, monitor, verdict }: Recorded & { type: 'feedback' }) =>
  `${verdict === 'false' ? ':no_bell:' : ':bell:'} ${person(voice, by)} says that ${code(monitor)} was ${VERDICTS[verdict]}`

/** Alerts named in one message, however many there are; the record has them all. */
const BURST_NAMES = 8

/** Alerts that came and went together: some of them, and how many there are. */
export interface Burst {
  begun: Pick<Joining, 'key' | 'summary' | 'at'>[]
  joined: number
  ended: { key: string; summary: string }[]
  receded: number
}

export function burst(voice: Voice, { begun, joined, ended, receded }: Burst): string {
  return [...came(voice, begun, joined), ...went(ended, receded)].join('\n')
}

function came(voice: Voice, begun: Burst['begun'], joined: number): string[] {
  const alert = ({ key, summary, at: seenAt }: Burst['begun'][number]) =>
    `${named(key, summary)}${plain(cut(summary, 200))}, ${when(seenAt, voice.rules.zone, '{time_secs}')}`
  const [first] = begun
  if (first && joined === 1) return [`:mag: *Detected:* ${alert(first)}`]
  const shown = begun.slice(0, BURST_NAMES)
  return [
    ...(joined > 1 ? [`:mag: *Detected: ${joined} more alerts*`, ...shown.map((one) => `• ${alert(one)}`)] : []),
    ...(joined > shown.length ? [`_and ${joined - shown.length} more_`] : []),
  ]
}

function went(ended: Burst['ended'], receded: number): string[] {
  const [first] = ended
  if (first && receded === 1)
    return [`:white_check_mark: *Recovered:* ${named(first.key, first.summary)}${plain(cut(first.summary, 200))}`]
  const names = ended.slice(0, BURST_NAMES).map(({ key }) => code(cut(key, 100)))
  const more = receded - names.length
  return receded === 0
    ? []
    : [`:white_check_mark: *Recovered: ${receded} alerts:* ${list(more > 0 ? [...names, `${more} more`] : names)}`]
}

/** Why what fails elsewhere stands here. */
const relatedTo = ({ related, service }: { related?: boolean | undefined; service: string }) =>
  related ? `. It is of service ${code(service)}, and one cannot be well without the other: it joins` : ''

function openedBy(voice: Voice, fact: Recorded & { type: 'opened' }): string {
  const service = fact.service === null ? '' : ` · service ${code(fact.service)}`
  const by = fact.by === null ? '' : ` · ${fact.origin === 'call' ? 'called' : 'declared'} by ${person(voice, fact.by)}`
  const from = fact.splitFrom === undefined ? '' : ` · split off ${inc(fact.splitFrom)}`
  const hidden = fact.private ? ' · :lock: private: only those who are here know of it' : ''
  return `${service} · severity ${fact.severity} · policy ${code(fact.policy.name)}${by}${from}${hidden}`
}

/** Lines of evidence that are shown: nobody reads two hundred labels, and Slack refuses what is too long. */
const EVIDENCE_SHOWN = 10

/** What was seen, a line each. */
export function witnessed({ rules }: Voice, all: readonly Evidence[]): string {
  const lines = all.slice(0, EVIDENCE_SHOWN).map(({ at: seenAt, saw }) => {
    const stamp = seenAt === null ? '' : `${when(seenAt, rules.zone, '{time_secs}')} `
    return `\n>${stamp}${plain(cut(saw, 200))}`
  })
  const more = all.length - lines.length
  return `${lines.join('')}${more > 0 ? `\n>_and ${more} more_` : ''}`
}

/** The name of what fails, where the sentence about it does not say it. */
export const named = (key: string, sentence: string) => (sentence.includes(key) ? '' : `${code(key)} `)

const stepName = (fact: { step: number; round: number }) =>
  `${fact.step + 1}${fact.round > 1 ? ` of round ${fact.round}` : ''}`

function stepReason(voice: Voice, fact: Recorded & { type: 'stepped' }): string {
  switch (fact.reason) {
    case 'unanswered':
      return 'nobody acknowledged in time'
    case 'asked':
      return fact.by === null ? 'asked for' : `asked for by ${person(voice, fact.by)}`
    case 'nobody':
      return 'nobody was on duty for the step before'
    case 'unreachable':
      return 'nobody of the step before could be reached'
    case 'gap':
      return 'nobody has the watch of the step before any more'
    case 'busy':
      return 'whoever has just come on duty has another incident to see to'
    case 'reopened':
      return 'the policy begins again'
    case 'new-watch':
      return 'a new watch has begun'
    case 'start':
      return 'start'
    default:
      return fact.reason satisfies never
  }
}

function pagedWhy(voice: Voice, page: Page): string {
  const step = page.step === null ? '' : ` (step ${stepName({ step: page.step, round: page.round })})`
  const lateBy = page.dueAt === null ? '' : `; late by ${duration(page.at - page.dueAt)}`
  switch (page.why.kind) {
    case 'duty':
      return `on duty for ${code(page.why.schedule)}${step}${lateBy}`
    case 'named':
      return `${page.why.by === null ? 'named by the policy' : `called by ${person(voice, page.why.by)}`}${step}${lateBy}`
    case 'holdover':
      return `not relieved yet on ${code(page.why.schedule)}${step}${lateBy}`
    case 'incoming':
      return `next on duty for ${code(page.why.schedule)}${step}${lateBy}`
    case 'carryover':
      return `came on duty for ${code(page.why.schedule)}${step}${lateBy}`
    case 'fallback':
      return `last resort${lateBy}`
    default:
      return page.why satisfies never
  }
}

function exhaustedWhy(why: (Recorded & { type: 'exhausted' })['reason']): string {
  switch (why) {
    case 'unanswered':
      return 'every step had its turn in every round, and nobody acknowledged'
    case 'nobody':
      return 'nobody is on duty on any step of the policy'
    case 'unreachable':
      return 'nobody on the policy could be reached'
    case 'gap':
      return 'nobody has the watch of the last step any more'
    case 'busy':
      return 'whoever is on duty for the last step has another incident to see to'
    case 'asked':
      return 'escalated by hand past the last step'
    default:
      return why satisfies never
  }
}

function stillFiring(voice: Voice, fact: Recorded & { type: 'resolved' }): string {
  if (fact.stillFiring.length === 0 || fact.recheckAt === null) return ''
  const shown = fact.stillFiring.slice(0, BURST_NAMES).map(code)
  const names = list(fact.stillFiring.length > shown.length ? [...shown, 'others'] : shown)
  return `. :warning: Still failing: ${names}. Unless that recovers by ${at(voice, fact.recheckAt)}, a new incident is opened and paged`
}

const NOBODY = '*Nobody has it any more:*'

function reopenedWhy(voice: Voice, fact: Recorded & { type: 'reopened' }): string {
  const from = fact.from === null ? 'its owner' : person(voice, fact.from)
  switch (fact.reason) {
    case 'off-duty':
      return `${NOBODY} the watch of ${from} has ended, and nobody has taken it over`
    case 'lease-over':
      return `${NOBODY} the time for which ${from} kept it is over`
    case 'given-back':
      return `${NOBODY} ${from} gave it back`
    case 'came-back':
      return '*It fails again*, minutes after its end'
    default:
      return fact.reason satisfies never
  }
}

/** Slack's error names about people, in words. */
export function unreachable(name: string): string {
  switch (name) {
    case 'user_disabled':
    case 'account_inactive':
      return 'the Slack account is deactivated'
    case 'user_not_found':
    case 'users_not_found':
    case 'user_not_visible':
    case 'user_not_in_team':
      return 'there is no such Slack account in this workspace'
    case 'cannot_dm_bot':
      return 'the Slack id belongs to a bot'
    default:
      return 'Slack does not deliver it'
  }
}

/** The loud post in the service's channel when nobody answered, or when the last resort cannot be reached; afterwards, how it stands. */
export function loud(voice: Voice, incident: Incident, fact: Recorded & { type: 'exhausted' | 'refused' }): string {
  const what = plain(incident.title)
  if (incident.state !== 'exhausted')
    return `*${inc(incident.id)} had nobody.* ${what}\n${standing(voice, incident, null)}`
  const help = 'If you can help: press *Acknowledge*.'
  if (fact.type === 'refused')
    return `<!channel> :sos: *${inc(incident.id)} still has nobody.* ${what}\n${person(voice, fact.person)} is the last resort and could not be paged: ${code(fact.reason)}, ${unreachable(fact.reason)}. ${help}`
  return `<!channel> :sos: *${inc(incident.id)} has nobody.* ${what}\n${sentence(exhaustedWhy(fact.reason))}. ${lastResort(voice, incident)} ${help}`
}

/** What became of the last resort: who is paged, and who cannot be. */
function lastResort(voice: Voice, { policy, pages }: Incident): string {
  const isPaged = (name: string) =>
    pages.some((page) => page.step === null && page.person === name && page.refused === null)
  const reached = policy.fallback.filter(isPaged)
  const unreached = policy.fallback.filter((name) => !isPaged(name))
  const said = [
    reached.length > 0
      ? `${people(voice, reached)} ${reached.length > 1 ? 'are' : 'is'} paged as the last resort.`
      : '',
    unreached.length > 0
      ? `${people(voice, unreached)} ${reached.length > 0 ? 'cannot be reached.' : `${unreached.length > 1 ? 'are' : 'is'} the last resort and cannot be reached.`}`
      : '',
  ]
  return said.filter((each) => each !== '').join(' ')
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** A word in the thread of a page, to somebody whom it woke. */
export function overNow(voice: Voice, fact: Recorded & { type: 'resolved' | 'merged' }): string {
  if (fact.type === 'merged')
    return `:twisted_rightwards_arrows: *${inc(fact.incident)} goes on as ${inc(fact.into)}:* merged by ${person(voice, fact.by)}.`
  const how = fact.by === null ? 'every check is well again' : `resolved by ${person(voice, fact.by)}`
  return `:large_green_circle: *${inc(fact.incident)} is over:* ${how}.${stillFiring(voice, fact).replace(/^\. /, ' ')}`
}

/** A warning that opens no incident. */
export function notice(
  voice: Voice,
  fact: Recorded & { type: 'detected' | 'recovered' | 'joined' | 'receded' },
): string {
  if (fact.type === 'joined' || fact.type === 'receded')
    return `${entry(voice, fact) ?? ''}\nservice ${code(fact.service)}: nobody is paged${heldTogether(fact)}`
  const what = `${named(fact.key, fact.summary)}${plain(fact.summary)}`
  if (fact.type === 'recovered') return `:white_check_mark: ${what} · service ${code(fact.service)}`
  const shown = witnessed(voice, fact.evidence)
  if (fact.held !== null)
    return `:link: *Held back:* ${what} · service ${code(fact.service)}. ${heldBack(voice, fact)}${shown}`
  return `${severityMark[fact.severity]} ${what} · service ${code(fact.service)} · ${fact.severity}: nobody is paged${shown}`
}

/** What those depend on that came together, where that is why. */
function heldTogether(fact: Recorded & { type: 'joined' | 'receded' }): string {
  if (fact.type !== 'joined') return ''
  const by = [...new Set(fact.alerts.flatMap(({ held }) => held?.by ?? []))]
  return by.length === 0 ? '' : `, because what they depend on is down (${list(by.slice(0, BURST_NAMES).map(code))})`
}

/** Why nobody is paged for now, and when somebody will be. */
function heldBack(
  voice: Voice,
  { held, quietUntilAt, still }: Pick<Joining, 'held' | 'quietUntilAt' | 'still'>,
): string {
  const by = code(held?.by ?? '')
  const until = at(voice, quietUntilAt ?? voice.now)
  return still
    ? `Nobody sees to ${by} any more, or it is well again: unless this recovers too, it pages at ${until}.`
    : `It depends on ${by}, which is down and has somebody paged: this pages when ${by} is back and it is not, at ${until} at the latest.`
}

/** The answer to whoever acted. */
export function answer(voice: Voice, event: Event, outcome: Outcome): string {
  if (outcome.result === 'refused') return refusal(voice, outcome.refusal)
  const id = outcome.incident === null ? '' : inc(outcome.incident)
  const paged =
    outcome.paged.length > 0
      ? `${people(voice, outcome.paged)} ${outcome.paged.length > 1 ? 'are' : 'is'} being paged.`
      : outcome.wouldPage === undefined
        ? 'Nobody new is paged.'
        : `:busts_in_silhouette: *Nobody is paged: shadow mode.* It would be ${list(outcome.wouldPage.map(code))}.`
  const by = 'by' in event ? person(voice, event.by) : 'Watchbill'
  switch (outcome.how) {
    case 'opened':
      return `:rotating_light: ${by} opened *${id}*. ${paged}`
    case 'joined':
      return `:memo: ${by} added to *${id}*, which is already open for this service. ${paged}`
    case 'acked':
      return `:eyes: ${by} has *${id}*. It is not escalated any further.`
    case 'responding':
      return `:raised_hand: ${by} is responding to *${id}* too; somebody had acknowledged it before.`
    case 'stepped':
      return `:arrow_up: ${by} escalated *${id}*. ${paged}`
    case 'exhausted':
      return `:sos: ${by} escalated *${id}* past the last step. ${paged}`
    case 'resolved':
      return `:large_green_circle: ${by} resolved *${id}*.`
    case 'noted':
      return `:memo: ${by} added a note to the timeline of *${id}*.`
    case 'confirmed':
      return event.type === 'confirm' ? `:anchor: ${by} has the watch of ${code(event.schedule)}.` : ''
    case 'accepted':
      return `:handshake: ${by} has taken over *${id}*.`
    case 'kept':
      return event.type === 'keep'
        ? `:hourglass_flowing_sand: ${by} keeps *${id}* until ${at(voice, event.untilAt)}. It is paged anew then, unless somebody has taken it over.`
        : ''
    case 'handed':
      return `:handshake: ${by} hands *${id}* over: ${people(voice, outcome.asked ?? [])} ${(outcome.asked ?? []).length > 1 ? 'are' : 'is'} asked to take it. Until somebody does, it stays with ${by}.`
    case 'unacked':
      return `:leftwards_arrow_with_hook: ${by} gave *${id}* back. ${paged}`
    // Who is on duty when is said by roster-words.ts, which knows what the change does.
    case 'overridden':
      return `:arrows_counterclockwise: ${by} changed the roster (change ${outcome.edit}).`
    case 'offered':
      return `:left_right_arrow: ${by} offers a change of the roster (change ${outcome.edit}).`
    case 'agreed':
    case 'declined':
    case 'cancelled':
      return `:arrows_counterclockwise: ${by} ${outcome.how} the change ${outcome.edit} of the roster.`
    // What is silenced until when is said by silence.ts.
    case 'silenced':
    case 'extended':
    case 'ended':
    case 'end-asked':
    case 'disable-asked':
    case 'disabled':
      return `:mute: ${by}: silence ${outcome.silence}.`
    case 'severity-set':
    case 'status-set':
    case 'role-given':
    case 'role-taken':
    case 'task-added':
    case 'task-changed':
    case 'updated':
    case 'linked':
    case 'merged':
    case 'split':
    case 'reopened':
    case 'captured':
    case 'uncaptured':
    case 'unchanged':
      return responseAnswer(voice, event, outcome)
    // What becomes of a name is said by coverage.ts, of a budget by rates.ts.
    case 'covered':
    case 'heeded':
    case 'recorded':
    // Likewise of a deploy by deploy-words.ts.
    case 'deployed':
    case 'denied':
    case 'override-asked':
    case 'deploy-moved':
    case 'locked':
    case 'unlocked':
      return 'Recorded.'
    default:
      return outcome.how satisfies never
  }
}

function refusal(voice: Voice, why: Refusal): string {
  const { rules, now } = voice
  switch (why.code) {
    case 'unknown-incident':
      return `There is no ${inc(why.incident)}. \`/incident list\` shows what there is.`
    case 'already-resolved': {
      const by = why.by === null ? 'by itself' : `by ${person(voice, why.by)}`
      return `${inc(why.incident)} was resolved ${by} at ${clockTime(why.at, rules.zone, now)}; nothing is left to do. If it is back: \`/incident declare TITLE\`.`
    }
    case 'all-paged':
      return `Everybody on the policy of ${inc(why.incident)} has been paged, the last resort too. Call somebody by name: \`/page @person TEXT\`.`
    case 'escalated-before':
      return `${inc(why.incident)} was escalated a moment before you pressed, and it goes one step at a time: nothing was done twice. To go on to the step after that, press *Escalate* again or type \`/incident escalate ${inc(why.incident)}\`.`
    case 'unknown-person':
      return `${plain(why.name)} is not in the configuration (\`people:\`), and only people who are may act. Ask an admin to add them.`
    case 'unknown-target':
      return why.kind === 'service'
        ? `There is no service ${code(why.name)}. Known: ${list(Object.keys(rules.services).map(code))}.`
        : `There is no ${why.kind} ${code(why.name)}. \`/oncall\` lists the schedules.`
    case 'no-handover':
      return why.opensAt === null
        ? `No change of ${code(why.schedule)} is at hand, so there is no watch to take over, and nothing was done. \`/oncall ${why.schedule}\` shows who has it; \`/oncall take\` takes it out of turn.`
        : `The next change of ${code(why.schedule)} can be confirmed from ${clockTime(why.opensAt, rules.zone, now)} on, and nothing was done. To take the watch now, out of turn: \`/oncall take\`.`
    case 'not-incoming':
      return `The watch of ${code(why.schedule)} goes to ${people(voice, why.people)}, so only they can confirm it, and nothing was done. To take it instead: \`/oncall take\`.`
    case 'not-acked':
      return `Nobody has ${inc(why.incident)} at the moment, so nothing was done. To take it: \`/incident ack ${inc(why.incident)}\`.`
    case 'not-owner':
      return `${inc(why.incident)} is ${why.owner === null ? 'with nobody' : `${person(voice, why.owner)}'s`}, so nothing was done. To take it over: \`/incident accept ${inc(why.incident)}\`.`
    case 'bad-lease':
      return `${inc(why.incident)} can be kept until ${clockTime(why.latestAt, rules.zone, now)} at the latest, and not into the past; nothing was done.`
    case 'nobody-to-ask':
      return `Nobody else is on duty who could take ${inc(why.incident)}, or about to be, so nobody was asked. Name somebody: \`/incident handover ${inc(why.incident)} @person\`.`
    case 'cannot-be-asked':
      return `${people(voice, why.people)} cannot be asked to take ${inc(why.incident)}: they have it, or Slack does not reach them. Nothing was done; name somebody else: \`/incident handover ${inc(why.incident)} @person\`.`
    case 'unknown-edit':
      return `There is no change of the roster with the number ${why.edit}, and nothing was done. \`/oncall mine\` lists yours.`
    case 'edit-over':
      return `The change ${why.edit} of the roster has been answered, ended or taken back before, so nothing was done. \`/oncall mine\` lists yours.`
    case 'not-yours':
      return `The change ${why.edit} of the roster is up to ${person(voice, why.whose)}, so nothing was done.`
    case 'nothing-left':
      return 'That lies in the past, and the past of a roster is never changed. Nothing was done; give a time that is still to come.'
    case 'bad-silence':
      return `A silence ends after it begins, and lasts no longer than until ${clockTime(why.latestAt, rules.zone, now)} (\`silences.max\` is ${duration(why.latestAt - why.fromAt)}). It is extended, never made shorter: \`/silence end\` ends it now. Nothing was changed.`
    case 'unknown-silence':
      return `There is no silence ${why.silence}, and nothing was done. \`/silence list\` shows what is silenced.`
    case 'silence-over':
      return `The silence ${why.silence} is over, and nothing was done. \`/silence list\` shows what is silenced.`
    case 'adopted-before':
      return `${code(why.name)} was adopted a moment before, and nothing was done twice. \`/monitor list\` shows it.`
    case 'not-adopted':
      return `${code(why.name)} was not adopted, and nothing was done. What stands in the configuration is taken out there.`
    case 'not-dropping':
      return `Nobody wants ${code(why.name)} to be watched no more, or asked for it more than a quarter of an hour ago: it is watched, and nothing was done. ${code(`/monitor drop ${why.name} REASON`)} asks for it.`
    case 'own-drop':
      return `That ${code(why.name)} is watched no more takes a second person, and you asked for it yourself: it is watched still, and nothing was done.`
    case 'not-ignored':
      return `${code(why.name)} was not ignored by hand, and nothing was done. What \`coverage.ignore\` of the configuration names is taken out there.`
    case 'nothing-to-disable':
      return `${code(why.monitor)} reports by itself: nothing goes and looks that could be disabled. So that nobody is paged for it: \`/silence ${why.monitor} 30m REASON\`. Nothing was done.`
    case 'disabled-before':
      return `Somebody has disabled ${code(why.monitor)} before, or asked for it (${why.silence}), so nothing was done. \`/silence list\` shows it.`
    case 'left-unwatched':
      return `${code(why.monitor)} was not disabled: nothing else watches ${list(why.services.map((name) => `service ${code(name)}`))}, and nobody would notice when it fails. Silence it instead, so that it looks and pages nobody: \`/silence ${why.monitor} 30m REASON\`. Or have another monitor watch first.`
    case 'own-disable':
      return `Disabling takes a second person, and you asked for it yourself: somebody else has to approve ${why.silence}. Nothing was done.`
    case 'disable-not-extended':
      return `That ${code(why.monitor)} is disabled is not made longer: it takes a second person each time. \`/monitor disable ${why.monitor} 30m REASON\` asks for it again once this is over. Nothing was done.`
    case 'not-resolved':
    case 'merged-before':
    case 'another-open':
    case 'same-incident':
    case 'private-and-not':
    case 'nothing-to-split':
    case 'unknown-role':
    case 'no-role-holder':
    case 'unknown-task':
    case 'in-future':
    case 'too-many':
      return responseRefusal(voice, why)
    case 'no-rate':
      return `${code(why.monitor)} does not learn from what is said of its alarms: only monitors of rates do. Nothing was done.`
    case 'never-rang':
      return `${code(why.monitor)} has not rung in ${inc(why.incident)}, so there is nothing to say of it there. \`/monitor show ${why.monitor}\` shows how it stands.`
    case 'said-before':
      return `You said before that ${code(why.monitor)} was ${VERDICTS[why.verdict]}: it counts once, and nothing was done twice.`
    case 'unknown-deploy':
    case 'deploy-over':
    case 'no-hook':
    case 'unknown-environment':
    case 'not-to-fix':
    case 'same-rollout':
    case 'rolls-already':
    case 'own-override':
    case 'lost-role':
    case 'not-resumed':
    case 'bad-lock':
    case 'unknown-lock':
    case 'lock-over':
      return deployRefusal(voice, why)
    case 'failed':
      return `That went wrong on our side and nothing was done (reference ${code(why.reference)}). It is logged; please try again, and tell whoever runs Watchbill.`
    default:
      return why satisfies never
  }
}

/** Why somebody may not act. */
export function denied(reason: Denied, slackUser: string, role: string | null): string {
  switch (reason) {
    case 'stranger':
      return `You may read, but only people listed in Watchbill's configuration may act, and ${mention(slackUser)} is not. Nothing was done. Ask an admin to add you under \`people:\` (your Slack id is \`${slackUser}\`).`
    case 'outsider':
      return 'People of another workspace may read, but not act. Nothing was done. Ask somebody of this workspace who is listed in the configuration.'
    case 'guest':
      return 'Guests of the workspace may read, but not act. Nothing was done. Ask somebody who is a full member and listed in the configuration.'
    case 'gone':
      return 'Slack says that your account is deactivated or a bot, so you may read, but not act. Nothing was done. Ask somebody who is listed in the configuration.'
    case 'no-such-role':
      return `That takes the role ${code(role ?? '')}, and the configuration gives it to nobody (\`roles:\`). Nothing was done.`
    case 'not-in-role':
      return `That takes the role ${code(role ?? '')}, which you do not have. Nothing was done. \`roles:\` in the configuration says who has it.`
    default:
      return reason satisfies never
  }
}

/** A button that is not where we put it. */
export const notOurs = (command: string, verb: string) =>
  command === '/incident'
    ? `That button is not on a message that Watchbill wrote about this incident (it may be a copy), so nothing was done. If you mean it: \`/incident ${verb} INC-n\`; \`/incident list\` shows what is open.`
    : `That button is not on a message that Watchbill wrote about this watch (it may be a copy, or about a change that is over), so nothing was done. If you mean it: \`${command} ${verb}\`; \`/oncall\` shows who is on duty.`

/** Likewise of a request to disable a monitor. */
export const notOurRequest =
  'That button is not on a message that Watchbill wrote about this request (it may be a copy), so nothing was done. If you mean it: `/monitor approve N` with its number or name; `/silence list` has the number.'

/** A form that was opened on a message by somebody else, or so long ago that nothing is known of it. */
export const formNotYours =
  'That form does not belong to a message that you pointed at (it may be too old), so nothing was done. Please choose the message again, from its menu.'

/** Likewise of what an alarm of a rate was. */
export const notOurAlarm =
  'That button is not on a message that Watchbill wrote about this alarm (it may be a copy), so nothing was done. If you mean it: `/monitor feedback MONITOR false INC-n`; `/incident list` has the number.'

export const broken = (reference: string) =>
  `That went wrong on our side (reference \`${reference}\`). Whether anything was done is in the log; please look at \`/incident list\` before you try again.`

export const storeDown =
  'Watchbill cannot reach its store at the moment, so nothing was done. Please try again in a few seconds; if it lasts, call somebody directly.'

export const stopping =
  'Watchbill is being stopped or restarted at this moment, so nothing was done. Please try again in a few seconds; if it lasts, call somebody directly.'

/** Slack does not let us keep a user group, or any (null): what to do about it. */
export function groupTrouble(handle: string | null, reason: string): string {
  const which =
    handle === null ? 'User groups of Slack do not follow the watch' : `${code(`@${handle}`)} does not follow the watch`
  return `${which} (${code(reason)}): ${groupRemedy(reason)}. It is tried again every hour.`
}

function groupRemedy(reason: string): string {
  switch (reason) {
    case 'permission_denied':
    case 'user_is_restricted':
    case 'cannot_create_user_group':
      return 'only admins may manage user groups in this workspace. An owner can let everybody do it, in the permissions of the workspace'
    case 'plan_upgrade_required':
    case 'paid_teams_only':
      return "user groups need one of Slack's paid plans. Without one, take `slack_group` out of the configuration"
    case 'missing_scope':
    case 'not_allowed_token_type':
      return 'the Slack app lacks the scopes `usergroups:read` and `usergroups:write`. Add them (`watchbill manifest` prints all that it needs) and install it again'
    case 'handle_already_exists':
    case 'name_already_exists':
      return 'somebody or something else has that name. Choose another `slack_group`'
    case 'invalid_users':
      return 'Slack does not take those on duty as its members'
    default:
      return 'Slack refuses it. The log of Watchbill has the call'
  }
}

/** Problems named in one message. */
const WARNED_NAMED = 12

/** What is wrong with the roster ahead, while there is time to mend it. */
export function rosterWarning(voice: Voice, lead: Lead, what: readonly Warned[]): string {
  const shown = what.slice(0, WARNED_NAMED).map((each) => `• ${rosterProblem(voice, each)}`)
  const more = what.length - shown.length
  return [
    `${lead === 'soon' ? ':rotating_light:' : ':warning:'} *The roster has a problem ${leadWords(voice, lead, what)}*`,
    ...shown,
    ...(more > 0 ? [`_and ${more} more: \`/oncall gaps\` lists all_`] : []),
  ].join('\n')
}

function leadWords({ now }: Voice, lead: Lead, what: readonly Warned[]): string {
  switch (lead) {
    case 'recurring':
      return 'that comes back'
    case 'week':
      return 'within a week'
    case 'day':
      return 'within a day'
    case 'soon':
      return what.every((each) => 'startAt' in each && each.startAt <= now) ? 'now' : 'within 15 minutes'
    default:
      return lead satisfies never
  }
}

/** What a warning of the roster means, and what to type. */
export function rosterHint(lead: Lead, what: readonly Warned[]): string {
  const skipped = what.some(({ kind }) => kind !== 'clash')
    ? 'A page that finds nobody goes to the next step at once. '
    : ''
  const mend =
    lead === 'recurring'
      ? 'It ends with a change of the schedule in the configuration. For a single time, `/oncall cover` puts somebody there and `/oncall take` puts you there.'
      : 'To mend it: `/oncall cover` puts somebody there, `/oncall take` puts you there.'
  return `${skipped}${mend} Nobody has been paged about this.`
}

/** A problem of the roster, in one line. */
export function rosterProblem(voice: Voice, what: Warned): string {
  const time = 'startAt' in what ? stretch(voice, what) : pattern(what)
  const who = people(voice, what.people)
  switch (what.kind) {
    case 'gap':
      return `:ghost: ${code(what.schedule)}: *nobody* on duty ${time}`
    case 'clash':
      return `:twisted_rightwards_arrows: ${list(schedulesIn(what).map(code))}: *only ${who}* on both, with nobody behind them, ${time}`
    case 'unreachable':
      return `:no_entry: ${code(what.schedule)}: ${who} on duty and *cannot be paged* ${time}`
    case 'away':
      return `:airplane: ${code(what.schedule)}: ${who} on duty and *away* by their own calendar, ${time}`
    default:
      return what.kind satisfies never
  }
}

/** From when to when, in everybody's own zone; a beginning that has passed is now. */
const DOUBT = {
  gone: ['', 'Slack has no account of theirs (any more)'],
  quiet: [
    '"Do not disturb" is on in Slack for a part of it, so the message makes no sound, and nothing beside Slack is known to reach you',
    '"Do not disturb" is on in Slack for a part of it, and nothing beside Slack is known to reach them',
  ],
  unconfirmed: [
    'nobody has confirmed that what you have beside Slack works, so while Slack is down nothing may reach you',
    'nobody has confirmed that what they have beside Slack works',
  ],
  alone: [
    'you are reached by Slack alone, and while it is down by nothing',
    'they are reached by Slack alone, and while it is down by nothing',
  ],
} as const satisfies Record<Doubt['kind'], readonly [string, string]>

/** To whoever comes on duty and may sleep through a page. */
export function reachWords(voice: Voice, doubt: Doubt): string {
  const next = {
    gone: '',
    quiet:
      'Change its hours in Slack (Preferences, Notifications) for the time of your shift, or have a push or a call: `/watchbill test` tries out yours, and *It came* confirms them.',
    unconfirmed: 'Type `/watchbill test`, and say *It came* where it comes.',
    alone: `Ask whoever runs Watchbill for ${code(`people: { ${doubt.person}: { contact: [{ after: 1m, via: ntfy, to: … }] } }`)}, then type \`/watchbill test\`.`,
  } satisfies Record<Doubt['kind'], string>
  return `:bell: *You are on duty for ${code(doubt.schedule)} ${stretch(voice, doubt)}, and a page may not reach you:* ${DOUBT[doubt.kind][0]}. ${next[doubt.kind]}`
}

/** To their team, while there is time. */
export function reachTeamWords(voice: Voice, doubt: Doubt): string {
  const who = person(voice, doubt.person)
  const known = doubt.kind === 'gone' ? 'Correct the id under `people:` if it is wrong.' : 'They are told themselves.'
  return `:bell: *${who} is on duty for ${code(doubt.schedule)} ${stretch(voice, doubt)}, and a page may not reach them:* ${DOUBT[doubt.kind][1]}. ${known} If it stays so, \`/oncall cover\` puts you there instead. Nobody has been paged about this.`
}

function stretch(
  { rules, now }: Voice,
  { schedule, startAt, endAt }: Pick<Problem, 'schedule' | 'startAt' | 'endAt'>,
): string {
  const zone = rules.schedules[schedule]?.zone ?? rules.zone
  const day = '{date_short_pretty} {time}'
  const dayOf = (instant: number) => DateTime.fromMillis(instant, { zone }).toISODate()
  const begun = startAt <= now
  const from = when(startAt, zone, day)
  if (endAt - Math.max(startAt, now) >= WEEK_MS)
    return begun ? 'now, for a week and more' : `from ${from}, for a week and more`
  const until = when(endAt, zone, dayOf(begun ? now : startAt) === dayOf(endAt) ? '{time}' : day)
  return begun ? `now, until ${until}` : `${from} – ${until}`
}

/** `every night 20:00–08:00 (Europe/Zurich)`: times of the wall clocks there. */
function pattern({ days, from, to, nights, zone }: Pattern): string {
  const time = (ofDay: number) => DateTime.fromMillis(ofDay, { zone: 'utc' }).toFormat('HH:mm')
  const often =
    days.length === 7 ? (nights > 0 ? 'every night' : 'every day') : `on ${list(days.map((day) => DAYS[day]))}`
  const until = nights > 1 ? `${time(to)}, ${nights} days later` : time(to)
  return `${often} ${time(from)}–${until} (${zone})`
}

const DAYS: Record<Weekday, string> = {
  MO: 'Mondays',
  TU: 'Tuesdays',
  WE: 'Wednesdays',
  TH: 'Thursdays',
  FR: 'Fridays',
  SA: 'Saturdays',
  SU: 'Sundays',
}

/** A page that is owed and not out: told round the out-tray, to the channel of the service and to the last resort. */
export interface LateWords {
  /** Null: it is about the watch of a schedule. */
  incident: number | null
  watch: string | null
  person: string
  at: number
  service: string | null
  reason: string | null
}

const aboutWhat = ({ incident, watch }: Pick<LateWords, 'incident' | 'watch'>) =>
  incident === null ? `The watch of ${plain(watch ?? '')}` : inc(incident)

/** Pages named in one alarm; more of them are one trouble. */
const LATE_NAMED = 10

export function latePageWords(voice: Voice, pages: readonly LateWords[]): string {
  const lines = pages.slice(0, LATE_NAMED).map(({ person: who, at: since, service, reason, ...about }) => {
    const of = service === null ? '' : ` (${plain(service)})`
    const because = reason === null ? '' : `; the last try: ${code(cut(reason, 100))}`
    return `• *${aboutWhat(about)}*${of}: ${person(voice, who)} is owed a page since ${at(voice, since)}, ${duration(voice.now - since)} ago, and it is not out${because}`
  })
  const more = pages.length - lines.length
  const open = pages.find(({ incident }) => incident !== null)?.incident ?? null
  const help =
    open === null ? 'Please call them.' : `Please call them, or take it yourself: \`/incident ack ${inc(open)}\`.`
  return [
    ':warning: *Somebody is not being reached.*',
    ...lines,
    ...(more > 0 ? [`_and ${more} more_`] : []),
    `It is tried again all the time, and escalation goes on. ${help}`,
  ].join('\n')
}

/** What became of pages that were late. */
export function settledPageWords(
  voice: Voice,
  pages: readonly (LateWords & { how: 'sent' | 'refused' | 'void'; endedAt: number | null })[],
): string {
  const lines = pages.slice(0, LATE_NAMED).map(({ person: who, at: since, how, reason, endedAt, ...about }) => {
    const whose = `The page of ${person(voice, who)} for *${aboutWhat(about)}*`
    switch (how) {
      case 'sent':
        return `:white_check_mark: ${whose} is out, ${duration((endedAt ?? voice.now) - since)} after it was owed.`
      case 'refused':
        return `:no_entry: ${whose} cannot be delivered (${code(cut(reason ?? 'unknown', 100))}): the next person is paged instead.`
      case 'void':
        return `:white_check_mark: ${whose} is not needed any more.`
      default:
        return how satisfies never
    }
  })
  const more = pages.length - lines.length
  return [...lines, ...(more > 0 ? [`_and ${more} more_`] : [])].join('\n')
}

/** Nobody can be paged: told from memory to everybody on duty. */
export const storeSilent = (voice: Voice, since: number) =>
  `:sos: *Nobody can be paged by Watchbill.* Its store does not answer since ${at(voice, since)}: alerts are refused with 503, and nothing is paged or escalated until it is back. If you are on duty, watch the services yourself, and call whom you need directly.`

/** Nothing is found out by Watchbill itself: told to everybody on duty. */
export const watchStands = (voice: Voice, entries: readonly string[], since: number) =>
  `:sos: *Watchbill does not watch.* ${list(entries.map(code))} ${entries.length > 1 ? 'stand' : 'stands'} still since ${at(voice, since)}: what fails now may not be noticed. What other systems report still pages. If you are on duty, watch the services yourself; whoever runs Watchbill: \`/watchbill status\` and its log say more.`

export const watchBack = (voice: Voice, since: number) =>
  `:white_check_mark: *Watchbill watches again*, after ${duration(voice.now - since)}.`

export const storeBack = (voice: Voice, since: number) =>
  `:white_check_mark: *Watchbill's store answers again*, after ${duration(voice.now - since)}. What fell due meanwhile goes out now; alerts that were refused come when their senders try again.`

/** People are not heard: told to everybody on duty, by every way. */
export const deafWords = (voice: Voice, since: number) =>
  `:sos: *Slack does not tell Watchbill what people do*, since ${at(voice, since)}. Pages still come by Slack, but buttons and commands do nothing, and what is not answered goes on to the next person. Pages go out beside Slack at once: answer them there. Whoever runs Watchbill: its log says why it cannot connect (the app-level token, the network, status.slack.com).`

export const deafOver = (voice: Voice, since: number) =>
  `:white_check_mark: *Slack tells Watchbill what people do again*, after ${duration(voice.now - since)}. What was pressed meanwhile may have to be pressed again.`

/** What comes in is stored and not decided on. */
export const stuckWords = (voice: Voice, since: number, waiting: number) =>
  `:sos: *Watchbill decides nothing*, since ${at(voice, since)}: ${waiting} ${waiting === 1 ? 'event waits' : 'events wait'}, alerts among them perhaps, and nobody is paged for what came since. If you are on duty, watch the services yourself. Whoever runs Watchbill: restart it, then look into its log; nothing that came in is lost.`

export const stuckOver = (voice: Voice, since: number) =>
  `:white_check_mark: *Watchbill decides again*, after ${duration(voice.now - since)}. What waited is paged for now.`

/** Pages go out, and take their time. */
export const slowWords = (voice: Voice, since: number, ms: number) =>
  `:warning: *Slack takes pages slowly*, since ${at(voice, since)}: ${duration(ms)} for most calls. They arrive, late by as much. What Slack does not take within five seconds goes out beside it, to whoever has \`contact\` in the configuration.`

export const slowOver = (voice: Voice, since: number) =>
  `:white_check_mark: *Slack takes pages at once again*, after ${duration(voice.now - since)}.`

/** Said before it is too late: a full disk refuses alerts. */
export const diskWords = (_: Voice, trouble: string) =>
  `:warning: *The disk of Watchbill's store fills up:* ${plain(trouble)}. When it is full, alerts are refused with 503 and nobody is paged for them.`

export const diskOver = (voice: Voice, since: number) =>
  `:white_check_mark: *The disk of Watchbill's store has room again*, after ${duration(voice.now - since)}.`
