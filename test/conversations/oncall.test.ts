import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'

/**
 * Rosters changed by what people type: one bot and one Monday night, 03:00 in Zürich. Nora has `primary` by night, dana by day; sam has
 * `secondary`. Everybody's Slack is in Europe/Berlin, mia's in New York.
 */
let bot: Driver
const IDS = { nora: 'U0NORA', dana: 'U0DANA', sam: 'U0SAM', mia: 'U0MIA', erik: 'U0ERIK' } as const
type Name = keyof typeof IDS

beforeAll(async () => {
  bot = await startBot({
    probes: false,
    workspace: {
      users: Object.entries(IDS).map(([name, id]) => ({
        id,
        name,
        tz: name === 'mia' ? 'America/New_York' : 'Europe/Berlin',
      })),
    },
  })
})
afterAll(() => bot.close())

/** Presses a button of the latest message that has it, in a channel or in their own DM; what they then see. */
async function press(user: Name, action: string, where = 'ops'): Promise<string> {
  const messages = where === 'dm' ? bot.slack.dm(IDS[user]) : bot.slack.channel(where, IDS[user]).messages
  const message = messages.findLast((each) => JSON.stringify(each.blocks).includes(`"${action}"`))
  if (!message) throw new Error(`${user} sees no button ${action}`)
  const before = new Set(messages.map(({ ts }) => ts))
  const { warning } = await bot.slack.press(IDS[user], message.channel, message.ts, action)
  await bot.rest()
  const after = bot.slack.channel(message.channel, IDS[user]).messages
  const changed = after.filter(({ ts, text }) => !before.has(ts) || (ts === message.ts && text !== message.text))
  return [...(warning ? [warning] : []), ...changed.map(textOf)].join('\n')
}

const textOf = ({ text, blocks }: { text: string; blocks?: unknown }) => JSON.stringify([text, blocks])
const edits = async () =>
  (await bot.store.pool.query<{ state: string }>('select state from roster_edits order by id')).rows.map(
    ({ state }) => state,
  )
const dms = (user: Name) => bot.dm(user).join('\n---\n')

test('a watch is taken: shown in full first, in the asker’s own zone, and done once they say so', async () => {
  const asked = await bot.type('mia', '/oncall take primary for 2h')
  expect(asked).toContain('*Please check: nothing is changed yet.*')
  expect(asked).toContain(
    '`primary`: <@U0MIA> would be on duty *Sun 22 Nov 2026 21:00 – 23:00 UTC-05:00* (Mon 23 Nov 2026 03:00 – 05:00 UTC+01:00 in Europe/Zurich) instead of <@U0NORA>',
  )
  expect(asked).toContain('[Do it]\n[Never mind]')
  expect(await edits()).toEqual([])
  expect(await press('mia', 'roster_leave')).toContain('Nothing was changed.')
  expect(await edits()).toEqual([])
  expect(bot.channel('ops')).toEqual([])

  await bot.type('mia', '/oncall take primary for 2h')
  await bot.advance('1m')
  const done = await press('mia', 'roster_do')
  expect(done).toContain('<@U0MIA> took the watch (change 1)')
  expect(bot.channel('ops').join()).toContain('`primary`: <@U0MIA> is on duty from')
  expect(await edits()).toEqual(['active'])
  expect(await bot.type('erik', '/oncall primary')).toContain('*primary*: <@U0MIA> since')
  expect(dms('nora')).toContain('<@U0MIA> took the watch* (change 1)')
  expect(dms('nora')).toContain('instead of <@U0NORA>')
  // What was pressed is gone: it cannot be pressed twice.
  await expect(press('mia', 'roster_do')).rejects.toThrow('no button')
})

test('a change is ended by who made it, and everybody concerned hears of it', async () => {
  expect(await bot.type('erik', '/oncall cancel 1')).toContain('is up to <@U0MIA>')
  expect(await bot.type('mia', '/oncall cancel 1')).toContain('<@U0NORA> would be on duty')
  expect(await press('mia', 'roster_do')).toContain('took the change 1 of the roster back')
  expect(await bot.type('erik', '/oncall primary')).toContain('*primary*: <@U0NORA> since')
  expect(dms('nora')).toContain('<@U0MIA> took the change 1 of the roster back.')
})

