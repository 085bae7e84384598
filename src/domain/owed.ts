import { z } from 'zod'
import { BY_DEFAULT, lacking, Via } from './contact.ts'
import { serviceOfName } from './detect/coverage.ts'
import { LEVELS } from './detect/gap.ts'
import { serviceOf } from './detect/silence.ts'
import { Doubt, ReachLead } from './duty/reach.ts'
import { Lead, Warned } from './duty/warning.ts'
import type { Fact, Joining, Recorded } from './fact.ts'
import { timelineKind } from './fact.ts'
import { type Handover, handoverId } from './handover.ts'
import { graver, type Incident, insiders, isOpen, type Page, type PageReason, place, ratesIn } from './incident.ts'
import { heldUntil } from './quiet.ts'
import { channelsOf, isPaged, type Rules, Severity, schedulesOf, under } from './rules.ts'
import { inShadow, scheduleInShadow } from './shadow.ts'

/**
 * What the world has not been told yet: rows written in the deciding transaction, sent by `src/outbox.ts` through the file of the same
 * name in `jobs/`. Keys are made of meaning, so that a repeat collapses.
 *
 * - tell: at least once (page, contact, contact-over, post, notice, told, heads-up, duty, seen-before, relief, silence, roster-warning,
 *   role-group, reach, gaps, digest, covered, picture, deploy-told, lock, deploy-halt, freeze-trouble, would);
 * - do: at most once (deploy-start);
 * - view: re-rendered until what is shown is what is wanted (summary, burst, announcement, loud, page-view, bundle, watch-page, prompt,
 *   handover, handed, group, edit, home, canvas, deploy);
 * - step of the channel (channel, furnish, invite, export, archive), a file that is fetched: each may be repeated without harm.
 */
