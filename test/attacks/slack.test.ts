import { randomUUID } from 'node:crypto'
import type { OutgoingHttpHeaders } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { commands } from '../../commands/index.ts'
import { httpMode } from '../../src/slack/http.ts'
import { type Driver, MONDAY_NIGHT, startBot, until } from '../support/bot.ts'
import {
  commandFields,
  FORM_TYPE,
  form,
  interaction,
  JSON_TYPE,
  type Post,
  postBox,
  pressPayload,
  send,
  sendSigned,
  signature,
} from '../support/slack-request.ts'

/** Attacks on the Slack side (reliability 6.1), through real sockets against a real bot. */

let bot: Driver
let post: Post
let shared = false

const config = (text: string) =>
  text
    .replace(
      '  erik: { slack: U0ERIK }\n',
      `  erik: { slack: U0ERIK }
  guest: { slack: U0GUEST }
  ultra: { slack: U0ULTRA }
  gone: { slack: U0GONE }
  robot: { slack: U0ROBOT }
  stranger: { slack: U0STRANGER }
`,
    )
    .replace('schedules:\n', 'roles: { admin: [mia] }\nschedules:\n')
    .replace('services:\n', 'services:\n  imap: { policy: mail, channel: C0OPS }\n')

const start = async (options: Parameters<typeof startBot>[0] = {}) => {
  const listed = ['NORA', 'DANA', 'SAM', 'MIA', 'ERIK'].map((name) => ({ id: `U0${name}`, name: name.toLowerCase() }))
  bot = await startBot({
    probes: false,
    mode: 'http',
    config,
    workspace: {
      users: [
        ...listed,
        { id: 'U0GUEST', name: 'guest', isRestricted: true },
        { id: 'U0ULTRA', name: 'ultra', isUltraRestricted: true },
        { id: 'U0GONE', name: 'gone', deleted: true },
        { id: 'U0ROBOT', name: 'robot', isBot: true },
        { id: 'U0STRANGER', name: 'stranger', team: 'Elsewhere' },
        { id: 'U0NOBODY', name: 'nobody' },
      ],
    },
    ...options,
  })
  ends.push(bot.close)
  post = await postBox()
  ends.push(post.close)
}

const ends: (() => Promise<void>)[] = []
const end = async () => {
  for (const each of ends.splice(0)) await each()
}
afterEach(async () => {
  if (!shared) await end()
})

/** One bot, with an open incident of each service, for a table whose rows may do nothing: each looks at that itself. */
const together = () => {
  beforeAll(async () => {
    await start()
    await bot.alert()
    await bot.alert({ service: 'imap', key: 'imap' })
    shared = true
  })
  afterAll(async () => {
    shared = false
    await end()
  })
}

/** Refusals that are on record, in order. */
async function attempts(): Promise<Record<string, unknown>[]> {
  const { rows } = await bot.store.pool.query(`select body from facts where kind = 'denied' order by id`)
  return rows.map(({ body: { id: _, incident: _i, at: _a, type: _t, ...what } }) => what)
}

/** All that an act could change; that somebody looked at their Home is none. */
async function record(): Promise<unknown> {
  const { rows } = await bot.store.pool.query(
    `select (select count(*) from facts where kind <> 'denied') as facts, (select count(*) from owed where kind <> 'home') as owed,
       (select count(*) from activations) as activations, (select count(*) from feeds where revoked_at is null) as feeds,
       (select string_agg(doc::text, ',' order by id) from roster_edits) as edits,
       (select string_agg(doc::text, ',' order by schedule) from watches) as watches,
       (select string_agg(doc::text, ',' order by schedule, change_at) from handovers) as handovers,
       (select string_agg(doc::text, ',' order by id) from silences) as silences,
       (select count(*) from ping_keys where revoked_at is null) as keys,
       (select count(*) from deploys) as deploys, (select count(*) from locks) as locks,
       (select string_agg(doc::text, ',' order by id) from incidents) as incidents`,
  )
  return { ...rows[0], paged: bot.paged(), rooms: bot.slack.workspace.rooms.size }
}

async function payloads(): Promise<number> {
  const { rows } = await bot.store.pool.query<{ n: number }>(
    `select count(*)::int as n from inbox where lane = 'slack'`,
  )
  return rows[0]?.n ?? 0
}

/** Sends it as Slack would; what the person is then told. */
async function told(body: string): Promise<{ text: string; public: boolean }[]> {
  const before = post.bodies().length
  expect((await sendSigned(bot, body, FORM_TYPE)).status).toBe(200)
  await bot.rest()
  return post
    .bodies()
    .slice(before)
    .map(({ text, response_type }) => ({ text: String(text), public: response_type === 'in_channel' }))
}

const typed = (user: string, line: string, more: Record<string, string> = {}) =>
  form(commandFields(bot, user, line, { response_url: post.url, ...more }))

const BUTTONS = ['incident_ack', 'incident_escalate', 'incident_resolve']

/** A message with buttons: a person's page, or the announcement in the channel. */
function buttonsOf(where: 'nora' | 'ops', incident = 1) {
  const messages = where === 'ops' ? bot.slack.channel('ops').messages : bot.slack.dm(where)
  const found = messages.find(({ blocks }) => JSON.stringify(blocks).includes(`"block_id":"incident_${incident}"`))
  if (!found) throw new Error(`INC-${incident} has no buttons in ${where}`)
  return found
}

const pressed = (press: Omit<Parameters<typeof pressPayload>[1], 'responseUrl'>, more: object = {}) =>
  interaction({ ...pressPayload(bot, { ...press, responseUrl: post.url }), ...more })

