import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newProbe, type Observed, observe, ProbeState, unconfirmed } from '../../src/domain/detect/probe.ts'

const SLOT_MS = 30_000

/** A line of samples, `.` well and `x` sick: what each brought. */
function samples(line: string, failAfter = 2, recoverAfter = 2, from: ProbeState = newProbe(0)): Observed[] {
  let state = from
  return [...line].map((mark, index) => {
    const sample = { at: (index + 1) * SLOT_MS, ok: mark === '.', saw: mark === '.' ? '200 OK' : '503', ms: 7 }
    const observed = observe(state, sample, { failAfter, recoverAfter })
    state = observed.state
    return observed
  })
}

/** The transitions of a line: `d` down, `u` up, `-` none. */
const transitions = (line: string, failAfter?: number, recoverAfter?: number) =>
  samples(line, failAfter, recoverAfter)
    .map(({ transition }) => transition?.[0] ?? '-')
    .join('')

const end = (line: string, failAfter?: number, recoverAfter?: number) => {
  const last = samples(line, failAfter, recoverAfter).at(-1)
  if (!last) throw new Error('no samples')
  return last
}

describe('transitions', () => {
  test.for<[what: string, failAfter: number, recoverAfter: number, line: string, expected: string]>([
    ['down with the failure that makes the number full', 3, 2, '..xxx', '----d'],
    ['not before', 3, 2, '..xx.', '-----'],
    ['a success in between starts the count anew', 3, 2, 'xx.xx.xx', '--------'],
    ['one failure is enough where one is asked for', 1, 1, '.x', '-d'],
    ['down once, however long it lasts', 2, 2, 'xxxxxx', '-d----'],
    ['up with the success that makes the number full', 2, 3, 'xx...', '-d--u'],
    ['a failure in between starts the count of successes anew', 2, 2, 'xx.x.x..', '-d-----u'],
    ['up once', 2, 2, 'xx.....', '-d-u---'],
    ['down again after that', 2, 2, 'xx..xx', '-d-u-d'],
    ['flapping faster than either number changes nothing while up', 2, 2, '.x.x.x.x', '--------'],
    ['flapping faster than either number changes nothing while down', 2, 2, 'xx.x.x.x', '-d------'],
    ['one and one: every change counts', 1, 1, '.x.x', '-dud'],
    ['never seen well is no excuse', 2, 2, 'xx', '-d'],
    ['the first success is no recovery: nobody was told of a failure', 2, 2, '....', '----'],
    ['nor is one after a failure that was never confirmed', 3, 1, 'xx..', '----'],
  ])('%s', ([, failAfter, recoverAfter, line, expected]) => {
    expect(transitions(line, failAfter, recoverAfter)).toBe(expected)
  })
})

describe('the state', () => {
  test('is unknown, then up with the first success', () => {
    expect(newProbe(7)).toMatchObject({ status: 'unknown', sinceAt: 7, recent: [] })
    expect(end('.').state).toMatchObject({ status: 'up', sinceAt: SLOT_MS })
  })

  test('stays unknown after a failure that is not confirmed', () => {
    expect(end('x').state).toMatchObject({ status: 'unknown', sinceAt: 0, failures: 1 })
  })

  test('says since when it stands: the sample that decided', () => {
    expect(end('.xx').state).toMatchObject({ status: 'down', sinceAt: 3 * SLOT_MS })
    expect(end('.xxxx').state).toMatchObject({ status: 'down', sinceAt: 3 * SLOT_MS })
    expect(end('.xx..').state).toMatchObject({ status: 'up', sinceAt: 5 * SLOT_MS })
  })

  test('keeps the latest five observations, the oldest first', () => {
    const { recent } = end('.......x').state
    expect(recent.map(({ at }) => at / SLOT_MS)).toEqual([4, 5, 6, 7, 8])
    expect(recent.at(-1)).toMatchObject({ ok: false, saw: '503' })
  })

  test('is never changed in place', () => {
    const before = Object.freeze({ ...newProbe(0), recent: Object.freeze([]) as never })
    expect(() => samples('.xx.', 2, 2, before)).not.toThrow()
  })

  test('gives its reason', () => {
    expect(samples('.x').at(-1)?.reason).toBe('1 of 2 failures in a row')
    expect(samples('.xx').at(-1)?.reason).toBe('2 of 2 failures in a row')
    expect(samples('xx.').at(-1)?.reason).toBe('1 of 2 successes in a row')
    expect(samples('.').at(-1)?.reason).toBe('first success')
    expect(samples('..').at(-1)?.reason).toBe('still up')
    expect(samples('xxx').at(-1)?.reason).toBe('still down')
  })
})

