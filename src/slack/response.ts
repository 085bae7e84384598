import type { Event, Outcome, Refusal } from '../domain/event.ts'
import type { Recorded } from '../domain/fact.ts'
import type { Incident, Status } from '../domain/incident.ts'
import type { Task } from '../domain/response.ts'
import { under } from '../domain/rules.ts'
import { clockTime, code, cut, duration, escapeText, list, plain, when } from './text.ts'
import { inc, people, person, type Voice } from './words.ts'

/** What the bot says of severities, statuses, roles, tasks, updates, and of incidents that become one or two. */
type Entry = Extract<Recorded, { incident: number }>
type Of<T extends Recorded['type']> = Extract<Entry, { type: T }>
type Response = Of<
  | 'severity'
  | 'status'
  | 'role'
  | 'task'
  | 'update'
  | 'update-overdue'
  | 'tasks-due'
  | 'linked'
  | 'merged'
  | 'absorbed'
  | 'split'
  | 'revived'
  | 'captured'
>

/** Characters of a captured message that its entry shows; the message is a click away. */
const QUOTED = 600
const NAMES = 8

const at = ({ rules, now }: Voice, instant: number) =>
  when(instant, rules.zone, Math.abs(now - instant) > 20 * 3_600_000 ? '{date_short_pretty} {time}' : '{time}')

const lines = (text: string) => escapeText(cut(text, 2_500)).replaceAll('\n', '\n>')

const statusMark: Record<Status, string> = {
  investigating: ':mag_right:',
  identified: ':bulb:',
  monitoring: ':eyeglasses:',
  resolved: ':large_green_circle:',
}

/** An entry of the timeline. */
export function responseEntry(voice: Voice, fact: Response): string {
  const by = 'by' in fact && fact.by !== null ? person(voice, fact.by) : 'Watchbill'
  switch (fact.type) {
    case 'severity':
      return `:vertical_traffic_light: *Severity ${fact.to}*, was ${fact.from}: ${by}`
    case 'status':
      return `${statusMark[fact.to]} *Status ${fact.to}*${fact.from === fact.to ? '' : `, was ${fact.from}`}: ${by}${fact.text === null ? '' : `\n>${lines(fact.text)}`}`
    case 'role':
      if (fact.person === null)
        return `:bust_in_silhouette: *Nobody is ${fact.role} any more:* ${by} took the role from ${person(voice, fact.from ?? '')}`
      return `:bust_in_silhouette: *${person(voice, fact.person)} is ${fact.role}*${fact.from === null ? '' : `, instead of ${person(voice, fact.from)}`}${fact.person === fact.by ? '' : `, asked by ${by}`}`
    case 'task':
      return taskEntry(voice, fact)
    case 'update':
      return `:loudspeaker: *Update* by ${by}:\n>${lines(fact.text)}`
    case 'update-overdue':
      return `:alarm_clock: *An update is due:* there was none for ${duration(fact.at - fact.sinceAt)}; ${people(voice, fact.to)} ${fact.to.length > 1 ? 'are' : 'is'} reminded`
    case 'tasks-due':
      return `:alarm_clock: *${tasksNamed(fact.tasks)} due:* ${fact.to.length === 0 ? 'nobody sees to it' : `${people(voice, fact.to)} is reminded`}`
    case 'linked':
      return `:link: *Linked* with ${inc(fact.other)}: ${fact.by === null ? 'one cannot be well without the other, and others answer for it' : by}`
    case 'merged':
      return `:twisted_rightwards_arrows: *Merged into ${inc(fact.into)}* by ${by}: it goes on there, and this record stays`
    case 'absorbed':
      return `:twisted_rightwards_arrows: *${inc(fact.from)} is part of this now:* ${by}${fact.alerts.length > 0 ? `, with ${keys(fact.alerts)}` : ''}`
    case 'split':
      return `:scissors: *Split off as ${inc(fact.into)}* by ${by}: ${keys(fact.alerts)}`
    case 'revived':
      return `:leftwards_arrow_with_hook: *Reopened* by ${by}, who has it`
    case 'captured':
      return `:pushpin: *${plain(fact.said.author)}*, ${at(voice, fact.said.saidAt)}${source(fact.said.permalink)}: ${quoted(fact.said.text)}${fact.said.files.length > 0 ? ` :paperclip: ${list(fact.said.files.map(({ name }) => code(cut(name, 100))))}` : ''}`
    default:
      return fact satisfies never
  }
}

