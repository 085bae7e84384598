import { describe, expect, test } from 'vitest'
import {
  calledBy,
  fits,
  foreignKey,
  isOfThePath,
  type Listener,
  mayBeAt,
  ofSubject,
  routed,
} from '../../src/domain/intake.ts'

const listener = (hears: Listener['hears']): Listener => ({ name: 'prometheus', hears })
const alertmanager = [listener({ source: 'alertmanager', when: null })]
const watchdog = { alertname: 'Watchdog', severity: 'none' }
const disk = { alertname: 'DiskFull', team: 'db' }
const firing = (labels: Record<string, string>) => ({ status: 'firing' as const, labels })
const over = (labels: Record<string, string>) => ({ status: 'resolved' as const, labels })

describe('what a call says to a heartbeat', () => {
  test.each([
    ['its Watchdog fires', 'alertmanager', [firing(disk), firing(watchdog)], ['success']],
    ['its Watchdog has ended', 'alertmanager', [over(watchdog)], ['fail']],
    ['one Watchdog has ended and another fires', 'alertmanager', [over(watchdog), firing(watchdog)], ['success']],
    ['no Watchdog: that alerts come says nothing of those that do not', 'alertmanager', [firing(disk)], []],
    ['by another source', 'grafana', [firing(watchdog)], []],
  ] as const)('%s', (_, source, alerts, says) => {
    expect(calledBy(alertmanager, source, alerts).map(({ kind }) => kind)).toEqual(says)
  })

  test('of a source without a watchdog any call counts, and of one with a rule of its own what fits', () => {
    expect(calledBy([listener({ source: 'pagerduty', when: null })], 'pagerduty', [over({})])).toEqual([
      { monitor: 'prometheus', kind: 'success' },
    ])
    const nightly = [listener({ source: 'mail', when: { subject: 'Backup * OK*' } })]
    expect(calledBy(nightly, 'mail', [firing({ subject: 'Backup of db1 OK (3 GB)' })])).toHaveLength(1)
    expect(calledBy(nightly, 'mail', [firing({ subject: 'Backup of db1 failed' })])).toEqual([])
    // Its subject says that all is well, and not that an alert is over.
    expect(calledBy(nightly, 'mail', [over({ subject: 'Backup OK' })])).toEqual([])
    const well = [listener({ source: 'mail', when: { subject: 'OK: Backup*' } })]
    expect(calledBy(well, 'mail', [over({ subject: 'OK: Backup of db1' })])).toMatchObject([{ kind: 'success' }])
  })

  test('a watchdog pages nobody, whether or not anybody waits for it; with a rule of its own likewise', () => {
    expect(isOfThePath([], 'alertmanager', watchdog)).toBe(true)
    expect(isOfThePath([], 'alertmanager', { alertname: 'InfoInhibitor' })).toBe(true)
    expect(isOfThePath([], 'alerts', watchdog)).toBe(false)
    expect(isOfThePath(alertmanager, 'alertmanager', disk)).toBe(false)
    const own = [listener({ source: 'alertmanager', when: { alertname: 'Alive', cluster: 'eu' } })]
    expect(isOfThePath(own, 'alertmanager', { alertname: 'Alive', cluster: 'eu' })).toBe(true)
    expect(isOfThePath(own, 'alertmanager', { alertname: 'Alive', cluster: 'us' })).toBe(false)
  })
})

test.each([
  [{ team: 'db' }, { team: 'db', more: 'x' }, true],
  [{ team: 'db' }, { team: 'database' }, false],
  [{ team: 'd*' }, { team: 'database' }, true],
  [{ team: '*a*a*' }, { team: 'database' }, true],
  [{ team: 'ab*b' }, { team: 'ab' }, false],
  [{ team: '*' }, {}, false],
  [{ constructor: '*' }, {}, false],
  [{ team: '*', host: 'mx?' }, { team: 'a', host: 'mx1' }, false],
])('%j of %j: %s', (when, labels, is) => {
  expect(fits(when as unknown as Record<string, string>, labels as Record<string, string>)).toBe(is)
})

test('the first rule that names a service says which, and likewise the severity', () => {
  const routes = [
    { when: { team: 'db' }, service: null, severity: 'critical' as const },
    { when: { alertname: 'Disk*' }, service: 'database', severity: 'info' as const },
    { when: { team: '*' }, service: 'website', severity: null },
  ]
  const came = { service: 'webmail', severity: 'warning' as const }
  expect(routed(came, disk, { routes })).toEqual({ service: 'database', severity: 'critical' })
  expect(routed(came, { team: 'web' }, { routes })).toEqual({ service: 'website', severity: 'warning' })
  expect(routed(came, {}, { routes })).toEqual(came)
})

describe('the subject of a mail', () => {
  const none = { key: null, resolved: null }
  test.each([
    ['** PROBLEM Service Alert: web1/HTTP is CRITICAL **', '** RECOVERY Service Alert: web1/HTTP is OK **'],
    ['Problem: High CPU on db1', 'Resolved in 5m 0s: High CPU on db1'],
    ['[FIRING] Disk full', '[RESOLVED] Disk full'],
    ['Host DOWN: mx1', 'OK: Host mx1'],
  ])('%s is over with %s', (begins, ends) => {
    const [first, last] = [ofSubject(begins, none), ofSubject(ends, none)]
    expect([first.status, last.status]).toEqual(['firing', 'resolved'])
    expect(last.key).toBe(first.key)
  })

  test('in the middle a word of health ends nothing: too loud is the safe side', () => {
    expect(ofSubject('Disk full, nothing is OK', none).status).toBe('firing')
    expect(ofSubject('Okapi exporter fails', none).status).toBe('firing')
    expect(ofSubject('', none)).toEqual({ key: 'mail', status: 'firing' })
  })

  test('by patterns of one’s own', () => {
    const rules = { key: 'alarm (\\d+)', resolved: 'cleared at' }
    expect(ofSubject('alarm 17 on mx1', rules)).toEqual({ key: '17', status: 'firing' })
    expect(ofSubject('alarm 17 cleared at 07:00', rules)).toEqual({ key: '17', status: 'resolved' })
    expect(ofSubject('Other matters', rules).key).toBe('other matters')
  })
})

describe('where the end of an alert belongs', () => {
  const routes = [
    { when: { component: 'db*' }, service: 'database', severity: null },
    { when: { component: 'mail', team: 'eu' }, service: 'webmail', severity: null },
    { when: { source: 'lab' }, service: null, severity: 'info' as const },
  ]

  test.each<[object, string[]]>([
    [{}, ['shop', 'database', 'webmail']],
    [{ component: 'db-1', severity: '' }, ['shop', 'database']],
    [{ team: 'us' }, ['shop', 'database']],
    [{ component: 'web' }, ['shop']],
  ])('with the labels %j', (labels, services) => {
    expect(mayBeAt('shop', labels as Record<string, string>, { routes })).toEqual(services)
  })
})

test.each([
  ['web', 'web (sent)'],
  ['web: return', 'web: return (sent)'],
  ['web (source)', 'web (source) (sent)'],
  ['web/too-often', 'web/too-often (sent)'],
  ['over quota/pagerduty', 'over quota/pagerduty (sent)'],
  ['deploy/7', 'deploy/7 (sent)'],
  ['web-2', 'web-2'],
  ['disk of web', 'disk of web'],
  ['api', 'api'],
  ['constructor', 'constructor'],
])('the key %s of another system is known as %s: it ends nothing of ours', (key, known) => {
  expect(foreignKey(key, 'shop', { web: { service: 'shop' }, api: { service: 'other' } })).toBe(known)
})
