import type { z } from 'zod'
import { type Pull, type Report, Work } from '../domain/detect/report.ts'
import { messageOf } from '../errors.ts'
import { parsedJson } from '../json.ts'

/** A server that takes longer is as good as away. */
const ANSWER_MS = 10_000

/** What a call to the server came to. Never thrown. */
export type Answer<T> =
  | { ok: true; value: T }
  /** It will not do that, as asked: nothing but a person, or another token, mends it. */
  | { ok: false; kind: 'refused'; status: number; why: string }
  | { ok: false; kind: 'away'; why: string }

export type Server = ReturnType<typeof serverAt>

/** The server that gives a location its work. The token is asked for anew with each call: its file may have another in it by then. */
export function serverAt({ url, location, token }: { url: string; location: string; token(): string }) {
  async function call<T>(what: string, body: unknown, read: (answer: unknown) => T): Promise<Answer<T>> {
    const address = `${url.replace(/\/+$/, '')}/v1/probers/${location}/${what}`
    try {
      const answer = await fetch(address, {
        method: 'POST',
        headers: { authorization: `Bearer ${token()}`, 'content-type': 'application/json', 'user-agent': 'Watchbill' },
        body: JSON.stringify(body),
        // The token is for this address and no other.
        redirect: 'error',
        signal: AbortSignal.timeout(ANSWER_MS),
      })
      const text = await answer.text()
      if (answer.ok) return { ok: true, value: read(JSON.parse(text)) }
      const why = detailOf(text) ?? `${answer.status} ${answer.statusText}`
      return answer.status >= 400 && answer.status < 500 && answer.status !== 408 && answer.status !== 429
        ? { ok: false, kind: 'refused', status: answer.status, why }
        : { ok: false, kind: 'away', why }
    } catch (error) {
      const { cause } = error as { cause?: unknown }
      return { ok: false, kind: 'away', why: messageOf(cause ?? error) }
    }
  }
  return {
    pull: (pull: Pull): Promise<Answer<z.infer<typeof Work>>> => call('work', pull, (answer) => Work.parse(answer)),
    report: (report: Report): Promise<Answer<unknown>> => call('results', report, (answer) => answer),
  }
}

/** What an answer says is wrong (RFC 9457). */
function detailOf(text: string): string | null {
  const { detail } = (parsedJson(text) ?? {}) as { detail?: unknown }
  return typeof detail === 'string' ? detail : null
}
