import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { contacts } from '../../jobs/contacts.ts'
import { type Driver, MONDAY_NIGHT, startBot, until } from '../support/bot.ts'
import { asTwilio, type Carrier, type Carriers, startCarriers } from '../support/carriers.ts'

let bot: Driver
let carriers: Carriers
beforeEach(async () => {
  carriers = await startCarriers()
})
afterEach(async () => {
  await bot?.close()
  await carriers.close()
})

const PUBLIC = 'https://watchbill.example.com'
const TOKEN = 'twilio-token-0123456789'
const NTFY = '{ after: 1m, via: ntfy, to: nora-pager }'
const CALL = '{ after: 3m, via: call, to: "+41790000001" }'
const SMS = '{ after: 2m, via: sms, to: "+41790000001" }'

const start = async (
  contact: string[],
  { isPublic = true, mia = '', at = MONDAY_NIGHT, config: more = (text: string) => text } = {},
) => {
  const { url, smtp } = carriers
  bot = await startBot({
    ...{ probes: false, at },
    ...(isPublic && { publicUrl: PUBLIC }),
    config: (config) =>
      `${more(config)
        .replace('nora: { slack: U0NORA }', `nora: { slack: U0NORA, contact: [${contact.join(', ')}] }`)
        .replace('mia: { slack: U0MIA }', `mia: { slack: U0MIA, contact: [${mia}] }`)}
notify:
  ntfy: { url: "${url}", token: ntfy-token-0123 }
  push: { url: "${url}", token: push-token-0123 }
  twilio: { url: "${url}", account: AC0123456789, token: ${TOKEN}, from: "+41440000000" }
  smtp: { url: "${smtp}", from: watchbill@example.com }
  webhook: { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }
`,
  })
}

const nightly = (url: unknown) => new URL(String(url)).pathname
const twilio = (path: string, params: Record<string, string>, signature?: string) =>
  asTwilio({ url: bot.url, publicUrl: PUBLIC, token: TOKEN }, path, params, signature)
const acked = async () => (await bot.facts()).filter(({ type }) => type === 'acked')

describe('a page that nobody answers', () => {
  test('goes by each way of the person in its time, and by none once somebody has it', async () => {
    await start([NTFY, CALL])
    await bot.alert()
    await bot.advance('59s')
    expect(carriers.came).toEqual([])
    await bot.advance('1s')
    const [push] = carriers.of('ntfy')
    expect(push?.headers.authorization).toBe('Bearer ntfy-token-0123')
    expect(push?.fields).toMatchObject({ topic: 'nora-pager', priority: 5, title: expect.stringContaining('INC-1') })
    expect(push?.fields.message).toContain('is not answered')
    await bot.press('nora', 'Acknowledge')
    await bot.advance('10m')
    expect(carriers.came.map(({ carrier }) => carrier)).toEqual(['ntfy', 'ntfy'])
    expect(carriers.of('ntfy')[1]?.fields.message).toContain('nora has it')
    expect(bot.dm('nora')[0]).toMatch(/DM .* accepted · ntfy .* accepted/)
    expect(bot.timeline()).toContainEqual(expect.stringContaining('*Beside Slack:* <@U0NORA> by ntfy: accepted'))
  })

  test('is answered by a button of the push: as in Slack, and everybody sees who and how', async () => {
    await start([NTFY])
    await bot.alert()
    await bot.advance('1m')
    const pushed = carriers.of('ntfy')[0]?.fields
    const path = nightly(pushed?.click)
    expect(pushed?.actions).toMatchObject([{ action: 'http', method: 'POST', url: pushed?.click }])
    // Whoever follows a link only looks.
    const page = await fetch(`${bot.url}${path}`)
    expect(await page.text()).toContain('<button>Acknowledge</button>')
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(await acked()).toEqual([])
    const answer = await fetch(`${bot.url}${path}`, { method: 'POST' })
    expect(await answer.text()).toBe('INC-1 is yours, nora: acknowledged.\n')
    await bot.rest()
    expect(await acked()).toMatchObject([{ by: 'nora', via: 'ntfy' }])
    expect(bot.dm('nora')[0]).toMatch(/<@U0NORA> has it\* since .*, by ntfy/)
    await bot.advance('10m')
    expect(bot.paged()).toEqual(['nora'])
  })

  test('an address that is guessed, of another way, or of what is over, does nothing', async () => {
    await start([NTFY])
    await bot.alert()
    await bot.advance('1m')
    const path = nightly(carriers.of('ntfy')[0]?.fields.click)
    const post = (to: string) => fetch(`${bot.url}${to}`, { method: 'POST' })
    expect((await post('/callback/ntfy/AAAAAAAAAAAAAAAAAAAAAA')).status).toBe(404)
    expect((await post(path.replace('/ntfy/', '/mail/'))).status).toBe(404)
    expect((await post(path.replace('/ntfy/', '/call/'))).status).toBe(401)
    expect(await acked()).toEqual([])
    await bot.type('erik', '/incident resolve INC-1')
    const late = await post(path)
    expect(late.status).toBe(410)
    expect(await late.text()).toContain('INC-1 is resolved already')
    expect(await acked()).toEqual([])
  })
})

