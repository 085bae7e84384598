import { DateTime } from 'luxon'
import type { Ledger } from '../domain/detect/coverage.ts'
import { median, type Noise, type Paged, type Week } from '../domain/digest.ts'
import type { Incident } from '../domain/incident.ts'
import { isOpen } from '../domain/incident.ts'
import { code, cut, duration, escapeText, plain, when } from './text.ts'
import { inc, person, severityMark, type Voice } from './words.ts'

/** The week in a message; pure. */
export interface Digest {
  week: Week
  incidents: readonly Incident[]
  people: readonly Paged[]
  hours: readonly number[]
  noise: readonly Noise[]
  coverage: readonly Ledger[]
  /** With tasks that are not done. */
  tasks: readonly Incident[]
}

/** Of each list; what is longer is a count. */
const SHOWN = 8

const more = (all: readonly unknown[], what: string) =>
  all.length > SHOWN ? [`_and ${all.length - SHOWN} more ${what}_`] : []

export function digestLines(voice: Voice, digest: Digest): string[] {
  const { week, incidents, people, hours, noise, coverage, tasks } = digest
  const day = (at: number) =>
    DateTime.fromMillis(at, { zone: voice.rules.zone, locale: 'en-GB' }).toFormat('ccc d LLL yyyy')
  return [
    `:calendar: *The week of ${day(week.fromAt)} – ${day(week.toAt - 1)}*`,
    ...incidentLines(voice, incidents),
    ...pageLines(voice, people, hours),
    ...(noise.length === 0 ? [] : ['*What rang most*', ...noise.slice(0, 5).map(noiseLine)]),
    ...(coverage.length === 0
      ? []
      : ['*Coverage*', ...coverage.slice(0, SHOWN).map(coverageLine), ...more(coverage, 'services')]),
    ...taskLines(voice, tasks),
  ]
}

function incidentLines(voice: Voice, incidents: readonly Incident[]): string[] {
  if (incidents.length === 0) return ['*No incident.* Nobody was called out.']
  const acks = median(incidents.flatMap(({ ackedAt, openedAt }) => (ackedAt === null ? [] : ackedAt - openedAt)))
  const ends = median(
    incidents.flatMap(({ resolvedAt, openedAt }) => (resolvedAt === null ? [] : resolvedAt - openedAt)),
  )
  const measured = [
    ...(acks === null ? [] : [`had somebody within ${duration(acks)}`]),
    ...(ends === null ? [] : [`were over within ${duration(ends)}`]),
  ]
  const gravest = [...incidents].sort((a, b) => length(voice, b) - length(voice, a))
  return [
    `*${incidents.length} ${incidents.length === 1 ? 'incident' : 'incidents'}*${measured.length > 0 ? `: half of them ${measured.join(' and ')}` : ''}`,
    ...gravest.slice(0, SHOWN).map((each) => {
      const state = isOpen(each) ? '*open still*' : `took ${duration(length(voice, each))}`
      const channel = each.channel ? ` · <#${each.channel.id}|${each.channel.name}>` : ''
      return `${severityMark[each.severity]} *${inc(each.id)}* ${plain(cut(each.title, 150))} · ${state}${channel}`
    }),
    ...more(incidents, 'incidents'),
  ]
}

const length = ({ now }: Voice, { openedAt, resolvedAt }: Incident) => (resolvedAt ?? now) - openedAt

/** Eight heights of a bar. */
const BARS = '▁▂▃▄▅▆▇█'

function pageLines(voice: Voice, people: readonly Paged[], hours: readonly number[]): string[] {
  const all = people.reduce((sum, { pages }) => sum + pages, 0)
  if (all === 0) return ['*No page.*']
  const most = Math.max(...hours)
  const bars = hours.map((count) => (count === 0 ? '·' : BARS.charAt(Math.ceil((count / most) * BARS.length) - 1)))
  return [
    `*${all} ${all === 1 ? 'page' : 'pages'}*, by hour: ${code(`00 ${bars.slice(0, 6).join('')} 06 ${bars.slice(6, 12).join('')} 12 ${bars.slice(12, 18).join('')} 18 ${bars.slice(18).join('')} 24`)}`,
    ...people
      .slice(0, SHOWN)
      .map(
        ({ person: who, pages, nights }) =>
          `• ${person(voice, who)}: ${pages}${nights > 0 ? `, ${nights} of them at night` : ''}`,
      ),
    ...more(people, 'people'),
  ]
}

function noiseLine({ name, alerts, unseen }: Noise): string {
  const gone = unseen === 0 ? '' : `, ${unseen} of them over before anybody had them`
  return `• ${code(name)}: ${alerts} ${alerts === 1 ? 'alert' : 'alerts'}${gone}`
}

const coverageLine = ({ service, percent, gaps }: Ledger) =>
  `• ${code(service)}: ${percent} % of its names are watched${gaps.length > 0 ? `, *${gaps.length} ${gaps.length === 1 ? 'is' : 'are'} not*: \`/monitor gaps\`` : ''}`

function taskLines(voice: Voice, incidents: readonly Incident[]): string[] {
  const open = incidents.flatMap(({ id, tasks }) =>
    tasks.filter(({ doneAt }) => doneAt === null).map((task) => ({ id, task })),
  )
  if (open.length === 0) return []
  return [
    `*Open tasks (${open.length})*`,
    ...open.slice(0, SHOWN).map(({ id, task: { text, owner, dueAt } }) => {
      const late = dueAt !== null && dueAt < voice.now ? ', *overdue*' : ''
      const due = dueAt === null ? '' : ` · due ${when(dueAt, voice.rules.zone, '{date_short_pretty}')}${late}`
      return `• *${inc(id)}* ${escapeText(cut(text, 200))} · ${owner === null ? '_nobody has it_' : person(voice, owner)}${due}`
    }),
    ...more(open, 'tasks'),
  ]
}
