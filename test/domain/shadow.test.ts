import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide } from '../../src/domain/decide.ts'
import type { OwedKind } from '../../src/domain/owed.ts'
import type { Rules } from '../../src/domain/rules.ts'
import { inShadow, scheduleInShadow } from '../../src/domain/shadow.ts'
import { ack, firing, HOUR, MINUTE, pagesIn, rules, T0, watch } from '../support/builders.ts'
import { type Lived, live, relive, story } from '../support/watch-stories.ts'

const shadowed = (by: Rules, of: Partial<NonNullable<Rules['shadow']>> = {}): Rules => ({
  ...by,
  shadow: { channel: 'C0SHADOW', services: null, policies: null, ...of },
})

/** What reaches nobody by himself: channels, what is said there, and what people ask each other for by hand. */
const HARMLESS = new Set<OwedKind>([
  ...(['would', 'channel', 'summary', 'furnish', 'seen-before', 'canvas', 'export', 'post', 'burst', 'file'] as const),
  ...(['invite', 'edit', 'silence', 'group', 'lock', 'covered', 'notice', 'drill'] as const),
])

const MINUTES_AFTER = 3 * HOUR

/** Whom each incident pages when, and why. */
const paged = ({ facts }: Lived) =>
  facts.flatMap((fact) =>
    fact.type === 'paged' ? [[fact.at - T0, fact.incident, fact.page.person, fact.page.why.kind]] : [],
  )

const inputsIn = (lived: Lived) =>
  lived.inputs.map((input) => ('by' in input ? { ...input, by: shadowed(input.by) } : input))

describe('in shadow mode', () => {
  test('whatever happens, nobody is paged, told by DM or reached beside Slack, and the decisions are the same', () => {
    fc.assert(
      fc.property(story, (each) => {
        const real = live(each)
        const untilAt = (real.inputs.at(-1)?.at ?? T0) + MINUTES_AFTER
        const shadow = relive({ by: shadowed(real.by), inputs: inputsIn(real) }, untilAt)
        const kinds = shadow.decisions.flatMap(({ owed }) => owed.map(({ about }) => about.kind))
        expect(kinds.filter((kind) => !HARMLESS.has(kind))).toEqual([])
        expect(paged(shadow)).toEqual(paged(relive({ by: real.by, inputs: real.inputs }, untilAt)))
      }),
      { numRuns: 25, seed: 7 },
    )
  })

  test('each page that would go out is said, and a real one says nothing', () => {
    const night = watch(shadowed(rules()))
    night.at(0, firing())
    night.until(30 * MINUTE)
    const said = night.owed.filter(({ about }) => about.kind === 'would')
    expect(pagesIn(night.facts, 1).map(({ person }) => person)).toEqual(['dana', 'sam', 'dana', 'sam', 'mia'])
    // With the word that nobody has answered.
    expect(said).toHaveLength(6)
    const real = watch(shadowed(rules(), { services: ['imap'] }))
    real.at(0, firing())
    expect(real.owed.filter(({ about }) => about.kind === 'would')).toEqual([])
    expect(real.owed.map(({ about }) => about.kind)).toContain('page')
  })

  test('what is acknowledged when it ends stays with whoever has it, and pages nobody', () => {
    const night = watch(shadowed(rules()))
    night.at(0, firing())
    night.at(MINUTE, ack('sam'))
    const { desk, owed } = decide(night.desk, [], T0 + 2 * MINUTE, rules())
    expect(desk.incidents[1]).toMatchObject({ shadow: false, state: 'acked', ackedBy: 'sam', pages: [] })
    expect(owed.map(({ about }) => about.kind)).toContain('channel')
    expect(owed.map(({ about }) => about.kind)).not.toContain('page')
  })

  test('what was given up when it ends is paged from the first step on', () => {
    const night = watch(shadowed(rules()))
    night.at(0, firing())
    night.until(HOUR)
    expect(night.incident().state).toBe('exhausted')
    const after = watch(rules(), night.desk)
    after.at(HOUR + MINUTE)
    expect(after.incident()).toMatchObject({ state: 'paging', epoch: 2, step: 0, pages: [{ person: 'dana' }] })
  })
})

describe('what it covers', () => {
  const both = rules({ services: { webmail: {}, imap: {} } })
  test.each<[string, Partial<NonNullable<Rules['shadow']>>, boolean, boolean]>([
    ['everything', {}, true, true],
    ['one of two services of a policy', { services: ['webmail'], policies: [] }, true, false],
    ['both services', { services: ['webmail', 'imap'], policies: [] }, true, true],
    ['the policy', { services: [], policies: ['mail'] }, true, true],
    ['another service', { services: ['dns'], policies: [] }, false, false],
  ])('%s', (_, of, service, schedule) => {
    const by = shadowed(both, of)
    expect(inShadow(by, { service: 'webmail', policy: 'mail' })).toBe(service)
    expect(scheduleInShadow(by, 'primary')).toBe(schedule)
  })

  test('a schedule that nothing pages is nobody’s in part, and everybody’s in whole', () => {
    expect(scheduleInShadow(shadowed(both, { services: ['webmail'], policies: [] }), 'nowhere')).toBe(false)
    expect(scheduleInShadow(shadowed(both), 'nowhere')).toBe(true)
  })
})
