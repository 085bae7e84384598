import fc from 'fast-check'
import ical, { type VEvent } from 'node-ical'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { calendarText } from '../../src/calendar/write.ts'
import { feedWindow, shiftsIn } from '../../src/domain/duty/feed.ts'
import { type Segment, segments } from '../../src/domain/duty/schedule.ts'
import type { Schedule } from '../../src/domain/duty/schedule-types.ts'
import { DAY_MS, WEEK_MS } from '../../src/domain/duty/time.ts'
import type { RosterEdit } from '../../src/domain/handover.ts'
import type { Rules } from '../../src/domain/rules.ts'
import { type Lately, openCalendar } from '../../src/feeds.ts'
import { makeFeed, revokeFeeds } from '../../src/store/feeds.ts'
import type { Store } from '../../src/store/store.ts'
import { HOUR, rota, rules, T0 } from '../support/builders.ts'
import { type Front, startFront } from '../support/front.ts'
import { type Database, emptyStore } from '../support/stores.ts'

/** Two people, a week each, on the wall clocks of a zone that changes them. */
function weeks(zone = 'Europe/Zurich'): Schedule {
  return {
    name: 'mail-primary',
    zone,
    layers: [
      {
        name: 'all',
        zone,
        priority: 1,
        people: [['dana'], ['erik']],
        rotation: { unit: 'week', every: 1, start: '2026-01-05T08:00' },
        restrictions: [],
      },
    ],
    overrides: [],
  }
}

interface Entry extends Segment {
  uid: string
}

/** What somebody's calendar makes of the text. */
const entries = (text: string): Entry[] =>
  Object.values(ical.sync.parseICS(text))
    .filter((each) => each?.type === 'VEVENT')
    .map((each) => each as VEvent)
    .map(({ uid, start, end, summary }) => ({
      uid,
      startAt: start.getTime(),
      endAt: end?.getTime() ?? Number.NaN,
      people:
        String(summary)
          .split(' on call: ')[0]
          ?.split(/, | and /) ?? [],
    }))

const bare = (all: readonly Segment[]) => all.map(({ startAt, endAt, people }) => ({ startAt, endAt, people }))

/** Cut to a window. */
const within = (all: readonly Segment[], fromAt: number, toAt: number) =>
  bare(all)
    .map((each) => ({ ...each, startAt: Math.max(each.startAt, fromAt), endAt: Math.min(each.endAt, toAt) }))
    .filter(({ startAt, endAt }) => startAt < endAt)

