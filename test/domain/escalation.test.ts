import { describe, expect, test } from 'vitest'
import {
  ack,
  call,
  declare,
  escalate,
  firing,
  HOUR,
  MINUTE,
  refused,
  resolve,
  rota,
  rules,
  SECOND,
  step,
  T0,
  unreachable,
  watch,
} from '../support/builders.ts'

const factTypes = (types: string[], all: { type: string }[]) => all.filter(({ type }) => types.includes(type))

describe('an incident nobody answers', () => {
  test('goes through every step of every round, then pages the last resort', () => {
    const w = watch()
    w.at(0, firing())
    w.until(HOUR)
    expect(w.pages()).toEqual(['0m dana s1', '5m sam s2', '10m dana s1 r2', '15m sam s2 r2', '20m mia fallback'])
    expect(w.incident().state).toBe('exhausted')
    expect(w.dueAt()).toBeGreaterThan(w.desk.decidedAt + 11 * HOUR)
    const exhausted = w.facts.find(({ type }) => type === 'exhausted')
    expect(exhausted).toMatchObject({ at: T0 + 20 * MINUTE, reason: 'unanswered' })
    expect(w.owed.map(({ about }) => about.kind)).toContain('loud')
  })

  test('is due at the deadline of its step, and not a millisecond before', () => {
    const w = watch()
    w.at(0, firing())
    expect(w.dueAt()).toBe(T0 + 5 * MINUTE)
    w.at(5 * MINUTE - 1)
    expect(w.pages()).toEqual(['0m dana s1'])
    w.at(5 * MINUTE)
    expect(w.pages()).toEqual(['0m dana s1', '5m sam s2'])
  })

  test('pages everybody whom a step names, each once', () => {
    const steps = [step(5 * MINUTE, 'schedule/primary', 'nora', 'dana')]
    const w = watch(rules({ steps }))
    w.at(0, firing())
    expect(w.pages()).toEqual(['0m dana s1', '0m nora s1'])
    expect(factTypes(['skipped'], w.facts)).toMatchObject([{ person: 'dana', reason: 'just-paged' }])
  })

  test('pages whoever is on duty when the step comes, not when it was opened', () => {
    const schedules = [rota('primary', ['dana', 'nora'], 1), rota('secondary', ['sam'])]
    const w = watch(rules({ schedules }))
    w.at(55 * MINUTE, firing())
    w.until(2 * HOUR)
    expect(w.pages()).toEqual([
      '55m dana s1',
      '58m nora s1',
      '60m nora s1',
      '62m sam s2',
      '67m nora s1 r2',
      '67m dana s1 r2',
      '72m sam s2 r2',
      '77m mia fallback',
      // The next watch begins once more with what was given up.
      '120m dana s1 r2',
    ])
  })

  test('tells each why they are paged', () => {
    const schedules = [rota('primary', ['dana', 'nora'], 2)]
    const steps = [step(5 * MINUTE, 'schedule/primary'), step(5 * MINUTE, 'erik')]
    const w = watch(rules({ schedules, steps, rounds: 1 }))
    w.at(0, firing())
    w.until(HOUR)
    expect(w.incident().pages.map(({ why }) => why)).toEqual([
      { kind: 'duty', schedule: 'primary', sinceAt: T0, untilAt: T0 + 2 * HOUR },
      { kind: 'named', by: null },
      { kind: 'fallback' },
    ])
  })
})

