import type { CallOut } from '../deps.ts'
import { ask } from './ask.ts'
import { inWords, type Phase } from './look.ts'

/** A hook answers within this, or nobody knows what became of the call. */
const LONGEST_MS = 10_000
/** Of an answer: a reason, a token, the number of a pipeline. */
const MOST_BYTES = 64 * 1024

/**
 * Calls somebody who does something by it, by the rules of probes. What matters is told apart: it did not go out, it was answered, or nobody
 * knows. Redirects are not followed: where they lead nobody sends our keys.
 *
 * @param longestMs how long an answer is waited for
 */
export const callingOut =
  (longestMs: number): CallOut =>
  async ({ method = 'POST', url, headers, body }, allowPrivate) => {
    const signal = AbortSignal.timeout(longestMs)
    let isOut = false
    const enter = (phase: Phase) => {
      if (phase === 'answer') isOut = true
    }
    try {
      const how = { allowPrivate, signal, enter, method, headers, body, most: MOST_BYTES }
      const { status, line, text } = await ask(new URL(url), how)
      return { came: 'answer', status, line, text }
    } catch (error) {
      const why = signal.aborted ? `no answer within ${longestMs / 1_000} s` : inWords(error)
      return isOut ? { came: 'nothing', why } : { came: 'unsent', why }
    }
  }

export const callOut = callingOut(LONGEST_MS)
