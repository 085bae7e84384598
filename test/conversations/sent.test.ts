import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'

const KEY = '0123456789abcdef0123456789abcdef'

let bot: Driver
beforeEach(async () => {
  bot = await startBot({
    probes: false,
    config: (config) =>
      `${config.replace('channel: C0OPS }', `channel: C0OPS, intake: ${KEY} }\n  imap: { policy: mail }`)}
intake: { routes: [{ when: { team: imap }, service: imap }] }
`,
  })
})
afterEach(() => bot.close())

const post = async (path: string, body: object) => {
  const answer = await fetch(`${bot.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
    body: JSON.stringify(body),
  })
  expect(answer.status).toBe(202)
  const said = (await answer.json()) as { dedup_key?: string }
  await bot.rest()
  return said
}
const enqueue = (event_action: string, dedup_key: string, custom_details: object = {}) =>
  post('/v2/enqueue', {
    ...{ routing_key: KEY, event_action, dedup_key },
    ...(event_action === 'trigger' && {
      payload: { summary: 'It fails', source: 'x', severity: 'error', custom_details },
    }),
  })
const states = async (key: string) =>
  (await bot.store.pool.query(`select service, status from alerts where doc ->> 'key' = $1`, [key])).rows

test('an alert that ended because nobody repeated it fires again with the time at which it began first', async () => {
  const startsAt = new Date(bot.clock.now()).toISOString()
  const say = (status: string) =>
    post('/v1/alerts/alertmanager/webmail', {
      alerts: [{ status, labels: { alertname: 'Twice' }, startsAt, fingerprint: 'twice' }],
    })
  await say('firing')
  expect(bot.paged()).toEqual(['nora'])
  await say('resolved')
  // Late, and out of order: nothing.
  await say('firing')
  await bot.advance('5m')
  expect(bot.paged()).toEqual(['nora'])
  await say('firing')
  expect(bot.paged()).toEqual(['nora', 'nora'])
})

test('what a rule sent elsewhere is over there, when its end repeats no label', async () => {
  await enqueue('trigger', 'routed', { team: 'imap' })
  expect(await states('routed (from webmail)')).toEqual([{ service: 'imap', status: 'firing' }])
  // Another sender's, who calls it the same.
  await bot.alert({ key: 'routed', service: 'imap', monitor: null })
  await enqueue('resolve', 'routed')
  expect(await states('routed (from webmail)')).toEqual([{ service: 'imap', status: 'resolved' }])
  expect(await states('routed')).toEqual([{ service: 'imap', status: 'firing' }])
})

test('two alerts without a name are two', async () => {
  const first = await enqueue('trigger', '')
  const second = await enqueue('trigger', '')
  expect(first.dedup_key).toMatch(/\S/)
  expect(second.dedup_key).not.toBe(first.dedup_key)
})

test('what somebody sends under the name of a monitor of ours is not that monitor', async () => {
  await enqueue('trigger', 'home')
  expect(await states('home')).toEqual([])
  expect(await states('home (sent)')).toEqual([{ service: 'webmail', status: 'firing' }])
  await enqueue('resolve', 'home')
  expect(await states('home (sent)')).toEqual([{ service: 'webmail', status: 'resolved' }])
})

test('two alerts that differ only in what is secret are two, and neither says it', async () => {
  for (const of of ['a1b2c3d4-1', 'a1b2c3d4-2']) await enqueue('trigger', `probe?token=${of}`)
  const { rows } = await bot.store.pool.query(`select key, doc::text as doc from alerts`)
  expect(new Set(rows.map(({ key }) => key)).size).toBe(2)
  expect(JSON.stringify(rows)).not.toContain('a1b2c3d4')
})