describe('nobody waits for nobody', () => {
  test('an empty roster is a gap, and the next step is paged at the same instant', () => {
    const w = watch(rules({ schedules: [rota('primary', []), rota('secondary', ['sam'])] }))
    w.at(0, firing())
    expect(w.pages()).toEqual(['0m sam s2'])
    expect(factTypes(['gap', 'stepped'], w.facts)).toMatchObject([
      { type: 'stepped', step: 0, reason: 'start' },
      { type: 'gap', schedule: 'primary', step: 0 },
      { type: 'stepped', step: 1, reason: 'nobody' },
    ])
    expect(w.dueAt()).toBe(T0 + 5 * MINUTE)
  })

  test('all steps empty: exhausted at once, loudly', () => {
    const w = watch(rules({ schedules: [rota('primary', []), rota('secondary', [])] }))
    w.at(0, firing())
    expect(w.pages()).toEqual(['0m mia fallback'])
    expect(w.facts.find(({ type }) => type === 'exhausted')).toMatchObject({ at: T0, reason: 'nobody' })
  })

  test('the last step empty: the next round begins at once', () => {
    const w = watch(rules({ schedules: [rota('primary', ['dana']), rota('secondary', [])] }))
    w.at(0, firing())
    w.until(HOUR)
    expect(w.pages()).toEqual(['0m dana s1', '5m dana s1 r2', '10m mia fallback'])
  })

  test('somebody who cannot be reached is passed over at once', () => {
    const w = watch()
    w.at(0, unreachable('dana'))
    w.at(MINUTE, firing())
    expect(w.pages()).toEqual(['1m sam s2'])
    expect(factTypes(['skipped'], w.facts)).toMatchObject([
      { person: 'dana', reason: 'unreachable', detail: 'user_disabled' },
    ])
  })

  test('whoever is well again is paged again', () => {
    const w = watch()
    w.at(0, unreachable('dana'))
    w.at(1, unreachable('dana', null))
    w.at(MINUTE, firing())
    expect(w.pages()).toEqual(['1m dana s1'])
    expect(w.desk.unreachable).toEqual({})
  })

  test('nobody at all can be reached: exhausted, and said loudly', () => {
    const w = watch()
    w.at(0, ...['dana', 'sam', 'mia'].map((person) => unreachable(person)))
    w.at(MINUTE, firing())
    expect(w.pages()).toEqual([])
    expect(w.incident().state).toBe('exhausted')
    expect(w.facts.find(({ type }) => type === 'exhausted')).toMatchObject({ reason: 'unreachable' })
    expect(w.owed.map(({ about }) => about.kind)).toContain('loud')
  })

  test('a schedule that is not there is as good as empty', () => {
    const w = watch(rules({ steps: [step(MINUTE, 'schedule/gone'), step(MINUTE, 'sam')] }))
    w.at(0, firing())
    expect(w.pages()).toEqual(['0m sam s2'])
  })
})

describe('a page that cannot be delivered', () => {
  test('brings the next step at once, and is remembered', () => {
    const w = watch()
    w.at(0, firing())
    w.at(2 * SECOND, refused('page/1/dana/e1/r1/s1'))
    expect(w.pages()).toEqual(['0m dana s1', '2s sam s2'])
    expect(w.desk.unreachable).toEqual({ dana: 'user_disabled' })
    w.until(HOUR)
    expect(w.pages()).toEqual(['0m dana s1', '2s sam s2', '302s sam s2 r2', '602s mia fallback'])
  })

  test('for once only, is not remembered', () => {
    const w = watch()
    w.at(0, firing())
    w.at(2 * SECOND, refused('page/1/dana/e1/r1/s1', false, 'message_limit_exceeded'))
    w.until(6 * MINUTE)
    expect(w.pages()).toEqual(['0m dana s1', '2s sam s2', '302s dana s1 r2'])
  })

  test('changes nothing while somebody else of the step has been reached', () => {
    const w = watch(rules({ steps: [step(5 * MINUTE, 'dana', 'nora'), step(5 * MINUTE, 'sam')] }))
    w.at(0, firing())
    w.at(2 * SECOND, refused('page/1/dana/e1/r1/s1'))
    expect(w.pages()).toEqual(['0m dana s1', '0m nora s1'])
    w.at(3 * SECOND, refused('page/1/nora/e1/r1/s1'))
    expect(w.pages()).toEqual(['0m dana s1', '0m nora s1', '3s sam s2'])
  })

  test('of the only one of the step does so though the step before was delivered', () => {
    const w = watch(rules({ steps: [step(5 * MINUTE, 'dana'), step(5 * MINUTE, 'sam'), step(5 * MINUTE, 'nora')] }))
    w.at(0, firing())
    w.at(MINUTE, escalate('erik'))
    w.at(MINUTE + SECOND, refused('page/1/sam/e1/r1/s2'))
    expect(w.pages()).toEqual(['0m dana s1', '1m sam s2', '61s nora s3'])
  })

  test('of a step that is past, changes nothing', () => {
    const w = watch()
    w.at(0, firing())
    w.until(5 * MINUTE)
    w.at(6 * MINUTE, refused('page/1/dana/e1/r1/s1'))
    expect(w.incident()).toMatchObject({ step: 1, deadlineAt: T0 + 10 * MINUTE })
  })

  test('is taken note of once', () => {
    const w = watch()
    w.at(0, firing())
    w.at(2 * SECOND, refused('page/1/dana/e1/r1/s1'))
    w.at(3 * SECOND, refused('page/1/dana/e1/r1/s1'))
    expect(factTypes(['refused'], w.facts)).toHaveLength(1)
    expect(w.pages()).toHaveLength(2)
  })

  test('after somebody acknowledged, escalates nothing', () => {
    const w = watch()
    w.at(0, firing())
    w.at(SECOND, ack('sam'))
    w.at(2 * SECOND, refused('page/1/dana/e1/r1/s1'))
    expect(w.incident().state).toBe('acked')
    expect(w.pages()).toEqual(['0m dana s1'])
  })

  test('that a later step relied upon brings the step after that one at once', () => {
    // dana is on both steps: the second does not page her again so soon, and then the first page turns out undeliverable.
    const steps = [step(5 * MINUTE, 'dana'), step(5 * MINUTE, 'dana'), step(5 * MINUTE, 'sam')]
    const w = watch(rules({ steps }))
    w.at(0, firing())
    w.at(SECOND, escalate('nora'))
    expect(w.pages()).toEqual(['0m dana s1'])
    w.at(2 * SECOND, refused('page/1/dana/e1/r1/s1'))
    expect(w.pages()).toEqual(['0m dana s1', '2s sam s3'])
  })
})

