import { spawnSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Rules } from '../../src/domain/rules.ts'
import { pingAddresses } from '../../src/pings.ts'
import { type Driver, startBot } from '../support/bot.ts'

/** Pings over real sockets, down to the rows that they leave. */

let bot: Driver
/** Where the heartbeat is pinged by its own key, and by its name. */
let own = ''
let named = ''
beforeEach(async () => {
  bot = await startBot({
    config: (text) =>
      text.replace(
        /monitors:[\s\S]*/,
        'monitors:\n  backup: { service: webmail, heartbeat: { every: 1h, grace: 30s } }\n  start: { service: webmail, heartbeat: { every: 1h, grace: 30s } }\n',
      ),
    heartbeats: true,
    probes: false,
  })
  await bot.advance('1s')
  const { rows } = await bot.store.pool.query('select doc from rules')
  const all = await pingAddresses(bot.store, rows[0].doc as Rules, bot.url)
  const backup = all.find(({ monitor }) => monitor === 'backup')
  own = backup?.url ?? ''
  named = backup?.slugUrl ?? ''
})
afterEach(() => bot.close())

const pings = async () => {
  const { rows } = await bot.store.pool.query(
    'select monitor, kind, exit_status as exit, run, body from pings order by monitor, n',
  )
  return rows as { monitor: string; kind: string; exit: number | null; run: string | null; body: Buffer | null }[]
}

