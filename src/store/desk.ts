import { createHash } from 'node:crypto'
import type { PoolClient } from 'pg'
import { z } from 'zod'
import type { Desk } from '../domain/book.ts'
import type { Decision } from '../domain/decide.ts'
import { Deploy, isActive, Lock } from '../domain/deploy/deploy.ts'
import { Mark } from '../domain/detect/adoption.ts'
import { Silence } from '../domain/detect/silence.ts'
import type { Received } from '../domain/event.ts'
import { Event, type Outcome } from '../domain/event.ts'
import { Handover, handoverId, RosterEdit, Watch } from '../domain/handover.ts'
import { Alert, alertId, FLAP_MS, Incident } from '../domain/incident.ts'
import { type About, showsAtHome } from '../domain/owed.ts'
import { tasksDueAt } from '../domain/response.ts'
import { canonical, storable } from '../json.ts'
import { OPEN_DEPLOY } from './deploys.ts'
import { OWE_HOMES } from './homes.ts'
import { SCHEMA } from './migrations.ts'
import { LAZY_MS } from './owed.ts'
import { HANDOVERS_OF_NOW, HELD_MS } from './rota.ts'
import { OPEN_SILENCE } from './silences.ts'
import { LIVE_PROCESSES, NOTIFY, type Store } from './store.ts'

/** Events that one transaction takes at most: it stays short, and a storm is still folded in few. */
const BATCH = 500

/** A holder of the lock that freezes is cut off after this, and another process goes on. Machine time, counted by the server. */
const FROZEN_MS = 2_000

const Row = z.object({
  schema: z.number(),
  decided_at: z.number(),
  rules_id: z.number().nullable(),
  next_incident: z.number(),
  next_fact: z.number(),
  next_edit: z.number(),
  next_silence: z.number(),
  next_deploy: z.number(),
  next_lock: z.number(),
  chain_head: z.string(),
  adoptions: z.number(),
})

const Loaded = z.object({
  events: z.array(z.object({ id: z.number(), at: z.number(), event: z.unknown() })),
  incidents: z.array(z.unknown()),
  alerts: z.array(z.unknown()),
  recheck_at: z.number().nullable(),
  tasks_due_at: z.number().nullable(),
  people: z.record(z.string(), z.string()),
  edits: z.array(z.unknown()),
  silences: z.array(z.unknown()),
  watches: z.array(z.unknown()),
  handovers: z.array(z.unknown()),
  marks: z.array(z.unknown()),
  deploys: z.array(z.unknown()),
  locks: z.array(z.unknown()),
})

/** What is the active configuration: its number, and that of what was adopted beside it. */
export interface Active {
  rules: number
  adoptions: number
}

export interface Taken {
  active: Active | null
  chainHead: string
  desk: Desk
  events: Received[]
  /** Rows of the in-tray that no handler understands: parked by the caller. */
  unreadable: { id: number; reason: string }[]
}

/** Events that one decision chooses from: more than these wait for those before them. */
const STORM = 20_000

export interface Look {
  /** This event alone, to find the one that makes a decision throw. */
  only: number | null
  now: number
  /** The configuration under which this process has last looked at everything that fires; null: under none yet. */
  known: Active | null
}

/** What stands there may be anything: a number that fits no incident names none, and must not keep the others from being decided. */
const NAMED = (what: 'incident' | 'edit' | 'silence' | 'into' | 'other' | 'deploy' | 'lock') =>
  `case when body ->> '${what}' ~ '^[0-9]{1,9}$' then (body ->> '${what}')::int end`
const NAMED_INCIDENT = NAMED('incident')

