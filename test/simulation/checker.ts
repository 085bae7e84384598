import { createHash } from 'node:crypto'
import type { Books, Doc } from './books.ts'
import type { Played } from './play.ts'
import type { Said } from './slack.ts'
import { BOT, type Message } from './workspace.ts'

/**
 * Holds what everybody saw (the calls that Slack took) and what is on record against what was promised (reliability §4). It shares no code
 * with the product, and answers with a sentence for each promise that was broken.
 */
export interface Leeway {
  /** How often a message may be seen by that many more than once. */
  doubles(key: string): number
  /** How much later than otherwise anything may be: faults of Slack's that the plan itself has. */
  lateMs: number
}

export const NO_LEEWAY: Leeway = { doubles: () => 0, lateMs: 0 }

/** An escalation is late by no more than this (I4). */
const LATE_MS = 2_000
/** Whatever waited for a process to come back is out this long after it has (I3, I4). */
const RECOVERED_MS = 5_000
/** What was on its way when somebody acknowledged still arrives. */
const ON_ITS_WAY_MS = 2_000

export function check(played: Played, leeway: Leeway): string[] {
  const { books } = played
  return [
    ...rest(played),
    ...nobodyForgotten(played),
    ...pagesOut(played, leeway),
    ...nothingDouble(played, leeway),
    ...inTime(played, leeway),
    ...nothingAfterwards(played, leeway),
    ...timelines(played),
    ...rollouts(played),
    ...chain(books),
  ]
}

/** Everything that is owed was paid or is void, everything that came in was decided, everybody was heard. */
function rest({ books, wishes, slack }: Played): string[] {
  return [
    ...books.owed
      .filter(({ state }) => state === 'open' || state === 'unknown')
      .map(({ key, state }) => `rest: ${key} is still ${state}`),
    ...books.inbox.filter(({ done_at }) => done_at === null).map(({ key }) => `rest: ${key} was never decided`),
    ...wishes.filter(({ takenAt }) => takenAt === null).map(({ what }) => `rest: "${what}" was never taken`),
    ...[...slack.ws.unknown].map((method) => `the simulation: workspace.ts does not know ${method}`),
  ]
}

const visible = (said: readonly Said[]) =>
  said.filter(({ method, done, key }) => method === 'chat.postMessage' && done && key !== null)

/** Keys of all that people have seen; of a message that names several pages, theirs as well. */
function arrived(books: Books, said: readonly Said[]): Set<string | null> {
  const keys = new Set(visible(said).map(({ key }) => key))
  for (const { id, body } of factsOf(books, 'bundled'))
    if (keys.has(`page/bundle/${id}`)) for (const { page } of body['pages'] as { page: string }[]) keys.add(page)
  return keys
}

/** I1: every alert that was accepted has paged somebody, or was acknowledged, or is over. */
function nobodyForgotten({ books, said, wishes, endedAt }: Played): string[] {
  const found: string[] = []
  const rows = new Map(books.inbox.map((row) => [`${row.source}/${row.key}`, row]))
  for (const { what, key } of wishes)
    if (key !== null && !rows.has(key)) found.push(`I1: "${what}" was taken and is not on record`)
  for (const { key, body, outcome } of books.inbox) {
    if (body['type'] !== 'signal' || body['status'] !== 'firing' || body['severity'] !== 'critical') continue
    const incident = books.incidents.find(({ id }) => id === outcome?.['incident'])
    const paged = [...arrived(books, said)].some((page) => page?.startsWith(`page/${incident?.id}/`))
    if (!incident) {
      if (!lookedAtAgain(books, body, endedAt)) found.push(`I1: the alert ${key} was accepted and lost`)
    } else if (
      !paged &&
      incident.doc.ackedBy === null &&
      incident.state !== 'resolved' &&
      !nobodyToPage(books, said, incident.id)
    )
      found.push(`I1: the alert ${key} was accepted, and nobody was ever paged for INC-${incident.id}`)
  }
  return found
}

/** Of an incident that was resolved by hand while it fired: left alone, and raised again in its time unless it is well by then. */
function lookedAtAgain({ facts, inbox }: Books, { service, key, seenAt }: Doc, endedAt: number): boolean {
  const repeated = facts.find(
    ({ kind, body }) =>
      kind === 'repeated' && body['service'] === service && body['key'] === key && body['at'] === seenAt,
  )
  const raised = facts.some(
    ({ kind, body, at, id }) =>
      id > (repeated?.id ?? 0) &&
      at - Number(seenAt) <= STILL_FIRING_MS + LATE_MS &&
      [body, ...((body['alerts'] as Doc[] | undefined) ?? [])].some(
        (alert) => (kind === 'detected' || kind === 'joined') && alert['still'] === true && alert['key'] === key,
      ),
  )
  const well = inbox.some(
    ({ body, received_at }) =>
      body['status'] === 'resolved' && body['key'] === key && received_at >= Number(seenAt) - STILL_FIRING_MS,
  )
  const notYet = facts.some(
    ({ kind, body }) =>
      kind === 'resolved' &&
      Number(body['recheckAt']) > endedAt &&
      (body['stillFiring'] as string[]).includes(String(key)),
  )
  return repeated !== undefined && (raised || well || notYet)
}

