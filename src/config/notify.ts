import { z } from 'zod'
import { BY_DEFAULT, lacking, type Notify, type Via } from '../domain/contact.ts'
import { matching, text } from './leaf.ts'
import type { Context } from './names.ts'
import type { Report } from './relations.ts'
import { mailServer, type Network, url } from './targets.ts'

/** Who carries pages beside Slack, and what each of them calls an address. */

const NUMBER = /^\+[1-9]\d{6,14}$/
const ADDRESS = /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/

export function notifyShape(context: Context) {
  const { network } = context
  const key = (what: string) => text(what)
  return z.strictObject({
    ntfy: z
      .strictObject({ url: url(network).optional(), token: key('an access token of the server').optional() })
      .optional(),
    push: z.strictObject({ url: url(network).optional(), token: key('the API token of the application') }).optional(),
    twilio: z
      .strictObject({
        url: url(network).optional(),
        account: matching(/^AC[0-9a-zA-Z]{6,64}$/, 'the SID of the account, AC…'),
        token: key('the auth token of the account'),
        from: matching(NUMBER, 'the number that calls and writes, such as "+41440000000"'),
      })
      .optional(),
    smtp: z
      .strictObject({ url: mailServer(network), from: matching(ADDRESS, 'an address such as watchbill@example.com') })
      .optional(),
    webhook: z.strictObject({ secret: key('the key of the signatures') }).optional(),
  })
}

export function toNotify(shape: z.infer<ReturnType<typeof notifyShape>>): Notify {
  const { ntfy, push, twilio, smtp, webhook } = shape
  return {
    ntfy: { url: ntfy?.url ?? BY_DEFAULT.ntfy.url, token: ntfy?.token ?? null },
    push: push ? { url: push.url ?? 'https://api.pushover.net/', token: push.token } : null,
    twilio: twilio ? { ...twilio, url: twilio.url ?? 'https://api.twilio.com/' } : null,
    smtp: smtp ? { ...smtp.url, from: smtp.from } : null,
    webhook: webhook ?? null,
  }
}

/** What is wrong with where a person is to be reached, null when nothing is. It is never repeated: it may be a secret. */
export function wrongContact(via: Via, to: string, network: Network): string | null {
  switch (via) {
    case 'ntfy':
      return /^[A-Za-z0-9_-]{1,64}$/.test(to) ? null : 'must be a topic: letters, digits, - and _, 64 at most'
    case 'push':
      return /^[A-Za-z0-9]{10,60}$/.test(to)
        ? null
        : 'must be the key of a user or a group of Pushover: letters and digits'
    case 'sms':
    case 'call':
      return NUMBER.test(to) ? null : 'must be a number with its country, in quotes, such as "+41790000001"'
    case 'mail':
      return ADDRESS.test(to) ? null : 'must be a mail address such as dana@example.com'
    case 'webhook': {
      const read = url(network).safeParse(to)
      return read.success ? null : (read.error.issues[0]?.message ?? 'must be an http or https URL')
    }
    default:
      return via satisfies never
  }
}

/** Whoever writes the section says how everybody is reached: what it lacks is a mistake. */
export function uncarried(people: Map<string, { contact: { via: Via }[] }>, notify: Notify, report: Report): void {
  for (const [name, { contact }] of people)
    contact.forEach(({ via }, index) => {
      const missing = lacking(notify, via)
      if (missing !== null)
        report(['people', name, 'contact', index, 'via'], `is {it}, but ${missing} is not configured`)
    })
}
