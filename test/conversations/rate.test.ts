import { appendFileSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { API_TOKEN, type Driver, startBot } from '../support/bot.ts'
import { type StandIn, standIn } from '../support/stand-in.ts'

/** A Prometheus as far as it is asked: one number, none (null), or out of order (undefined). */
let answer: number | null | undefined
let server: StandIn
let bot: Driver
beforeEach(async () => {
  answer = 800
  server = await standIn((_, response) => {
    if (answer === undefined) response.statusCode = 503
    const result = answer === null ? [] : [{ metric: {}, value: [0, String(answer)] }]
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }))
  })
})
afterEach(async () => {
  await bot.close()
  await server.close()
})

const start = async (...monitors: string[]) => {
  const lines = monitors.map((monitor) => `  ${monitor}\n`).join('')
  bot = await startBot({ config: (text) => text.replace(/ {2}home: .*\n/, lines), probes: false, rates: true })
}
const asked = () =>
  `requests: { service: webmail, rate: { prometheus: "${server.url}", query: "sum(rate(x[1m]))" }, every: 15s }`

/** A busy rate that is never quite the same, for so many of its samples. */
async function busy(samples: number): Promise<void> {
  for (let n = 0; n < samples; n++) {
    answer = 800 + ((n * 7919) % 60)
    await bot.advance('15s')
  }
}
const signals = async () => {
  const { rows } = await bot.store.pool.query(
    `select body ->> 'summary' as said from inbox where source = 'monitor' order by id`,
  )
  return rows.map(({ said }: { said: string }) => said)
}

test('a busy rate that falls to nothing pages within two samples, on its first day, and says what is usual', async () => {
  await start(asked())
  await busy(30)
  expect(bot.paged()).toEqual([])
  answer = 0
  await bot.advance('30s')
  expect(bot.paged()).toEqual(['nora'])
  const [page = ''] = bot.dm('nora')
  expect(page).toMatch(/requests has (gone silent|dropped to 0)/)
  expect(page).toMatch(/usually \d+ to \d+|expected \d+ to \d+/)
  const charts = () => JSON.stringify(bot.slack.dm('U0NORA')).match(/"data_visualization"/g)?.length ?? 0
  expect(charts()).toBe(1)
  await bot.press('nora', 'Acknowledge')
  expect(charts()).toBe(1)
  expect(await bot.type('nora', '/monitor show requests')).toMatch(/Still learning/)
  await busy(8)
  expect((await signals()).at(-1)).toMatch(/^requests is as usual again: 8\d\d/)
})

