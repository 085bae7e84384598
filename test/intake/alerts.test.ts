import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sleep } from '../../src/clock.ts'
import type { Signal } from '../../src/domain/event.ts'
import { API_TOKEN, type Driver, startBot } from '../support/bot.ts'
import { type Front, startFront, TOKEN } from '../support/front.ts'

const alert = (what: object = {}) => ({
  key: 'disk',
  service: 'webmail',
  status: 'firing',
  severity: 'critical',
  summary: 'The disk of mx1 is full',
  ...what,
})

interface Answer {
  status: number
  headers: Headers
  body: { accepted?: number; ids?: number[]; detail?: string; errors?: { pointer: string; detail: string }[] }
}

async function post(url: string, token: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] }
}

describe('an alert, to the page', () => {
  let bot: Driver
  beforeEach(async () => {
    bot = await startBot({ probes: false })
  })
  afterEach(() => bot.close())

  const send = (body: unknown, headers: Record<string, string> = {}) =>
    post(`${bot.url}/v1/alerts`, API_TOKEN, body, headers)
  const inTray = async () => {
    const { rows } = await bot.store.pool.query(`select id, body from inbox where source = 'alerts' order by id`)
    return rows as { id: number; body: Record<string, unknown> }[]
  }
  const onRecord = async (key: string) => {
    const { rows } = await bot.store.pool.query('select doc from alerts where key = $1', [key])
    return (rows[0] as { doc: { count: number; status: string } } | undefined)?.doc
  }

  test('is on record before it is answered, and pages whoever is on duty', async () => {
    const answer = await send(alert({ details: { mount: '/var', used: 100 } }))
    expect(answer).toMatchObject({ status: 202, body: { accepted: 1, ids: [expect.any(Number)] } })
    expect((await inTray()).map(({ id }) => id)).toEqual(answer.body.ids)
    await bot.rest()
    expect(bot.paged()).toEqual(['nora'])
    for (const words of ['The disk of mx1 is full', 'mount: /var', 'used: 100'])
      expect(bot.dm('nora')[0]).toContain(words)
  })

  test('again while it fires: counted, and nobody is paged again; over: its incident is resolved', async () => {
    for (let n = 0; n < 3; n++) {
      expect((await send(alert())).status).toBe(202)
      await bot.rest()
    }
    expect(await onRecord('disk')).toMatchObject({ count: 3 })
    expect(bot.paged()).toEqual(['nora'])
    // Who says that it is over need not say again how bad it was.
    expect((await send({ key: 'disk', service: 'webmail', status: 'resolved' })).status).toBe(202)
    await bot.rest()
    expect((await bot.facts()).at(-1)).toMatchObject({ type: 'resolved', by: null })
  })

  test('sent again by a sender that names it: one; something else under that name is not lost', async () => {
    const retry = { 'idempotency-key': 'retry-1' }
    for (const [key, what, headers] of [
      ['disk', { id: 'mx1-4711' }, {}],
      ['cpu', {}, retry],
    ] as const) {
      const first = await send(alert({ key, ...what }), headers)
      await bot.rest()
      expect((await send(alert({ key, ...what }), headers)).body).toEqual(first.body)
      await bot.rest()
      expect(await onRecord(key)).toMatchObject({ count: 1 })
    }
    await send(alert({ id: 'mx1-4711', status: 'resolved' }))
    await send(alert({ key: 'ram' }), retry)
    await bot.rest()
    expect(await onRecord('disk')).toMatchObject({ status: 'resolved' })
    expect(await onRecord('ram')).toMatchObject({ status: 'firing' })
  })

  test('A09 however long and odd its text is: it is cut, and pages', async () => {
    const odd = `\u0000\ud800\u202e${'🔥'.repeat(500)}\u001b[31m<!channel> `
    const details = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`l${n}`, `${'v'.repeat(2_000)}\n${n}`]))
    expect((await send(alert({ summary: odd + 'x'.repeat(3_000_000), details }))).status).toBe(202)
    await bot.rest()
    expect(bot.paged()).toEqual(['nora'])
    expect(JSON.stringify(bot.slack.dm('U0NORA'))).not.toMatch(/<!channel>|\\u001b|\\u0000/)
    const [row] = await inTray()
    expect(JSON.stringify(row?.body).length).toBeLessThan(20_000)
  })

  test('many at once: few statements, every one on record, each with an id of its own', async () => {
    let statements = 0
    const { pool } = bot.store
    const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>
    pool.query = (async (...args: unknown[]) => {
      if (/insert into inbox[\s\S]*jsonb_to_recordset|jsonb_to_recordset[\s\S]*insert into inbox/.test(String(args[0])))
        statements++
      return query(...args)
    }) as never
    // While a statement takes its time, those that come meanwhile wait for the next.
    bot.trouble.storeSlowMs = 100
    const answers = await Promise.all(Array.from({ length: 300 }, (_, n) => send(alert({ key: `k${n % 30}` }))))
    bot.trouble.storeSlowMs = 0
    expect(answers.every(({ status }) => status === 202)).toBe(true)
    expect(new Set(answers.flatMap(({ body }) => body.ids)).size).toBe(300)
    expect(statements).toBeGreaterThan(0)
    expect(statements).toBeLessThan(150)
    await bot.rest()
    expect(await onRecord('k7')).toMatchObject({ count: 10 })
  })

  test('F07 the store is down: 503 with Retry-After, never 2xx; once it is back everything is taken', async () => {
    bot.trouble.storeDown = true
    const answer = await send(alert())
    expect(answer.status).toBe(503)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    bot.trouble.storeDown = false
    expect((await send(alert())).status).toBe(202)
    await bot.rest()
    expect(bot.paged()).toEqual(['nora'])
  })

  test('F08 the store hangs: the sender is told within 5 s, and what waited is not stored behind its back', async () => {
    bot.trouble.storeSlowMs = 5_500
    const answers = await Promise.all([send(alert()), sleep(100).then(() => send(alert({ key: 'cpu' })))])
    expect(answers.map(({ status }) => status)).toEqual([503, 503])
    bot.trouble.storeSlowMs = 0
    await sleep(1_800)
    expect((await inTray()).map(({ body }) => body.key)).not.toContain('cpu')
  })
})