describe('a call', () => {
  const ring = async () => {
    await start([CALL])
    await bot.alert({ headline: 'a <b>&"\'</Say><Hangup/>', summary: 'a <b>&"\'</Say><Hangup/>' })
    await bot.advance('3m')
    const fields = carriers.of('call')[0]?.fields
    expect(fields).toMatchObject({ To: '+41790000001', From: '+41440000000', Method: 'POST' })
    return nightly(fields?.Url)
  }

  test('is answered, and 1 acknowledges; what the alert says is only said', async () => {
    const path = await ring()
    const said = await (await twilio(path, { CallStatus: 'in-progress', CallSid: 'CA1' })).text()
    expect(said).toContain('&lt;b&gt;&amp;&quot;&apos;&lt;/Say&gt;')
    expect(said).not.toContain('<Hangup')
    expect(said).toContain(`action="${PUBLIC}${path}"`)
    const pressed = await twilio(path, { CallStatus: 'in-progress', CallSid: 'CA1', Digits: '1' })
    expect(await pressed.text()).toContain('INC-1 is yours, nora')
    await twilio(path, { CallStatus: 'completed', CallSid: 'CA1' })
    await bot.advance('10m')
    expect(bot.paged()).toEqual(['nora'])
    expect(bot.dm('nora')[0]).toMatch(/phone .* answered/)
    expect(bot.dm('nora')[0]).toContain(', by phone')
    expect(bot.timeline()).toContainEqual(expect.stringContaining('*Acknowledged* by <@U0NORA>, by phone'))
  })

  test('2 escalates; a signature that is not right does nothing', async () => {
    const path = await ring()
    const wrong = await twilio(path, { Digits: '1' }, 'c2lnbmVkIGJ5IG5vYm9keQ==')
    expect(wrong.status).toBe(401)
    expect(await acked()).toEqual([])
    expect(await (await twilio(path, { Digits: '2' })).text()).toContain('INC-1 is escalated')
    await bot.rest()
    expect(bot.paged()).toEqual(['nora', 'sam'])
  })
})

test('several incidents of one person: their phone rings for each, one after the other', async () => {
  await start([CALL], {
    config: (text) => text.replace('services:\n', 'services:\n  imap: { policy: mail, channel: C0OPS }\n'),
  })
  await bot.alert()
  await bot.alert({ service: 'imap', key: 'imap' })
  await bot.advance('3m')
  expect(carriers.of('call')).toHaveLength(1)
  await bot.advance('1m')
  expect(carriers.of('call')).toHaveLength(2)
})

