import { describe, expect, test } from 'vitest'
import { factsFor } from '../../src/domain/deploy/facts.ts'
import type { Event } from '../../src/domain/event.ts'
import { capturesOf, happenedAt, type Recorded } from '../../src/domain/fact.ts'
import { insiders, mayKnow } from '../../src/domain/incident.ts'
import type { Said } from '../../src/domain/response.ts'
import type { Rules } from '../../src/domain/rules.ts'
import { timeline } from '../../src/domain/timeline.ts'
import {
  ack,
  declare,
  firing,
  HOUR,
  MINUTE,
  recovered,
  resolve,
  rota,
  rules,
  step,
  T0,
  unreachable,
  watch,
} from '../support/builders.ts'
import { httpMonitor } from '../support/probed.ts'

const SERVICES = {
  webmail: { dependsOn: ['mailstore'] },
  imap: { dependsOn: ['mailstore'] },
  mailstore: { dependsOn: ['disks'] },
  disks: {},
  shop: {},
}
const down = (service: string, key = service) => firing(key, { service })

const said = (ts: string, change: Partial<Said> = {}): Said => ({
  message: { channel: 'C0INC', ts },
  thread: null,
  saidAt: Number(ts) * 1_000,
  author: 'dana',
  text: 'it is the disk',
  files: [],
  permalink: null,
  ...change,
})