const incident = z.int()
const change = { schedule: z.string(), changeAt: z.number() }
const MOMENTS = ['ahead', 'window', 'change'] as const
export const About = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('page'), incident, page: z.string() }),
  /** The page's message, kept up to date. */
  z.strictObject({ kind: z.literal('page-view'), incident, page: z.string() }),
  /** Pages of several incidents to one person in one message, kept up to date. */
  z.strictObject({ kind: z.literal('bundle'), fact: z.int() }),
  /** A word in the thread of a page, to somebody who was woken by it. */
  z.strictObject({ kind: z.literal('told'), incident, page: z.string(), fact: z.int() }),
  /** Creates and names the incident's channel; or looks after the one that it had, when it is reopened. */
  z.strictObject({ kind: z.literal('channel'), incident }),
  z.strictObject({ kind: z.literal('invite'), incident, person: z.string() }),
  /** The pinned live summary, and the topic. */
  z.strictObject({ kind: z.literal('summary'), incident }),
  /** What the channel has beside its messages: its purpose, its bookmarks, and whoever of the service is to be in it. */
  z.strictObject({ kind: z.literal('furnish'), incident }),
  /** Incidents like it, and how they ended: said once, in its channel. */
  z.strictObject({ kind: z.literal('seen-before'), incident }),
  /** The canvas of its channel: the timeline while it is open, then the draft of the post-mortem. */
  z.strictObject({ kind: z.literal('canvas'), incident }),
  /** Files for whoever reads up on it: the picture, and the draft where there is no canvas. By when it was resolved. */
  z.strictObject({ kind: z.literal('export'), incident, resolvedAt: z.number() }),
  /** The channel goes to the archive, if it has been quiet for long enough: owed by the timetable. */
  z.strictObject({ kind: z.literal('archive'), incident, resolvedAt: z.number() }),
  /** An entry of the timeline. */
  z.strictObject({ kind: z.literal('post'), incident, fact: z.int() }),
  /** Alerts that came and went within moments of each other, from this fact on: one message, kept up to date. */
  z.strictObject({ kind: z.literal('burst'), incident, fact: z.int() }),
  /** The incident's announcement in the service's channel. */
  z.strictObject({ kind: z.literal('announcement'), incident }),
  /** Nobody answered: said loudly in the service's channel, and kept up to date. */
  z.strictObject({ kind: z.literal('loud'), incident, fact: z.int() }),
  /** Whoever comes on duty next hears of an incident in good time. */
  z.strictObject({ kind: z.literal('heads-up'), incident, person: z.string(), fact: z.int() }),
  /** A page about the watch itself, kept up to date. */
  z.strictObject({ kind: z.literal('watch-page'), fact: z.int() }),
  /** What a person is told of a change of the watch: an hour ahead, as the window opens, and as it comes; kept up to date. */
  z.strictObject({ kind: z.literal('prompt'), ...change, person: z.string(), moment: z.enum(MOMENTS) }),
  /** The handover, in a channel; kept up to date. */
  z.strictObject({ kind: z.literal('handover'), ...change, channel: z.string() }),
  /** Who has the watch now, and who stands relieved: said in a channel. */
  z.strictObject({ kind: z.literal('relief'), fact: z.int(), channel: z.string() }),
  /** Somebody is asked to take an incident; kept up to date. */
  z.strictObject({ kind: z.literal('handed'), incident, fact: z.int(), person: z.string() }),
  /** What becomes of a silence: in a channel, or to its owner. */
  z.strictObject({
    kind: z.literal('silence'),
    fact: z.int(),
    to: z.union([z.strictObject({ channel: z.string() }), z.strictObject({ person: z.string() })]),
  }),
  /** The Slack user group of a schedule whose people have changed. */
  z.strictObject({ kind: z.literal('group'), schedule: z.string() }),
  /** What somebody (by Slack id) sees who opens the app in Slack: owed by {@link showsAtHome}, to those who have it open. */
  z.strictObject({ kind: z.literal('home'), user: z.string() }),
  /** A word to somebody whom a fact gives something to do: a role, a task, an update that is due. */
  z.strictObject({ kind: z.literal('duty'), incident, fact: z.int(), person: z.string() }),
  /** A file of a captured message is fetched into our own store. */
  z.strictObject({ kind: z.literal('file'), incident, fact: z.int(), file: z.string() }),
  /** A warning that opens no incident. */
  z.strictObject({ kind: z.literal('notice'), service: z.string(), fact: z.int() }),
  /** Problems of the roster that lie ahead, found at this instant: for the channel (Slack's id) of the services that they concern. */
  z.strictObject({
    kind: z.literal('roster-warning'),
    channel: z.string(),
    lead: Lead,
    at: z.number(),
    what: z.array(Warned).min(1),
  }),
  /** What went out for a page beside Slack is answered, or not needed any more: where it lies it is put right. */
  z.strictObject({ kind: z.literal('contact-over'), incident, page: z.string(), via: Via }),
  /** A page may not reach somebody during their shift: to themselves, or to a channel (Slack's id). */
  z.strictObject({
    kind: z.literal('reach'),
    to: z.union([z.strictObject({ person: z.string() }), z.strictObject({ channel: z.string() })]),
    lead: ReachLead,
    at: z.number(),
    doubt: Doubt,
  }),
  /** A Slack user group that roles name has become useless, or well again (null): to whoever answers for them. */
  z.strictObject({
    kind: z.literal('role-group'),
    handle: z.string(),
    roles: z.array(z.string()),
    trouble: z.string().nullable(),
    person: z.string(),
    at: z.number(),
  }),
  /** Names of a service that nothing watches, at a level; null: none is left. */
  z.strictObject({
    kind: z.literal('gaps'),
    to: z.union([z.strictObject({ channel: z.string() }), z.strictObject({ person: z.string() })]),
    service: z.string(),
    level: z.enum(LEVELS).nullable(),
    names: z.array(z.string()),
    at: z.number(),
  }),
  /** What a week was like: owed by the timetable. */
  z.strictObject({ kind: z.literal('digest'), channel: z.string(), fromAt: z.number(), toAt: z.number() }),
  /** What somebody decided about a name of the ledger: in the channel of its service. */
  z.strictObject({ kind: z.literal('covered'), fact: z.int(), channel: z.string() }),
  /** An injected fault: paid when it is claimed, and told to nobody. */
  z.strictObject({ kind: z.literal('drill'), fact: z.int() }),
  /** A change of the roster by hand, to somebody whom it concerns; an offer is kept up to date. */
  z.strictObject({ kind: z.literal('edit'), edit: z.int(), fact: z.int(), person: z.string() }),
  /** The chart of a page as a picture in its thread, where Slack takes no charts. */
  z.strictObject({ kind: z.literal('picture'), incident, page: z.string() }),
  /** A deploy, in the channel of its service; kept up to date. */
  z.strictObject({ kind: z.literal('deploy'), deploy: z.int() }),
  /** It is started, or goes on: by the hook of its service, or by our word to GitHub. At most once. */
  z.strictObject({ kind: z.literal('deploy-start'), deploy: z.int(), fact: z.int() }),
  /** What rolls is told to stop: until it has heard. */
  z.strictObject({ kind: z.literal('deploy-halt'), deploy: z.int(), fact: z.int() }),
  /** Somebody hears what became of a deploy. */
  z.strictObject({ kind: z.literal('deploy-told'), fact: z.int(), person: z.string() }),
  /** A freeze or a lock: in a channel. */
  z.strictObject({ kind: z.literal('lock'), fact: z.int(), channel: z.string() }),
  /** Freeze periods of a project of GitLab's cannot be kept equal to the blackouts of a service: to somebody who answers for it. */
  z.strictObject({
    kind: z.literal('freeze-trouble'),
    ...{ service: z.string(), project: z.string(), why: z.string(), at: z.number(), person: z.string() },
  }),
  /** In shadow mode: what would be done, said in its channel (Slack's id). */
  z.strictObject({ kind: z.literal('would'), fact: z.int(), channel: z.string() }),
  /** A page that nobody has answered goes to the person by something else than Slack: by the rule of theirs of that number. */
  z.strictObject({
    ...{ kind: z.literal('contact'), incident, page: z.string(), rule: z.int(), via: Via },
    /** Until when quiet hours hold it back. */
    heldUntil: z.number().optional(),
  }),
])
export type About = z.infer<typeof About>
export type OwedKind = About['kind']

export interface Owed {
  key: string
  /** What is sent in order, one at a time: a channel. Pages have a lane each: none waits for another. */
  lane: string
  about: About
  /** A view that changes with every alert: brought up to date every so often, not each time. */
  lazy?: true
  /** When it is due, if that is not at once. */
  dueAt?: number
}

/** The key of a page; the escalation's place, the person, and the change of the watch by reason of which they are paged are its meaning. */
export function pageKey(
  incident: number,
  person: string,
  { epoch, round, step }: Pick<Page, 'epoch' | 'round' | 'step'>,
  why: PageReason,
): string {
  const at = step === null ? `e${epoch}/r${round}/fallback` : place({ epoch, round, step })
  const change =
    why.kind === 'incoming' || why.kind === 'carryover' ? `/${why.kind}/${why.schedule}@${why.changeAt}` : ''
  return `page/${incident}/${person}/${at}${change}`
}

/** Likewise of a page about the watch itself. */
export const watchPageKey = (schedule: string, changeAt: number, kind: string, person: string) =>
  `${watchPageRows(schedule, changeAt)}${kind}/${person}`