/** Where it was said. Slack gave the address; whatever else it were, would not be one. */
const source = (permalink: string | null) =>
  permalink !== null && /^https?:\/\/[^\s<>|]+$/.test(permalink) ? ` (<${permalink}|message>)` : ''

const quoted = (text: string) => plain(cut(text, QUOTED).replaceAll('\n', ' '))

function keys(alerts: readonly { key: string }[]): string {
  const shown = alerts.slice(0, NAMES).map(({ key }) => code(cut(key, 100)))
  return list(alerts.length > shown.length ? [...shown, `${alerts.length - shown.length} more`] : shown)
}

function taskEntry(voice: Voice, { what, task, by }: Of<'task'>): string {
  const name = `*Task ${task.id}*`
  const who = person(voice, by)
  switch (what) {
    case 'added':
      return `:ballot_box_with_check: ${name} by ${who}: ${escapeText(task.text)}${ofWhom(voice, task)}`
    case 'assigned':
      return `:ballot_box_with_check: ${name} is ${task.owner === null ? "nobody's now" : `${person(voice, task.owner)}'s now`}: ${escapeText(task.text)}`
    case 'due':
      return `:ballot_box_with_check: ${name} ${task.dueAt === null ? 'has no due time any more' : `is due at ${at(voice, task.dueAt)}`}: ${escapeText(task.text)}`
    case 'done':
      return `:white_check_mark: ${name} *done* by ${who}: ${escapeText(task.text)}`
    case 'undone':
      return `:ballot_box_with_check: ${name} is *open again*, says ${who}: ${escapeText(task.text)}`
    default:
      return what satisfies never
  }
}

const tasksNamed = (tasks: readonly number[]) =>
  `${tasks.length === 1 ? 'Task' : 'Tasks'} ${list(tasks.map(String))} ${tasks.length === 1 ? 'is' : 'are'}`

const ofWhom = (voice: Voice, { owner, dueAt }: Task) =>
  `${owner === null ? '' : ` · ${person(voice, owner)}`}${dueAt === null ? '' : ` · due ${at(voice, dueAt)}`}`

/** A task in a list. */
export const taskLine = (voice: Voice, task: Task): string =>
  task.doneAt === null
    ? `:white_large_square: *${task.id}* ${escapeText(task.text)}${ofWhom(voice, task)}${task.dueAt !== null && task.dueAt < voice.now ? ' · *overdue*' : ''}`
    : `:white_check_mark: *${task.id}* ~${plain(task.text)}~ · ${task.doneBy === null ? '' : person(voice, task.doneBy)}`

/** Who holds which role, and which are free. */
export const roleLines = (voice: Voice, { roles }: Incident): string[] =>
  [...new Set([...Object.keys(voice.rules.incidents.roles), ...Object.keys(roles)])].map((role) => {
    const holder = under(roles, role)
    return `• *${role}*: ${holder === undefined ? '_nobody_' : person(voice, holder)}`
  })

type Done = Extract<Outcome, { result: 'done' }>

