import type { Book } from '../book.ts'
import { incidentOf, note } from '../book.ts'
import type {
  AddTask,
  Capture,
  CaptureChanged,
  ChangeTask,
  GiveRole,
  GiveUpdate,
  Link,
  Outcome,
  SetSeverity,
  SetStatus,
} from '../event.ts'
import type { Incident } from '../incident.ts'
import { isOpen } from '../incident.ts'
import { MOST_CAPTURES, MOST_LINKS, MOST_TASKS, placeKey, reminderAt, type Task, tasksDueAt } from '../response.ts'
import { type Rules, under } from '../rules.ts'
import { type Due, dueAt } from './escalation.ts'
import { alreadyResolved, done, refuse } from './incident.ts'

/** What people do about an incident beside having it. All but its status may change after it too: the record is made whole then. */

export function setSeverity(book: Book, { incident: id, by, severity }: SetSeverity, at: number): Outcome {
  const incident = realOf(book, id)
  if ('result' in incident) return incident
  if (incident.severity === severity) return done(id, 'unchanged')
  note(book, { type: 'severity', incident: id, at, by, from: incident.severity, to: severity })
  return done(id, 'severity-set')
}

export function setStatus(book: Book, { incident: id, by, status, text }: SetStatus, at: number): Outcome {
  const incident = realOf(book, id)
  if ('result' in incident) return incident
  if (!isOpen(incident)) return alreadyResolved(incident)
  if (incident.status === status && text === null) return done(id, 'unchanged')
  note(book, { type: 'status', incident: id, at, by, from: incident.status, to: status, text })
  return done(id, 'status-set')
}

export function giveRole(book: Book, { incident: id, by, role, person }: GiveRole, at: number): Outcome {
  const incident = realOf(book, id)
  if ('result' in incident) return incident
  if (under(book.rules.incidents.roles, role) === undefined) return refuse({ code: 'unknown-role', incident: id, role })
  if (person !== null && !under(book.rules.people, person)) return refuse({ code: 'unknown-person', name: person })
  const from = under(incident.roles, role) ?? null
  if (person === null && from === null) return refuse({ code: 'no-role-holder', incident: id, role })
  if (person === from) return done(id, 'unchanged')
  note(book, { type: 'role', incident: id, at, by, role, person, from })
  return done(id, person === null ? 'role-taken' : 'role-given')
}

export function addTask(book: Book, { incident: id, by, text, owner, dueAt }: AddTask, at: number): Outcome {
  const incident = realOf(book, id)
  if ('result' in incident) return incident
  const stranger = strangerAmong(book.rules, owner)
  if (stranger) return stranger
  if (incident.tasks.length >= MOST_TASKS)
    return refuse({ code: 'too-many', incident: id, what: 'tasks', most: MOST_TASKS })
  const number = Math.max(0, ...incident.tasks.map((task) => task.id)) + 1
  const task: Task = { id: number, text, by, at, owner, dueAt, doneAt: null, doneBy: null, remindedAt: null }
  note(book, { type: 'task', incident: id, at, by, what: 'added', task })
  return { ...done(id, 'task-added'), task: number }
}

export function changeTask(book: Book, event: ChangeTask, at: number): Outcome {
  const { incident: id, by, task: number, owner, dueAt, done: isDone } = event
  const incident = realOf(book, id)
  if ('result' in incident) return incident
  const stranger = strangerAmong(book.rules, owner ?? null)
  if (stranger) return stranger
  const known = incident.tasks.find((task) => task.id === number)
  if (!known) return refuse({ code: 'unknown-task', incident: id, task: number })
  let task = known
  const change = (what: 'assigned' | 'due' | 'done' | 'undone', to: Partial<Task>) => {
    task = { ...task, ...to }
    note(book, { type: 'task', incident: id, at, by, what, task })
  }
  if (owner !== undefined && owner !== task.owner) change('assigned', { owner })
  if (dueAt !== undefined && dueAt !== task.dueAt) change('due', { dueAt })
  if (isDone === true && task.doneAt === null) change('done', { doneAt: at, doneBy: by })
  if (isDone === false && task.doneAt !== null) change('undone', { doneAt: null, doneBy: null })
  return { ...done(id, task === known ? 'unchanged' : 'task-changed'), task: number }
}

export function giveUpdate(book: Book, { incident: id, by, text }: GiveUpdate, at: number): Outcome {
  const incident = realOf(book, id)
  if ('result' in incident) return incident
  note(book, { type: 'update', incident: id, at, by, text })
  return done(id, 'updated')
}

/** Of both sides alike: whoever reads the one finds the other. */
export function link(book: Book, { incident: id, by, other }: Link, at: number): Outcome {
  const incident = realOf(book, id)
  if ('result' in incident) return incident
  const second = realOf(book, other)
  if ('result' in second) return second
  if (id === other) return refuse({ code: 'same-incident', incident: id })
  if (incident.private !== second.private) return refuse({ code: 'private-and-not', incident: id, other })
  if (incident.links.includes(other)) return { ...done(id, 'unchanged'), other }
  const full = [incident, second].find(({ links }) => links.length >= MOST_LINKS)
  if (full) return refuse({ code: 'too-many', incident: full.id, what: 'links', most: MOST_LINKS })
  linkBoth(book, id, other, by, at)
  return { ...done(id, 'linked'), other }
}

