import type { KnownBlock } from '@slack/types'
import type { Verdict } from '../domain/detect/miss.ts'
import type { Recorded } from '../domain/fact.ts'
import type { Incident } from '../domain/incident.ts'
import { isOpen } from '../domain/incident.ts'
import { DURATIONS, type Durations, durationsOf, type Milestones, milestonesOf } from '../domain/milestones.ts'
import { HERE, under } from '../domain/rules.ts'
import type { Change } from '../domain/suspect.ts'
import type { Entry } from '../domain/timeline.ts'
import { outlook } from '../domain/watch/outlook.ts'
import { button, section } from './blocks.ts'
import { asMarkdown, escapeMarkdown, markdownCode } from './markdown.ts'
import { code, cut, duration, list, local, plain } from './text.ts'
import { timelineMarkdown } from './timeline.ts'
import { inc, standing, type Voice } from './words.ts'

/** The draft of a post-mortem, as Markdown: what is on record, and headings for what only people know. Pure. */
export interface Draft {
  incident: Incident
  entries: readonly Entry[]
  urlOf(entry: Entry): string | null
  milestones: Milestones
  participants: readonly { name: string; paged: boolean; acted: boolean }[]
  changes: readonly Change[]
  audit: readonly Verdict[]
}

const MEASURED: Record<keyof Durations, string> = {
  detect: 'Time to detect (first failure until it was an alarm)',
  page: 'Time to page (alarm until somebody was paged)',
  ack: 'Time to acknowledge (first page until somebody had it)',
  mitigate: 'Time to mitigate (first failure until nothing failed any more)',
  resolve: 'Time to resolve (first failure until it was over)',
}

/** `Mon 23 Nov 2026 08:00:04 UTC+01:00` */
const full = ({ rules }: Voice, at: number) => local(at, rules.zone).toFormat("ccc d LLL yyyy HH:mm:ss 'UTC'ZZ")

export function draftMarkdown(voice: Voice, draft: Draft): string {
  const { incident, milestones, participants, entries, urlOf, changes, audit } = draft
  const durations = durationsOf(milestones)
  return `${[
    `# Post-mortem of ${inc(incident.id)}: ${escapeMarkdown(incident.title)}`,
    '',
    '_A draft of what is on record. What only people know goes beneath the headings that ask for it._',
    '',
    '## Summary',
    '',
    ...summaryLines(voice, draft),
    '',
    '## Impact',
    '',
    ...impactLines(voice, draft),
    '',
    '## Durations',
    '',
    ...DURATIONS.map((name) => {
      const ms = durations[name]
      return `- ${MEASURED[name]}: ${ms === null ? '_not yet_' : `**${duration(ms)}**`}`
    }),
    ...(milestones.pagedAt === null ? ['- Nobody was paged.'] : []),
    '',
    '## Who took part',
    '',
    ...(participants.length === 0 ? ['- Nobody: it came and went by itself.'] : participants.map(participantLine)),
    '',
    '## What changed before it',
    '',
    ...changeLines(voice, changes, milestones),
    '',
    '## Timeline',
    '',
    `All times are of ${voice.rules.zone}.`,
    ...timelineMarkdown(voice, entries, urlOf),
    '',
    '## Tasks',
    '',
    ...taskLines(voice, incident),
    '',
    '## Miss audit',
    '',
    ...auditLines(voice, incident, audit),
    '',
    '## Why it happened',
    '',
    '_What was the cause, and what let it get this far?_',
    '',
    '## What went well, and what did not',
    '',
    '_What helped? What was missing, slow or in the way?_',
  ].join('\n')}\n`
}

function summaryLines(voice: Voice, { incident, milestones }: Draft): string[] {
  const { service, severity } = incident
  return [
    `- **What:** ${escapeMarkdown(incident.title)}`,
    `- **Service:** ${service === null ? 'none' : markdownCode(service)}, severity ${severity}`,
    `- **From:** ${full(voice, milestones.startedAt)}`,
    `- **Until:** ${milestones.resolvedAt === null ? '_it is open still_' : full(voice, milestones.resolvedAt)}`,
    `- **Standing:** ${asMarkdown(standing(voice, incident, null), { rules: voice.rules, at: milestones.startedAt })}`,
    ...(isOpen(incident) ? ['- _This is how it stands now, and not the end._'] : []),
  ]
}

/** How it stands, for the canvas of the channel while it is open. */
export function liveLines(voice: Voice, incident: Incident): string[] {
  const { service, severity, status, openedAt, roles, tasks, update, alerts } = incident
  const around = { rules: voice.rules, at: openedAt }
  const failing = alerts.filter(({ recoveredAt }) => recoveredAt === null)
  return [
    `# ${inc(incident.id)}: ${escapeMarkdown(incident.title)}`,
    '',
    '_Watchbill keeps this in step while the incident is open, and overwrites what is written here. When it is resolved this becomes the draft of the post-mortem, and yours._',
    '',
    `- **Standing:** ${asMarkdown(standing(voice, incident, outlook(incident, voice.rules)), around)}`,
    `- **Severity:** ${severity}, **status:** ${status}, **service:** ${service === null ? 'none' : markdownCode(service)}`,
    `- **Since:** ${full(voice, openedAt)}`,
    ...Object.entries(roles).map(([role, holder]) => `- **${escapeMarkdown(role)}:** ${escapeMarkdown(holder)}`),
    ...(update === null
      ? []
      : [
          `- **Last update** (${full(voice, update.at)}, ${escapeMarkdown(update.by)}): ${escapeMarkdown(update.text)}`,
        ]),
    ...(failing.length === 0 ? [] : ['', '## What fails', '', ...failing.slice(0, NAMED).map(failingLine)]),
    ...(failing.length > NAMED ? [`- _and ${incident.firing - NAMED} more_`] : []),
    ...(tasks.length === 0 ? [] : ['', '## Tasks', '', ...taskLines(voice, incident)]),
  ]
}

