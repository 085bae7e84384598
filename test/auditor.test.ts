import { afterEach, describe, expect, test } from 'vitest'
import { type Ailment, type Audience, createAuditor, type Path } from '../src/auditor.ts'
import { sleep } from '../src/clock.ts'
import { createLog } from '../src/log.ts'
import { createMetrics } from '../src/metrics.ts'
import { API_TOKEN, type Driver, startBot, until } from './support/bot.ts'

let bot: Driver
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  await bot.close()
})

const start = async (options: Parameters<typeof startBot>[0] = {}) => {
  bot = await startBot({ probes: false, ...options })
}

const get = async (path: string) => {
  const response = await fetch(`${bot.url}${path}`, { headers: { authorization: `Bearer ${API_TOKEN}` } })
  return { status: response.status, text: await response.text() }
}
const metric = async (name: string) =>
  Number(
    (await get('/metrics')).text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length),
  )

const LATE = 'Somebody is not being reached'
const SILENT = 'Nobody can be paged by Watchbill'
const saying = (texts: readonly string[], words: string) => texts.filter((text) => text.includes(words))

/** Nora's page is held up: Slack asks for a pause on her DM. */
const holdUp = (seconds: number) =>
  bot.slack.fault({
    kind: 'ratelimited',
    method: 'chat.postMessage',
    channel: 'nora',
    retry_after: seconds,
    count: 1,
  })

/** An auditor of another process on the same store, with ways to tell people that the test sees. */
function another(paths: readonly Path[], more: Partial<Parameters<typeof createAuditor>[0]> = {}) {
  const lines: { level: number; msg: string }[] = []
  const log = createLog('info', [], { write: (line: string) => void lines.push(JSON.parse(line)) })
  const auditor = createAuditor({
    clock: bot.clock,
    log,
    store: bot.store,
    metrics: createMetrics('test'),
    rules: bot.bot.behind.rules,
    paths,
    refusing: () => null,
    behind: () => [],
    ailments: async () => [],
    ...more,
  })
  auditor.start()
  closers.push(auditor.close)
  return { auditor, lines }
}

function listener(name = 'test', reaches = () => true) {
  const said: { text: string; audience: Audience }[] = []
  const path: Path = {
    name,
    async say(text, audience) {
      said.push({ text, audience })
      return reaches() ? 1 : 0
    },
  }
  return { said, path }
}

/** Passes watch time where the store does not come to rest: from sleeper to sleeper, with a moment of real time for each. */
async function pass(seconds: number): Promise<void> {
  const endAt = bot.clock.now() + seconds * 1_000
  for (;;) {
    const next = bot.clock.nextSleeper()
    bot.clock.advanceTo(next === null ? endAt : Math.min(next, endAt))
    await sleep(5)
    if (bot.clock.now() >= endAt) return
  }
}

/** Passes hours in which nothing happens but looks: from one to the next as soon as it has ended. */
async function quietly(untilAt: number): Promise<void> {
  for (let next = bot.clock.nextSleeper(); next !== null && next < untilAt; next = bot.clock.nextSleeper()) {
    bot.clock.advanceTo(next)
    await new Promise((resolve) => setImmediate(resolve))
    while (!bot.bot.idle() || bot.clock.nextSleeper() === null) await sleep(1)
  }
  await bot.rest()
}

