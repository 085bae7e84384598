import { createHmac } from 'node:crypto'
import type { Carried } from '../deps.ts'
import type { Notify } from '../domain/contact.ts'
import { isSame } from '../signing.ts'
import { type Around, form, lines, notConfigured, oneLine, type Provider, part, post, within } from './provider.ts'

/** SMS and calls through Twilio, or whoever speaks its API (2010-04-01). */

/** Two segments and a bit: what is longer costs more, and comes in pieces. */
const SMS = 320
/** Half a minute of speech. */
const SAID = 500
/** A phone rings so long before it counts as unanswered: below that voice mail picks up. */
const RING_S = 40
/** Whoever was asleep needs a moment to find the key. */
const KEY_S = 10

export const sms: Provider = (to, { title, lines: all, answer }, around) => {
  const reply = answer === null ? [] : ['Reply 1 to acknowledge.']
  const more = lines(all, SMS)
  const text = lines([oneLine(title, SMS / 2), ...reply, ...more.split('\n')], SMS)
  return send(around, 'Messages', { To: to, Body: text, ...(answer && { StatusCallback: answer.url }) })
}

export const call: Provider = (to, notice, around) =>
  send(around, 'Calls', {
    To: to,
    Timeout: String(RING_S),
    ...(notice.answer === null
      ? { Twiml: speech(notice.spoken, null) }
      : {
          Url: notice.answer.url,
          Method: 'POST',
          StatusCallback: notice.answer.url,
          StatusCallbackEvent: 'completed',
        }),
  })

function send(around: Around, what: 'Messages' | 'Calls', fields: Record<string, string>): Promise<Carried> {
  const { twilio } = around.by
  if (twilio === null) return Promise.resolve(notConfigured('twilio'))
  const { url, account, token, from } = twilio
  const { body, headers } = form({ From: from, ...fields })
  const authorization = `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}`
  const at = within(url, `2010-04-01/Accounts/${account}/${what}.json`)
  return post(around, { url: at, body, headers: { ...headers, authorization } }, (json) => part(json, 'sid'))
}

/** What is said on the phone, twice, and which keys do what. */
export function speech(spoken: string, answer: { url: string; keys: string } | null): string {
  const said = `<Say>${xml(oneLine(spoken, SAID))}</Say>`
  if (answer === null) return `${XML}<Response>${said}<Pause length="1"/>${said}</Response>`
  const keys = `<Say>${xml(answer.keys)}</Say>`
  const gather = `<Gather numDigits="1" timeout="${KEY_S}" method="POST" action="${xml(answer.url)}">${said}${keys}<Pause length="1"/>${said}${keys}</Gather>`
  return `${XML}<Response>${gather}<Say>No key was pressed. Others will be paged.</Say></Response>`
}

/** A word at the end of a call, or in answer to an SMS. */
export const spokenAnswer = (text: string) => `${XML}<Response><Say>${xml(oneLine(text, SAID))}</Say></Response>`
export const writtenAnswer = (text: string) =>
  `${XML}<Response><Message>${xml(oneLine(text, SMS))}</Message></Response>`
/** Nothing more is to be done. */
export const noAnswer = `<?xml version="1.0" encoding="UTF-8"?><Response/>`

const XML = '<?xml version="1.0" encoding="UTF-8"?>'

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** Text in XML: nothing in it is markup, and no character is one that XML has not. */
const xml = (text: string) =>
  text.replaceAll(/[&<>"']/g, (mark) => ENTITIES[mark] ?? '').replaceAll(/[\uFFFE\uFFFF]/g, '')

type Params = Readonly<Record<string, string | undefined>>

/** How Twilio signs what it sends: the address, and every parameter with its value, in the order of their names. */
function signatureOf(token: string, url: string, params: Params): string {
  const signed = Object.entries(params)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .reduce((so, [name, value]) => so + name + (value ?? ''), url)
  return createHmac('sha1', token).update(signed).digest('base64')
}

export function isSigned({ twilio }: Pick<Notify, 'twilio'>, url: string, params: Params, signature: string): boolean {
  return twilio !== null && isSame(signature, signatureOf(twilio.token, url, params))
}