const failingLine = ({ key, summary }: Incident['alerts'][number]) =>
  `- ${markdownCode(key)}: ${escapeMarkdown(summary)}`

/** Alerts that are named; the JSON has the count of all. */
const NAMED = 15

function impactLines(voice: Voice, { incident, milestones }: Draft): string[] {
  const { alerts, joined } = incident
  const lines = alerts.slice(0, NAMED).map(({ key, summary, firstAt, recoveredAt }) => {
    const lasted = recoveredAt === null ? 'fails still' : `for ${duration(recoveredAt - firstAt)}`
    return `- ${markdownCode(key)}: ${escapeMarkdown(summary)} (${lasted})`
  })
  const more = joined - lines.length
  const until = milestones.mitigatedAt ?? milestones.resolvedAt ?? voice.now
  const goesOn = isOpen(incident) && milestones.mitigatedAt === null
  return [
    `- ${goesOn ? 'Has lasted' : 'Lasted'} **${duration(until - milestones.startedAt)}**${goesOn ? ' so far' : ''}${joined > 0 ? `, with ${joined} ${joined === 1 ? 'alert' : 'alerts'}` : ''}.`,
    ...lines,
    ...(more > 0 ? [`- _and ${more} more alerts_`] : []),
    '- _Who noticed it, and what could they not do? How many?_',
  ]
}

const participantLine = ({ name, paged, acted }: Draft['participants'][number]) =>
  `- ${escapeMarkdown(name)}: ${list([...(paged ? ['was paged'] : []), ...(acted ? ['took part'] : [])])}${paged && !acted ? ', and did nothing that is on record' : ''}`

function taskLines(voice: Voice, { tasks }: Incident): string[] {
  if (tasks.length === 0) return ['- _None yet: what will be done, by whom, until when?_']
  return tasks.map(({ text, owner, dueAt, doneAt }) => {
    const whose = owner === null ? ', _nobody has it_' : `, ${escapeMarkdown(owner)}`
    return `- [${doneAt === null ? ' ' : 'x'}] ${escapeMarkdown(text)}${whose}${dueAt === null ? '' : `, due ${full(voice, dueAt)}`}`
  })
}

