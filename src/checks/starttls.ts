import type { Socket } from 'node:net'
import type { StartTls } from '../domain/rules.ts'
import type { Listening } from './lines.ts'
import { shown } from './look.ts'

/** A greeting and what a server can do fit into this many times over. */
export const TALK_BYTES = 16 * 1024

/**
 * Asks a server to begin TLS in the middle of a conversation (RFC 3207, RFC 9051 §6.2.1), up to its yes: the handshake is next. Rejects
 * with what it said instead.
 */
export async function startTls(protocol: NonNullable<StartTls>, socket: Socket, heard: Listening): Promise<void> {
  await (protocol === 'smtp' ? smtp : imap)(socket, heard)
  // Whoever stands in between could have put words in before the encryption; they must not count as said under it.
  if (heard.rest() !== '') throw new Error('the server went on talking in the clear after it agreed to STARTTLS')
}

async function smtp(socket: Socket, heard: Listening): Promise<void> {
  await reply(heard, '220', 'greeting')
  socket.write('EHLO watchbill.invalid\r\n')
  const offers = await reply(heard, '250', 'answer to EHLO')
  if (!offers.some((line) => /^STARTTLS\s*$/i.test(line))) throw new Error('the server does not offer STARTTLS')
  socket.write('STARTTLS\r\n')
  await reply(heard, '220', 'answer to STARTTLS')
}

/** All lines of one reply: `250-…` goes on, `250 …` is its end. */
async function reply(heard: Listening, code: string, what: string): Promise<string[]> {
  const lines: string[] = []
  for (;;) {
    const line = await next(heard, what)
    if (!/^\d{3}([ -]|$)/.test(line)) throw new Error('what answers there is not SMTP')
    if (!line.startsWith(code)) throw new Error(`the ${what} is "${shown(line)}"`)
    lines.push(line.slice(4))
    if (line[3] !== '-') return lines
  }
}

async function imap(socket: Socket, heard: Listening): Promise<void> {
  const greeting = await next(heard, 'greeting')
  if (!/^\* (OK|PREAUTH|BYE)\b/i.test(greeting)) throw new Error('what answers there is not IMAP')
  if (!/^\* OK\b/i.test(greeting)) throw new Error(`the greeting is "${shown(greeting)}"`)
  socket.write('w1 STARTTLS\r\n')
  for (;;) {
    const line = await next(heard, 'answer to STARTTLS')
    if (line.startsWith('* ')) continue
    if (/^w1 OK\b/i.test(line)) return
    throw new Error(`the answer to STARTTLS is "${shown(line)}"`)
  }
}

async function next(heard: Listening, what: string): Promise<string> {
  for (;;) {
    const line = heard.line()
    if (line !== null) return line
    if (await heard.more()) continue
    const most = heard.rest().length > 0
    throw new Error(most ? `the ${what} does not end` : `the connection was closed before the ${what} came`)
  }
}