describe('one incident for what fails together', () => {
  test('what a service depends on is down: it joins, and nobody is paged again', () => {
    const by = watch(rules({ services: SERVICES }))
    by.at(0, down('disks'))
    by.at(MINUTE, down('mailstore'))
    by.at(2 * MINUTE, down('webmail'))
    by.at(2 * MINUTE, down('imap'))
    by.at(3 * MINUTE, down('shop'))
    expect(Object.keys(by.desk.incidents)).toEqual(['1', '2'])
    expect(by.incident(1).alerts.map(({ key, service }) => `${service ?? 'its own'} ${key}`)).toEqual([
      'its own disks',
      'mailstore mailstore',
      'webmail webmail',
      'imap imap',
    ])
    expect(by.pages(1)).toEqual(['0m dana s1'])
    expect(by.incident(2).service).toBe('shop')
    expect(by.facts.filter(({ type, incident }) => type === 'detected' && incident === 1)).toHaveLength(3)
  })

  test('the cause comes after what it breaks: the same people, the same incident', () => {
    const by = watch(rules({ services: SERVICES }))
    by.at(0, down('webmail'))
    by.at(MINUTE, down('disks'))
    expect(Object.keys(by.desk.incidents)).toEqual(['1'])
    by.at(2 * MINUTE, recovered('webmail', { service: 'webmail' }))
    expect(by.incident(1).state).toBe('paging')
    by.at(3 * MINUTE, recovered('disks', { service: 'disks' }))
    expect(by.incident(1).state).toBe('resolved')
  })

  test('others answer for the cause: they are paged, and both incidents name each other', () => {
    const by = rules({ services: SERVICES, schedules: [rota('primary', ['dana']), rota('secondary', ['sam'])] })
    by.policies.disks = { name: 'disks', steps: [step(5 * MINUTE, 'erik')], rounds: 1, fallback: ['mia'] }
    if (by.services.disks) by.services.disks.policy = 'disks'
    const desk = watch(by)
    desk.at(0, down('webmail'))
    desk.at(MINUTE, down('disks'))
    expect(desk.pages(2)).toEqual(['1m erik s1'])
    expect([desk.incident(1).links, desk.incident(2).links]).toEqual([[2], [1]])
  })

  const config = () => {
    const monitors = {
      db: { ...httpMonitor('http://x/'), name: 'db', service: 'disks' },
      api: { ...httpMonitor('http://x/'), name: 'api', service: 'shop', dependsOn: ['db'] },
    }
    return { ...rules({ services: { disks: {}, shop: {} } }), monitors }
  }
  const byMonitors = () => watch(config())

  test('it is the same where only monitors say what they depend on: either way round, and split again', () => {
    const by = byMonitors()
    by.at(0, down('disks'))
    by.at(MINUTE, down('shop', 'till'))
    expect(Object.keys(by.desk.incidents)).toEqual(['1'])
    by.at(2 * MINUTE, { type: 'split', by: 'erik', incident: 1, what: { service: 'shop' } })
    expect(by.incident(2)).toMatchObject({ service: 'shop', alerts: [{ key: 'till', service: null }] })
    expect(by.incident(1).alerts.map(({ key }) => key)).toEqual(['disks'])
    const cause = byMonitors()
    cause.at(0, down('shop'))
    cause.at(MINUTE, down('disks'))
    expect(Object.keys(cause.desk.incidents)).toEqual(['1'])
  })

  test('what its own monitor holds back pages in the end: it does not become part of what held it', () => {
    const by = byMonitors()
    const of = (key: string, service: string) => firing(key, { service, monitor: key })
    by.at(0, of('db', 'disks'), ack('dana'))
    by.at(MINUTE, of('api', 'shop'))
    by.until(31 * MINUTE)
    expect(by.incident(2)).toMatchObject({ service: 'shop', links: [1] })
    expect(by.pages(2)).toEqual(['31m dana s1'])
    const mine = by.facts.filter(({ incident }) => incident === 1)
    const told = timeline(by.incident(1), mine, by.facts, config())
    expect(told.some(({ fact }) => fact.type === 'detected' && fact.held?.by === 'db')).toBe(true)
  })

  test('the gate goes by the same: an incident of what a service names, or of what its monitors name, is in the way', () => {
    const inTheWay = (desk: ReturnType<typeof watch>['desk'], by: Rules, service: string) =>
      factsFor({ desk, rules: by }, { service, environment: 'production', but: null }, null, T0).incidents?.map(
        ({ service: of }) => of,
      )
    const named = watch(rules({ services: SERVICES }))
    named.at(0, down('disks'))
    expect(inTheWay(named.desk, rules({ services: SERVICES }), 'webmail')).toEqual(['disks'])
    expect(inTheWay(named.desk, rules({ services: SERVICES }), 'shop')).toEqual([])
    const watched = byMonitors()
    watched.at(0, down('disks'))
    expect(inTheWay(watched.desk, config(), 'shop')).toEqual(['disks'])
  })

  test('nothing is hidden behind what nobody answered', () => {
    const by = watch(rules({ services: SERVICES }))
    by.at(0, down('disks'))
    by.until(30 * MINUTE)
    expect(by.incident(1).state).toBe('exhausted')
    by.at(31 * MINUTE, down('webmail'))
    expect(by.pages(2)).toEqual(['31m dana s1'])
    expect(by.incident(2).links).toEqual([1])
  })

  test('services that depend on each other in a circle are all the same trouble, and no loop', () => {
    const by = watch(rules({ services: { a: { dependsOn: ['b'] }, b: { dependsOn: ['a'] } } }))
    by.at(0, down('a'))
    by.at(MINUTE, down('b'))
    expect(Object.keys(by.desk.incidents)).toEqual(['1'])
  })

  test('an incident of its own is opened by hand meanwhile: what fires stays where it is, what comes again goes there', () => {
    const by = watch(rules({ services: SERVICES }))
    by.at(0, down('disks'), down('webmail', 'a'), down('webmail', 'b'))
    by.at(MINUTE, declare('erik', 'webmail again', 'webmail'), recovered('a', { service: 'webmail' }))
    by.at(2 * MINUTE, down('webmail', 'a'), firing('b', { service: 'webmail', severity: 'critical' }))
    const where = (key: string) => by.desk.alerts[`webmail/${key}`]?.incident
    expect([where('a'), where('b')]).toEqual([2, 1])
    expect([by.incident(1).firing, by.incident(2).firing]).toEqual([2, 1])
  })

  test('an alert of the same name in two services is two', () => {
    const by = watch(rules({ services: SERVICES }))
    by.at(0, down('webmail', 'up'))
    by.at(MINUTE, down('mailstore', 'up'))
    by.at(2 * MINUTE, recovered('up', { service: 'webmail' }))
    expect(by.incident(1).alerts.map(({ service, recoveredAt }) => [service, recoveredAt !== null])).toEqual([
      [null, true],
      ['mailstore', false],
    ])
    expect(by.incident(1)).toMatchObject({ firing: 1, joined: 2, state: 'paging' })
  })
})