describe('nobody is paged twice within two minutes for one incident', () => {
  test('a step that names somebody who was just paged does not page them again', () => {
    const steps = [step(MINUTE, 'dana'), step(MINUTE, 'dana'), step(MINUTE, 'dana')]
    const w = watch(rules({ steps, rounds: 1 }))
    w.at(0, firing())
    w.until(HOUR)
    expect(w.pages()).toEqual(['0m dana s1', '2m dana s3', '3m mia fallback'])
  })

  test('but the last resort is paged in any case', () => {
    const w = watch(rules({ steps: [step(MINUTE, 'mia')], rounds: 1 }))
    w.at(0, firing())
    w.until(HOUR)
    expect(w.pages()).toEqual(['0m mia s1', '1m mia fallback'])
  })

  test('for two incidents they are paged twice', () => {
    const w = watch(rules({ services: { webmail: {}, imap: {} } }))
    w.at(0, firing())
    w.at(SECOND, firing('imap', { service: 'imap' }))
    expect(w.pages(1)).toEqual(['0m dana s1'])
    expect(w.pages(2)).toEqual(['1s dana s1'])
  })
})

describe('an acknowledgement', () => {
  test('stops the escalation and voids what is unsent', () => {
    const w = watch()
    w.at(0, firing())
    expect(w.at(MINUTE, ack('dana'))).toEqual([{ result: 'done', incident: 1, how: 'acked', paged: [] }])
    expect(w.last.voids).toEqual(['page/1/', 'contact/1/'])
    w.until(HOUR)
    expect(w.pages()).toEqual(['0m dana s1'])
    expect(w.incident()).toMatchObject({ state: 'acked', ackedBy: 'dana', ackedAt: T0 + MINUTE, deadlineAt: null })
  })

  test('at the very deadline wins', () => {
    const w = watch()
    w.at(0, firing())
    w.at(5 * MINUTE, ack('dana'))
    expect(w.pages()).toEqual(['0m dana s1'])
    expect(w.incident().state).toBe('acked')
  })

  test('the first one wins; later ones are also responding, each once', () => {
    const w = watch()
    w.at(0, firing())
    w.at(1, ack('dana'))
    expect(w.at(2, ack('sam'))).toMatchObject([{ how: 'responding' }])
    expect(w.at(3, ack('sam'))).toMatchObject([{ how: 'responding' }])
    expect(w.at(4, ack('dana'))).toMatchObject([{ how: 'acked' }])
    expect(w.incident()).toMatchObject({ ackedBy: 'dana', responders: ['sam'] })
    expect(factTypes(['responding', 'acked'], w.facts)).toHaveLength(2)
  })

  test('counts after the exhaustion too', () => {
    const w = watch()
    w.at(0, firing())
    w.until(HOUR)
    w.at(HOUR, ack('mia'))
    expect(w.incident()).toMatchObject({ state: 'acked', ackedBy: 'mia' })
  })

  test.for<[string, ReturnType<typeof ack>, object]>([
    ['by somebody the configuration does not know', ack('eve'), { code: 'unknown-person', name: 'eve' }],
    ['by a name that every object has', ack('constructor'), { code: 'unknown-person', name: 'constructor' }],
    ['of an incident that is not there', ack('dana', 7), { code: 'unknown-incident', incident: 7 }],
  ])('%s is refused', ([, event, refusal]) => {
    const w = watch()
    w.at(0, firing())
    expect(w.at(MINUTE, event)).toEqual([{ result: 'refused', refusal }])
    expect(w.incident().state).toBe('paging')
  })

  test('of what is resolved is refused, with who and when', () => {
    const w = watch()
    w.at(0, declare('nora', 'strange noise'))
    w.at(MINUTE, resolve('nora'))
    const refusal = { code: 'already-resolved', incident: 1, by: 'nora', at: T0 + MINUTE }
    for (const event of [ack('dana'), escalate('dana'), resolve('dana')])
      expect(w.at(2 * MINUTE, event)).toEqual([{ result: 'refused', refusal }])
  })
})

