import { afterEach, describe, expect, test } from 'vitest'
import { type Driver, MONDAY_NIGHT, startBot } from '../support/bot.ts'

const MINUTE = 60_000
/** Monday, 06:50 in Zurich: nora has the night until 08:00, dana the day from then. */
const BEFORE = MONDAY_NIGHT + 230 * MINUTE

let bot: Driver
afterEach(async () => {
  await bot?.close()
})
const start = async (at = BEFORE) => {
  bot = await startBot({ at, probes: false })
}
const said = (who: string) => bot.dm(who).join('\n---\n')
const ops = () => bot.channel('ops').join('\n---\n')

describe('a change of the watch', () => {
  test('is announced an hour ahead, opens a quarter of an hour before, and is over when the incoming says so', async () => {
    await start()
    expect(bot.dm('dana')).toEqual([])
    await bot.advance('11m')
    expect(said('dana')).toContain('*Your watch begins at')
    expect(said('nora')).toContain('*Your watch ends at')
    await bot.advance('45m')
    expect(said('dana')).toContain('Handover of primary')
    expect(said('dana')).toContain('Nothing is open.')
    expect(said('dana')).toContain('[I have the watch]')
    expect(said('nora')).not.toContain('[I have the watch]')
    expect(ops()).toContain('<@U0DANA> takes over at')

    // Somebody who does not come on duty cannot take it that way.
    expect(await bot.pressIn('sam', 'ops', 'I have the watch')).toContain('<@U0DANA>')
    expect(await bot.press('dana', 'I have the watch')).toBe('')
    expect(said('dana')).not.toContain('[I have the watch]')
    expect(ops()).toMatch(/`primary`: :white_check_mark: <@U0DANA> \*has the watch\* since/)
    expect(said('nora')).toContain('<@U0NORA> stands relieved')

    // Relieved is relieved: four minutes before the change the page goes to dana alone.
    await bot.alert()
    expect(bot.paged()).toEqual(['dana'])
    await bot.press('dana', 'Acknowledge')
    await bot.advance('40m')
    expect(bot.paged()).toEqual(['dana'])
    expect(said('dana')).not.toContain('Confirm your watch')
  })

  test('that nobody confirms: both have the watch, the incoming is paged, at the limit the last resort hears of it', async () => {
    await start(BEFORE + 65 * MINUTE)
    await bot.advance('6m')
    expect(said('dana')).toContain('on duty since')
    expect(ops()).toContain('*<@U0NORA> still has the watch, too*, until')
    expect(bot.paged()).toEqual([])
    await bot.alert()
    expect(new Set(bot.paged())).toEqual(new Set(['dana', 'nora']))
    expect(said('nora')).toContain('are not relieved yet')
    expect(said('nora')).toContain('also paged: <@U0DANA>')
    await bot.press('nora', 'Acknowledge')
    await bot.advance('9m')
    expect(said('dana')).toContain('Confirm your watch: primary')
    await bot.advance('20m')
    expect(said('mia')).toContain('Nobody confirmed the watch: primary')
    expect(ops()).toContain('*Nobody confirmed the watch* by')
    // The page of ten past eight shows what became of it, and still takes the watch: she is on duty.
    expect(await bot.type('dana', '/oncall relieve primary')).toContain('has the watch of `primary`')
  })

  test('takes with it what the outgoing has, but what they keep', async () => {
    await start(BEFORE + 40 * MINUTE)
    await bot.alert()
    await bot.press('nora', 'Acknowledge')
    await bot.type('sam', '/silence webmail 2h until monday')
    await bot.type('nora', '/incident note INC-1 it is the <disk>')
    await bot.type('nora', '/incident note INC-1 it is the <network>, ringing them')
    await bot.advance('16m')
    expect(said('nora')).toContain('*You have INC-1.*')
    expect(said('dana')).toContain('*Open (1):*')
    expect(said('dana')).toMatch(/:memo: <@U0NORA>, .*: it is the &lt;network&gt;, ringing them/)
    expect(said('dana')).not.toContain('disk')
    expect(said('dana')).toMatch(
      /\*Silenced \(1\):\*\n:mute: \*1\* service `webmail`, until .* by <@U0SAM>: _until monday_/,
    )
    await bot.advance('14m')
    expect(said('dana')).toContain('Take over what is open: primary')
    expect(said('dana')).toContain('[Take INC-1]')
    expect(await bot.press('dana', 'I have the watch')).toBe('')
    expect((await bot.facts()).map(({ type }) => type)).toContain('taken')
    expect(bot.timeline().join('\n')).toContain('<@U0DANA> *has it now*, instead of <@U0NORA>, with the watch')
    expect(said('dana')).not.toContain('[Take INC-1]')
    // Whoever has it may keep it; whoever has not, may not.
    expect(await bot.type('nora', '/incident keep INC-1 30m')).toContain("<@U0DANA>'s")
    expect(await bot.type('sam', '/incident accept INC-1')).toContain('<@U0SAM> has taken over *INC-1*')
    await bot.advance('3m')
    expect(await bot.type('sam', '/incident unack INC-1')).toContain('gave *INC-1* back. <@U0DANA> is being paged')
  })

  test('is handed over before it: whoever comes is asked, and it stays with its owner until they take it', async () => {
    await start(BEFORE + 40 * MINUTE)
    await bot.alert()
    await bot.press('nora', 'Acknowledge')
    await bot.advance('16m')
    expect(said('nora')).toContain('[Hand over INC-1]')
    expect(await bot.press('nora', 'Hand over')).toBe('')
    expect(said('dana')).toContain('<@U0NORA> asks you to take it over')
    expect(bot.timeline().at(-1)).toBe(':handshake: <@U0NORA> *hands it over:* <@U0DANA> is asked to take it')
    await bot.advance('30s')
    expect(said('nora')).toContain('<@U0DANA> is asked to take INC-1.')
    expect(await bot.type('nora', '/incident show INC-1')).toContain('<@U0NORA> has it*')
    // Nobody has paged anybody.
    expect(bot.paged()).toEqual(['nora'])
    expect(await bot.press('dana', 'Take over')).toBe('')
    expect(await bot.type('nora', '/incident show INC-1')).toContain('<@U0DANA> has it*')
    expect(said('dana')).not.toContain('[Take INC-1]')
    await bot.advance('15m')
    expect(said('dana')).not.toContain('Take over what is open')
  })

  test('can be resolved from the message to whoever goes', async () => {
    await start(BEFORE + 40 * MINUTE)
    await bot.alert()
    await bot.press('nora', 'Acknowledge')
    await bot.advance('16m')
    expect(await bot.press('nora', 'Leave')).toBe('')
    expect(await bot.type('nora', '/incident show INC-1')).toContain('*Resolved* at')
  })
})