function changeLines(voice: Voice, changes: readonly Change[], { startedAt }: Milestones): string[] {
  if (changes.length === 0) return ['- Nothing that Watchbill knows of, in the six hours before.']
  return changes.map(
    ({ at, what, suspect }) =>
      `- ${duration(startedAt - at)} before: ${asMarkdown(what, { rules: voice.rules, at })}${suspect === null ? '' : ` **Most likely:** ${asMarkdown(suspect, { rules: voice.rules, at })}`}`,
  )
}

function auditLines(voice: Voice, incident: Incident, audit: readonly Verdict[]): string[] {
  if (audit.length === 0)
    return [
      `- **Nothing watches ${incident.service === null ? 'it' : markdownCode(incident.service)}.** Fix: give it a probe of what its users see, and a rate of what they do.`,
    ]
  const fired = audit.filter(({ what }) => what === 'fired').length
  return [
    `${fired} of ${audit.length} ${audit.length === 1 ? 'monitor' : 'monitors'} fired.`,
    '',
    ...audit.map((verdict) => {
      const fix = fixOf(verdict)
      return `- ${markdownCode(verdict.monitor)}: ${auditSentence(voice, verdict)}${fix === null ? '' : ` Fix: ${fix}`}`
    }),
  ]
}

/** Whether a monitor fired, or why it did not; Markdown. */
function auditSentence(voice: Voice, verdict: Verdict): string {
  const at = (instant: number) => full(voice, instant)
  switch (verdict.what) {
    case 'fired':
      return `**fired** at ${at(verdict.at)}.`
    case 'silenced':
      return `**silenced** by ${escapeMarkdown(verdict.silence.by)} since ${at(verdict.silence.fromAt)} (${escapeMarkdown(verdict.silence.reason)})${verdict.at === null ? '' : `; it saw it at ${at(verdict.at)}, and nobody was paged`}.`
    case 'disabled':
      return `**disabled** by ${escapeMarkdown(verdict.silence.by)}${verdict.silence.approvedBy === null ? '' : ` with ${escapeMarkdown(verdict.silence.approvedBy)}`} since ${at(verdict.silence.fromAt)} (${escapeMarkdown(verdict.silence.reason)}): it did not look.`
    case 'held':
      return `**held back** at ${at(verdict.at)}: it depends on ${markdownCode(verdict.by)}, which was down.`
    case 'unwatched':
      return `**nobody looked after it**, which was noticed at ${at(verdict.at)}.`
    case 'no-data':
      return `**had no data**${verdict.why === null ? '' : `: ${escapeMarkdown(verdict.why)}`}${verdict.lastAt === null ? '' : `; the last came at ${at(verdict.lastAt)}`}.`
    case 'blind':
      return `**was blind**: ${seenFrom(verdict.places)} saw nothing at all from ${at(verdict.fromAt)} ${verdict.toAt === null ? 'on' : `until ${at(verdict.toAt)}`}, so that nothing it saw fail there was believed.`
    case 'learning':
      return `**was learning still** what is usual, until ${at(verdict.untilAt)}.`
    case 'threshold':
      return `**below its threshold**: ${belowWords(verdict)}.`
    case 'no-lines':
      return '**saw no line**: it was being read, and nothing was written into it in that time.'
    case 'no-match':
      return `**no line matched**: ${count(verdict.lines, 'line')} came, and none was one that ${verdict.patterns === 1 ? 'its pattern' : `its ${verdict.patterns} patterns`} would have told.`
    case 'never-pinged':
      return `**was never pinged**: it has been expected since ${at(verdict.sinceAt)}.`
    case 'in-time':
      return `**was pinged in time**: ${count(verdict.pings, 'ping')}, the last at ${at(verdict.lastAt)}.`
    case 'not-due':
      return `**was not due**: the last ping came at ${at(verdict.lastAt)}, and it would have been missed ${Number.isFinite(verdict.dueAt) ? `at ${at(verdict.dueAt)}` : 'at no time that is near'}.`
    case 'deaf':
      return `**could not be heard**: Watchbill took no pings from ${at(verdict.fromAt)} until ${at(verdict.toAt)}.`
    case 'scope':
      return `**out of scope**: what it watches was well${verdict.looks === null ? '' : `, in ${verdict.looks} looks`}.`
    case 'not-built':
      return '**not watched**: this version of Watchbill does not know its kind yet.'
    default:
      return verdict satisfies never
  }
}

