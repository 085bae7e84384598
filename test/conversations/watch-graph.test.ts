import { afterEach, describe, expect, test } from 'vitest'
import { newProbe, observe } from '../../src/domain/detect/probe.ts'
import { saveSample } from '../../src/store/monitors.ts'
import { type Driver, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot?.close())

const start = async (options: Parameters<typeof startBot>[0] = {}) => {
  bot = await startBot({ probes: false, ...options })
}
const ops = () => bot.channel('ops').join('\n---\n')

/** As if a process had looked at this moment. */
async function looked(monitor: string): Promise<void> {
  const now = bot.clock.now()
  const sample = { at: now, ok: true, saw: '200 OK', ms: 3 }
  const { state } = observe(newProbe(now), sample, { failAfter: 2, recoverAfter: 2 })
  await saveSample(bot.store, { monitor, slotAt: now, sample, state, event: null, now })
}

test('the graph in short, and its loose ends also in the status', async () => {
  await start()
  const shown = await bot.type('erik', '/monitor graph')
  expect(shown).toContain('• `staleness` watches `monitor/home`')
  expect(shown).toContain('• `auditor` watches `store`, `in-tray`, `out-tray` and `timetable`')
  expect(shown).toContain(':warning: *Loose end:* nobody notices when Watchbill itself stops')
  expect(await bot.type('erik', '/watchbill status')).toContain(
    '*Loose end:* nobody notices when Watchbill itself stops',
  )
})

test('a monitor that nobody looks after pages, until somebody does again', async () => {
  await start({ staleness: true })
  await looked('home')
  await bot.advance('95s')
  expect(bot.paged()).toEqual([])
  await bot.advance('20s')
  expect(bot.paged()).toEqual(['nora'])
  expect(bot.dm('nora').join()).toMatch(
    /home is not being watched: the last look was 1 min \d+ s ago, and the next is long due/,
  )
  await looked('home')
  await bot.advance('20s')
  expect(bot.timeline().join()).toContain('home is being watched again: there was a look')
  expect((await bot.facts()).at(-1)).toMatchObject({ type: 'resolved', by: null })
})

test('one that a location elsewhere looks after is watched', async () => {
  await start({ staleness: true })
  const { pool } = bot.store
  const seen = () => pool.query(`insert into views values ('zurich', 'home', $1, '{}')`, [bot.clock.now()])
  await bot.advance('60s')
  await seen()
  await bot.advance('60s')
  expect(bot.paged()).toEqual([])
  await bot.advance('60s')
  expect(bot.paged()).toEqual(['nora'])
})

test('after a stop it is given the time that it has anyway', async () => {
  await start({ staleness: true })
  await looked('home')
  await bot.restart('1h')
  await bot.advance('80s')
  expect(bot.paged()).toEqual([])
  await bot.advance('40s')
  expect(bot.paged()).toEqual(['nora'])
})