describe('R4 a page that is owed for 30 s and not out', () => {
  test('is told to the channel of the service and to the last resort, once, with a word when it is out', async () => {
    await start()
    holdUp(300)
    await bot.alert()
    await bot.advance('29s')
    expect(saying(bot.channel('ops'), LATE)).toEqual([])
    await bot.advance('31s')
    for (const texts of [bot.channel('ops'), bot.dm('mia')]) {
      expect(saying(texts, LATE)).toHaveLength(1)
      expect(saying(texts, LATE)[0]).toMatch(
        /\*INC-1\* \(webmail\): <@U0NORA> is owed a page since .*; the last try: `ratelimited`/,
      )
    }
    expect(bot.dm('dana')).toEqual([])
    expect(await metric('watchbill_pages_late')).toBe(1)
    expect(await metric('watchbill_alarms_total{about="page",said="yes"}')).toBe(1)
    await bot.advance('3m')
    expect(saying(bot.channel('ops'), LATE)).toHaveLength(1)
    await bot.advance('2m')
    expect(bot.paged()).toContain('nora')
    expect(saying(bot.channel('ops'), 'is out')).toEqual([
      expect.stringMatching(/The page of <@U0NORA> for \*INC-1\* is out, 5 min/),
    ])
    expect(saying(bot.dm('mia'), 'is out')).toHaveLength(1)
    expect(await metric('watchbill_pages_late')).toBe(0)
    expect(await metric('watchbill_pages_sent_total{late="yes"}')).toBe(1)
  })

  test('is told again every ten minutes', async () => {
    await start({ config: (config) => config.replaceAll('wait: 5m', 'wait: 2h') })
    holdUp(3_600)
    await bot.alert()
    await bot.advance('35m')
    expect(saying(bot.channel('ops'), LATE)).toHaveLength(4)
  })

  test('somebody acknowledges meanwhile: it is said that nobody needs it any more', async () => {
    await start()
    holdUp(3_600)
    await bot.alert()
    await bot.advance('1m')
    await bot.type('erik', '/incident ack INC-1')
    await bot.advance('1m')
    expect(saying(bot.channel('ops'), 'is not needed any more')).toHaveLength(1)
    await bot.advance('30m')
    expect(saying(bot.channel('ops'), LATE)).toHaveLength(1)
  })

  test('it turns out that it cannot be delivered: that is said too', async () => {
    await start()
    holdUp(60)
    bot.slack.fault({ kind: 'error', error: 'user_disabled', method: 'chat.postMessage', channel: 'nora', count: 1 })
    await bot.alert()
    await bot.advance('2m')
    expect(saying(bot.channel('ops'), 'cannot be delivered (`user_disabled`): the next person is paged')).toHaveLength(
      1,
    )
    expect(bot.paged()).toEqual(['sam'])
  })

  test('Slack takes nothing at all: the log, the metric and /readyz say so; people are told once it does', async () => {
    await start({ config: (config) => config.replaceAll('wait: 5m', 'wait: 1h') })
    const second = listener('second', () => false)
    const { lines, auditor } = another([second.path])
    bot.slack.fault({ kind: 'http', status: 503 })
    await bot.alert()
    await bot.advance('3m')
    // One of the two processes has claimed the alarm.
    const unheard = auditor.unheard()
    const fatal = lines.filter(({ level }) => level === 60).map(({ msg }) => msg)
    if (unheard) expect(fatal).toEqual(['pages are owed and not out', expect.stringContaining('reaches nobody')])
    else {
      expect(JSON.parse((await get('/readyz?verbose')).text).checks).toContainEqual({
        name: 'alarms',
        ok: false,
        problem: expect.stringContaining('nothing that tells them works'),
      })
      expect((await get('/readyz')).status).toBe(503)
      expect(await metric('watchbill_alarms_total{about="page",said="no"}')).toBe(1)
      bot.slack.resetFaults()
      await bot.advance('5s')
      expect(saying([...bot.channel('ops'), ...bot.dm('nora')], 'INC-1').length).toBeGreaterThan(0)
    }
  })

  test('several processes look: one of them says it', async () => {
    await start()
    const others = [listener(), listener()]
    for (const { path } of others) another([path])
    holdUp(120)
    await bot.alert()
    await bot.advance('90s')
    const said = () => [...others.flatMap((each) => each.said.map(({ text }) => text)), ...bot.channel('ops')]
    await until(() => saying(said(), LATE).length > 0, 'somebody to say it')
    expect(saying(said(), LATE)).toHaveLength(1)
    await bot.advance('90s')
    await until(() => saying(said(), 'is out').length > 0, 'somebody to say that it is out')
    expect(saying(said(), 'is out')).toHaveLength(1)
  })

  test('the first way of telling people reaches nobody: the next one is taken', async () => {
    await start()
    await bot.bot.close()
    const [first, second, third] = [listener('first', () => false), listener('second'), listener('third')]
    const broken: Path = { name: 'broken', say: () => Promise.reject(new Error('no route')) }
    another([first.path, broken, second.path, third.path])
    bot.trouble.storeDown = true
    await pass(60)
    expect([first, second, third].map(({ said }) => said.length)).toEqual([1, 1, 0])
    expect(second.said[0]?.audience).toEqual({ channels: ['C0OPS'], people: ['nora', 'sam', 'mia'] })
    bot.trouble.storeDown = false
  })
})