/** The locations of a monitor, as people call them. */
const seenFrom = (places: readonly string[]) =>
  list(places.map((place) => (place === HERE ? 'the machine of Watchbill' : `the location ${markdownCode(place)}`)))

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`

/** What it saw, and what it takes. */
function belowWords({ failures, looks, takes }: Verdict & { what: 'threshold' }): string {
  // What has to come within a time is lines; what has to come in a row, looks that failed.
  if (takes !== null && takes.withinMs !== null)
    return `${failures} of ${count(looks, 'line')} matched, and it takes ${takes.count} within ${duration(takes.withinMs)}`
  const row = takes === null ? 'not enough of them in a row' : `it takes ${takes.count} in a row`
  return `it saw ${count(failures, 'failure')} in ${count(looks, 'look')}, and ${row}`
}

/** What would make it fire the next time; null where it did. */
export function fixOf(verdict: Verdict): string | null {
  const name = verdict.monitor
  switch (verdict.what) {
    case 'fired':
      return null
    case 'silenced':
      return `end silences sooner, or silence one monitor instead of more: ${markdownCode('/silence list')} shows what is silenced now.`
    case 'disabled':
      return `enable it (${markdownCode(`/monitor enable ${name}`)}), and have another monitor watch while it is off.`
    case 'held':
      return `see whether ${markdownCode(name)} really cannot be well without ${markdownCode(verdict.by)}: else take it out of depends_on.`
    case 'unwatched':
      return 'find out why nobody looked: its location, its process, its interval.'
    case 'blind':
      return 'have it look from another location too, in another network.'
    case 'no-data':
      return 'mend its source, and have its silence be an alarm: a canary, a heartbeat, or a floor.'
    case 'learning':
      return 'give it a floor and a ceiling, which hold while it learns.'
    case 'threshold':
      return verdict.takes !== null && verdict.takes.withinMs !== null
        ? `lower the count of ${markdownCode(name)}, or lengthen its ${markdownCode('within')}.`
        : `lower fail_after of ${markdownCode(name)}, or have it look more often.`
    case 'no-lines':
      return 'find out where that which failed writes, and read that too; a canary shows that what is written arrives.'
    case 'no-match':
      return `look at the lines of that time, and give ${markdownCode(name)} a pattern for them, or ${markdownCode('new_shapes')}.`
    case 'never-pinged':
      return `put its address into the job: ${markdownCode('npx watchbill pings')} shows it.`
    case 'in-time':
      return 'have its job look at what it has done, and ping /fail, or its exit status, where that is not right.'
    case 'not-due':
      return 'have it run and ping more often, or give it a shorter grace, where it is to notice such a failure.'
    case 'deaf':
      return 'let a second process run, which hears pings while one is away.'
    case 'scope':
      return 'have it watch what failed too, or add a monitor that does.'
    case 'not-built':
      return 'watch the same by another kind of monitor until then.'
    default:
      return verdict satisfies never
  }
}

/** In Slack: what it is measured by, what missed it, and where the whole draft is; mrkdwn. */
export function postmortemAnswer(
  voice: Voice,
  { incident, facts }: { incident: Incident; facts: readonly Recorded[] },
  audit: readonly Verdict[],
  publicUrl: string | null,
): string {
  const durations = durationsOf(milestonesOf(incident, facts))
  const measured = DURATIONS.flatMap((name) => {
    const ms = durations[name]
    return ms === null ? [] : [`${name} ${duration(ms)}`]
  })
  const missed = audit.filter(({ what }) => what !== 'fired')
  const path = `/v1/incidents/${inc(incident.id)}/postmortem?format=markdown`
  return [
    `*Post-mortem of ${inc(incident.id)}* ${plain(incident.title)}`,
    standing(voice, incident, null),
    `*Durations:* ${list(measured)}`,
    audit.length === 0
      ? '*Miss audit:* nothing watches this service.'
      : `*Miss audit:* ${audit.length - missed.length} of ${audit.length} monitors fired.`,
    ...(missed.length > MISSED ? [`_of those that did not, the first ${MISSED} are here_`] : []),
    `The whole draft: ${publicUrl === null ? code(path) : code(`${publicUrl}${path}`)}${incident.channel === null ? '' : `, and the canvas of <#${incident.channel.id}|${incident.channel.name}>`}.`,
  ].join('\n')
}

const SHORT: Record<Verdict['what'], string> = {
  fired: 'fired',
  silenced: 'was silenced',
  disabled: 'was disabled',
  held: 'was held back, because what it depends on was down',
  unwatched: 'was not looked after',
  'no-data': 'had no data',
  blind: 'was blind: nothing was seen from where it looks',
  learning: 'was learning still',
  threshold: 'saw failures, and not enough of them',
  scope: 'was well: it watches something else',
  'no-lines': 'read its log, and nothing was written there',
  'no-match': 'read lines, and none that it looks for',
  'never-pinged': 'was never pinged',
  'in-time': 'was pinged in time',
  'not-due': 'was not due to be pinged',
  deaf: 'could not be heard',
  'not-built': 'is of a kind that is not watched yet',
}

/** Monitors that a message names; the draft has all of them. */
const MISSED = 15

/** What missed it, each with a button that makes it a task: `<incident> <verdict> <monitor>`. */
export function missBlocks({ id, tasks }: Incident, audit: readonly Verdict[]): KnownBlock[] {
  const known = new Set(tasks.map(({ text }) => text))
  return audit
    .filter(({ what }) => what !== 'fired')
    .slice(0, MISSED)
    .map(({ what, monitor }): KnownBlock => {
      const line = section(`${code(monitor)} ${SHORT[what]}`)
      const isTask = known.has(missTask(what, monitor) ?? '')
      if (isTask || line.type !== 'section') return line
      return {
        ...line,
        block_id: cut(`miss_${id}_${monitor}`, 250),
        accessory: button('Make it a task', 'miss_task', `${id} ${what} ${monitor}`),
      }
    })
}

/** The task that a verdict asks for, plain text; null: nothing is to be done, or it is no verdict. */
export function missTask(what: string, monitor: string): string | null {
  const todo = under<string | null>(TODO, what) ?? null
  return todo === null ? null : `${monitor}: ${todo}`
}

const TODO: Record<Verdict['what'], string | null> = {
  fired: null,
  silenced: 'it was silenced; see to it that silences are shorter, or cover less',
  disabled: 'it was disabled; enable it, and have another monitor watch while it is off',
  held: 'it was held back; see whether it really depends on what was down',
  unwatched: 'nobody looked after it; find out why',
  'no-data': 'it had no data; mend its source, and have its silence be an alarm',
  blind: 'nothing was seen from where it looks; have it look from another location too',
  learning: 'it was learning still; give it a floor and a ceiling',
  threshold: 'it saw failures and stayed quiet; lower its threshold',
  scope: 'it watches something else; have it watch what failed, too',
  'no-lines': 'nothing was written where it reads; find out where that which failed writes, and read that',
  'no-match': 'none of its patterns matched; add one for what was written',
  'never-pinged': 'it was never pinged; put its address into the job',
  'in-time': 'its job ran and said that all is well; have it look at what it has done',
  'not-due': 'it was not due; have it ping more often, or give it a shorter grace',
  deaf: 'its pings could not be heard; let a second process run',
  'not-built': 'it is not watched by this version; watch the same in another way',
}
