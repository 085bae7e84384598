import type { ClientBase } from 'pg'

/**
 * The schema, in steps that are only ever appended. All instants are watch time in UTC milliseconds (bigint), given as parameters; only
 * leases (`lease_until`) are machine time. SQL itself never says now().
 */
const MIGRATIONS: readonly string[] = [
  `
  create table rules (
    id int generated always as identity primary key,
    at bigint not null,
    digest text not null unique,
    doc jsonb not null
  );

  -- One row: the lock under which everything is decided.
  create table desk (
    one boolean primary key default true check (one),
    schema int not null,
    decided_at bigint not null default 0,
    rules_id int references rules,
    next_incident int not null default 1,
    next_fact bigint not null default 1,
    chain_head text not null default ''
  );
  insert into desk (schema) values (0);

  -- A row is committed before its sender is answered. Lane 'desk': an event for the desk. Lane 'slack': a payload as Slack sent it,
  -- which a process turns into an answer or an event; claimed by the process that works on it.
  create table inbox (
    id bigint generated always as identity primary key,
    source text not null,
    key text not null,
    lane text not null check (lane in ('desk', 'slack')),
    body jsonb not null,
    received_at bigint not null,
    done_at bigint,
    outcome jsonb,
    owner int,
    lease_until bigint,
    unique (source, key)
  );
  create index inbox_undone on inbox (lane, id) where done_at is null;

  create table incidents (
    id int primary key,
    state text not null,
    service text,
    due_at bigint,
    opened_at bigint not null,
    rev int not null default 1,
    doc jsonb not null
  );
  -- One open incident per service.
  create unique index incidents_open on incidents (service) where state <> 'resolved';
  create index incidents_due on incidents (due_at) where due_at is not null;

  create table alerts (
    service text not null,
    key text not null,
    status text not null,
    incident int,
    doc jsonb not null,
    primary key (service, key)
  );
  create index alerts_firing on alerts (service) where status = 'firing';

  create table people (
    name text primary key,
    unreachable text,
    -- A guest of the workspace: reads, never acts.
    guest boolean not null default false
  );

  -- Append-only; 'hash' chains the digests, so that a later change shows. 'body' may be erased, never the rest.
  create table facts (
    id bigint primary key,
    incident int,
    at bigint not null,
    kind text not null,
    body jsonb not null,
    digest text not null,
    hash text not null
  );
  create index facts_incident on facts (incident, id);
  create function facts_are_append_only() returns trigger language plpgsql as $$
  begin
    if tg_op = 'UPDATE' and (new.id, new.incident, new.at, new.kind, new.digest, new.hash)
        is not distinct from (old.id, old.incident, old.at, old.kind, old.digest, old.hash) then
      return new;
    end if;
    raise exception 'facts are append-only: % of fact % refused', lower(tg_op), old.id;
  end $$;
  create trigger facts_append_only before update or delete on facts
    for each row execute function facts_are_append_only();
  create function facts_are_never_emptied() returns trigger language plpgsql as $$
  begin
    raise exception 'facts are append-only: truncate refused';
  end $$;
  create trigger facts_never_emptied before truncate on facts execute function facts_are_never_emptied();

  create table owed (
    key text primary key,
    seq bigint generated always as identity,
    lane text not null,
    kind text not null,
    about jsonb not null,
    due_at bigint not null,
    wanted int not null default 1,
    shown int not null default 0,
    owner int,
    lease_until bigint,
    fence int not null default 0,
    -- A send has begun whose outcome is not on record: it may have arrived.
    sending boolean not null default false,
    tries int not null default 0,
    state text not null default 'open' check (state in ('open', 'unknown', 'done', 'void')),
    result jsonb
  );
  create index owed_due on owed (due_at) where state in ('open', 'unknown');
  create index owed_lane on owed (lane, seq) where state in ('open', 'unknown');

  -- The evidence of each attempt to deliver.
  create table attempts (
    owed_key text not null,
    n int not null,
    started_at bigint not null,
    ended_at bigint not null,
    outcome text not null,
    reason text,
    primary key (owed_key, n)
  );

  create table monitors (
    name text primary key,
    last_slot bigint not null,
    state jsonb not null
  );
  create table samples (
    monitor text not null,
    slot bigint not null,
    ok boolean not null,
    result jsonb not null,
    primary key (monitor, slot)
  );

  create table processes (
    id int generated always as identity primary key,
    started_at bigint not null,
    pid int not null,
    host text not null,
    version text not null
  );
  `,
  `
  -- Which configuration was made the active one, when, and by whom.
  create table activations (
    id int generated always as identity primary key,
    at bigint not null,
    rules_id int not null references rules,
    process int
  );

  -- The last slot of each entry of the timetable: whoever moves it runs the slot, whatever queue woke them.
  create table slots (
    name text primary key,
    last_slot bigint not null
  );

  -- What changes with every alert of a storm is shown every so often: when it was last, and whether nothing else waits to be shown.
  alter table owed add column shown_at bigint;
  alter table owed add column lazy boolean not null default false;

  -- An incident names some of its alerts, and counts all.
  update incidents set doc = doc || jsonb_build_object(
    'joined', jsonb_array_length(doc -> 'alerts'),
    'firing', (select count(*) from jsonb_array_elements(doc -> 'alerts') as a (alert) where a.alert -> 'recoveredAt' = 'null'),
    'burst', jsonb_build_object('fact', null, 'lastAt', 0));
  create index alerts_of_incident on alerts (incident) where status = 'firing';
  -- Of thousands of alerts a decision reads those that it concerns.
  alter table alerts add column recheck_at bigint, add column monitor text;
  update alerts set recheck_at = (doc ->> 'recheckAt')::bigint, monitor = doc ->> 'monitor';
  create index alerts_recheck on alerts (recheck_at) where recheck_at is not null;
  create index alerts_of_monitors on alerts (monitor) where status = 'firing' and monitor is not null;
  `,
  `
  -- A receiver that asked to be left alone is left alone by whatever is owed to it later, too.
  create table pauses (
    lane text primary key,
    until_at bigint not null
  );
  `,
  `
  -- Who answers for each schedule: those on duty at the last decision, and those not yet relieved.
  create table watches (
    schedule text primary key,
    doc jsonb not null
  );
  -- Each change of a schedule, from an hour before it.
  create table handovers (
    schedule text not null,
    change_at bigint not null,
    state text not null,
    doc jsonb not null,
    primary key (schedule, change_at)
  );
  create index handovers_open on handovers (schedule) where state in ('planned', 'relieved-early', 'due', 'overdue', 'gap');
  -- Changes of the roster by hand: taken watches, covers, swaps. 'until_at' is the end of the last piece.
  create table roster_edits (
    id int primary key,
    state text not null,
    until_at bigint not null,
    doc jsonb not null
  );
  create index roster_edits_live on roster_edits (until_at) where state in ('offered', 'active');
  alter table desk add column next_edit int not null default 1;
  -- Calendar feeds: whoever has the address may read. Only its digest is kept.
  create table feeds (
    id int generated always as identity unique,
    digest text primary key,
    schedule text,
    person text,
    made_by text not null,
    made_at bigint not null,
    revoked_at bigint,
    revoked_by text,
    check (num_nonnulls(schedule, person) = 1)
  );
  -- Calendars of other systems, as they were last read, and when somebody last looked.
  create table imports (
    name text primary key,
    tried_at bigint not null,
    doc jsonb not null
  );
  create index owed_by_prefix on owed (key collate "C");
  create index facts_paged on facts (at) where kind = 'paged';
  -- Who opened their Home in Slack, and when: it is kept up to date for a day.
  create table homes (
    slack_user text primary key,
    opened_at bigint not null
  );
  update incidents set doc = doc || '{"answers": {}, "swept": false, "duals": [], "graced": null, "inherited": null, "keptUntilAt": null, "offered": []}';
  `,
  `
  -- Pages that wait to go out with others of the same person, and those that did; whom owners asked to take an incident.
  update incidents set doc = doc || '{"held": [], "bundled": [], "handed": []}';
  `,
  `
  -- For what nobody is paged, and until when; a silence that is over stays until everything it covered has reported anew.
  create table silences (
    id int primary key,
    state text not null,
    until_at bigint not null,
    doc jsonb not null
  );
  create index silences_open on silences (id) where state in ('planned', 'active', 'returning', 'overdue');
  alter table desk add column next_silence int not null default 1;
  `,
  `
  -- Names that a source (a zone file) has, and since when they are known: less what is probed and ignored, the gaps.
  create table coverage (
    name text not null,
    source text not null,
    first_seen_at bigint not null,
    primary key (name, source)
  );
  `,
  `
  -- How far each log has been read, and what that came to; seq counts the states, so that each follows on the one before.
  create table logs (
    name text primary key,
    seq bigint not null,
    state jsonb not null
  );
  `,
  `
  -- What reports by itself. 'due_at': when it is missed, unless something is heard first; null: there is nothing to miss.
  create table heartbeats (
    name text primary key,
    rev bigint not null,
    due_at bigint,
    state jsonb not null
  );
  create index heartbeats_due on heartbeats (due_at) where due_at is not null;
  -- The latest of each, as they came; 'body' is bytes, of whatever kind.
  create table pings (
    monitor text not null,
    n bigint not null,
    at bigint not null,
    kind text not null,
    exit_status int,
    run text,
    body bytea,
    primary key (monitor, n)
  );
  -- Whoever has a key may ping. Only its digest is kept; a key without a monitor goes with the name of any.
  create table ping_keys (
    digest text primary key,
    monitor text,
    generation int not null,
    made_at bigint not null,
    revoked_at bigint,
    revoked_by text
  );
  create unique index ping_keys_live on ping_keys (coalesce(monitor, '')) where revoked_at is null;
  -- From which keys are made, and shown again. No backup has it.
  create table ping_secret (
    one boolean primary key default true check (one),
    secret text not null
  );
  -- Until when pings could be heard.
  create table hearing (
    one boolean primary key default true check (one),
    until_at bigint not null
  );
  `,
  `
  -- Samples by time: they are written and removed in its order. Of a success its time is enough. Those of the last hours are carried over.
  create temp table recent on commit drop as
    select * from samples where slot >= (select coalesce(max(last_slot), 0) from monitors) - 10800000;
  truncate samples;
  alter table samples drop constraint samples_pkey;
  alter table samples add primary key (slot, monitor);
  alter table samples add column ms real not null default 0, alter column result drop not null;
  insert into samples (monitor, slot, ok, result, ms)
    select monitor, slot, ok, case when ok then null else result end, coalesce((result ->> 'ms')::real, 0) from recent;
  -- A state is replaced with each sample: within its page, when there is room.
  alter table monitors set (fillfactor = 50);
  -- What samples are gathered into before they are removed, so many milliseconds in a row.
  create table rollups (
    monitor text not null,
    width int not null,
    from_at bigint not null,
    count int not null,
    failed int not null,
    -- Of the successes.
    min_ms real,
    avg_ms real,
    max_ms real,
    primary key (monitor, width, from_at)
  );
  create index rollups_in_time on rollups using brin (from_at);
  `,
  `
  -- Names stay known for a while when their source has them no more; what people do about those that nothing watches.
  alter table coverage add column role text not null default 'host', add column last_seen_at bigint not null default 0;
  update coverage set last_seen_at = first_seen_at;
  -- How each source does, and when it is asked next.
  create table name_sources (
    id text primary key,
    next_at bigint not null,
    doc jsonb not null
  );
  create table gaps (
    service text not null,
    name text not null,
    since_at bigint not null,
    told text,
    primary key (service, name)
  );
  create table marks (
    name text primary key,
    adopted boolean not null,
    doc jsonb not null
  );
  -- Counts changes of what is adopted: whoever knows another number reads it anew.
  alter table desk add column adoptions int not null default 0;
  `,
  `
  -- Alerts that page nobody for now, because what they depend on is down.
  alter table alerts add column held boolean not null default false;
  create index alerts_held on alerts (recheck_at) where held;
  -- Somebody asks to disable a monitor, and waits for a second person.
  drop index silences_open;
  create index silences_open on silences (id) where state in ('asked', 'planned', 'active', 'returning', 'overdue');
  `,
  `
  -- Places from which probes look, this installation itself among them.
  create table locations (
    name text primary key,
    doc jsonb not null
  );
  -- What each remote location makes of each monitor; what is seen from here is in monitors.
  create table views (
    location text not null,
    monitor text not null,
    last_slot bigint not null,
    state jsonb not null,
    primary key (location, monitor)
  );
  create index views_down on views (monitor) where state ->> 'status' = 'down';
  create table view_samples (
    location text not null,
    monitor text not null,
    slot bigint not null,
    ok boolean not null,
    ms real not null,
    -- Of a success its time is enough.
    result jsonb,
    primary key (location, monitor, slot)
  );
  create index view_samples_slot on view_samples (slot);
  -- What was last said of monitors on which several locations have to agree, and what is held back while nothing is seen.
  create table verdicts (
    monitor text primary key,
    seq bigint not null,
    status text not null check (status in ('up', 'down', 'held')),
    at bigint not null
  );
  `,
  `
  -- How often things happen: the last slot that was judged, and now and then all that was learned up to one ('learned_at').
  create table rates (
    name text primary key,
    slot_at bigint not null,
    feed jsonb not null,
    -- What is wrong; null: nothing is. 'since_at': since when it is so.
    alarm text,
    since_at bigint not null,
    learning boolean not null,
    learned jsonb,
    learned_at bigint
  );
  -- What was counted in each slot (null: nothing arrived), and between what it was expected.
  create table rate_samples (
    monitor text not null,
    slot_at bigint not null,
    value float8,
    low float4,
    high float4,
    primary key (monitor, slot_at)
  );
  create index rate_samples_at on rate_samples using brin (slot_at);
  -- What applications push, until it is added up.
  create table rate_counts (
    monitor text not null,
    at bigint not null,
    sender text not null,
    count float8 not null,
    primary key (monitor, at, sender)
  );
  `,
  `
  -- Files of captured messages, by the digest of what they hold.
  create table files (
    digest text primary key,
    mime text not null,
    at bigint not null,
    bytes bytea not null
  );
  -- Messages that somebody opened a form on.
  create table pointed (
    key text primary key,
    slack_user text not null,
    channel text not null,
    message jsonb not null,
    at bigint not null
  );
  -- The incident on whose timeline a message is.
  create index incidents_captured on incidents using gin ((doc -> 'captured'));
  `,
  `
  -- Where the workspace is in a browser: links to messages begin with it.
  create table workspace (id int primary key default 1 check (id = 1), url text not null);
  -- What belongs to no incident and may be told in the timeline of one.
  create index facts_around on facts (at) where kind in
    ('silence', 'changed', 'handover', 'edited', 'watch-paged', 'detected', 'joined', 'recovered', 'receded') and incident is null;
  `,
  `
  create index facts_feedback on facts (at) where kind = 'feedback';
  `,
  `
  -- Deploys from the question to their end; of one service in an environment at most one is under way.
  alter table desk add column next_deploy int not null default 1, add column next_lock int not null default 1;
  create table deploys (
    id int primary key,
    service text not null,
    environment text not null,
    state text not null,
    asked_at bigint not null,
    -- Somebody, or something, waits for it to be allowed.
    awaited boolean not null,
    doc jsonb not null
  );
  create unique index deploys_active on deploys (service, environment)
    where state in ('starting', 'unsure', 'rolling', 'baking', 'held', 'halted');
  create index deploys_open on deploys (id)
    where state in ('asked', 'starting', 'unsure', 'rolling', 'baking', 'held', 'halted') or awaited;
  create index deploys_latest on deploys (service, id desc);
  -- Freezes and locks.
  create table locks (
    id int primary key,
    open boolean not null,
    doc jsonb not null
  );
  create index locks_open on locks (id) where open;
  create index facts_deploy on facts (((body -> 'deploy' ->> 'id')::int)) where kind = 'deploy';
  `,
  `
  -- Addresses at which somebody answers who was reached beside Slack: what is kept of each, and what it is for.
  create table callbacks (
    digest text primary key,
    about jsonb not null,
    at bigint not null
  );
  create index callbacks_person on callbacks ((about ->> 'person'), at);
  -- By what people were reached when that was last tried out. The target is a digest: another number is another target.
  create table contact_tests (
    person text not null,
    via text not null,
    target text not null,
    at bigint not null,
    -- Why it was not taken; null: it was.
    failed text,
    confirmed_at bigint,
    primary key (person, via, target)
  );
  `,
  `
  -- Of a rollout's pool: since when it is short of servers, and since when nobody answers for it.
  create table pool_looks (
    deploy int primary key,
    short_at bigint,
    unseen_at bigint
  );
  -- Freeze periods at GitLab that are ours. 'gitlab_id' is null from before it is asked for until its answer is known.
  create table gitlab_freezes (
    project text not null,
    starts text not null,
    ends text not null,
    gitlab_id bigint,
    made_at bigint not null,
    primary key (project, starts, ends)
  );
  -- Why those of a project are not kept in step, and since when; 'told': a person has been.
  create table gitlab_troubles (
    project text primary key,
    reason text not null,
    since_at bigint not null,
    told boolean not null default false
  );
  `,
  `
  -- When somebody is to be reminded of the first task of an incident, which may be over.
  alter table incidents add column tasks_due_at bigint;
  update incidents set tasks_due_at = (
    select min((task ->> 'dueAt')::bigint) from jsonb_array_elements(doc -> 'tasks') as task
    where task ->> 'dueAt' is not null and task ->> 'doneAt' is null);
  create index incidents_tasks_due on incidents (tasks_due_at) where tasks_due_at is not null;
  -- Every mark on a message asks whose channel it is in.
  create index incidents_channel on incidents ((doc -> 'channel' ->> 'id'), id) where doc -> 'channel' ->> 'id' is not null;
  `,
  `
  -- Slack user groups that roles name, as they were seen last: who is in them, and what is wrong.
  create table role_groups (
    handle text primary key,
    users jsonb not null,
    trouble text,
    since_at bigint not null,
    seen_at bigint not null
  );
  `,
  // Pages are looked for among themselves, however much else is owed.
  `create index owed_urgent on owed (due_at)
     where state in ('open', 'unknown') and kind in ('page', 'bundle', 'watch-page', 'loud', 'contact');`,
]