/** Keys of pages about a change begin with this. */
export const watchPageRows = (schedule: string, changeAt: number) => `page/watch/${handoverId(schedule, changeAt)}/`

/** Likewise of what names several incidents to one person, as that fact says. */
export const bundleKey = (fact: number) => `page/bundle/${fact}`

/** No other incident came to them meanwhile: what waited waited for nothing. */
export const isAlone = ({ pages }: Extract<Fact, { type: 'bundled' }>) =>
  new Set(pages.map(({ incident }) => incident)).size === 1

/** Unsent pages of an incident are void as soon as somebody has it. */
export const pagesOf = (incident: number) => `page/${incident}/`

/** Likewise what goes out for them beside Slack. */
export const contactsOf = (incident: number) => `contact/${incident}/`

/** Keys of what goes out for a page beside Slack begin with this. */
export const contactRows = (page: string) => `contact/${page.slice('page/'.length)}/`

const contactRow = (page: string, rule: number) => `${contactRows(page)}${rule}`
/** The row by which it goes out sooner, since its incident has become graver: a key of its own, because a row has one time. */
const soonerRow = (row: string, severity: Severity) => `${row}/${severity}`

/** All rows by which one way of theirs may go out for a page. */
export function contactRowsOf(page: string, rule: number): string[] {
  const row = contactRow(page, rule)
  return [row, ...Severity.options.map((severity) => soonerRow(row, severity))]
}

const laneOf = (incident: number) => `incident/${incident}`
const burst = ({ id }: Incident, fact: number): Owed => ({
  key: `burst/${id}/${fact}`,
  lane: laneOf(id),
  about: { kind: 'burst', incident: id, fact },
  lazy: true,
})

const pageOf = (incident: number, page: string): Owed => ({
  key: page,
  lane: page,
  about: { kind: 'page', incident, page },
})
const picture = (incident: number, page: string): Owed => ({
  key: `picture/${page}`,
  lane: `picture/${page}`,
  about: { kind: 'picture', incident, page },
})

/**
 * What follows a page unless somebody has it by then. What nothing can carry is said at every start, and not owed. What quiet hours hold back
 * keeps its distance: at their end the first goes out, and the others follow it as they would have.
 */
function contacts({ id, severity }: Incident, page: Page, { people, notify = BY_DEFAULT }: Rules): Owed[] {
  const person = under(people, page.person)
  const ways = (person?.contact ?? []).flatMap(({ afterMs, via }, rule) => {
    if (lacking(notify, via) !== null) return []
    const afterAt = page.at + afterMs
    // After the last resort comes nobody: what is for them never waits.
    const quietUntil = page.step === null ? afterAt : heldUntil(person?.quiet, via, severity, afterAt)
    return [{ rule, via, afterAt, quietUntil }]
  })
  const firstHeld = Math.min(...ways.filter(isHeld).map(({ afterAt }) => afterAt))
  return ways.map((way): Owed => {
    const { rule, via, afterAt, quietUntil } = way
    const key = contactRow(page.key, rule)
    const about = { kind: 'contact', incident: id, page: page.key, rule, via } as const
    return isHeld(way)
      ? { key, lane: key, dueAt: quietUntil + afterAt - firstHeld, about: { ...about, heldUntil: quietUntil } }
      : { key, lane: key, dueAt: afterAt, about }
  })
}

const isHeld = ({ afterAt, quietUntil }: { afterAt: number; quietUntil: number }) => quietUntil > afterAt

/** What quiet hours held back of an incident that has become graver: it goes out by the new severity. */
export function unheld(before: Severity, incident: Incident, rules: Rules, at: number): Owed[] {
  const { severity, state, pages, epoch } = incident
  // What pages nobody rings nobody.
  if (incident.shadow || incident.drill !== null) return []
  if (graver(before, severity) === before || state === 'acked' || state === 'resolved') return []
  const current = pages.filter((page) => page.refused === null && page.epoch === epoch)
  return current.flatMap((page) => {
    const then = new Map(contacts({ ...incident, severity: before }, page, rules).map((each) => [each.key, each]))
    return contacts(incident, page, rules).flatMap((row): Owed[] => {
      const held = then.get(row.key)
      if (held?.about.kind !== 'contact' || held.about.heldUntil === undefined || held.about.heldUntil <= at) return []
      // As quiet as before: it goes out in its time, once.
      if ((row.dueAt ?? at) >= (held.dueAt ?? at)) return []
      const key = soonerRow(row.key, severity)
      return [{ ...row, key, lane: key, dueAt: Math.max(at, row.dueAt ?? at) }]
    })
  })
}

/** What rings or lies there until somebody takes it away. An SMS and a call are over by themselves. */
const LASTING: readonly Via[] = ['ntfy', 'push', 'mail', 'webhook']

/**
 * An answer is known wherever somebody was asked: once for each page and way, at the first thing that settles it; and where something was on its way
 * then, when it has arrived.
 */
function settledContacts(fact: Recorded, { id, state, contacted, pages, ackedBy, ackedVia }: Incident): Owed[] {
  const isSettled = state === 'acked' || state === 'resolved'
  const isLate = fact.type === 'contacted' && fact.what === 'taken' && isSettled
  if (!isLate && fact.type !== 'acked' && fact.type !== 'resolved' && fact.type !== 'merged') return []
  return (isLate ? [fact] : contacted).flatMap(({ page, via, what }): Owed[] => {
    if (what !== 'taken' || !LASTING.includes(via)) return []
    const person = pages.find(({ key }) => key === page)?.person
    // Where it was answered it is put right already.
    if (!isLate && state === 'acked' && person === ackedBy && via === ackedVia) return []
    const key = `over/${page}/${via}${isLate ? `/${fact.id}` : ''}`
    return [{ key, lane: key, about: { kind: 'contact-over', incident: id, page, via } }]
  })
}

