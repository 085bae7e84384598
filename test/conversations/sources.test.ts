import { afterAll, beforeAll, expect, test } from 'vitest'
import { API_TOKEN, type Driver, startBot } from '../support/bot.ts'

const KEY = '0123456789abcdef0123456789abcdef'
const IMAP = 'fedcba9876543210fedcba9876543210'

/** One bot for all of it: each test leaves everything resolved. */
let bot: Driver
beforeAll(async () => {
  bot = await startBot({
    probes: false,
    heartbeats: true,
    config: (config) =>
      config
        .replace('channel: C0OPS }', `channel: C0OPS, intake: ${KEY} }\n  imap: { policy: mail, intake: ${IMAP} }`)
        .replace(
          /monitors:[\s\S]*/,
          `monitors:
  prometheus: { service: webmail, heartbeat: { alerts: alertmanager, every: 50s, grace: 10s } }
intake:
  quota: 10
  routes: [{ when: { team: imap }, service: imap }, { when: { source: "lab*" }, severity: info }]
`,
        ),
  })
  await bot.advance('1s')
})
afterAll(() => bot.close())

const post = (path: string, body: object, token = KEY) =>
  fetch(`${bot.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  })
async function alertmanager(alertname: string, status = 'firing', labels: object = {}): Promise<number> {
  const startsAt = new Date(bot.clock.now()).toISOString()
  const alert = { status, labels: { alertname, ...labels }, startsAt, fingerprint: alertname }
  const { status: answered } = await post('/v1/alerts/alertmanager/webmail', { alerts: [alert] })
  await bot.rest()
  return answered
}
const trigger = (n: number, token = KEY, event_action = 'trigger') =>
  post('/v2/enqueue', {
    ...{ routing_key: token, event_action, dedup_key: `check-${n}` },
    payload: { summary: `Check ${n} fails`, source: 'lab-1', severity: 'error' },
  })
const isOver = async (incident: number) => (await bot.facts(incident)).some(({ type }) => type === 'resolved')
const lastPage = () => bot.dm('nora').at(-1) ?? ''

test('a source that never called is an alarm, and so is one that has called and does not; its Watchdog pages nobody', async () => {
  await bot.advance('50s')
  expect(bot.paged()).toEqual([])
  await bot.advance('11s')
  expect(lastPage()).toContain('prometheus has never called')
  expect(lastPage()).toContain('the Watchdog alert from Alertmanager has not come once in 1 min')
  expect(lastPage()).toContain('Alerts of webmail that come this way may not arrive')
  expect(await alertmanager('Watchdog')).toBe(202)
  expect(await isOver(1)).toBe(true)
  await bot.advance('50s')
  await alertmanager('Watchdog')
  await bot.advance('55s')
  expect(bot.paged()).toHaveLength(1)
  await bot.advance('6s')
  expect(lastPage()).toContain('prometheus has not called')
  expect(lastPage()).toContain('has not come for 1 min')
  await alertmanager('Watchdog')
  expect(await isOver(2)).toBe(true)
})

test('a Watchdog that ends says at once that whatever makes it has stopped', async () => {
  const before = bot.paged().length
  await alertmanager('Watchdog', 'resolved')
  expect(bot.paged()).toHaveLength(before + 1)
  expect(lastPage()).toContain('prometheus has stopped')
  // What comes all the same is no line in that incident: it pages.
  await alertmanager('DiskFull')
  expect(bot.paged()).toHaveLength(before + 2)
  await alertmanager('DiskFull', 'resolved')
  await alertmanager('Watchdog')
  expect(await isOver(3)).toBe(true)
})

test('rules say to which service an alert belongs and how bad it is', async () => {
  const before = bot.paged().length
  await alertmanager('Mailboxes', 'firing', { team: 'imap' })
  expect((await bot.facts(5)).find(({ type }) => type === 'detected')).toMatchObject({ service: 'imap' })
  expect(bot.paged()).toHaveLength(before + 1)
  await alertmanager('Mailboxes', 'resolved', { team: 'imap' })
  await trigger(1)
  await bot.rest()
  expect(bot.paged()).toHaveLength(before + 1)
  await trigger(1, KEY, 'resolve')
  await bot.rest()
})

test('what is over the quota of one service is refused, counted and said, and touches no other', async () => {
  const before = bot.paged().length
  const answers = await Promise.all(Array.from({ length: 15 }, (_, n) => trigger(n + 10)))
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThanOrEqual(5)
  expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await trigger(1, IMAP)).status).toBe(202)
  await expect.poll(() => bot.dm('nora').at(-1)).toContain('are refused: too many')
  expect(lastPage()).toContain(`${refused.length} alerts of webmail by the PagerDuty address were refused`)
  expect(bot.paged()).toHaveLength(before + 1)
  expect(
    await (await fetch(`${bot.url}/metrics`, { headers: { authorization: `Bearer ${API_TOKEN}` } })).text(),
  ).toContain(`alerts_refused_total{source="pagerduty"} ${refused.length}`)
})
