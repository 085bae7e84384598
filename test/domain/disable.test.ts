import { expect, test } from 'vitest'
import type { Event } from '../../src/domain/event.ts'
import type { Monitor } from '../../src/domain/rules.ts'
import { firing, HOUR, MINUTE, recovered, rules, SECOND, T0, watch } from '../support/builders.ts'
import { httpMonitor } from '../support/probed.ts'

const monitor = (name: string, service: string, dependsOn: string[] = []): Monitor => ({
  ...{ ...httpMonitor('http://x/'), name, service, dependsOn, everyMs: 10 * SECOND, timeoutMs: 5 * SECOND },
})
const backup: Monitor = {
  ...{ name: 'backup', service: 'web', severity: 'critical', kind: 'heartbeat' },
  ...{ rhythm: { kind: 'every', everyMs: 1 }, graceMs: 1, maxRunMs: null, minEveryMs: null },
}
const company = {
  ...rules({ services: { net: {}, mail: {}, web: {} } }),
  monitors: {
    switch: monitor('switch', 'net'),
    smtp: monitor('smtp', 'mail', ['switch']),
    imap: monitor('imap', 'mail'),
    shop: monitor('shop', 'web', ['smtp']),
    backup,
  },
}
const disable = (name: string, untilAt = HOUR, by = 'nora'): Event => ({
  ...{ type: 'disable', by, monitor: name, reason: 'new disk', untilAt: T0 + untilAt },
})
const approve = (by = 'dana', silence = 1): Event => ({ type: 'disable-approve', by, silence })
const down = (name: string, service: string) => firing(name, { service, monitor: name })
const what = (w: ReturnType<typeof watch>) => w.facts.flatMap((fact) => (fact.type === 'silence' ? [fact.what] : []))

test('it takes two people, and holds from when the second says so', () => {
  const w = watch(company)
  expect(w.at(0, disable('smtp'))).toMatchObject([{ how: 'disable-asked', silence: 1 }])
  expect(w.at(SECOND, approve('nora'))).toMatchObject([{ refusal: { code: 'own-disable' } }])
  expect(w.desk.silences[0]?.state).toBe('asked')
  expect(w.at(MINUTE, approve())).toMatchObject([{ how: 'disabled' }])
  expect(w.desk.silences[0]).toMatchObject({ state: 'active', approvedBy: 'dana', fromAt: T0 + MINUTE })
  expect(w.at(MINUTE, approve('sam'))).toMatchObject([{ refusal: { code: 'silence-over' } }])
  w.until(HOUR)
  expect(what(w)).toEqual(['asked', 'disabled', 'ending', 'ended'])
  expect(w.desk.silences[0]).toMatchObject({ state: 'returning', awaiting: ['smtp'] })
})

test('nobody approves: it goes on looking, and what it says pages meanwhile', () => {
  const w = watch(company)
  w.at(0, disable('smtp'))
  w.at(MINUTE, down('smtp', 'mail'))
  expect(w.pages()).toEqual(['1m dana s1'])
  w.until(15 * MINUTE)
  expect(what(w)).toEqual(['asked', 'lapsed'])
  expect(w.at(16 * MINUTE, approve())).toMatchObject([{ refusal: { code: 'silence-over' } }])
})

test('what would leave a service to nobody is refused, and names it; also when others went meanwhile', () => {
  const w = watch(company)
  expect(w.at(0, disable('switch'))).toMatchObject([
    { refusal: { code: 'left-unwatched', monitor: 'switch', services: ['net'] } },
  ])
  w.at(0, disable('smtp'), disable('imap', HOUR, 'sam'))
  expect(w.at(SECOND, approve('dana', 1), approve('dana', 2))).toMatchObject([
    { how: 'disabled' },
    { refusal: { code: 'left-unwatched', monitor: 'imap', services: ['mail'] } },
  ])
})

test('a second time, for too long, for what reports by itself, or for nothing it is refused', () => {
  const w = watch(company)
  w.at(0, disable('smtp'))
  expect(w.at(0, disable('smtp'))).toMatchObject([{ refusal: { code: 'disabled-before', silence: 1 } }])
  expect(w.at(0, disable('imap', 9 * HOUR))).toMatchObject([{ refusal: { code: 'bad-silence' } }])
  expect(w.at(0, disable('backup'))).toMatchObject([{ refusal: { code: 'nothing-to-disable' } }])
  expect(w.at(0, disable('gone'))).toMatchObject([{ refusal: { code: 'unknown-target' } }])
  expect(w.at(0, { type: 'silence-extend', by: 'nora', silence: 1, untilAt: T0 + 2 * HOUR })).toMatchObject([
    { refusal: { code: 'disable-not-extended' } },
  ])
})

test('whoever thinks better of it has it look again, alone', () => {
  const w = watch(company)
  w.at(0, disable('smtp'))
  w.at(SECOND, { type: 'silence-end', by: 'sam', silence: 1 })
  w.at(MINUTE, disable('smtp'))
  w.at(MINUTE, approve('dana', 2))
  expect(w.at(2 * MINUTE, { type: 'silence-end', by: 'sam', silence: 2 })).toMatchObject([{ how: 'ended' }])
  expect(what(w)).toEqual(['asked', 'cancelled', 'asked', 'disabled', 'ended'])
})

test('what depends on it depends on what it depended on: nothing is held back by what does not look', () => {
  const w = watch(company)
  w.at(0, down('smtp', 'mail'))
  w.at(MINUTE, disable('smtp'), approve())
  // It was down when it was switched off, and nobody knows since.
  w.at(2 * MINUTE, down('shop', 'web'))
  expect(w.incident(2)).toMatchObject({ service: 'web', alerts: [{ key: 'shop' }] })
  w.at(3 * MINUTE, recovered('shop', { service: 'web', monitor: 'shop' }))
  w.at(3 * MINUTE + SECOND, down('switch', 'net'))
  w.at(4 * MINUTE, down('shop', 'web'))
  expect(w.desk.alerts['web/shop']).toMatchObject({ incident: null, held: { by: 'switch' } })
})