const bundle = (fact: number): Owed => ({
  key: bundleKey(fact),
  lane: bundleKey(fact),
  about: { kind: 'bundle', fact },
})

const pageView = (incident: number, page: string): Owed => ({
  key: `view/${page}`,
  lane: `view/${page}`,
  about: { kind: 'page-view', incident, page },
})

/** Whether a page has a message to itself. */
const isOnItsOwn = ({ held, bundled }: Incident, page: string) =>
  ![...held, ...bundled].some((each) => each.page === page)

/** The messages that show how it stands. */
export const views = (incident: Incident): Owed[] => [
  { key: `summary/${incident.id}`, lane: laneOf(incident.id), about: { kind: 'summary', incident: incident.id } },
  // Of what is private nothing is said where others read.
  ...(incident.private ? [] : [announcement(incident)]),
  ...incident.pages
    .filter((page) => page.refused === null && isOnItsOwn(incident, page.key))
    .map((page) => pageView(incident.id, page.key)),
  ...[...new Set(incident.bundled.map(({ fact }) => fact))].map(bundle),
  ...incident.offered.map(({ page: key, fact }): Owed => ({ key, lane: key, about: { kind: 'watch-page', fact } })),
  ...incident.handed.flatMap(({ fact, to }) =>
    to.map((person): Owed => {
      const key = `handed/${incident.id}/${fact}/${person}`
      return { key, lane: key, about: { kind: 'handed', incident: incident.id, fact, person } }
    }),
  ),
  ...(incident.private ? [] : incident.louds).map((fact): Owed => {
    const key = `loud/${incident.id}/${fact}`
    return { key, lane: `loud/${incident.id}`, about: { kind: 'loud', incident: incident.id, fact } }
  }),
]

/** Rows whose messages bear its buttons. */
export const bearers = (incident: Incident): string[] => [
  ...views(incident).map(({ key }) => key),
  ...incident.pages.map(({ key }) => key),
]

const announcement = (incident: Incident): Owed => ({
  key: `announcement/${incident.id}`,
  lane: `announcement/${incident.id}`,
  about: { kind: 'announcement', incident: incident.id },
})

/** What a fact owes, given the incident after it (null where it belongs to none). */
export function owes(fact: Recorded, incident: Incident | null, rules: Rules): Owed[] {
  if (fact.type === 'edited') return roster(fact)
  if (fact.type === 'bundled') return together(fact)
  if (fact.type === 'silence') return silenceRows(fact, rules)
  if (fact.type === 'covered') return coveredRows(fact, rules)
  if (fact.type === 'drilled') return [drillRow(fact.id)]
  if (fact.type === 'lock') return lockRows(fact, rules)
  if (fact.type === 'deploy') return [...deployRows(fact, rules), ...timelineRow(fact)]
  if (incident?.shadow) return ofShadow(fact, incident, rules)
  if (incident !== null && incident.drill !== null) return ofDrill(fact, incident)
  if (incident === null) return [...warning(fact), ...ofTheWatch(fact, rules)]
  return [...ofIncident(fact, incident, rules), ...(fact.type === 'shadow-ended' ? would(fact, rules) : [])]
}

/** What is owed of an incident to those who have to do with it. */
function ofIncident(fact: Recorded, incident: Incident, rules: Rules): Owed[] {
  const owed: Owed[] = []
  const lane = laneOf(incident.id)
  // What began in shadow mode has no channel so far.
  if (fact.type === 'opened' || (fact.type === 'shadow-ended' && incident.channel === null))
    owed.push({ key: `channel/${incident.id}`, lane, about: { kind: 'channel', incident: incident.id } })
  if (fact.type === 'joined' || fact.type === 'receded') return [...storm(fact, incident), ...canvas(incident)]
  // It may have gone to the archive meanwhile: nothing is said before it is known where.
  if (fact.type === 'revived' && incident.channel !== null) {
    const key = `channel/${incident.id}/${fact.id}`
    owed.push({ key, lane, about: { kind: 'channel', incident: incident.id } })
  }
  // Before the entries: the summary is the first message of the channel.
  if (changesViews(fact)) owed.push(...views(incident))
  if (fact.type === 'paged') {
    owed.push(pageOf(incident.id, fact.page.key), ...contacts(incident, fact.page, rules))
    if (ratesIn(incident, rules).length > 0) owed.push(picture(incident.id, fact.page.key))
  }
  const place = isAnother(fact) ? `/${fact.channel}` : ''
  for (const person of newcomers(fact, incident))
    owed.push({
      key: `invite/${incident.id}/${person}${place}`,
      lane,
      about: { kind: 'invite', incident: incident.id, person },
    })
  if (isPosted(fact, incident))
    owed.push({
      key: `post/${incident.id}/${fact.id}`,
      lane,
      about: { kind: 'post', incident: incident.id, fact: fact.id },
    })
  if (fact.type === 'resolved' || fact.type === 'merged') owed.push(...tellTheWoken(fact, incident))
  owed.push(...duties(fact, incident.id), ...furnishings(fact, incident), ...settledContacts(fact, incident))
  if (fact.type === 'captured' || fact.type === 'capture-changed') owed.push(...files(fact, incident.id))
  // Whoever comes on duty next is in it once they are paged, and not before.
  if (fact.type === 'heads-up' && !incident.private)
    for (const person of fact.people) {
      const key = `heads-up/${incident.id}/${fact.id}/${person}`
      owed.push({ key, lane: key, about: { kind: 'heads-up', incident: incident.id, person, fact: fact.id } })
    }
  return owed
}