describe('merging and splitting', () => {
  const two = () => {
    const by = watch(rules({ services: { webmail: {}, imap: {} } }))
    by.at(0, down('webmail'), declare('erik', 'imap is slow', 'imap'))
    return by
  }
  const merge = (by: string, incident: number, into: number): Event => ({ type: 'merge', by, incident, into })

  test('what was declared is resolved by people, in the incident into which it was merged too', () => {
    const by = two()
    by.at(MINUTE, merge('erik', 2, 1))
    expect(by.incident(2)).toMatchObject({ state: 'resolved', mergedInto: 1, deadlineAt: null })
    by.at(2 * MINUTE, recovered('webmail', { service: 'webmail' }))
    expect(by.incident(1).state).toBe('paging')
    by.at(3 * MINUTE, resolve('dana'))
    expect(by.incident(1).state).toBe('resolved')
  })

  test('nobody is paged any more for the one that ended, and its pages that are not out are void', () => {
    const by = two()
    by.at(MINUTE, merge('erik', 2, 1))
    expect(by.last.voids).toContain('page/2/')
    by.until(20 * MINUTE)
    expect(by.pages(2)).toEqual(['0m dana s1'])
    expect(by.pages(1).length).toBeGreaterThan(1)
  })

  test('whoever worked on the one comes along to the other', () => {
    const by = two()
    by.at(MINUTE, ack('sam', 2), { type: 'give-role', by: 'sam', incident: 2, role: 'scribe', person: 'nora' })
    by.at(2 * MINUTE, merge('erik', 2, 1))
    const invited = by.last.owed.flatMap(({ about }) =>
      about.kind === 'invite' ? [`${about.person} ${about.incident}`] : [],
    )
    expect(invited).toEqual(['sam 1', 'nora 1'])
  })

  test('into itself, one that is over, or one that is nowhere: refused', () => {
    const by = two()
    expect(by.at(MINUTE, merge('erik', 1, 1))).toMatchObject([{ refusal: { code: 'same-incident' } }])
    expect(by.at(MINUTE, merge('erik', 1, 7))).toMatchObject([{ refusal: { code: 'unknown-incident', incident: 7 } }])
    by.at(MINUTE, merge('erik', 2, 1))
    expect(by.at(MINUTE, merge('erik', 2, 1))).toMatchObject([{ refusal: { code: 'merged-before', into: 1 } }])
    expect(by.at(MINUTE, merge('erik', 1, 2))).toMatchObject([{ refusal: { code: 'merged-before', into: 1 } }])
    expect(by.at(MINUTE, { type: 'reopen', by: 'erik', incident: 2 })).toMatchObject([
      { refusal: { code: 'merged-before' } },
    ])
  })

  test('an alert that was split off stays where it is, when it comes again', () => {
    const by = watch()
    by.at(0, firing('home'), firing('login'))
    by.at(MINUTE, ack('dana'))
    expect(by.at(MINUTE, { type: 'split', by: 'dana', incident: 1, what: { keys: ['login'] } })).toMatchObject([
      { how: 'split', other: 2, paged: [] },
    ])
    expect(by.incident(2)).toMatchObject({
      service: 'webmail',
      apart: true,
      state: 'acked',
      ackedBy: 'dana',
      firing: 1,
    })
    by.at(2 * MINUTE, firing('login', { severity: 'critical', seenAt: T0 }), firing('search'))
    expect(by.incident(1).alerts.map(({ key }) => key)).toEqual(['home', 'search'])
    expect(by.desk.alerts['webmail/login']?.incident).toBe(2)
    by.at(3 * MINUTE, recovered('login'))
    expect([by.incident(1).state, by.incident(2).state]).toEqual(['acked', 'resolved'])
  })

  test('nobody has it: whoever answers for what was split off is paged', () => {
    const by = watch(rules({ services: SERVICES }))
    by.at(0, down('disks'), down('webmail'))
    by.at(MINUTE, { type: 'split', by: 'erik', incident: 1, what: { service: 'webmail' } })
    expect(by.incident(2)).toMatchObject({ service: 'webmail', apart: false, state: 'paging', splitFrom: 1 })
    expect(by.pages(2)).toEqual(['1m dana s1'])
  })
})

