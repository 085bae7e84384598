import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { capturesOf } from '../../src/domain/fact.ts'
import { latestIncidents } from '../../src/store/incidents.ts'
import { type Driver, startBot } from '../support/bot.ts'
import { FORM_TYPE, interaction, JSON_TYPE, sendSigned } from '../support/slack-request.ts'

/** Attacks by forms, shortcuts, mentions and marks (reliability 6.1), signed as Slack signs them. One bot, in order. */
let bot: Driver

const config = (text: string) =>
  text.replace('  erik: { slack: U0ERIK }\n', '  erik: { slack: U0ERIK }\n  guest: { slack: U0GUEST }\n')

beforeAll(async () => {
  bot = await startBot({
    probes: false,
    mode: 'http',
    config,
    workspace: {
      users: [
        ...['NORA', 'DANA', 'SAM', 'MIA', 'ERIK'].map((name) => ({ id: `U0${name}`, name: name.toLowerCase() })),
        { id: 'U0GUEST', name: 'guest', isRestricted: true },
        { id: 'U0NOBODY', name: 'nobody' },
      ],
    },
  })
  await bot.alert()
})
afterAll(() => bot.close())

const person = (user: string) => ({
  user: { id: user, username: user, name: user, team_id: bot.slack.workspace.team.id },
  team: { id: bot.slack.workspace.team.id, domain: 'local' },
  api_app_id: bot.slack.workspace.app.id,
  token: bot.slack.workspace.app.verificationToken,
  enterprise: null,
  is_enterprise_install: false,
  trigger_id: randomUUID(),
})

/** What came of it, once all is at rest. */
async function sent(payload: object): Promise<string> {
  const answered = await sendSigned(bot, interaction(payload), FORM_TYPE)
  expect(answered.status).toBe(200)
  await bot.rest()
  return answered.body
}

const value = (chosen: string) => ({ value: { selected_option: { value: chosen } } })
const form = (user: string, from: string | null, change: object = {}) => ({
  type: 'view_submission',
  ...person(user),
  view: {
    id: 'V0',
    type: 'modal',
    callback_id: 'incident_declare',
    private_metadata: JSON.stringify({ from }),
    state: {
      values: {
        title: { value: { value: 'it burns' } },
        service: value('webmail'),
        severity: value('error'),
        ...change,
      },
    },
  },
})

const count = async () => (await latestIncidents(bot.store.pool, 100, null)).length
const notes = async () => (await bot.facts()).filter(({ type }) => type === 'note').length

/** Tells of an event, as often as Slack would. */
async function event(what: object, times = 1, id = `Ev${randomUUID()}`): Promise<void> {
  const { team, app } = bot.slack.workspace
  const body = JSON.stringify({
    type: 'event_callback',
    team_id: team.id,
    api_app_id: app.id,
    event_id: id,
    event: what,
  })
  for (let n = 0; n < times; n++) expect((await sendSigned(bot, body, JSON_TYPE)).status).toBe(200)
  await bot.rest()
}

test('A07 a form on a message that somebody else pointed at, or that nobody did: nothing is done', async () => {
  const { id: channel } = bot.slack.channel('ops').room
  const pointed = {
    type: 'message_action',
    ...person('U0SAM'),
    callback_id: 'incident_declare_from',
    channel: { id: channel, name: 'ops' },
    message_ts: '1700000000.000100',
    message: { type: 'message', ts: '1700000000.000100', user: 'U0SAM', text: 'only for me' },
    response_url: '',
  }
  await sent(pointed)
  const { rows } = await bot.store.pool.query<{ key: string }>('select key from pointed')
  const key = rows[0]?.key ?? ''
  expect(key).not.toBe('')
  const before = [await count(), await notes()]
  for (const from of [key, 'nothing', `${key}' or true --`]) await sent(form('U0ERIK', from))
  expect([await count(), await notes()]).toEqual(before)
  expect(bot.dm('erik').at(-1)).toContain('does not belong to a message that you pointed at')
})