/** Each verb that changes something, as somebody types it; whoever adds one adds it here. */
const ACTS: Record<string, string> = {
  '/page': '/page sam come',
  '/incident declare': '/incident declare webmail it burns',
  '/incident ack': '/incident ack INC-1',
  '/incident escalate': '/incident escalate INC-1',
  '/incident resolve': '/incident resolve INC-1',
  '/incident accept': '/incident accept INC-1',
  '/incident keep': '/incident keep INC-1 30m',
  '/incident handover': '/incident handover INC-1 @sam',
  '/incident unack': '/incident unack INC-1',
  '/incident note': '/incident note INC-1 hello',
  '/incident private': '/incident private webmail somebody reads our mail',
  '/incident reopen': '/incident reopen INC-1',
  '/incident severity': '/incident severity INC-1 error',
  '/incident status': '/incident status INC-1 identified the disk is full',
  '/incident update': '/incident update INC-1 we are on it',
  '/incident role': '/incident role INC-1 me scribe',
  '/incident task': '/incident task INC-1 add look at the disk',
  '/incident capture': '/incident capture C0OPS/1700000000.000000 INC-1',
  '/incident uncapture': '/incident uncapture C0OPS/1700000000.000000 INC-1',
  '/incident link': '/incident link INC-1 INC-2',
  '/incident merge': '/incident merge INC-1 into INC-2',
  '/incident split': '/incident split INC-1 home',
  '/silence extend': '/silence extend 1 1h',
  '/silence end': '/silence end 1',
  '/silence': '/silence home 30m reason',
  '/monitor test': '/monitor test home',
  '/monitor ping': '/monitor ping home',
  '/monitor rotate': '/monitor rotate home',
  '/monitor adopt': '/monitor adopt shop.example-mail.test',
  '/monitor drop': '/monitor drop shop.example-mail.test it moves',
  '/monitor gap': '/monitor gap shop.example-mail.test owner me',
  '/monitor ignore': '/monitor ignore shop.example-mail.test parked',
  '/monitor heed': '/monitor heed shop.example-mail.test',
  '/monitor drill': '/monitor drill home',
  '/monitor disable': '/monitor disable home 30m a new disk',
  '/monitor approve': '/monitor approve 1',
  '/monitor enable': '/monitor enable home',
  '/monitor feedback': '/monitor feedback home false',
  '/watchbill reload': '/watchbill reload',
  '/watchbill test': '/watchbill test',
  '/oncall relieve': '/oncall relieve primary',
  '/oncall take': '/oncall take primary for 2h',
  '/oncall cover': '/oncall cover @dana 14:00-18:00',
  '/oncall swap': '/oncall swap @dana fri for sat',
  '/oncall agree': '/oncall agree 1',
  '/oncall decline': '/oncall decline 1',
  '/oncall cancel': '/oncall cancel 1',
  '/oncall calendar': '/oncall calendar primary',
  '/oncall calendar list': '/oncall calendar list',
  '/oncall calendar revoke': '/oncall calendar revoke 1',
  '/deploy rollback': '/deploy rollback webmail v1',
  '/deploy halt': '/deploy halt 1',
  '/deploy resume': '/deploy resume 1',
  '/deploy finish': '/deploy finish 1',
  '/deploy hold': '/deploy hold 1',
  '/deploy started': '/deploy started 1',
  '/deploy failed': '/deploy failed 1',
  '/deploy override': '/deploy override 1 reason',
  '/deploy approve': '/deploy approve 1',
  '/deploy break-glass': '/deploy break-glass 1 reason',
  '/deploy tell': '/deploy tell 1',
  '/deploy freeze': '/deploy freeze all 1h reason',
  '/deploy thaw': '/deploy thaw 1',
  '/deploy lock': '/deploy lock webmail 1h reason',
  '/deploy unlock': '/deploy unlock 1',
  '/deploy': '/deploy webmail v1',
}
const READS = [
  ...['/oncall', '/oncall help', '/page help', '/incident list', '/incident show', '/incident roles', '/incident help'],
  ...['/oncall mine', '/oncall month', '/oncall gaps', '/oncall fairness', '/oncall handover'],
  ...[
    '/silence list',
    '/silence help',
    '/monitor list',
    '/monitor show',
    '/monitor coverage',
    '/monitor graph',
    '/monitor help',
  ],
  ...['/incident timeline', '/incident postmortem', '/postmortem', '/postmortem help'],
  ...['/watchbill status', '/watchbill version', '/watchbill help'],
  ...['/deploy check', '/deploy status', '/deploy log', '/deploy calendar', '/deploy help'],
]

describe('A01 what is not signed by Slack, freshly, over these very bytes', () => {
  const body = () => typed('U0ERIK', '/page sam come')
  const good = (at = bot.clock.now()) => signature(body_, at)
  let body_ = ''

  beforeAll(async () => {
    await start()
    shared = true
    body_ = body()
  })
  afterAll(async () => {
    shared = false
    await end()
  })

  const swap = (change: (headers: ReturnType<typeof good>) => OutgoingHttpHeaders) => () => change(good())
  const SECOND = 1_000

  test.each<[string, () => OutgoingHttpHeaders]>([
    ['nothing', () => ({})],
    ['no signature', swap(({ 'x-slack-signature': _, ...rest }) => rest)],
    ['no time', swap(({ 'x-slack-request-timestamp': _, ...rest }) => rest)],
    ['a wrong signature', swap((headers) => ({ ...headers, 'x-slack-signature': `v0=${'0'.repeat(64)}` }))],
    [
      'another version',
      swap((headers) => ({ ...headers, 'x-slack-signature': headers['x-slack-signature'].replace('v0', 'v1') })),
    ],
    ['half of it', swap((headers) => ({ ...headers, 'x-slack-signature': headers['x-slack-signature'].slice(0, 35) }))],
    ['more after it', swap((headers) => ({ ...headers, 'x-slack-signature': `${headers['x-slack-signature']}00` }))],
    ['capitals', swap((headers) => ({ ...headers, 'x-slack-signature': headers['x-slack-signature'].toUpperCase() }))],
    ['nothing in it', swap((headers) => ({ ...headers, 'x-slack-signature': '' }))],
    ["another app's secret", () => signature(body_, bot.clock.now(), 'another-secret')],
    ['the empty secret', () => signature(body_, bot.clock.now(), '')],
    ['the signature of other bytes', () => signature(`${body_}&x=1`, bot.clock.now())],
    [
      'the signature of another time',
      swap((headers) => ({
        ...headers,
        'x-slack-request-timestamp': String(Number(headers['x-slack-request-timestamp']) + 1),
      })),
    ],
    ['301 s old', () => good(bot.clock.now() - 301 * SECOND)],
    ['61 s ahead', () => good(bot.clock.now() + 61 * SECOND)],
    ['an hour ahead', () => good(bot.clock.now() + 3_600 * SECOND)],
    ['ten years ahead', () => good(bot.clock.now() + 10 * 365 * 86_400 * SECOND)],
    ['the beginning of time', () => good(0)],
    [
      'two signatures, the first good',
      swap((headers) => ({ ...headers, 'x-slack-signature': [headers['x-slack-signature'], 'v0=0'] })),
    ],
    [
      'two signatures, the second good',
      swap((headers) => ({ ...headers, 'x-slack-signature': ['v0=0', headers['x-slack-signature']] })),
    ],
    [
      'the good signature twice',
      swap((headers) => ({ ...headers, 'x-slack-signature': Array(2).fill(headers['x-slack-signature']) })),
    ],
    [
      'the good time twice',
      swap((headers) => ({
        ...headers,
        'x-slack-request-timestamp': Array(2).fill(headers['x-slack-request-timestamp']),
      })),
    ],
    ...['NaN', '-1', '1e12', '0x6a', '1.5', ' ', 'Infinity'].map((time): [string, () => OutgoingHttpHeaders] => [
      `the time ${JSON.stringify(time)}`,
      () => ({ ...signature(body_, bot.clock.now()), 'x-slack-request-timestamp': time }),
    ]),
  ])('A01 %s: 401, and nothing is done', async (_, headers) => {
    const nothing = await record()
    const refused = await send(bot.slackUrl, body_, { 'content-type': FORM_TYPE, ...headers() })
    expect(refused.status).toBe(401)
    expect(JSON.parse(refused.body)).toEqual({
      type: 'about:blank',
      title: 'Not from Slack',
      status: 401,
      detail: 'The request has no valid, fresh signature of Slack.',
    })
    expect(await record()).toEqual(nothing)
    expect(await payloads()).toBe(0)
    expect(post.bodies()).toEqual([])
  })

  test('A01 the body of such a request is not parsed: what is broken is refused in the same words', async () => {
    const answers = []
    for (const [body, type] of [
      ['{"type":"url_verification","challenge":"x"}', JSON_TYPE],
      ['{"type":', JSON_TYPE],
      [`{"__proto__":${'['.repeat(10_000)}`, JSON_TYPE],
      ['payload=%', FORM_TYPE],
      ['', FORM_TYPE],
      [Buffer.from([0xff, 0xfe, 0x00]), JSON_TYPE],
    ] as const)
      answers.push(await send(bot.slackUrl, body, { 'content-type': type }))
    expect(new Set(answers.map(({ status, body }) => `${status} ${body}`)).size).toBe(1)
    expect(answers[0]?.status).toBe(401)
  })

  test('A01 an empty signing secret takes nothing, not even what is signed with it', async () => {
    const heard: unknown[] = []
    const hear = httpMode({
      signingSecret: '',
      clock: bot.clock,
      log: { warn: () => {}, error: () => {} } as never,
      hear: async (payload) => void heard.push(payload),
    })
    const headers: Record<string, string> = signature(body_, bot.clock.now(), '')
    expect(await hear({ header: (name) => headers[name], body: Buffer.from(body_) })).toEqual({ status: 401 })
    expect(heard).toEqual([])
  })

  test.each([
    ['just signed', 0],
    ['300 s old', -300],
    ['60 s ahead', 60],
  ])('A01 and what is %s is taken', async (_, seconds) => {
    const body = typed('U0ERIK', '/oncall')
    const headers = signature(body, bot.clock.now() + seconds * SECOND)
    expect((await send(bot.slackUrl, body, { 'content-type': FORM_TYPE, ...headers })).status).toBe(200)
  })
})

