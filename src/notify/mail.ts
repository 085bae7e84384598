import { hash } from 'node:crypto'
import { createTransport } from 'nodemailer'
import type { Carried } from '../deps.ts'
import { type Around, failure, lines, notConfigured, oneLine, type Provider } from './provider.ts'

const SUBJECT = 200
const BODY = 8_000

/** A mail, over a connection by our rules. A password is sent under TLS or not at all. */
export const mail: Provider = async (to, { id, title, lines: all, answer, over }, around) => {
  const by = around.by.smtp
  if (by === null) return notConfigured('smtp')
  const { host, port, secure, login, from } = by
  try {
    const connection = await around.reach.connect({ host, port }, around)
    try {
      const transport = createTransport({
        ...{ host, port, secure, connection, requireTLS: login !== null },
        ...(login && { auth: { user: login.user, pass: login.password } }),
        // Nothing of what is sent is a file, or an address to be fetched.
        ...{ disableFileAccess: true, disableUrlAccess: true },
      })
      const sent = await transport.sendMail({
        ...{ from: { name: 'Watchbill', address: from }, to: { name: '', address: to } },
        subject: oneLine(title, SUBJECT),
        text: `${lines([...all, ...(answer ? ['', `${answer.label}: ${answer.url}`] : [])], BODY)}\n`,
        // The same message again is the same to whoever sorts them.
        messageId: `<${hash('sha256', id)}@${from.slice(from.indexOf('@') + 1)}>`,
        ...{ priority: over ? 'normal' : 'high', headers: { 'Auto-Submitted': 'auto-generated' } },
      })
      return { ok: true, value: oneLine(sent.response, SUBJECT) }
    } finally {
      connection.destroy()
    }
  } catch (error) {
    return refusal(error, around)
  }
}

/** What a mail server says: 4xx is for now, 5xx for good (RFC 5321 §4.2.1). */
function refusal(error: unknown, { signal, reach }: Around): Carried {
  const { responseCode, response } = (error ?? {}) as { responseCode?: unknown; response?: unknown }
  if (typeof responseCode !== 'number' || signal.aborted) return failure(error, signal, reach)
  const reason = `answered ${oneLine(String(response), SUBJECT)}`
  return responseCode < 500 ? { ok: false, kind: 'again', reason, afterMs: null } : { ok: false, kind: 'never', reason }
}