describe('the response', () => {
  const acked = (incidents = {}) => {
    const by = watch(rules({ incidents }))
    by.at(0, firing())
    by.at(MINUTE, ack('dana'))
    return by
  }

  test('an update that is due: counted from the acknowledgement, the last word, and the last reminder; never while it is paged', () => {
    const by = watch(rules({ incidents: { updateEveryMs: { critical: 30 * MINUTE } } }))
    by.at(0, firing())
    by.until(4 * MINUTE)
    by.at(4 * MINUTE, ack('dana'))
    expect(by.dueAt()).toBeLessThanOrEqual(T0 + 34 * MINUTE)
    by.until(20 * MINUTE)
    by.at(20 * MINUTE, { type: 'give-update', by: 'dana', incident: 1, text: 'we look' })
    by.at(21 * MINUTE, { type: 'give-role', by: 'dana', incident: 1, role: 'commander', person: 'sam' })
    by.until(2 * HOUR)
    const due = by.facts.flatMap((fact) =>
      fact.type === 'update-overdue' ? [[(fact.at - T0) / MINUTE, ...fact.to]] : [],
    )
    expect(due).toEqual([
      [50, 'sam'],
      [80, 'sam'],
      [110, 'sam'],
    ])
    by.at(2 * HOUR, resolve('dana'))
    by.until(4 * HOUR)
    expect(by.facts.filter(({ type }) => type === 'update-overdue')).toHaveLength(3)
  })

  test('what was slept through is reminded of once', () => {
    const by = acked({ updateEveryMs: { critical: 10 * MINUTE } })
    by.at(3 * HOUR)
    expect(by.facts.filter(({ type }) => type === 'update-overdue')).toHaveLength(1)
  })

  test('as it is already: nothing is put on record', () => {
    const by = acked()
    const before = by.facts.length
    const same: Event[] = [
      { type: 'set-severity', by: 'dana', incident: 1, severity: 'critical' },
      { type: 'set-status', by: 'dana', incident: 1, status: 'investigating', text: null },
    ]
    expect(by.at(MINUTE, ...same)).toMatchObject([{ how: 'unchanged' }, { how: 'unchanged' }])
    expect(by.facts).toHaveLength(before)
  })

  test('people and roles that nobody knows are refused', () => {
    const by = acked()
    const give = (role: string, person: string | null): Event => ({
      type: 'give-role',
      by: 'dana',
      incident: 1,
      role,
      person,
    })
    expect(
      by.at(MINUTE, give('king', 'sam'), give('scribe', 'zoe'), give('scribe', null), give('constructor', 'sam')),
    ).toMatchObject([
      { refusal: { code: 'unknown-role' } },
      { refusal: { code: 'unknown-person' } },
      { refusal: { code: 'no-role-holder' } },
      { refusal: { code: 'unknown-role' } },
    ])
  })

  test('reopened while its service has another one: refused; else whoever says so has it', () => {
    const by = acked()
    by.at(2 * MINUTE, resolve('dana'))
    by.at(3 * MINUTE, { type: 'reopen', by: 'sam', incident: 1 })
    expect(by.incident()).toMatchObject({ state: 'acked', ackedBy: 'sam', resolvedAt: null, status: 'investigating' })
    expect(by.desk.alerts['webmail/home']?.recheckAt).toBeNull()
    by.at(4 * MINUTE, resolve('sam'))
    by.at(5 * MINUTE, declare('erik', 'again'))
    expect(by.at(6 * MINUTE, { type: 'reopen', by: 'sam', incident: 1 })).toMatchObject([
      { refusal: { code: 'another-open', other: 2 } },
    ])
  })
})

