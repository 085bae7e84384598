import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { HOUR_MS } from '../../src/domain/duty/time.ts'
import { backupName } from '../../src/store/backup-folder.ts'
import { type Driver, MONDAY_NIGHT, type Mode, startBot } from '../support/bot.ts'

let bot: Driver
let shared = false
let mode: Mode = 'socket'
afterEach(async () => {
  if (!shared) await bot?.close()
})

/** One bot for a table whose rows may do nothing: each looks at that itself. */
const together = (config?: (text: string) => string) => {
  beforeAll(async () => {
    await start(config)
    shared = true
  })
  afterAll(async () => {
    shared = false
    await bot.close()
  })
}

const start = async (config: (text: string) => string = (text) => text, at = MONDAY_NIGHT) => {
  bot = await startBot({ probes: false, config, mode, at })
}

/** All that was decided; who has each watch is put on record by the first decision, whatever it is about. */
async function decided(): Promise<string[]> {
  const { rows } = await bot.store.pool.query<{ kind: string; schedule: string | null }>(
    `select kind, body -> 'watch' ->> 'schedule' as schedule from facts where kind <> 'denied' order by id`,
  )
  const followed = rows.filter(({ kind }) => kind === 'followed').map(({ schedule }) => schedule)
  expect(followed).toEqual([...new Set(followed)])
  return rows.filter(({ kind }) => kind !== 'followed').map(({ kind }) => kind)
}

/** Nothing was decided: no fact on record, nobody paged or written to, no channel made. */
async function nothingHappened(): Promise<void> {
  expect(await decided()).toEqual([])
  expect(bot.calls('chat.postMessage')).toEqual([])
  expect(bot.paged()).toEqual([])
  expect(bot.calls('conversations.create')).toEqual([])
}

const twoServices = (config: string) =>
  config.replace('services:\n', 'services:\n  imap: { policy: mail, channel: C0OPS }\n')