/** Everybody whom its policy names was refused by Slack: then its channel and that of its service say so loudly. */
function nobodyToPage(books: Books, said: readonly Said[], id: number): boolean {
  const of = (kind: string) => factsOf(books, kind).filter(({ incident }) => incident === id)
  const refused = new Set(of('refused').map(({ body }) => body['page']))
  const loud = visible(said).some((call) => call.key?.startsWith(`loud/${id}/`))
  return of('exhausted').length > 0 && loud && of('paged').every(({ body }) => refused.has(pageOf(body).key))
}

const factsOf = (books: Books, kind: string) => books.facts.filter((fact) => fact.kind === kind)
const pageOf = (body: Doc) => body['page'] as { key: string; person: string; at: number; dueAt: number | null }

/** I1: every page that was decided arrived, was refused (and somebody else paged), or was not needed any more. */
function pagesOut({ books, said }: Played, { lateMs }: Leeway): string[] {
  const out = arrived(books, said)
  const held = new Set(factsOf(books, 'held').map(({ body }) => body['page']))
  const refused = new Set(factsOf(books, 'refused').map(({ body }) => body['page']))
  return factsOf(books, 'paged').flatMap(({ body, incident }) => {
    const { key, at } = pageOf(body)
    if (out.has(key) || refused.has(key)) return []
    const row = books.owed.find((each) => each.key === key)
    const over = books.facts.find(
      (fact) => fact.incident === incident && (fact.kind === 'acked' || fact.kind === 'resolved') && fact.at >= at,
    )
    const given =
      row?.state === 'void' ||
      (row === undefined && held.has(key)) ||
      String(row?.result?.['gaveUp']).startsWith('not needed')
    if (over && given && over.at - at <= RECOVERED_MS + LATE_MS + lateMs + 90_000) return []
    return [
      `I1: ${key} was decided and never arrived (${row ? `${row.state} ${JSON.stringify(row.result)}` : 'owed nothing'})`,
    ]
  })
}

/** I2: nothing is seen twice. An incident that has another channel has another summary in it. */
function nothingDouble({ said }: Played, { doubles }: Leeway): string[] {
  const counts = new Map<string, { key: string; count: number }>()
  for (const { key, channel } of visible(said)) {
    if (key === null) continue
    const where = key.startsWith('summary/') ? `${key} in ${channel}` : key
    counts.set(where, { key, count: (counts.get(where)?.count ?? 0) + 1 })
  }
  return [...counts].flatMap(([where, { key, count }]) =>
    count > 1 + doubles(key) ? [`I2: ${where} is visible ${count} times`] : [],
  )
}

const isOfChange = (body: Record<string, unknown>) => {
  const { kind } = (body['page'] as { why: { kind: string } }).why
  return kind === 'carryover' || kind === 'incoming'
}

/** I4: no page before its time, and none long after it. */
function inTime(played: Played, leeway: Leeway): string[] {
  const { books, said } = played
  const found: string[] = []
  for (const { id } of books.incidents) {
    const facts = books.facts.filter((fact) => fact.incident === id)
    let before: (typeof facts)[number] | undefined
    let dueAt = 0
    for (const fact of facts) {
      if (fact.kind === 'opened') dueAt = wantedAt(books, id, fact.at)
      if (fact.kind === 'stepped' || fact.kind === 'exhausted') {
        if (fact.body['reason'] === 'unanswered' && before) {
          dueAt = before.at + waitOf(played, before.body)
          if (fact.at < dueAt) found.push(`I4: INC-${id} escalated ${dueAt - fact.at} ms early (fact ${fact.id})`)
        } else if (fact.body['reason'] !== 'start') dueAt = fact.at
        before = fact
      }
      if (fact.kind !== 'paged') continue
      const { key } = pageOf(fact.body)
      const first = visible(said).find((call) => call.key === key)
      if (!first) continue
      // Whoever is paged because the watch changes, is as it does.
      if (isOfChange(fact.body)) dueAt = fact.at
      if (first.at < dueAt) found.push(`I4: ${key} went out ${dueAt - first.at} ms before its time`)
      const latest = latestFor(played, dueAt) + (struck(said, key) ? 30_000 : 0) + leeway.lateMs
      if (first.at > latest)
        found.push(`I4: ${key} went out ${first.at - dueAt} ms after its time, ${first.at - latest} ms too late`)
    }
  }
  return found
}