/** Whom a fact brings into the incident's channel; nobody finds a private one by themselves. */
function newcomers(fact: Recorded, incident: Incident): string[] {
  switch (fact.type) {
    case 'opened':
      return incident.private && fact.by !== null ? [fact.by] : []
    case 'paged':
      return [fact.page.person]
    case 'acked':
    case 'responding':
      return [fact.by]
    case 'role':
      return fact.person === null ? [] : [fact.person]
    case 'absorbed':
      return fact.people
    case 'channel':
      return isAnother(fact) ? [...insiders(incident)] : []
    case 'task':
      return incident.private && fact.task.owner !== null ? [fact.task.owner] : []
    case 'taken':
    case 'revived':
      return incident.private ? [fact.by] : []
    case 'handed':
      return incident.private ? fact.to : []
    default:
      return []
  }
}

/** It has another channel than before, in which nobody is yet. */
const isAnother = (fact: Recorded): fact is Recorded & { type: 'channel'; instead: object } =>
  fact.type === 'channel' && fact.instead !== undefined

/** What goes with the channel, each in a lane of its own: a workspace that is slow with it holds up no entry. */
function furnishings(fact: Recorded, incident: Incident): Owed[] {
  const { id, resolvedAt } = incident
  const row = (about: Extract<About, { incident: number }>, key: string): Owed => ({ key, lane: key, about })
  const over =
    incident.channel === null || resolvedAt === null
      ? []
      : [row({ kind: 'export', incident: id, resolvedAt }, `export/${id}/${resolvedAt}`)]
  if (isAnother(fact))
    return [
      row({ kind: 'furnish', incident: id }, `furnish/${id}/${fact.channel}`),
      ...canvas(incident).map(({ lazy: _, ...now }): Owed => now),
    ]
  if (fact.type === 'channel' && !fact.back)
    return [
      row({ kind: 'furnish', incident: id }, `furnish/${id}`),
      row({ kind: 'seen-before', incident: id }, `seen-before/${id}`),
      ...canvas(incident).map(({ lazy: _, ...now }): Owed => now),
      // It was over before it had a channel.
      ...over,
    ]
  if (fact.type === 'resolved' || fact.type === 'merged')
    return [...canvas(incident).map(({ lazy: _, ...now }): Owed => now), ...over]
  return timelineKind(fact) === null && fact.type !== 'capture-changed' ? [] : canvas(incident)
}

const canvas = ({ id, channel }: Incident): Owed[] =>
  channel === null
    ? []
    : [{ key: `canvas/${id}`, lane: `canvas/${id}`, about: { kind: 'canvas', incident: id }, lazy: true }]

/** Whether an entry is put into the incident's channel: what was said there stands there, and where it is over people are told by themselves. */
function isPosted(fact: Recorded, incident: Incident): boolean {
  if (timelineKind(fact) === null || (fact.type === 'tasks-due' && !isOpen(incident))) return false
  return fact.type !== 'captured' || fact.said.message.channel !== incident.channel?.id
}

/** Whom a fact gives something to do, unless they did it themselves. */
function duties(fact: Recorded, id: number): Owed[] {
  const to = (person: string): Owed => {
    const key = `duty/${id}/${fact.id}/${person}`
    return { key, lane: key, about: { kind: 'duty', incident: id, fact: fact.id, person } }
  }
  switch (fact.type) {
    // Whoever takes a role is told what it takes, too.
    case 'role':
      return fact.person === null ? [] : [to(fact.person)]
    case 'task': {
      const { owner } = fact.task
      const isNews = fact.what === 'added' || fact.what === 'assigned'
      return isNews && owner !== null && owner !== fact.by ? [to(owner)] : []
    }
    case 'update-overdue':
    case 'tasks-due':
      return fact.to.map(to)
    default:
      return []
  }
}

/** Files that a captured message has: each is fetched once. */
function files(fact: Extract<Recorded, { type: 'captured' | 'capture-changed' }>, id: number): Owed[] {
  const there = fact.type === 'captured' ? fact.said.files : fact.change.what === 'edited' ? fact.change.files : []
  return there.map(({ id: file }) => {
    const key = `file/${id}/${file}`
    return { key, lane: `files/${id}`, about: { kind: 'file', incident: id, fact: fact.id, file } }
  })
}

/** What is told of a fact in the channel of its incident. */
function timelineRow(fact: Recorded): Owed[] {
  const { id, incident } = fact
  if (incident === null || timelineKind(fact) === null) return []
  return [{ key: `post/${incident}/${id}`, lane: laneOf(incident), about: { kind: 'post', incident, fact: id } }]
}

/** Keys of messages that bear the buttons of a deploy. */
export const deployRowsOf = (deploy: number) => ({ keys: [`deploy/${deploy}`], under: [`deploy-told/${deploy}/`] })

