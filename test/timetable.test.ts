import { afterAll, test as anywhere, beforeAll, describe, type TestContext } from 'vitest'
import { sleep } from '../src/clock.ts'
import type { Store } from '../src/store/store.ts'
import { phaseOf, slotOf } from '../src/timetable/entries.ts'
import { kinds, ownKinds, type Place, type Process, processes } from './support/queues.ts'
import { type Database, emptyStore } from './support/stores.ts'

/** The contract: what holds of a timetable, whatever it is on. Claims are real ones; what is lost is the queue alone. */

let database: Database
let store: Store
beforeAll(async () => {
  database = await emptyStore()
  store = await database.open()
})
afterAll(() => database.drop())

/** An empty place, and what starts processes on it: taken away when the test has finished, which side by side only its context knows. */
async function bench<T extends Place>(
  { onTestFinished, expect }: TestContext,
  open: () => Promise<T>,
  pool = store.samplePool,
) {
  const place = await open()
  onTestFinished(() => place.drop())
  const installation = processes(place, pool)
  return {
    expect,
    place,
    count: installation.count,
    async start(fill: (process: Process) => void): Promise<Process> {
      const process = installation.start()
      onTestFinished(() => process.close())
      fill(process)
      await process.timetable.start()
      return process
    },
  }
}

const lost = ({ lines }: Process) => lines.filter(({ msg }) => msg.startsWith('the queue is lost')).length
const back = ({ lines }: Process) => lines.filter(({ msg }) => msg === 'the queue is back').length
/** The share of slots that a busy machine may skip; an outage of seconds would be more. */
const FEW = 0.25