test('duty is covered, only where there is some', async () => {
  expect(await bot.type('erik', '/oncall cover @dana 12:00-22:00')).toContain(
    '`primary`: <@U0ERIK> would be on duty *Mon 23 Nov 2026 12:00 – 20:00 UTC+01:00* instead of <@U0DANA>',
  )
  await press('erik', 'roster_do')
  expect(bot.channel('ops').at(-1)).toContain('<@U0ERIK> covers (change 2)')
  expect(await bot.type('erik', '/oncall primary at 13:00')).toContain('*primary*: <@U0ERIK>')
  expect(await bot.type('erik', '/oncall primary at 21:00')).toContain('*primary*: <@U0NORA>')
  expect(dms('dana')).toContain('<@U0ERIK> covers* (change 2)')
  // Whoever covers is covered like anybody else.
  expect(await bot.type('sam', '/oncall cover <@U0ERIK|erik> 13:00-14:00 primary')).toContain(
    'You are on duty for `secondary` at that time, too.',
  )
  await press('sam', 'roster_do')
  expect(await bot.type('erik', '/oncall primary at 13:30')).toContain('*primary*: <@U0SAM>')
  // Who gains or loses duty hears of it, and nobody else.
  expect(dms('erik')).toContain('<@U0SAM> covers* (change 3)')
  expect(dms('dana')).not.toContain('change 3')
  const none = await bot.type('erik', '/oncall cover @dana 22:00-23:00')
  expect(none).toContain('<@U0DANA> is not on duty Mon 23 Nov 2026 22:00 – 23:00 UTC+01:00')
  expect(none).toContain('• Mon 23 Nov 2026 08:00 – 12:00 UTC+01:00 (`primary`)')
})

test('a swap is offered, agreed to by button, and the buttons go', async () => {
  const asked = await bot.type('nora', '/oncall swap @dana fri for sat')
  expect(asked).toContain(
    '`primary`: <@U0DANA> would be on duty *Fri 27 Nov 2026 20:00 – Sat 28 Nov 2026 08:00 UTC+01:00* instead of <@U0NORA>',
  )
  expect(asked).toContain('<@U0NORA> would be on duty *Sat 28 Nov 2026 08:00 – 20:00 UTC+01:00* instead of <@U0DANA>')
  expect(asked).toContain('<@U0DANA> is asked first')
  await press('nora', 'roster_do')
  expect(dms('dana')).toContain('<@U0NORA> offers you a swap* (change 4)')
  expect(dms('dana')).toContain('[Agree]\n[Decline]')
  expect(await bot.type('erik', '/oncall primary at sat 12:00')).toContain('<@U0DANA>')
  expect(await bot.type('dana', '/oncall mine')).toContain('*Waiting for your answer*\n*4*: `/oncall agree 4`')
  expect(await bot.type('nora', '/oncall mine')).toContain('*Offered by you*')
  expect(await bot.type('erik', '/oncall agree 4')).toContain('is up to <@U0DANA>')
  await press('dana', 'edit_agree', 'dm')
  expect(dms('dana')).not.toContain('[Agree]')
  expect(dms('dana')).toContain('*You agreed.*')
  expect(dms('nora')).toContain('<@U0DANA> agreed to your swap* (change 4)')
  expect(await bot.type('erik', '/oncall primary at sat 12:00')).toContain('<@U0NORA>')
  expect(await bot.type('erik', '/oncall primary at fri 23:00')).toContain('<@U0DANA>')
  expect(await bot.type('dana', '/oncall agree 4')).toContain('has been answered, ended or taken back before')
})

test('a button that is pressed twice at once does it once', async () => {
  expect(await edits()).toHaveLength(4)
  await bot.type('nora', '/oncall swap @dana sun for 2026-12-05')
  const message = bot.slack
    .channel('ops', IDS.nora)
    .messages.findLast(({ blocks }) => JSON.stringify(blocks).includes('roster_do'))
  if (!message) throw new Error('nothing was asked')
  await Promise.all(
    [1, 2].map(() => bot.slack.press(IDS.nora, message.channel, message.ts, 'roster_do').catch(() => null)),
  )
  await bot.rest()
  expect(await edits()).toHaveLength(5)
  await bot.type('nora', '/oncall cancel 5')
})

test('a swap is declined by word, and another is taken back', async () => {
  await bot.type('nora', '/oncall swap @dana 2026-12-01 for 2026-12-03')
  await press('nora', 'roster_do')
  expect(await bot.type('dana', '/oncall decline 6')).toContain('<@U0DANA> declined the swap (change 6)')
  expect(dms('nora')).toContain('<@U0DANA> declined your swap* (change 6)')
  await bot.type('nora', '/oncall swap dana tomorrow 21:00-23:00 for tomorrow 09:00-11:00 primary')
  await press('nora', 'roster_do')
  expect(await bot.type('nora', '/oncall cancel 7')).toContain('took the change 7')
  expect(dms('dana')).toContain('*It was taken back*')
  expect((await edits()).slice(3)).toEqual(['active', 'cancelled', 'declined', 'cancelled'])
})