describe('tasks that are due', () => {
  const add = (text: string, owner: string | null, dueMs: number | null): Event => ({
    ...{ type: 'add-task', by: 'erik', incident: 1, text, owner },
    dueAt: dueMs === null ? null : T0 + dueMs,
  })
  const changed = (task: number, to: object): Event => ({ type: 'change-task', by: 'sam', incident: 1, task, ...to })
  const reminders = (by: ReturnType<typeof watch>) =>
    by.facts.flatMap((fact) =>
      fact.type === 'tasks-due'
        ? [`${(fact.at - T0) / HOUR}h ${fact.tasks} ${fact.to}${fact.again ? ' again' : ''}`]
        : [],
    )
  const over = () => {
    const by = watch()
    by.at(0, firing(), ack('dana'))
    by.at(MINUTE, add('disk', 'sam', 2 * HOUR), add('quota', 'sam', 2 * HOUR), add('never', 'sam', null))
    by.at(2 * MINUTE, add('report', null, 3 * HOUR), recovered())
    return by
  }

  test('their owner is reminded as they come due and once a day from then on, also when it is over', () => {
    const by = over()
    expect(by.dueAt()).toBe(T0 + 2 * HOUR)
    by.until(30 * HOUR)
    expect(reminders(by)).toEqual(['2h 1,2 sam', '3h 4 erik', '26h 1,2 sam again', '27h 4 erik again'])
    const told = by.owed.filter(({ about }) => about.kind === 'duty' && about.person === 'sam')
    // What was given to him by another, and what is due, twice.
    expect(told).toHaveLength(5)
  })

  test('until they are done, or due at another time', () => {
    const by = over()
    by.until(2 * HOUR)
    by.at(
      3 * HOUR - MINUTE,
      changed(1, { done: true }),
      changed(2, { dueAt: T0 + 8 * HOUR }),
      changed(4, { dueAt: null }),
    )
    by.until(20 * HOUR)
    expect(reminders(by)).toEqual(['2h 1,2 sam', '8h 2 sam'])
  })

  test('whoever has left is not reminded, but whoever wanted it; and what was slept through is told once', () => {
    const by = watch()
    by.at(0, firing(), ack('dana'), unreachable('sam'))
    by.at(MINUTE, add('disk', 'sam', 2 * HOUR))
    by.at(80 * HOUR)
    expect(reminders(by)).toEqual(['80h 1 erik'])
    expect(by.dueAt()).toBe(T0 + 104 * HOUR)
  })

  test('in the channel while the incident is open, and by DM alone when it is over', () => {
    const posts = (by: ReturnType<typeof watch>) => {
      const ids = by.facts.flatMap(({ type, id }) => (type === 'tasks-due' ? [`post/1/${id}`] : []))
      return by.owed.filter(({ key }) => ids.includes(key)).length
    }
    const open = watch()
    open.at(0, firing(), ack('dana'), add('disk', 'sam', HOUR))
    open.until(26 * HOUR)
    const closed = over()
    closed.until(26 * HOUR)
    expect([posts(open), posts(closed)]).toEqual([1, 0])
  })
})

