import { describe, expect, test } from 'vitest'
import { fits, isNamedLikeCopy, isRotated, logLedger } from '../../src/domain/detect/log-coverage.ts'

const file = (path: string, isRead = false) => ({ path, isRead, madeAt: 1, writtenAt: 2 })

test('a log that nobody reads is a gap; what is read, ignored, or of former days is none', () => {
  const source = { logs: '/var/log/app/*', service: 'webmail', ignore: ['debug*.log', '/var/log/app/access.log'] }
  const listed = [
    'a.log',
    'a.log.1',
    'a.log.2.gz',
    'a-20261123.log',
    'debug-2.log',
    'access.log',
    'spam-error.log',
    'gone.log.3',
  ]
  expect(
    logLedger(source, [
      ...listed.map((name) => file(`/var/log/app/${name}`, name === 'a.log')),
      file('/var/log/app/b.1', true),
    ]),
  ).toEqual({
    ...{ logs: '/var/log/app/*', service: 'webmail' },
    read: ['/var/log/app/a.log', '/var/log/app/b.1'],
    ignored: ['/var/log/app/debug-2.log', '/var/log/app/access.log'],
    gaps: [{ path: '/var/log/app/spam-error.log', madeAt: 1, writtenAt: 2 }],
  })
})

describe('of former days is', () => {
  test.for<[path: string, is: boolean, what: string]>([
    ['/l/app.log.1', true, 'what is counted'],
    ['/l/app.log.17', true, 'what is counted'],
    ['/l/app.log.2.gz', true, 'what is packed'],
    ['/l/app.log-20261123', true, 'what is dated beside the log'],
    ['/l/app-20261123.log', true, 'what is dated beside the log, within its name'],
    ['/l/app-2026-11-23.log', true, 'what is dated beside the log, within its name'],
    ['/l/app.log', false, 'not the log'],
    ['/l/app-error.log', false, 'not another'],
    ['/l/access-20261123.log', false, 'not what is dated by itself: it may be what is written today'],
    ['/l/10.0.0.1', false, 'not what is named by an address'],
  ])('%s: %s, %s', ([path, is]) => {
    expect(isRotated(path, ['/l/app.log', '/l/app-error.log', path])).toBe(is)
  })

  test('the name of a copy is that of its log and a number or a date', () => {
    expect(isNamedLikeCopy('app.log.1', 'app.log')).toBe(true)
    expect(isNamedLikeCopy('app.1.log', 'app.log')).toBe(true)
    expect(isNamedLikeCopy('app.log', 'app.log')).toBe(false)
    expect(isNamedLikeCopy('app.log.old', 'app.log')).toBe(false)
    expect(isNamedLikeCopy('syslog.1', 'syslog')).toBe(true)
  })
})

test('a pattern is a name with * and ?, and nothing else in it means anything', () => {
  expect(fits('/a/b.log', '/a/*.log')).toBe(true)
  expect(fits('/a/b/c.log', '/a/*.log')).toBe(false)
  expect(fits('/a/bxlog', '/a/b.log')).toBe(false)
  expect(fits('b1.log', 'b?.log')).toBe(true)
  expect(fits('a+(b)[c].log', 'a+(b)[c].log')).toBe(true)
  expect(fits(`${'a'.repeat(10_000)}b`, `${'*a'.repeat(20)}c`)).toBe(false)
})
