import { createHmac } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import type { Signal } from '../../src/domain/event.ts'
import { headerIn } from '../../src/intake/mail/mail.ts'
import { intakeDigest } from '../../src/tokens.ts'
import { rules } from '../support/builders.ts'
import { type Front, startFront } from '../support/front.ts'

const TOKEN = '0123456789abcdef0123456789abcdef'
const SIGNING = 'mailgun-signing-key'
const known = rules({ services: { webmail: { intake: [intakeDigest(TOKEN)] } } })
const signedOnly = { ...known, intake: { ...known.intake, mail: { ...known.intake.mail, mailgun: SIGNING } } }

let front: Front
afterEach(() => front?.close())
const start = async (active = known) => {
  front = await startFront({ behind: { rules: () => active } })
}
const signals = () => front.taken.map(({ event }) => event as Signal)
const post = (provider: string, body: FormData | URLSearchParams | string, token = TOKEN) =>
  fetch(`${front.url}/callback/${provider}/${token}`, { method: 'POST', body })
const form = (fields: Record<string, string>): FormData => {
  const data = new FormData()
  for (const [name, value] of Object.entries(fields)) data.set(name, value)
  return data
}

const subject = '** PROBLEM Service Alert: web1/HTTP is CRITICAL **'
const over = '** RECOVERY Service Alert: web1/HTTP is OK **'
const text = 'HTTP CRITICAL\n\nSocket timeout after 10 seconds'
const from = 'Nagios <nagios@example.com>'

/** Each as its documentation has it. */
const bodies: Record<string, (subject: string, id: string) => FormData | URLSearchParams | string> = {
  mailgun: (about, id) =>
    new URLSearchParams({
      ...{ recipient: 'alerts@example.com', sender: 'nagios@example.com', from, subject: about, 'body-plain': text },
      ...{ 'Message-Id': id, ...mailgunSignature() },
    }),
  sendgrid: (about, id) => {
    const data = form({ headers: `Received: by mx\nMessage-ID: ${id}\nTo: x`, to: 'alerts@example.com', from, text })
    data.set('subject', about)
    data.set('attachment1', new Blob(['%PDF']), 'graph.pdf')
    return data
  },
  postmark: (about, id) =>
    JSON.stringify({ MessageID: id, From: from, To: 'alerts@example.com', Subject: about, TextBody: text, Cc: '' }),
}

function mailgunSignature(key = SIGNING) {
  const [timestamp, token] = ['1763884800', 'abc']
  return { timestamp, token, signature: createHmac('sha256', key).update(`${timestamp}${token}`).digest('hex') }
}

describe.each(Object.entries(bodies))('mail by way of %s', (provider, body) => {
  test('begins and ends an alert by its subject; the same mail twice is the same', async () => {
    await start()
    for (const [about, id] of [
      [subject, '<1@x>'],
      [subject, '<1@x>'],
      [over, '<2@x>'],
    ] as const)
      expect((await post(provider, body(about, id))).status).toBe(200)
    const [first, again, last] = front.taken
    expect(again?.key).toBe(first?.key)
    expect(last?.key).not.toBe(first?.key)
    expect(signals().map(({ status }) => status)).toEqual(['firing', 'firing', 'resolved'])
    expect(new Set(signals().map(({ key }) => key)).size).toBe(1)
    expect(signals()[0]).toMatchObject({ service: 'webmail', headline: subject })
    expect(signals()[0]?.evidence.map(({ saw }) => saw)).toEqual([
      `from: ${from}`,
      'HTTP CRITICAL',
      'Socket timeout after 10 seconds',
    ])
  })

  test('is nobody’s without the token, and no mail is none', async () => {
    await start()
    expect((await post(provider, body(subject, '<1@x>'), 'f'.repeat(32))).status).toBe(404)
    for (const nothing of ['', '{}', form({ other: 'x' })]) expect((await post(provider, nothing)).status).toBe(400)
    expect(front.taken).toEqual([])
  })
})

test('what Mailgun signs must be signed by its key, where that is configured', async () => {
  await start(signedOnly)
  const fields = { recipient: 'alerts@example.com', from, subject }
  for (const signature of [{}, { ...mailgunSignature('another'), 'Message-Id': 'x' }])
    expect((await post('mailgun', new URLSearchParams({ ...fields, ...signature }))).status).toBe(401)
  expect((await post('mailgun', new URLSearchParams({ ...fields, ...mailgunSignature() }))).status).toBe(200)
  expect(front.taken).toHaveLength(1)
})

test('a mail is as odd as it likes: what is read of it is bounded', async () => {
  await start()
  const huge = `${'<!channel> \u0000 \u{1F600} '.repeat(50_000)}\n`.repeat(2)
  expect((await post('sendgrid', form({ from, subject: huge.slice(0, 5_000), text: huge }))).status).toBe(200)
  expect((await post('postmark', JSON.stringify({ MessageID: 'x', From: from }))).status).toBe(200)
  const [odd, empty] = signals()
  expect(odd?.headline.length).toBeLessThanOrEqual(150)
  expect(odd?.key.length).toBeLessThanOrEqual(255)
  expect(JSON.stringify(odd).length).toBeLessThan(5_000)
  expect(empty).toMatchObject({ status: 'firing', headline: `A mail without a subject, from ${from}` })
})

test('a header may go on in the next line', () => {
  expect(headerIn('Subject: x\r\nMessage-ID:\r\n <abc@example.com>\r\nTo: y', 'Message-ID')).toBe('<abc@example.com>')
  expect(headerIn('Subject: x\nTo: y', 'Message-ID')).toBeNull()
})