/** A deploy in its channel, to whoever has to know, and to what starts and stops it. */
function deployRows({ id, what, deploy, tell }: Recorded & { type: 'deploy' }, rules: Rules): Owed[] {
  const channel = under(rules.services, deploy.service)?.channel ?? null
  // Whoever asked in Slack and was refused was told so there.
  // Likewise of a change that is no deploy: it is looked up when something breaks.
  const isShown = channel !== null && deploy.state !== 'noted' && (deploy.state !== 'denied' || deploy.via !== 'hook')
  const row = (key: string, about: About): Owed => ({ key, lane: key, about })
  // GitHub waits for our word, and shows why it has none yet.
  const answers = deploy.via === 'github' && what === 'denied'
  const begins =
    what === 'linked' || answers || (deploy.state === 'starting' && (what === 'allowed' || what === 'resumed'))
  // In shadow mode nobody hears who did not ask.
  const policy = under(rules.services, deploy.service)?.policy ?? ''
  const asked = inShadow(rules, { service: deploy.service, policy }) ? tell.filter((name) => name === deploy.by) : tell
  const stops = deploy.stop?.hook === 'owed' && (what === 'halted' || what === 'held' || what === 'superseded')
  return [
    ...(isShown ? [row(`deploy/${deploy.id}`, { kind: 'deploy', deploy: deploy.id })] : []),
    ...(begins ? [row(`deploy-start/${deploy.id}/${id}`, { kind: 'deploy-start', deploy: deploy.id, fact: id })] : []),
    ...(stops ? [row(`deploy-halt/${deploy.id}/${id}`, { kind: 'deploy-halt', deploy: deploy.id, fact: id })] : []),
    ...asked.map((person) =>
      row(`deploy-told/${deploy.id}/${id}/${person}`, { kind: 'deploy-told', fact: id, person }),
    ),
  ]
}

/** What may not be deployed is said where the services are that it concerns. */
function lockRows({ id, lock }: Recorded & { type: 'lock' }, { services }: Rules): Owed[] {
  const ours = Object.values(services).filter(({ name }) => lock.service === null || lock.service === name)
  const channels = [...new Set(ours.flatMap(({ channel }) => channel ?? []))]
  return channels.map((channel): Owed => {
    const key = `lock/${id}/${channel}`
    return { key, lane: `lock/${channel}`, about: { kind: 'lock', fact: id, channel } }
  })
}

/** What is said of an incident in shadow mode, beside whom it would page. */
const SAID_IN_SHADOW = new Set<Fact['type']>(['paged', 'gap', 'exhausted', 'acked', 'resolved', 'merged'])

/** What an incident that somebody opened by hand has all the same: its channel, which they asked for. Nobody is brought into it by a page. */
const IN_ITS_CHANNEL = new Set<OwedKind>([
  ...(['channel', 'summary', 'furnish', 'seen-before', 'canvas', 'export', 'post', 'burst', 'file', 'invite'] as const),
])

/** In shadow mode it is said what would be done; an alert does nothing else, nowhere. */
function ofShadow(fact: Recorded, incident: Incident, rules: Rules): Owed[] {
  const said = SAID_IN_SHADOW.has(fact.type) ? would(fact, rules) : []
  if (incident.origin === 'alert' || incident.drill !== null || fact.type === 'absorbed') return said
  const kept = ofIncident(fact, incident, rules).filter(
    ({ about }) => IN_ITS_CHANNEL.has(about.kind) && !(fact.type === 'paged' && about.kind === 'invite'),
  )
  return [...kept, ...said]
}

/** Keys of what shadow mode says of an incident begin with this; null: of the watch. */
export const wouldRows = (incident: number | null) => `would/${incident ?? 'watch'}/`

/** Where shadow mode was switched off with its channel, the record alone says it. */
function would({ id, incident }: Recorded, { shadow }: Rules): Owed[] {
  if (shadow === undefined) return []
  const { channel } = shadow
  return [{ key: `${wouldRows(incident)}${id}`, lane: `would/${channel}`, about: { kind: 'would', fact: id, channel } }]
}

function drillRow(fact: number): Owed {
  // One after the other: each page of a drill takes the place of the one before.
  return { key: `drill/${fact}`, lane: 'drill', about: { kind: 'drill', fact } }
}

/** A drill has its pages and nothing else: no channel, no announcement, no loud post. */
function ofDrill(fact: Recorded, incident: Incident): Owed[] {
  return [
    ...(fact.type === 'paged' ? [pageOf(incident.id, fact.page.key)] : []),
    ...(changesViews(fact)
      ? incident.pages.filter(({ refused }) => refused === null).map((page) => pageView(incident.id, page.key))
      : []),
    ...(fact.type === 'resolved' ? tellTheWoken(fact, incident) : []),
  ]
}

/** What alerts owe that came in a burst: not each time, unless they made the incident graver. */
function storm(fact: Recorded & { type: 'joined' | 'receded' }, incident: Incident): Owed[] {
  const together = incident.burst.fact === null ? [] : [burst(incident, incident.burst.fact)]
  if (fact.type === 'joined' && fact.raisedTo !== null) return [...views(incident), ...together]
  // Who only said again what is known, said nothing new.
  if (fact.alerts.length === 0) return []
  return [...views(incident).map((view): Owed => ({ ...view, lazy: true })), ...together]
}

/** What waited: one message; one page that nothing has joined is like any other. */
function together(fact: Recorded & { type: 'bundled' }): Owed[] {
  return isAlone(fact) ? fact.pages.map(({ incident: id, page }) => pageOf(id, page)) : [bundle(fact.id)]
}

/** Keys of what is told of a silence by a fact begin with this. */
export const silenceRowsOf = (fact: number) => `silence/${fact}/`

/** Silences are said where their service is announced, and their owner hears when they end. */
function silenceRows(fact: Recorded & { type: 'silence' }, rules: Rules): Owed[] {
  if (fact.what === 'reported') return []
  const service = serviceOf(fact.silence, rules)
  const channel = service === null ? null : (rules.services[service]?.channel ?? null)
  const to = (whom: string, lane: string, where: { channel: string } | { person: string }): Owed => ({
    key: `${silenceRowsOf(fact.id)}${whom}`,
    lane,
    about: { kind: 'silence', fact: fact.id, to: where },
  })
  const owner = fact.silence.by
  return [
    ...(channel === null ? [] : [to(channel, `silence/${channel}`, { channel })]),
    ...(fact.what === 'ending' ? [to(owner, `silence/${owner}`, { person: owner })] : []),
  ]
}

