import { createHash } from 'node:crypto'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { machine } from '../../src/clock.ts'
import { createDesk, type RunningDesk } from '../../src/desk.ts'
import type { Event, Outcome } from '../../src/domain/event.ts'
import type { Rules } from '../../src/domain/rules.ts'
import { canonical } from '../../src/json.ts'
import { type Born, take } from '../../src/store/desk.ts'
import { submit, undone } from '../../src/store/inbox.ts'
import { openIncidents, readIncident } from '../../src/store/incidents.ts'
import { SCHEMA } from '../../src/store/migrations.ts'
import { activateRules } from '../../src/store/rules.ts'
import type { Store } from '../../src/store/store.ts'
import {
  ack,
  firing,
  MINUTE,
  recovered,
  refused,
  resolve,
  rules,
  SECOND,
  T0,
  unreachable,
} from '../support/builders.ts'
import { type Database, emptyStore } from '../support/stores.ts'
import { type TestClock, testClock } from '../support/test-clock.ts'

/** A service with a policy that is not there makes every decision about it throw. */
const company: Rules = rules({ services: { webmail: {}, imap: {}, broken: { policy: 'gone' } } })

interface Process {
  store: Store
  desk: RunningDesk
  clock: TestClock
  delivered: Born[]
  lines: { level: number; msg: string; reference?: string }[]
}

let database: Database
let processes: Process[] = []
beforeEach(async () => {
  database = await emptyStore()
  processes = []
})
afterEach(async () => {
  await Promise.all(processes.map(({ desk }) => desk.close()))
  await database.drop()
})

async function start({ at = T0, running = true } = {}): Promise<Process> {
  const store = await database.open()
  await activateRules(store, company, T0)
  const delivered: Born[] = []
  const lines: Process['lines'] = []
  const clock = testClock(at)
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const sender = {
    expect() {},
    deliver: (_: unknown, born: readonly Born[]) => void delivered.push(...born),
    lose() {},
  }
  const desk = createDesk({ clock, machine, log, store, follow() {}, outdated() {} }, sender)
  const process = { store, desk, clock, delivered, lines }
  processes.push(process)
  if (running) desk.start()
  return process
}

let keys = 0
const send = ({ desk }: Process, event: Event, key = `k${++keys}`) => desk.submit({ source: 'test', key, event })
const done = (outcome: Outcome) => {
  if (outcome.result !== 'done') throw new Error(`refused: ${JSON.stringify(outcome.refusal)}`)
  return outcome
}

interface FactRow {
  id: number
  incident: number | null
  at: number
  kind: string
  body: unknown
  digest: string
  hash: string
}
const facts = () => database.query<FactRow & Record<string, unknown>>('select * from facts order by id')

/** Alerts on record, those that were folded too; `repeats` how often one was said again. */
async function alertsOnRecord(): Promise<{ began: number; repeats: number }> {
  const [row] = await database.query<{ began: number; repeats: number }>(
    `select (count(*) filter (where kind = 'detected') + coalesce(sum(jsonb_array_length(body -> 'alerts')), 0))::int as began,
       (count(*) filter (where kind = 'repeated') + coalesce(sum(again), 0))::int as repeats
     from facts left join lateral (
       select sum((r ->> 'count')::int) as again from jsonb_array_elements(facts.body -> 'repeats') as e (r)) s on true`,
  )
  return row ?? { began: 0, repeats: 0 }
}

/** The first fact at which the record is not what was written, and why; null when all is well. */
function verify(rows: FactRow[], head: string): string | null {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
  let previous = ''
  for (const [index, { id, body, digest, hash }] of rows.entries()) {
    if (id !== index + 1) return `fact ${index + 1} is missing`
    // An erased body is null in a record that is otherwise whole.
    if (body !== null && Object.keys(body as object).length > 0 && sha256(canonical(body)) !== digest)
      return `fact ${id} is not what was written`
    if (sha256(previous + digest) !== hash) return `fact ${id} does not follow the one before`
    previous = hash
  }
  return previous === head ? null : 'the record ends too early'
}
async function verified(): Promise<string | null> {
  const [desk] = await database.query<{ chain_head: string }>('select chain_head from desk')
  return verify(await facts(), desk?.chain_head ?? '')
}