/** What a decision needs, and no more: of thousands of alerts those that may change now. */
const LOAD = ({ only, now, known }: Look) => `
  with waiting as (
    select id, received_at, body from inbox
    where done_at is null and lane = 'desk' ${only === null ? '' : `and id = ${only}`}
    order by id limit ${STORM}
  ), events as (
    -- The first of each service before the second of any: a storm of one holds up no other, and what people do stands in no queue.
    select id, received_at, body from (
      select *, row_number() over (
        partition by case when body ->> 'type' = 'signal' then body ->> 'service' else id::text end order by id) as turn
      from waiting) in_turn
    order by turn, id limit ${BATCH}
  ), due as (
    select service, key, doc from alerts where recheck_at <= ${now} order by recheck_at limit ${BATCH}
  ), concerned as (
    select a.service, a.key, a.doc from events cross join lateral (
      select * from alerts where service = body ->> 'service' and key = body ->> 'key' offset 0) a
    where body ->> 'type' = 'signal'
    union all select * from due
    -- Whoever resolves by hand leaves behind what still fires; what is merged or split takes it along.
    union all select a.service, a.key, a.doc from events cross join lateral (
      select * from alerts where status = 'firing' and incident = ${NAMED_INCIDENT} offset 0) a
    where body ->> 'type' in ('resolve', 'merge', 'split', 'reopen')
    -- What a silence has held back that ends, by somebody's hand or because its time has come.
    union all select service, key, doc from alerts where status = 'firing' and recheck_at is not null
      and (exists (select from events where body ->> 'type' = 'silence-end')
        or exists (select from silences where state = 'active' and until_at <= ${now}))
    -- What is known of monitors that have not come back.
    union all select service, key, doc from alerts where status = 'firing' and right(key, 8) = ': return'
      and exists (select from silences where state = 'returning')
    -- What was said of a monitor that had not come back.
    union all select a.service, a.key, a.doc from events cross join lateral (
      select * from alerts where monitor = body ->> 'monitor' and status = 'firing' offset 0) a
    where body ->> 'type' = 'reported'
    -- What is held back by something else that is down: it is let go whenever that has changed.
    union all select * from (
      select service, key, doc from alerts where held and status = 'firing' order by recheck_at limit ${BATCH}) held_back
    -- What was said of a rollout that was halted.
    union all select a.service, a.key, a.doc from locks cross join lateral (
      select * from alerts where service = locks.doc ->> 'service' and key = 'deploy/' || (locks.doc ->> 'deploy') offset 0) a
    where locks.open and locks.doc ->> 'deploy' is not null
    -- With a new configuration some may be watched no more.
    union all select service, key, doc from alerts where status = 'firing' and monitor is not null
      and (select rules_id is distinct from ${known?.rules ?? 'null'} or adoptions is distinct from ${known?.adoptions ?? 'null'} from desk)
  )
  select
    (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'at', received_at, 'event', body) order by id), '[]') from events) as events,
    (select coalesce(jsonb_agg(doc), '[]') from incidents
      where state <> 'resolved' or tasks_due_at <= ${now} or id in (
        select unnest(array[${NAMED_INCIDENT}, ${NAMED('into')}, ${NAMED('other')}]) from events
        -- What an alert was before it comes back.
        union all select (doc ->> 'incident')::int from concerned
          where doc ->> 'status' = 'resolved' and (doc ->> 'lastAt')::bigint > ${now - FLAP_MS})) as incidents,
    (select coalesce(jsonb_agg(doc), '[]') from (select distinct on (service, key) doc from concerned) once) as alerts,
    -- Where so many are due, there may be more of them.
    case when (select count(*) from due) = ${BATCH} then ${now} else (
      select min(recheck_at) from alerts where recheck_at > ${now}) end as recheck_at,
    (select min(tasks_due_at) from incidents where tasks_due_at > ${now} and state = 'resolved') as tasks_due_at,
    (select coalesce(jsonb_object_agg(name, unreachable), '{}') from people where unreachable is not null) as people,
    (select coalesce(jsonb_agg(doc order by id), '[]') from roster_edits
      where state in ('offered', 'active') and until_at > (select decided_at from desk) - ${HELD_MS}
        or id in (select ${NAMED('edit')} from events)) as edits,
    (select coalesce(jsonb_agg(doc order by id), '[]') from silences
      where ${OPEN_SILENCE} or id in (select ${NAMED('silence')} from events)) as silences,
    (select coalesce(jsonb_agg(doc), '[]') from watches) as watches,
    (select coalesce(jsonb_agg(doc), '[]') from (${HANDOVERS_OF_NOW}) of_now) as handovers,
    (select coalesce(jsonb_agg(doc), '[]') from marks
      where name in (select body ->> 'name' from events where body ->> 'type' = 'cover')) as marks,
    (select coalesce(jsonb_agg(doc order by id), '[]') from deploys
      where ${OPEN_DEPLOY}
        or id in (select ${NAMED('deploy')} from events)) as deploys,
    (select coalesce(jsonb_agg(doc order by id), '[]') from locks
      where open or id in (select ${NAMED('lock')} from events)) as locks`

