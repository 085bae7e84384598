import { z } from 'zod'
import type { Provider } from './mail.ts'

const text = z.string().catch('')
const Inbound = z.object({
  MessageID: z.string(),
  From: text,
  To: text,
  Subject: text,
  TextBody: text,
})

/** Postmark's inbound webhook. It signs nothing: the token in the address is what lets it in. */
export const postmark: Provider = {
  async read({ body }) {
    const parsed = Inbound.safeParse(JSON.parse(body.toString('utf8')))
    if (!parsed.success) return null
    const { MessageID: id, From: from, To: to, Subject: subject, TextBody: whole } = parsed.data
    return { id, from, to, subject, text: whole }
  },
}