describe('a decision', () => {
  test('is state, facts and what is owed, and its outcome stands on the row of its event', async () => {
    const one = await start()
    expect(await send(one, firing())).toEqual({ result: 'done', incident: 1, how: 'recorded', paged: ['dana'] })
    expect(await readIncident(one.store.pool, 1)).toMatchObject({ id: 1, state: 'paging', title: 'home is down' })
    expect((await facts()).map(({ kind }) => kind)).toEqual([
      // The two schedules.
      'followed',
      'followed',
      'opened',
      'detected',
      'stepped',
      'paged',
    ])
    await expect.poll(() => one.delivered).toMatchObject([{ key: 'page/1/dana/e1/r1/s1', fence: 1 }])
    expect(await database.query(`select count(*)::int as n from owed where kind <> 'page'`)).toEqual([{ n: 8 }])
    expect(await undone(one.store.pool)).toEqual([])
    expect(await database.query(`select due_at from incidents`)).toEqual([{ due_at: T0 + 5 * MINUTE }])
  })

  test('a repeat of the same event gives the same outcome and changes nothing', async () => {
    const one = await start()
    const before = await send(one, firing(), 'same')
    const count = (await facts()).length
    expect(await send(one, firing(), 'same')).toEqual(before)
    expect(await facts()).toHaveLength(count)
  })

  test('everybody who sends the same event at the same time is answered', async () => {
    const one = await start()
    const all = await Promise.all(Array.from({ length: 6 }, () => send(one, firing(), 'same')))
    expect(new Set(all.map((outcome) => JSON.stringify(outcome))).size).toBe(1)
    expect((await facts()).filter(({ kind }) => kind === 'detected')).toHaveLength(1)
  })

  test('comes by itself when a deadline is there', async () => {
    const one = await start()
    await send(one, firing())
    await expect.poll(() => one.clock.nextSleeper()).toBe(T0 + 5 * MINUTE)
    one.clock.advanceTo(T0 + 5 * MINUTE)
    await expect.poll(() => one.delivered.map(({ key }) => key)).toContain('page/1/sam/e1/r1/s2')
  })

  test('never goes back in time, even where another process is behind', async () => {
    const one = await start({ at: T0 + MINUTE })
    await send(one, firing())
    await one.desk.close()
    const two = await start({ at: T0 })
    await send(two, firing('imap', { service: 'imap' }))
    const instants = (await facts()).map(({ at }) => at)
    expect(instants).toEqual(instants.toSorted((a, b) => a - b))
    expect(await readIncident(two.store.pool, 2)).toMatchObject({ openedAt: T0 + MINUTE })
  })

  test('remembers who cannot be reached, also after a start', async () => {
    const one = await start()
    await send(one, unreachable('dana'))
    await one.desk.close()
    const two = await start()
    await send(two, firing())
    await expect.poll(() => two.delivered.map(({ key }) => key)).toEqual(['page/1/sam/e1/r1/s2'])
    await send(two, unreachable('dana', null))
    expect(await database.query('select unreachable from people')).toEqual([{ unreachable: null }])
  })

  test('brings what a resolved incident was told of back to it', async () => {
    const one = await start()
    await send(one, firing())
    await send(one, recovered())
    expect(await openIncidents(one.store.pool, null)).toEqual([])
    expect(await send(one, ack('dana'))).toMatchObject({ result: 'refused', refusal: { code: 'already-resolved' } })
    expect(done(await send(one, refused('page/1/dana/e1/r1/s1'))).how).toBe('recorded')
  })
})