test('A04 A05 whoever is not listed, or a guest, declares nothing by a form', async () => {
  const before = [await count(), await notes()]
  for (const user of ['U0NOBODY', 'U0GUEST']) await sent(form(user, null))
  expect([await count(), await notes()]).toEqual(before)
})

test('A06 fields that no form of ours has: said at the field, or not listened to', async () => {
  const before = [await count(), await notes()]
  expect(
    JSON.parse(await sent(form('U0SAM', null, { service: value('__proto__'), severity: value('dreadful') }))),
  ).toMatchObject({
    response_action: 'errors',
    errors: { service: expect.any(String), severity: expect.any(String) },
  })
  expect(await sent({ ...form('U0SAM', null), view: { callback_id: 'incident_declare', state: 5 } })).not.toContain(
    'error',
  )
  expect([await count(), await notes()]).toEqual(before)
})

test('A04 marks of whoever is not listed put nothing on the timeline; A03 those of others count once', async () => {
  const { id: channel } = bot.slack.channel(bot.room()).room
  const { ts } = bot.slack.say('nora', bot.room(), 'x <!channel> <@U0ERIK> <https://evil.test|bank> *b* `c`')
  const mark = (user: string) => ({
    type: 'reaction_added',
    user,
    reaction: 'pushpin',
    item: { type: 'message', channel, ts },
  })
  for (const user of ['U0NOBODY', 'U0GUEST']) await event(mark(user))
  expect(capturesOf(await bot.facts())).toEqual([])
  await bot.slack.workspace.rooms.get(channel)?.messages.get(ts)?.reactions.set('pushpin', ['U0NORA'])
  await event(mark('U0NORA'), 3)
  await event(mark('U0NORA'))
  const facts = await bot.facts()
  expect(facts.filter(({ type }) => type === 'captured')).toHaveLength(1)
  // A08: whoever shows it, shows it as it was written.
  expect(await bot.type('nora', '/incident show INC-1')).toMatch(
    /:pushpin: \*nora\*.*x &lt;!channel&gt;|x @\u200bchannel/,
  )
})

test('A03 A05 a mention is a command: done once, and by nobody who may not', async () => {
  const { id: channel } = bot.slack.channel('ops').room
  const me = bot.slack.workspace.app.botUser
  const said = (user: string, text: string, more: object = {}) => ({
    type: 'app_mention',
    user,
    team: bot.slack.workspace.team.id,
    text: `<@${me}> ${text}`,
    channel,
    ts: '1.0',
    ...more,
  })
  const before = await notes()
  for (const user of ['U0NOBODY', 'U0GUEST']) await event(said(user, 'note INC-1 hello'))
  await event(said('U0NORA', 'note INC-1 from elsewhere', { user_team: 'T0ELSEWHERE' }))
  await event(said('U0NORA', 'note INC-1 a bot', { bot_id: 'B0OTHER' }))
  expect(await notes()).toBe(before)
  await event(said('U0NORA', 'note INC-1 hello'), 3)
  expect(await notes()).toBe(before + 1)
})

test('what is said in channels is not kept: only what concerns us is on record', async () => {
  const rows = async () =>
    (await bot.store.pool.query<{ n: number }>(`select count(*)::int as n from inbox where lane = 'slack'`)).rows[0]?.n
  const before = await rows()
  const { id: channel } = bot.slack.channel('ops').room
  const talk = { type: 'message', channel, user: 'U0NORA', text: 'lunch?', ts: '1.0', event_ts: '1.0' }
  await event(talk, 3)
  await event({
    type: 'message',
    subtype: 'message_changed',
    channel,
    event_ts: '2.0',
    message: talk,
    previous_message: talk,
  })
  await event({
    type: 'reaction_added',
    user: 'U0NORA',
    reaction: 'tada',
    item: { type: 'message', channel, ts: '1.0' },
  })
  expect(await rows()).toBe(before)
})