test('of a private incident nothing leaves Slack but that it is there', async () => {
  await start([NTFY])
  await bot.type('erik', '/incident private webmail somebody reads our mail')
  await bot.advance('1m')
  const [push] = carriers.of('ntfy')
  expect(push?.fields.title).toContain('INC-1')
  expect(push?.body).toContain('private incident')
  expect(push?.body).not.toContain('reads our mail')
})

test('an SMS is answered by one, and only by the number that it went to', async () => {
  await start([SMS])
  await bot.alert()
  await bot.advance('2m')
  expect(carriers.of('sms')[0]?.fields.Body).toMatch(/^CRITICAL INC-1 .*\nReply 1/)
  const reply = (From: string, Body: string, MessageSid: string) =>
    twilio('/callback/sms/inbound', { From, Body, MessageSid }).then((answer) => answer.text())
  expect(await reply('+41790000009', '1', 'SM1')).not.toContain('Message')
  expect(await reply('+41790000001', 'what?', 'SM2')).toContain('Reply 1 to acknowledge')
  expect(await acked()).toEqual([])
  expect(await reply('+41790000001', 'Ack INC-99', 'SM3')).toContain('Reply 1 to acknowledge')
  expect(await acked()).toEqual([])
  // A number that is no incident's.
  expect(await reply('+41790000001', '1, there in 10 min', 'SM4')).toContain('INC-1 is yours')
  expect(await acked()).toMatchObject([{ by: 'nora', via: 'sms' }])
})

describe('Slack is down', () => {
  test('the others have the page within seconds, once; the DM comes late, and pages nobody again', async () => {
    await start([NTFY, CALL])
    bot.slack.fault({ kind: 'http', status: 503 })
    await bot.alert()
    await bot.advance('5s')
    expect(new Set(carriers.came.map(({ carrier }) => carrier))).toEqual(new Set(['call', 'ntfy']))
    expect(carriers.of('ntfy')[0]?.fields.message).toContain('Slack is down')
    await bot.advance('2m')
    expect(carriers.came).toHaveLength(2)
    bot.slack.resetFaults()
    await bot.advance('20s')
    expect(bot.paged()).toEqual(['nora'])
    expect(bot.dm('nora')[0]).toContain('This page is late by')
    expect(carriers.came).toHaveLength(2)
  })

  test('answered by phone meanwhile: nobody else is paged, and no DM follows', async () => {
    await start([CALL])
    bot.slack.fault({ kind: 'http', status: 503 })
    await bot.alert()
    await bot.advance('5s')
    await twilio(nightly(carriers.of('call')[0]?.fields.Url), { Digits: '1' })
    await bot.advance('6m')
    bot.slack.resetFaults()
    await bot.advance('1m')
    expect(bot.paged()).toEqual([])
    expect(bot.channel()).toContainEqual(expect.stringContaining('<@U0NORA> has it'))
  })

  test('the DM is refused for good: the others follow at once', async () => {
    await start([NTFY])
    bot.slack.changeUser('nora', { deleted: true })
    await bot.alert()
    expect(carriers.of('ntfy')[0]?.fields.message ?? '').toContain('Slack does not deliver to you')
  })
})

test('a page about the watch that Slack does not take goes out beside it, once', async () => {
  await start([NTFY], {
    at: Date.parse('2026-11-23T07:59:00+01:00'),
    config: (text) =>
      text.replace(
        'dana: { slack: U0DANA }',
        'dana: { slack: U0DANA, contact: [{ after: 1m, via: ntfy, to: dana-pager }] }',
      ),
  })
  await bot.alert()
  await bot.press('nora', 'Acknowledge')
  bot.slack.fault({ kind: 'http', status: 503 })
  await bot.advance('16m')
  const told = carriers.of('ntfy').filter(({ fields }) => String(fields.message).includes('Answer it in Slack'))
  const asked = told.map(({ fields }) => [fields.topic, String(fields.title).slice(0, 30)])
  expect(asked).toEqual([
    ['dana-pager', 'Watchbill: Take over what is o'],
    ['dana-pager', 'Watchbill: Confirm your watch:'],
  ])
})

