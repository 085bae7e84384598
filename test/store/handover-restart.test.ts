import { setImmediate } from 'node:timers/promises'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { machine } from '../../src/clock.ts'
import { createDesk, type RunningDesk } from '../../src/desk.ts'
import type { Event } from '../../src/domain/event.ts'
import { activateRules } from '../../src/store/rules.ts'
import { ack, firing, MINUTE, resolve, rota, rules, T0 } from '../support/builders.ts'
import { emptyStore } from '../support/stores.ts'
import { type TestClock, testClock } from '../support/test-clock.ts'

/** dana and nora relieve each other every hour. */
const company = rules({
  schedules: [rota('primary', ['dana', 'nora'], 1), rota('secondary', ['sam'])],
  services: { webmail: {}, imap: {} },
})

const confirm = (by: string): Event => ({ type: 'confirm', by, schedule: 'primary' })

/** An hour around a change: one incident that dana has, one that nobody has, a watch taken late, a cover that nobody confirms. */
const STORY: [afterMinutes: number, event: Event][] = [
  [40, firing('home')],
  [41, ack('dana')],
  [58, firing('imap', { service: 'imap' })],
  [64, ack('dana', 2)],
  [72, confirm('nora')],
  [
    80,
    {
      type: 'override',
      by: 'sam',
      kind: 'cover',
      offeredTo: null,
      pieces: [
        {
          schedule: 'primary',
          mode: 'replaceAll',
          people: ['erik'],
          startAt: T0 + 80 * MINUTE,
          endAt: T0 + 100 * MINUTE,
        },
      ],
    },
  ],
  [83, { type: 'keep', by: 'nora', incident: 1, untilAt: T0 + 95 * MINUTE }],
  [104, confirm('nora')],
  [116, resolve('nora', 2)],
  [117, firing('login', { service: 'imap' })],
]
const END = 126

interface Desk {
  desk: RunningDesk
  clock: TestClock
  close(): Promise<void>
}

/** Plays the story on a store of its own; `restarts` says whether the desk is started anew before the next thing happens. */
async function played(restarts: () => boolean) {
  const database = await emptyStore()
  const started = async (at: number): Promise<Desk> => {
    const store = await database.open()
    await activateRules(store, company, at)
    const clock = testClock(at)
    const sender = { expect() {}, deliver() {}, lose() {} }
    const log = pino({ level: 'silent' })
    const desk = createDesk({ clock, machine, log, store, follow() {}, outdated() {} }, sender)
    desk.start()
    return { desk, clock, close: () => desk.close().then(() => store.close()) }
  }
  const idle = async ({ desk, clock }: Desk) => {
    for (let still = 0; still < 3; still++) {
      await setImmediate()
      if (desk.busy() || clock.sleepers === 0) still = -1
    }
  }
  let one = await started(T0)
  let count = 0
  const pause = async () => {
    await idle(one)
    if (!restarts()) return
    count++
    const at = one.clock.now()
    await one.close()
    one = await started(at)
    await idle(one)
  }
  const passTo = async (at: number) => {
    await pause()
    for (let due = one.clock.nextSleeper(); due !== null && due < at; due = one.clock.nextSleeper()) {
      one.clock.advanceTo(due)
      await pause()
    }
    one.clock.advanceTo(at)
    await idle(one)
  }
  try {
    for (const [n, [after, event]] of STORY.entries()) {
      await passTo(T0 + after * MINUTE)
      const outcome = await one.desk.submit({ source: 'test', key: `${n}`, event })
      expect(outcome).toMatchObject({ result: 'done' })
    }
    await passTo(T0 + END * MINUTE)
    await one.close()
    const facts = await database.query<{ at: number; kind: string; incident: number | null; body: unknown }>(
      'select at, kind, incident, body from facts order by id',
    )
    const handovers = await database.query('select doc from handovers order by schedule, change_at')
    const owed = await database.query(`select key from owed where kind = 'page' order by key`)
    return { facts, handovers, owed, count }
  } finally {
    await database.drop()
  }
}

/** mulberry32: the same chances for the same seed. */
function chances(seed: number): () => number {
  let so = seed
  return () => {
    so = (so + 0x6d2b79f5) | 0
    let t = Math.imul(so ^ (so >>> 15), 1 | so)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

test('a desk that is started anew between any two steps of a handover pages the same people and hands over alike (I11)', async () => {
  const whole = await played(() => false)
  const kinds = whole.facts.map(({ kind }) => kind)
  // The story has in it what it is about.
  for (const kind of [
    'changed',
    'released',
    'inherited',
    'taken',
    'kept',
    'watch-paged',
    'heads-up',
    'edited',
    'reopened',
    'paged',
  ])
    expect(kinds).toContain(kind)
  for (const seed of [1, 2]) {
    const next = chances(seed)
    const { count, ...again } = await played(() => next() < 0.3)
    expect(count, `restarts by seed ${seed}`).toBeGreaterThan(3)
    expect(again, `with ${count} restarts by seed ${seed}`).toEqual({
      facts: whole.facts,
      handovers: whole.handovers,
      owed: whole.owed,
    })
  }
})
