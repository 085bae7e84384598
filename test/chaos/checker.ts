import { createHash } from 'node:crypto'
import { canonical } from '../../src/json.ts'
import type { Call } from '../../src/sandbox/wire.ts'
import type { Attempt, World } from '../support/chaos.ts'

/**
 * Holds what people saw (the workspace's journal) against what was asked for (the history of the clients) and what is on record (the store).
 * It knows nothing of what the nemesis did but what that allows.
 */

/** Watch time and the workspace's clock are two readings of one clock; this much apart is no earliness. */
const JITTER_MS = 25
/** An escalation may be this late, and this late after the end of a fault (I4). */
const ESCALATION_MS = 2_000
const RECOVERY_MS = 5_000

export interface Allowed {
  /** How often a page may be seen: more than once only where Slack could not be asked. */
  visible?: 1 | 2
  /** When the fault was over; null: there was nothing to wait for. */
  recoveredAt?: number | null
  /** How many times as long as promised things may take on this machine. */
  slack?: number
}

export interface Verdict {
  pages: number
  /** Accepted, and nobody was told. */
  lost: string[]
  /** Seen more than once. */
  doubled: string[]
  /** Anything else that must not be. */
  wrong: string[]
  /** The latest page of an escalation, after the instant at which it was due. */
  escalatedLateMs: number
}

interface FactRow {
  id: number
  incident: number | null
  at: number
  kind: string
  body: Record<string, unknown> & {
    page?: { key: string; person: string }
    pages?: { page: string }[]
    waitsUntilAt?: number
    reason?: string
  }
  digest: string
  hash: string
}

interface OwedRow {
  key: string
  state: string
  gave_up: string | null
}

export interface OnRecord {
  facts: FactRow[]
  pages: OwedRow[]
  /** Rows of the in-tray that the clients were told of, and what came of them. */
  inbox: { id: number; done: boolean; result: string | null }[]
  head: string
}

/** A page as somebody saw it. */
export interface Seen {
  n: number
  key: string
  incident: number
  person: string
  /** Where escalation stood: `e1/r1/s2`. */
  place: string
  at: number
  /** Where the message is. */
  channel: string
  ts: string
}

/** What had happened before a round. */
export interface Mark {
  call: number
  fact: number
  attempt: number
}

export async function mark(world: World): Promise<Mark> {
  const [row] = await world.query<{ id: number }>('select coalesce(max(id), 0)::float8 as id from facts')
  return { call: world.slack.journal().at(-1)?.n ?? 0, fact: row?.id ?? 0, attempt: world.history.length }
}

/** The page that a call brought, if it brought one. */
export function pageOf(call: Call): Seen | null {
  if (!call.done || call.method !== 'chat.postMessage') return null
  const key = keyOf(call)
  if (!key?.startsWith('page/')) return null
  const [, incident, person = '', ...place] = key.split('/')
  const where = { channel: String(call.args.channel), ts: call.ts ?? '' }
  return { n: call.n, key, incident: Number(incident), person, place: place.join('/'), at: call.arrived_at, ...where }
}

/** Pages that people have seen, each time that they did. */
const seenPages = (calls: readonly Call[]): Seen[] => calls.flatMap((call) => pageOf(call) ?? [])

/** The key in a message's metadata: of a page, or of anything else. */
export function keyOf(call: Call): string | null {
  const { metadata } = call.args as { metadata?: { event_payload?: Record<string, unknown> } }
  const { page_id, key } = metadata?.event_payload ?? {}
  if (typeof page_id === 'string') return page_id
  return typeof key === 'string' ? key : null
}

export async function readRecord(world: World, since: Mark): Promise<OnRecord> {
  const ids = world.history.slice(since.attempt).flatMap((attempt) => attempt.ids)
  const facts = await world.query<FactRow>(
    `select id::float8, incident, at::float8, kind, body, digest, hash from facts where id >= ${since.fact} order by id`,
  )
  const pages = await world.query<OwedRow>(
    `select key, state, result ->> 'gaveUp' as gave_up from owed where kind = 'page'`,
  )
  const inbox = await world.query<OnRecord['inbox'][number]>(
    `select id::float8, done_at is not null as done, outcome ->> 'result' as result from inbox
     where id = any('{${[...new Set(ids)].join(',')}}')`,
  )
  const [desk] = await world.query<{ chain_head: string }>('select chain_head from desk')
  return { facts, pages, inbox, head: desk?.chain_head ?? '' }
}

export function judge(
  calls: readonly Call[],
  history: readonly Attempt[],
  record: OnRecord,
  since: Mark,
  allowed: Allowed = {},
): Verdict {
  const seen = seenPages(calls.filter((call) => call.n > since.call))
  const facts = record.facts.filter(({ id }) => id > since.fact)
  const bundled = new Map(
    facts.flatMap(({ id, body: { pages } }) => (pages ? [[`page/bundle/${id}`, pages.map(({ page }) => page)]] : [])),
  )
  const times = counted(seen.flatMap(({ key }) => bundled.get(key) ?? [key]))
  const others = counted(
    calls.flatMap((call) => {
      const key = call.n > since.call && call.done && call.method === 'chat.postMessage' ? keyOf(call) : null
      return key === null || key.startsWith('page/') ? [] : [key]
    }),
  )
  const escalations = judgeEscalations(facts, seen, allowed)
  const doubled = [...times, ...others].flatMap(([key, count]) => (count > 1 ? [`${key} was seen ${count} times`] : []))
  return {
    pages: times.size,
    lost: [...lostPages(facts, record.pages, times), ...lostAlerts(history.slice(since.attempt), record.inbox)],
    doubled,
    wrong: [
      ...[...times, ...others].flatMap(([key, count]) =>
        count > (allowed.visible ?? 1) ? [`${key} was seen ${count} times`] : [],
      ),
      ...unfounded(
        facts,
        seen.filter(({ key }) => !bundled.has(key)),
      ),
      ...escalations.wrong,
      ...broken(record, since),
    ],
    escalatedLateMs: escalations.lateMs,
  }
}