/** The schema that this program speaks. A database that is ahead of it belongs to a newer program. */
export const SCHEMA = MIGRATIONS.length

/** Serialises migrations of several processes that start together; whoever puts a backup back holds it too. */
export const MIGRATION_LOCK = 0x77617463

/**
 * Brings the database to {@link SCHEMA}, all or nothing.
 *
 * @returns the schema found in the end; more than {@link SCHEMA} when a newer program has been here
 */
export async function migrate(client: ClientBase): Promise<number> {
  await client.query('begin')
  try {
    await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
    const from = (await schemaOf(client)) ?? 0
    await takeSteps(client, from, SCHEMA)
    await client.query('commit')
    return Math.max(from, SCHEMA)
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

/** The schema of the database; null where nothing of ours is. */
export async function schemaOf(client: ClientBase): Promise<number | null> {
  const { rows } = await client.query<{ exists: boolean }>(`select to_regclass('desk') is not null as exists`)
  if (!rows[0]?.exists) return null
  return (await client.query<{ schema: number }>('select schema from desk')).rows[0]?.schema ?? 0
}

/** The steps from one schema to another, in the caller's transaction. */
export async function takeSteps(client: ClientBase, from: number, to: number): Promise<void> {
  for (const step of MIGRATIONS.slice(from, to)) await client.query(step)
  if (from < to) await client.query('update desk set schema = $1', [to])
}

/** What a schema is made of, each after what it refers to. */
export function madeOf(schema: number): { tables: string[]; functions: string[] } {
  const steps = MIGRATIONS.slice(0, schema).join('\n')
  const names = (kind: string, verb: string) =>
    [...steps.matchAll(new RegExp(`^\\s*${verb} ${kind} (\\w+)`, 'gm'))].flatMap(([, name]) => name ?? [])
  const standing = (kind: string) => names(kind, 'create').filter((name) => !names(kind, 'drop').includes(name))
  return { tables: standing('table'), functions: standing('function') }
}