test('what people say of an alarm is on its page, counts once for each alarm, and outlasts a restart', async () => {
  await start(asked())
  await busy(20)
  answer = 0
  await bot.advance('30s')
  expect(bot.paged()).toEqual(['nora'])
  await bot.press('nora', 'Acknowledge')
  await bot.press('nora', 'False alarm')
  expect(bot.dm('nora').at(-1)).toMatch(/`requests`: <@U0NORA> says it was a \*false alarm\*/)
  expect(await bot.press('nora', 'False alarm')).toContain('You said before that `requests` was a *false alarm*')
  const budget =
    /Told in the last 90 days: 1 false alarm\. It rings at what comes by chance once in 2 months instead of once a month/
  const shown = await bot.type('nora', '/monitor show requests')
  expect(shown).toMatch(/Rings since .*requests has (gone silent|dropped to 0).*\(by chance once in/)
  expect(shown).toMatch(budget)
  await bot.restart()
  await busy(4)
  expect(await bot.type('nora', '/monitor show requests')).toMatch(budget)
  // Somebody else has looked, too: the last word counts.
  expect(await bot.type('dana', '/monitor feedback requests real')).toMatch(
    /<@U0DANA>: in \*INC-1\*, `requests` was \*real\*.*1 real one/,
  )
  expect(bot.dm('nora')[0]).toMatch(
    /<@U0NORA> says it was a \*false alarm\*, <@U0DANA> says it was \*real\*; the last word counts/,
  )
  expect(await bot.type('dana', '/monitor feedback requests maybe')).toContain('Was it a false alarm, or real?')
  expect(await bot.type('dana', '/monitor feedback requests real INC-9')).toContain('There is no INC-9')
})

test('a source that cannot be read is an alarm of its own, and a rate of zero none of the source', async () => {
  await start(asked())
  await busy(12)
  answer = undefined
  await bot.advance('32s')
  expect(bot.paged()).toEqual(['nora'])
  expect((await signals()).at(-1)).toBe(
    'requests: its source cannot be read: 503 Service Unavailable; nobody watches the rate meanwhile',
  )
  expect(await bot.type('nora', '/monitor list down')).toContain('its source cannot be read: 503')
  await busy(3)
  expect((await signals()).at(-1)).toBe('requests: its source can be read again: the rate is watched again')
})

test('what was learned outlasts a restart: no sample is lost, and none counts twice', async () => {
  await start(asked())
  await busy(20)
  const samples = async () =>
    (await bot.store.pool.query('select count(*)::int as n from rate_samples')).rows[0].n as number
  const before = await samples()
  await bot.restart()
  await busy(4)
  expect(await samples()).toBe(before + 4)
  // A workspace that does not know charts yet: the page goes out without one, and a picture follows in its thread.
  bot.slack.fault({ kind: 'error', error: 'invalid_blocks', method: 'chat.postMessage', channel: 'nora', count: 1 })
  answer = 0
  await bot.advance('30s')
  expect(bot.paged()).toEqual(['nora'])
  expect(bot.dm('nora')[0]).toContain('[Acknowledge]')
  const pages = bot.calls('chat.postMessage').filter(({ args }) => JSON.stringify(args).includes('watchbill_page'))
  expect(pages.map(({ args }) => JSON.stringify(args).includes('data_visualization'))).toEqual([false])
  const { rows } = await bot.store.pool.query(`select result ->> 'ts' as ts from owed where kind = 'page'`)
  const [shared] = bot.calls('files.completeUploadExternal')
  expect(shared?.args).toMatchObject({ thread_ts: rows[0].ts, initial_comment: expect.stringContaining('the band') })
  const [file] = bot.slack.workspace.files.values()
  expect(file).toMatchObject({ name: 'requests.png', title: 'requests until the alarm' })
  const bytes = Buffer.from(file?.bytes ?? [])
  expect(bytes.subarray(1, 4).toString()).toBe('PNG')
  expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([960, 360])
})

test('counts are pushed: added up, once each however often they are sent; silence pages, and who is late is told', async () => {
  await start('logins: { service: webmail, rate: { push: true }, every: 1m, floor: 5 }')
  const push = async (body: object, monitor = 'logins') => {
    const response = await fetch(`${bot.url}/v1/rates/${monitor}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${API_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const at = () => new Date(bot.clock.now()).toISOString()
  for (let minute = 0; minute < 4; minute++) {
    const counted = [
      { count: 4, at: at(), from: 'web-1' },
      { count: 6, at: at(), from: 'web-2' },
    ]
    expect(await push(counted)).toEqual({ status: 202, body: { accepted: 2, late: 0 } })
    expect((await push(counted)).status).toBe(202)
    await bot.advance('60s')
  }
  const { rows } = await bot.store.pool.query('select value from rate_samples order by slot_at')
  expect(new Set(rows.slice(1).map(({ value }: { value: number }) => value))).toEqual(new Set([10]))
  expect(bot.paged()).toEqual([])
  const old = new Date(bot.clock.now() - 180_000).toISOString()
  expect(await push({ count: 1, at: old })).toEqual({ status: 202, body: { accepted: 1, late: 1 } })

  await push({ count: 2 })
  await bot.advance('100s')
  expect(bot.paged()).toEqual(['nora'])
  expect((await signals())[0]).toMatch(/^logins is at 2, below its floor of 5/)

  expect(await push({ count: -1 })).toMatchObject({ status: 400 })
  expect(await push({ count: 1, at: 'yesterday' })).toMatchObject({
    status: 400,
    body: { detail: 'Nothing was stored: #/0/at is no instant: write 2026-11-23T07:00:00Z, or UTC milliseconds.' },
  })
  expect(await push({ count: 1, at: bot.clock.now() + 3_600_000 })).toMatchObject({ status: 400 })
  expect(await push({ count: 1 }, 'nothing')).toMatchObject({ status: 404 })
})

test('the lines of a log are counted: silence pages, and a log that cannot be read is no zero', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'watchbill-lines-'))
  const file = join(folder, 'access.log')
  writeFileSync(file, '')
  try {
    const monitors = [
      `access: { service: webmail, severity: warning, log: { file: "${file}", canary: 5m } }`,
      'errors: { service: webmail, rate: { log: access, match: "^5" }, every: 15s, ceiling: 20 }',
    ]
    bot = await startBot({
      config: (text) => text.replace(/ {2}home: .*\n/, monitors.map((monitor) => `  ${monitor}\n`).join('')),
      ...{ probes: false, rates: true, logs: true },
    })
    const lines = (n: number, status = 500) => appendFileSync(file, `${status} /compose\n`.repeat(n))
    // What stands in it when it is first read is no news.
    await bot.advance('15s')
    for (let slot = 0; slot < 4; slot++) {
      lines(3)
      lines(9, 200)
      await bot.advance('15s')
    }
    await bot.advance('45s')
    const values = async () => {
      const { rows } = await bot.store.pool.query('select value from rate_samples order by slot_at')
      return rows.map(({ value }: { value: number }) => value)
    }
    expect((await values()).reduce((sum, value) => sum + value, 0)).toBe(12)
    expect((await values()).at(-1)).toBe(0)
    expect(await bot.type('nora', '/monitor show errors')).toContain('Counts the lines of `access` that match `^5`')
    unlinkSync(file)
    const before = (await values()).length
    await bot.advance('75s')
    expect((await signals()).at(-1)).toMatch(/^errors: its source cannot be read: the log `access` is not being read: /)
    expect(await values()).not.toContain(null)
    expect((await values()).length - before).toBeLessThan(4)
    writeFileSync(file, '')
    await bot.advance('60s')
    lines(21)
    await bot.advance('50s')
    expect((await signals()).filter((said) => said.startsWith('errors')).at(-1)).toMatch(
      /^errors is at 21, above its ceiling of 20/,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