/** Begins the transaction, takes the lock, and reads all that a decision needs; `null` when a newer program has taken over. */
export async function take(client: PoolClient, look: Look): Promise<Taken | null> {
  // One round trip; each statement has a snapshot of its own, and the last one's begins after the lock was had.
  const results = (await client.query(
    `begin; set local idle_in_transaction_session_timeout = ${FROZEN_MS}; select * from desk for update; ${LOAD(look)}`,
  )) as unknown as { rows: unknown[] }[]
  const row = Row.parse(results[2]?.rows[0])
  if (row.schema !== SCHEMA) return null
  const loaded = Loaded.parse(results[3]?.rows[0])
  const incidents = loaded.incidents.map((doc) => Incident.parse(doc))
  const alerts = loaded.alerts.map((doc) => Alert.parse(doc))
  const watches = loaded.watches.map((doc) => Watch.parse(doc))
  const handovers = loaded.handovers.map((doc) => Handover.parse(doc))
  const desk: Desk = {
    decidedAt: row.decided_at,
    nextIncident: row.next_incident,
    nextFact: row.next_fact,
    incidents: Object.fromEntries(incidents.map((incident) => [incident.id, incident])),
    alerts: Object.fromEntries(alerts.map((alert) => [alertId(alert.service, alert.key), alert])),
    recheckAt: loaded.recheck_at,
    tasksDueAt: loaded.tasks_due_at,
    unreachable: loaded.people,
    watches: Object.fromEntries(watches.map((watch) => [watch.schedule, watch])),
    handovers: Object.fromEntries(
      handovers.map((handover) => [handoverId(handover.schedule, handover.changeAt), handover]),
    ),
    nextEdit: row.next_edit,
    edits: loaded.edits.map((doc) => RosterEdit.parse(doc)),
    nextSilence: row.next_silence,
    silences: loaded.silences.map((doc) => Silence.parse(doc)),
    marks: Object.fromEntries(loaded.marks.map((doc) => Mark.parse(doc)).map((mark) => [mark.name, mark])),
    nextDeploy: row.next_deploy,
    deploys: Object.fromEntries(loaded.deploys.map((doc) => Deploy.parse(doc)).map((deploy) => [deploy.id, deploy])),
    nextLock: row.next_lock,
    locks: loaded.locks.map((doc) => Lock.parse(doc)),
  }
  const active = row.rules_id === null ? null : { rules: row.rules_id, adoptions: row.adoptions }
  return { active, chainHead: row.chain_head, desk, ...readable(loaded.events) }
}

function readable(rows: { id: number; at: number; event: unknown }[]): Pick<Taken, 'events' | 'unreadable'> {
  const events: Received[] = []
  const unreadable: Taken['unreadable'] = []
  for (const { id, at, event } of rows) {
    const parsed = Event.safeParse(event)
    if (parsed.success) events.push({ id, at, event: parsed.data })
    else unreadable.push({ id, reason: z.prettifyError(parsed.error) })
  }
  return { events, unreadable }
}

/** A row of the out-tray as it is born. */
export interface Born {
  key: string
  lane: string
  kind: About['kind']
  about: About
  fence: number
}

interface Commit {
  taken: Taken
  decision: Decision
  /** Outcomes of events parked by the caller. */
  parked: { id: number; outcome: Outcome }[]
  now: number
  process: number
  machineNow: number
  leaseMs: number
}