/** Key of what is told of a decision about a name. */
export const coveredKey = (fact: number) => `covered/${fact}`

function coveredRows({ id, mark }: Recorded & { type: 'covered' }, rules: Rules): Owed[] {
  const service = mark.adopted?.service ?? serviceOfName(rules, mark.name)
  const channel = under(rules.services, service ?? '')?.channel ?? null
  if (channel === null) return []
  return [{ key: coveredKey(id), lane: `gaps/${channel}`, about: { kind: 'covered', fact: id, channel } }]
}

function warning(fact: Recorded): Owed[] {
  if (!('service' in fact) || timelineKind(fact) === null || isSilenced(fact)) return []
  const { service } = fact
  if (service === null) return []
  const key = `notice/${service}/${fact.id}`
  return [{ key, lane: `notice/${service}`, about: { kind: 'notice', service, fact: fact.id } }]
}

/** What is silenced is recorded, and told when its silence ends. */
const isSilenced = (fact: Recorded) =>
  (fact.type === 'detected' && isQuiet(fact)) ||
  (fact.type === 'recovered' && fact.quiet) ||
  (fact.type === 'receded' && fact.alerts.every(({ quiet }) => quiet)) ||
  (fact.type === 'joined' && fact.alerts.length > 0 && fact.alerts.every(isQuiet))

/** What is held back is told: somebody may wonder why nobody is paged. */
const isQuiet = ({ quietUntilAt, held }: Pick<Joining, 'quietUntilAt' | 'held'>) => quietUntilAt !== null && !held?.sure

/** The message of an offer, to whom it was made; its buttons are there. */
export const offerKey = (edit: number) => `edit/${edit}/offer`

/** Everybody whose duty a change of the roster concerns hears of it, but whoever made it; an offer, whoever was asked and whoever asks. */
function roster({ id, by, how, edit }: Recorded & { type: 'edited' }): Owed[] {
  const toldBefore = (person: string): Owed => {
    const key = `edit/${edit.id}/${id}/${person}`
    return { key, lane: `edit/${edit.id}/${person}`, about: { kind: 'edit', edit: edit.id, fact: id, person } }
  }
  const { offeredTo } = edit
  const offer = offeredTo === null ? [] : [{ ...toldBefore(offeredTo), key: offerKey(edit.id) }]
  if (how === 'offered') return offer
  const named = edit.pieces.flatMap(({ people, replaces }) => [
    ...people,
    ...(replaces === undefined ? [] : [replaces]),
  ])
  const wasOnlyOffered = how === 'agreed' || how === 'declined' || edit.activeAt === null
  const concerned = new Set(
    wasOnlyOffered ? [edit.by, ...(offeredTo === null ? [] : [offeredTo])] : [edit.by, ...named],
  )
  concerned.delete(by)
  return [...offer, ...[...concerned].map(toldBefore)]
}

/** Everybody who was paged, but who resolved it, hears that it is over: in the thread of their latest page. */
function tellTheWoken(fact: Recorded & { type: 'resolved' | 'merged' }, incident: Incident): Owed[] {
  const latest = new Map<string, string>()
  for (const page of incident.pages) if (page.refused === null) latest.set(page.person, rowOf(incident, page.key))
  latest.delete(fact.by ?? '')
  return [...latest.values()].map((page) => {
    const key = `told/${page}/${fact.id}`
    return { key, lane: key, about: { kind: 'told', incident: incident.id, page, fact: fact.id } }
  })
}

/** The row that sent a page. */
function rowOf({ bundled }: Incident, page: string): string {
  const found = bundled.find((each) => each.page === page)
  return found ? bundleKey(found.fact) : page
}

/** Whether what is shown of the incident (summary, announcement, pages) differs after this fact. */
function changesViews(fact: Fact): boolean {
  switch (fact.type) {
    case 'note':
    case 'shortfall':
    case 'repeated':
    case 'skipped':
    case 'held':
    case 'dual':
    case 'captured':
    case 'capture-changed':
    case 'tasks-due':
    case 'update-overdue':
      return false
    default:
      return true
  }
}

/** Handovers whose messages name an incident, which has just become another: brought up to date every so often. */
export function owesOfHandovers(
  fact: Recorded,
  incident: Incident,
  handovers: readonly Handover[],
  rules: Rules,
): Owed[] {
  if (!NAMED_BY_HANDOVERS.has(fact.type) || incident.private || incident.shadow) return []
  const ours = schedulesOf(incident.policy).filter((name) => !scheduleInShadow(rules, name))
  return handovers
    .filter(({ schedule, opened, state }) => ours.includes(schedule) && opened && OPEN.has(state))
    .flatMap((handover) => messagesOf(handover, rules))
    .map((owed): Owed => ({ ...owed, lazy: true }))
}

const NAMED_BY_HANDOVERS = new Set<Fact['type']>([
  'opened',
  'acked',
  'taken',
  'kept',
  'handed',
  'note',
  'reopened',
  'resolved',
  'merged',
  'revived',
  'severity',
])
const OPEN = new Set<Handover['state']>(['planned', 'due', 'overdue'])

