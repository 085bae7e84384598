import { expect, test } from 'vitest'
import { type Arrival, createTray, GROUP, lastRefusal, type Refusal } from '../../src/intake/tray.ts'
import { firing } from '../support/builders.ts'

const arrival = (key: string): Arrival => ({ source: 'test', key, event: firing(key) })
const named = (...keys: string[]) => keys.map(arrival)

/** A store that answers when it is told to. */
function slowStore() {
  const statements: { keys: string[]; store(): void; fail(error: Error): void }[] = []
  let next = 1
  let at = 0
  const tray = createTray<Arrival, number>({
    insert: (arrivals) =>
      new Promise((resolve, reject) => {
        statements.push({
          keys: arrivals.map(({ key }) => key),
          store: () => resolve(arrivals.map(() => next++)),
          fail: reject,
        })
      }),
    isTheirs: (error) => (error as Error).message === 'theirs',
    now: () => ++at,
  })
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  return { tray, statements, settled }
}

test('one that comes alone waits for nothing', async () => {
  const { tray, statements } = slowStore()
  const added = tray.add(named('a'))
  expect(statements.map(({ keys }) => keys)).toEqual([['a']])
  statements[0]?.store()
  expect(await added).toEqual([1])
})

test('those that come while a statement is on its way share the next, each with its own ids', async () => {
  const { tray, statements, settled } = slowStore()
  const added = [tray.add(named('a')), tray.add(named('b', 'c')), tray.add(named('d'))]
  statements[0]?.store()
  await settled()
  expect(statements.map(({ keys }) => keys)).toEqual([['a'], ['b', 'c', 'd']])
  statements[1]?.store()
  expect(await Promise.all(added)).toEqual([[1], [2, 3], [4]])
})

test('a statement has no more rows than a group, and no request is split', async () => {
  const { tray, statements, settled } = slowStore()
  const many = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => arrival(`${prefix}${n}`))
  const added = [tray.add(named('a')), ...['b', 'c', 'd'].map((prefix) => tray.add(many(prefix, 200)))]
  added.push(tray.add(many('e', GROUP)))
  for (const rows of [1, 400, 200, GROUP]) {
    expect(statements.at(-1)?.keys).toHaveLength(rows)
    statements.at(-1)?.store()
    await settled()
  }
  expect((await Promise.all(added)).map((ids) => ids.length)).toEqual([1, 200, 200, 200, GROUP])
})

test('a store that fails is told to everybody in the statement, and the next one is tried', async () => {
  const { tray, statements, settled } = slowStore()
  const first = tray.add(named('a'))
  const others = [tray.add(named('b')), tray.add(named('c'))]
  statements[0]?.fail(new Error('away'))
  await expect(first).rejects.toThrow('away')
  expect(tray.refusing()).toEqual({ since: 1, last: 2 })
  await settled()
  statements[1]?.fail(new Error('away'))
  for (const other of others) await expect(other).rejects.toThrow('away')
  expect(tray.refusing()).toMatchObject({ since: 1 })
  const again = tray.add(named('d'))
  statements[2]?.store()
  await again
  expect(tray.refusing()).toBeNull()
})

test('what one of them has in it is not in the way of the others', async () => {
  const { tray, statements, settled } = slowStore()
  const first = tray.add(named('a'))
  const others = [tray.add(named('b')), tray.add(named('bad')), tray.add(named('c'))]
  const outcomes = Promise.allSettled(others)
  statements[0]?.store()
  await first
  await settled()
  statements[1]?.fail(new Error('theirs'))
  for (let n = 2; n < 5; n++) {
    await settled()
    const one = statements[n]
    if (one?.keys[0] === 'bad') one.fail(new Error('theirs'))
    else one?.store()
  }
  expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test('what is too much to wait is refused at once', async () => {
  const { tray } = slowStore()
  const waiting = Array.from({ length: 41 }, () => tray.add(Array.from({ length: GROUP }, () => arrival('x'))))
  for (const each of waiting) each.catch(() => {})
  await expect(tray.add(named('y'))).rejects.toThrow('too much is waiting')
})

test('of several trays the latest refusal counts', () => {
  const said = (refusal: Refusal | null) => ({ refusing: () => refusal })
  expect(lastRefusal([said(null), said(null)])).toBeNull()
  const later = { since: 1, last: 9 }
  expect(lastRefusal([said({ since: 3, last: 5 }), said(later), said(null)])).toEqual(later)
})
