import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { agreed, inWords, type Seen, type View, viewOf } from '../../src/domain/detect/agreement.ts'
import {
  type Blindness,
  blinded,
  HOLD_MS,
  isBlind,
  newSight,
  opinion,
  regained,
  saw,
  type Word,
  wordOf,
} from '../../src/domain/detect/blind.ts'
import { audience, isSilent, nextAlarm, type Place, signalsOf } from '../../src/domain/detect/location.ts'
import { newProbe, observe, type ProbeState, type Sample } from '../../src/domain/detect/probe.ts'
import type { Probe, Rules } from '../../src/domain/rules.ts'
import { createBuffer } from '../../src/prober/buffer.ts'
import { MINUTE, rules, SECOND, T0 } from '../support/builders.ts'
import { httpMonitor } from '../support/probed.ts'

const view = (location: string, word: Word, why: View['why'] = word === null ? 'silent' : null): View => ({
  ...{ location, word, why, state: null },
})
const views = (text: string): View[] =>
  text.split(' ').map((each) => {
    const [location = '', word] = each.split(':')
    return word === 'up' || word === 'down' ? view(location, word) : view(location, null, word as View['why'])
  })

describe('what several locations say together', () => {
  test.for<[views: string, agree: number, status: Word, words: string]>([
    ['here:down zurich:down berlin:up', 2, 'down', 'down from here and zurich, up from berlin'],
    ['here:down zurich:up berlin:up', 2, 'up', 'down from here, up from zurich and berlin'],
    ['here:down zurich:up', 1, 'down', 'down from here, up from zurich'],
    ['here:down zurich:silent', 2, 'down', 'down from here; zurich is silent, so that 1 is enough instead of 2'],
    ['here:up zurich:silent', 2, 'up', 'up from here; zurich is silent, so that 1 is enough instead of 2'],
    ['here:blind zurich:down berlin:up', 2, 'up', 'down from zurich, up from berlin; here is blind'],
    ['here:blind zurich:silent', 2, null, 'here is blind and zurich is silent'],
    ['here:up zurich:late', 1, 'up', 'up from here; zurich is late'],
  ])('%s, %i must agree: %s', ([said, agree, status, words]) => {
    const verdict = agreed(views(said), agree)
    expect(verdict.status).toBe(status)
    expect(inWords(verdict, agree)).toBe(words)
  })

  const all = fc
    .array(fc.constantFrom<Word>('up', 'down', null), { minLength: 1, maxLength: 6 })
    .map((words) => words.map((word, n) => view(`l${n}`, word)))

  test('it is down exactly when enough of those that count say so, and can always go down', () => {
    fc.assert(
      fc.property(all, fc.integer({ min: 1, max: 6 }), (said, asked) => {
        const agree = Math.min(asked, said.length)
        const { status } = agreed(said, agree)
        const counted = said.filter(({ word }) => word !== null)
        const down = counted.filter(({ word }) => word === 'down').length
        const enough = down >= Math.min(agree, counted.length) ? 'down' : 'up'
        expect(status).toBe(counted.length === 0 ? null : enough)
        if (counted.length === 0) return
        if (down === counted.length) expect(status).toBe('down')
        if (down === 0) expect(status).toBe('up')
      }),
    )
  })

  test('one more location that says down never brings it up, and the order of them says nothing', () => {
    fc.assert(
      fc.property(all, fc.nat(5), fc.integer({ min: 1, max: 6 }), (said, at, asked) => {
        const agree = Math.min(asked, said.length)
        const worse = said.map((each, n) => (n === at % said.length && each.word ? view(each.location, 'down') : each))
        if (agreed(said, agree).status === 'down') expect(agreed(worse, agree).status).toBe('down')
        expect(agreed(said.toReversed(), agree).status).toBe(agreed(said, agree).status)
      }),
    )
  })

  const monitor = httpMonitor('http://x/', { everyMs: 30 * SECOND })
  const state = (status: 'up' | 'down', at: number): ProbeState => ({
    ...newProbe(at),
    ...{ status, recent: [{ at, ok: status === 'up', saw: '', ms: 1 }] },
  })
  const seen = (more: Partial<Seen>): Seen => ({
    ...{ location: 'zurich', state: null, silent: false, blindness: null, contradicted: false, ...more },
  })

  test('what a location said too long ago does not flip the present', () => {
    const down = seen({ state: state('down', T0) })
    expect(viewOf(down, monitor, T0 + MINUTE)).toMatchObject({ word: 'down', why: null })
    expect(viewOf(down, monitor, T0 + 2 * MINUTE)).toMatchObject({ word: null, why: 'late' })
    expect(viewOf({ ...down, silent: true }, monitor, T0)).toMatchObject({ word: null, why: 'silent' })
    expect(viewOf(seen({}), monitor, T0)).toMatchObject({ word: null, why: 'unseen' })
  })
})

