import { afterEach, describe, expect, test } from 'vitest'
import type { Piece } from '../../src/domain/handover.ts'
import { API_TOKEN, type Driver, MONDAY_NIGHT, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot?.close())

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A change of the roster by hand, from an instant after the start of the story until another. */
let changes = 0
async function change(piece: Pick<Piece, 'schedule' | 'people'>, from: number, until: number): Promise<void> {
  const pieces = [{ mode: 'replaceAll' as const, ...piece, startAt: MONDAY_NIGHT + from, endAt: MONDAY_NIGHT + until }]
  const event = { type: 'override' as const, by: 'erik', kind: 'override' as const, offeredTo: null, pieces }
  await bot.bot.desk.submit({ source: 'test', key: `edit-${++changes}`, event })
}

/** Hours that nobody looks at: slots that were missed are skipped. */
async function jump(ms: number): Promise<void> {
  await bot.rest()
  bot.clock.advanceTo(bot.clock.now() + ms)
  await bot.rest()
}

describe('the user group of a schedule', () => {
  const withGroup = (config: string) => config.replace('  primary:\n', '  primary:\n    slack_group: oncall-mail\n')
  const group = () => [...bot.slack.workspace.groups.values()].find(({ handle }) => handle === 'oncall-mail')
  const members = () => (group()?.disabled ? 'disabled' : group()?.users)
  const asked = () => bot.slack.journal().filter(({ method }) => method.startsWith('usergroups.'))
  const start = async (config = withGroup) => {
    bot = await startBot({ probes: false, roster: true, config })
  }

  test('is who is on duty: made at the start, changed at the change of the watch, put right by the state it is found in', async () => {
    await start()
    expect(group()).toMatchObject({ name: 'On call: primary', users: ['U0NORA'] })

    // Slack wants no more calls: the next slot goes on.
    group()?.users.splice(0, 1, 'U0ERIK')
    bot.slack.fault({ kind: 'ratelimited', method: 'usergroups.list', retry_after: 30, count: 1 })
    await bot.advance('1m')
    expect(members()).toEqual(['U0ERIK'])
    await bot.advance('1m')
    expect(members()).toEqual(['U0NORA'])

    await change({ schedule: 'primary', people: ['sam', 'erik'] }, 4 * MINUTE, 6 * MINUTE)
    await bot.advance('119s')
    expect(members()).toEqual(['U0NORA'])
    await bot.advance('1s')
    expect(new Set(members())).toEqual(new Set(['U0SAM', 'U0ERIK']))

    // Nobody: Slack knows no group without members.
    await change({ schedule: 'primary', people: [] }, 6 * MINUTE, 8 * MINUTE)
    await bot.advance('2m')
    expect(members()).toBe('disabled')
    await bot.advance('2m')
    expect(members()).toEqual(['U0NORA'])

    // At the very instant, wherever it lies between two slots.
    await jump(4 * HOUR + 49 * MINUTE)
    await bot.advance('2m')
    await bot.advance('59s')
    expect(members()).toEqual(['U0NORA'])
    await bot.advance('1s')
    expect(members()).toEqual(['U0DANA'])

    const before = bot.calls('usergroups.users.update').length
    await bot.advance('3m')
    expect(bot.calls('usergroups.users.update')).toHaveLength(before)
  })

  test('has no guests and nobody who left, found out when Slack refuses them', async () => {
    await start()
    await change({ schedule: 'primary', people: ['sam', 'erik', 'dana'] }, MINUTE, HOUR)
    bot.slack.changeUser('sam', { isRestricted: true })
    bot.slack.changeUser('erik', { deleted: true })
    await bot.advance('1m')
    expect(members()).toEqual(['U0DANA'])
    bot.slack.changeUser('dana', { deleted: true })
    await jump(58 * MINUTE)
    await bot.advance('1m')
    expect(members()).toEqual(['U0NORA'])
  })

  test('only admins may manage groups: said in the status, asked once an hour, and well once it is mended', async () => {
    await start()
    const { preferences } = bot.slack.workspace
    preferences.everyoneManagesGroups = false
    group()?.users.splice(0, 1, 'U0ERIK')
    await bot.advance('1m')
    const status = await bot.type('erik', '/watchbill status')
    expect(status).toContain('User groups of Slack do not follow the watch (`permission_denied`): only admins may')
    const before = asked().length
    await bot.advance('3m')
    await jump(55 * MINUTE)
    expect(asked()).toHaveLength(before)
    await bot.advance('3m')
    expect(asked().slice(before)).toHaveLength(2)
    preferences.everyoneManagesGroups = true
    await jump(59 * MINUTE)
    await bot.advance('2m')
    expect(members()).toEqual(['U0NORA'])
    expect(await bot.type('erik', '/watchbill status')).not.toContain('User groups')
  })

  test('one whose handle somebody has: the others are kept all the same', async () => {
    await start((config) => withGroup(config).replace('  secondary:\n', '  secondary:\n    slack_group: erik\n'))
    expect(members()).toEqual(['U0NORA'])
    expect(await bot.type('erik', '/watchbill status')).toContain(
      '`@erik` does not follow the watch (`handle_already_exists`): somebody or something else has that name',
    )
    group()?.users.splice(0, 1, 'U0ERIK')
    await bot.advance('1m')
    expect(members()).toEqual(['U0NORA'])
  })
})