/** An alert that still fires although its incident was resolved by hand is raised again after this (design §7, "recheck"). */
const STILL_FIRING_MS = 5 * 60_000

/** When an incident was to be opened: when what opened it was accepted, or when it was time to look whether an alert still fires. */
function wantedAt(books: Books, id: number, openedAt: number): number {
  const OPENS = ['signal', 'declare', 'call']
  const opener = books.inbox.find(
    ({ outcome, body, received_at }) =>
      outcome?.['incident'] === id && OPENS.includes(String(body['type'])) && received_at <= openedAt,
  )
  if (opener) return opener.received_at
  const service = books.incidents.find((each) => each.id === id)?.doc.service
  const before = books.incidents.findLast((each) => each.id < id && each.doc.service === service)
  return (before?.doc.resolvedAt ?? Number.NaN) + STILL_FIRING_MS
}

/** How long a step waits, by the configuration. */
function waitOf({ rules, books }: Played, { incident, step }: Doc): number {
  const service = books.incidents.find(({ id }) => id === incident)?.doc.service
  const policy = rules.policies[rules.services[service ?? '']?.policy ?? '']
  return policy?.steps[Number(step)]?.waitMs ?? Number.NaN
}

/** The latest instant for what is due at one, given who was dead or frozen when. */
function latestFor({ troubles }: Played, dueAt: number): number {
  let latest = dueAt + LATE_MS
  for (const { from, to } of troubles.toSorted((a, b) => a.from - b.from))
    if (from <= latest && to + RECOVERED_MS > latest && to >= dueAt) latest = to + RECOVERED_MS
  return latest
}

/** Whether anything went wrong at Slack with a message. */
const struck = (said: readonly Said[], key: string) =>
  said.some((call) => call.key === key && call.outcome.includes('('))

/** I4: when somebody has it, nobody else is paged, unless they ask for it. */
function nothingAfterwards({ books, said }: Played, { lateMs }: Leeway): string[] {
  const found: string[] = []
  for (const { id } of books.incidents) {
    let overAt: number | null = null
    const over: { from: number; to: number }[] = []
    for (const fact of books.facts.filter(({ incident }) => incident === id)) {
      if (fact.kind === 'acked' || fact.kind === 'resolved') overAt ??= fact.at
      if ((fact.kind === 'stepped' || fact.kind === 'exhausted') && overAt !== null) {
        if (fact.body['reason'] !== 'asked')
          found.push(`I4: INC-${id} escalated although somebody had it (fact ${fact.id})`)
        over.push({ from: overAt, to: fact.at })
        overAt = null
      }
      if (fact.kind === 'paged' && overAt !== null)
        found.push(`I4: ${pageOf(fact.body).key} was decided although somebody had it`)
    }
    if (overAt !== null) over.push({ from: overAt, to: Number.POSITIVE_INFINITY })
    for (const { key, calledAt } of visible(said)) {
      if (!key?.startsWith(`page/${id}/`)) continue
      const slack = ON_ITS_WAY_MS + lateMs
      if (over.some(({ from, to }) => calledAt > from + slack && calledAt < to))
        found.push(`I4: ${key} was sent although somebody had it`)
    }
  }
  return found
}

/** Every entry of the timeline once, in order; whatever was done is there to be seen. */
function timelines({ books, said }: Played): string[] {
  const found: string[] = []
  const out = new Set(visible(said).map(({ key }) => key))
  const SHOWN = new Set(['post', 'announcement', 'summary', 'loud', 'notice'])
  for (const { key, kind, state, result } of books.owed)
    if (SHOWN.has(kind) && state === 'done' && !out.has(key) && result?.['gaveUp'] === undefined)
      found.push(`timeline: ${key} is done and nobody has seen it`)
  for (const { id } of books.incidents) {
    const all = visible(said).flatMap(({ key }) => (key?.startsWith(`post/${id}/`) ? [Number(key.split('/')[2])] : []))
    // One that was allowed to come twice is in its place the first time.
    const entries = [...new Set(all)]
    const sorted = entries.toSorted((a, b) => a - b)
    if (entries.join() !== sorted.join())
      found.push(`timeline: the entries of INC-${id} are out of order: ${entries.join(', ')}`)
  }
  return found
}

/** Whoever has the watch at the time of the rollouts. */
const WATCH = 'nora'

/**
 * A deploy starts once or a person is told, and none is forgotten: what whoever rolls out was told, against what is on record and what people
 * read.
 */