describe('F08 the store does not answer', () => {
  test('for a minute: everybody on duty and the channels are told from memory, once, and hear when it is back', async () => {
    // The bot has never been in that channel.
    await start({ workspace: { channels: [{ id: 'C0OPS', name: 'ops' }] } })
    bot.trouble.storeDown = true
    await pass(60)
    await until(() => saying(bot.channel('ops'), SILENT).length > 0, 'the channel to be told')
    await sleep(300)
    for (const texts of [bot.dm('nora'), bot.dm('sam'), bot.dm('mia'), bot.channel('ops')]) {
      expect(saying(texts, SILENT)).toHaveLength(1)
      expect(saying(texts, SILENT)[0]).toMatch(
        /does not answer since .*03:00 CET.*: alerts are refused with 503, and nothing is paged/,
      )
    }
    for (const off of ['dana', 'erik']) expect(bot.dm(off)).toEqual([])
    const scrape = await get('/metrics')
    expect(scrape.status).toBe(200)
    expect(scrape.text).toContain('watchbill_store_up 0')
    expect(scrape.text).not.toContain('watchbill_inbox_depth')
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      text: expect.stringContaining('the store does not answer'),
    })
    await pass(600)
    expect(saying(bot.dm('nora'), SILENT)).toHaveLength(1)
    bot.trouble.storeDown = false
    await bot.advance('30s')
    for (const texts of [bot.dm('nora'), bot.dm('sam'), bot.dm('mia'), bot.channel('ops')])
      expect(saying(texts, 'store answers again')).toHaveLength(1)
    expect(await metric('watchbill_store_up')).toBe(1)
    expect((await get('/readyz')).status).toBe(200)
  })

  test('for a few seconds: nobody is told', async () => {
    await start()
    for (let n = 0; n < 3; n++) {
      bot.trouble.storeDown = true
      await pass(15)
      bot.trouble.storeDown = false
      await bot.advance('1m')
    }
    expect(bot.dm('nora')).toEqual([])
    expect(bot.channel('ops')).toEqual([])
  })

  test('nor takes what comes in, though it answers (F20): the same', async () => {
    await start()
    const { said, path } = listener()
    const since = bot.clock.now()
    let refusing: () => number | null = () => bot.clock.now()
    another([path], {
      refusing() {
        const last = refusing()
        return last === null ? null : { since, last }
      },
    })
    await bot.advance('1m')
    expect(said.map(({ text }) => text)).toEqual([expect.stringContaining(SILENT)])
    refusing = () => null
    await bot.advance('1m')
    expect(said.at(-1)?.text).toContain('store answers again')
  })

  test('a refusal long ago is no outage', async () => {
    await start()
    const { said, path } = listener()
    const then = bot.clock.now()
    another([path], { refusing: () => ({ since: then, last: then }) })
    await bot.advance('5m')
    expect(said).toEqual([])
  })
})

describe('a watch that is well', () => {
  test('nothing is said from a night to noon in which people are paged, acknowledge and go home', async () => {
    await start()
    const noon = bot.clock.now() + 9 * 3_600_000
    for (let incident = 1; bot.clock.now() < noon; incident++) {
      await bot.alert()
      await bot.advance('5m')
      await bot.type('erik', `/incident ack INC-${incident}`)
      await bot.recover()
      await quietly(Math.min(noon, bot.clock.now() + 4 * 3_600_000))
    }
    const everything = [...bot.channel('ops'), ...['nora', 'dana', 'sam', 'mia', 'erik'].flatMap(bot.dm)]
    for (const words of [LATE, SILENT, 'is out', 'answers again']) expect(saying(everything, words)).toEqual([])
    expect((await get('/metrics')).text).not.toContain('watchbill_alarms_total{')
  }, 120_000)

  test('what this process sees of itself is in the log: entries that are behind, once, and when they have caught up', async () => {
    await start()
    let behind = ['probes']
    const { lines } = another([], { behind: () => behind })
    await bot.advance('1m')
    behind = ['probes', 'people']
    await bot.advance('1m')
    behind = []
    await bot.advance('1m')
    const ofEntries = lines.filter(({ msg }) => msg.includes('entries of the timetable'))
    expect(ofEntries).toMatchObject([
      { level: 50, entries: ['probes'] },
      { level: 50, entries: ['people'] },
      { level: 30, entries: ['probes', 'people'] },
    ])
  })

  test('F21 an event loop that stands still is in the log', async () => {
    await start()
    const { lines } = another([])
    await bot.advance('30s')
    const endAt = Date.now() + 1_300
    while (Date.now() < endAt);
    await sleep(50)
    await bot.advance('30s')
    expect(lines.filter(({ msg }) => msg.includes('stood still'))).toHaveLength(1)
  })
})