describe.each(kinds)('a timetable $name', { concurrent: true }, ({ missing, queued: hasQueue, open }) => {
  const test = anywhere.skipIf(missing)

  test("calls every entry once per slot, with the slot's beginning, each at a phase of its own", async (context) => {
    const { expect, start, count } = await bench(context, open)
    const process = await start(({ every }) => {
      every('probe-1', 200)
      every('probe-2', 200)
    })
    expect(process.timetable.health().ready).toBe(true)
    await sleep(2_500)
    await process.close()
    for (const name of ['probe-1', 'probe-2']) {
      const slots = count.slots(name)
      expect(slots.length).toBeGreaterThanOrEqual(9)
      expect(slots).toEqual(slots.toSorted((a, b) => a - b))
      for (const slotAt of slots) expect(slotAt).toBe(slotOf(name, 200, slotAt))
      expect(count.skipped(name)).toBeLessThan(FEW)
    }
    expect(count.twice()).toEqual([])
    expect(phaseOf('probe-1', 200)).not.toBe(phaseOf('probe-2', 200))
  })

  test('never begins before a slot does', async (context) => {
    const early: number[] = []
    const { expect, start } = await bench(context, open)
    const process = await start(({ every, now }) => {
      every('probe', 100, async (slotAt) => {
        if (now() < slotAt) early.push(slotAt - now())
      })
    })
    await sleep(1_500)
    expect(process.timetable.health().entries[0]?.lastSlotAt).not.toBeNull()
    expect(early).toEqual([])
  })

  test('never runs an entry beside itself, skips what it missed, and holds up no other', async (context) => {
    const { expect, start, count } = await bench(context, open)
    const release: (() => void)[] = []
    let beside = 0
    let most = 0
    await start(({ every }) => {
      every('slow', 100, async () => {
        most = Math.max(most, ++beside)
        await new Promise<void>((resolve) => release.push(resolve))
        beside--
      })
      every('quick', 100)
    })
    await sleep(1_500)
    expect(count.slots('slow')).toHaveLength(1)
    expect(count.slots('quick').length).toBeGreaterThanOrEqual(5)
    release[0]?.()
    await expect.poll(() => count.slots('slow').length, { timeout: 5_000 }).toBe(2)
    const [first = 0, second = 0] = count.slots('slow')
    expect(second - first).toBeGreaterThanOrEqual(1_000)
    for (const each of release) each()
    expect(most).toBe(1)
  })

  test('an entry that is taken out has no slot any more, and the others go on', async (context) => {
    const { expect, start, count, place } = await bench(context, open)
    const { timetable } = await start(({ every }) => {
      every('shard-1-of-2', 100)
      every('digest', 100)
    })
    await expect.poll(() => count.slots('shard-1-of-2').length, { timeout: 10_000 }).toBeGreaterThan(2)
    timetable.never('shard-1-of-2')
    await expect.poll(place.schedulers, { timeout: 10_000 }).not.toContain('shard-1-of-2')
    const [gone, others] = [count.slots('shard-1-of-2').length, count.slots('digest').length]
    await expect.poll(() => count.slots('digest').length, { timeout: 10_000 }).toBeGreaterThan(others + 5)
    expect(count.slots('shard-1-of-2').length - gone).toBeLessThanOrEqual(1)
    expect(timetable.health().entries.map(({ name }) => name)).toEqual(['digest'])
  })

  test('goes on after an entry that throws, which is logged', async (context) => {
    const { expect, start, count } = await bench(context, open)
    const { lines } = await start(({ every }) => {
      every('broken', 100, async () => {
        throw new Error('the shard is broken')
      })
      every('other', 100)
    })
    await sleep(1_500)
    expect(count.slots('broken').length).toBeGreaterThanOrEqual(3)
    expect(count.slots('other').length).toBeGreaterThanOrEqual(3)
    expect(lines.find(({ job }) => job === 'broken')).toMatchObject({ level: 50, reason: 'the shard is broken' })
  })

  test('says when each entry ticked last, and takes an entry that comes later', async (context) => {
    const { expect, start } = await bench(context, open)
    const { timetable, every, now } = await start((process) => process.every('early', 100))
    every('later', 100)
    expect(timetable.health().entries.find(({ name }) => name === 'later')).toEqual({
      ...{ name: 'later', everyMs: 100, lastTickAt: null, lastSlotAt: null, running: false, failingSinceAt: null },
    })
    await sleep(2_000)
    for (const entry of timetable.health().entries) {
      expect(entry.lastSlotAt).not.toBeNull()
      expect(now() - (entry.lastTickAt ?? 0)).toBeLessThan(5_000)
    }
  })

  test('is quiet after close, which does not wait for a run that hangs', async (context) => {
    const { expect, start, count } = await bench(context, open)
    const hanging = Promise.withResolvers<void>()
    const { timetable } = await start(({ every }) => {
      every('probe', 50)
      every('hanging', 100, () => hanging.promise)
    })
    await sleep(1_000)
    const from = performance.now()
    await timetable.close()
    expect(performance.now() - from).toBeLessThan(20_000)
    expect(timetable.health().ready).toBe(false)
    const atClose = count.slots('probe').length
    expect(atClose).toBeGreaterThan(0)
    await sleep(300)
    expect(count.slots('probe')).toHaveLength(atClose)
    hanging.resolve()
  })

  test('F16 shared by two processes, every slot is had once, and goes on when one of them is gone', async (context) => {
    const { expect, start, count } = await bench(context, open)
    const fill = ({ every }: Process) => every('probe', 100)
    const [one, other] = [await start(fill), await start(fill)]
    await sleep(2_000)
    await one.close()
    const closedAt = other.now()
    await sleep(1_500)
    await other.close()
    expect(count.twice()).toEqual([])
    expect(count.skipped('probe')).toBeLessThan(FEW)
    expect(count.slots('probe').filter((slotAt) => slotAt > closedAt).length).toBeGreaterThan(5)
  })

  test('what another process had counts as had: nobody here is behind', async (context) => {
    const { expect, start } = await bench(context, open)
    const fill = ({ every }: Process) => every('probe', 200)
    const both = [await start(fill), await start(fill)]
    await sleep(2_500)
    for (const { timetable, now } of both)
      expect(now() - (timetable.health().entries[0]?.lastTickAt ?? 0)).toBeLessThan(5_000)
  })

  test('runs nothing that it cannot claim, says so once, and goes on when it can', async (context) => {
    const trouble: { away: boolean } = { away: true }
    const asking = {
      query: (...args: [string, unknown[]]) =>
        trouble.away ? Promise.reject(new Error('the store is away')) : store.samplePool.query(...args),
    }
    const { expect, start, count } = await bench(context, open, asking as unknown as Store['samplePool'])
    const { lines } = await start(({ every }) => {
      every('probe', 100)
      every('digest', 3_000)
    })
    await sleep(2_000)
    expect(count.slots('probe')).toEqual([])
    expect(lines.filter(({ reason }) => reason === 'the store is away')).toHaveLength(1)
    trouble.away = false
    // A slot is asked for as long as it lasts.
    await expect.poll(() => count.slots('digest').length, { timeout: 5_000 }).toBeGreaterThan(0)
    await expect.poll(() => count.slots('probe').length, { timeout: 5_000 }).toBeGreaterThan(5)
    expect(count.twice()).toEqual([])
  })

  if (hasQueue)
    test('is woken by its queue as long as that runs', async (context) => {
      const { expect, start } = await bench(context, open)
      let woken = 0
      const process = await start(({ every, now, downSince }) =>
        every('probe', 1_000, async (slotAt) => {
          // The clock would leave the slot to the queue for half of it.
          if (downSince() === null && now() - slotAt < 450) woken++
        }),
      )
      await expect.poll(() => woken, { timeout: 15_000 }).toBeGreaterThanOrEqual(3)
      expect(process.downSince()).toBeNull()
    })

  if (hasQueue)
    test('F04 its queue may be emptied: every slot is run, the schedulers are back soon, an alarm is logged', async (context) => {
      const { expect, place, start, count } = await bench(context, open)
      const process = await start(({ every }) => every('probe', 1_000))
      await expect.poll(process.downSince, { timeout: 5_000 }).toBeNull()
      await sleep(500)
      await place.empty()
      const emptiedAt = process.now()
      await expect.poll(place.schedulers, { timeout: 20_000, interval: 100 }).toEqual(['probe'])
      await expect.poll(process.downSince, { timeout: 5_000 }).toBeNull()
      expect(count.worstLateMs('probe', emptiedAt)).toBeLessThan(8_000)
      expect(lost(process)).toBe(1)
      expect(count.skipped('probe')).toBeLessThan(FEW)
      expect(count.twice()).toEqual([])
    })
})