describe('what depends on something else', () => {
  const config = (text: string) =>
    text
      .replace(
        '  webmail: { policy: mail, channel: C0OPS }',
        '  webmail: { policy: mail, channel: C0OPS }\n  shop: { policy: mail, channel: C0OPS }',
      )
      .concat(
        '  till: { service: shop, probe: "TARGET", every: 30s, fail_after: 2, recover_after: 2, depends_on: [home] }\n',
      )

  test('fails with it, and its people are not paged: nobody knows which of them fails first', async () => {
    await start({ probes: true, config })
    await bot.advance('1m')
    bot.target.fail()
    await bot.advance('1m')
    expect(bot.paged()).toEqual(['nora'])
    expect(bot.dm('nora').join()).toContain('home is down')
    expect(ops()).toMatch(
      /:link: \*Held back:\* till is down: 503.* · service `shop`\. It depends on `home`, which is down/,
    )
    await bot.advance('31s')
    expect(bot.dm('nora').join()).toMatch(
      /:link: \*Held back by this \(1\):\* `till` \(shop\) since .*\. Nobody is paged for it; what fails still when this is well again pages then/,
    )
    const list = await bot.type('mia', '/monitor list')
    expect(list).toMatch(
      /\*Down \(1\)\*\n:red_circle: `home`.*\n\*Held back \(1\)\*\n.* `till` .*\*held: `home` is down\*/,
    )
    expect(await bot.type('mia', '/monitor show till')).toContain('It depends on `home`, which is down and seen to')
    expect(await bot.type('mia', '/watchbill status')).toContain(
      '1 down (`home`), 1 held back (`till` (held: `home` is down))',
    )
    bot.target.recover()
    await bot.advance('3m')
    expect(bot.paged()).toEqual(['nora'])
    expect(ops()).toContain(':white_check_mark: till is up again')
    expect(bot.dm('nora').join()).not.toContain('Held back by this')
  })

  test('is named in a page for several incidents, too', async () => {
    const services = ['imap', 'smtp', 'search', 'login']
    const many = (text: string) =>
      config(text).replace(
        '  shop: { policy: mail, channel: C0OPS }',
        ['shop', ...services].map((name) => `  ${name}: { policy: mail, channel: C0OPS }`).join('\n'),
      )
    await start({ probes: true, config: many })
    await bot.advance('1m')
    for (const service of services) await bot.alert({ service, headline: `${service} is down`, summary: 'it is down' })
    bot.target.fail()
    await bot.advance('1m')
    await bot.advance('31s')
    expect(bot.paged()).toContain('bundle')
    const together = bot.dm('nora').filter((text) => text.includes('more incidents for you'))
    expect(together.at(-1)).toContain('home is down')
    expect(together.at(-1)).toContain(':link: Nobody is paged meanwhile for `till`, which depends on it.')
    bot.target.recover()
    await bot.advance('3m')
    expect(bot.dm('nora').join()).not.toContain('Nobody is paged meanwhile')
  })
})

describe('disabling a monitor', () => {
  const two = (text: string) =>
    text.concat('  login: { service: webmail, probe: "TARGET", every: 30s, depends_on: [home] }\n')

  test('takes a reason, an end, a second person, and somebody else who watches', async () => {
    await start({ config: two })
    expect(await bot.type('nora', '/monitor disable home')).toContain('For how long is `home` not to look, and why?')
    expect(await bot.type('nora', '/monitor disable home 30m')).toContain('Disabling takes a reason')
    expect(await bot.type('nora', '/monitor disable nothing 30m new disk')).toContain('There is no monitor `nothing`')
    expect(await bot.type('nora', '/monitor disable home 30m new disk')).toContain(
      'Until somebody else types `/monitor approve 1`, within a quarter of an hour, it goes on looking',
    )
    expect(ops()).toMatch(
      /<@U0NORA> asks to \*disable\* monitor `home` until .*: _new disk_\. It would not look at all.* Service `webmail` is watched by `login` meanwhile\. `login` depends on nothing meanwhile, and pages by itself\..*\n\[Approve\]/,
    )
    expect(await bot.pressIn('nora', 'ops', 'Approve')).toContain('Disabling takes a second person, and you asked')
    expect(await bot.pressIn('dana', 'ops', 'Approve')).toBe('')
    expect(ops()).toMatch(/:no_entry_sign: \*Disabled:\* monitor `home` does not look until .* approved by <@U0DANA>\./)
    expect(await bot.type('sam', '/silence list')).toMatch(
      /:no_entry_sign: \*1\* monitor `home` is \*disabled\*, until .* by <@U0NORA> with <@U0DANA>: _new disk_/,
    )
    expect(await bot.type('sam', '/monitor disable login 30m too')).toContain(
      '`login` was not disabled: nothing else watches service `webmail`',
    )
    expect(await bot.type('sam', '/silence extend 1 1h')).toContain('takes a second person each time')
  })

  test('it does not look, nobody misses it, and at its end it has to show that it watches', async () => {
    await start({ config: two, probes: true, staleness: true, returns: true })
    await bot.advance('1m')
    await bot.type('nora', '/monitor disable home 3m new disk')
    await bot.type('dana', '/monitor approve 1')
    const seen = async () => (await bot.store.pool.query(`select from samples where monitor = 'home'`)).rowCount
    const before = await seen()
    await bot.advance('150s')
    expect(await seen()).toBe(before)
    await bot.advance('90s')
    expect(await seen()).toBeGreaterThan(before ?? 0)
    expect(bot.paged()).toEqual([])
    expect(ops()).toContain('Monitor `home` is enabled again, and has to show by')
    expect(ops()).toContain('monitor `home` is watched again: everything has reported since it was enabled again')
  })

  test('anybody may have it look again, and what nobody approves comes to nothing', async () => {
    await start({ config: two })
    expect(await bot.type('sam', '/monitor enable home')).toContain('`home` is not disabled, so nothing was done')
    await bot.type('nora', '/monitor disable home 1h new disk')
    await bot.type('dana', '/monitor approve 1')
    expect(await bot.type('sam', '/monitor enable home')).toContain(
      'Monitor `home` is enabled again, and has to show by',
    )
    await bot.type('nora', '/monitor disable login 1h new disk')
    await bot.advance('15m')
    expect(ops()).toContain('Nobody approved that monitor `login` is disabled: it goes on looking.')
    expect(await bot.type('dana', '/monitor approve 2')).toContain('The silence 2 is over, and nothing was done')
  })
})

