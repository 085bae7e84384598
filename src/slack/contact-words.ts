import type { Notice } from '../deps.ts'
import type { Outcome } from '../domain/event.ts'
import { type Incident, isOpen, type Page } from '../domain/incident.ts'
import { outlook } from '../domain/watch/outlook.ts'
import { byGravity, title } from './blocks.ts'
import { clockTime, list } from './text.ts'
import { inc, standing, type Voice, whyYou } from './words.ts'

/** What people are told beside Slack: plain text, because whoever carries it has another markup, or none. */

interface How {
  id: string
  answer: Notice['answer']
  /** Why it comes before its time: Slack takes nothing, or not for them. */
  without: 'down' | 'refused' | 'deaf' | null
}

/** A page in plain text: what is wrong, why it comes here, why they, what happens next, how to answer. */
export function pageNotice(voice: Voice, incident: Incident, page: Page, { id, answer, without }: How): Notice {
  const { rules, now } = voice
  const bare = (text: string) => unmarked(voice, text)
  const [first, ...others] = seen(incident)
  const what = first
    ? `${first.summary}, since ${clockTime(first.firstAt, rules.zone, now)}`
    : `${hidden(incident).title}, since ${clockTime(incident.openedAt, rules.zone, now)}`
  const more = others.length > 0 ? [`And ${others.length} more: Slack has them.`] : []
  const why =
    without === null
      ? `Your page of ${clockTime(page.at, rules.zone, now)} in Slack is not answered.`
      : WITHOUT[without]
  const name = title(hidden(incident))
  return {
    id,
    title: `${incident.severity.toUpperCase()} ${name}`,
    lines: [
      ...[
        what,
        ...more,
        why,
        bare(whyYou(voice, page, page.at)),
        bare(standing(voice, incident, outlook(incident, rules))),
      ],
      ...(answer === null ? [byHand(incident, without)] : []),
    ],
    spoken: `Watchbill page, ${inc(incident.id)}. ${incident.severity}. ${name.replace(/^INC-\d+ · /, '')}. ${why}`,
    ...{ at: now, severity: incident.severity, answer },
    data: {
      ...{ incident: inc(incident.id), person: page.person, service: incident.service ?? '' },
      slack: without === 'down' ? 'down' : 'up',
    },
  }
}

/** In the place of a page that went out: who has it, or that it is over. */
export function overNotice(
  voice: Voice,
  incident: Incident,
  { id, sent }: { id: string; sent: string | null },
): Notice {
  const how = unmarked(voice, standing(voice, incident, null))
  const name = title(hidden(incident))
  return {
    ...{ id, title: name, lines: [how, 'There is nothing to do for you.'], spoken: `${name}. ${how}` },
    ...{ at: voice.now, severity: 'info', answer: null, over: { sent } },
    data: { incident: inc(incident.id), service: incident.service ?? '', state: incident.state },
  }
}

/** Of what is private nothing leaves Slack but that it is there. */
const hidden = (incident: Incident): Incident =>
  incident.private ? { ...incident, title: 'a private incident: Slack has what it is about' } : incident
const seen = ({ private: isPrivate, alerts }: Incident) =>
  isPrivate ? [] : byGravity(alerts).filter(({ recoveredAt }) => recoveredAt === null)

const WITHOUT = {
  down: 'Slack is down: this comes here instead.',
  refused: 'Slack does not deliver to you: this comes here instead.',
  deaf: 'Slack does not tell Watchbill what you press there: this comes here, too.',
}

const byHand = (incident: Incident, without: How['without']) =>
  `To acknowledge: ${without === 'down' || without === 'deaf' ? 'as soon as Slack is back, ' : 'in Slack, '}/incident ack ${inc(incident.id)}. It cannot be answered here, because PUBLIC_URL is not set.`

