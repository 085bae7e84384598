import { afterEach, describe, expect, test } from 'vitest'
import { type Driver, MONDAY_NIGHT, startBot } from '../support/bot.ts'

const MINUTE = 60_000

let bot: Driver
afterEach(() => bot?.close())

const anyHomeOf = async (user: string) =>
  (await bot.store.pool.query('select from homes where slack_user = $1', [user])).rowCount === 1
const published = (user?: string) =>
  bot.calls('views.publish').filter(({ args }) => user === undefined || args.user_id === user).length

describe('the Home of the app', () => {
  test('says what to press, and follows what happens for as long as somebody looks', async () => {
    // 07:40: nora has the night until 08:00, dana the day from then.
    bot = await startBot({ at: MONDAY_NIGHT + 280 * MINUTE, probes: false })
    const quiet = await bot.openHome('nora')
    expect(quiet).toContain('Nothing needs you now')
    expect(quiet).toMatch(/:anchor: \*primary\*: <@U0NORA> since <!date.*, until <!date.*08:00 CET>, then <@U0DANA>/)
    expect(quiet).toMatch(/\*secondary\*: <@U0SAM>/)
    expect(quiet).toMatch(/• `primary` \*now\*, until <!date/)
    expect(quiet).toContain('_and 23 more: `/oncall mine`_')
    expect(quiet).not.toContain('[')
    expect(await bot.openHome('mia')).toContain('None.')

    await bot.advance('20s')
    await bot.alert()
    // What has happened is told in its channels first.
    expect(bot.home('nora')).toContain('Nothing needs you now')
    await bot.advance('1s')
    expect(bot.home('nora')).toContain(':rotating_light: INC-1 needs you')
    expect(bot.home('nora')).toContain('[Acknowledge]\n[Resolve]')
    expect(bot.home('mia')).not.toContain('[')
    expect(bot.home('mia')).toContain('1 other incident is open; you were not paged for it')

    // The presser's own Home does not wait.
    expect(await bot.pressHome('nora', 'Acknowledge')).toBe('')
    expect(bot.home('nora')).toContain(':eyes: You have INC-1')
    expect(bot.home('nora')).not.toContain('[Acknowledge]')

    // Dana comes: the button is there as the window opens, and what nora has is there as the watch changes.
    expect(await bot.openHome('dana')).toContain('takes over at')
    expect(bot.home('dana')).not.toContain('[I have the watch]')
    await bot.advance('5m')
    expect(bot.home('dana')).toContain('Take the watch of primary')
    expect(bot.home('dana')).toContain('[I have the watch]')
    expect(bot.home('nora')).not.toContain('[I have the watch]')
    await bot.advance('15m')
    expect(bot.home('dana')).toContain(':rotating_light: INC-1 needs you')
    expect(bot.home('dana')).toContain('[Take INC-1]\n[Resolve]')
    expect(bot.home('nora')).toContain('<@U0NORA> *is not relieved yet*')
    expect(await bot.pressHome('dana', 'Take')).toBe('')
    expect((await bot.facts()).findLast(({ type }) => type === 'taken')).toMatchObject({ by: 'dana', from: 'nora' })
    expect(bot.home('dana')).toContain(':anchor: Take the watch of primary')
    expect(await bot.pressHome('dana', 'I have the watch')).toBe('')
    expect(bot.home('dana')).toContain(':eyes: You have INC-1')
    await bot.advance('15s')
    expect(bot.home('dana')).not.toContain('[I have the watch]')
    expect(bot.home('nora')).not.toContain('is not relieved yet')
  })

  test('is shown no more often than it can be read, to nobody who is gone, and refuses in words', async () => {
    const config = (text: string) => text.replace('  erik: { slack: U0ERIK }\n', '')
    bot = await startBot({ probes: false, config })
    const stranger = await bot.openHome('erik')
    expect(stranger).toContain("You are not in Watchbill's configuration")
    expect(stranger).toContain('`people:`, your name, and `slack: U0ERIK`')
    expect(stranger).toContain('*primary*: <@U0NORA>')
    await bot.openHome('nora')
    await bot.alert()
    await bot.advance('15s')
    expect(published('U0NORA')).toBe(2)

    // Sixteen seconds of a storm, and of owners that change all the time.
    await bot.type('dana', '/incident ack INC-1')
    for (let n = 0; n < 8; n++) {
      const event = { type: 'accept' as const, by: n % 2 ? 'dana' : 'sam', incident: 1 }
      await bot.bot.desk.submit({ source: 'test', key: `owner-${n}`, event })
      await Promise.all(Array.from({ length: 20 }, (_, disk) => bot.report({ key: `disk-${n}-${disk}` })))
      await bot.advance('2s')
    }
    expect((await bot.facts()).filter(({ type }) => type === 'taken')).toHaveLength(8)
    expect(published('U0NORA')).toBe(3)
    // Nothing that a stranger sees has changed.
    expect(published('U0ERIK')).toBe(1)

    // Somebody else was faster: it is said in the DM, and shown.
    bot.slack.fault({ kind: 'lost_reply', method: 'views.publish', count: 1 })
    await bot.type('sam', '/incident resolve INC-1')
    const refused = await bot.pressHome('nora', 'Resolve')
    expect(refused).toContain('INC-1 was resolved by <@U0SAM>')
    await bot.advance('2s')
    expect(bot.home('nora')).toContain('Nothing needs you now')

    // An account that is gone is asked for no more.
    bot.slack.fault({ kind: 'error', method: 'views.publish', error: 'user_not_found', count: 1 })
    await bot.openHome('erik')
    expect(await anyHomeOf('U0ERIK')).toBe(false)

    // A day later nobody looks any more.
    const before = published()
    await bot.rest()
    bot.clock.advanceTo(bot.clock.now() + 25 * 60 * MINUTE)
    await bot.rest()
    await bot.alert({ key: 'imap' })
    await bot.advance('20s')
    expect(published()).toBe(before)
  })
})