describe('two processes', () => {
  test('decide each event once, and deliver each page once', async () => {
    const [one, two] = [await start(), await start()]
    const services = ['webmail', 'imap']
    const all = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        send(n % 2 ? one : two, firing(`key-${n}`, { service: services[n % 4 < 2 ? 0 : 1] ?? '' })),
      ),
    )
    expect(all.every((outcome) => outcome.result === 'done')).toBe(true)
    expect(await alertsOnRecord()).toEqual({ began: 200, repeats: 0 })
    expect(await openIncidents(one.store.pool, null)).toHaveLength(2)
    await expect.poll(() => one.delivered.length + two.delivered.length).toBe(2)
    const delivered = [...one.delivered, ...two.delivered].map(({ key }) => key)
    expect(delivered.toSorted((a, b) => a.localeCompare(b))).toEqual(['page/1/dana/e1/r1/s1', 'page/2/dana/e1/r1/s1'])
    expect(await verified()).toBeNull()
  })

  test('an answer comes also from the other one', async () => {
    const asking = await start()
    await start()
    // Its only connection for decisions is taken.
    const client = await asking.store.deskPool.connect()
    expect(done(await send(asking, firing())).incident).toBe(1)
    client.release()
  })

  test('one that freezes in a decision is cut off, and the other goes on', async () => {
    const frozen = await start({ running: false })
    const two = await start()
    const client = await frozen.store.deskPool.connect()
    client.on('error', () => {})
    try {
      await take(client, { only: null, now: T0, known: null })
      const startedAt = performance.now()
      await send(two, firing())
      const ms = performance.now() - startedAt
      expect(ms).toBeGreaterThan(1_500)
      expect(ms).toBeLessThan(15_000)
    } finally {
      client.release(true)
    }
  })

  test('of which one is newer: the older stops deciding, and says so once', async () => {
    const old = await start()
    await send(old, firing())
    await database.query('update desk set schema = $1', [SCHEMA + 1])
    const [id] = await submit(old.store.pool, [{ source: 'test', key: 'late', event: firing('login') }], T0)
    old.desk.wake()
    await expect
      .poll(() => old.lines.filter(({ level }) => level === 60).map(({ msg }) => msg))
      .toEqual(['a newer version of Watchbill works on this store: this process has stopped deciding'])
    old.desk.wake()
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    expect(old.lines.filter(({ level }) => level === 60)).toHaveLength(1)
    expect(await undone(old.store.pool)).toEqual([id])
  })
})

describe('an event that cannot be decided', () => {
  test('is parked alone, with a reference that the log has too; the others go on', async () => {
    const one = await start({ running: false })
    const sent = [
      send(one, firing('a')),
      send(one, firing('b', { service: 'broken' })),
      send(one, firing('c', { service: 'imap' })),
    ]
    await expect
      .poll(() => undone(one.store.pool))
      .toHaveLength(3)
      .catch(() => {})
    one.desk.start()
    const [a, b, c] = await Promise.all(sent)
    expect(a && done(a).incident).toBe(1)
    expect(c && done(c).incident).not.toBeNull()
    expect(b).toMatchObject({ result: 'refused', refusal: { code: 'failed', reference: expect.any(String) } })
    const reference = b?.result === 'refused' && b.refusal.code === 'failed' ? b.refusal.reference : ''
    expect(one.lines.filter(({ level }) => level === 60)).toMatchObject([{ reference }])
    expect(await undone(one.store.pool)).toEqual([])
    expect(done(await send(one, ack('dana'))).how).toBe('acked')
    expect(await verified()).toBeNull()
  })

  const raw = (body: unknown) =>
    database.query(
      `insert into inbox (source, key, lane, body, received_at) values ('raw', $1, 'desk', $2, 1) returning id`,
      [`raw${++keys}`, JSON.stringify(body)],
    )

  test.for<[what: string, body: unknown]>([
    ['of no known type', { type: 'nonsense' }],
    ['with a key too many', { ...ack('dana'), extra: 1 }],
    ['about an incident that is no number', { type: 'ack', by: 'dana', incident: 'seven' }],
    ['about an incident that is a fraction', { type: 'ack', by: 'dana', incident: 1.5 }],
    ['about an incident beyond all numbers', { type: 'ack', by: 'dana', incident: 1e300 }],
    ['that is no object', ['ack']],
    ['that is nothing', null],
  ])('because it is unreadable (%s) is parked, and the others go on', async ([, body]) => {
    const one = await start()
    await raw(body)
    expect(done(await send(one, firing())).incident).toBe(1)
    await expect.poll(() => undone(one.store.pool)).toEqual([])
    const [row] = await database.query<{ outcome: unknown }>(`select outcome from inbox where source = 'raw'`)
    expect(row?.outcome).toMatchObject({ result: 'refused', refusal: { code: 'failed' } })
    expect(one.lines.some(({ level }) => level === 60)).toBe(true)
  })

  test('an incident with a number that no incident can have is simply not there', async () => {
    const one = await start()
    for (const incident of [2 ** 31, 99_999_999_999, Number.MAX_SAFE_INTEGER, -1, 0])
      expect(await send(one, ack('dana', incident))).toEqual({
        result: 'refused',
        refusal: { code: 'unknown-incident', incident },
      })
    expect(done(await send(one, firing())).incident).toBe(1)
  })

  test('because the store cannot hold it is parked, and the others go on', async () => {
    const one = await start()
    // A key longer than an index holds, of letters that do not compress.
    const key = Array.from({ length: 800 }, (_, n) => createHash('sha256').update(`${n}`).digest('base64')).join('')
    expect(await send(one, firing(key))).toMatchObject({ result: 'refused', refusal: { code: 'failed' } })
    expect(done(await send(one, firing())).incident).toBe(1)
  })

  test('because it holds NUL and halves of characters is decided all the same', async () => {
    const one = await start()
    await send(
      one,
      firing('a', { headline: 'a\u0000b \ud800', summary: '\udfff', evidence: [{ at: null, saw: '\u0000' }] }),
    )
    expect(await readIncident(one.store.pool, 1)).toMatchObject({ title: 'ab \ufffd', alerts: [{ summary: '\ufffd' }] })
    expect(await verified()).toBeNull()
  })
})