describe('the next try comes at once', () => {
  test.for<[line: string, expected: boolean]>([
    ['.x', true],
    ['x', true],
    ['.', false],
    ['.x.', false],
    ['.xx', false],
    ['xx.', false],
  ])('after %s: %s', ([line, expected]) => {
    expect(unconfirmed(end(line).state)).toBe(expected)
  })
})

describe('a monitor that flaps', () => {
  test.for<[what: string, failAfter: number, recoverAfter: number, line: string, expected: string]>([
    ['recovers twice as ever', 1, 1, 'x.x.', 'dudu'],
    ['needs twice as much the third time', 1, 1, 'x.x.x..', 'dudud-u'],
    ['three times as much the fourth time', 1, 1, 'x.x.x..x...', 'dudud-ud--u'],
    ['four times as much then, and never more', 1, 1, 'x.x.x..x...x....x....', 'dudud-ud--ud---ud---u'],
    ['by its own number', 2, 2, 'xx..xx..xx....', '-d-u-d-u-d---u'],
    ['starts its count of successes anew with each failure', 1, 1, 'x.x.x.x.x..', 'dudud-----u'],
    ['pages at once all the same', 2, 1, 'xx.xx.xx..xx', '-du-du-d-u-d'],
  ])('%s', ([, failAfter, recoverAfter, line, expected]) => {
    expect(transitions(line, failAfter, recoverAfter)).toBe(expected)
  })

  test('says why it is not up yet', () => {
    expect(samples('x.x.x.', 1, 1).at(-1)?.reason).toBe(
      '1 of 2 successes in a row, because it went down 3 times within an hour',
    )
    expect(samples('x.x.', 1, 1).at(-1)?.reason).toBe('1 of 1 successes in a row')
  })

  test('is forgiven after an hour', () => {
    const flapped = samples('x.x.x..', 1, 1).at(-1)?.state ?? newProbe(0)
    const later = (at: number, ok: boolean, from: ProbeState) =>
      observe(from, { at, ok, saw: '', ms: 1 }, { failAfter: 1, recoverAfter: 1 })
    const down = later(3 * 3_600_000, false, flapped)
    expect(down.state.downs).toEqual([3 * 3_600_000])
    expect(later(3 * 3_600_000 + 1, true, down.state).transition).toBe('up')
  })

  test('whose state was stored before this was kept has not flapped', () => {
    const { downs, ...stored } = newProbe(7)
    expect(ProbeState.parse(stored)).toEqual({ ...stored, downs })
  })
})

describe('for every line of samples', () => {
  const line = fc.string({ unit: fc.constantFrom('.', 'x'), maxLength: 300 })
  const counts = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))

  test('the first page comes with the failure that makes the number full, and so does each after a recovery', () => {
    fc.assert(
      fc.property(line, counts, (marks, [failAfter, recoverAfter]) => {
        const seen = samples(marks, failAfter, recoverAfter)
        const full = marks.indexOf('x'.repeat(failAfter))
        const first = full === -1 ? -1 : full + failAfter - 1
        expect(seen.findIndex(({ transition }) => transition === 'down')).toBe(first)
        for (const [index, { state }] of seen.entries()) {
          const before = marks.slice(Math.max(0, index + 1 - failAfter), index + 1)
          if (before === 'x'.repeat(failAfter)) expect(state.status).toBe('down')
        }
      }),
    )
  })

  test('it never recovers sooner than without damping, and always within four times the successes', () => {
    fc.assert(
      fc.property(line, counts, (marks, [failAfter, recoverAfter]) => {
        const seen = samples(marks, failAfter, recoverAfter)
        for (const { state, transition } of seen) {
          if (transition === 'up') expect(state.successes).toBeGreaterThanOrEqual(recoverAfter)
          if (state.successes >= 4 * recoverAfter) expect(state.status).toBe('up')
        }
      }),
    )
  })

  test('what is kept is bounded, and survives the store', () => {
    fc.assert(
      fc.property(line, counts, (marks, [failAfter, recoverAfter]) => {
        for (const { state } of samples(marks, failAfter, recoverAfter)) {
          expect(state.downs.length).toBeLessThanOrEqual(6)
          expect(ProbeState.parse(JSON.parse(JSON.stringify(state)))).toEqual(state)
        }
      }),
    )
  })
})
