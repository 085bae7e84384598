import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Deploy } from '../../src/domain/deploy/deploy.ts'
import { type Look, regression } from '../../src/domain/deploy/regression.ts'
import type { Deploying } from '../../src/domain/deploy/rules.ts'
import type { DeployAct, DeployHooked, DeployProgress, DeploySeen, Event } from '../../src/domain/event.ts'
import type { Rules } from '../../src/domain/rules.ts'
import { firing, HOUR, MINUTE, rota, rules, SECOND, T0, type Watch, watch } from '../support/builders.ts'

const HOOK = { kind: 'webhook', url: 'https://ci.test/', secret: 'webmail/start' } as const
const HALT_WHEN = { poolBelow: 75, restartMs: null, probesFailing: null, rateDip: false }
const DEPLOY: Deploying = {
  ...{ estimateMs: 20 * MINUTE, bakeMs: 10 * MINUTE, environments: ['production'], start: HOOK, halt: HOOK },
  ...{ resume: null, rollback: null, haltWhen: HALT_WHEN },
}
/** The shift of dana lasts a day; mia and sam may approve. */
const by = (deploy: Partial<Deploying> = {}, change: Partial<Rules> = {}): Rules => {
  const base = rules({
    schedules: [rota('primary', ['dana', 'nora'], 24), rota('secondary', ['sam'])],
    services: { webmail: { deploy: { ...DEPLOY, ...deploy } } },
  })
  return {
    ...base,
    roles: { approver: { name: 'approver', people: ['mia'], schedules: ['secondary'], slackGroups: [] } },
    gate: { ...base.gate, refuseWhen: [], overrideRole: 'approver' },
    ...change,
  }
}

const ask = (who: string, version = 'v42'): Event => ({
  ...{ type: 'deploy', by: who, service: 'webmail', environment: 'production', version, kind: 'deploy' },
  ...{ incident: null, sight: null },
})
const act = (who: string, what: DeployAct['act'], byGroup: string[] = []): DeployAct => ({
  ...{ type: 'deploy-act', by: who, deploy: 1, act: what, reason: 'x', sight: null, byGroup },
})
const hook = (outcome: DeployHooked['outcome'], of: DeployHooked['hook'] = 'start', deploy = 1): Event => ({
  ...{ type: 'deploy-hook', deploy, hook: of, outcome, detail: 'it answered so' },
})
const says = (what: DeployProgress['what'], deploy = 1): Event => ({
  ...{ type: 'deploy-progress', deploy, what, text: null },
})
const harm = (deploy = 1): Event => ({ type: 'deploy-regression', deploy, why: 'it does harm', evidence: [] })
const freeze: Event = {
  ...{ type: 'deploy-lock', by: 'mia', kind: 'freeze', service: null, environment: null, reason: 'x', fromAt: null },
  untilAt: T0 + 20 * HOUR,
}

const NOON = 3 * HOUR
const state = (of: Watch, deploy = 1) => of.desk.deploys[deploy]?.state
const starts = (of: Watch) => of.owed.filter(({ about }) => about.kind === 'deploy-start').map(({ key }) => key)
const halts = (of: Watch) => of.owed.filter(({ about }) => about.kind === 'deploy-halt').map(({ key }) => key)
/** Who hears of a deploy by a message of their own, and what. */
const told = (of: Watch) =>
  of.facts.flatMap((fact) => (fact.type === 'deploy' ? fact.tell.map((person) => `${fact.what} ${person}`) : []))

