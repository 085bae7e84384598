import { afterEach, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import type { Rules } from '../../src/domain/rules.ts'
import { pingAddresses, rotatePing } from '../../src/pings.ts'
import { type Driver, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot.close())

/** A heartbeat every minute, with half a minute of grace; `more` of its keys. */
const beating =
  (more = '', keys = 'every: 1m, grace: 30s') =>
  (config: string) =>
    config.replace(/monitors:[\s\S]*/, `monitors:\n  backup: { service: webmail, heartbeat: { ${keys}${more} } }\n`)

async function start(config: (text: string) => string = beating()): Promise<void> {
  bot = await startBot({ config, heartbeats: true, probes: false })
  // What the configuration has is known from the first look on.
  await bot.advance('1s')
}

const rulesNow = async (): Promise<Rules> => {
  const { rows } = await bot.store.pool.query('select doc from rules r join desk d on d.rules_id = r.id')
  return rows[0].doc
}

const address = async (of: 'url' | 'slugUrl' = 'url') => {
  const [first] = await pingAddresses(bot.store, await rulesNow(), bot.url)
  return first?.[of] ?? ''
}

async function ping(what = '', body?: string): Promise<number> {
  const response = await fetch(`${await address()}${what}`, body === undefined ? {} : { method: 'POST', body })
  await bot.rest()
  return response.status
}

const advance = (span: string) => bot.advance(span)

describe('a heartbeat', () => {
  test('that comes in time wakes nobody', async () => {
    await start()
    for (let n = 0; n < 4; n++) {
      expect(await ping()).toBe(200)
      await advance('60s')
    }
    expect(bot.paged()).toEqual([])
  })

  test('that does not come is paged after its grace with what was seen last, and is over with the next success', async () => {
    await start()
    await ping('', 'copied 7 files\ndone')
    await advance('89s')
    expect(bot.paged()).toEqual([])
    await advance('3s')
    expect(bot.paged()).toEqual(['nora'])
    const [page] = bot.dm('nora')
    for (const words of [
      'backup did not report',
      'last ping 1 min 30 s ago',
      'expected every 1 min (+30 s grace)',
      'copied 7 files',
      'last ping: success',
    ])
      expect(page).toContain(words)
    expect(await ping('/start')).toBe(200)
    expect((await bot.facts()).at(-1)).not.toMatchObject({ type: 'resolved' })
    expect(await ping()).toBe(200)
    expect((await bot.facts()).at(-1)).toMatchObject({ type: 'resolved', by: null })
  })

  test('that was never seen is paged, counted from when it was first known, whatever restarts and is edited in between', async () => {
    await start()
    await advance('40s')
    await bot.restart('2s')
    await advance('40s')
    expect(bot.paged()).toEqual([])
    await advance('10s')
    expect(bot.paged()).toEqual(['nora'])
    expect(bot.dm('nora')[0]).toMatch(
      /backup was never seen[\s\S]*never pinged since at 03:00 Mon 23 Nov, 1 min 3\d s ago/,
    )
  })

  test.for([
    ['/fail', 'backup failed'],
    ['/3', 'backup failed with exit status 3'],
  ] as const)('that says %s is paged at once, with the last lines of what it said', async ([what, words]) => {
    await start()
    expect(await ping(what, `${'noise\n'.repeat(50)}pg_dump: error: disk full\n`)).toBe(200)
    expect(bot.paged()).toEqual(['nora'])
    expect(bot.dm('nora')[0]).toContain(words)
    expect(bot.dm('nora')[0]).toContain('dump: error: disk full')
    expect(await ping('/log', 'well, well')).toBe(200)
    expect((await bot.facts()).at(-1)).not.toMatchObject({ type: 'resolved' })
    expect(await ping('/0')).toBe(200)
    expect((await bot.facts()).at(-1)).toMatchObject({ type: 'resolved' })
  })

  test('that starts and does not end runs too long', async () => {
    await start(beating(', max_run: 40s', 'every: 10m, grace: 30s'))
    const rid = '?rid=0b2ad7a2-4d1f-4a31-9d6a-57f3c2f6a001'
    await ping(`/start${rid}`)
    // The end of another run is none of this one's.
    await ping('?rid=0b2ad7a2-4d1f-4a31-9d6a-57f3c2f6a002')
    await advance('39s')
    expect(bot.paged()).toEqual([])
    await advance('2s')
    expect(bot.paged()).toEqual(['nora'])
    expect(bot.dm('nora')[0]).toMatch(
      /backup runs too long: started at 03:00 Mon 23 Nov, 4\d s ago, and has not ended; it may take 40 s/,
    )
    await ping(rid)
    expect((await bot.facts()).at(-1)).toMatchObject({ type: 'resolved' })
  })

  test('that comes too often is told to the channel, and wakes nobody', async () => {
    await start(beating(', min_every: 50s'))
    await ping()
    await advance('20s')
    await ping()
    expect(bot.paged()).toEqual([])
    expect(bot.channel('ops').join('\n')).toContain(
      'backup runs too often: two runs within 20 s, which should be 50 s apart at least',
    )
  })

  test('after a stop of ours is given time to try again, which the page says; what is dead is paged one grace later', async () => {
    await start()
    await ping()
    await advance('30s')
    await bot.restart('10m')
    await advance('28s')
    expect(bot.paged()).toEqual([])
    await advance('5s')
    expect(bot.paged()).toEqual(['nora'])
    expect(bot.dm('nora')[0]).toMatch(/Watchbill itself heard nothing for 10 min( \d s)? until at 03:10/)
  })

  test('that tries again after a stop of ours wakes nobody', async () => {
    await start()
    await ping()
    await bot.restart('10m')
    await advance('10s')
    await ping()
    await advance('60s')
    expect(bot.paged()).toEqual([])
  })

  test('has another address once it is rotated, and nobody hears the one before', async () => {
    await start()
    const [before, slug] = [await address(), await address('slugUrl')]
    await rotatePing(bot.store, await rulesNow(), 'backup', 'mia', bot.clock.now())
    const after = await address()
    expect(after).not.toBe(before)
    expect((await fetch(before)).status).toBe(404)
    expect((await fetch(slug)).status).toBe(200)
    await rotatePing(bot.store, await rulesNow(), null, 'mia', bot.clock.now())
    expect((await fetch(slug)).status).toBe(404)
    const { rows } = await bot.store.pool.query('select revoked_by from ping_keys where revoked_at is not null')
    expect(rows).toEqual([{ revoked_by: 'mia' }, { revoked_by: 'mia' }])
    expect(
      await (
        await fetch(`${bot.url}/metrics`, { headers: { authorization: 'Bearer test-api-token-0123456789' } })
      ).text(),
    ).toContain('watchbill_ping_refused_total 2')
  })

  test('is counted by status', async () => {
    await start()
    expect(await bot.type('mia', '/watchbill status')).toContain('1 not seen yet')
    await ping()
    expect(await bot.type('mia', '/watchbill status')).toContain('Monitors: 1 up, 0 down')
    await ping('/fail')
    expect(await bot.type('mia', '/watchbill status')).toContain('1 down (`backup`)')
  })

  test('a store that is away: 503, and who tries again is heard', async () => {
    await start()
    const to = await address()
    bot.trouble.storeDown = true
    const away = await fetch(to)
    expect(away.status).toBe(503)
    expect(Number(away.headers.get('retry-after'))).toBeGreaterThan(0)
    bot.trouble.storeDown = false
    expect((await fetch(to)).status).toBe(200)
  })
})

test('the grammar has them, and refuses what could never be', () => {
  const read = (heartbeat: string) => {
    const text = `company: x\nzone: UTC\npeople: { mia: { slack: U0MIA } }\npolicies: { p: { steps: [{ page: [mia], wait: 5m }], rounds: 1, fallback: [mia] } }
services: { web: { policy: p } }\nmonitors: { m: { service: web, heartbeat: ${heartbeat} } }\n`
    const config = parseConfig(text, 'x.yaml', {})
    return 'problems' in config ? config.problems.map(({ message }) => message) : config.rules.monitors.m
  }
  bot = { close: async () => {} } as Driver
  expect(read('{ every: 1h, grace: 5m, max_run: 30m, min_every: 10m }')).toMatchObject({
    maxRunMs: 1_800_000,
    minEveryMs: 600_000,
  })
  expect(read('{ cron: "5/10 * * * *", zone: Asia/Tokyo, grace: 5m }')).toMatchObject({
    rhythm: { zone: 'Asia/Tokyo' },
  })
  expect(read('{ cron: "0 0 31 2 *", grace: 5m }')).toEqual([expect.stringContaining('which never comes')])
  expect(read('{ every: 1h, grace: 5m, min_every: 2h }')).toEqual([expect.stringContaining('at most every (1h)')])
  expect(read('{ every: 1h, cron: "0 3 * * *", grace: 5m }')).toEqual([expect.stringContaining('either cron or every')])
})