function rollouts({ books, hooks, slack: { ws } }: Played): string[] {
  const told = (user: string, ...texts: string[]) => {
    const dm = ws.dmOf(user)
    const reads = ({ room, text, blocks }: Message) => {
      const all = `${text}\n${JSON.stringify(blocks)}`
      return room === dm && texts.some((each) => all.includes(each))
    }
    return ws.messages.some(reads)
  }
  return books.deploys.flatMap(({ id, state, doc: { kind, by, stop } }) => {
    const calls = (action: string) => hooks.heard.filter((each) => each.deploy === id && each.action === action)
    const found: string[] = []
    if (calls('start').length > 1) found.push(`deploy ${id} was started ${calls('start').length} times`)
    const wasUnsure = factsOf(books, 'deploy').some(
      ({ body }) => body['what'] === 'unsure' && (body['deploy'] as { id: number }).id === id,
    )
    if (kind === 'rollback' && state !== 'done' && state !== 'unsure') found.push(`rollback ${id} ends as ${state}`)
    for (const person of wasUnsure ? [by, WATCH] : [])
      if (!told(person, `deploy started ${id}`))
        found.push(`nobody knows whether deploy ${id} began, and ${person} was not told`)
    if (['starting', 'rolling', 'baking'].includes(state)) found.push(`deploy ${id} is forgotten: it is ${state}`)
    if (['denied', 'lapsed', 'failed'].includes(state) && calls('start').length > 0)
      found.push(`deploy ${id} rolls, and is on record as ${state}`)
    if (stop === null || kind === 'rollback') return found
    if (calls('halt').length === 0) found.push(`deploy ${id} was halted, and nobody told what rolls`)
    if (stop.hook !== 'done') found.push(`deploy ${id} was halted, and its halt is ${stop.hook}`)
    if (!told(by, 'Halted')) found.push(`deploy ${id} was halted, and ${by} was not told`)
    if (!books.locks.some(({ doc }) => doc.deploy === id)) found.push(`deploy ${id} was halted, and nothing is locked`)
    return found
  })
}

/** I5: the chain over the facts holds, and has no gap. */
function chain(books: Books): string[] {
  let previous = ''
  for (const [index, { id, body, digest, hash }] of books.facts.entries()) {
    if (id !== index + 1) return [`I5: fact ${index + 1} is missing`]
    if (sha256(sorted(body)) !== digest) return [`I5: fact ${id} is not what was decided`]
    if (sha256(previous + digest) !== hash) return [`I5: the chain breaks at fact ${id}`]
    previous = hash
  }
  return books.chainHead === previous ? [] : ['I5: the chain does not end where the desk says']
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** JSON with its keys in order. */
function sorted(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${sorted(each)}`).join(',')}}`
}

/**
 * What it all came to, as people see it, without its times: the same with and without a crash. Of a message that may be seen twice, one copy
 * is not kept up to date: those are left out.
 */
export function portrait({ books, slack: { ws } }: Played, without: (key: string) => boolean): Record<string, unknown> {
  const messages: Record<string, string[]> = {}
  for (const { text, blocks, metadata } of ws.messages) {
    const key = String(metadata?.event_payload['page_id'] ?? metadata?.event_payload['key'] ?? '')
    // How facts are numbered depends on what else happened; their order does not.
    const about = key.replace(/^(post|told|loud|notice)(\/.*)\/\d+$/, '$1$2')
    if (key !== '' && !without(key))
      messages[about] = [...(messages[about] ?? []), timeless(`${text}\n${JSON.stringify(blocks)}`)]
  }
  const channels = [...ws.rooms.values()]
    .filter(({ direct }) => !direct)
    .map(({ name, members, topic, purpose, pins }) => ({
      name,
      // Whether the bot itself is there shows nobody anything: it joins where it has to look something up.
      members: [...members].filter((user) => user !== BOT).toSorted((a, b) => a.localeCompare(b)),
      topic: timeless(topic),
      purpose,
      pinned: pins.size > 0,
    }))
  return { ...outline(books), messages, channels: channels.toSorted((a, b) => (a.name < b.name ? -1 : 1)) }
}

/** The heart of it, which is the same however long a process was away. */
export function outline(books: Books): Record<string, unknown> {
  return {
    incidents: books.incidents.map(({ id, state, doc }) => [id, state, doc.ackedBy, doc.resolvedBy, doc.channel?.name]),
    pages: factsOf(books, 'paged').map(({ body }) => pageOf(body).key),
  }
}

const timeless = (text: string) =>
  text
    .replaceAll(/<!date[^>]*>/g, '<time>')
    .replaceAll(/\b\d\d:\d\d(:\d\d)?( CET)?\b/g, '<time>')
    .replaceAll(/\b\d+ ?(ms|s|min|h|d)\b( \d+ ?(ms|s|min|h|d)\b)*/g, '<span>')
    .replaceAll(/C0SIM\d+/g, '<channel>')