/**
 * Writes what was decided, in one statement, and commits. Pages are born claimed by this process, which sends them as soon as the transaction is in; what
 * is returned are those that are really new.
 */
export async function commit(client: PoolClient, { taken, decision, parked, now, ...claim }: Commit): Promise<Born[]> {
  const { desk, facts, owed, voids } = decision
  const before = taken.desk
  const chain = chained(taken.chainHead, facts)
  const { rows } = await client.query<Born>(SAVE, [
    storable(chain),
    storable(
      Object.values(desk.incidents)
        .filter((incident) => incident !== before.incidents[incident.id])
        .map((incident) => ({
          ...incident,
          ...{
            service: incident.apart ? null : incident.service,
            tasksDueAt: tasksDueAt(incident.tasks),
            doc: incident,
          },
        })),
    ),
    storable(
      Object.entries(desk.alerts)
        .filter(([id, alert]) => alert !== before.alerts[id])
        .map(([, alert]) => ({ ...alert, doc: alert })),
    ),
    storable(
      facts.flatMap((f) =>
        f.type === 'reachability' ? [{ name: f.person, unreachable: f.unreachable, ord: f.id }] : [],
      ),
    ),
    voids.map((prefix) => `${prefix}%`),
    storable(owed.map((o, ord) => ({ ...o, kind: o.about.kind, ord }))),
    storable([...decision.outcomes, ...parked]),
    now,
    claim.process,
    claim.machineNow + claim.leaseMs,
    desk.nextIncident,
    desk.nextFact,
    chain.at(-1)?.hash ?? taken.chainHead,
    desk.nextEdit,
    storable(
      desk.edits
        .filter((edit) => !before.edits.includes(edit))
        .map((edit) => ({ ...edit, untilAt: Math.max(...edit.pieces.map(({ endAt }) => endAt)), doc: edit })),
    ),
    storable(changed(desk.watches, before.watches)),
    storable(changed(desk.handovers, before.handovers)),
    facts.some(showsAtHome),
    desk.nextSilence,
    storable(desk.silences.filter((each) => !before.silences.includes(each)).map((each) => ({ ...each, doc: each }))),
    storable(
      changed(desk.marks, before.marks).map((mark) => ({ name: mark.name, adopted: mark.adopted !== null, doc: mark })),
    ),
    facts.filter((fact) => fact.type === 'covered' && (fact.what === 'adopt' || fact.what === 'drop')).length,
    desk.nextDeploy,
    storable(
      changed(desk.deploys, before.deploys)
        .sort((a, b) => Number(isActive(a)) - Number(isActive(b)))
        .map((each) => ({ ...each, awaited: isAwaited(each), doc: each })),
    ),
    desk.nextLock,
    storable(
      desk.locks
        .filter((each) => !before.locks.includes(each))
        .map((each) => ({ id: each.id, open: each.endedAt === null, doc: each })),
    ),
  ])
  // A statement of its own: a SELECT beside writing ones is only run when somebody asks for its rows.
  await client.query(`select ${NOTIFY}; commit`)
  return rows
}

/** Somebody wants to know when it may begin, or GitHub waits for our word. */
const isAwaited = ({ state, tell, via }: Deploy) => state === 'denied' && (tell.length > 0 || via === 'github')

/** What a decision has made another of. */
const changed = <T>(now: Readonly<Record<string, T>>, before: Readonly<Record<string, T>>): T[] =>
  Object.entries(now).flatMap(([id, each]) => (each === before[id] ? [] : [each]))

/** Nothing was decided: gives the lock back. */
export async function withdraw(client: PoolClient): Promise<void> {
  await client.query('rollback')
}