describe('a storm', () => {
  test('of more events than one transaction takes is decided to the last', async () => {
    const one = await start({ running: false })
    const storm = Array.from({ length: 1_300 }, (_, n) => ({
      source: 'storm',
      key: `${n}`,
      event: firing(`key-${n % 100}`),
    }))
    await submit(one.store.pool, storm, T0)
    one.desk.start()
    await expect.poll(() => undone(one.store.pool), { timeout: 15_000 }).toEqual([])
    expect(await alertsOnRecord()).toEqual({ began: 100, repeats: 1_200 })
    expect((await facts()).length).toBeLessThan(12)
    expect(await openIncidents(one.store.pool, null)).toHaveLength(1)
    await expect.poll(() => one.delivered).toHaveLength(1)
    const counts = await database.query<{ n: number }>(`select (doc -> 'count')::int as n from alerts`)
    expect(counts.every(({ n }) => n === 13)).toBe(true)
    expect(await verified()).toBeNull()
  })
})

test('a desk that is closed while it decides waits for nothing any more', async () => {
  const one = await start({ running: false })
  await submit(one.store.pool, [{ source: 'test', key: '1', event: firing('home') }], T0)
  one.desk.start()
  expect(one.desk.busy()).toBe(true)
  await one.desk.close()
  expect(await openIncidents(one.store.pool, null)).toHaveLength(1)
  expect(one.clock.sleepers).toBe(0)
})

test('F22 while 10,000 alerts of one service wait, an alert of another is decided with the first of them', async () => {
  const one = await start({ running: false })
  const storm = Array.from({ length: 10_000 }, (_, n) => ({ source: 'storm', key: `${n}`, event: firing(`key-${n}`) }))
  for (let from = 0; from < storm.length; from += 500) await submit(one.store.pool, storm.slice(from, from + 500), T0)
  const [late] = await submit(
    one.store.pool,
    [{ source: 'late', key: '1', event: firing('imap', { service: 'imap' }) }],
    T0,
  )
  one.desk.start()
  await expect.poll(() => one.delivered.length, { timeout: 5_000, interval: 10 }).toBe(2)
  expect(await undone(one.store.pool)).not.toContain(late)
  expect((await undone(one.store.pool)).length).toBeGreaterThan(0)
  await expect.poll(() => undone(one.store.pool), { timeout: 20_000 }).toEqual([])
  expect(await alertsOnRecord()).toEqual({ began: 10_001, repeats: 0 })
  const [incident] = await openIncidents(one.store.pool, null).then((all) =>
    all.filter(({ service }) => service === 'webmail'),
  )
  expect(incident).toMatchObject({ joined: 10_000, firing: 10_000 })
  expect(incident?.alerts).toHaveLength(50)
  expect(await verified()).toBeNull()
})

test('alerts that a resolve by hand left firing are all raised again when it is time, as one incident', async () => {
  const one = await start({ running: false })
  const storm = Array.from({ length: 1_200 }, (_, n) => ({ source: 'storm', key: `${n}`, event: firing(`key-${n}`) }))
  for (let from = 0; from < storm.length; from += 400) await submit(one.store.pool, storm.slice(from, from + 400), T0)
  one.desk.start()
  await expect.poll(() => undone(one.store.pool), { timeout: 15_000 }).toEqual([])
  done(await send(one, resolve('dana')))
  expect(await openIncidents(one.store.pool, null)).toEqual([])
  one.clock.advanceTo(T0 + 5 * MINUTE)
  await expect
    .poll(async () => (await openIncidents(one.store.pool, null)).map(({ joined, firing: fire }) => [joined, fire]), {
      timeout: 15_000,
    })
    .toEqual([[1_200, 1_200]])
})