/** What a handover owes as it moves on: nothing, where no policy asks for the schedule. */
function ofTheWatch(fact: Recorded, rules: Rules): Owed[] {
  const of = fact.type === 'watch-paged' ? fact.page : 'handover' in fact ? fact.handover : null
  if (of !== null && scheduleInShadow(rules, of.schedule)) return ofShadowedWatch(fact, rules)
  if (fact.type === 'watch-paged') {
    const { key } = fact.page
    return [{ key, lane: key, about: { kind: 'watch-page', fact: fact.id } }]
  }
  if (fact.type !== 'handover' && fact.type !== 'changed') return []
  const { handover } = fact
  const { schedule } = handover
  const groups = fact.type === 'changed' ? groupOf(rules, schedule) : []
  if (!isPaged(rules, schedule)) return groups
  const isNews = fact.type === 'handover' && fact.what === 'planned'
  const messages = isNews
    ? aheadOf(handover, fact.at).map((prompt) => promptRow(handover, prompt))
    : messagesOf(handover, rules)
  const pages = handover.pages.map(
    ({ key, fact: id }): Owed => ({ key, lane: key, about: { kind: 'watch-page', fact: id } }),
  )
  return [...groups, ...messages, ...pages, ...(isSaid(fact) ? reliefs(fact, rules) : [])]
}

/**
 * Nobody was asked to confirm a watch in shadow mode, so that nobody is said to be missing: only that it changes, and who would be asked to take
 * what the outgoing have.
 */
function ofShadowedWatch(fact: Recorded, rules: Rules): Owed[] {
  const isChange = fact.type === 'changed' && isPaged(rules, fact.handover.schedule)
  return isChange || (fact.type === 'watch-paged' && fact.page.kind === 'inherit') ? would(fact, rules) : []
}

/** The messages that people and channels have of a handover, or are to have. */
function messagesOf(handover: Handover, rules: Rules): Owed[] {
  const { schedule, changeAt } = handover
  const posts = isPublic(handover) ? channelsOf(rules, schedule) : []
  return [
    ...promptsOf(handover).map((prompt) => promptRow(handover, prompt)),
    ...posts.map((channel): Owed => {
      const key = `${postRows(schedule, changeAt)}${channel}`
      return { key, lane: key, about: { kind: 'handover', schedule, changeAt, channel } }
    }),
  ]
}

function promptRow({ schedule, changeAt }: Handover, [person, moment]: Prompt): Owed {
  const key = `${promptRows(schedule, changeAt)}${moment}/${person}`
  return { key, lane: key, about: { kind: 'prompt', schedule, changeAt, person, moment } }
}

/** Slack's user group follows at once; the minute's look at all of them finds whatever else is amiss. */
const groupOf = (rules: Rules, schedule: string): Owed[] =>
  rules.schedules[schedule]?.slackGroup === undefined
    ? []
    : [{ key: `group/${schedule}`, lane: 'groups', about: { kind: 'group', schedule } }]

type Prompt = [person: string, moment: (typeof MOMENTS)[number]]

const toAll = (people: readonly string[], moment: Prompt[1]): Prompt[] => people.map((person) => [person, moment])

/** Who hears of a change an hour ahead; of one that comes sooner they hear when its window opens. */
const aheadOf = ({ outgoing, incoming, opensAt }: Handover, at: number): Prompt[] =>
  opensAt > at ? toAll([...outgoing, ...incoming], 'ahead') : []

/** Messages that people have, or are to have, of a handover as it stands: all of them are kept up to date. */
function promptsOf({ outgoing, incoming, opened, state }: Handover): Prompt[] {
  const both = [...outgoing, ...incoming]
  const window = opened && outgoing.length > 0 ? toAll(both, 'window') : []
  if (state === 'planned' || state === 'relieved-early') return window
  if (state === 'void') return opened ? window : toAll(both, 'ahead')
  // What everybody awaited is told to whoever has to do something; what nobody saw coming, to both.
  return [...window, ...toAll(window.length > 0 ? incoming : both, 'change')]
}

/** Keys of what people are told of a handover begin with this. */
export const promptRows = (schedule: string, changeAt: number) => `prompt/${handoverId(schedule, changeAt)}/`

/** Likewise of what channels are told of it. */
const postRows = (schedule: string, changeAt: number) => `handover/${handoverId(schedule, changeAt)}/`

/** Keys of all rows whose messages bear the buttons of a handover begin with one of these. */
export const handoverRows = (schedule: string, changeAt: number): string[] => [
  promptRows(schedule, changeAt),
  postRows(schedule, changeAt),
  watchPageRows(schedule, changeAt),
]

const isPublic = ({ state, opened, outgoing }: Handover) =>
  (opened || state !== 'planned') && outgoing.length > 0 && state !== 'void'

/** What everybody should know: that somebody has the watch, or that nobody has. */
const isSaid = (fact: Recorded & { type: 'handover' | 'changed' }) =>
  fact.type === 'changed' ? fact.handover.state !== 'due' : fact.what === 'settled' && SAID.has(fact.handover.state)

const SAID = new Set<Handover['state']>(['relieved', 'relieved-early', 'forced', 'gap-open'])

const reliefs = (fact: Recorded & { type: 'handover' | 'changed' }, rules: Rules): Owed[] =>
  channelsOf(rules, fact.handover.schedule).map((channel) => {
    const key = `relief/${fact.id}/${channel}`
    return { key, lane: `relief/${channel}`, about: { kind: 'relief', fact: fact.id, channel } }
  })

/** Whether somebody may see something else at their Home after this fact. What alerts say is in the channel of their incident. */
export function showsAtHome(fact: Fact): boolean {
  switch (fact.type) {
    case 'joined':
      return fact.raisedTo !== null
    case 'detected':
    case 'repeated':
    case 'recovered':
    case 'receded':
    case 'skipped':
    case 'shortfall':
    case 'gap':
    case 'note':
    case 'tasks-due':
    case 'update-overdue':
    case 'linked':
    case 'captured':
    case 'capture-changed':
    case 'dual':
    case 'proven':
    case 'watch-paged':
    case 'held':
    case 'bundled':
    case 'covered':
    case 'drilled':
    case 'denied':
    case 'deploy':
    case 'lock':
    case 'contacted':
      return false
    default:
      return true
  }
}