describe('a ping', () => {
  test.for(['GET', 'HEAD', 'POST'])('by %s is answered OK, as text, once it is stored', async (method) => {
    const answer = await fetch(own, { method })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(answer.headers.get('ping-body-limit')).toBe('100000')
    expect(await answer.text()).toBe(method === 'HEAD' ? '' : 'OK')
    expect(await pings()).toEqual([{ monitor: 'backup', kind: 'success', exit: null, run: null, body: null }])
  })

  test('says what its address says, by its own key and by its name', async () => {
    const rid = randomUUID()
    for (const to of [own, named])
      for (const what of ['', '/start', '/log', '/fail', '/0', '/255', `/start?rid=${rid}`, '?create=1'])
        expect((await fetch(`${to}${what}`)).status, what).toBe(200)
    const said = ['success', 'start', 'log', 'fail', 'success', 'fail', 'start', 'success']
    expect((await pings()).map(({ kind }) => kind)).toEqual([...said, ...said])
    expect((await pings()).map(({ exit }) => exit).filter((exit) => exit !== null)).toEqual([0, 255, 0, 255])
    expect((await pings())[6]?.run).toBe(rid)
  })

  test('of a heartbeat that is called like something that is said is understood', async () => {
    const start = named.replace(/backup$/, 'start')
    expect((await fetch(start)).status).toBe(200)
    expect((await fetch(`${start}/start`)).status).toBe(200)
    expect((await pings()).map(({ monitor, kind }) => [monitor, kind])).toEqual([
      ['start', 'success'],
      ['start', 'start'],
    ])
  })

  test('of what the configuration has no more is refused: nobody is told that all is well', async () => {
    await bot.store.pool.query(`update ping_keys set monitor = 'retired' where monitor = 'backup'`)
    expect((await fetch(own)).status).toBe(404)
    expect(await pings()).toEqual([])
  })

  test('that nobody hears is refused, and counted', async () => {
    const key = named.split('/').at(-2)
    const wrong = [
      `${own}x`,
      `${own}/strat`,
      `${own}/256`,
      `${own}/-1`,
      `${own}/start/1`,
      `${own}/backup`,
      `${own}/`,
      `${bot.url}/ping/${key}`,
      `${bot.url}/ping/${key}/bakcup`,
      `${bot.url}/ping/${key}/constructor`,
      `${bot.url}/ping/${randomUUID()}`,
      `${bot.url}/ping/%00`,
      own.toUpperCase().replace('HTTP', 'http').replace('/PING/', '/ping/'),
    ]
    for (const url of wrong) expect((await fetch(url)).status, url).toBe(404)
    expect(await (await fetch(`${bot.url}/ping/${key}/new?create=1`)).json()).toMatchObject({
      status: 404,
      detail: expect.stringContaining('None is made by a ping: heartbeats are in the configuration.'),
    })
    for (const rid of ['?rid=7', '?rid=', `?rid=${randomUUID()}&rid=${randomUUID()}`])
      expect((await fetch(`${own}${rid}`)).status).toBe(400)
    expect(await pings()).toEqual([])
    const metrics = await fetch(`${bot.url}/metrics`, {
      headers: { authorization: 'Bearer test-api-token-0123456789' },
    })
    expect(await metrics.text()).toMatch(new RegExp(`watchbill_ping_refused_total ${wrong.length + 1}\\n`))
    expect((await fetch(own, { method: 'DELETE' })).status).toBe(404)
  })

  test.for<[string, Record<string, string>]>([
    ['as curl calls it', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['as JSON that is none', { 'content-type': 'application/json' }],
    ['called nonsense', { 'content-type': ';;;' }],
    ['not called anything', {}],
    ['packed', { 'content-encoding': 'gzip', 'content-type': 'text/plain' }],
  ])('keeps its body, byte by byte, %s', async ([, headers]) => {
    const body = Buffer.concat([Buffer.from('{'), randomBytes(2_000), Buffer.from([0, 0xff, 0xfe])])
    expect((await fetch(own, { method: 'POST', body: new Blob([body]), headers })).status).toBe(200)
    expect((await pings())[0]?.body).toEqual(body)
  })

  test('with a long body keeps the beginning of it', async () => {
    const body = randomBytes(5_000_000)
    const answer = await fetch(own, { method: 'POST', body: new Blob([body]) })
    expect([answer.status, await answer.text()]).toEqual([200, 'OK'])
    expect((await pings())[0]?.body).toEqual(body.subarray(0, 100_000))
  })

  test('of each heartbeat the latest hundred are kept', async () => {
    await Promise.all(Array.from({ length: 130 }, (_, n) => fetch(own, { method: 'POST', body: `${n}` })))
    await fetch(own, { method: 'POST', body: 'last' })
    const kept = await pings()
    expect(kept.length).toBeLessThanOrEqual(100)
    expect(kept.at(-1)?.body?.toString()).toBe('last')
  })

  test('a secret in what it says goes to nobody', async () => {
    await fetch(`${own}/fail`, { method: 'POST', body: `curl: (22) POST ${own} said 500\npassword=hunter22222` })
    await bot.rest()
    const page = bot.dm('nora').join('\n')
    expect(page).toContain('said 500')
    expect(page).not.toContain(own.split('/').at(-1))
    expect(page).not.toContain('hunter22222')
  })
})

const hasCurl = spawnSync('curl', ['--version']).status === 0

test.skipIf(!hasCurl)('by curl, as it stands in crontabs', async () => {
  const curl = async (...args: string[]) => {
    const { spawn } = await import('node:child_process')
    const child = spawn('curl', ['-sS', '-m', '10', ...args])
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    return { code, out }
  }
  expect(await curl('-fL', '--retry', '5', own)).toEqual({ code: 0, out: 'OK' })
  expect(await curl('-f', '--data-raw', 'all is well', `${own}/7`)).toEqual({ code: 0, out: 'OK' })
  expect(await curl('-f', '--head', own)).toMatchObject({ code: 0 })
  expect(await curl('-f', '-T', process.execPath, '-X', 'POST', `${own}/log`)).toEqual({ code: 0, out: 'OK' })
  expect(await curl('-f', `${own}/nonsense`)).toMatchObject({ code: 22 })
  const kept = await pings()
  expect(kept.map(({ kind }) => kind)).toEqual(['success', 'fail', 'success', 'log'])
  expect(kept[1]).toMatchObject({ exit: 7, body: Buffer.from('all is well') })
  expect(kept[3]?.body).toHaveLength(100_000)
})

describe('pings made to hurt', () => {
  /** What comes back for bytes as they are, and after how long. */
  async function raw(bytes: string, drip?: string): Promise<{ status: number; ms: number; answer: string }> {
    const began = Date.now()
    const socket = connect(Number(new URL(bot.url).port), '127.0.0.1')
    let answer = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      answer += chunk
    })
    socket.on('error', () => {})
    socket.write(bytes)
    const timer = drip === undefined ? undefined : setInterval(() => socket.write(drip), 500)
    await new Promise((resolve) => socket.once('close', resolve))
    clearInterval(timer)
    return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]), ms: Date.now() - began, answer }
  }
  const path = () => new URL(own).pathname

  test('addresses that try to be others', async () => {
    for (const each of [
      `${path()}/..`,
      `/ping/../metrics`,
      `/ping//`,
      `/ping/%2e%2e/x`,
      `/ping/${'a'.repeat(5_000)}`,
      `/ping/%ff%fe`,
      `${path()}/start%0d%0aX-Evil: 1`,
      `/ping/x%0d%0aSet-Cookie:%20a=b/backup`,
      `${path()}%00`,
      `/ping/' or 1=1 --`.replaceAll(' ', '%20'),
    ]) {
      const { status, answer } = await raw(`GET ${each} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      expect([400, 401, 404, 414], each).toContain(status)
      expect(answer.toLowerCase()).not.toMatch(/\r\n(x-evil|set-cookie)/)
    }
    expect(await pings()).toEqual([])
  })

  test('a thousand unknown keys ask the store a few times, and whoever is known is heard meanwhile', async () => {
    const began = Date.now()
    const guesses = Array.from({ length: 1_000 }, () => fetch(`${bot.url}/ping/${randomUUID()}`))
    expect((await fetch(own)).status).toBe(200)
    for (const guess of await Promise.all(guesses)) expect([404, 429]).toContain(guess.status)
    expect(Date.now() - began).toBeLessThan(30_000)
  })

  test('a body without end, and one that drips: cut off in time, and others are heard', async () => {
    const head = (more: string) => `POST ${path()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${more}\r\n\r\n`
    const [drip, endless] = await Promise.all([
      raw(head('Content-Length: 1000'), 'x'),
      raw(head('Transfer-Encoding: chunked'), `4000\r\n${'x'.repeat(0x4000)}\r\n`),
      fetch(own).then(({ status }) => expect(status).toBe(200)),
    ])
    expect(drip).toMatchObject({ status: 408 })
    expect(endless).toMatchObject({ status: 200 })
    for (const { ms } of [drip, endless]) expect(ms).toBeLessThan(15_000)
  }, 20_000)
})
