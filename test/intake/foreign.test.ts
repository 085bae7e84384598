import { afterEach, describe, expect, test } from 'vitest'
import type { Signal } from '../../src/domain/event.ts'
import { intakeDigest } from '../../src/tokens.ts'
import { startBot } from '../support/bot.ts'
import { rules } from '../support/builders.ts'
import { type Front, startFront, TOKEN } from '../support/front.ts'

const KEY = '0123456789abcdef0123456789abcdef'
const OTHER = 'fedcba9876543210fedcba9876543210'
const known = rules({ services: { webmail: { intake: [intakeDigest(KEY)] }, imap: { intake: [intakeDigest(OTHER)] } } })

let front: Front
afterEach(() => front?.close())
const start = async (more: Parameters<typeof startFront>[0] = {}) => {
  front = await startFront({ behind: { rules: () => known, ...more.behind } })
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const post = (path: string, body: unknown, headers: Record<string, string> = bearer(KEY)) =>
  fetch(`${front.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const signals = () => front.taken.map(({ event }) => event as Signal)

/** As Alertmanager sends it. */
const alert = (change: object = {}) => ({
  status: 'firing',
  labels: { alertname: 'DiskFull', instance: 'mx1:9100', severity: 'page' },
  annotations: { summary: 'The disk of mx1 is full', description: 'Only 1 % is left.' },
  startsAt: '2026-11-23T07:00:00.000Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://prometheus/graph',
  fingerprint: '1a30ba71cca2921f',
  ...change,
})
const group = (...alerts: object[]) => ({
  ...{
    version: '4',
    groupKey: '{}',
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'watchbill',
    externalURL: 'http://am',
  },
  ...{ groupLabels: {}, commonLabels: {}, commonAnnotations: {}, alerts },
})

describe('Alertmanager and Grafana', () => {
  test.each(['alertmanager', 'grafana'])(
    '%s: each alert of a group by itself, firing and resolved mixed',
    async (source) => {
      await start()
      const over = alert({
        status: 'resolved',
        fingerprint: 'aaaa',
        labels: { alertname: 'Slow', severity: 'warning' },
      })
      const answer = await post(`/v1/alerts/${source}/webmail`, group(alert(), over))
      expect([answer.status, await answer.json()]).toEqual([202, { accepted: 2 }])
      expect(signals().map(({ key, status, severity }) => [key, status, severity])).toEqual([
        ['DiskFull/1a30ba71cca2921f', 'firing', 'critical'],
        ['Slow/aaaa', 'resolved', 'warning'],
        ['Slow/aaaa', 'resolved', 'warning'],
        ['Slow/aaaa', 'resolved', 'warning'],
      ])
      expect(signals()[0]).toMatchObject({ headline: 'The disk of mx1 is full', service: 'webmail' })
      expect(signals()[0]?.evidence.map(({ saw }) => saw)).toEqual(
        expect.arrayContaining([
          'description: Only 1 % is left.',
          'instance: mx1:9100',
          'link: http://prometheus/graph',
        ]),
      )
    },
  )

  test('the same again is the same, and a beginning that comes after its end is the same as that end', async () => {
    await start()
    await post('/v1/alerts/alertmanager/webmail', group(alert({ status: 'resolved' })))
    await post('/v1/alerts/alertmanager/webmail', group(alert()))
    await post('/v1/alerts/alertmanager/webmail', group(alert({ startsAt: '2026-11-23T08:00:00.000Z' })))
    const keys = front.taken.map(({ key }) => key)
    // Its end has taken the places of this minute and of the next.
    expect(keys.slice(0, 2)).toContain(keys[3])
    expect(new Set(keys).size).toBe(4)
  })

  test('a watchdog that always fires opens nothing; thousands of alerts are one request', async () => {
    await start()
    const watchdog = alert({ labels: { alertname: 'Watchdog', severity: 'none' } })
    const many = Array.from({ length: 1_200 }, (_, n) => alert({ fingerprint: `f${n}` }))
    const answer = await post('/v1/alerts/alertmanager/webmail', group(watchdog, ...many))
    expect(await answer.json()).toEqual({ accepted: 1_200 })
    expect(front.taken).toHaveLength(1_200)
  })

  test('takes the token of the service, the API token, and no other', async () => {
    await start()
    const path = '/v1/alerts/alertmanager/webmail'
    const basic = { authorization: `Basic ${Buffer.from(`prometheus:${KEY}`).toString('base64')}` }
    expect((await post(path, group(alert()), basic)).status).toBe(202)
    expect((await post(path, group(alert()), bearer(TOKEN))).status).toBe(202)
    const before = front.taken.length
    for (const wrong of [bearer(OTHER), bearer('guessed'), {}])
      expect((await post(path, group(alert()), wrong)).status).toBe(401)
    expect((await post('/v1/alerts', [], bearer(KEY))).status).toBe(401)
    expect((await post('/v1/alerts/grafana/nosuch', group(alert()), bearer(TOKEN))).status).toBe(404)
    expect((await post(path, { alerts: [{ status: 'maybe' }] })).status).toBe(400)
    expect(front.taken).toHaveLength(before)
  })

  test('what the store does not take is to be sent again', async () => {
    await start({ behind: { take: () => Promise.reject(new Error('away')) } })
    const answer = await post('/v1/alerts/alertmanager/webmail', group(alert()))
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).not.toBeNull()
    expect((await post('/v2/enqueue', { routing_key: KEY, event_action: 'resolve', dedup_key: 'x' })).status).toBe(503)
  })
})

describe('PagerDuty', () => {
  const trigger = (change: object = {}) => ({
    routing_key: KEY,
    event_action: 'trigger',
    dedup_key: 'srv01/disk',
    client: 'Monitoring',
    payload: {
      ...{ summary: 'The disk of srv01 is full', source: 'srv01', severity: 'error', component: 'postgres' },
      custom_details: { free: '1 %' },
    },
    links: [{ href: 'https://example.com/runbook', text: 'Runbook' }],
    ...change,
  })

  test('is spoken as it speaks: trigger, acknowledge, resolve', async () => {
    await start()
    const answer = await post('/v2/enqueue', trigger(), {})
    expect(answer.status).toBe(202)
    expect(await answer.json()).toEqual({ status: 'success', message: 'Event processed', dedup_key: 'srv01/disk' })
    for (const event_action of ['acknowledge', 'resolve'])
      expect((await post('/v2/enqueue', { routing_key: KEY, event_action, dedup_key: 'srv01/disk' }, {})).status).toBe(
        202,
      )
    expect(signals().map(({ key, status, service }) => [key, status, service])).toEqual([
      ['srv01/disk', 'firing', 'webmail'],
      ['srv01/disk', 'resolved', 'webmail'],
    ])
    expect(signals()[0]?.evidence.map(({ saw }) => saw)).toEqual(
      expect.arrayContaining(['source: srv01', 'free: 1 %', 'link 1: Runbook https://example.com/runbook']),
    )
  })

  test('makes a key where there is none, and refuses what is no event, or nobody’s', async () => {
    await start()
    const made = (await (await post('/v2/enqueue', trigger({ dedup_key: undefined }), {})).json()) as {
      dedup_key: string
    }
    expect(made.dedup_key).toMatch(/^[0-9a-f]{32}$/)
    const bad = [
      trigger({ routing_key: 'x'.repeat(32) }),
      trigger({ payload: { summary: '', source: 'a', severity: 'error' } }),
      trigger({ payload: { summary: 'a', source: 'a', severity: 'loud' } }),
      { routing_key: KEY, event_action: 'resolve' },
      '"text"',
    ]
    for (const body of bad) {
      const answer = await post('/v2/enqueue', body, {})
      expect(answer.status).toBe(400)
      expect(await answer.json()).toMatchObject({ status: 'invalid event', errors: [expect.any(String)] })
    }
    expect(front.taken).toHaveLength(1)
  })
})

test('from Alertmanager to the page, and well again; repeats and reordering page nobody twice', async () => {
  const bot = await startBot({
    probes: false,
    config: (config) => config.replace('channel: C0OPS }', `channel: C0OPS, intake: ${KEY} }`),
  })
  try {
    const send = (...alerts: object[]) =>
      fetch(`${bot.url}/v1/alerts/alertmanager/webmail`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...bearer(KEY) },
        body: JSON.stringify(group(...alerts)),
      })
    await send(alert({ status: 'resolved', fingerprint: 'late' }))
    await send(alert({ fingerprint: 'late' }))
    await bot.rest()
    expect(bot.paged()).toEqual([])
    for (let n = 0; n < 3; n++) expect((await send(alert())).status).toBe(202)
    await bot.rest()
    expect(bot.paged()).toEqual(['nora'])
    expect(bot.dm('nora')[0]).toContain('The disk of mx1 is full')
    await send(alert({ status: 'resolved' }))
    await bot.rest()
    expect((await bot.facts()).at(-1)?.type).toBe('resolved')
  } finally {
    await bot.close()
  }
})