/** The answer to whoever acted. */
export function responseAnswer(voice: Voice, event: Event, outcome: Done): string {
  const id = `*${inc(outcome.incident ?? 0)}*`
  const by = 'by' in event ? person(voice, event.by) : 'Watchbill'
  const other = outcome.other === undefined ? '' : `*${inc(outcome.other)}*`
  if (outcome.how === 'unchanged') return unchanged(voice, event, id, other)
  switch (event.type) {
    case 'set-severity':
      return `:vertical_traffic_light: ${by} set ${id} to ${event.severity}.`
    case 'set-status':
      return `${statusMark[event.status]} ${by} set ${id} to ${event.status}.`
    case 'give-role':
      return event.person === null
        ? `:bust_in_silhouette: Nobody is ${event.role} of ${id} any more, says ${by}.`
        : `:bust_in_silhouette: ${person(voice, event.person)} is ${event.role} of ${id}${event.person === event.by ? '' : `, asked by ${by}`}.`
    case 'add-task':
      return `:ballot_box_with_check: ${by} added task ${outcome.task} to ${id}: ${escapeText(event.text)}${event.owner === null ? '' : ` · ${person(voice, event.owner)}`}${event.dueAt === null ? '' : ` · due ${at(voice, event.dueAt)}`}`
    case 'change-task':
      return event.done === true
        ? `:white_check_mark: ${by} has done task ${outcome.task} of ${id}.`
        : `:ballot_box_with_check: ${by} changed task ${outcome.task} of ${id}.`
    case 'give-update':
      return `:loudspeaker: ${by} gave an update on ${id}:\n>${lines(event.text)}`
    case 'link':
      return `:link: ${by} linked ${id} with ${other}.`
    case 'merge':
      return `:twisted_rightwards_arrows: ${by} merged ${id} into ${other}: it goes on there, and its record stays.`
    case 'split':
      return `:scissors: ${by} split ${other} off ${id}. ${outcome.paged.length > 0 ? `${people(voice, outcome.paged)} ${outcome.paged.length > 1 ? 'are' : 'is'} being paged.` : 'It stays with whoever has that.'}`
    case 'reopen':
      return `:leftwards_arrow_with_hook: ${by} reopened ${id}, and has it.`
    case 'capture':
      return `:pushpin: On the timeline of ${id}, at the time when ${plain(event.said.author)} said it.`
    case 'capture-changed':
      return outcome.how === 'uncaptured' ? `:pushpin: Taken off the timeline of ${id}.` : 'Recorded.'
    default:
      return 'Recorded.'
  }
}

function unchanged(voice: Voice, event: Event, id: string, other: string): string {
  switch (event.type) {
    case 'set-severity':
      return `${id} is ${event.severity} already; nothing was changed.`
    case 'set-status':
      return `${id} is ${event.status} already; nothing was changed. With a few words behind it, it would be news.`
    case 'give-role':
      return `${person(voice, event.person ?? '')} is ${event.role} of ${id} already; nothing was changed.`
    case 'change-task':
      return `Task ${event.task} of ${id} is like that already; nothing was changed.`
    case 'link':
      return `${id} and ${other} are linked already; nothing was changed.`
    case 'capture':
      return `That message is on the timeline of ${id} already.`
    default:
      return `Nothing was changed in ${id}.`
  }
}

type Why = Extract<
  Refusal,
  {
    code:
      | 'not-resolved'
      | 'merged-before'
      | 'another-open'
      | 'same-incident'
      | 'private-and-not'
      | 'nothing-to-split'
      | 'unknown-role'
      | 'no-role-holder'
      | 'unknown-task'
      | 'in-future'
      | 'too-many'
  }
>