describe('what watches stands still', () => {
  const STANDS = 'Watchbill does not watch'

  test('is told to everybody on duty, once, and so is its end; what comes back at once is not', async () => {
    await start()
    const told = listener()
    let behind: string[] = []
    another([told.path], { behind: () => behind })
    behind = ['probes']
    await bot.advance('31s')
    behind = []
    await bot.advance('1m')
    expect(told.said).toEqual([])
    behind = ['probes', 'backup']
    await bot.advance('2m')
    expect(told.said.map(({ text }) => text)).toEqual([
      expect.stringContaining(`*${STANDS}.* \`probes\` stands still since`),
    ])
    expect(told.said[0]?.audience.people).toEqual(expect.arrayContaining(['nora', 'sam', 'mia']))
    behind = ['backup']
    await bot.advance('1m')
    expect(
      saying(
        told.said.map(({ text }) => text),
        'Watchbill watches again',
      ),
    ).toHaveLength(1)
  })
})

describe('what is sick while the store answers', () => {
  const ailment = (about: Ailment['about'], loud: boolean, since: number): Ailment => ({
    ...{ about, since, patienceMs: 60_000, loud, what: 'sick' },
    words: () => `${about} is sick`,
    over: () => `${about} is well`,
  })

  test('is told once it has lasted, what is loud by every way, and its end to the same; what does not last is not', async () => {
    await start()
    const [first, second] = [listener('first'), listener('second')]
    const since = bot.clock.now()
    let found = [ailment('slow', false, since), ailment('deaf', true, since)]
    another([first.path, second.path], { ailments: async () => found })
    await bot.advance('31s')
    expect(first.said).toEqual([])
    await bot.advance('5m')
    expect(first.said.map(({ text }) => text)).toEqual(['slow is sick', 'deaf is sick'])
    expect(first.said[0]?.audience.people).toEqual(['nora', 'sam', 'mia'])
    expect(second.said.map(({ text }) => text)).toEqual(['deaf is sick'])
    found = [ailment('disk', false, bot.clock.now())]
    await bot.advance('31s')
    found = []
    await bot.advance('2m')
    expect(first.said.slice(2).map(({ text }) => text)).toEqual(['slow is well', 'deaf is well'])
  })

  test('is told by one process of all, and not with each time that it comes and goes', async () => {
    await start()
    // Whichever of them says it.
    const heard = listener('heard')
    const deaf = () => [{ ...ailment('deaf', true, bot.clock.now()), patienceMs: 0 }]
    let found = deaf()
    for (let process = 0; process < 2; process++) another([heard.path], { ailments: async () => found })
    const said = () => heard.said.map(({ text }) => text)
    await bot.advance('30s')
    expect(said()).toEqual(['deaf is sick'])
    for (let drop = 0; drop < 5; drop++) {
      found = []
      await bot.advance('30s')
      found = deaf()
      await bot.advance('30s')
    }
    expect(said()).toEqual(['deaf is sick'])
    found = []
    await bot.advance('2m')
    expect(said()).toEqual(['deaf is sick', 'deaf is well'])
    // Sick again soon after, it is told of when some time has passed since.
    found = deaf()
    await bot.advance('2m')
    expect(said()).toHaveLength(2)
    await bot.advance('10m')
    expect(said().slice(2)).toEqual(['deaf is sick'])
  })

  test('a disk that fills up, and events that nobody decides on, are told to whoever is on duty', async () => {
    await start()
    bot.trouble.disk = 'less than 200 MB are free: make room'
    await bot.advance('2m')
    for (const texts of [bot.channel('ops'), bot.dm('nora')])
      expect(saying(texts, 'fills up:* less than 200 MB are free: make room')).toHaveLength(1)
    bot.trouble.disk = null
    await bot.advance('2m')
    expect(saying(bot.dm('nora'), 'has room again')).toHaveLength(1)
    // Somebody holds the lock of the desk, and does not let it go.
    const holder = await bot.store.pool.connect()
    await holder.query('begin')
    await holder.query('select from desk for update')
    const waiting = bot.report()
    try {
      await until(async () => {
        await pass(10)
        await sleep(20)
        return saying(bot.dm('nora'), 'decides nothing').length > 0
      }, 'the duty to be told')
    } finally {
      await holder.query('rollback')
      holder.release()
    }
    await waiting
    await bot.advance('2m')
    expect(saying(bot.dm('nora'), 'decides again')).toHaveLength(1)
  })
})