describe('what is sent is read strictly', () => {
  let front: Front
  beforeEach(async () => {
    front = await startFront()
  })
  afterEach(() => front.close())

  const send = (body: unknown, headers: Record<string, string> = {}, query = '') =>
    post(`${front.url}/v1/alerts${query}`, TOKEN, body, headers)
  const events = () => front.taken.map(({ event }) => event as Signal)

  test('a list is taken as one, and each has its id', async () => {
    const { status, body } = await send([alert(), alert({ key: 'cpu' }), alert({ key: 'ram' })])
    expect({ status, body }).toEqual({ status: 202, body: { accepted: 3, ids: [1, 2, 3] } })
    expect(events().map(({ key }) => key)).toEqual(['disk', 'cpu', 'ram'])
  })

  test('a list of more than it takes at once, or of none, is refused', async () => {
    const many = Array.from({ length: 501 }, (_, n) => alert({ key: `k${n}` }))
    expect((await send(many)).body.detail).toContain('send at most 500 at once')
    expect((await send(many.slice(1))).body.accepted).toBe(500)
    expect((await send([])).body.detail).toContain('must hold an alert')
  })

  test('a list with one that is wrong in it is refused whole, and says where', async () => {
    const answer = await send([alert(), alert({ severity: 'bad' })])
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '#/1/severity' }] } })
    expect(front.taken).toEqual([])
  })

  test('every problem is said, all at once, with a pointer to it', async () => {
    const { status, headers, body } = await send({ key: '', service: 'webmial', severity: 7, sumary: 'x', 'a/b~c': 1 })
    expect(status).toBe(400)
    expect(headers.get('content-type')).toContain('application/problem+json')
    expect(Object.fromEntries(body.errors?.map(({ pointer, detail }) => [pointer, detail]) ?? [])).toEqual({
      '#/key': 'is empty',
      '#/service': 'is no service of the configuration: there are webmail',
      '#/status': 'is missing: it must be one of firing, resolved',
      '#/severity': 'must be one of critical, error, warning, info',
      '#/summary': 'is missing: it must be what is wrong, in a sentence',
      '#/sumary': expect.stringContaining('is not a key of an alert: those are key, service, status'),
      '#/a~1b~0c': expect.stringContaining('is not a key of an alert'),
    })
    expect(body.detail).toMatch(/^Nothing was stored: .*, and 6 more\.$/)
    expect(front.taken).toEqual([])
  })

  test.each<[what: string, body: unknown, sentence: string]>([
    ['no alert', 'null', 'must be an alert'],
    ['a number', '1', 'must be an alert'],
    ['lists in lists', [[alert()]], 'must be an alert'],
    ['a service that every object has', alert({ service: 'constructor' }), 'is no service of the configuration'],
    ['a key that is too long', alert({ key: 'k'.repeat(256) }), 'at most 255 characters'],
    ['a key with a line break', alert({ key: 'a\nb' }), 'control characters'],
    ['no JSON', '{"key":', 'not valid JSON'],
    ['nothing', '', 'is empty'],
  ])('%s is refused', async (_, body, sentence) => {
    const answer = await send(body)
    expect(answer.status).toBe(400)
    expect(JSON.stringify(answer.body)).toContain(sentence)
    expect(front.taken).toEqual([])
  })

  test('parameters, a long Idempotency-Key and a form are refused', async () => {
    expect((await send(alert(), {}, '?severity=info')).body.detail).toContain('the parameter "severity"')
    expect((await send(alert(), { 'idempotency-key': 'x'.repeat(300) })).body.detail).toContain('Idempotency-Key')
    const form = await send('key=disk', { 'content-type': 'application/x-www-form-urlencoded' })
    expect(form).toMatchObject({ status: 415, body: { detail: expect.stringContaining('application/json') } })
    expect(front.taken).toEqual([])
  })

  test.each<[what: string, details: unknown, lines: string[]]>([
    ['a text', 'first\r\nsecond\n\n', ['first', 'second']],
    ['labels', { host: 'mx1', free: 0, tags: ['a'] }, ['host: mx1', 'free: 0', 'tags: ["a"]']],
    ['a list', ['one', { two: 2 }], ['one', '{"two":2}']],
    ['a number', 7, ['7']],
    ['nothing', null, []],
  ])('details that are %s become lines of evidence', async (_, details, lines) => {
    expect((await send(alert({ details }))).status).toBe(202)
    expect(events()[0]?.evidence.map(({ saw }) => saw)).toEqual(lines)
  })

  test('the first line is the title, the rest is kept', async () => {
    await send(alert({ summary: 'Disk full\non /var' }))
    expect(events()[0]).toMatchObject({ headline: 'Disk full', summary: 'Disk full\non /var' })
  })

  test('while the program starts it is asked to come again', async () => {
    await front.close()
    front = await startFront({ behind: null })
    const answer = await send(alert())
    expect(answer).toMatchObject({ status: 503, body: { detail: expect.stringContaining('not ready: starting') } })
    expect(answer.headers.get('retry-after')).toBe('5')
  })
})