describe('A02 a certificate check is no way around the signature', () => {
  together()

  const press = () =>
    encodeURIComponent(
      JSON.stringify(
        pressPayload(bot, { user: 'U0NORA', message: buttonsOf('nora'), action: 'incident_ack', value: '1' }),
      ),
    )

  test.each<[string, () => string]>([
    ['ssl_check=1&payload=…', () => `ssl_check=1&payload=${press()}`],
    ['ssl_check=true&payload=…', () => `ssl_check=true&payload=${press()}`],
    ['ssl_check=0&payload=…', () => `ssl_check=0&payload=${press()}`],
    ['ssl_check=&payload=…', () => `ssl_check=&payload=${press()}`],
    ['payload=…&ssl_check=1', () => `payload=${press()}&ssl_check=1`],
    ['ssl_check twice', () => `ssl_check=1&ssl_check=0&payload=${press()}`],
    ['payload twice', () => `ssl_check=1&payload=x&payload=${press()}`],
    ['ssl_check[]=1', () => `ssl_check[]=1&payload=${press()}`],
    ['SSL_CHECK=1', () => `SSL_CHECK=1&payload=${press()}`],
    ['a command with ssl_check=1', () => `ssl_check=1&${typed('U0NORA', '/incident ack INC-1')}`],
  ])('A02 %s, not signed: 401, and nothing is run', async (_, body) => {
    const nothing = await record()
    const before = await payloads()
    expect((await send(bot.slackUrl, body(), { 'content-type': FORM_TYPE })).status).toBe(401)
    await bot.rest()
    expect(await record()).toEqual(nothing)
    expect(await payloads()).toBe(before)
  })

  test.each<[string, number, () => string]>([
    ['a check', 200, () => `ssl_check=1&payload=${press()}`],
    ['a check that says 0', 200, () => `ssl_check=0&payload=${press()}`],
    ['a check twice', 400, () => `ssl_check=1&ssl_check=0&payload=${press()}`],
    ['a payload twice', 400, () => `payload=${press()}&payload=${press()}`],
  ])('A02 %s, though it is signed: %i, and nothing is run', async (_, status, body) => {
    const nothing = await record()
    expect((await sendSigned(bot, body(), FORM_TYPE)).status).toBe(status)
    await bot.rest()
    expect(await record()).toEqual(nothing)
  })
})