export function linkBoth(book: Book, id: number, other: number, by: string | null, at: number): void {
  note(book, { type: 'linked', incident: id, at, by, other })
  note(book, { type: 'linked', incident: other, at, by, other: id })
}

/** A message counts once, whoever points at it and however often. */
export function capture(book: Book, { incident: id, by, said }: Capture, at: number): Outcome {
  const incident = realOf(book, id)
  if ('result' in incident) return incident
  if (incident.captured.includes(placeKey(said.message))) return done(id, 'unchanged')
  if (incident.captured.length >= MOST_CAPTURES)
    return refuse({ code: 'too-many', incident: id, what: 'messages', most: MOST_CAPTURES })
  note(book, { type: 'captured', incident: id, at, by, said })
  return done(id, 'captured')
}

/** What becomes of a message that is not on the timeline is nobody's business. */
export function captureChanged(book: Book, { incident: id, message, change }: CaptureChanged, at: number): Outcome {
  const incident = realOf(book, id)
  if ('result' in incident) return incident
  if (!incident.captured.includes(placeKey(message))) return done(id, 'unchanged')
  // Whoever has left the configuration since may not act any more.
  if (change.what === 'uncaptured' && !under(book.rules.people, change.by))
    return refuse({ code: 'unknown-person', name: change.by })
  note(book, { type: 'capture-changed', incident: id, at, message, change })
  return done(id, change.what === 'uncaptured' ? 'uncaptured' : 'recorded')
}

/**
 * The first incident whose next update is due: counted from when somebody has had it, from the last word, and from the last reminder.
 * While it is being paged nobody is reminded of anything else.
 */
export function nextReminder({ desk, rules }: Pick<Book, 'desk' | 'rules'>): Due | null {
  let first: Due | null = null
  for (const incident of Object.values(desk.incidents)) {
    const everyMs = rules.incidents.updateEveryMs[incident.severity]
    if (everyMs === undefined || incident.state !== 'acked' || incident.drill !== null) continue
    const sinceAt = Math.max(incident.ackedAt ?? incident.openedAt, incident.update?.at ?? incident.openedAt)
    const nextAt = Math.max(sinceAt, incident.remindedAt ?? sinceAt) + everyMs
    if (first && first.at <= nextAt) continue
    first = dueAt(nextAt, (book, at) =>
      note(book, { type: 'update-overdue', incident: incident.id, at, sinceAt, to: whoUpdates(incident) }),
    )
  }
  return first
}

/** The first incident of whose tasks somebody is to be reminded: also when it is over, for that is when most of them are done. */
export function nextTask({ desk }: Pick<Book, 'desk'>): Due | null {
  let first: Due | null = null
  for (const incident of Object.values(desk.incidents)) {
    const nextAt = incident.drill === null ? tasksDueAt(incident.tasks) : null
    if (nextAt === null || (first && first.at <= nextAt)) continue
    first = dueAt(nextAt, (book, at) => remind(book, incident.id, at))
  }
  return first
}

/** Each person of all that is due of theirs, in one message. */
function remind(book: Book, id: number, at: number): void {
  const due = incidentOf(book, id).tasks.filter((task) => (reminderAt(task) ?? Number.POSITIVE_INFINITY) <= at)
  const groups = Map.groupBy(due, (task) => `${isOverdue(task)} ${seesTo(book, task)}`)
  for (const tasks of groups.values()) {
    const again = tasks.some(isOverdue)
    const to = new Set(tasks.flatMap((task) => seesTo(book, task) ?? []))
    note(book, { type: 'tasks-due', incident: id, at, tasks: tasks.map((task) => task.id), to: [...to], again })
  }
}

/** Somebody has been reminded since it was due. */
const isOverdue = ({ dueAt, remindedAt }: Task) => remindedAt !== null && dueAt !== null && remindedAt >= dueAt

/** Whoever has it, as long as they are there; else whoever wanted it. */
const seesTo = ({ rules, desk }: Book, { owner, by }: Task): string | null =>
  [owner, by].find(
    (name) => name !== null && under(rules.people, name) && under(desk.unreachable, name) === undefined,
  ) ?? null

/** Whoever has the role for it; else whoever has the incident. */
function whoUpdates({ roles, ackedBy }: Incident): string[] {
  const named = [under(roles, 'communications'), under(roles, 'commander')].flatMap((name) => name ?? [])
  return [...new Set(named.length > 0 ? named : ackedBy === null ? [] : [ackedBy])]
}

/** One that is there and no drill. */
export function realOf({ desk }: Pick<Book, 'desk'>, id: number): Incident | Outcome {
  const incident = desk.incidents[id]
  return incident && incident.drill === null ? incident : refuse({ code: 'unknown-incident', incident: id })
}

function strangerAmong(rules: Rules, name: string | null): Outcome | null {
  return name === null || under(rules.people, name) ? null : refuse({ code: 'unknown-person', name })
}