/** What waited is out this soon after its time, as the machine is busy. */
const HELD_LATE_MS = 3_000

/** Pages that were decided and that nobody saw, but for those that nobody needed any more. */
function lostPages(facts: readonly FactRow[], rows: readonly OwedRow[], times: ReadonlyMap<string, number>): string[] {
  const states = new Map(rows.map((row) => [row.key, row]))
  // One of many for one person waits for the others, and a round may end before they go out.
  const waits = new Map(
    facts.flatMap(({ kind, body }) =>
      kind === 'held' ? [[String(body['page']), Number(body['untilAt'])] as const] : [],
    ),
  )
  const isWaiting = (key: string) => (waits.get(key) ?? 0) > Date.now() - HELD_LATE_MS
  return facts.flatMap(({ body: { page }, kind }) => {
    if (kind !== 'paged' || !page || times.has(page.key) || isWaiting(page.key)) return []
    const row = states.get(page.key)
    const unneeded = row?.state === 'void' || row?.gave_up?.startsWith('not needed') === true
    return unneeded ? [] : [`${page.key} was decided and not seen: ${row?.state ?? 'not owed'} ${row?.gave_up ?? ''}`]
  })
}

/** What was answered with a 2xx is stored, and decided. */
function lostAlerts(history: readonly Attempt[], inbox: OnRecord['inbox']): string[] {
  const rows = new Map(inbox.map((row) => [row.id, row]))
  return history.flatMap(({ service, key, status, ids }) =>
    ids.flatMap((id) => {
      const row = rows.get(id)
      if (row?.done && row.result === 'done') return []
      return [`${key} of ${service} (${status}) was accepted as ${id} and is ${row ? JSON.stringify(row) : 'gone'}`]
    }),
  )
}

/** Everything that people saw was decided before. */
function unfounded(facts: readonly FactRow[], seen: readonly Seen[]): string[] {
  const decided = new Set(facts.flatMap(({ body: { page }, kind }) => (kind === 'paged' && page ? [page.key] : [])))
  return seen.flatMap(({ key }) => (decided.has(key) ? [] : [`${key} was seen and is not on record`]))
}

/** Nobody is paged before the deadline of the step before, nor long after it, nor once somebody has it. */
function judgeEscalations(facts: readonly FactRow[], seen: readonly Seen[], { recoveredAt, slack = 1 }: Allowed) {
  const wrong: string[] = []
  let lateMs = 0
  const firstSeen = new Map<string, number>()
  for (const { key, at } of seen) firstSeen.set(key, Math.min(at, firstSeen.get(key) ?? at))
  for (const incident of new Set(facts.flatMap((fact) => fact.incident ?? []))) {
    let dueAt: number | null = null
    let taken = false
    let pagedAfter: number | null = null
    for (const { kind, at, body } of facts.filter((fact) => fact.incident === incident)) {
      if (kind === 'acked' || kind === 'resolved') {
        taken = true
        dueAt = null
      }
      if (
        (kind === 'stepped' && body.reason === 'unanswered') ||
        (kind === 'exhausted' && body.reason === 'unanswered')
      ) {
        if (taken) wrong.push(`incident ${incident} escalated though somebody had it`)
        if (dueAt !== null && at < dueAt) wrong.push(`incident ${incident} escalated ${dueAt - at} ms early`)
        pagedAfter = dueAt
      } else if (kind === 'stepped') pagedAfter = null
      if (kind === 'stepped') {
        taken = false
        dueAt = body.waitsUntilAt ?? null
      }
      const arrivedAt = kind === 'paged' && body.page ? firstSeen.get(body.page.key) : undefined
      if (arrivedAt === undefined || pagedAfter === null) continue
      if (arrivedAt < pagedAfter - JITTER_MS)
        wrong.push(`${body.page?.key} was seen ${pagedAfter - arrivedAt} ms early`)
      const from = Math.max(pagedAfter, recoveredAt ?? 0)
      const late = arrivedAt - from
      lateMs = Math.max(lateMs, late)
      if (late > slack * (from > pagedAfter ? RECOVERY_MS : ESCALATION_MS))
        wrong.push(`${body.page?.key} was ${late} ms late`)
    }
  }
  return { wrong, lateMs }
}

/** The record is one chain without a gap, and each digest is that of what stands there. */
function broken({ facts, head }: OnRecord, since: Mark): string[] {
  const [first] = facts
  if (since.fact > 0 && first?.id !== since.fact) return [`fact ${since.fact} is gone`]
  let before = since.fact === 0 ? { id: 0, hash: '' } : first
  for (const fact of since.fact === 0 ? facts : facts.slice(1)) {
    if (fact.id !== (before?.id ?? 0) + 1) return [`fact ${fact.id} follows fact ${before?.id}`]
    if (fact.digest !== sha256(canonical(fact.body))) return [`fact ${fact.id} is not what was digested`]
    if (fact.hash !== sha256((before?.hash ?? '') + fact.digest)) return [`the chain breaks at fact ${fact.id}`]
    before = fact
  }
  return (before?.hash ?? '') === head ? [] : ['the head of the chain is not that of the last fact']
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

export function counted(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}