const SAVE = `
  with chained as (
    insert into facts (id, incident, at, kind, body, digest, hash)
    select id, incident, at, type, body, digest, hash from jsonb_to_recordset($1)
      as f (id bigint, incident int, at bigint, type text, body jsonb, digest text, hash text)
  ), incident_rows as (
    insert into incidents (id, state, service, due_at, tasks_due_at, opened_at, doc)
    select id, state, service, "deadlineAt", "tasksDueAt", "openedAt", doc from jsonb_to_recordset($2)
      as i (id int, state text, service text, "deadlineAt" bigint, "tasksDueAt" bigint, "openedAt" bigint, doc jsonb)
    on conflict (id) do update set state = excluded.state, due_at = excluded.due_at, tasks_due_at = excluded.tasks_due_at,
      doc = excluded.doc, rev = incidents.rev + 1
  ), alert_rows as (
    insert into alerts (service, key, status, incident, recheck_at, monitor, held, doc)
    select service, key, status, incident, "recheckAt", monitor, held is not null, doc from jsonb_to_recordset($3)
      as a (service text, key text, status text, incident int, "recheckAt" bigint, monitor text, held jsonb, doc jsonb)
    on conflict (service, key) do update set status = excluded.status, incident = excluded.incident,
      recheck_at = excluded.recheck_at, monitor = excluded.monitor, held = excluded.held, doc = excluded.doc
  ), people_rows as (
    insert into people (name, unreachable)
    select distinct on (name) name, unreachable from jsonb_to_recordset($4)
      as p (name text, unreachable text, ord int) order by name, ord desc
    on conflict (name) do update set unreachable = excluded.unreachable
  ), voided as (
    update owed set state = 'void' where kind in ('page', 'contact') and state = 'open' and not sending and key like any ($5)
  ), owed_rows as (
    insert into owed (key, lane, kind, about, due_at, lazy, owner, lease_until, fence, sending)
    select key, lane, kind, about, coalesce("dueAt", $8), coalesce(lazy, false),
      case when kind = 'page' then $9::int end, case when kind = 'page' then $10::bigint end,
      case when kind = 'page' then 1 else 0 end, kind = 'page'
    from jsonb_to_recordset($6) as o (key text, lane text, kind text, about jsonb, lazy boolean, "dueAt" bigint, ord int) order by ord
    on conflict (key) do update set wanted = owed.wanted + 1, state = 'open',
      lazy = excluded.lazy and (owed.lazy or owed.state = 'done'),
      due_at = case
        -- What failed or was paused waits for its next try, and what is lazy for the time it was given.
        when owed.state = 'open' and (owed.tries > 0 or excluded.lazy or not owed.lazy) then owed.due_at
        when excluded.lazy then greatest(excluded.due_at, owed.shown_at + ${LAZY_MS})
        else excluded.due_at end
      where owed.kind in ('summary', 'burst', 'announcement', 'page-view', 'bundle', 'loud', 'watch-page', 'prompt', 'handover', 'handed', 'group', 'edit', 'canvas', 'deploy')
    returning key, lane, kind, about, fence, (xmax = 0) as born
  ), done as (
    update inbox set done_at = $8, outcome = d.outcome from jsonb_to_recordset($7) as d (id bigint, outcome jsonb)
    where inbox.id = d.id
  ), decided as (
    update desk set decided_at = $8, next_incident = $11, next_fact = $12, chain_head = $13, next_edit = $14, next_silence = $19,
      adoptions = adoptions + $22, next_deploy = $23, next_lock = $25
  ), edit_rows as (
    insert into roster_edits (id, state, until_at, doc)
    select id, state, "untilAt", doc from jsonb_to_recordset($15) as e (id int, state text, "untilAt" bigint, doc jsonb)
    on conflict (id) do update set state = excluded.state, until_at = excluded.until_at, doc = excluded.doc
  ), watch_rows as (
    insert into watches (schedule, doc) select value ->> 'schedule', value from jsonb_array_elements($16)
    on conflict (schedule) do update set doc = excluded.doc
  ), handover_rows as (
    insert into handovers (schedule, change_at, state, doc)
    select value ->> 'schedule', (value ->> 'changeAt')::bigint, value ->> 'state', value from jsonb_array_elements($17)
    on conflict (schedule, change_at) do update set state = excluded.state, doc = excluded.doc
  ), silence_rows as (
    insert into silences (id, state, until_at, doc)
    select id, state, "untilAt", doc from jsonb_to_recordset($20) as s (id int, state text, "untilAt" bigint, doc jsonb)
    on conflict (id) do update set state = excluded.state, until_at = excluded.until_at, doc = excluded.doc
  ), mark_rows as (
    insert into marks (name, adopted, doc)
    select name, adopted, doc from jsonb_to_recordset($21) as m (name text, adopted boolean, doc jsonb)
    on conflict (name) do update set adopted = excluded.adopted, doc = excluded.doc
  ), deploy_rows as (
    insert into deploys (id, service, environment, state, asked_at, awaited, doc)
    select id, service, environment, state, "askedAt", awaited, doc from jsonb_to_recordset($24)
      as d (id int, service text, environment text, state text, "askedAt" bigint, awaited boolean, doc jsonb)
    on conflict (id) do update set state = excluded.state, awaited = excluded.awaited, doc = excluded.doc
  ), lock_rows as (
    insert into locks (id, open, doc)
    select id, open, doc from jsonb_to_recordset($26) as l (id int, open boolean, doc jsonb)
    on conflict (id) do update set open = excluded.open, doc = excluded.doc
  ), home_rows as (${OWE_HOMES('$8', '$18')})
  select key, lane, kind, about, fence from owed_rows where kind = 'page' and born`

