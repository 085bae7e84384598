import type { Pool } from 'pg'
import { z } from 'zod'
import { Deploy, Lock } from '../domain/deploy/deploy.ts'
import type { Seen } from '../domain/deploy/facts.ts'
import { Silence } from '../domain/detect/silence.ts'
import type { Recorded } from '../domain/fact.ts'
import { Handover, handoverId, RosterEdit } from '../domain/handover.ts'
import { Incident } from '../domain/incident.ts'
import { recorded } from './incidents.ts'
import { HANDOVERS_OF_NOW, HELD_MS } from './rota.ts'
import { OPEN_SILENCE } from './silences.ts'

const deployOf = (row: { doc: unknown }) => Deploy.parse(row.doc)

/** One deploy, however it stands; null when there is none of that number. */
export async function readDeploy(pool: Pool, id: number): Promise<Deploy | null> {
  const { rows } = await pool.query<{ doc: unknown }>('select doc from deploys where id = $1', [id])
  return rows[0] ? Deploy.parse(rows[0].doc) : null
}

/** The latest deploys of a service (null: of all), denied ones too. */
export async function latestDeploys(pool: Pool, service: string | null, limit: number): Promise<Deploy[]> {
  const { rows } = await pool.query<{ doc: unknown }>(
    'select doc from deploys where service = coalesce($1, service) order by id desc limit $2',
    [service, limit],
  )
  return rows.map(deployOf)
}

/** As the index `deploys_open` has it. */
export const OPEN_DEPLOY = `state in ('asked', 'starting', 'unsure', 'rolling', 'baking', 'held', 'halted')`

/** Those that are under way, or wait for a second person. */
export async function openDeploys(pool: Pool): Promise<Deploy[]> {
  const { rows } = await pool.query<{ doc: unknown }>(
    `select doc from deploys
     where ${OPEN_DEPLOY} order by id`,
  )
  return rows.map(deployOf)
}

/** Denied ones of which somebody wants to know when they may begin. */
export async function awaitedDeploys(pool: Pool): Promise<Deploy[]> {
  const { rows } = await pool.query<{ doc: unknown }>('select doc from deploys where awaited order by id limit 200')
  return rows.map(deployOf)
}

/** The deploy of a deployment of GitHub's; null when none is on record. */
export async function deployOfGithub(pool: Pool, deployment: number): Promise<Deploy | null> {
  const { rows } = await pool.query<{ doc: unknown }>(
    `select doc from deploys where doc ->> 'ref' ^@ $1 order by id desc limit 1`,
    [`{"deployment":"${deployment}",`],
  )
  return rows[0] ? Deploy.parse(rows[0].doc) : null
}

/** What was out before: the version of the latest deploy that held, and is not this version. */
export async function versionBefore(
  pool: Pool,
  { service, environment, version }: Pick<Deploy, 'service' | 'environment' | 'version'>,
): Promise<string | null> {
  const { rows } = await pool.query<{ version: string }>(
    `select doc ->> 'version' as version from deploys
     where service = $1 and environment = $2 and state = 'done' and doc ->> 'version' <> $3 order by id desc limit 1`,
    [service, environment, version],
  )
  return rows[0]?.version ?? null
}

/** Freezes and locks that stand. */
export async function openLocks(pool: Pool): Promise<Lock[]> {
  const { rows } = await pool.query<{ doc: unknown }>('select doc from locks where open order by id')
  return rows.map((row) => Lock.parse(row.doc))
}

export async function readLock(pool: Pool, id: number): Promise<Lock | null> {
  const { rows } = await pool.query<{ doc: unknown }>('select doc from locks where id = $1', [id])
  return rows[0] ? Lock.parse(rows[0].doc) : null
}

/** Everything that was decided about a deploy, in order. */
export async function factsOfDeploy(pool: Pool, id: number): Promise<(Recorded & { type: 'deploy' })[]> {
  const { rows } = await pool.query<{ id: number; body: unknown }>(
    `select id, body from facts where kind = 'deploy' and (body -> 'deploy' ->> 'id')::int = $1 order by id`,
    [id],
  )
  return rows.map(recorded).filter((fact) => fact.type === 'deploy')
}

const View = z.object({
  incidents: z.array(Incident),
  silences: z.array(Silence),
  edits: z.array(RosterEdit),
  handovers: z.array(Handover),
  unreachable: z.record(z.string(), z.string()),
  deploys: z.array(Deploy),
  locks: z.array(Lock),
})

/** As much of the desk as the gate looks at, in one look without its lock: for whoever only asks. */
export async function readSeen(pool: Pool, now: number): Promise<Seen> {
  const { rows } = await pool.query(
    `select
       (select coalesce(jsonb_agg(doc), '[]') from incidents where state <> 'resolved') as incidents,
       (select coalesce(jsonb_agg(doc order by id), '[]') from silences
         where ${OPEN_SILENCE}) as silences,
       (select coalesce(jsonb_agg(doc order by id), '[]') from roster_edits
         where state in ('offered', 'active') and until_at > $1) as edits,
       (select coalesce(jsonb_agg(doc), '[]') from (${HANDOVERS_OF_NOW}) of_now) as handovers,
       (select coalesce(jsonb_object_agg(name, unreachable), '{}') from people where unreachable is not null) as unreachable,
       (select coalesce(jsonb_agg(doc order by id), '[]') from deploys
         where ${OPEN_DEPLOY}) as deploys,
       (select coalesce(jsonb_agg(doc order by id), '[]') from locks where open) as locks`,
    [now - HELD_MS],
  )
  const { incidents, handovers, deploys, ...seen } = View.parse(rows[0])
  return {
    ...seen,
    incidents: Object.fromEntries(incidents.map((incident) => [incident.id, incident])),
    handovers: Object.fromEntries(
      handovers.map((handover) => [handoverId(handover.schedule, handover.changeAt), handover]),
    ),
    deploys: Object.fromEntries(deploys.map((deploy) => [deploy.id, deploy])),
  }
}