describe('an incident that is handed over by name', () => {
  test('asks that person, once, and nobody who cannot be asked', async () => {
    await start(BEFORE)
    await bot.alert()
    expect(await bot.type('nora', '/incident handover INC-1')).toContain('Nobody has INC-1 at the moment')
    await bot.press('nora', 'Acknowledge')
    // Nobody else has the watch, and no change is at hand: the second step has somebody.
    expect(await bot.type('nora', '/incident handover')).toContain('Which incident?')
    expect(await bot.type('nora', '/incident handover INC-1')).toContain('<@U0SAM> is asked to take it')
    expect(await bot.type('dana', '/incident handover INC-1 @erik')).toContain("INC-1 is <@U0NORA>'s")
    expect(await bot.type('nora', '/incident handover INC-1 @nora')).toContain('cannot be asked to take INC-1')
    expect(await bot.type('nora', '/incident handover INC-1 @nobody')).toContain('is nobody in Watchbill')
    expect(await bot.type('nora', '/incident handover INC-1 @erik')).toContain('<@U0ERIK> is asked to take it')
    await bot.type('nora', '/incident handover INC-1 @erik')
    expect(bot.dm('erik')).toHaveLength(1)
    expect(await bot.press('erik', 'Take over')).toBe('')
    // What sam was sent shows it, too.
    expect(said('sam')).toContain('<@U0ERIK> has it*')
    expect(said('sam')).not.toContain('[Take INC-1]')
  })

  test('to somebody who has left Slack is refused: they would never know', async () => {
    await start(BEFORE)
    await bot.alert()
    await bot.press('nora', 'Acknowledge')
    bot.slack.changeUser('erik', { deleted: true })
    await bot.advance('1h')
    expect(await bot.type('nora', '/incident handover INC-1 @erik')).toContain('<@U0ERIK> cannot be asked')
  })
})