/**
 * A small world: hosts, each of which is really up or down, and a network of ours, which works or does not; looks at every host in turn, by
 * the rules of the program, and what they make somebody be told.
 */
interface World {
  hosts: number
  /** From when to when; null: never. */
  networkDown: [number, number] | null
  allDownFrom: number | null
  /** Another location is there, and sees what is really so. */
  elsewhere: boolean
}

function told({ hosts, networkDown, allDownFrom, elsewhere }: World, untilAt: number) {
  const everyMs = 30 * SECOND
  const spec = { failAfter: 2, recoverAfter: 2 }
  const sight = newSight()
  const names = Array.from({ length: hosts }, (_, n) => `host${n}`)
  const states = new Map(names.map((name) => [name, newProbe(0)]))
  const held = new Set<string>()
  const pages: { at: number; about: string }[] = []
  const down = new Set<string>()
  let blindness: Blindness | null = null
  const isOut = (at: number) => networkDown !== null && at >= networkDown[0] && at < networkDown[1]
  const isDead = (at: number) => allDownFrom !== null && at >= allDownFrom
  const look = (at: number): Sample => {
    const mute = isOut(at) || isDead(at)
    return { at, ok: !mute, saw: mute ? 'no connection' : '200 OK', ms: 1, ...(mute && { mute: true as const }) }
  }
  const page = (about: string, at: number) => {
    if (!down.has(about)) pages.push({ at, about })
    down.add(about)
  }
  const context = (now: number) => ({ now, contradicted: elsewhere && !isDead(now) })
  const isDark = (sinceAt: number, at: number): number | null => {
    for (;;) {
      const said = opinion(sight, sinceAt, new Set(names))
      if ('ask' in said) for (const name of said.ask) saw(sight, name, look(at))
      else return said.sees ? null : said.hosts
    }
  }
  for (let now = 0; now <= untilAt; now += SECOND) {
    for (const [n, name] of names.entries()) {
      const before = states.get(name) ?? newProbe(0)
      const isDue = (now + n * 7 * SECOND) % everyMs === 0 || (before.status !== 'down' && before.failures > 0)
      if (!isDue) continue
      const sample = look(now)
      saw(sight, name, sample)
      const { state, transition } = observe(before, sample, spec)
      states.set(name, state)
      if (transition === 'up') {
        held.delete(name)
        down.delete(name)
      }
      if (transition !== 'down') continue
      const sinceAt = now - SECOND
      const dark = isDark(sinceAt, now)
      if (dark !== null) {
        blindness = blinded(blindness, { sinceAt, hosts: dark }, now)
        page('blind', now)
      }
      if (dark !== null && wordOf(state, blindness, context(now)) !== 'down') held.add(name)
      else page(name, now)
    }
    if (isBlind(blindness)) {
      if (sight.answeredAt < blindness.darkAt) saw(sight, 'host0', look(now))
      if (sight.answeredAt >= blindness.darkAt) blindness = regained(blindness, sight.answeredAt)
    }
    for (const name of [...held]) {
      const state = states.get(name)
      if (!state || wordOf(state, blindness, context(now)) !== 'down') continue
      held.delete(name)
      page(name, now)
    }
  }
  return pages
}

