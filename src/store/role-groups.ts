import type { Pool } from 'pg'
import { z } from 'zod'
import type { RoleGroup } from '../domain/duty/role-group.ts'
import { storable } from '../json.ts'
import { NOTIFY } from './store.ts'

const Row = z.strictObject({
  handle: z.string(),
  users: z.array(z.string()),
  trouble: z.string().nullable(),
  sinceAt: z.number(),
  seenAt: z.number(),
})

/** The Slack user groups that roles name, as they were seen last. */
export async function readRoleGroups(pool: Pool): Promise<RoleGroup[]> {
  const { rows } = await pool.query(
    'select handle, users, trouble, since_at as "sinceAt", seen_at as "seenAt" from role_groups order by handle',
  )
  return rows.map((row) => Row.parse(row))
}

/** A group as it is now, with the roles that it stands in and whoever hears when something becomes wrong with it, or well again. */
export interface Kept extends RoleGroup {
  roles: readonly string[]
  tell: readonly string[]
}

/** Stores how all of them are, those that no role names any more left out, and has told what has changed, from the same moment on. */
export async function keepRoleGroups(pool: Pool, groups: readonly Kept[], now: number): Promise<void> {
  await pool.query(
    `with given as (
       select * from jsonb_to_recordset($1) as g (handle text, users jsonb, trouble text, "sinceAt" bigint, "seenAt" bigint, roles jsonb, tell jsonb)
     ), before as (
       select handle, trouble from role_groups
     ), gone as (
       delete from role_groups where handle not in (select handle from given)
     ), kept as (
       insert into role_groups (handle, users, trouble, since_at, seen_at)
       select handle, users, trouble, "sinceAt", "seenAt" from given
       on conflict (handle) do update set users = excluded.users, trouble = excluded.trouble,
         since_at = excluded.since_at, seen_at = excluded.seen_at
     ), owed_rows as (
       insert into owed (key, lane, kind, about, due_at)
       select 'role-group/' || handle || '/' || $2::text || '/' || person, 'role-group/' || person, 'role-group', jsonb_build_object(
         'kind', 'role-group', 'handle', handle, 'roles', roles, 'trouble', given.trouble, 'person', person, 'at', $2::bigint), $2::bigint
       from given left join before using (handle), jsonb_array_elements_text(tell) as person
       where given.trouble is distinct from before.trouble
       on conflict (key) do nothing
     )
     select ${NOTIFY}`,
    [storable(groups), now],
  )
}