test('Slack takes nothing, and the page is late: the last resort hears of that by their own ways', async () => {
  await start([NTFY], { mia: '{ after: 5m, via: ntfy, to: mia-pager }' })
  bot.slack.fault({ kind: 'http', status: 503 })
  await bot.alert()
  await bot.advance('90s')
  const alarm = carriers.of('ntfy').find(({ fields }) => fields.topic === 'mia-pager')
  expect(alarm?.fields.message).toContain('INC-1 (webmail): nora is owed a page since')
  expect(carriers.of('ntfy').filter(({ fields }) => fields.topic === 'nora-pager')).toHaveLength(1)
})

describe('/watchbill test', () => {
  test('tries out each way of a person, and says what came of it and what is confirmed', async () => {
    await start([NTFY, CALL, '{ after: 5m, via: mail, to: nora@example.com }'])
    carriers.answer('call', 401)
    const said = await bot.type('nora', '/watchbill test')
    expect(said).toContain('ntfy: accepted')
    expect(said).toContain('phone: failed: answered 401')
    expect(carriers.mails[0]?.text).toContain('test')
    await fetch(`${bot.url}${nightly(carriers.of('ntfy')[0]?.fields.click)}`, { method: 'POST' })
    const status = await bot.type('erik', '/watchbill status')
    expect(status).toContain('phone of <@U0NORA>: failed: answered 401')
    expect(status).toContain('mail of <@U0NORA>: not confirmed')
    expect(status).not.toContain('ntfy of <@U0NORA>')
    // Every week by day, and not before.
    const { rules, now } = bot.bot.behind
    const tried: string[] = []
    const weeklyBy = (of: typeof rules) =>
      contacts({
        ...{ store: bot.store, rules: of, clock: { ...bot.clock, now }, publicUrl: null },
        async carry({ via }) {
          tried.push(via)
          return { ok: true, value: null }
        },
      })
    const weekly = weeklyBy(rules)
    const monday = Date.parse('2026-11-30T00:00:00+01:00')
    for (const hour of [-12, 4, 9]) await weekly(monday + hour * 3_600_000)
    expect(tried).toEqual([])
    // Who says where they sleep is asleep elsewhere at that time.
    const quiet = { zone: 'America/Los_Angeles', from: 22 * 3_600_000, to: 7 * 3_600_000 }
    const { people } = rules()
    const nora = {
      ...people['nora'],
      name: 'nora',
      slack: 'U0NORA',
      quiet: { ...quiet, ways: [], through: 'error' as const },
    }
    const away = weeklyBy(() => ({ ...rules(), people: { ...people, nora } }))
    await away(monday + 10 * 3_600_000)
    expect(tried).toEqual([])
    await away(monday + 20 * 3_600_000)
    expect(new Set(tried)).toEqual(new Set(['call', 'mail', 'ntfy']))
    tried.length = 0
    await weekly(monday + (7 * 24 + 34) * 3_600_000)
    expect(new Set(tried)).toEqual(new Set(['call', 'mail', 'ntfy']))
  })

  test('of somebody else takes the role admin', async () => {
    await start([NTFY])
    expect(await bot.type('erik', '/watchbill test @nora')).toContain('takes the role `admin`')
    expect(await bot.type('erik', '/watchbill test')).toContain('reached by Slack alone')
    expect(carriers.came).toEqual([])
  })
})