describe('a location that sees nothing', () => {
  const hosts = fc.integer({ min: 3, max: 30 })
  const at = fc.integer({ min: 60, max: 120 }).map((n) => n * SECOND)

  test('when everything really is down, somebody is told within 35 s, and of every monitor within three minutes', () => {
    fc.assert(
      fc.property(hosts, at, (count, from) => {
        const world = { hosts: count, networkDown: null, allDownFrom: from, elsewhere: false }
        const pages = told(world, from + 5 * MINUTE)
        expect(pages[0]?.at).toBeLessThanOrEqual(from + 35 * SECOND)
        for (let n = 0; n < count; n++) {
          const page = pages.find(({ about }) => about === `host${n}`)
          expect(page?.at ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(from + HOLD_MS + MINUTE)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('when our network is down and comes back before it must be told, exactly one page goes out', () => {
    fc.assert(
      fc.property(hosts, at, fc.integer({ min: 35, max: 100 }), (count, from, seconds) => {
        const world = {
          hosts: count,
          networkDown: [from, from + seconds * SECOND] as [number, number],
          allDownFrom: null,
          elsewhere: false,
        }
        expect(told(world, from + 6 * MINUTE).map(({ about }) => about)).toEqual(['blind'])
      }),
      { numRuns: 60 },
    )
  })

  test('where another location sees that all is well, exactly one page goes out, however long it lasts', () => {
    fc.assert(
      fc.property(hosts, at, fc.integer({ min: 40, max: 1_200 }), (count, from, seconds) => {
        const world = {
          hosts: count,
          networkDown: [from, from + seconds * SECOND] as [number, number],
          allDownFrom: null,
          elsewhere: true,
        }
        expect(told(world, from + (seconds + 120) * SECOND).map(({ about }) => about)).toEqual(['blind'])
      }),
      { numRuns: 40 },
    )
  })

  test('what dies while nothing is seen, or as it is seen again, is told once it can be seen', () => {
    fc.assert(
      fc.property(
        hosts,
        at,
        fc.integer({ min: 40, max: 300 }),
        fc.integer({ min: -30, max: 60 }),
        (count, from, seconds, later) => {
          const backAt = from + seconds * SECOND
          const died = backAt + later * SECOND
          const world = {
            hosts: count,
            networkDown: [from, backAt] as [number, number],
            allDownFrom: died,
            elsewhere: true,
          }
          const pages = told(world, Math.max(backAt, died) + 5 * MINUTE).map(({ about }) => about)
          for (let n = 0; n < count; n++) expect(pages).toContain(`host${n}`)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('two hosts prove nothing: both page', () => {
    const world = { hosts: 2, networkDown: null, allDownFrom: 60 * SECOND, elsewhere: false }
    expect(told(world, 3 * MINUTE).map(({ about }) => about)).toEqual(expect.arrayContaining(['host0', 'host1']))
    expect(told(world, 3 * MINUTE)).toHaveLength(2)
  })

  test('an answer of any kind is sight: a 503 from everybody is no blindness', () => {
    const sight = newSight()
    for (const name of ['a', 'b', 'c', 'd']) saw(sight, name, { at: 1, ok: true, saw: '200', ms: 1 })
    for (const name of ['a', 'b', 'c']) saw(sight, name, { at: 10, ok: false, saw: 'no connection', ms: 1, mute: true })
    const known = new Set(['a', 'b', 'c', 'd'])
    expect(opinion(sight, 10, known)).toEqual({ ask: ['d'] })
    saw(sight, 'd', { at: 11, ok: false, saw: '503', ms: 1 })
    expect(opinion(sight, 10, known)).toEqual({ sees: true })
    saw(sight, 'd', { at: 20, ok: false, saw: 'no connection', ms: 1, mute: true })
    // The three were silent before the last answer: they are down by themselves.
    expect(opinion(sight, 20, known)).toEqual({ sees: true })
  })

  test('a network that flaps gets no more time than one that stays away', () => {
    let blindness: Blindness | null = null
    for (let n = 0; n < 6; n++) {
      blindness = blinded(blindness, { sinceAt: n * 50 * SECOND, hosts: 3 }, n * 50 * SECOND)
      expect(blindness.foundAt).toBe(0)
      blindness = regained(blindness, n * 50 * SECOND + 10 * SECOND)
    }
    const later = blinded(blindness, { sinceAt: HOLD_MS * 10, hosts: 3 }, HOLD_MS * 10)
    expect(later.foundAt).toBe(HOLD_MS * 10)
  })
})

describe('the alarm of a location', () => {
  const place = (more: Partial<Place> = {}): Place => ({
    ...{ name: 'zurich', sinceAt: T0, heardAt: T0, version: null, blindness: null, alarm: null, ...more },
  })
  const company = (...monitors: Partial<Probe>[]): Rules => ({
    ...rules({ services: { webmail: {}, imap: { channel: 'C0IMAP' }, shop: { pages: [] } } }),
    monitors: Object.fromEntries(
      monitors.map((more, n) => [`m${n}`, { ...httpMonitor('http://x/'), name: `m${n}`, ...more } as Probe]),
    ),
  })
  const told = (of: Rules, ...silenced: string[]) => audience('zurich', of, new Set(silenced))

  test('is raised once, and over when it has been well for a minute', () => {
    const silentAt = T0 + MINUTE
    expect(isSilent(place(), silentAt - 1)).toBe(false)
    const raised = nextAlarm(place(), silentAt)
    expect(raised).toMatchObject({ begins: true, alarm: { what: 'silent', sinceAt: silentAt } })
    const { alarm } = raised
    const heard = place({ alarm, heardAt: silentAt + 1 })
    const well = nextAlarm(heard, silentAt + 2)
    expect(well).toMatchObject({ begins: false, ends: false, alarm: { wellAt: silentAt + 2 } })
    expect(nextAlarm({ ...heard, alarm: well.alarm }, silentAt + 2 * MINUTE)).toMatchObject({
      ends: false,
      alarm: { wellAt: null },
    })
    const still = { ...heard, alarm: well.alarm, heardAt: silentAt + MINUTE }
    expect(nextAlarm(still, silentAt + MINUTE + 2)).toMatchObject({ ends: true, alarm: null })
  })

  test('one that was never heard has five minutes to be set up, and then is one', () => {
    const never = place({ heardAt: null })
    expect(isSilent(never, T0 + 5 * MINUTE - 1)).toBe(false)
    expect(isSilent(never, T0 + 5 * MINUTE)).toBe(true)
  })

  test('goes to one service, rather not to one that is silenced, and to every channel', () => {
    const of = company(
      { locations: ['zurich'] },
      { locations: ['zurich'], service: 'imap' },
      { locations: ['here', 'zurich'], service: 'imap' },
      { locations: ['here'], service: 'shop' },
    )
    expect(told(of)).toEqual([
      { service: 'imap', severity: 'critical' },
      { service: 'imap', severity: 'warning' },
      { service: 'webmail', severity: 'warning' },
    ])
    expect(told(of, 'imap')[0]).toEqual({ service: 'webmail', severity: 'critical' })
    expect(told(of, 'imap', 'webmail')[0]).toEqual({ service: 'imap', severity: 'critical' })
    const covered = company({ locations: ['here', 'zurich'] })
    expect(told(covered)[0]).toEqual({ service: 'webmail', severity: 'error' })
  })

  test('says what is not watched meanwhile', () => {
    const of = company({ locations: ['zurich'] }, { locations: ['here', 'zurich'] })
    const silent = place()
    const alarm = { what: 'silent' as const, sinceAt: T0, wellAt: null, told: told(of) }
    expect(signalsOf(silent, alarm, 'firing', of, T0)[0]).toMatchObject({
      headline: 'Location zurich is silent',
      summary:
        'Location zurich is silent: its prober was last heard at 10:00:00; nobody looks at 1 monitor (m0); 1 monitor goes on from other locations without it',
      severity: 'critical',
    })
  })
})

test('a buffer that is full gives up successes first, then failures, and what a monitor turned with last', () => {
  const buffer = createBuffer(10)
  const add = (n: number, ok: boolean, turn = false) =>
    buffer.add({ monitor: 'm', slotAt: n, turn, sample: { at: n, ok, saw: '', ms: 1 } })
  const left = () => buffer.next().map(({ slotAt }) => slotAt)
  for (let n = 0; n < 10; n++) add(n, n % 3 !== 0, n === 3)
  for (let n = 10; n < 16; n++) add(n, true)
  expect(left()).toEqual([0, 3, 6, 9, 10, 11, 12, 13, 14, 15])
  for (let n = 16; n < 22; n++) add(n, false)
  expect(left()).toEqual([0, 3, 6, 9, 16, 17, 18, 19, 20, 21])
  for (let n = 22; n < 31; n++) add(n, false)
  expect(left()).toEqual([3, 22, 23, 24, 25, 26, 27, 28, 29, 30])
  expect(buffer.dropped()).toBe(21)
})