export function responseRefusal({ rules, now }: Voice, why: Why): string {
  switch (why.code) {
    case 'not-resolved':
      return `${inc(why.incident)} is open, so there is nothing to reopen. \`/incident show ${inc(why.incident)}\` says how it stands.`
    case 'merged-before':
      return `${inc(why.incident)} was merged into ${inc(why.into)} and goes on there; nothing was done. Name that one: ${inc(why.into)}.`
    case 'another-open':
      return `Its service has another open incident by now, ${inc(why.other)}, and a service has one at a time; nothing was done. If it is the same trouble, go on there: \`/incident link ${inc(why.incident)} ${inc(why.other)}\`.`
    case 'same-incident':
      return `That is ${inc(why.incident)} twice; nothing was done. Name two different ones.`
    case 'private-and-not':
      return `One of ${inc(why.incident)} and ${inc(why.other)} is private and the other is not: what is private never becomes part of what everybody sees. Nothing was done.`
    case 'nothing-to-split':
      return why.alerts.length === 0
        ? `Nothing fails in ${inc(why.incident)} at the moment, so there is nothing to split off. For another trouble: \`/incident declare TITLE\`.`
        : `A split takes some of what fails in ${inc(why.incident)}, not nothing and not all of it; nothing was done. It has ${list(why.alerts.map((key) => code(cut(key, 100))))}.`
    case 'unknown-role':
      return `There is no role ${code(why.role)}. Roles: ${list(Object.keys(rules.incidents.roles).map(code))}; \`incidents.roles\` in the configuration has them.`
    case 'no-role-holder':
      return `Nobody is ${code(why.role)} of ${inc(why.incident)}, so nothing was changed.`
    case 'unknown-task':
      return `${inc(why.incident)} has no task ${why.task}. \`/incident task list ${inc(why.incident)}\` shows them.`
    case 'in-future':
      return `${clockTime(why.at, rules.zone, now)} is still to come, and a timeline says what happened. Nothing was noted. Yesterday's is \`yesterday 23:10\`.`
    case 'too-many':
      return `${inc(why.incident)} has ${why.most} ${why.what}, and takes no more. Nothing was added.`
    default:
      return why satisfies never
  }
}

/** A word to somebody whom a fact gives something to do: a role, a task, a task or an update that is due. Null: it gives them nothing. */
export function duty(voice: Voice, incident: Incident, fact: Recorded): string | null {
  const where = incident.channel ? ` <#${incident.channel.id}|${incident.channel.name}>` : ''
  const what = `*${inc(incident.id)}* ${plain(incident.title)}${where}`
  switch (fact.type) {
    case 'role': {
      const told = under(voice.rules.incidents.roles, fact.role)
      const by = fact.by === fact.person ? '' : `, asked by ${person(voice, fact.by)}`
      return `:bust_in_silhouette: *You are ${fact.role}*${by}: ${what}${told === undefined ? '' : `\n>${told.replaceAll('\n', '\n>')}`}`
    }
    case 'task':
      return `:ballot_box_with_check: *Task ${fact.task.id} is yours*, says ${person(voice, fact.by)}: ${escapeText(fact.task.text)}${fact.task.dueAt === null ? '' : `, due ${at(voice, fact.task.dueAt)}`}\n${what}\nDone: \`/incident task done ${fact.task.id} ${inc(incident.id)}\``
    case 'tasks-due': {
      const due = incident.tasks.filter(({ id, doneAt }) => fact.tasks.includes(id) && doneAt === null)
      const [first] = due
      if (!first) return null
      const named = tasksNamed(due.map(({ id }) => id))
      return [
        `:alarm_clock: *${named} ${fact.again ? 'overdue' : 'due'}:* ${what}`,
        ...due.map(({ id, text, dueAt, owner }) => {
          const whose = owner === null ? ', nobody has it' : ''
          return `• *${id}* ${escapeText(cut(text, 300))}, due ${dueAt === null ? 'never' : at(voice, dueAt)}${whose}`
        }),
        `Done: \`/incident task done ${first.id} ${inc(incident.id)}\`; later: \`/incident task due ${first.id} tomorrow 10:00 ${inc(incident.id)}\`, or \`never\``,
      ].join('\n')
    }
    case 'update-overdue':
      return `:alarm_clock: *An update is due:* ${what}\nThe last word is from ${at(voice, fact.sinceAt)}, ${duration(fact.at - fact.sinceAt)} ago. A sentence is enough, also when nothing is new: \`/incident update ${inc(incident.id)} TEXT\``
    default:
      return null
  }
}