describe('a drill', () => {
  test('pages whoever asks, says what it is, and reports how long each part took', async () => {
    await start()
    const said = await bot.type('erik', '/monitor drill home')
    expect(said).toMatch(/:test_tube: \*Drill\* of `home`: a fault was injected, as INC-1\. It pages <@U0ERIK>;/)
    expect(bot.paged()).toEqual(['erik'])
    const page = bot.dm('erik').join()
    expect(page).toContain(':test_tube: DRILL · INC-1 · home\n*Nothing is wrong.*')
    expect(page).toContain('*Why you:* this drill was asked for by <@U0ERIK>')
    expect(page.match(/\[[A-Za-z ]+\]/g)).toEqual(['[Acknowledge]'])
    expect(bot.channel('ops').join()).toBe('')
    expect(await bot.type('sam', '/incident list')).not.toContain('INC-1')
    await bot.advance('9s')
    await bot.press('erik', 'Acknowledge')
    const dm = bot.dm('erik').join('\n')
    expect(dm).toContain(':white_check_mark: The drill is over: <@U0ERIK> acknowledged it.')
    expect(dm).toMatch(
      /:test_tube: \*Drill of `home` passed:\* decided 0 ms after the fault, in Slack for <@U0ERIK> after \d+ ms and acknowledged by <@U0ERIK> after 9 s\./,
    )
  })

  test('for whoever is on duty ends by itself, and says that nobody answered', async () => {
    await start()
    expect(await bot.type('erik', '/monitor drill home duty')).toContain('It pages <@U0NORA>')
    await bot.advance('6m')
    expect(bot.paged()).toEqual(['nora'])
    expect(bot.dm('nora').join('\n')).toContain('*Drill of `home` failed:*')
    expect(bot.dm('nora').join('\n')).toContain(
      'Had it been real, the policy of `webmail` would have gone on to its next step.',
    )
    expect(await bot.type('erik', '/monitor drill home now')).toContain('`now` is not understood')
  })

  test('that nobody hears of is made every five minutes', async () => {
    await start({ drills: true })
    await bot.advance('11m')
    const { rows } = await bot.store.pool.query(`select state from owed where kind = 'drill'`)
    expect(rows).toEqual([{ state: 'done' }, { state: 'done' }])
    expect(bot.calls('chat.postMessage')).toEqual([])
  })

  test('goes out as a page where somebody takes them, one at a time; while Slack takes none, it is said', async () => {
    const outward = 'outward_heartbeat: { url: "http://127.0.0.1:9/x", every: 1d, drill_to: erik }'
    await start({ drills: true, config: (text) => `${text}\n${outward}\n` })
    await bot.advance('11m')
    expect(bot.calls('chat.postMessage')).toHaveLength(2)
    expect(bot.dm('erik')).toEqual([
      expect.stringMatching(
        /^:test_tube: \*DRILL · nothing is wrong\.\* A fault of `home` .* a real one would have paged <@U0NORA>/,
      ),
    ])
    expect(await bot.type('erik', '/watchbill status')).not.toContain('drills')
    bot.slack.fault({ kind: 'error', method: 'chat.postMessage', channel: 'erik', error: 'internal_error' })
    await bot.advance('11m')
    expect(await bot.type('sam', '/watchbill status')).toContain('drills')
    bot.slack.resetFaults()
    await bot.advance('11m')
    expect(await bot.type('sam', '/watchbill status')).not.toContain('drills')
    expect(bot.dm('erik')).toHaveLength(1)
  })
})
