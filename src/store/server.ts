import type pg from 'pg'
import { z } from 'zod'
import { UserError } from '../errors.ts'
import { connection } from './backup.ts'

/** All that is asked of a server is in it from here on; what is older, its makers look after no longer. */
const OLDEST_MAJOR = 14

/** What a server says of itself takes a moment, or it is not there. */
const ASK_MS = 5_000

const Server = z.strictObject({
  version: z.number(),
  named: z.string(),
  encoding: z.string(),
  standby: z.boolean(),
  readOnly: z.boolean(),
  user: z.string(),
  database: z.string(),
  /** Where tables are made; null when the search path names no schema that is there. */
  schema: z.string().nullable(),
  mayMakeTables: z.boolean(),
  mayMakeSchemas: z.boolean(),
  /** Of our tables, where they are there and belong to somebody whose rights we have not. */
  otherOwner: z.string().nullable(),
})
type Server = z.infer<typeof Server>

interface Wanted {
  /** The timetable is to be there too, in a schema of its own. */
  timetable: boolean
}

/**
 * Asks a server of the operator's whether the store can be on it, before anything is made there. A server that does not answer throws as it
 * is; one that answers and will not do throws the sentence that says what to do.
 */
export async function checkServer(config: pg.ClientConfig, { timetable }: Wanted): Promise<void> {
  const client = await connection(config, {
    application: 'watchbill check',
    statementMs: ASK_MS,
    lockMs: ASK_MS,
    idleMs: ASK_MS,
  })
  try {
    const { rows } = await client.query(
      `select current_setting('server_version_num')::int as version, current_setting('server_version') as named,
         current_setting('server_encoding') as encoding, pg_is_in_recovery() as standby,
         current_setting('transaction_read_only') = 'on' as "readOnly",
         current_user as "user", current_database() as database, current_schema() as schema,
         coalesce(has_schema_privilege(current_schema(), 'create'), false) as "mayMakeTables",
         has_database_privilege(current_database(), 'create') as "mayMakeSchemas",
         (select pg_get_userbyid(relowner) from pg_class
           where oid = to_regclass('desk') and not pg_has_role(relowner, 'usage')) as "otherOwner"`,
    )
    const why = whyUnfit(Server.parse(rows[0]), { timetable })
    if (why !== null) throw new UserError('unfit-server', why)
  } finally {
    await client.end().catch(() => {})
  }
}

/** Why the store cannot be on this server, and what to do; null when it can. */
export function whyUnfit(server: Server, { timetable }: Wanted): string | null {
  const { version, named, encoding, user, database, schema, otherOwner } = server
  if (Math.floor(version / 10_000) < OLDEST_MAJOR)
    return `The server of DATABASE_URL is PostgreSQL ${named}, and Watchbill needs ${OLDEST_MAJOR} or newer: upgrade it, or name another.`
  if (server.standby)
    return 'The server of DATABASE_URL is a standby, which nothing can be written to: name its primary.'
  if (server.readOnly)
    return `The database ${database} lets its users only read (default_transaction_read_only): turn that off for the user ${user}.`
  if (encoding !== 'UTF8')
    return `The database ${database} stores text in ${encoding}, which cannot hold what people write: make one with encoding 'UTF8' template template0, and name that in DATABASE_URL.`
  if (otherOwner !== null)
    return `The tables of Watchbill in the database ${database} belong to ${otherOwner}, and ${user} may not change them: name ${otherOwner} in DATABASE_URL, or run: grant "${otherOwner}" to "${user}"`
  if (!server.mayMakeTables)
    return `The user ${user} may not make tables in the database ${database}. As its owner run: grant create on schema ${schema ?? 'public'} to "${user}"`
  if (timetable && !server.mayMakeSchemas)
    return `The user ${user} may not make the schema of the timetable in the database ${database}. As its owner run: grant create on database "${database}" to "${user}"`
  return null
}