describe('a user group that a role names', () => {
  const withRole = (config: string) => `${config}roles: { admin: [mia, slack/leads] }\n`
  const leads = (users: string[], disabled = false) => {
    const made = { createdAt: 1, updatedAt: 1_700_000_000_000, createdBy: 'U0MIA', updatedBy: 'U0MIA' }
    const group = { id: 'S0LEADS', name: 'Leads', handle: 'leads', description: '', channels: [], users, disabled }
    bot.slack.workspace.groups.set('S0LEADS', { ...group, ...made })
  }
  const told = () => bot.dm('mia').filter((text) => text.includes('@leads'))

  test('gives the role to whoever is in it; while it gives it to nobody, whoever else has it hears, once', async () => {
    bot = await startBot({ probes: false, roster: true, config: withRole })
    await bot.advance('1m')
    expect(told()).toEqual([
      expect.stringMatching(/^:no_entry: \*The role `admin` has a hole:\* .* `@leads` does not exist/),
    ])
    expect(await bot.type('dana', '/watchbill reload')).toContain('`admin`')

    leads(['U0DANA'])
    await bot.advance('1m')
    expect(told()).toHaveLength(2)
    expect(told()[1]).toBe(':white_check_mark: The Slack user group `@leads` gives people the role `admin` again.')
    expect(await bot.type('dana', '/watchbill reload')).not.toContain('`admin`')

    // Slack that is away for a moment takes nobody's role.
    bot.slack.fault({ kind: 'ratelimited', method: 'usergroups.list', retry_after: 30, count: 1 })
    await bot.advance('2m')
    leads(['U0NOBODY'])
    await bot.advance('1m')
    leads([], true)
    await bot.advance('1m')
    expect(told().slice(2)).toEqual([
      expect.stringContaining('has only people in it whom the configuration does not list'),
      expect.stringContaining('is disabled, so that nobody has a role through it'),
    ])
    expect(await bot.type('mia', '/watchbill status')).toContain('`@leads`, which a role names, is disabled')
    expect(await bot.type('mia', '/monitor graph')).toContain('group/leads')
    bot.slack.fault({ kind: 'error', method: 'usergroups.list', error: 'missing_scope' })
    await bot.advance('1m')
    expect(told().at(-1)).toContain('cannot be read (`missing_scope`)')
  })

  test('approves overrides by it alone, and no longer once it is out of it', async () => {
    const gate = (config: string) =>
      `${config
        .replace(
          'webmail: {',
          'webmail: { deploy: { start: { webhook: "http://127.0.0.1:9/", secret: "webmail-start-secret-0000000000000" } },',
        )
        .replace(
          'schedules:\n',
          'roles: { approver: [slack/leads] }\nschedules:\n',
        )}gate: { override: { by: approver, reason: required } }\n`
    bot = await startBot({ probes: false, roster: true, config: gate })
    leads(['U0SAM'])
    await bot.advance('1m')
    await bot.type('dana', '/deploy webmail v42')
    await bot.type('dana', '/deploy override 1 customers wait')
    expect(await bot.type('mia', '/deploy approve 1')).toContain('takes the role `approver`')
    expect(await bot.type('sam', '/deploy approve 1')).toContain('override by <@U0DANA> with <@U0SAM>')
    await bot.type('nora', '/deploy webmail v43')
    await bot.type('nora', '/deploy override 2 customers wait')
    leads(['U0ERIK'])
    await bot.advance('1m')
    expect(await bot.type('sam', '/deploy approve 2')).toContain('takes the role `approver`')
  })
})

