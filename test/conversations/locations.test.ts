import { afterEach, expect, test } from 'vitest'
import type { Sample } from '../../src/domain/detect/probe.ts'
import type { Report, SightReport } from '../../src/domain/detect/report.ts'
import { type Driver, startBot } from '../support/bot.ts'
import { closeTargets, http } from '../support/probed.ts'

let bot: Driver
afterEach(async () => {
  await bot?.close()
  await closeTargets()
})

const LOCATIONS = 'locations: { zurich: { token: zurich-token-1 }, berlin: { token: berlin-token-1 } }\n'
const TOKENS: Record<string, string> = { zurich: 'zurich-token-1', berlin: 'berlin-token-1' }

const together = (from: string) => (text: string) =>
  `${text.replace('every: 30s,', `every: 30s, ${from},`)}\n${LOCATIONS}`

const start = async (options: Parameters<typeof startBot>[0]) => {
  bot = await startBot({ locations: true, ...options })
}

const SEES: SightReport = { blind: null, answeredAt: null }

async function ask(what: 'work' | 'results', location: string, body: object, token = TOKENS[location], headers = {}) {
  const answer = await fetch(`${bot.url}/v1/probers/${location}/${what}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const read = (await answer.json()) as { rev?: string; probes?: { name: string }[]; stored?: number; detail?: string }
  return { status: answer.status, ...read }
}

const pull = (location: string, more: object = {}) =>
  ask('work', location, { rev: null, version: 'test', ...SEES, ...more })

/** A location looks once, and says what it saw. */
async function sees(
  location: string,
  ok: boolean,
  more: Partial<Sample> = {},
  sight: SightReport = SEES,
): Promise<void> {
  const at = more.at ?? bot.clock.now()
  const sample = { at, ok, saw: ok ? '200 OK' : '503 Service Unavailable', ms: 12, ...more }
  const report: Report = { ...sight, results: [{ monitor: 'home', slotAt: at, sample }] }
  expect(await ask('results', location, report)).toMatchObject({ status: 200, stored: 1 })
  await bot.rest()
}

/** Twice, as a prober does that wants to know. */
async function says(location: string, ok: boolean): Promise<void> {
  await sees(location, ok)
  await bot.advance('1s')
  await sees(location, ok)
}

const lastOf = (person: string) => bot.dm(person).at(-1) ?? ''

test('a monitor is down when enough locations say so, and its page says which', async () => {
  await start({ config: together('locations: [here, zurich, berlin], agree: 2') })
  await bot.advance('31s')
  for (const location of ['zurich', 'berlin']) await says(location, true)
  bot.target.fail(503)
  await bot.advance('40s')
  await says('berlin', true)
  expect(bot.paged()).toEqual([])
  await says('zurich', false)
  expect(bot.paged()).toEqual(['nora'])
  expect(lastOf('nora')).toContain(
    'home is down: 503 Service Unavailable (expected 200); down from here and zurich, up from berlin',
  )
  expect(await bot.type('erik', '/monitor list')).toMatch(/\*Down \(1\)\*\n:red_circle: `home`/)
  const shown = await bot.type('erik', '/monitor show home')
  expect(shown).toContain('Down when 2 of 3 locations agree.')
  expect(shown).toMatch(/:red_circle: `zurich` down: 503 Service Unavailable, /)
  expect(shown).toMatch(/:large_green_circle: `berlin` up: 200 OK, /)
  bot.target.recover()
  await bot.advance('1m')
  expect(bot.timeline().at(-1)).toMatch(/Resolved/)
  expect(bot.channel('inc-20261123-1-home-is-down').join('\n')).toContain('up from here and berlin')
})

test('what is looked at from elsewhere alone is left alone here; a report twice counts once, and one that is late flips nothing', async () => {
  await start({ config: together('locations: [zurich]') })
  bot.target.fail(503)
  await bot.advance('35s')
  await says('zurich', true)
  const beganAt = bot.clock.now()
  for (const again of [1, 2, 3]) {
    await sees('zurich', false, { at: beganAt, saw: `once, sent ${again} times` })
  }
  expect(bot.paged()).toEqual([])
  // What was seen while the way to us was cut, a while ago: it is on record, and nobody is woken for it.
  await bot.advance('100s')
  await pull('zurich')
  await sees('zurich', false, { at: beganAt + 1_000, saw: 'refused, long ago' })
  await bot.advance('10s')
  expect(bot.paged().filter((who) => who === 'nora')).toHaveLength(1)
  expect(lastOf('nora')).toContain('Location zurich is silent')
  await sees('zurich', false, { at: beganAt + 2_000 })
  await bot.advance('10s')
  expect(bot.channel('ops').join('\n')).not.toContain('home is down')
  // Now it does: the present is what counts.
  await says('zurich', false)
  expect(bot.channel().join('\n')).toContain('home is down')
})

test('a location that falls silent is one page, is left out of the count, and is well again in its own time', async () => {
  await start({ config: together('locations: [here, zurich], agree: 2') })
  await pull('zurich')
  await sees('zurich', true)
  await bot.advance('20s')
  expect(await bot.type('mia', '/watchbill status')).toContain(
    ':white_check_mark: Location `zurich` is heard, last heard 20 s ago (1 monitor, version test)',
  )
  await bot.advance('45s')
  expect(bot.paged()).toEqual(['nora'])
  expect(lastOf('nora')).toContain('Location zurich is silent: its prober was last heard at')
  expect(lastOf('nora')).toContain('1 monitor goes on from other locations without it')
  expect(await bot.type('mia', '/watchbill status')).toContain(':no_entry: Location `zurich` is silent, last heard')
  await bot.press('nora', 'Acknowledge')
  bot.target.fail(503)
  await bot.advance('40s')
  expect(bot.channel().join('\n')).toContain(
    'home is down: 503 Service Unavailable (expected 200); down from here; zurich is silent, so that 1 is enough instead of 2',
  )
  bot.target.recover()
  for (let n = 0; n < 2; n++) {
    await pull('zurich')
    await bot.advance('35s')
  }
  const ops = bot.channel('ops').join('\n')
  expect(ops).toContain('whoever answers for webmail is paged, by an incident of its own')
  expect(ops).toContain('Location zurich is well again')
  // What fails while a location is silent is an incident of its own, and pages for itself.
  expect(bot.paged()).toEqual(['nora', 'nora'])
})

test('one that was never heard is an alarm too, and so is one that sees nothing: its word does not count', async () => {
  await start({ config: together('locations: [here, zurich, berlin], agree: 2'), probes: false })
  await bot.advance('4m')
  await pull('berlin')
  await bot.advance('30s')
  expect(bot.paged()).toEqual([])
  await pull('berlin', { blind: { sinceAt: bot.clock.now(), hosts: 7 } })
  await bot.rest()
  expect(lastOf('nora')).toContain('Location berlin sees nothing: none of 7 hosts answers since')
  for (const at of [0, 1]) {
    const blind = { blind: { sinceAt: bot.clock.now() - 1_000, hosts: 7 }, answeredAt: null }
    await sees('berlin', false, { at: bot.clock.now() + at, mute: true, saw: 'no connection' }, blind)
  }
  expect(bot.channel('ops').join('\n')).not.toContain('home is down')
  await bot.advance('1m')
  expect(bot.channel().join('\n')).toContain('Location zurich is silent: its prober has never reported')
  // Two locations, two alarms.
  expect(bot.paged()).toEqual(['nora', 'nora'])
})

test('a prober that lives and does not look is missed by its monitor; one that is silent only as what it is', async () => {
  await start({ config: together('locations: [zurich]'), probes: false, staleness: true })
  for (let n = 0; n < 6; n++) {
    await pull('zurich')
    await sees('zurich', true)
    await bot.advance('20s')
  }
  expect(bot.paged()).toEqual([])
  for (let n = 0; n < 6; n++) {
    await pull('zurich')
    await bot.advance('20s')
  }
  expect(lastOf('nora')).toContain('home is not being watched')
  expect(bot.paged()).toEqual(['nora'])
  await sees('zurich', true)
  await bot.advance('20s')
  await bot.advance('90s')
  expect(bot.paged()).toEqual(['nora', 'nora'])
  expect(lastOf('nora')).toContain('Location zurich is silent')
})

/** Four hosts that are looked at from here, and nothing else. */
async function hosts(): Promise<(text: string) => string> {
  const urls = await Promise.all(
    ['127.0.0.2', '127.0.0.3', '127.0.0.4'].map(
      async (host) => (await http((_, answer) => answer.end('ok'), host)).url,
    ),
  )
  const more = urls.map((url, n) => `  h${n}: { service: webmail, probe: "${url}", every: 30s, fail_after: 2 }\n`)
  return (text) => text.replace('monitors:\n', `monitors:\n${more.join('')}`)
}

test('our own network is down: one page says so, and when it is back everything is well', async () => {
  await start({ config: await hosts() })
  await bot.advance('31s')
  bot.trouble.networkDown = true
  await bot.advance('45s')
  expect(bot.paged()).toEqual(['nora'])
  expect(lastOf('nora')).toMatch(
    /Watchbill sees nothing from here: none of 4 hosts answers since \d\d:\d\d:\d\d: its own network is probably down, or all of them are; what fails of 4 monitors is held back until \d\d:\d\d:\d\d/,
  )
  const status = await bot.type('mia', '/watchbill status')
  expect(status).toContain(':no_entry: Location `here` sees nothing since')
  expect(status).toMatch(/0 down, \d held back \(.*`h0` \(held: blind\)/)
  const list = await bot.type('mia', '/monitor list')
  expect(list).toMatch(/\*Held back \(\d\)\*/)
  expect(list).not.toContain('*Down')
  expect(await bot.type('mia', '/monitor show h0')).toMatch(
    /:large_orange_circle: `h0` .*\*held: blind\*.*\nIt fails from here, and so does everything else/,
  )
  bot.trouble.networkDown = false
  await bot.advance('2m')
  expect(bot.paged()).toEqual(['nora'])
  expect(bot.timeline().join('\n')).toContain('Watchbill sees again')
  expect(bot.timeline().join('\n')).not.toContain('is down')
  expect(bot.timeline().at(-1)).toMatch(/Resolved/)
})

test('everything really is down: it is told after two minutes, whatever it looks like; and what is still dead when sight returns, too', async () => {
  await start({ config: await hosts() })
  await bot.advance('31s')
  bot.trouble.networkDown = true
  await bot.advance('60s')
  expect(bot.channel().join('\n')).not.toContain('is down')
  await bot.advance('100s')
  for (const name of ['home', 'h0', 'h1', 'h2']) expect(bot.channel().join('\n')).toContain(`${name} is down`)
  bot.trouble.networkDown = false
  bot.target.fail(503)
  await bot.advance('75s')
  const said = bot.timeline().join('\n')
  expect(said).toContain('h0 is up again')
  expect(said).not.toContain('home is up again')
})

test('who may ask for work: the token of that location, over https or from this machine', async () => {
  await start({ config: together('locations: [here, zurich]'), probes: false })
  const work = await pull('zurich')
  expect(work).toMatchObject({ status: 200, probes: [{ name: 'home' }] })
  expect(await pull('zurich', { rev: work.rev })).toEqual({ status: 200, rev: work.rev, now: expect.any(Number) })
  expect(await pull('berlin')).toMatchObject({ status: 200, probes: [] })
  const body = { rev: null, version: 'test', ...SEES }
  expect(await ask('work', 'zurich', body, 'wrong')).toMatchObject({ status: 401 })
  expect(await ask('work', 'zurich', body, '')).toMatchObject({ status: 401 })
  expect(await ask('work', 'zurich', body, TOKENS.berlin)).toMatchObject({
    status: 403,
    detail: 'This is the token of location berlin, not of zurich.',
  })
  expect(await ask('work', 'oslo', body, TOKENS.berlin)).toMatchObject({ status: 404 })
  expect(await ask('work', 'constructor', body, 'wrong')).toMatchObject({ status: 401 })
  expect(await ask('work', 'zurich', body, TOKENS.zurich, { 'x-forwarded-proto': 'http' })).toMatchObject({
    status: 403,
    detail: expect.stringContaining('over https only'),
  })
  expect(await ask('work', 'zurich', body, TOKENS.zurich, { 'x-forwarded-proto': 'https' })).toMatchObject({
    status: 200,
  })
  expect(await ask('results', 'zurich', { ...SEES, results: [{ monitor: 'home' }] })).toMatchObject({ status: 400 })
  const ahead = bot.clock.now() + 3_600_000
  const result = { monitor: 'home', slotAt: ahead, sample: { at: ahead, ok: true, saw: '', ms: 1 } }
  expect(await ask('results', 'zurich', { ...SEES, results: [result] })).toMatchObject({
    status: 400,
    detail: 'Nothing was stored: What was seen there is ahead of our clock.',
  })
  // The store has what is needed to know a token again, and nowhere the token.
  for (const table of ['rules', 'locations']) {
    const { rows } = await bot.store.pool.query(
      `select count(*)::int as n from ${table} t where to_jsonb(t)::text ~ 'token-1'`,
    )
    expect(rows, table).toEqual([{ n: 0 }])
  }
})

test('what is disabled is looked at from nowhere, until it is enabled again', async () => {
  const two = (text: string) =>
    `${together('locations: [zurich]')(text).replace('monitors:\n', 'monitors:\n  login: { service: webmail, probe: "TARGET" }\n')}`
  await start({ probes: false, config: two })
  const work = async () => (await pull('zurich')).probes?.map(({ name }) => name)
  expect(await work()).toEqual(['home'])
  await bot.type('nora', '/monitor disable home 30m new disk')
  await bot.type('dana', '/monitor approve 1')
  expect(await work()).toEqual([])
  await bot.type('sam', '/monitor enable home')
  expect(await work()).toEqual(['home'])
})