describe.each(ownKinds)(
  'the queue of a timetable $name',
  { concurrent: true, timeout: 60_000 },
  ({ missing, open }) => {
    const test = anywhere.skipIf(missing)
    const fill = ({ every }: Process) => {
      every('probe', 200)
      every('digest', 90_000)
    }

    test('F06 F09 may be missing at the start, and at the end: every slot is run, and the queue is taken up when it comes', async (context) => {
      const { expect, place, start, count } = await bench(context, open)
      await place.kill()
      const process = await start(fill)
      expect(process.timetable.health().ready).toBe(true)
      const never = await start(fill)
      await sleep(1_000)
      const from = performance.now()
      await never.close()
      expect(performance.now() - from).toBeLessThan(15_000)
      await sleep(2_000)
      expect(count.slots('probe').length).toBeGreaterThan(10)
      expect(count.skipped('probe')).toBeLessThan(FEW)
      expect(process.downSince()).not.toBeNull()
      expect(lost(process)).toBe(1)
      await place.restart()
      await expect.poll(process.downSince, { timeout: 5_000 }).toBeNull()
      expect(await place.schedulers()).toEqual(['digest', 'probe'])
      await sleep(500)
      expect(count.twice()).toEqual([])
      expect(process.lines.length).toBeLessThanOrEqual(10)
    })

    test('F03 may be killed for 3 s beside two processes: every slot is run once, and it is told once', async (context) => {
      const { expect, place, start, count } = await bench(context, open)
      const one = await start(fill)
      const both = [one, await start(fill)]
      for (const process of both) await expect.poll(process.downSince, { timeout: 5_000 }).toBeNull()
      await sleep(500)
      await place.kill()
      const killedAt = one.now()
      await sleep(3_000)
      expect(both.map(lost)).toEqual([1, 1])
      await place.restart()
      for (const process of both) await expect.poll(process.downSince, { timeout: 4_000 }).toBeNull()
      expect(count.slots('probe').filter((slotAt) => slotAt > killedAt).length).toBeGreaterThan(10)
      expect(count.worstLateMs('probe', killedAt)).toBeLessThan(8_000)
      for (const process of both) await expect.poll(() => back(process), { timeout: 15_000 }).toBeGreaterThan(0)
      for (const { lines } of both) expect(lines.length).toBeLessThanOrEqual(10)
      expect(count.twice()).toEqual([])
      expect(count.skipped('probe')).toBeLessThan(FEW)
    })

    test('may hang: every slot is run, and it is built anew', async (context) => {
      const { expect, place, start, count } = await bench(context, open)
      const process = await start(({ every }) => every('probe', 500))
      await expect.poll(process.downSince, { timeout: 5_000 }).toBeNull()
      await sleep(500)
      await place.freeze()
      const frozenAt = process.now()
      await expect.poll(process.downSince, { timeout: 15_000 }).not.toBeNull()
      await place.thaw()
      await expect.poll(process.downSince, { timeout: 10_000 }).toBeNull()
      expect(count.worstLateMs('probe', frozenAt)).toBeLessThan(8_000)
      expect(count.skipped('probe')).toBeLessThan(FEW)
      expect(count.twice()).toEqual([])
    })
  },
)