describe('problems of the roster', () => {
  const nobodyAtNight = (config: string) => config.replace(/^.*name: nights.*\n/m, '')
  const said = () => bot.channel('ops').filter((text) => text.includes('The roster has a problem'))
  const scrape = async () => {
    const response = await fetch(`${bot.url}/metrics`, { headers: { authorization: `Bearer ${API_TOKEN}` } })
    return response.text()
  }

  test('are told of once each, a day and a quarter of an hour ahead; restarts say nothing twice, and nobody is paged', async () => {
    bot = await startBot({ probes: false, roster: true })
    await bot.advance('1m')
    expect(said()).toEqual([])
    // No schedule has a user group: Slack is asked nothing about them.
    expect(bot.slack.journal().filter(({ method }) => method.startsWith('usergroups.'))).toEqual([])
    expect(await scrape()).toContain('watchbill_shift_gap_seconds{schedule="primary"} +Inf')

    await change({ schedule: 'primary', people: [] }, 3 * HOUR, 4 * HOUR)
    await change({ schedule: 'primary', people: ['sam'] }, 2 * HOUR, 3 * HOUR)
    await bot.advance('1m')
    expect(said()).toHaveLength(1)
    const [first = ''] = said()
    expect(first).toContain('*The roster has a problem within a day*')
    expect(first).toContain(
      '`primary` and `secondary`: *only <@U0SAM>* on both, with nobody behind them, <!date^1795406400^',
    )
    expect(first).toContain(':ghost: `primary`: *nobody* on duty <!date^')
    expect(first).toContain('`/oncall cover`')

    await bot.restart('99m')
    await bot.advance('3m')
    expect(said()).toHaveLength(1)
    await bot.advance('2m')
    expect(said()).toHaveLength(2)
    expect(said()[1]).toContain('*The roster has a problem within 15 minutes*')
    expect(said()[1]).not.toContain('*nobody* on duty')
    await jump(59 * MINUTE)
    await bot.advance('1m')
    expect(said()).toHaveLength(3)
    expect(said()[2]).toContain('*nobody* on duty <!date^')
    await jump(30 * MINUTE)
    await bot.advance('2m')
    expect(said()).toHaveLength(3)
    expect(bot.paged().filter((who) => !who.startsWith('relief-'))).toEqual([])
  })

  test('a hole every night is told of once; somebody whose account is gone at once; the metrics have both', async () => {
    bot = await startBot({ probes: false, roster: true, config: nobodyAtNight })
    await bot.advance('2m')
    expect(said()).toHaveLength(1)
    expect(said()[0]).toContain(':ghost: `primary`: *nobody* on duty every night 20:00–08:00 (Europe/Zurich)')
    const text = await scrape()
    expect(text).toContain('watchbill_shift_gap_seconds{schedule="primary"} 0')
    expect(text).toContain('watchbill_shift_gap_seconds{schedule="secondary"} +Inf')
    expect(text).toContain(`watchbill_on_call_hours{person="sam"} ${28 * 24}`)
    expect(text).toContain(`watchbill_on_call_hours{person="dana"} ${28 * 12}`)

    bot.slack.changeUser('sam', { deleted: true })
    await jump(60 * MINUTE)
    await bot.advance('2m')
    expect(said()).toHaveLength(2)
    expect(said()[1]).toContain(
      ':no_entry: `secondary`: <@U0SAM> on duty and *cannot be paged* now, for a week and more',
    )
    await jump(20 * HOUR)
    await bot.advance('2m')
    expect(said()).toHaveLength(2)
  })
})
