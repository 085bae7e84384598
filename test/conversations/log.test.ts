import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { API_TOKEN, type Driver, MONDAY_NIGHT, startBot } from '../support/bot.ts'
import { type LogPlace, startElasticsearch, startLoki } from '../support/log-places.ts'

let bot: Driver
let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watchbill-log-'))
  file = join(folder, 'antispam-error.log')
  writeFileSync(file, '')
})
afterEach(async () => {
  await bot?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The bot with one log monitor in place of its probe. */
const start = async (log: string, more = '', at = MONDAY_NIGHT) => {
  const config = (text: string) =>
    text.replace(/ {2}home: .*\n/, `  errors: { service: webmail, log: { ${log} }${more} }\n`)
  bot = await startBot({ config, at, probes: false, logs: true })
}
const alerts = async () => {
  const { rows } = await bot.store.pool.query(`select key, doc ->> 'status' as status from alerts order by key`)
  return Object.fromEntries(rows.map(({ key, status }: { key: string; status: string }) => [key, status]))
}
const signals = async () =>
  (
    await bot.store.pool.query(`select body ->> 'summary' as said from inbox where source = 'monitor' order by id`)
  ).rows.map(({ said }: { said: string }) => said)

describe('a log that should be empty', () => {
  test('the first line pages, with the line in the page, inert; quiet ends it', async () => {
    await start(`file: "${file}", expect: empty, quiet: 1m`)
    await bot.advance('3s')
    expect(bot.paged()).toEqual([])
    appendFileSync(file, '\u001b[31mcannot parse <!channel> *rules* in /etc/antispam.conf:17\u001b[0m\nsecond\n')
    await bot.advance('2s')
    expect(bot.paged()).toEqual(['nora'])
    const [page = ''] = bot.dm('nora')
    expect(page).toContain('a line in a log that should be empty')
    expect(page).toContain('rules')
    expect(page).toContain('/etc/antispam.conf:17')
    expect(page).toContain('second')
    expect(JSON.stringify(bot.slack.dm('U0NORA'))).not.toMatch(/<!channel>|\\u001b|\[31m/)
    await bot.advance('70s')
    expect(await alerts()).toEqual({ errors: 'resolved' })
    expect((await signals()).at(-1)).toBe('errors is quiet again: no such line for 1 min, after 2')
  })

  test('what is in it already is an alarm', async () => {
    writeFileSync(file, 'from yesterday\n')
    await start(`file: "${file}", expect: empty`)
    await bot.advance('2s')
    expect(bot.paged()).toEqual(['nora'])
    expect(bot.dm('nora')[0]).toContain('from yesterday')
  })

  test('a file that is gone is an alarm of its own, until it is there again', async () => {
    await start(`file: "${file}", expect: empty`)
    await bot.advance('3s')
    unlinkSync(file)
    await bot.advance('9s')
    expect(bot.paged()).toEqual([])
    await bot.advance('5s')
    expect(bot.paged()).toEqual(['nora'])
    expect(bot.dm('nora')[0]).toContain('the log is not being read: there is no such file')
    expect(bot.dm('nora')[0]).toContain(file.replaceAll('_', '_\u200b'))
    writeFileSync(file, '')
    await bot.advance('20s')
    // What stood in it when it went, nobody knows.
    expect(await alerts()).toEqual({ 'errors (lost lines)': 'firing', 'errors (reading)': 'resolved' })
  })

  test('a stop in between loses nothing and repeats nothing, whatever rotates the log meanwhile', async () => {
    await start(`file: "${file}", match: { pattern: "line", count: 1 }, quiet: 20s`)
    await bot.advance('2s')
    appendFileSync(file, 'line 1\n')
    await bot.advance('2s')
    expect(await signals()).toEqual([expect.stringContaining('line 1')])
    await bot.restart('5s')
    await bot.advance('2s')
    expect(await signals()).toHaveLength(1)
    await bot.advance('30s')
    expect(await signals()).toHaveLength(2)
    await bot.restart('0s')
    appendFileSync(file, 'line 2\n')
    renameSync(file, `${file}.1`)
    writeFileSync(file, 'nothing\n')
    await bot.advance('2s')
    expect((await signals()).slice(2)).toEqual([expect.stringContaining('line 2')])
    expect(await alerts()).toEqual({ errors: 'firing' })
  })

  test('while the store is away nothing is lost, and nothing is told twice after it', async () => {
    await start(`file: "${file}", expect: empty`)
    await bot.advance('2s')
    bot.trouble.storeDown = true
    appendFileSync(file, 'while it was away\n')
    bot.clock.advanceTo(bot.clock.now() + 2_000)
    await new Promise((resolve) => setTimeout(resolve, 100))
    bot.trouble.storeDown = false
    await bot.advance('3s')
    expect(await signals()).toEqual([expect.stringContaining('while it was away')])
    expect(bot.paged()).toEqual(['nora'])
  })
})

test('a line of a shape never seen before pages with the shape, once shapes are learned; until then that is shown', async () => {
  await start(`file: "${file}", new_shapes: 1m, match: { pattern: "FATAL", count: 2 }, quiet: 1m`)
  await bot.advance('2s')
  for (let n = 0; n < 5; n++) appendFileSync(file, `mail ${n} of user${n} was sent to 10.0.0.${n}\n`)
  await bot.advance('2s')
  const shown = await bot.type('erik', '/monitor show errors')
  expect(shown).toContain(
    'Alarms: 2 lines that match `FATAL` within 5 min; a line of a shape never seen before. A failure is critical.',
  )
  expect(shown).toMatch(
    /It still learns the shapes of its lines\*, until .*: no new one .* \(1 shape in 5 lines so far, for \d s\)/,
  )
  expect(await bot.type('erik', '/monitor')).toContain(', learns until ')
  await bot.advance('60s')
  appendFileSync(file, 'mail 7 of user9 was sent to 10.0.0.9\n')
  await bot.advance('2s')
  expect(await signals()).toEqual([])
  appendFileSync(file, 'no route to 10.0.0.9 <!here>\n')
  await bot.advance('2s')
  expect(bot.paged()).toEqual(['nora'])
  expect(bot.dm('nora')[0]).toContain('a line of a shape never seen before')
  expect(bot.dm('nora')[0]).toMatch(/of the shape: no route to &lt;ip&gt; &lt;!here&gt;/)
  expect(await bot.type('erik', '/monitor show errors')).toMatch(/It knows 2 shapes in 7 lines, since/)
})

test('whoever takes the watch hears which monitors still learn', async () => {
  await start(`file: "${file}", new_shapes: 1h`, '', Date.parse('2026-11-23T07:44:40+01:00'))
  await bot.advance('25s')
  expect(bot.channel('ops').join()).toMatch(
    /`errors` still learns what is usual, until .*: what is new to it pages nobody before that/,
  )
})

describe('the canary', () => {
  test('is written and read back, and is no line', async () => {
    await start(`file: "${file}", expect: empty, canary: 1m`)
    await bot.advance('130s')
    expect(readFileSync(file, 'utf8').match(/^watchbill-canary [0-9a-f]{16} \S+$/gm)).toHaveLength(3)
    expect(await signals()).toEqual([])
    const { rows } = await bot.store.pool.query('select state from logs')
    expect(rows[0]).toMatchObject({ state: { status: 'up', canary: { out: [], unwritten: null } } })
  })

  test('that is lost is an alarm', async () => {
    await start(`file: "${file}", expect: empty, canary: 1m`)
    for (let n = 0; n < 33; n++) {
      await bot.advance('1s')
      truncateSync(file)
    }
    await bot.rest()
    expect(bot.dm('nora')[0]).toContain('a marked line that Watchbill wrote into it has not come back')
    await bot.advance('30s')
    expect(await alerts()).toEqual({ 'errors (lost lines)': 'firing', 'errors (reading)': 'resolved' })
    expect(bot.channel('ops').join()).toContain('lines may have been lost')
    expect(await signals()).toContainEqual(
      `errors: lines may have been lost: it was emptied, overwritten or made anew, and no copy of it stands beside it (${file}); nobody has read what was written to it in the 1 s before`,
    )
  })
})

describe('lines that are pushed', () => {
  const push = async (body: string | Buffer, type = 'text/plain', name = 'errors') => {
    const headers = { authorization: `Bearer ${API_TOKEN}`, 'content-type': type }
    const response = await fetch(`${bot.url}/v1/logs/${name}`, { method: 'POST', headers, body: body as string })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  test('page like those of a file; by the time of the answer it is on record', async () => {
    await start('push: true, expect: empty')
    expect(await push('cannot parse <!here> rules\nsecond\n')).toEqual({ status: 202, body: { accepted: 2 } })
    expect(await signals()).toEqual(['errors: a line in a log that should be empty: cannot parse <!here> rules'])
    await bot.rest()
    expect(bot.paged()).toEqual(['nora'])
    expect(JSON.stringify(bot.slack.dm('U0NORA'))).not.toContain('<!here>')
    expect((await push('more\n')).status).toBe(202)
    expect(await signals()).toHaveLength(1)
  })

  test('many at once are one alarm, and every one is counted', async () => {
    await start('push: true, expect: empty')
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => push(`line ${n}\n`)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
    const { rows } = await bot.store.pool.query('select state from logs')
    expect(rows[0]).toMatchObject({ state: { lines: { status: 'down', count: 50 } } })
    expect(await signals()).toHaveLength(1)
  })

  test('as JSON lines, and refused in words', async () => {
    await start('push: true, match: { pattern: "ERR" }')
    const type = 'application/x-ndjson'
    expect(
      (await push('{"line":"ok","host":"mx1"}\n{"line":"ERR 1","at":"2026-11-23T02:59:00+01:00"}\n', type)).status,
    ).toBe(202)
    expect(await signals()).toEqual([expect.stringContaining('ERR 1')])
    for (const [body, detail] of [
      ['{"line":1}', /line/],
      ['nonsense', /line/],
      ['{"line":"x","at":"yesterday"}', /no instant/],
      ['', /empty/],
    ] as const) {
      const refused = await push(body, type)
      expect(refused).toMatchObject({ status: 400, body: { detail: expect.stringMatching(detail) } })
    }
    expect(await push('x', 'text/plain', 'nothing')).toMatchObject({ status: 404 })
    expect(await push('x'.repeat(1_000_001))).toMatchObject({ status: 413 })
    expect(await push('x\n'.repeat(10_001))).toMatchObject({ status: 413 })
    expect((await push(Buffer.from([0, 0xff, 0x1b, 0x0a]))).status).toBe(202)
    expect((await push(`${'ERR'.repeat(100_000)}\n`)).status).toBe(202)
    const open = await fetch(`${bot.url}/v1/logs/errors`, { method: 'POST', body: 'x' })
    expect(open.status).toBe(401)
  })

  test('are not taken while the store is away', async () => {
    await start('push: true, expect: empty')
    bot.trouble.storeDown = true
    expect(await push('x\n')).toMatchObject({ status: 503 })
    bot.trouble.storeDown = false
    expect(await signals()).toEqual([])
    expect(await push('x\n')).toMatchObject({ status: 202 })
  })

  test('in bodies that never end hold nothing up, and nothing of them counts', async () => {
    await start('push: true, expect: empty')
    const { port } = new URL(bot.url)
    const head = `POST /v1/logs/errors HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${API_TOKEN}\r\nContent-Type: text/plain\r\n`
    const slow = Array.from({ length: 100 }, () => connect(Number(port), '127.0.0.1'))
    for (const socket of slow) socket.on('error', () => {}).write(`${head}Content-Length: 1000\r\n\r\nhalf a line\n`)
    const cutOff = connect(Number(port), '127.0.0.1').on('error', () => {})
    cutOff.write(`${head}Content-Length: 1000\r\n\r\ncut off\n`)
    await new Promise((resolve) => setTimeout(resolve, 200))
    cutOff.destroy()
    const began = performance.now()
    expect((await push('whole\n')).status).toBe(202)
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(await signals()).toEqual([expect.stringMatching(/: whole$/)])
    for (const socket of slow) socket.destroy()
  })

  test('whose marked line does not come are an alarm', async () => {
    await start('push: true, expect: empty, canary: 1m')
    await bot.advance('5s')
    await push('Nov 23 mx1 shipper: watchbill-canary\n')
    await bot.advance('80s')
    expect(bot.paged()).toEqual([])
    await bot.advance('20s')
    expect(bot.dm('nora')[0]).toContain('the marked line that must arrive in it at intervals has not come')
    await push('Nov 23 mx1 shipper: watchbill-canary\n')
    await bot.rest()
    expect(await signals()).toHaveLength(2)
  })
})

describe('lines that are asked for', () => {
  let place: LogPlace
  afterEach(() => place.close())
  const write = (line: string, lateMs = 0) => place.lines.push({ at: bot.clock.now() - lateMs, line })

  test('page from Loki: also those that arrive late, each once; and what does not answer is an alarm of its own', async () => {
    place = await startLoki()
    await start(
      `loki: "${place.url}", query: '{app="x"} |= "error"', expect: empty, quiet: 2m, headers: { authorization: "Bearer s3cret-1" }`,
    )
    await bot.advance('60s')
    expect(await signals()).toEqual([])
    expect(await bot.type('erik', '/monitor show errors')).toContain(
      `Asks Loki at \`${new URL(place.url).host}\` for \`{app="x"} |= "error"\` every 30 s, 1 min back for what comes late`,
    )
    write('info: well')
    write('error: cannot parse <!channel> rules', 20_000)
    await bot.advance('31s')
    expect(bot.paged()).toEqual(['nora'])
    expect(bot.dm('nora')[0]).toContain('rules')
    expect(bot.dm('nora')[0]).toContain('a line in a log that should be empty')
    await bot.restart('10s')
    await bot.advance('3m')
    expect(await alerts()).toEqual({ errors: 'resolved' })
    place.sick = (response) => response.writeHead(503).end()
    await bot.advance('65s')
    expect(await alerts()).toEqual({ errors: 'resolved', 'errors (reading)': 'firing' })
    expect(bot.dm('nora').join()).toContain('the log is not being read: Loki answered 503 Service Unavailable')
    write('error: while it was away')
    await bot.advance('2m')
    place.sick = null
    await bot.advance('15s')
    expect(await alerts()).toEqual({ errors: 'firing', 'errors (reading)': 'resolved' })
    expect(await signals()).toHaveLength(5)
    expect(place.asked[0]?.headers.authorization).toBe('Bearer s3cret-1')
    const { rows } = await bot.store.pool.query(
      `select body::text as said from inbox union all select state::text from logs`,
    )
    expect(rows.map(({ said }) => said).join()).not.toContain('s3cret-1')
  })

  test('count in a window, of Elasticsearch, and its marked line goes the same way', async () => {
    place = await startElasticsearch()
    await start(
      `elasticsearch: "${place.url}", index: "logs-*", query: "error", match: { count: 3, within: 1m }, canary: 1m, every: 10s`,
    )
    for (let n = 0; n < 4; n++) {
      await bot.advance('31s')
      write('error: watchbill-canary')
      write(`error ${n}`)
    }
    expect(await signals()).toEqual([])
    write('error, the second')
    write('error, the third')
    await bot.advance('11s')
    expect(await signals()).toEqual([expect.stringMatching(/^errors: 3 lines that its query finds: error/)])
    await bot.advance('3m')
    expect((await signals())[1]).toContain('the marked line that must arrive in it at intervals has not come')
  })
})

test('what was read and not told is counted, for whoever asks afterwards why nobody was paged by it', async () => {
  await start(`file: "${file}", match: [{ pattern: "quota", count: 3, within: 1m }]`)
  await bot.advance('2s')
  appendFileSync(file, 'started\nquota full\nquota full\n')
  await bot.type('erik', '/incident declare webmail mail is lost')
  await bot.advance('30s')
  await bot.type('erik', '/incident resolve INC-1')
  const draft = await fetch(`${bot.url}/v1/incidents/1/postmortem?format=markdown`, {
    headers: { authorization: `Bearer ${API_TOKEN}` },
  })
  expect(await draft.text()).toMatch(
    /- `errors`: \*\*below its threshold\*\*: 2 of 3 lines matched, and it takes 3 within 1 min\. Fix: lower the count/,
  )
})