/** Of whom Slack names by an id, and of what it writes its own way: as people would write it. */
function unmarked({ rules }: Voice, text: string): string {
  const names = new Map(Object.values(rules.people).map(({ name, slack }) => [slack, name]))
  return text
    .replaceAll(/<!date\^[^|>]*\|([^>]*)>/g, '$1')
    .replaceAll(/<@([A-Z0-9]+)(?:\|[^>]*)?>/g, (_, id: string) => names.get(id) ?? 'somebody')
    .replaceAll(/<!(channel|here|everyone)>/g, '')
    .replaceAll(/(?<=^|\s):[a-z_]+:\s?/g, '')
    .replaceAll(/[*_`~](?!\u200b)/g, '')
    .replaceAll('\u200b', '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .trim()
}

/** A page about the watch of a schedule, which Slack does not take: it is answered there. */
export function watchPageNotice(voice: Voice, id: string, text: string, without: 'down' | 'refused'): Notice {
  const said = unmarked(voice, text)
  return {
    ...{ id, title: `Watchbill: ${said}`, spoken: `This is Watchbill. ${said}` },
    lines: [said, WITHOUT[without], 'Answer it in Slack as soon as you can.'],
    ...{ at: voice.now, severity: 'critical', answer: null, data: { slack: without === 'down' ? 'down' : 'up' } },
  }
}

/** About the watch itself, when Slack does not take it or is what is sick: an alarm of the auditor's, in plain text. */
export function alarmNotice(voice: Voice, text: string): Notice {
  const [first = '', ...lines] = unmarked(voice, text).split('\n')
  const at = voice.now
  return {
    id: `alarm/${at}`,
    title: `Watchbill: ${first}`,
    lines: ['This is about Watchbill itself: there is nothing to acknowledge.', first, ...lines],
    spoken: `This is Watchbill. ${first}`,
    ...{ at, severity: 'critical', answer: null, data: { slack: 'down' } },
  }
}

/** Somebody is asked to say that it came. */
export function testNotice({ rules, now: at }: Voice, id: string, by: string | null, answer: Notice['answer']): Notice {
  const text = by === null ? 'It is tried out every week.' : `${by} asked for it.`
  return {
    ...{ id, title: 'This is a test of Watchbill', spoken: offeredTest.title },
    lines: [
      `Nothing is wrong. Pages of ${rules.company} that you do not answer in Slack come here. ${text}`,
      ...(answer === null
        ? ['It cannot be confirmed here, because PUBLIC_URL is not set.']
        : ['Please say that it came.']),
    ],
    ...{ at, severity: 'info', answer, data: { test: 'true' } },
  }
}

/** What somebody is asked who opens the address of a page. */
export function offeredPage(voice: Voice, incident: Incident) {
  return {
    title: title(hidden(incident)),
    text: unmarked(voice, standing(voice, incident, outlook(incident, voice.rules))),
    label: isOpen(incident) && incident.state !== 'acked' ? 'Acknowledge' : null,
  }
}

export const offeredTest = {
  title: 'This is a test of Watchbill: you can be reached so.',
  text: 'Press the button to say that it came.',
  label: 'It came',
}

export const confirmed = 'Thank you: Watchbill knows now that you can be reached so.'
export const howToAnswer =
  'Reply 1 to acknowledge, 2 to escalate; with the number of an incident where there are several: 1 INC-7.'
export const nothingToAnswer = 'Nothing is open that you were paged for by SMS.'

export const keysOfPage = 'Press 1 to acknowledge. Press 2 to escalate.'
export const keysOfTest = 'Press any key to say that it came.'

/** Said to somebody who picks up when it is not needed any more. */
export const hasIt = (voice: Voice, incident: Incident) =>
  `${inc(incident.id)}: ${unmarked(voice, standing(voice, incident, null))} There is nothing to do.`

/** What came of an answer that was given beside Slack. */
export function answeredWords(voice: Voice, id: number, person: string, outcome: Outcome): string {
  if (outcome.result === 'done') {
    switch (outcome.how) {
      case 'acked':
        return `${inc(id)} is yours, ${person}: acknowledged.`
      case 'responding':
        return `${inc(id)}: somebody has it already, and you are noted as also responding.`
      case 'exhausted':
        return `${inc(id)} is escalated: the last resort is paged.`
      default:
        return `${inc(id)} is escalated${outcome.paged.length > 0 ? `: ${list(outcome.paged)} paged` : ''}.`
    }
  }
  const { refusal } = outcome
  switch (refusal.code) {
    case 'already-resolved':
      return `${inc(id)} is resolved already, since ${clockTime(refusal.at, voice.rules.zone, voice.now)}: there is nothing to do.`
    case 'all-paged':
      return `${inc(id)}: everybody has been paged already.`
    case 'escalated-before':
      return `${inc(id)} was escalated a moment ago.`
    default:
      return `${inc(id)}: that could not be done. Answer it in Slack.`
  }
}
