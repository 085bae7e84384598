import { STATUS_CODES } from 'node:http'
import { Client } from 'undici'
import type { CallOut } from '../deps.ts'
import { guarded } from './connect.ts'
import { inWords } from './look.ts'

/** A hook answers within this, or nobody knows what became of the call. */
const LONGEST_MS = 10_000
/** Of an answer: a reason, a token, the number of a pipeline. */
const MOST_BYTES = 64 * 1024

/**
 * Calls somebody who does something by it, by the rules of probes. What matters is told apart: it did not go out, it was answered, or nobody
 * knows. Redirects are not followed: where they lead nobody sends our keys.
 */
export const callOut: CallOut = async ({ url, method, headers, body }, allowPrivate) => {
  const signal = AbortSignal.timeout(LONGEST_MS)
  const to = new URL(url)
  let isOut = false
  const enter = (phase: string) => {
    if (phase === 'answer') isOut = true
  }
  const client = new Client(to.origin, {
    ...{ connect: guarded({ allowPrivate, signal, enter }), pipelining: 0, allowH2: false },
  })
  try {
    const answer = await client.request({
      path: `${to.pathname}${to.search}`,
      method,
      headers: { 'user-agent': 'Watchbill', connection: 'close', ...headers },
      body,
      signal,
    })
    let text = ''
    for await (const chunk of answer.body) {
      text += Buffer.from(chunk as Uint8Array).toString('utf8')
      if (text.length > MOST_BYTES) break
    }
    const line = `${answer.statusCode} ${STATUS_CODES[answer.statusCode] ?? ''}`.trim()
    return { came: 'answer', status: answer.statusCode, line, text }
  } catch (error) {
    const why = signal.aborted ? `no answer within ${LONGEST_MS / 1_000} s` : inWords(error)
    return isOut ? { came: 'nothing', why } : { came: 'unsent', why }
  } finally {
    client.destroy().catch(() => {})
  }
}
