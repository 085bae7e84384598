import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { checkTarget } from '../../src/checks/check.ts'
import { createHandshakes, MOST } from '../../src/checks/handshakes.ts'
import { machine } from '../../src/clock.ts'
import { T0 } from '../support/builders.ts'
import { allowing, certificates, closeTargets, httpMonitor, LOOPBACK, tcp } from '../support/probed.ts'

let made: ReturnType<typeof certificates>
beforeAll(() => {
  made = certificates()
})
afterAll(() => made.remove())
afterEach(closeTargets)

const count = <T>(n: number, of: (n: number) => T) => Array.from({ length: n }, (_, index) => of(index))

test('one begins in each turn of the event loop, in the order in which they came', async () => {
  const handshakes = createHandshakes(() => 0)
  const begun: number[] = []
  const all = count(4, async (n) => {
    await handshakes.turn()
    begun.push(n)
  })
  const after: number[][] = []
  for (let turn = 0; turn < 4; turn++) {
    await null
    after.push([...begun])
    await nextTurn()
  }
  await Promise.all(all)
  expect(begun).toEqual([0, 1, 2, 3])
  expect(after.map(({ length }) => length)).toEqual([1, 2, 3, 4])
})

test('after a turn that took long none begins: what has come is done first; but not for ever', async () => {
  let now = 0
  const handshakes = createHandshakes(() => now)
  expect(handshakes.turn()).toBeNull()
  let begun = 0
  const all = count(2, async () => {
    await handshakes.turn()
    begun++
  })
  now += 60
  await nextTurn()
  expect(begun).toBe(0)
  await nextTurn()
  await null
  expect(begun).toBe(1)
  for (let turn = 0; turn < 20 && begun < 2; turn++) {
    now += 60
    await nextTurn()
  }
  await Promise.all(all)
  expect(begun).toBe(2)
})

test('no more are under way than may be; the next begins when one of them ends', async () => {
  const handshakes = createHandshakes(() => 0)
  const ends: (() => void)[] = []
  for (let n = 0; n < MOST; n++) {
    await handshakes.turn()
    ends.push(handshakes.begin())
  }
  let begun = false
  const waits = handshakes.turn()?.then(() => {
    begun = true
  })
  for (let turn = 0; turn < 3; turn++) await nextTurn()
  expect(begun).toBe(false)
  ends[7]?.()
  await waits
  expect(begun).toBe(true)
  // Ending twice makes no room twice.
  ends[7]?.()
  handshakes.begin()
  await nextTurn()
  expect(handshakes.turn()).not.toBeNull()
  for (const end of ends) end()
})

test('targets that never end their handshakes hold up nobody, and what waits for its turn is not blamed for it', async () => {
  const silent = await tcp(() => {})
  const well = await made.https('good')
  const check = checkTarget(machine.elapsed)
  const stuck = count(MOST, () =>
    check(httpMonitor(silent.url.replace('http:', 'https:'), { timeoutMs: 2_500 }), allowing(LOOPBACK), T0),
  )
  // Its own time is shorter than what it waits: that is not the target's.
  const from = machine.elapsed()
  const sample = await check(httpMonitor(well.url, { timeoutMs: 700 }), allowing(LOOPBACK), T0)
  const took = machine.elapsed() - from
  expect(sample).toMatchObject({ ok: true, saw: '200 OK' })
  expect(took).toBeGreaterThan(700)
  expect(sample.ms).toBeLessThan(700)
  expect(new Set((await Promise.all(stuck)).map(({ saw }) => saw))).toEqual(
    new Set(['connected, but no TLS handshake within 2.5 s']),
  )
})
