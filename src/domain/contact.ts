import { z } from 'zod'

/** How people are reached beside Slack: with what, how long after the page, and by whom it is carried. */

export const VIAS = ['ntfy', 'push', 'sms', 'call', 'mail', 'webhook'] as const
export const Via = z.enum(VIAS)
export type Via = z.infer<typeof Via>

/** One rule of a person: so long after a page that nobody has answered. */
export const Contact = z.strictObject({
  afterMs: z.int().nonnegative(),
  via: Via,
  /** A topic, a number, an address: for whoever carries it, and never shown. */
  to: z.string(),
})
export type Contact = z.infer<typeof Contact>

/** Who carries what. Tokens and passwords are never shown. */
export const Notify = z.strictObject({
  ntfy: z.strictObject({ url: z.string(), token: z.string().nullable() }),
  push: z.strictObject({ url: z.string(), token: z.string() }).nullable(),
  twilio: z.strictObject({ url: z.string(), account: z.string(), token: z.string(), from: z.string() }).nullable(),
  smtp: z
    .strictObject({
      host: z.string(),
      port: z.int(),
      /** TLS from the first byte; else it is asked for in the middle of the conversation. */
      secure: z.boolean(),
      login: z.strictObject({ user: z.string(), password: z.string() }).nullable(),
      from: z.string(),
    })
    .nullable(),
  /** Of all webhooks: the key of their signatures. */
  webhook: z.strictObject({ secret: z.string() }).nullable(),
})
export type Notify = z.infer<typeof Notify>

/** What is there without any configuration. */
export const BY_DEFAULT: Notify = {
  ntfy: { url: 'https://ntfy.sh/', token: null },
  push: null,
  twilio: null,
  smtp: null,
  webhook: null,
}

/** By which section of the configuration each is carried. */
const CARRIER = {
  ntfy: 'ntfy',
  push: 'push',
  sms: 'twilio',
  call: 'twilio',
  mail: 'smtp',
  webhook: 'webhook',
} as const satisfies Record<Via, keyof Notify>

/** What the configuration lacks to reach anybody so; null: nothing. */
export const lacking = (notify: Notify, via: Via): string | null =>
  notify[CARRIER[via]] === null ? `notify.${CARRIER[via]}` : null

interface Ways {
  people: Readonly<Record<string, { name: string; contact?: Contact[] | undefined }>>
  notify?: Notify | undefined
}

/** What is written in the configuration and never rings, a sentence each. */
export const uncarried = ({ people, notify = BY_DEFAULT }: Ways): string[] =>
  Object.values(people).flatMap(({ name, contact = [] }) =>
    [...new Set(contact.map(({ via }) => via))].flatMap((via) => {
      const missing = lacking(notify, via)
      return missing === null ? [] : [`${name} is not reachable by ${via}: ${missing} is not configured`]
    }),
  )

/** What is known of an attempt to reach somebody. */
export const Reached = z.enum([
  /** Whoever carries it has taken it. */
  'taken',
  /** It is not taken for now, and tried again. */
  'failing',
  /** It was not taken, and never will be; or it was, and could not be delivered. */
  'failed',
  'delivered',
  /** Somebody, or something, has picked up. */
  'answered',
  'unanswered',
])
export type Reached = z.infer<typeof Reached>
