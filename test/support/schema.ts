import pg from 'pg'

/** A schema, as the migrations made it. */
export interface Schema {
  /** {@link shapeOf} */
  shape: string
  /** Statements after which nothing has ever happened. */
  emptying: string
}

/** Of a database in which nothing has happened yet. */
export async function schemaOf(client: pg.ClientBase): Promise<Schema> {
  return { shape: await shapeOf(client), emptying: await emptyingOf(client) }
}

/** What is made by statements that define, as one short text: tables, columns, constraints, indexes, triggers, functions. */
export async function shapeOf(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ shape: string }>(`
    with ours as (select oid, relname, relkind, reloptions from pg_class where relnamespace = 'public'::regnamespace)
    select md5(string_agg(line, ',' order by line)) as shape from (
      select format('%s %s %s', relname, relkind, reloptions) as line from ours
      union all
      select format('%s.%s %s %s %s', relname, attname, atttypid, attnotnull, atthasdef)
      from pg_attribute join ours on ours.oid = attrelid where attnum > 0
      union all
      select format('%s %s', relname, conname) from pg_constraint join ours on ours.oid = conrelid
      union all
      select format('%s %s %s', relname, tgname, tgenabled) from pg_trigger join ours on ours.oid = tgrelid
      union all
      select format('%s %s', proname, md5(prosrc)) from pg_proc where pronamespace = 'public'::regnamespace
      union all
      select nspname::text from pg_namespace where nspname !~ '^pg_(toast_)?temp_'
    ) lines`)
  return rows[0]?.shape ?? ''
}

async function emptyingOf(client: pg.ClientBase): Promise<string> {
  const { rows: tables } = await client.query<{ name: string; sequence: string | null }>(`
    select quote_ident(table_name) as name, max(pg_get_serial_sequence(quote_ident(table_name), column_name)) as sequence
    from information_schema.columns join information_schema.tables using (table_schema, table_name)
    where table_schema = 'public' and table_type = 'BASE TABLE' group by table_name order by table_name`)
  const born: string[] = []
  for (const { name } of tables) {
    const { rows } = await client.query<{ rows: unknown }>(`select jsonb_agg(t) as rows from ${name} t`)
    if (rows[0]?.rows)
      born.push(
        `insert into ${name} overriding system value
         select * from jsonb_populate_recordset(null::${name}, ${pg.escapeLiteral(JSON.stringify(rows[0].rows))})`,
      )
  }
  return [
    // The table of facts refuses to be emptied by anybody else.
    'begin; set local session_replication_role = replica',
    ...tables.map(({ name }) => `delete from ${name}`),
    ...tables.flatMap(({ sequence }) => (sequence === null ? [] : `select setval('${sequence}', 1, false)`)),
    ...born,
    'commit',
  ].join('; ')
}