describe('every shift is in the feed, at its instant', () => {
  test('of any schedule, whenever its clocks change', () => {
    const zone = fc.constantFrom('Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca', 'UTC')
    const time = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom('00', '30'))
    const clock = time.map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${minute}`)
    const layer = fc.record({
      zone,
      priority: fc.integer({ min: 1, max: 2 }),
      people: fc.array(fc.subarray(['dana', 'erik', 'nora'], { minLength: 1 }), { minLength: 1, maxLength: 3 }),
      rotation: fc.record({
        unit: fc.constantFrom('day', 'week'),
        every: fc.integer({ min: 1, max: 3 }),
        start: clock.map((at) => `2026-01-05T${at}`),
      }),
      restrictions: fc.array(fc.record({ type: fc.constant('daily'), start: clock, end: clock }), { maxLength: 1 }),
    })
    const some = fc.record({ zone, layers: fc.array(layer, { minLength: 1, maxLength: 2 }) })
    const nowAt = fc.integer({ min: Date.parse('2026-03-01'), max: Date.parse('2027-03-01') })
    fc.assert(
      fc.property(some, nowAt, ({ zone, layers }, now) => {
        const schedule = {
          name: 'any',
          zone,
          layers: layers.map((each, n) => ({ name: `layer ${n}`, ...each })),
          overrides: [],
        } as Schedule
        const { fromAt, toAt } = feedWindow(now)
        const read = entries(calendarText('any', shiftsIn(schedule, fromAt, toAt), now))
        expect(within(read, fromAt, toAt)).toEqual(segments(schedule, fromAt, toAt))
        expect(new Set(read.map(({ uid }) => uid)).size).toBe(read.length)
        for (const person of ['dana', 'erik', 'nora']) {
          const theirs = entries(calendarText('any', shiftsIn(schedule, fromAt, toAt, person), now))
          const lasts = (all: readonly Segment[]) => all.reduce((sum, each) => sum + each.endAt - each.startAt, 0)
          const wanted = segments(schedule, fromAt, toAt).filter(({ people }) => people.includes(person))
          expect(lasts(within(theirs, fromAt, toAt))).toBe(lasts(wanted))
        }
      }),
      { numRuns: 15 },
    )
  })

  test('a shift keeps its name and its beginning while the window moves on', () => {
    const at = (now: number) => {
      const { fromAt, toAt } = feedWindow(now)
      return shiftsIn(weeks(), fromAt, toAt)
    }
    const [today, later] = [at(T0), at(T0 + 9 * DAY_MS)]
    const shared = later.filter(({ id }) => today.some((each) => each.id === id)).slice(0, -1)
    expect(shared.length).toBeGreaterThan(20)
    for (const each of shared.slice(0, -1)) expect(today).toContainEqual(each)
    expect(today[0]?.startAt).toBeLessThan(feedWindow(T0).fromAt)
  })

  test('whoever is always on duty has one entry, which has no beginning in the feed', () => {
    const { fromAt, toAt } = feedWindow(T0)
    const always = rota('primary', ['dana'])
    for (const layer of always.layers) layer.rotation.start = '2020-01-01T00:00'
    expect(shiftsIn(always, fromAt, toAt)).toMatchObject([{ id: 'primary/first', people: ['dana'], endAt: toAt }])
  })
})

describe('GET /calendar/<token>.ics', () => {
  let database: Database
  let store: Store
  let front: Front
  let active: Rules
  let now: number
  beforeAll(async () => {
    database = await emptyStore()
    store = await database.open()
  })
  afterAll(() => database.drop())
  beforeEach(async () => {
    await database.query('delete from feeds')
    await database.query('delete from roster_edits')
    now = T0
    active = rules({ schedules: [weeks(), rota('secondary', ['sam', 'dana'], 12)] })
    front = await startFront({ behind: { calendar: (token) => openCalendar(store, active, token, now) } })
  })
  afterEach(() => front.close())

  const TOKEN = 'dGhlcmUtYXJlLTE5Mi1iaXRzLWluLWl0'
  const make = (of: { schedule: string } | { person: string }, token = TOKEN) =>
    makeFeed(store.pool, { schedule: null, person: null, ...of, token, madeBy: 'dana', madeAt: now, most: 20 })
  const get = (token = TOKEN, init: RequestInit = {}) => fetch(`${front.url}/calendar/${token}.ics`, init)
  const read = async () => entries(await (await get()).text())

  /** Nora takes a while of it. */
  async function take(startAt: number, endAt: number, id = 1): Promise<void> {
    const piece = { schedule: 'mail-primary', mode: 'replaceAll' as const, people: ['nora'], startAt, endAt }
    const edit: RosterEdit = {
      ...{ id, kind: 'take', by: 'nora', offeredTo: null, state: 'active', madeAt: now, activeAt: now },
      pieces: [piece],
    } as RosterEdit
    await store.pool.query(`insert into roster_edits (id, state, until_at, doc) values ($1, 'active', $2, $3)`, [
      id,
      endAt,
      JSON.stringify(edit),
    ])
  }

  test('a schedule, as its calendar has it', async () => {
    await make({ schedule: 'mail-primary' })
    const response = await get()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/calendar; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('private, no-cache')
    const text = await response.text()
    expect(text).toMatch(/^BEGIN:VCALENDAR\r\n/)
    for (const line of [
      'NAME:mail-primary on call',
      'REFRESH-INTERVAL;VALUE=DURATION:PT15M',
      'X-PUBLISHED-TTL:PT15M',
      'DTSTAMP:20261123T090000Z',
      'SUMMARY:dana on call: mail-primary',
    ])
      expect(text.split('\r\n')).toContain(line)
    const { fromAt, toAt } = feedWindow(now)
    expect(toAt - fromAt).toBe(30 * WEEK_MS + DAY_MS)
    const [schedule] = Object.values(active.schedules)
    expect(within(entries(text), fromAt, toAt)).toEqual(schedule && segments(schedule, fromAt, toAt))
  })

  test("a person's watches over all schedules", async () => {
    await make({ person: 'dana' })
    const found = await read()
    expect(new Set(found.map(({ people }) => people.join()))).toEqual(new Set(['dana']))
    const lengths = found.slice(1, -1).map(({ startAt, endAt }) => Math.round((endAt - startAt) / HOUR))
    expect(lengths).toContain(12)
    expect(lengths).toContain(168)
  })

  test('what was changed by hand changes the entry, and makes no second one', async () => {
    await make({ schedule: 'mail-primary' })
    const before = await read()
    const [of] = before.filter(({ startAt }) => startAt > now)
    if (!of) throw new Error('there is a shift to come')
    await take(of.startAt, of.endAt)
    const after = await read()
    expect(after.find(({ uid }) => uid === of.uid)).toEqual({ ...of, people: ['nora'] })
    expect(after.map(({ uid }) => uid)).toEqual(before.map(({ uid }) => uid))
  })

  test('is not sent again to whoever has it, until something changes', async () => {
    await make({ schedule: 'mail-primary' })
    const etag = (await get()).headers.get('etag') ?? ''
    expect(etag).toMatch(/^W\/"[\w-]{22}"$/)
    now += 5 * HOUR
    for (const known of [etag, `"x", ${etag}`, etag.slice(2), '*']) {
      const again = await get(TOKEN, { headers: { 'if-none-match': known } })
      expect(again.status, known).toBe(304)
      expect(again.headers.get('etag')).toBe(etag)
      expect(await again.text()).toBe('')
    }
    expect((await get(TOKEN, { headers: { 'if-none-match': '"x"' } })).status).toBe(200)
    await take(now + DAY_MS, now + 2 * DAY_MS)
    expect((await get(TOKEN, { headers: { 'if-none-match': etag } })).status).toBe(200)
  })

  test('is not made again while it says the same, and at once when it does not', async () => {
    await make({ schedule: 'mail-primary' })
    const lately: Lately = new Map()
    const open = () => openCalendar(store, active, TOKEN, now, lately)
    const first = await open()
    now += HOUR
    expect(await open()).toBe(first)
    await take(now, now + HOUR)
    const second = await open()
    expect(second).not.toBe(first)
    expect(second?.text()).toContain('nora')
    expect(await open()).toBe(second)
    active = rules({ schedules: [weeks('UTC'), rota('secondary', ['sam', 'dana'], 12)] })
    expect((await open())?.etag).not.toBe(second?.etag)
    now += DAY_MS
    const third = await open()
    expect(third).not.toBe(second)
    await database.query(`update feeds set revoked_at = ${now}`)
    expect(await open()).toBeNull()
  })

  test('keeps some, not all that were ever asked for', async () => {
    const lately: Lately = new Map()
    for (let n = 0; n < 40; n++) {
      const token = `${TOKEN}${n}`
      await makeFeed(store.pool, { schedule: 'secondary', person: null, token, madeBy: 'dana', madeAt: now, most: 100 })
      await openCalendar(store, active, token, now, lately)
    }
    expect([...lately.keys()]).toEqual(Array.from({ length: 32 }, (_, n) => `${TOKEN}${n + 8}`))
  })

  test('who asks for the same one again and again is told to wait, and nobody else is', async () => {
    await make({ schedule: 'mail-primary' })
    const other = `${TOKEN}x`
    await make({ person: 'sam' }, other)
    const statuses = []
    for (let n = 0; n < 31; n++) statuses.push((await get()).status)
    expect(statuses).toEqual([...Array.from({ length: 30 }, () => 200), 429])
    const refused = await get()
    expect(refused.headers.get('content-type')).toContain('application/problem+json')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refused.json()).toMatchObject({ status: 429, detail: expect.stringContaining('Retry-After') })
    expect((await get(other)).status).toBe(200)
  })

  test('HEAD says the same without it', async () => {
    await make({ schedule: 'mail-primary' })
    const [head, whole] = [await get(TOKEN, { method: 'HEAD' }), await get()]
    expect(head.status).toBe(200)
    expect(await head.text()).toBe('')
    for (const header of ['etag', 'content-type', 'content-length'])
      expect(head.headers.get(header)).toBe(whole.headers.get(header))
  })

  test('a token that is unknown, revoked, or of what is gone: one and the same answer', async () => {
    const feed = await make({ schedule: 'mail-primary' })
    await make({ schedule: 'gone' }, 'Z29uZQ-Z29uZQ-Z29uZQ-Z29uZQ')
    await make({ person: 'stranger' }, 'c3RyYW5nZXI-c3RyYW5nZXI-c3Ry')
    await revokeFeeds(store.pool, [feed?.id ?? 0], 'mia', now)
    const answers = await Promise.all(
      [TOKEN, 'Z29uZQ-Z29uZQ-Z29uZQ-Z29uZQ', 'c3RyYW5nZXI-c3RyYW5nZXI-c3Ry', 'x', '%00'].map(async (token) => {
        const response = await get(token)
        return [response.status, response.headers.get('content-type'), await response.text()]
      }),
    )
    expect(new Set(answers.map((each) => JSON.stringify(each))).size).toBe(1)
    expect(answers[0]?.slice(0, 2)).toEqual([404, 'application/problem+json; charset=utf-8'])
    expect(answers[0]?.[2]).toContain('There is no such calendar.')
  })

  test('the store is away: 503, and no word of the token in the log', async () => {
    await front.close()
    front = await startFront({
      behind: { calendar: () => Promise.reject(new Error('Connection terminated unexpectedly')) },
    })
    const response = await get()
    expect(response.status).toBe(503)
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(response.headers.get('retry-after')).toBe('5')
    await front.close()
    front = await startFront({
      behind: { calendar: async () => ({ etag: '"x"', text: () => defect() }) },
    })
    expect((await get()).status).toBe(500)
    expect(front.lines).toHaveLength(1)
    expect(front.lines.join()).not.toContain(TOKEN)
  })

  test('the program starts still: 503', async () => {
    await front.close()
    front = await startFront({ behind: null })
    expect((await get()).status).toBe(503)
  })

  test('of a token the store keeps what it hashes to', async () => {
    await make({ schedule: 'mail-primary' })
    const [row] = await database.query('select * from feeds')
    expect(row).toMatchObject({ digest: expect.stringMatching(/^[0-9a-f]{64}$/), made_by: 'dana' })
    expect(JSON.stringify(row)).not.toContain(TOKEN)
  })
})

const defect = (): never => {
  throw new Error(`GET /calendar/dGhlcmUtYXJlLTE5Mi1iaXRzLWluLWl0.ics failed`)
}