test('what the roster became meanwhile is shown anew, and nothing is done blindly', async () => {
  await bot.type('erik', '/oncall cover @dana wed 08:00-20:00')
  await bot.type('mia', '/oncall cover @dana 2026-11-25T10:00+01:00..2026-11-25T12:00+01:00')
  await press('mia', 'roster_do')
  const again = await press('erik', 'roster_do')
  expect(again).toContain('The roster was changed meanwhile, and nothing is done yet.')
  expect(await edits()).toHaveLength(8)
  await press('erik', 'roster_do')
  expect(await edits()).toHaveLength(9)
  await bot.type('erik', '/oncall take primary for 1h')
  await bot.advance('16m')
  expect(await press('erik', 'roster_do')).toContain('That was asked a while ago')
  expect(await edits()).toHaveLength(9)
})

test('reading: shifts, gaps, a month, and what each carries', async () => {
  const mine = await bot.type('dana', '/oncall mine')
  expect(mine).toContain('• Fri 27 Nov 2026 08:00 – Sat 28 Nov 2026 08:00 UTC+01:00 `primary`')
  expect(mine).toContain('*Changed by hand*')
  expect(await bot.type('erik', '/oncall gaps')).toContain('on both, with nobody behind them')
  const month = await bot.type('erik', '/oncall month primary')
  expect(month).toContain('*primary*, November 2026 (Europe/Berlin)')
  expect(month).toContain('08h\u00a0dana')
  await bot.type('erik', '/page dana hello')
  const fairness = await bot.type('erik', '/oncall fairness')
  expect(fairness).toContain('*November 2026* (Europe/Zurich)')
  expect(fairness).toContain('Pages')
  expect(await bot.type('erik', '/oncall relieve primary')).toContain('nothing was done')
  expect(await bot.type('erik', '/oncall at 2026-10-25T02:30+01:00')).toContain('*At Sun 25 Oct 2026 02:30 UTC+01:00*')
})

test.each([
  [
    '/oncall take',
    'Which watch do you take? Nothing was changed. Type one of `/oncall take primary` and `/oncall take secondary`.',
  ],
  [
    '/oncall take secondary',
    'does not change within two weeks, so say for how long you take it: `/oncall take secondary for 4h`',
  ],
  ['/oncall take nosuch for 2h', 'There is no schedule `nosuch`. Schedules: `primary` and `secondary`.'],
  ['/oncall take primary until 2026-03-29 02:30', 'does not exist'],
  ['/oncall cover', 'Whom, and from when to when? Type `/oncall cover @person tomorrow 14:00-18:00`.'],
  ['/oncall cover @nosuch 14:00-18:00', "`@nosuch` is nobody in Watchbill's configuration"],
  ['/oncall cover <@U0OTHER|other> 14:00-18:00', "<@U0OTHER> is nobody in Watchbill's configuration"],
  ['/oncall cover @erik 14:00-18:00', 'That is your own duty.'],
  ['/oncall cover @dana 2026-11-01', 'lies in the past'],
  ['/oncall cover @dana 14:00-18:00 schedule/nosuch', 'There is no schedule'],
  ['/oncall cover @dana whenever', '`whenever` is no time'],
  ['/oncall swap', 'Whose shift, and which for which?'],
  ['/oncall swap @dana fri', 'Whose shift, and which for which?'],
  ['/oncall swap @dana fri for sat', '<@U0ERIK> has no shift that begins on `fri`'],
  ['/oncall agree', 'Which one? Nothing was done. Type `/oncall agree N`'],
  ['/oncall cancel it', '`it` is no number of a change'],
  ['/oncall decline 99', 'There is no change of the roster with the number 99'],
  ['/oncall relieve nosuch', 'There is no schedule `nosuch`'],
  ['/oncall relieve', 'Which watch do you take over?'],
  ['/oncall month', 'The month of which schedule?'],
  ['/oncall month primary soon', '`soon` is no month'],
  ['/oncall month nosuch', 'There is no schedule `nosuch`'],
  ['/oncall fairness soon', '`soon` is no month'],
  ['/oncall gaps for ever', 'For how long shall I look ahead?'],
  ['/oncall gaps nosuch', 'There is no schedule `nosuch`'],
])('%s: told what is wrong, and what to type', async (line, sentence) => {
  const before = await edits()
  expect(await bot.type('erik', line)).toContain(sentence)
  expect(await edits()).toEqual(before)
})