describe('an answer anywhere is known everywhere', () => {
  test('by SMS: the push stops ringing, ntfy and the webhook say who has it, a mail too; and nobody twice', async () => {
    await start([
      '{ after: 1s, via: push, to: uQiRzpo4DXghDmr9QzzfQu27cmVRsG }',
      '{ after: 1s, via: ntfy, to: nora-pager }',
      '{ after: 1s, via: mail, to: nora@example.com }',
      `{ after: 1s, via: webhook, to: "${carriers.url}hook" }`,
      '{ after: 1s, via: sms, to: "+41790000001" }',
    ])
    await bot.alert()
    await bot.advance('1s')
    expect(carriers.came).toHaveLength(4)
    await twilio('/callback/sms/inbound', { From: '+41790000001', Body: '1', MessageSid: 'SM1' })
    await bot.rest()
    expect(carriers.of('push').at(-1)?.path).toBe('/1/receipts/r1/cancel.json')
    expect(carriers.of('ntfy').at(-1)?.fields).toMatchObject({
      priority: 3,
      message: expect.stringContaining('nora has it'),
    })
    expect(carriers.of('webhook').at(-1)?.fields).toMatchObject({ type: 'page.settled', data: { state: 'acked' } })
    expect(carriers.mails.at(-1)?.text).toContain('There is nothing to do for you.')
    expect(carriers.of('sms')).toHaveLength(1)
    expect(bot.dm('nora')[0]).toMatch(/<@U0NORA> has it\* since .*, by SMS/)
    const told = carriers.came.length + carriers.mails.length
    await bot.type('nora', '/incident resolve INC-1')
    expect(carriers.came.length + carriers.mails.length).toBe(told)
  })
})

test('an SMS without a number is about the page that still rings, and not about a later one that somebody has', async () => {
  await start([SMS], { config: (text) => text.replace('C0OPS }', 'C0OPS }\n  imap: { policy: mail }') })
  await bot.alert()
  await bot.alert({ service: 'imap', key: 'other' })
  await bot.advance('3m')
  expect(carriers.of('sms')).toHaveLength(2)
  await bot.type('nora', '/incident ack INC-2')
  await twilio('/callback/sms/inbound', { From: '+41790000001', Body: '1', MessageSid: 'SM1' })
  await bot.rest()
  expect(await acked()).toMatchObject([{ incident: 1, via: 'sms' }])
})