/** Facts with their digests, chained: sha256(previous hash, digest). */
function chained(head: string, facts: Decision['facts']) {
  let previous = head
  return facts.map((fact) => {
    // What is digested is what is stored.
    const body = JSON.parse(storable(fact)) as typeof fact
    const digest = sha256(canonical(body))
    const hash = sha256(previous + digest)
    previous = hash
    return { id: body.id, incident: body.incident, at: body.at, type: body.type, body, digest, hash }
  })
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** Instants that lie further ahead than this cannot be jitter. */
const AHEAD_MS = 2_000

/**
 * Brings stored instants back to now, when an earlier process lived by a clock that was ahead: otherwise every check and everything that is
 * owed would wait until then, silently. Deadlines that were counted from that clock fall due at once: sooner is the safe side.
 *
 * @returns by how much the store was ahead, in milliseconds; 0 when it was not
 */
export async function bringBack({ pool, process }: Pick<Store, 'pool' | 'process'>, now: number): Promise<number> {
  const { rows } = await pool.query<{ at: number; others: boolean }>(
    `select greatest((select decided_at from desk), (select max(last_slot) from monitors), (select max(last_slot) from slots)) as at,
       exists (${LIVE_PROCESSES} and objid::int <> $1) as others`,
    [process],
  )
  const ahead = (rows[0]?.at ?? 0) - now
  // Beside others the one that starts may as well be the one whose clock is wrong.
  if (ahead <= AHEAD_MS || rows[0]?.others) return 0
  await pool.query(
    `with the_desk as (update desk set decided_at = least(decided_at, $1)),
       checks as (update monitors set last_slot = least(last_slot, $1)),
       lanes as (delete from pauses),
       entries as (update slots set last_slot = least(last_slot, $1)),
       asked as (update name_sources set next_at = least(next_at, $1)),
       -- Watches that have not begun yet are followed anew.
       watches_ahead as (delete from watches where (doc ->> 'sinceAt')::bigint > $1),
       handovers_ahead as (delete from handovers where change_at > $1),
       told_ahead as (delete from owed where kind in ('prompt', 'handover') and (about ->> 'changeAt')::bigint > $1),
       deadlines as (
         update incidents set due_at = $1, doc = jsonb_set(doc, '{deadlineAt}', to_jsonb($1::bigint))
         where state = 'paging' and due_at > $1)
     update owed set due_at = least(due_at, $1), shown_at = least(shown_at, $1)
     where state in ('open', 'unknown') or shown_at > $1`,
    [now],
  )
  return ahead
}