/** As senders do who get no answer: again, under the same key. */
async function insist(attempt: () => Promise<Outcome>): Promise<Outcome> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (tries > 20) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

describe('a store that is cut off', () => {
  test('is found again by itself; what was stored is decided once', async () => {
    const one = await start()
    await send(one, firing())
    for (let turn = 0; turn < 5; turn++) {
      const sent = insist(() => send(one, firing(`key-${turn}`), `cut-${turn}`))
      await database.cut()
      expect(done(await sent).incident).toBe(1)
    }
    await expect.poll(() => undone(one.store.pool).catch(() => null), { timeout: 10_000 }).toEqual([])
    expect((await alertsOnRecord()).began).toBe(6)
    expect(await verified()).toBeNull()
    await expect.poll(() => one.store.healthy(), { timeout: 5_000 }).toBe(true)
    expect(one.lines.filter(({ level }) => level === 60)).toEqual([])
  })

  test('parks nothing: what cannot be written now is written later', async () => {
    const one = await start({ running: false })
    const sent = send(one, firing())
    await database.query('alter table facts rename to hidden')
    one.desk.start()
    await new Promise((resolve) => setTimeout(resolve, 700))
    await database.query('alter table hidden rename to facts')
    expect(done(await sent).incident).toBe(1)
    expect(one.lines.filter(({ level }) => level === 60)).toEqual([])
  })

  test('meanwhile time goes on: a deadline that passed is late by no more than the outage', async () => {
    const one = await start()
    await send(one, firing())
    await database.query('alter table desk rename to hidden')
    one.clock.advanceTo(T0 + 5 * MINUTE + 30 * SECOND)
    await new Promise((resolve) => setTimeout(resolve, 300))
    await database.query('alter table hidden rename to desk')
    await expect.poll(() => one.delivered.map(({ key }) => key), { timeout: 5_000 }).toContain('page/1/sam/e1/r1/s2')
    const incident = await readIncident(one.store.pool, 1)
    expect(incident?.pages.at(-1)).toMatchObject({ at: T0 + 5 * MINUTE + 30 * SECOND, dueAt: T0 + 5 * MINUTE })
  })
})

describe('the record', () => {
  async function recorded(): Promise<Process> {
    const one = await start()
    await send(one, firing())
    await send(one, { type: 'note', by: 'nora', incident: 1, text: 'it is the disk' })
    await send(one, ack('dana'))
    await send(one, recovered())
    return one
  }

  test('is one chain over all decisions', async () => {
    await recorded()
    expect((await facts()).length).toBeGreaterThan(6)
    expect(await verified()).toBeNull()
  })

  test.for([
    ['to change a fact', `update facts set at = at + 1 where id = 2`],
    ['to change who did it', `update facts set incident = 9 where id = 2`],
    ['to change its digest with it', `update facts set body = '{}', digest = 'x' where id = 2`],
    ['to change its place', `update facts set id = 99 where id = 2`],
    ['to delete a fact', `delete from facts where id = 2`],
  ] as const)('refuses %s', async ([, sql]) => {
    await recorded()
    await expect(database.query(sql)).rejects.toThrow(/facts are append-only: (update|delete) of fact 2 refused/)
    expect(await verified()).toBeNull()
  })

  test('lets the text of a fact be erased, and its chain still holds', async () => {
    await recorded()
    await database.query(`update facts set body = '{}' where kind = 'note'`)
    expect(await verified()).toBeNull()
  })

  test('shows a change that was made behind its back', async () => {
    await recorded()
    const rows = await facts()
    const head = rows.at(-1)?.hash ?? ''
    const changed = rows.map((row) =>
      row.kind === 'acked' ? { ...row, body: { ...(row.body as object), by: 'sam' } } : row,
    )
    const acked = rows.find(({ kind }) => kind === 'acked')?.id
    expect(verify(changed, head)).toBe(`fact ${acked} is not what was written`)
    expect(verify(rows.slice(0, -1), head)).toBe('the record ends too early')
    expect(
      verify(
        rows.filter(({ id }) => id !== 2),
        head,
      ),
    ).toBe('fact 2 is missing')
    const rewritten = changed.map((row) =>
      row.kind === 'acked' ? { ...row, digest: createHash('sha256').update(canonical(row.body)).digest('hex') } : row,
    )
    expect(verify(rewritten, head)).toBe(`fact ${acked} does not follow the one before`)
  })
})