describe('A03 a signed request that is sent again', () => {
  test('A03 three times within five minutes, and by another process after that: it is done once', async () => {
    await start()
    const body = typed('U0ERIK', '/page sam come')
    const headers = { 'content-type': FORM_TYPE, ...signature(body, bot.clock.now()) }
    for (const wait of ['0s', '10s', '4m']) {
      await bot.advance(wait)
      expect((await send(bot.slackUrl, body, headers)).status).toBe(200)
    }
    await bot.restart()
    expect((await send(bot.slackUrl, body, headers)).status).toBe(200)
    await bot.rest()
    expect(post.bodies()).toHaveLength(1)
    await bot.advance('1m')
    expect((await send(bot.slackUrl, body, headers)).status).toBe(401)
    const opened = await bot.store.pool.query(`select from facts where kind = 'opened'`)
    expect(opened.rowCount).toBe(1)
    expect(bot.paged().filter((name) => name === 'sam')).toHaveLength(1)
  })

  test('A03 a press, with its other bytes signed anew: its trigger is the same, and so is its one effect', async () => {
    await start()
    await bot.alert()
    const payload = pressPayload(bot, {
      user: 'U0NORA',
      message: buttonsOf('nora'),
      action: 'incident_escalate',
      value: '1',
    })
    for (const more of [{}, { response_url: post.url }, { is_enterprise_install: 'false' }])
      expect((await sendSigned(bot, interaction({ ...payload, ...more }), FORM_TYPE)).status).toBe(200)
    await bot.rest()
    expect(bot.paged()).toEqual(['nora', 'sam'])
    expect(await payloads()).toBe(1)
  })

  test('A03 three at the very same moment', async () => {
    await start()
    const body = typed('U0ERIK', '/page sam come')
    const answers = await Promise.all([1, 2, 3].map(() => sendSigned(bot, body, FORM_TYPE)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    await bot.rest()
    expect(bot.paged()).toEqual(['sam'])
  })

  test('A03 what names nothing to know it by is known by all that it says', async () => {
    await start()
    const { trigger_id: _, ...fields } = commandFields(bot, 'U0ERIK', '/page sam come')
    for (let n = 0; n < 3; n++) expect((await sendSigned(bot, form(fields), FORM_TYPE)).status).toBe(200)
    await bot.rest()
    expect(bot.paged()).toEqual(['sam'])
  })
})

describe('A04 somebody who may not', () => {
  together()

  test('every verb of every command is known here, as one that acts or one that only reads', () => {
    const verbs = commands.flatMap(({ name, usage }) =>
      usage.map(([form]) => `${name} ${/^[a-z-]+(?= |$)/.exec(form)?.[0] ?? ''}`.trim()),
    )
    expect([...new Set(verbs)].filter((verb) => !(verb in ACTS) && !READS.includes(verb))).toEqual([])
  })

  test.each(Object.values(ACTS))(
    'A04 is not listed, and types %s: told so alone, it is on record, and nothing is changed',
    async (line) => {
      const nothing = await record()
      const answers = await told(typed('U0NOBODY', line))
      expect(answers).toEqual([{ text: expect.stringContaining('Nothing was done'), public: false }])
      expect(answers[0]?.text).toContain('<@U0NOBODY> is not')
      expect(await record()).toEqual(nothing)
      const act = Object.keys(ACTS).find((each) => line.startsWith(each))
      expect((await attempts()).at(-1)).toMatchObject({ user: 'U0NOBODY', act, reason: 'stranger' })
    },
  )

  test('A04 is listed and has not the role', async () => {
    const nothing = await record()
    expect(await told(typed('U0NORA', '/watchbill reload'))).toEqual([
      {
        text: expect.stringContaining('takes the role admin, which you do not have. Nothing was done'),
        public: false,
      },
    ])
    expect(await record()).toEqual(nothing)
    expect((await attempts()).at(-1)).toMatchObject({ user: 'U0NORA', act: '/watchbill reload', reason: 'not-in-role' })
  })

  test('A04 the same refusal is put on record once an hour, however often it is asked for', async () => {
    const before = (await attempts()).length
    for (const line of ['/page sam once', '/page nora twice', '/page mia thrice']) await told(typed('U0STRANGER', line))
    expect(await attempts()).toHaveLength(before + 1)
  })

  test.each(['/incident ack', '/incident escalate', '/incident resolve', '/incident note hello'])(
    'A04 types %s in a channel that is no incident’s: asked which, and nothing is changed',
    async (line) => {
      const nothing = await record()
      expect(await told(typed('U0NORA', line))).toEqual([
        { text: expect.stringContaining('Which incident?'), public: false },
      ])
      expect(await record()).toEqual(nothing)
    },
  )
})

/** Who may not act, whatever they press or type, and what they are told. */
const elsewhere = { team_id: 'T0ELSEWHERE', team_domain: 'elsewhere' }
const ACCOUNTS: [who: string, user: string, fields: Record<string, string>, sentence: string][] = [
  ['of another workspace, with the id of somebody listed', 'U0NORA', elsewhere, 'People of another workspace'],
  [
    'of another organisation',
    'U0NORA',
    { ...elsewhere, enterprise_id: 'E0ELSEWHERE', enterprise_name: 'Elsewhere' },
    'People of another workspace',
  ],
  ['of no workspace', 'U0NORA', { team_id: '' }, 'People of another workspace'],
  ['of Slack Connect', 'U0STRANGER', elsewhere, 'People of another workspace'],
  ['of Slack Connect, in the name of this workspace', 'U0STRANGER', {}, 'Guests of the workspace'],
  ['a guest', 'U0GUEST', {}, 'Guests of the workspace'],
  ['a guest of one channel', 'U0ULTRA', {}, 'Guests of the workspace'],
  ['deactivated', 'U0GONE', {}, 'deactivated or a bot'],
  ['a bot', 'U0ROBOT', {}, 'deactivated or a bot'],
]

describe('A05 an account that is not of this workspace, or not a whole one', () => {
  together()

  describe.each(ACCOUNTS)('%s', (_, user, fields, sentence) => {
    test('A05 types whatever acts: refused each time', async () => {
      const nothing = await record()
      const before = post.bodies().length
      for (const line of Object.values(ACTS))
        expect((await sendSigned(bot, typed(user, line, fields), FORM_TYPE)).status, line).toBe(200)
      await bot.rest()
      const answers = post.bodies().slice(before)
      expect(answers).toHaveLength(Object.keys(ACTS).length)
      for (const { text, response_type } of answers) {
        expect(text).toContain(sentence)
        expect(response_type).not.toBe('in_channel')
      }
      expect(await record()).toEqual(nothing)
    })

    test.each(BUTTONS)('A05 presses %s: refused', async (action) => {
      const nothing = await record()
      const team = fields.team_id ?? bot.slack.workspace.team.id
      const enterprise = fields.enterprise_id ? { id: fields.enterprise_id, name: 'Elsewhere' } : null
      const body = pressed({ user, message: buttonsOf('ops'), action, value: '1', team }, { enterprise })
      expect(await told(body)).toEqual([{ text: expect.stringContaining(sentence), public: false }])
      expect(await record()).toEqual(nothing)
    })
  })

  test('A05 whoever is back again may act at once: they are looked at when they ask', async () => {
    bot.slack.changeUser('gone', { deleted: false })
    expect(await told(typed('U0GONE', '/incident note INC-1 back again'))).toEqual([
      { text: expect.stringContaining('<@U0GONE> added a note'), public: true },
    ])
  })
})

describe('A06 a button that is not what we made of it', () => {
  together()

  test.each([
    '',
    '0',
    '-1',
    '2',
    '9999',
    '1 2',
    'INC-1',
    '1;2',
    '1\nresolve 1',
    '1@',
    'constructor',
    '__proto__',
    ' 1',
    '1e0',
    '٣',
  ])('A06 its value is %j: refused, and nothing is changed', async (value) => {
    for (const action of BUTTONS) {
      const nothing = await record()
      const answers = await told(pressed({ user: 'U0NORA', message: buttonsOf('nora'), action, value }))
      expect(answers).toEqual([{ text: expect.stringContaining('nothing was done'), public: false }])
      expect(await record()).toEqual(nothing)
    }
  })

  test('A06 its value names another incident: refused, whatever is written on it', async () => {
    const nothing = await record()
    for (const action of BUTTONS) {
      const payload = pressPayload(bot, { user: 'U0NORA', message: buttonsOf('nora', 1), action, value: '2' })
      const [button] = payload.actions
      const altered = { ...payload, response_url: post.url, actions: [{ ...button, block_id: 'incident_2' }] }
      expect(await told(interaction(altered))).toEqual([
        { text: expect.stringContaining('nothing was done'), public: false },
      ])
    }
    expect(await record()).toEqual(nothing)
  })

  test.each([
    ['somewhere else', { channel: 'C0RANDOM', ts: '1795394000.000100' }],
    ['in the same channel', { channel: 'C0OPS', ts: '1795394000.000100' }],
    ['that is said to be nowhere', { channel: 'undefined', ts: 'undefined' }],
  ])('A06 it is on a copy of the message %s: refused', async (_, message) => {
    const nothing = await record()
    for (const action of BUTTONS)
      expect(await told(pressed({ user: 'U0NORA', message, action, value: '1' }))).toEqual([
        { text: expect.stringContaining('it may be a copy'), public: false },
      ])
    expect(await record()).toEqual(nothing)
  })

  test('A06 somebody else presses it: what counts is who they are, not whose message it is', async () => {
    const nothing = await record()
    for (const action of BUTTONS)
      expect(await told(pressed({ user: 'U0NOBODY', message: buttonsOf('nora'), action, value: '1' }))).toEqual([
        { text: expect.stringContaining('<@U0NOBODY> is not'), public: false },
      ])
    expect(await record()).toEqual(nothing)
  })

  test('A06 it does what nobody made a button for: nothing', async () => {
    const nothing = await record()
    for (const action of ['incident_delete', 'watch_relieve', 'incident_unack', 'constructor', '__proto__', ''])
      expect(await told(pressed({ user: 'U0NORA', message: buttonsOf('nora'), action, value: '1' }))).toEqual([])
    expect(await record()).toEqual(nothing)
  })

  test.each<[string, string, (now: number) => string, string]>([
    ['nothing', 'U0NORA', () => '', 'says nothing that I asked'],
    ['a command alone', 'U0NORA', () => 'take primary for 2h', 'says nothing that I asked'],
    ['two lines', 'U0NORA', (now) => `U0NORA ${now} 123456789012 take primary for 2h\ncancel 1`, 'says nothing'],
    ['somebody else', 'U0NORA', (now) => `U0DANA ${now} 123456789012 take primary for 2h`, 'Somebody else was asked'],
    ['an hour ago', 'U0NORA', (now) => `U0NORA ${now - 3_600_000} 123456789012 take primary for 2h`, 'a while ago'],
    [
      'what was never shown',
      'U0DANA',
      (now) => `U0DANA ${now} 123456789012 take primary for 2h`,
      'nothing is done yet',
    ],
    [
      'the password of our own',
      'U0DANA',
      (now) => `U0DANA ${now} shown take primary for 2h`,
      'says nothing that I asked',
    ],
    ['a stranger', 'U0NOBODY', (now) => `U0NOBODY ${now} 123456789012 take primary for 2h`, '<@U0NOBODY> is not'],
  ])('A06 a confirmation says %s: nothing is changed', async (_, user, value, sentence) => {
    const nothing = await record()
    const body = pressed({ user, message: buttonsOf('ops'), action: 'roster_do', value: value(bot.clock.now()) })
    expect(await told(body)).toEqual([{ text: expect.stringContaining(sentence), public: false }])
    expect(await record()).toEqual(nothing)
  })

  test.each(['edit_agree', 'edit_decline'])('A06 %s on a message that is about no offer: refused', async (action) => {
    const nothing = await record()
    for (const value of ['1', '', 'x', '99999999999'])
      expect(await told(pressed({ user: 'U0NORA', message: buttonsOf('nora'), action, value }))).toEqual([
        { text: expect.stringContaining('it may be a copy'), public: false },
      ])
    expect(await record()).toEqual(nothing)
  })

  test('A06 its incident is over: told so, and nothing is changed', async () => {
    const message = buttonsOf('ops')
    await told(typed('U0MIA', '/incident resolve INC-1'))
    const nothing = await record()
    for (const action of BUTTONS)
      expect(await told(pressed({ user: 'U0NORA', message, action, value: '1' }))).toEqual([
        { text: expect.stringContaining('INC-1 was resolved by <@U0MIA>'), public: false },
      ])
    expect(await record()).toEqual(nothing)
  })
})

describe('A06 a button about a change of the watch that is not what we made of it', () => {
  const MINUTE = 60_000
  /** At 06:30 dana is relieved by nora, at 08:00 nora by dana. */
  const BEFORE = MONDAY_NIGHT + 210 * MINUTE
  const NOW = MONDAY_NIGHT + 300 * MINUTE
  const earlier = `primary@${BEFORE}`
  const change = `primary@${NOW}`

  type Shown = ReturnType<typeof buttonsOf>
  type Action = (typeof ACTIONS)[number]
  const ACTIONS = ['watch_confirm', 'incident_accept', 'incident_keep', 'incident_hand_over', 'incident_leave'] as const
  /** Each where it was shown, with what we wrote on it, to whoever may press it. */
  const made = {} as Record<Action, { user: string; message: Shown; value: string }>
  let shownBefore: Shown

  function shown(where: 'nora' | 'dana' | 'ops', action: Action, value: string): Shown {
    const messages = where === 'ops' ? bot.slack.channel('ops').messages : bot.slack.dm(where)
    const found = messages.findLast(({ blocks }) => {
      const text = JSON.stringify(blocks)
      return text.includes(`"${action}"`) && text.includes(`"${value}"`)
    })
    if (!found) throw new Error(`${where} has no button ${action} of ${value}`)
    return found
  }

  /** INC-1 is nora's and goes with the watch, INC-2 is sam's, who stays; INC-3 is nora's, and no watch's. The change has come. */
  beforeAll(async () => {
    await start({
      at: BEFORE - 10 * MINUTE,
      config: (text) => config(text).replaceAll('"20:00", to', '"06:30", to').replace('to: "20:00"', 'to: "06:30"'),
    })
    shared = true
    await bot.rest()
    shownBefore = shown('nora', 'watch_confirm', earlier)
    await told(pressed({ user: 'U0NORA', message: shownBefore, action: 'watch_confirm', value: earlier }))
    await bot.advance('75m')
    await bot.alert()
    await bot.alert({ service: 'imap', key: 'imap' })
    for (const [user, line] of [
      ['U0NORA', '/incident ack INC-1'],
      ['U0SAM', '/incident ack INC-2'],
      ['U0ERIK', '/page nora come'],
      ['U0NORA', '/incident ack INC-3'],
    ] as const)
      expect(await told(typed(user, line))).toEqual([{ text: expect.any(String), public: true }])
    await bot.advance('26m')
    made.watch_confirm = { user: 'U0DANA', message: shown('ops', 'watch_confirm', change), value: change }
    made.incident_accept = {
      user: 'U0DANA',
      message: shown('dana', 'incident_accept', `1/${change}`),
      value: `1/${change}`,
    }
    const left = { user: 'U0NORA', message: shown('nora', 'incident_keep', `1/${change}`), value: `1/${change}` }
    made.incident_keep = left
    made.incident_hand_over = left
    made.incident_leave = left
  })
  afterAll(async () => {
    shared = false
    await end()
  })

  const press = (action: Action, other: Partial<(typeof made)[Action] & { team: string }> = {}, more: object = {}) =>
    told(pressed({ ...made[action], action, ...other }, more))

  /** As Slack says it of a button at somebody's Home: there is no message, and nothing of ours to compare it with. */
  const atHome = {
    container: { type: 'view', view_id: 'V0HOME' },
    view: { id: 'V0HOME', type: 'home' },
    channel: undefined,
    message: undefined,
  }

  async function refused(answers: Promise<unknown>, sentence: string, nothing: unknown): Promise<void> {
    expect(await answers).toEqual([{ text: expect.stringContaining(sentence), public: false }])
    expect(await record()).toEqual(nothing)
  }

  const FORGED = [
    ...['', '1', 'INC-1', 'primary', 'primary@', `@${NOW}`, `${NOW}`, 'primary@0', `primary@${NOW + 1}`],
    ...[`primary@${NOW}0`, `primary@-${NOW}`, `primary@${NOW}.0`, `primary@${'9'.repeat(15)}`, `PRIMARY@${NOW}`],
    ...[` ${change}`, `${change} `, `${change}\nsecondary@${NOW}`, `${change};1`, `${change}/dana`, `primar@${NOW}`],
    ...[`secondary@${NOW}`, `nosuch@${NOW}`, `constructor@${NOW}`, `__proto__@${NOW}`, `%@${NOW}`, earlier],
  ]
  const FORGED_INCIDENTS = ['', '0', '4', '-1', '1/1', '1,2', 'INC-1', '٣', ' 1', '1e0', '999999999', '__proto__']

  test.each(ACTIONS)('A06 %s with a value that we never wrote: refused, and nothing is changed', async (action) => {
    const nothing = await record()
    const values =
      action === 'watch_confirm'
        ? [...FORGED, `1/${change}`]
        : [...FORGED.map((value) => `1/${value}`), ...FORGED_INCIDENTS.map((id) => `${id}/${change}`), '1', change]
    for (const value of values) await refused(press(action, { value }), 'it may be a copy', nothing)
  })

  test.each([
    ['somewhere else', { channel: 'C0RANDOM', ts: '1795394000.000100' }],
    ['in the channel of the service', { channel: 'C0OPS', ts: '1795394000.000100' }],
    ['that is said to be nowhere', { channel: 'undefined', ts: 'undefined' }],
  ])('A06 on a copy of the message %s: refused', async (_, message) => {
    const nothing = await record()
    for (const action of ACTIONS)
      await refused(press(action, { message: message as Shown }), 'it may be a copy', nothing)
  })

  test('A06 on a message of ours that is about something else: refused', async () => {
    const nothing = await record()
    for (const action of ACTIONS)
      for (const message of [shownBefore, buttonsOf('nora'), buttonsOf('ops', 2)])
        await refused(press(action, { message }), 'it may be a copy', nothing)
    // What is taken is on the pages of those who come, what is kept is on the messages to those who go.
    const { incident_accept: takes, incident_keep: keeps } = made
    await refused(press('incident_accept', { message: keeps.message }), 'it may be a copy', nothing)
    await refused(press('incident_keep', { message: takes.message }), 'it may be a copy', nothing)
  })

  test('A06 naming an incident of which the message says nothing: refused', async () => {
    const nothing = await record()
    for (const id of [2, 3]) await refused(press('incident_accept', { value: `${id}/${change}` }), 'a copy', nothing)
    // Though it is theirs.
    for (const action of ['incident_keep', 'incident_hand_over', 'incident_leave'] as const)
      await refused(press(action, { value: `3/${change}` }), 'it may be a copy', nothing)
    await refused(press('incident_keep', { value: `2/${change}` }), "INC-2 is <@U0SAM>'s", nothing)
  })

  test('A06 on the message of an earlier change: what goes with this one was not read there, so it is refused', async () => {
    const nothing = await record()
    for (const user of ['U0DANA', 'U0NORA'])
      for (const value of [earlier, change])
        await refused(press('watch_confirm', { user, message: shownBefore, value }), 'it may be a copy', nothing)
    await refused(press('watch_confirm', { value: earlier }, atHome), 'or about a change that is over', nothing)
  })

  test.each<[Action, string[], string]>([
    ['watch_confirm', ['U0NORA', 'U0SAM', 'U0MIA', 'U0ERIK'], 'goes to <@U0DANA>, so only they can confirm it'],
    ['incident_keep', ['U0DANA', 'U0SAM', 'U0MIA', 'U0ERIK'], "INC-1 is <@U0NORA>'s"],
    ['incident_hand_over', ['U0DANA', 'U0SAM', 'U0MIA', 'U0ERIK'], "INC-1 is <@U0NORA>'s"],
  ])(
    'A06 %s by somebody listed, but not by whom it is meant for: refused, at their Home too',
    async (action, users, sentence) => {
      const nothing = await record()
      for (const user of users) {
        await refused(press(action, { user }), sentence, nothing)
        await refused(press(action, { user }, atHome), sentence, nothing)
      }
    },
  )

  test('A06 at a Home a button does no more than whoever presses it may', async () => {
    const nothing = await record()
    const home = (action: Action, value: string, user = made[action].user) => press(action, { value, user }, atHome)
    for (const id of [0, 9]) await refused(home('incident_accept', `${id}/${change}`), `There is no INC-${id}`, nothing)
    await refused(home('incident_keep', `2/${change}`), "INC-2 is <@U0SAM>'s", nothing)
    for (const value of ['', 'primary', `secondary@${NOW}`, `primary@${NOW + 1}`, `nosuch@${NOW}`, `1/${change}`])
      await refused(home('watch_confirm', value), 'nothing was done', nothing)
    for (const value of ['', '1', '1/primary@1', `1/nosuch@${NOW}`])
      for (const action of ['incident_accept', 'incident_keep'] as const)
        await refused(home(action, value), 'nothing was done', nothing)
  })

  test.each([...ACCOUNTS, ['not listed', 'U0NOBODY', {} as Record<string, string>, '<@U0NOBODY> is not'] as const])(
    'A05 by an account that is %s: refused, at their Home too',
    async (_, user, fields, sentence) => {
      const nothing = await record()
      const team = fields.team_id ?? bot.slack.workspace.team.id
      const enterprise = fields.enterprise_id ? { id: fields.enterprise_id, name: 'Elsewhere' } : null
      for (const action of ACTIONS) {
        await refused(press(action, { user, team }, { enterprise }), sentence, nothing)
        await refused(press(action, { user, team }, { ...atHome, enterprise }), sentence, nothing)
      }
    },
  )

  test('A06 and each does what it says where we put it', async () => {
    const did = async (action: Action) => {
      const { rows } = await bot.store.pool.query<{ id: number }>('select max(id) as id from facts')
      expect(await press(action)).toEqual([])
      const after = await bot.store.pool.query<{ kind: string; by: string }>(
        `select kind, body ->> 'by' as by from facts where id > $1 and kind in ('taken', 'kept', 'released') order by id`,
        [rows[0]?.id],
      )
      return after.rows
    }
    expect(await did('incident_keep')).toEqual([{ kind: 'kept', by: 'nora' }])
    expect(await did('incident_accept')).toEqual([{ kind: 'taken', by: 'dana' }])
    expect(await did('watch_confirm')).toEqual([{ kind: 'released', by: null }])
    // Done twice is done; at their Home it counts as well.
    expect(await press('watch_confirm', {}, atHome)).toEqual([])
    expect(await press('incident_accept', {}, atHome)).toEqual([])
  })
})

describe('A06 the button that acknowledges several incidents, and is not what we made of it', () => {
  const SERVICES = ['files', 'search', 'login', 'billing']
  let message: ReturnType<typeof buttonsOf>
  let value: string

  /** INC-1 to 3 are pages of their own, INC-4 to 6 came together. */
  beforeAll(async () => {
    const more = SERVICES.map((name) => `  ${name}: { policy: mail, channel: C0OPS }\n`).join('')
    await start({ config: (text) => config(text).replace('services:\n', `services:\n${more}`) })
    shared = true
    for (const service of ['webmail', 'imap', ...SERVICES]) await bot.alert({ service, key: service })
    await bot.advance('20s')
    const found = bot.slack.dm('nora').find(({ blocks }) => JSON.stringify(blocks).includes('incident_ack_all'))
    if (!found) throw new Error('nothing came together')
    message = found
    value = /"value":"(\d+\/4 5 6)"/.exec(JSON.stringify(found.blocks))?.[1] ?? ''
  })
  afterAll(async () => {
    shared = false
    await end()
  })

  const press = (other: object = {}) =>
    told(pressed({ user: 'U0NORA', message, action: 'incident_ack_all', value, ...other }))

  test('A06 with a value that we never wrote, or somewhere else: refused, and nothing is changed', async () => {
    const nothing = await record()
    const [fact = ''] = value.split('/')
    const ids = ['', '4', '4 5', '4 5 6']
    const forged = [
      ...['', '4', '4 5 6', `${fact}`, `${fact}/`, `${fact}/1`, `${fact}/4 5 6 1`, `${fact}/4,5,6`, `${fact}/4  5`],
      ...[`${fact}/4 5 6 `, `${fact}/0`, `${fact}/-4`, `${fact}/4\n5`, `${fact}/all`, `${fact}/٤`, `__proto__/4`],
      ...ids.flatMap((each) => [`1/${each}`, `0/${each}`, `${Number(fact) + 1}/${each}`, `${'9'.repeat(15)}/${each}`]),
    ]
    for (const each of forged) expect(await press({ value: each }), each).toMatchObject([{ public: false }])
    for (const other of [buttonsOf('nora'), buttonsOf('ops', 4), { channel: 'C0RANDOM', ts: '1795394000.000100' }])
      expect(await press({ message: other })).toMatchObject([{ text: expect.stringContaining('it may be a copy') }])
    expect(await record()).toEqual(nothing)
  })

  test('A06 by somebody who is not listed: refused', async () => {
    const nothing = await record()
    expect(await press({ user: 'U0NOBODY' })).toMatchObject([{ text: expect.stringContaining('<@U0NOBODY> is not') }])
    expect(await record()).toEqual(nothing)
  })

  test('A06 and it does what it says where we put it: those it names, and no other', async () => {
    expect(await press()).toEqual([])
    const { rows } = await bot.store.pool.query<{ id: number }>(
      `select id from incidents where state = 'acked' order by id`,
    )
    expect(rows.map(({ id }) => id)).toEqual([4, 5, 6])
    // Twice is once.
    const once = await record()
    await press()
    expect(await record()).toEqual(once)
  })
})

test('A06 and a button counts on a page of which nobody knows yet where it is: its reply was lost', async () => {
  await start()
  bot.slack.fault({ kind: 'lost_reply', method: 'chat.postMessage', channel: 'nora', count: 1 })
  await bot.report()
  await until(() => bot.slack.dm('nora').length > 0, 'the page')
  expect(
    await told(pressed({ user: 'U0NORA', message: buttonsOf('nora'), action: 'incident_ack', value: '1' })),
  ).toEqual([])
  expect((await bot.facts()).filter(({ type }) => type === 'acked')).toHaveLength(1)
})

/** Text that Slack would take for more than text. */
const NASTY = [
  '<!channel>',
  '<!here|here>',
  '<!everyone>',
  '<@U0MIA>',
  '<@U0MIA|mia>',
  '<!subteam^S0ONCALL|@oncall>',
  '<#C0OPS|ops>',
  '<https://evil.example|https://bank.example>',
  '<mailto:x@evil.example|mia>',
  '<!date^1392734382^{date}|soon>',
  '&<>',
  '&lt;!channel&gt;',
  '@channel @here @everyone',
]

/** Angle brackets in Slack's own markup, where we write it. */
const OWN_MARKUP = /<@[A-Z0-9]+>|<#[A-Z0-9]+\|[a-z0-9-]+>|<!date\^\d+\^[^<>]*>|<!channel> :sos:/g

/** Every text of every call so far: blocks, fallback, topics, purposes, names. */
function said(): string[] {
  const texts: string[] = []
  const walk = (node: unknown): void => {
    if (typeof node === 'string') texts.push(node)
    else if (Array.isArray(node)) for (const each of node) walk(each)
    else if (node && typeof node === 'object') for (const each of Object.values(node)) walk(each)
  }
  for (const { args } of bot.slack.journal()) walk([args.text, args.blocks, args.topic, args.purpose, args.name])
  return texts
}

/** As people see it. */
const seen = (text: string) =>
  text.replaceAll('\u200b', '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

describe('A08 what others write is literal, in every block and in every fallback', () => {
  // Two at a time, as one word: a bot for each would take long.
  const pairs = NASTY.flatMap((one, n) => (n % 2 === 0 ? [`${one}/${NASTY[n + 1] ?? ''}`] : []))

  test.each(pairs)('A08 %s', async (nasty) => {
    const company = JSON.stringify(`Mail ${nasty}`)
    await start({
      mode: 'socket',
      config: (text) => config(text).replace('company: Example Mail', `company: ${company}`),
    })
    await bot.alert({
      key: `host ${nasty}`,
      headline: `down ${nasty}`,
      summary: `host ${nasty} fails: ${nasty}`,
      evidence: [{ at: bot.clock.now(), saw: `saw ${nasty}` }],
    })
    await bot.alert({ service: 'imap', key: `warn ${nasty}`, severity: 'warning', summary: `warns ${nasty}` })
    // As Slack passes on what was typed, and as it might.
    for (const line of [
      `/incident declare imap ${nasty}`,
      `/incident note INC-1 ${nasty}`,
      `/page sam ${nasty}`,
      `/oncall ${nasty}`,
      `/incident ack ${nasty}`,
      `/incident ${nasty}`,
      `/page ${nasty} x`,
      `/watchbill ${nasty}`,
      '/incident list',
      '/incident show INC-1',
      '/watchbill status',
    ])
      await bot.type('erik', line)
    await bot.advance('30m')
    await bot.recover(`host ${nasty}`)
    await bot.type('erik', '/incident resolve INC-2')
    const page = bot.dm('nora')[0] ?? ''
    expect(seen(page)).toContain(nasty)
    expect(seen(bot.slack.dm('nora')[0]?.text ?? '')).toContain(nasty)
    for (const text of said()) {
      const foreign = text.replaceAll(OWN_MARKUP, '').replaceAll(/^>/gm, '')
      expect(foreign).not.toMatch(/[<>]/)
      expect(foreign).not.toMatch(/@(?:channel|here|everyone)\b/i)
      expect(foreign.replaceAll(/&(?:amp|lt|gt);/g, '')).not.toContain('&')
    }
    // Nobody was paged who was not meant to be: no mention of them was taken for one.
    expect(bot.paged()).not.toContain('dana')
  })
})

describe('A09 too much, and what no keyboard types', () => {
  // A channel that the bot is not in yet is joined.
  const FINE = ['ok', 'already_in_channel', 'not_in_channel']
  const limits = () => bot.slack.journal().filter(({ outcome }) => !FINE.includes(outcome))

  test.each<[string, () => Parameters<Driver['alert']>[0]]>([
    ['3 MB of text', () => ({ headline: 'x'.repeat(1_000_000), summary: `down ${'long '.repeat(400_000)}` })],
    ['3 MB of what Slack makes longer', () => ({ headline: '&<>'.repeat(300_000), summary: '<'.repeat(2_000_000) })],
    [
      '200 labels',
      () => ({ evidence: Array.from({ length: 200 }, (_, n) => ({ at: n, saw: `label_${n}=${'v'.repeat(300)}` })) }),
    ],
    ['NUL', () => ({ key: 'a\0b', headline: 'a\0b', summary: '\0\0down\0', evidence: [{ at: null, saw: '\0' }] })],
    [
      'half characters',
      () => ({
        headline: 'a\ud800b',
        summary: `${'\udc00'.repeat(200)} down \ud83d`,
        evidence: [{ at: null, saw: '\ud800' }],
      }),
    ],
    ['right to left', () => ({ headline: '\u202eevil', summary: '\u202e\u2066down\u2069'.repeat(500) })],
    [
      'a flood of emoji',
      () => ({
        headline: '🔥'.repeat(5_000),
        summary: '👩‍👩‍👧‍👦'.repeat(5_000),
        evidence: [{ at: null, saw: '🔥'.repeat(9_000) }],
      }),
    ],
    ['combining marks', () => ({ headline: `e${'\u0301'.repeat(5_000)}`, summary: `e${'\u0301'.repeat(50_000)}` })],
    ['lines without end', () => ({ headline: 'a\n'.repeat(5_000), summary: '\n'.repeat(100_000) })],
    ['nothing', () => ({ headline: '', summary: '' })],
  ])('A09 %s: the page is delivered, whole in its blocks, within Slack’s limits', async (_, alert) => {
    await start({ mode: 'socket' })
    await bot.alert(alert())
    expect(bot.paged()).toEqual(['nora'])
    expect(bot.dm('nora')[0]).toContain('[Acknowledge]')
    expect(bot.dm('nora')[0]).toContain('*Why you:*')
    await bot.advance('5m')
    expect(bot.paged()).toEqual(['nora', 'sam'])
    await bot.press('sam', 'Acknowledge')
    expect(bot.dm('nora')[0]).toContain('<@U0SAM> has it')
    await bot.type('erik', '/incident list')
    await bot.type('erik', '/incident show INC-1')
    expect(limits()).toEqual([])
    for (const text of said()) {
      expect(text.isWellFormed()).toBe(true)
      expect(text).not.toContain('\0')
    }
  })

  test('A09 a command of 900 kB is answered with a sentence, and one of more than a megabyte is refused', async () => {
    await start()
    const [answer] = await told(typed('U0ERIK', `/page sam ${'x'.repeat(900_000)}`))
    expect(answer).toEqual({ text: expect.stringContaining('A page has at most 2500 characters'), public: false })
    expect((await sendSigned(bot, typed('U0ERIK', `/page sam ${'x'.repeat(1_100_000)}`), FORM_TYPE)).status).toBe(413)
    expect(bot.paged()).toEqual([])
  })

  test('A09 keys that reach prototypes reach nothing', async () => {
    await start()
    const fields = commandFields(bot, 'U0ERIK', '/oncall', { response_url: post.url, trigger_id: randomUUID() })
    expect(await told(`${form(fields)}&__proto__=1&constructor[prototype][x]=1`)).toHaveLength(1)
    const event = `{"type":"event_callback","event_id":"Ev9","__proto__":{"polluted":1},"event":{"type":"x","constructor":{"prototype":{"polluted":1}}}}`
    expect((await sendSigned(bot, event, JSON_TYPE)).status).toBe(200)
    await bot.rest()
    expect({}).not.toHaveProperty('polluted')
  })
})