describe('what people said', () => {
  const of = (facts: readonly Recorded[]) => capturesOf(facts).map(({ text }) => text)
  const capture = (ts: string): Event => ({ type: 'capture', by: 'sam', incident: 1, said: said(ts) })
  const changed = (ts: string, change: object): Event =>
    ({ type: 'capture-changed', incident: 1, message: { channel: 'C0INC', ts }, change }) as Event

  test('counts once, stands at its own time, and follows what becomes of it', () => {
    const by = watch()
    by.at(0, firing())
    by.at(MINUTE, capture('5'), capture('5'))
    const captured = by.facts.filter(({ type }) => type === 'captured')
    expect(captured).toHaveLength(1)
    expect(captured.map(happenedAt)).toEqual([5_000])
    const edit = (text: string, editedAt: number) => changed('5', { what: 'edited', text, files: [], editedAt })
    by.at(2 * MINUTE, edit('second', 20), edit('first', 10), changed('9', { what: 'deleted', deletedAt: 1 }))
    expect(of(by.facts)).toEqual(['second'])
    by.at(3 * MINUTE, changed('5', { what: 'deleted', deletedAt: 30 }))
    expect(capturesOf(by.facts)).toMatchObject([{ text: 'second', editedAt: 20, deletedAt: 30 }])
    by.at(4 * MINUTE, changed('5', { what: 'uncaptured', by: 'sam' }))
    expect(of(by.facts)).toEqual([])
    expect(by.at(5 * MINUTE, capture('5'))).toMatchObject([{ how: 'captured' }])
  })

  test('a note of what is still to come is none', () => {
    const by = watch()
    by.at(0, firing())
    const note = (happenedAt: number): Event => ({ type: 'note', by: 'dana', incident: 1, text: 'x', happenedAt })
    expect(by.at(MINUTE, note(T0 - HOUR), note(T0 + HOUR))).toMatchObject([
      { how: 'noted' },
      { refusal: { code: 'in-future' } },
    ])
  })
})

describe('a private one', () => {
  const open = () => {
    const by = watch()
    by.at(0, { type: 'declare', by: 'erik', title: 'secret', severity: 'critical', service: 'webmail', private: true })
    return by
  }

  test('is known to those who are in it, and to nobody else', () => {
    const by = open()
    expect([...insiders(by.incident())].sort()).toEqual(['dana', 'erik'])
    expect(['dana', 'erik', 'sam', null].map((name) => mayKnow(by.incident(), name))).toEqual([
      true,
      true,
      false,
      false,
    ])
    by.at(MINUTE, { type: 'give-role', by: 'dana', incident: 1, role: 'scribe', person: 'sam' })
    expect(mayKnow(by.incident(), 'sam')).toBe(true)
  })

  test('stands beside what everybody sees of its service', () => {
    const by = open()
    by.at(MINUTE, firing(), declare('nora', 'webmail hangs'))
    expect(by.incident(1)).toMatchObject({ private: true, alerts: [] })
    expect(by.incident(2)).toMatchObject({ private: false, alerts: [{ key: 'home' }] })
    by.at(2 * MINUTE, {
      type: 'declare',
      by: 'erik',
      title: 'more',
      severity: 'critical',
      service: 'webmail',
      private: true,
    })
    expect(by.incident(3).private).toBe(true)
    expect(by.facts.filter(({ type, incident }) => type === 'note' && incident === 2)).toHaveLength(1)
  })

  test('owes no announcement, no loud post and no heads-up, whoever does not answer', () => {
    const by = open()
    by.until(HOUR)
    expect(by.incident().state).toBe('exhausted')
    const kinds = new Set(by.owed.map(({ about }) => about.kind))
    expect([...kinds].filter((kind) => ['announcement', 'loud', 'heads-up', 'notice'].includes(kind))).toEqual([])
    expect(kinds).toContain('page')
    expect(kinds).toContain('channel')
  })
})