describe('two at once', () => {
  test('two requests of the same instant: one begins', () => {
    const desk = watch(by())
    const [first, second] = desk.at(NOON, ask('dana', 'v1'), ask('sam', 'v2'))
    expect(first).toMatchObject({ how: 'deployed', deploy: 1 })
    expect(second).toMatchObject({ how: 'denied', deploy: 2 })
    expect(starts(desk)).toEqual([expect.stringMatching(/^deploy-start\/1\//)])
  })
  test('the same request of the same instant is the same', () => {
    const desk = watch(by())
    expect(desk.at(NOON, ask('dana'), ask('sam'))[1]).toMatchObject({ refusal: { code: 'same-rollout', deploy: 1 } })
    expect(starts(desk)).toHaveLength(1)
  })
  test('two who approve at the same instant: it starts once', () => {
    const desk = watch(by())
    desk.at(NOON, freeze, ask('dana'), act('dana', 'override'))
    const [first, second] = desk.at(NOON + MINUTE, act('mia', 'approve'), act('sam', 'approve'))
    expect(first).toMatchObject({ how: 'deployed' })
    expect(second).toMatchObject({ refusal: { code: 'deploy-over', state: 'starting' } })
    expect(starts(desk)).toHaveLength(1)
  })
  test('two processes that see the same harm halt it once', () => {
    const desk = watch(by())
    desk.at(NOON, ask('dana'), hook('done'))
    desk.at(NOON + MINUTE, harm(), harm())
    expect(halts(desk)).toHaveLength(1)
    expect(desk.desk.locks).toHaveLength(1)
    expect(desk.pages()).toEqual(['181m dana s1'])
  })
})

describe('the second person', () => {
  const overridden = () => {
    const desk = watch(by())
    desk.at(NOON, freeze, ask('dana'), act('dana', 'override'))
    return desk
  }
  const refusals: [string, (desk: Watch) => unknown, object][] = [
    ['is not the one who asked', (desk) => desk.at(NOON + MINUTE, act('dana', 'approve'))[0], { code: 'own-override' }],
    ['has the role', (desk) => desk.at(NOON + MINUTE, act('erik', 'approve'))[0], { code: 'lost-role' }],
    [
      'comes in time',
      (desk) => {
        desk.until(NOON + 15 * MINUTE)
        return desk.at(NOON + 15 * MINUTE, act('mia', 'approve'))[0]
      },
      { code: 'deploy-over', state: 'lapsed' },
    ],
    [
      'comes in time, also where nobody has noticed yet that it is over',
      (desk) => desk.at(NOON + 15 * MINUTE, act('mia', 'approve'))[0],
      { code: 'deploy-over', state: 'lapsed' },
    ],
  ]
  test.for(refusals)('%s', ([, approve, refusal]) => {
    const desk = overridden()
    expect(approve(desk)).toMatchObject({ result: 'refused', refusal })
    expect(starts(desk)).toEqual([])
  })
  test('has the role by a user group of Slack', () => {
    const desk = overridden()
    expect(desk.at(NOON + MINUTE, act('erik', 'approve', ['nora']))[0]).toMatchObject({
      refusal: { code: 'lost-role' },
    })
    expect(desk.at(NOON + MINUTE, act('erik', 'approve', ['erik']))[0]).toMatchObject({ how: 'deployed' })
    expect(starts(desk)).toHaveLength(1)
  })
  test('by a user group too hears that the glass was broken, once', () => {
    const desk = watch(by())
    desk.at(NOON, freeze, ask('dana'), act('dana', 'break-glass', ['erik', 'mia', 'dana']))
    const heard = told(desk).filter((each) => each.startsWith('glass-broken'))
    expect(heard.toSorted()).toEqual(['glass-broken erik', 'glass-broken mia', 'glass-broken sam'])
  })
  test('had the role when they were asked, and has lost it since', () => {
    const before = overridden()
    const without = by(
      {},
      { roles: { approver: { name: 'approver', people: [], schedules: ['secondary'], slackGroups: [] } } },
    )
    const after = watch(without, before.desk)
    expect(after.at(NOON + MINUTE, act('mia', 'approve'))[0]).toMatchObject({ refusal: { code: 'lost-role' } })
    expect(starts(after)).toEqual([])
    expect(after.at(NOON + MINUTE, act('sam', 'approve'))[0]).toMatchObject({ how: 'deployed' })
  })
  test('asks for what is denied no more by then: two rollouts side by side are nobody’s to allow', () => {
    const desk = overridden()
    desk.at(NOON + MINUTE, act('sam', 'break-glass'))
    desk.at(NOON + 2 * MINUTE, ask('erik', 'v43'), { ...act('erik', 'override'), deploy: 2 })
    expect(desk.last.outcomes.map(({ outcome }) => outcome)).toMatchObject([
      { how: 'denied' },
      { refusal: { code: 'rolls-already', deploy: 1 } },
    ])
    expect(starts(desk)).toHaveLength(1)
  })
})

describe('hooks', () => {
  const begun = () => {
    const desk = watch(by())
    desk.at(NOON, ask('dana'))
    return desk
  }
  test('a start of which nobody knows what came of it stays on record, keeps others back, and its people are told', () => {
    const desk = begun()
    desk.at(NOON + SECOND, hook('unknown'))
    expect(state(desk)).toBe('unsure')
    expect(told(desk)).toEqual(['unsure dana'])
    expect(desk.at(NOON + MINUTE, ask('sam', 'v43'))[0]).toMatchObject({ how: 'denied' })
    desk.until(NOON + 10 * HOUR)
    expect(state(desk)).toBe('unsure')
    // It did begin, and does harm.
    desk.at(NOON + 10 * HOUR, harm())
    expect(state(desk)).toBe('halted')
  })
  test('an answer that comes after CI has spoken changes nothing', () => {
    for (const late of ['unknown', 'failed', 'done'] as const) {
      const desk = begun()
      desk.at(NOON + SECOND, says('step'))
      desk.at(NOON + 2 * SECOND, hook(late))
      expect(state(desk)).toBe('rolling')
      desk.at(NOON + 3 * SECOND, says('finish'))
      desk.at(NOON + 4 * SECOND, hook(late))
      expect(state(desk)).toBe('baking')
    }
  })
  test('an answer that comes after somebody has halted it changes nothing', () => {
    const desk = begun()
    desk.at(NOON + SECOND, act('mia', 'halt'))
    desk.at(NOON + 2 * SECOND, hook('done'))
    expect(state(desk)).toBe('halted')
    expect(halts(desk)).toHaveLength(1)
  })
  test('a halt that fails leaves it halted and locked, and whoever is on duty is told; told late it is done', () => {
    const desk = begun()
    desk.at(NOON + SECOND, hook('done'))
    desk.at(NOON + MINUTE, harm())
    desk.at(NOON + 2 * MINUTE, hook('failed', 'halt'))
    expect(state(desk)).toBe('halted')
    expect(told(desk)).toContain('halt-failed dana')
    expect(desk.desk.deploys[1]?.stop?.hook).toBe('failed')
    desk.at(NOON + 3 * MINUTE, hook('done', 'halt'))
    expect(desk.desk.deploys[1]?.stop?.hook).toBe('done')
    expect(desk.desk.locks).toMatchObject([{ kind: 'lock', deploy: 1, endedAt: null }])
  })
})

describe('what somebody else says that they have deployed', () => {
  const report = (change: Partial<DeploySeen> = {}): DeploySeen => ({
    ...{
      type: 'deploy-seen',
      service: 'webmail',
      environment: 'production',
      version: 'v42',
      asker: 'ci',
      via: 'change',
    },
    ...{ text: 'Build 7 is out', ref: 'r1', deploy: 1, ...change },
  })
  /** What it is taken for, of a desk on which deploy 1 is. */
  function takenFor(before: (desk: Watch) => void, change: Partial<DeploySeen> = {}, afterMs = 0) {
    const desk = watch(by())
    desk.at(NOON, ask('dana'), hook('done'))
    before(desk)
    const earlier = desk.pages().length
    const [outcome] = desk.at(desk.desk.decidedAt - T0 + afterMs, report(change))
    const [found] = Object.values(desk.desk.deploys).filter(({ id }) => id > 1)
    const pages = desk.pages().length - earlier
    return { as: (outcome as { deploy?: number }).deploy === 1 ? 'that one' : (found?.state ?? 'nothing'), pages, desk }
  }
  const over = (desk: Watch) => {
    desk.at(NOON + MINUTE, says('finish'))
    desk.until(NOON + 12 * MINUTE)
    expect(state(desk)).toBe('done')
  }
  const halted = (desk: Watch) => void desk.at(NOON + MINUTE, act('mia', 'halt'))
  const cases: [string, (desk: Watch) => void, Partial<DeploySeen>, number, string][] = [
    ['while it rolls', () => {}, {}, MINUTE, 'that one'],
    ['while it rolls, by another name', () => {}, { version: '0123456789ab' }, MINUTE, 'that one'],
    ['while it rolls, and says no environment', () => {}, { environment: null, version: null }, MINUTE, 'that one'],
    ['just after its end', over, {}, 14 * MINUTE, 'that one'],
    ['just after its end, of another version', over, { version: 'v43' }, MINUTE, 'unasked'],
    ['long after its end', over, {}, 16 * MINUTE, 'unasked'],
    ['once it was halted', halted, {}, MINUTE, 'that one'],
    ['of another version once it was halted', halted, { version: 'v43' }, MINUTE, 'unasked'],
    ['of another environment', over, { environment: 'dev' }, MINUTE, 'noted'],
    ['of no environment, long after', over, { environment: null, version: null }, HOUR, 'noted'],
  ]
  test.for(cases)('%s', ([, before, change, afterMs, as]) => {
    const taken = takenFor(before, change, afterMs)
    expect(taken.as).toBe(as)
    expect(taken.pages).toBe(as === 'unasked' ? 1 : 0)
  })
  test('a commit may be written shorter, and a version is not the beginning of another', () => {
    const sha = '0123456789abcdef0123'
    for (const [version, as] of [
      [sha.slice(0, 12), 'that one'],
      ['0123', 'unasked'],
    ] as const) {
      const desk = watch(by())
      desk.at(NOON, ask('dana', sha), hook('done'), act('mia', 'halt'))
      const [outcome] = desk.at(NOON + MINUTE, report({ version }))
      expect((outcome as { deploy?: number }).deploy === 1 ? 'that one' : desk.desk.deploys[2]?.state).toBe(as)
    }
  })
  test('a service that is not deployed by the gate may change: it is on record, and nobody is told', () => {
    const desk = watch(rules())
    desk.at(NOON, report())
    expect(desk.desk.deploys[1]).toMatchObject({ state: 'noted', version: 'v42' })
    expect(desk.facts.filter(({ type }) => type === 'opened')).toEqual([])
    expect(told(desk)).toEqual([])
  })
  test('where an incident is open, whoever is on duty is told instead of paged', () => {
    const desk = watch(by())
    desk.at(NOON, firing())
    desk.at(NOON + MINUTE, report({ deploy: null }))
    expect(told(desk)).toEqual(['seen dana'])
    expect(desk.pages()).toEqual(['180m dana s1'])
  })
})

describe('a pool that a rollout takes away, server by server', () => {
  type Going = Pick<Deploy, 'startedAt' | 'sinceAt' | 'poolTotal' | 'estimateMs' | 'step'>
  const LOOK_MS = 500
  interface Course {
    total: number
    /** Each server has its turn after so long. */
    turnMs: number
    /** When the first look is. */
    phaseMs: number
    /** Whether a server is away at an instant, its turn having come at 0. */
    isAway(sinceMs: number): boolean
    /** CI says so when the next has its turn. */
    reports?: boolean
    restartMs?: number
  }
  /** The first look at which it is halted: how many are away then; null: it never is. */
  function haltedWith({ total, turnMs, phaseMs, isAway, reports = false, restartMs }: Course): number | null {
    const estimateMs = total * turnMs
    let shortAt: number | null = null
    for (let at = phaseMs; at <= estimateMs + 2 * MINUTE; at += LOOK_MS) {
      const turns = Array.from({ length: total }, (_, n) => (n + 1) * turnMs).filter((turnAt) => turnAt <= at)
      const away = turns.filter((turnAt) => isAway(at - turnAt)).length
      shortAt = away > 0 ? (shortAt ?? at) : null
      const lastAt = turns.at(-1)
      const step = reports && lastAt !== undefined ? { text: 'the next', at: T0 + lastAt } : null
      const deploy: Going = { startedAt: T0, sinceAt: T0, poolTotal: total, estimateMs, step }
      const pool: Look['pool'] = { up: total - away, total, shortAt: shortAt === null ? null : T0 + shortAt }
      if (
        regression(
          deploy,
          { ...HALT_WHEN, restartMs: restartMs ?? null },
          { at: T0 + at, standings: [], failing: [], pool },
        )
      )
        return away
    }
    return null
  }
  const course = {
    total: fc.integer({ min: 3, max: 40 }),
    // From demos to what takes hours.
    turnMs: fc.oneof(fc.integer({ min: 2_500, max: 20_000 }), fc.integer({ min: 20_000, max: 200_000 })),
    phaseMs: fc.integer({ min: 0, max: LOOK_MS - 1 }),
  }

  test('what does not come back is halted with one server away, or a quarter of the pool where that is more', () => {
    fc.assert(
      fc.property(fc.record(course), (given) => {
        const away = haltedWith({ ...given, isAway: () => true })
        expect(away).not.toBeNull()
        expect(away).toBeLessThanOrEqual(Math.max(1, Math.floor(given.total / 4)))
      }),
      { numRuns: 300 },
    )
    // Each size once, at the pace of the demo.
    for (let total = 3; total <= 40; total++)
      expect(haltedWith({ total, turnMs: 2_500, phaseMs: 0, isAway: () => true })).toBe(
        Math.max(1, Math.floor(total / 4)),
      )
  })

  test('a rolling restart, one server at a time, is never halted', () => {
    fc.assert(
      fc.property(fc.record(course), fc.double({ min: 0.01, max: 0.45, noNaN: true }), (given, share) => {
        const awayMs = Math.min(50_000, given.turnMs * share)
        expect(haltedWith({ ...given, isAway: (ms) => ms < awayMs })).toBeNull()
      }),
      { numRuns: 60 },
    )
  })

  test('nor where the next goes as the one before comes back, when CI says that it goes on', () => {
    const given = { total: 4, turnMs: 40_000, phaseMs: 0, isAway: (ms: number) => ms < 40_000, restartMs: 50_000 }
    expect(haltedWith({ ...given, reports: true })).toBeNull()
    expect(haltedWith({ ...given, reports: false })).toBe(1)
  })

  test('a second one that goes while the first is away is one too many in a small pool', () => {
    const given = { total: 4, turnMs: 10_000, phaseMs: 0, isAway: () => true, reports: true }
    expect(haltedWith(given)).toBe(1)
    expect(haltedWith({ ...given, turnMs: 700 })).toBe(2)
  })

  test('how long a restart may take can be said', () => {
    const deploy: Going = { startedAt: T0, sinceAt: T0, poolTotal: 4, estimateMs: HOUR, step: null }
    const look = (at: number) => ({
      ...{ at: T0 + at, standings: [], failing: [] },
      pool: { up: 3, total: 4, shortAt: T0 },
    })
    const found = (at: number, restartMs: number | null) => regression(deploy, { ...HALT_WHEN, restartMs }, look(at))
    expect(found(89 * SECOND, 90 * SECOND)).toBeNull()
    expect(found(90 * SECOND, 90 * SECOND)?.why).toBe(
      '3 of 4 servers serve, one is away for 90 s, and one less is below 75%',
    )
    expect(found(0, 0)?.why).toBe('3 of 4 servers serve, and one less is below 75%')
    expect(found(59 * SECOND, null)).toBeNull()
    expect(found(MINUTE, null)).not.toBeNull()
  })
})