describe('escalating by hand', () => {
  test('pages the next step at once; its wait counts from now', () => {
    const w = watch()
    w.at(0, firing())
    expect(w.at(MINUTE, escalate('nora'))).toEqual([{ result: 'done', incident: 1, how: 'stepped', paged: ['sam'] }])
    expect(w.dueAt()).toBe(T0 + 6 * MINUTE)
  })

  test('helps somebody who has it: the next step is paged and the escalation runs again', () => {
    const w = watch()
    w.at(0, firing())
    w.at(MINUTE, ack('dana'))
    w.at(10 * MINUTE, escalate('dana'))
    w.until(HOUR)
    expect(w.pages()).toEqual(['0m dana s1', '10m sam s2', '15m dana s1 r2', '20m sam s2 r2', '25m mia fallback'])
  })

  test('past the last step pages the last resort', () => {
    const w = watch(rules({ rounds: 1 }))
    w.at(0, firing())
    w.at(1, escalate('nora'))
    expect(w.at(2, escalate('nora'))).toMatchObject([{ how: 'exhausted', paged: ['mia'] }])
    expect(w.facts.find(({ type }) => type === 'exhausted')).toMatchObject({ reason: 'asked' })
  })

  test('is refused when everybody has been paged', () => {
    const w = watch()
    w.at(0, firing())
    w.until(HOUR)
    expect(w.at(HOUR, escalate('nora'))).toEqual([{ result: 'refused', refusal: { code: 'all-paged', incident: 1 } }])
  })

  test('is refused too when the last resort has it: nobody is left, and the acknowledgement stands', () => {
    const w = watch()
    w.at(0, firing())
    w.until(HOUR)
    w.at(HOUR, ack('mia'))
    expect(w.at(2 * HOUR, escalate('mia'))).toEqual([
      { result: 'refused', refusal: { code: 'all-paged', incident: 1 } },
    ])
    expect(w.incident()).toMatchObject({ state: 'acked', ackedBy: 'mia' })
  })
})

describe('a call', () => {
  test('pages the person, says who called, and goes to the last resort of the policies that name them', () => {
    const w = watch(rules({ steps: [step(MINUTE, 'erik')], fallback: ['nora'] }))
    expect(w.at(0, call('sam', 'please look', 'person', 'erik'))).toEqual([
      { result: 'done', incident: 1, how: 'opened', paged: ['erik'] },
    ])
    expect(w.incident().pages[0]?.why).toEqual({ kind: 'named', by: 'sam' })
    w.until(HOUR)
    expect(w.pages()).toEqual(['0m erik s1', '5m nora fallback'])
  })

  test('of a schedule pages whoever has the watch', () => {
    const w = watch()
    w.at(0, call('nora', 'please look', 'schedule', 'secondary'))
    expect(w.pages()).toEqual(['0m sam s1'])
  })

  test('of a service is an incident of it', () => {
    const w = watch()
    w.at(0, call('nora', 'all is slow', 'service', 'webmail'))
    expect(w.incident()).toMatchObject({ service: 'webmail', origin: 'declared', title: 'all is slow' })
  })

  test('of somebody whom no policy names still has a last resort', () => {
    const w = watch()
    w.at(0, call('sam', 'please look', 'person', 'erik'))
    w.until(HOUR)
    expect(w.pages()).toEqual(['0m erik s1', '5m mia fallback'])
  })

  test.for([
    ['person', 'eve'],
    ['schedule', 'eve'],
    ['service', 'eve'],
    ['person', 'constructor'],
    ['schedule', 'constructor'],
    ['service', 'constructor'],
    ['service', '__proto__'],
  ] as const)('of the unknown %s %s is refused', ([kind, name]) => {
    const w = watch()
    expect(w.at(0, call('sam', 'x', kind, name))).toEqual([
      { result: 'refused', refusal: { code: 'unknown-target', kind, name } },
    ])
    expect(w.facts).toEqual([])
  })
})

describe('after a stop', () => {
  test('an overdue timer fires once, says when it was due, and the next deadline counts from now', () => {
    const w = watch()
    w.at(0, firing())
    w.at(HOUR)
    expect(w.pages()).toEqual(['0m dana s1', '60m sam s2'])
    expect(w.incident().pages[1]).toMatchObject({ dueAt: T0 + 5 * MINUTE })
    expect(w.dueAt()).toBe(T0 + 65 * MINUTE)
    w.until(65 * MINUTE)
    expect(w.incident().pages[2]).toMatchObject({ person: 'dana', round: 2, dueAt: null })
  })

  test('what came in while it stood comes before the timers', () => {
    const w = watch()
    w.at(0, firing())
    w.at(HOUR, ack('dana'))
    expect(w.pages()).toEqual(['0m dana s1'])
  })

  test('a few seconds are no stop: deadlines do not drift', () => {
    const w = watch()
    w.at(0, firing())
    w.at(5 * MINUTE + 4 * SECOND)
    expect(w.incident().pages[1]).toMatchObject({ at: T0 + 5 * MINUTE, dueAt: null })
    expect(w.dueAt()).toBe(T0 + 10 * MINUTE)
  })
})