describe('a carrier that is sick', () => {
  test('takes it and never answers: the next way goes out within seconds, while it still hangs', async () => {
    await start([NTFY, CALL])
    carriers.answer('ntfy', 'hang')
    await bot.alert()
    bot.clock.advanceTo(bot.clock.now() + 60_000)
    await until(() => carriers.of('ntfy').length === 1, 'the push to be sent')
    bot.clock.advanceTo(bot.clock.now() + 5_000)
    await until(() => carriers.of('call').length === 1, 'the phone to ring')
    carriers.answer('ntfy', null)
  })

  test('hands the page to the next in time, and its failure is on record', async () => {
    await start([NTFY, CALL])
    carriers.answer('ntfy', 500)
    await bot.alert()
    await bot.advance('1m')
    await bot.advance('10s')
    expect(carriers.of('call')).toHaveLength(1)
    expect(bot.timeline()).toContainEqual(
      expect.stringContaining('by ntfy: not taken yet: answered 500 Internal Server Error: no such thing'),
    )
    carriers.answer('ntfy', null)
    await bot.advance('30s')
    expect(bot.timeline()).toContainEqual(expect.stringContaining('by ntfy: accepted'))
  })

  /** Each carrier that there is, all for one person, minutes apart. */
  const EACH: [Carrier, string][] = [
    ['ntfy', 'nora-pager'],
    ['push', 'uQiRzpo4DXghDmr9QzzfQu27cmVRsG'],
    ['mail', 'nora@example.com'],
    ['webhook', ''],
    ['sms', '+41790000001'],
    ['call', '+41790000001'],
  ]
  const names = EACH.map(([name]) => name)
  const sick = async (status: number | 'hang' | null) => {
    await start(EACH.map(([via, to], n) => `{ after: ${n + 1}m, via: ${via}, to: "${to || `${carriers.url}hook`}" }`))
    for (const name of names) carriers.answer(name, name === 'mail' && status === 500 ? 451 : status)
    await bot.alert()
  }

  test('hastens the next, and not those after it with each try', async () => {
    await start([NTFY, '{ after: 10m, via: sms, to: "+41790000001" }', '{ after: 20m, via: call, to: "+41790000001" }'])
    carriers.answer('ntfy', 500)
    await bot.alert()
    await bot.advance('1m')
    for (let n = 0; n < 12; n++) await bot.advance('10s')
    expect(carriers.of('ntfy').length).toBeGreaterThan(3)
    expect(carriers.of('sms')).toHaveLength(1)
    expect(carriers.of('call')).toEqual([])
  })

  test('every one of them hangs: each hands the page on after 5 s, and nobody waits for another', async () => {
    await sick('hang')
    bot.clock.advanceTo(bot.clock.now() + 60_000)
    for (let n = 1; n <= names.length; n++) {
      await until(() => carriers.asked().length === n, `${names[n - 1]} to be asked`)
      expect(carriers.asked()).toEqual(names.slice(0, n))
      bot.clock.advanceTo(bot.clock.now() + 5_000)
    }
    for (const name of names) carriers.answer(name, null)
  })

  test('every one of them answers that it is broken: all are tried within a minute, and on record', async () => {
    await sick(500)
    await bot.advance('1m')
    for (let n = 0; n < 6; n++) await bot.advance('10s')
    expect(carriers.asked()).toEqual(names)
    const record = bot.timeline().join('\n')
    for (const said of ['ntfy', 'Pushover', 'mail', 'webhook', 'SMS', 'phone'])
      expect(record).toMatch(new RegExp(`by ${said}: not taken yet`, 'i'))
  })

  test('every one of them says that it took it, and nobody hears: the next goes out in its time, and people behind them', async () => {
    await sick(null)
    for (let n = 1; n <= names.length; n++) {
      await bot.advance('1m')
      expect(carriers.asked()).toEqual(names.slice(0, n))
    }
    expect(bot.dm('nora')[0]).toMatch(/ntfy .* accepted/)
    expect(bot.paged()).toEqual(['nora', 'sam'])
  })

  test('refuses for good: the next goes out at once, and it is not asked again', async () => {
    await start([NTFY, CALL])
    carriers.answer('ntfy', 401)
    await bot.alert()
    await bot.advance('1m')
    expect(carriers.of('call')).toHaveLength(1)
    await bot.advance('2m')
    expect(carriers.of('ntfy')).toHaveLength(1)
    expect(bot.dm('nora')[0]).toMatch(/ntfy .* failed: answered 401/)
  })
})

test('Pushover, mail and webhooks are handed the same page, without a PUBLIC_URL too', async () => {
  await start(
    [
      '{ after: 1s, via: push, to: uQiRzpo4DXghDmr9QzzfQu27cmVRsG }',
      '{ after: 1s, via: mail, to: nora@example.com }',
      `{ after: 1s, via: webhook, to: "${carriers.url}hook" }`,
    ],
    { isPublic: false },
  )
  const evil = 'home\r\nBcc: everybody@example.com\u0000"},{"a":1'
  await bot.alert({ headline: evil, summary: evil })
  await bot.advance('1s')
  expect(carriers.of('push')[0]?.fields).toMatchObject({ priority: '2', token: 'push-token-0123' })
  expect(carriers.of('push')[0]?.fields.message).toContain('/incident ack INC-1')
  const [mail] = carriers.mails
  expect(mail?.to).toEqual(['nora@example.com'])
  expect(mail?.text).not.toMatch(/^Bcc:/m)
  const [hook] = carriers.of('webhook')
  expect(hook?.fields).toMatchObject({ type: 'page.triggered', data: { incident: 'INC-1', acknowledge_url: null } })
  expect(hook?.headers['webhook-signature']).toMatch(/^v1,/)
})
