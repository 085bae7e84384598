import { afterEach, beforeEach, expect, test } from 'vitest'
import { API_TOKEN, type Driver, startBot, until } from '../support/bot.ts'

let bot: Driver
beforeEach(async () => {
  bot = await startBot()
})
afterEach(() => bot.close())

const headers = { authorization: `Bearer ${API_TOKEN}` }

/** A scrape: the value of each series, by its name with its labels. */
async function scrape(): Promise<{ text: string; series: Map<string, number>; ms: number }> {
  const began = Date.now()
  const response = await fetch(`${bot.url}/metrics`, { headers })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4')
  const text = await response.text()
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const series = new Map(samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]))
  return { text, series, ms: Date.now() - began }
}

const alert = (key: string) =>
  fetch(`${bot.url}/v1/alerts`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ key, service: 'webmail', status: 'firing', severity: 'critical', summary: `${key} fails` }),
  })

test('a scrape says how everything does', async () => {
  bot.target.fail()
  await bot.advance('2m')
  await bot.advance('4m')
  const { series } = await scrape()
  for (const [name, value] of Object.entries({
    [`watchbill_build_info{version="test",node="${process.versions.node}"}`]: 1,
    watchbill_store_up: 1,
    'watchbill_pages_sent_total{late="no"}': 2,
    'watchbill_pages_sent_total{late="yes"}': 0,
    watchbill_page_send_seconds_count: 2,
    // The first page of an incident is no escalation.
    watchbill_escalation_late_seconds_count: 1,
    'watchbill_escalation_late_seconds_bucket{le="2"}': 1,
    'watchbill_owed_attempts_total{kind="page",outcome="done"}': 2,
    watchbill_pages_late: 0,
    watchbill_inbox_depth: 0,
    watchbill_inbox_oldest_seconds: 0,
    'watchbill_owed_open{kind="page"}': 0,
    'watchbill_owed_overdue_seconds{kind="page"}': 0,
    'watchbill_monitors{state="down"}': 1,
    watchbill_slack_trouble: 0,
    'watchbill_timetable_lag_seconds{entry="probes"}': 0,
  }))
    expect(series.get(name), name).toBe(value)
  expect(series.get('watchbill_slack_requests_total{method="chat.postMessage",outcome="ok"}')).toBeGreaterThan(2)
  // The second comes a moment after the first.
  expect(series.get('watchbill_slack_socket_connections')).toBeGreaterThan(0)
})

test('what waits is counted, with its age', async () => {
  bot.slack.fault({ kind: 'ratelimited', method: 'chat.postMessage', channel: 'nora', retry_after: 600, count: 1 })
  await bot.alert()
  const before = await scrape()
  expect(before.series.get('watchbill_owed_open{kind="page"}')).toBe(1)
  expect(before.series.get('watchbill_slack_requests_total{method="chat.postMessage",outcome="again"}')).toBe(1)
  await bot.store.pool.query(
    `insert into inbox (source, key, lane, body, received_at) values ('slack', 'stuck', 'slack', '{}', $1)`,
    [bot.clock.now() - 42_000],
  )
  const { series } = await scrape()
  expect(series.get('watchbill_inbox_depth')).toBe(1)
  expect(series.get('watchbill_inbox_oldest_seconds')).toBe(42)
})

test('names are as Prometheus wants them, and nothing that comes in makes a series', async () => {
  await alert('first')
  await bot.rest()
  await fetch(`${bot.url}/v1/nothing`)
  const before = await scrape()
  for (const name of before.series.keys())
    expect(name).toMatch(/^watchbill_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})?$/)
  const described = [...before.text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => ({
    name,
    type,
  }))
  expect(described.length).toBeGreaterThan(15)
  for (const { name, type } of described) {
    expect(before.text).toContain(`# HELP ${name} `)
    expect(name.endsWith('_total'), name).toBe(type === 'counter')
  }
  for (let n = 0; n < 20; n++) {
    await alert(`key-${n}`)
    await fetch(`${bot.url}/v1/nothing/${n}?x=${n}`)
  }
  await bot.rest()
  const grown = [...(await scrape()).series.keys()].filter((name) => !before.series.has(name))
  expect(
    grown.filter((name) => !/kind="(burst|page-view|summary)"|chat\.update|route="\/(metrics|v1\/alerts)"/.test(name)),
  ).toEqual([])
})

test('the store is down: answered within a second, without what only the store knows', async () => {
  bot.trouble.storeDown = true
  const down = await scrape()
  bot.trouble.storeDown = false
  bot.trouble.storeSlowMs = 2_000
  const slow = await scrape()
  bot.trouble.storeSlowMs = 0
  for (const { series, ms } of [down, slow]) {
    expect(ms).toBeLessThan(10_000)
    expect(series.get('watchbill_store_up')).toBe(0)
    expect(series.get('watchbill_slack_socket_connections')).toBeGreaterThan(0)
    for (const name of ['watchbill_inbox_depth', 'watchbill_owed_open{kind="page"}', 'watchbill_monitors{state="up"}'])
      expect(series.has(name), name).toBe(false)
  }
  await until(async () => (await scrape()).series.get('watchbill_store_up') === 1, 'the store to be seen again', 5_000)
})