/** What people see of a text of mrkdwn: markup of Slack's own aside. */
const seen = (text: string) =>
  text.replaceAll('\u200b', '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

/** As it is typed, and as it must be shown. */
const NASTY: [name: string, typed: string, shown: string][] = [
  ['a mention of everybody', '<!channel> wake up <!here>', '@channel wake up @here'],
  ['a mention of a person', '<@U0SAM|sam> knows', '@sam knows'],
  ['a link that lies', '<https://evil.example|https://bank.example>', '<https://evil.example|https://bank.example>'],
  ['characters that control Slack', 'a & b < c > d &amp; <x>', 'a & b < c > d &amp; <x>'],
  ['backticks and stars', '`rm -rf` *now* _or_ ~never~', '`rm -rf` *now* _or_ ~never~'],
  ['right to left', 'שלום \u202eabc', 'שלום \u202eabc'],
  ['a flood of emoji', '🔥'.repeat(300), '🔥'.repeat(90)],
]

/** Angle brackets in Slack's own markup. */
const OWN_MARKUP = /<@[A-Z0-9]+>|<#[A-Z0-9]+\|[a-z0-9-]+>|<!date\^\d+\^[^<>]*>|<!channel> :sos:/g

/** Everything that the bot sent, text by text, as Slack got it. */
function sent(): string[] {
  const texts: string[] = []
  const walk = (node: unknown): void => {
    if (typeof node === 'string') texts.push(node)
    else if (Array.isArray(node)) for (const each of node) walk(each)
    else if (node && typeof node === 'object') for (const each of Object.values(node)) walk(each)
  }
  for (const { args } of bot.slack.journal()) walk([args.text, args.blocks, args.topic, args.purpose])
  return texts
}

describe.each(['socket', 'http'] as const)('over %s', (each) => {
  beforeAll(() => {
    mode = each
  })

  describe('reading while nothing happens', () => {
    together()

    test('/oncall says who has the watch, since when, until when, and who then', async () => {
      const said = await bot.type('erik', '/oncall')
      expect(said).toContain('*primary*: <@U0NORA> since')
      expect(said).toContain('then <@U0DANA>')
      expect(said).toContain('*secondary*: <@U0SAM> since')
    })

    test('/oncall of one schedule, at another time', async () => {
      expect(await bot.type('erik', '/oncall primary at 14:00')).toContain('*primary*: <@U0DANA>')
      expect(await bot.type('erik', '/oncall primary in 2h')).toContain('*primary*: <@U0NORA>')
      expect(await bot.type('erik', '/oncall PRIMARY at tomorrow 08:00')).toContain('*primary*: <@U0DANA>')
      expect(await bot.type('erik', '/oncall at 2026-12-24 19:59')).toContain('<@U0DANA>')
      expect(await bot.type('erik', '/oncall secondary')).not.toContain('primary')
    })

    test('/watchbill says how the watch does, and which version', async () => {
      const said = await bot.type('erik', '/watchbill status')
      expect(said).toContain(':white_check_mark: Store: answers')
      expect(said).toContain('Monitors: 0 up, 0 down, 1 not seen yet (`home`)')
      expect(await bot.type('erik', '/watchbill version')).toBe('Watchbill test')
    })

    test('what is only read is shown to the asker alone', async () => {
      for (const typed of ['/oncall', '/incident list', '/watchbill status', '/page help'])
        await bot.type('erik', typed)
      expect(bot.channel('ops')).toEqual([])
    })
  })

  describe('reading', () => {
    test('/oncall says when nobody is on duty, and what happens to pages then', async () => {
      await start((config) => config.replace(/^.*name: nights.*\n/m, ''))
      expect(await bot.type('erik', '/oncall primary')).toContain(
        ':ghost: *nobody* since <!date^1795374000^{date_short_pretty} {time}|20:00 CET>, until <!date^1795417200^{date_short_pretty} {time}|08:00 CET>. Pages go to the next step of the policy at once.',
      )
    })

    test('/incident lists, and shows one with its timeline', async () => {
      await start()
      expect(await bot.type('erik', '/incident')).toBe(':large_green_circle: No open incident.')
      await bot.alert()
      expect(await bot.type('erik', '/incident list')).toContain('*INC-1* home is down · *nobody has it yet* · for 0 s')
      const shown = await bot
        .type('erik', '/incident show', bot.room())
        .catch(() => bot.type('nora', '/incident show', bot.room()))
      expect(shown).toContain('*INC-1* home is down · critical')
      expect(shown).toContain('*Paged* <@U0NORA>')
      await bot.recover()
      expect(await bot.type('erik', '/incident list')).toContain(
        '*Latest*\n:white_check_mark: *INC-1* home is down · resolved',
      )
    })

    test('/watchbill says when the store was backed up last, and what is the matter with its disk', async () => {
      const backups = await mkdtemp(join(tmpdir(), 'watchbill-backups-'))
      try {
        bot = await startBot({ probes: false, mode, backups })
        expect(await bot.type('erik', '/watchbill status')).toContain('Backup: none yet')
        await writeFile(join(backups, backupName(bot.clock.now() - 27 * HOUR_MS)), '')
        bot.trouble.disk = 'the disk of /data is almost full (40 MB left): make room there'
        const bad = await bot.type('erik', '/watchbill status')
        expect(bad).toContain(':no_entry: Backup: the latest was taken 27 h ago')
        expect(bad).toContain(':no_entry: Disk: the disk of /data is almost full (40 MB left): make room there')
        await writeFile(join(backups, backupName(bot.clock.now() - 2 * HOUR_MS)), '')
        bot.trouble.disk = null
        const good = await bot.type('erik', '/watchbill status')
        expect(good).toContain(':white_check_mark: Backup: the latest was taken 2 h ago')
        expect(good).not.toContain('Disk')
      } finally {
        await rm(backups, { recursive: true })
      }
    })
  })

  describe('help', () => {
    together()

    test.each(['/oncall', '/page', '/incident', '/watchbill'])('%s help explains every form', async (name) => {
      const said = await bot.type('erik', `${name} help`)
      expect(said).toContain(`*${name}*:`)
      expect(said).toContain(`\`${name} help\``)
      await nothingHappened()
    })
  })

  describe('refusals: a sentence, and nothing is done', () => {
    together()
    test.each([
      ['/oncall nosuch', 'There is no schedule `nosuch`. Schedules: `primary` and `secondary`.'],
      ['/oncall constructor', 'There is no schedule `constructor`.'],
      ['/oncall <!channel>', 'There is no schedule `@\u200bchannel`.'],
      ['/oncall at', 'is no time that I understand. Try `14:00`'],
      ['/oncall primary at half past nine', '`half past nine` is no time'],
      ['/oncall at 25:00', '`25:00` is no time'],
      ['/oncall at 2026-02-30 10:00', 'There is no day `2026-02-30`'],
      ['/oncall at in 99999999999w', 'more than ten years away'],
      ['/oncall at 9999-12-31 10:00', 'more than ten years away'],
      ['/page nosuch help', '`nosuch` is no person, schedule or service, and nobody was paged. People: nora, dana'],
      ['/page constructor help', '`constructor` is no person'],
      ['/page @nosuch help', '`@nosuch` is no person'],
      ['/page <@U0OTHER|other> help', "<@U0OTHER> is not in Watchbill's configuration"],
      ['/page @sam', 'Say what it is about: `/page sam TEXT`. It is what they read first. Nobody was paged.'],
      [`/page @sam ${'x'.repeat(2_501)}`, 'A page has at most 2500 characters, this one has 2501. Nobody was paged'],
      ['/incident frobnicate INC-1', '`/incident` has no verb `frobnicate`.'],
      ['/incident ack', 'Which incident? This is no incident'],
      ['/incident ack INC-7', 'There is no INC-7. `/incident list` shows what there is.'],
      ['/incident ack seven', '`seven` is no incident: they are numbered, like `INC-7`.'],
      ['/incident ack INC-7 please', '`please` is too much'],
      ['/incident escalate INC-99999999', 'There is no INC-99999999.'],
      ['/incident escalate INC-999999999999', 'is no incident'],
      ['/incident resolve 0', 'There is no INC-0.'],
      ['/incident show nope', '`nope` is no incident'],
      ['/incident accept', 'Which incident? This is no incident'],
      ['/incident accept INC-7', 'There is no INC-7. `/incident list` shows what there is.'],
      ['/incident accept seven', '`seven` is no incident: they are numbered, like `INC-7`.'],
      ['/incident accept INC-7 please', '`/incident accept` takes an incident and nothing else; `please` is too much'],
      ['/incident unack', 'Which incident? This is no incident'],
      ['/incident unack INC-7', 'There is no INC-7.'],
      ['/incident unack constructor', '`constructor` is no incident'],
      ['/incident unack INC-7 30m', '`/incident unack` takes an incident and nothing else; `30m` is too much'],
      ['/incident keep', 'Which incident? This is no incident'],
      ['/incident keep 30m', 'Which incident? This is no incident'],
      ['/incident keep INC-7', 'There is no INC-7.'],
      ['/incident keep INC-7 30 min', 'There is no INC-7.'],
      ['/incident keep INC-7 forever', '`forever` is no time to keep it for; `30m` or `1h` is.'],
      ['/incident keep INC-7 0m', '`0m` is no time to keep it for'],
      ['/incident keep INC-7 -30m', '`-30m` is no time to keep it for'],
      ['/incident keep INC-7 1h please', '`1h please` is no time to keep it for'],
      ['/incident keep INC-7 until 18:00', '`until 18:00` is no time to keep it for'],
      ['/incident keep seven', '`seven` is no time to keep it for'],
      ['/incident keep <!channel>', '`@\u200bchannel` is no time to keep it for'],
      ['/oncall relieve', 'Which watch do you take over? Nothing was done. Type one of `/oncall relieve primary` and'],
      ['/oncall relieve nosuch', 'There is no schedule `nosuch`. Schedules: `primary` and `secondary`.'],
      ['/oncall relieve constructor', 'There is no schedule `constructor`.'],
      ['/oncall relieve <!channel>', 'There is no schedule `@\u200bchannel`.'],
      [
        '/oncall relieve primary',
        'The next change of `primary` can be confirmed from 07:45 CET on, and nothing was done.',
      ],
      ['/oncall relieve PRIMARY', 'The next change of `primary` can be confirmed from 07:45 CET on'],
      ['/oncall relieve secondary', 'No change of `secondary` is at hand, so there is no watch to take over'],
      ['/oncall relieve primary at 18:00', '`at 18:00` is more than I understand. Nothing was done.'],
      ['/oncall handover', 'Which handover? Type one of `/oncall handover primary` and `/oncall handover secondary`.'],
      ['/oncall handover nosuch', 'There is no schedule `nosuch`.'],
      ['/oncall handover __proto__', 'There is no schedule `__proto__`.'],
      ['/oncall handover secondary', 'The people on `secondary` do not change in sight.'],
      ['/oncall handover primary tomorrow', '`tomorrow` is more than I understand.'],
      ['/incident declare critical', 'An incident needs a title'],
      [`/incident declare ${'&'.repeat(600)}`, 'A title has at most 2500 characters'],
      ['/incident note INC-1', 'A note needs a text.'],
      ['/incident note', 'A note needs a text.'],
      [`/incident note INC-1 ${'x'.repeat(2_501)}`, 'A note has at most 2500 characters'],
      ['/incident note hello', 'Which incident?'],
      ['/watchbill frobnicate', '`/watchbill` has no verb `frobnicate`.'],
    ])('%.60s', async (typed, sentence) => {
      const said = await bot.type('erik', typed)
      expect(said).toContain(sentence)
      expect(bot.channel('ops')).toEqual([])
      await nothingHappened()
    })
  })

  describe('refusals that depend on who asks, and on what there is', () => {
    test('with several services a declaration must say which', async () => {
      await start(twoServices)
      const said = await bot.type('erik', '/incident declare mail is slow')
      expect(said).toContain('Which service is it about? No incident was opened.')
      expect(said).toContain('`/incident declare imap mail is slow`. Services: `imap` and `webmail`.')
      await nothingHappened()
    })

    test('a name that is a person and a schedule must be told apart', async () => {
      await start((config) => config.replaceAll('secondary', 'sam'))
      const said = await bot.type('erik', '/page sam the door')
      expect(said).toContain(
        '`sam` is a person and a schedule. Nobody was paged; say which: `/page person/sam …` and `/page schedule/sam …`.',
      )
      await nothingHappened()
      expect(await bot.type('erik', '/page schedule/sam the door')).toContain('<@U0SAM> is being paged')
    })

    test('somebody of another workspace may not act, though their id is listed', async () => {
      await start()
      bot.slack.workspace.team.id = 'T0OTHER00'
      expect(await bot.type('erik', '/incident declare it burns')).toContain(
        'People of another workspace may read, but not act.',
      )
      await nothingHappened()
    })

    test('a stranger presses the buttons: a sentence, and nothing is done', async () => {
      await start((config) => config.replace('  erik: { slack: U0ERIK }\n', ''))
      await bot.alert()
      const before = (await bot.facts()).length
      for (const button of ['Acknowledge', 'Escalate', 'Resolve'] as const)
        expect(await bot.pressIn('erik', 'ops', button)).toContain('<@U0ERIK> is not')
      expect(await bot.facts()).toHaveLength(before)
      expect(bot.paged()).toEqual(['nora'])
    })
  })

  describe('somebody who is not listed', () => {
    together((config) => config.replace('  erik: { slack: U0ERIK }\n', ''))

    test('may read', async () => {
      expect(await bot.type('erik', '/oncall')).toContain('<@U0NORA>')
      expect(await bot.type('erik', '/incident list')).toContain('No open incident')
    })

    test.each([
      '/page @sam the door',
      '/incident declare it burns',
      '/incident ack INC-1',
      '/incident escalate INC-1',
      '/incident resolve INC-1',
      '/incident note INC-1 hello',
      '/incident accept INC-1',
      '/incident keep INC-1 30m',
      '/incident unack INC-1',
      '/oncall relieve primary',
      '/oncall take primary for 2h',
      '/oncall calendar primary',
    ])('types %s', async (typed) => {
      const said = await bot.type('erik', typed)
      expect(said).toContain("only people listed in Watchbill's configuration may act, and <@U0ERIK> is not")
      expect(said).toContain('your Slack id is `U0ERIK`')
      await nothingHappened()
    })
  })

  describe('refusals while a change of the watch is at hand: a sentence, and nothing is done', () => {
    /** INC-1 is nora's, who is to be relieved by dana; nobody has INC-2; INC-3 is over. */
    beforeAll(async () => {
      await start(twoServices, MONDAY_NIGHT + 290 * 60_000)
      shared = true
      await bot.alert()
      await bot.type('nora', '/incident ack INC-1')
      await bot.alert({ service: 'imap', key: 'imap' })
      await bot.type('erik', '/page mia come')
      await bot.type('mia', '/incident resolve INC-3')
    })
    afterAll(async () => {
      shared = false
      await bot.close()
    })

    test.each([
      [
        'erik',
        '/incident keep INC-1 30m',
        "INC-1 is <@U0NORA>'s, so nothing was done. To take it over: `/incident accept",
      ],
      ['dana', '/incident keep INC-1', "INC-1 is <@U0NORA>'s"],
      ['dana', '/incident unack INC-1', "INC-1 is <@U0NORA>'s"],
      ['erik', '/incident unack INC-1', "INC-1 is <@U0NORA>'s"],
      ['nora', '/incident keep INC-1 0s', '`0s` is no time to keep it for'],
      ['nora', '/incident keep INC-2', 'Nobody has INC-2 at the moment, so nothing was done.'],
      ['nora', '/incident unack INC-2', 'Nobody has INC-2 at the moment, so nothing was done.'],
      ['dana', '/incident accept INC-2 now', '`now` is too much'],
      ['erik', '/incident accept INC-3', 'INC-3 was resolved by <@U0MIA> at'],
      ['mia', '/incident keep INC-3', 'INC-3 was resolved by <@U0MIA> at'],
      ['mia', '/incident unack INC-3', 'INC-3 was resolved by <@U0MIA> at'],
      ['erik', '/incident accept INC-4', 'There is no INC-4.'],
      ['erik', '/incident keep 30m', 'Which incident? This is no incident'],
      ['erik', '/oncall relieve primary', 'The watch of `primary` goes to <@U0DANA>, so only they can confirm it'],
      ['nora', '/oncall relieve primary', 'The watch of `primary` goes to <@U0DANA>, so only they can confirm it'],
      ['nora', '/oncall relieve', 'Which watch do you take over?'],
      ['dana', '/oncall relieve secondary', 'No change of `secondary` is at hand'],
      ['dana', '/oncall relieve primary at 08:00', '`at 08:00` is more than I understand. Nothing was done.'],
      ['dana', '/oncall relieve primary secondary', '`secondary` is more than I understand. Nothing was done.'],
      ['erik', '/oncall handover', 'Which handover?'],
    ])('%s types %s', async (user, typed, sentence) => {
      const [before, posted] = [await decided(), bot.calls('chat.postMessage').length]
      expect(await bot.type(user, typed)).toContain(sentence)
      expect(await decided()).toEqual(before)
      expect(bot.calls('chat.postMessage')).toHaveLength(posted)
    })
  })

  describe('acting', () => {
    test('declared: the policy of the service is followed, and the channel hears of it', async () => {
      await start()
      expect(await bot.type('erik', '/incident declare Mail is slow')).toBe(
        ':rotating_light: <@U0ERIK> opened *INC-1*. <@U0NORA> is being paged.',
      )
      expect(bot.dm('nora')[0]).toContain('*What:* Mail is slow\n_declared by <@U0ERIK> at')
      expect(bot.room()).toBe('inc-20261123-1-mail-is-slow')
      await bot.advance('5m')
      expect(bot.paged()).toEqual(['nora', 'sam'])
    })

    test('declared with a severity and a service', async () => {
      await start(twoServices)
      await bot.type('erik', '/incident declare ERROR imap: logins fail')
      expect(bot.dm('nora')[0]).toContain('INC-1 · imap: logins fail')
      expect(bot.dm('nora')[0]).toContain('error · service `imap`')
    })

    test('declared while an incident of the service is open: it is a note there, and the next step is paged', async () => {
      await start()
      await bot.alert()
      expect(await bot.type('erik', '/page webmail nobody can log in')).toContain(
        '<@U0ERIK> added to *INC-1*, which is already open for this service. <@U0SAM> is being paged.',
      )
      expect(bot.timeline()).toContainEqual(expect.stringContaining('*Note* by <@U0ERIK>: nobody can log in'))
      expect(bot.paged()).toEqual(['nora', 'sam'])
    })

    test('a schedule is called: whoever has it', async () => {
      await start()
      expect(await bot.type('erik', '/page secondary come please')).toContain('<@U0SAM> is being paged')
      expect(bot.dm('sam')[0]).toContain('INC-1 · come please')
    })

    test('what people declare, people resolve: a target that recovers does not', async () => {
      await start()
      await bot.type('erik', '/incident declare Mail is slow')
      await bot.alert()
      await bot.recover()
      expect(await bot.type('erik', '/incident list')).toContain('*Open (1)*')
      expect(await bot.type('erik', '/incident resolve INC-1')).toContain('<@U0ERIK> resolved *INC-1*')
    })

    test('resolved twice: the second is told by whom and when, and nothing is done', async () => {
      await start()
      await bot.alert()
      await bot.type('nora', '/incident resolve INC-1')
      const before = (await bot.facts()).length
      for (const verb of ['resolve', 'ack', 'escalate'])
        expect(await bot.type('sam', `/incident ${verb} INC-1`)).toContain(
          'INC-1 was resolved by <@U0NORA> at 03:00 CET; nothing is left to do. If it is back: `/incident declare TITLE`.',
        )
      expect(await bot.facts()).toHaveLength(before)
    })

    test('resolved by hand while it still fails: it is raised again after five minutes', async () => {
      await start()
      await bot.alert()
      await bot.press('nora', 'Resolve')
      expect(bot.timeline().at(-1)).toContain(
        'Still failing: `home`. Unless that recovers by <!date^1795399500^{time}|03:05 CET>, a new incident is opened and paged',
      )
      await bot.advance('299s')
      expect(bot.paged()).toEqual(['nora'])
      await bot.advance('1s')
      expect(bot.paged()).toEqual(['nora', 'nora'])
      expect(bot.timeline()).toContainEqual(
        expect.stringContaining('It never stopped: its incident had been resolved by hand'),
      )
    })

    test('resolved by hand, and well again within five minutes: nobody is paged', async () => {
      await start()
      await bot.alert()
      await bot.press('nora', 'Resolve')
      await bot.advance('2m')
      await bot.recover()
      await bot.advance('1h')
      expect(bot.paged()).toEqual(['nora'])
    })

    test('an act is posted to the channel in which it was typed', async () => {
      await start()
      await bot.alert()
      await bot.type('erik', '/incident ack INC-1')
      expect(bot.channel('ops')).toContain(':eyes: <@U0ERIK> has *INC-1*. It is not escalated any further.')
    })

    test('a command may be typed in the DM with the bot', async () => {
      await start()
      await bot.alert()
      await bot.type('nora', '/incident ack INC-1', 'dm')
      expect(bot.dm('nora')[0]).toContain('<@U0NORA> has it')
    })
  })

  describe('what people write is literal, wherever it is shown', () => {
    test.each(NASTY)('%s', async (_, typed, shown) => {
      await start()
      await bot.type('erik', `/incident declare ${typed}`)
      await bot.type('erik', `/incident note INC-1 ${typed}`)
      await bot.type('erik', '/incident list')
      await bot.type('erik', '/incident show INC-1')
      expect(bot.paged()).toEqual(['nora'])
      const { room } = bot.slack.channel(bot.room())
      const places = {
        dm: bot.dm('nora')[0],
        ops: bot.channel('ops').find((text) => text.includes('[Escalate]')),
        topic: room.topic,
        note: bot.timeline().at(-1),
      }
      for (const [place, text] of Object.entries(places)) expect(seen(text ?? ''), place).toContain(shown.slice(0, 90))
      for (const text of sent()) {
        expect(text.replaceAll(OWN_MARKUP, '')).not.toMatch(/[<>](?!$)/)
        expect(text.isWellFormed()).toBe(true)
      }
    })

    test('NUL and half characters are taken out, and the page goes out', async () => {
      await start()
      await bot.alert({
        headline: 'home\u0000 is \ud800down',
        summary: 'home\u0000 is \udc00down: \ud83d',
        evidence: [{ at: null, saw: '\u0000\ud800' }],
      })
      await bot.type('erik', '/incident note INC-1 a\u0000b\ud800c')
      expect(bot.paged()).toEqual(['nora'])
      expect(bot.timeline().at(-1)).toMatch(/\*Note\* by <@U0ERIK>: ab\ufffdc/)
      for (const text of sent()) {
        expect(text.isWellFormed()).toBe(true)
        expect(text).not.toContain('\u0000')
      }
    })

    test('a title of 2,400 characters is cut in the page, and kept whole in the timeline', async () => {
      await start()
      const long = `${'long '.repeat(479)}end`
      await bot.type('erik', `/incident declare ${long}`)
      expect(bot.paged()).toEqual(['nora'])
      expect(bot.dm('nora')[0]).toContain('…')
      expect(bot.timeline()).toContainEqual(expect.stringContaining(`*Note* by <@U0ERIK>: ${long}`))
      expect(bot.room().length).toBeLessThanOrEqual(80)
    })

    test('an alert of 3 MB pages', async () => {
      await start()
      await bot.alert({
        headline: 'x'.repeat(1_000_000),
        summary: '<'.repeat(1_000_000),
        evidence: Array.from({ length: 200 }, () => ({ at: null, saw: '🔥'.repeat(2_500) })),
      })
      expect(bot.paged()).toEqual(['nora'])
      for (const text of sent()) expect(text.isWellFormed()).toBe(true)
    })
  })

  describe('notes', () => {
    together()
    beforeAll(() => bot.alert())

    test.each([
      ['INC-1 hello', 'hello'],
      ['hello INC-1', 'hello'],
      ['inc-1 2 servers rebooted', '2 servers rebooted'],
      ['INC-1 like INC-2', 'like INC-2'],
    ])('a note names its incident first or last, in full: %s', async (typed, text) => {
      const before = bot.timeline().length
      await bot.type('erik', `/incident note ${typed}`)
      expect(bot.timeline()).toHaveLength(before + 1)
      expect(bot.timeline().at(-1)).toMatch(new RegExp(`: ${text}$`))
    })

    test('a note that begins with a number is a note: numbers alone name no incident before a text', async () => {
      expect(await bot.type('erik', '/incident note 1 server rebooted')).toContain('Which incident?')
      await bot.type('nora', '/incident note 1 server rebooted', bot.room())
      expect(bot.timeline().at(-1)).toContain(': 1 server rebooted')
    })

    test('a note of as many characters as there may be, each of which Slack makes longer, is whole', async () => {
      const note = `${'&<>'.repeat(190)}`
      await bot.type('erik', `/incident note INC-1 ${note}`)
      expect(seen(bot.timeline().at(-1) ?? '')).toContain(note)
    })
  })
})
