import { Worker } from 'node:worker_threads'

/** Patterns take milliseconds. Of what takes longer than this the body was made for the pattern, or the pattern for nobody. */
const LONGEST_MS = 2_000

/** The thread, kept because starting one costs more than most patterns; and what it is busy with. */
let thread: Worker | null = null
let busy: Promise<unknown> = Promise.resolve()

/**
 * Whether a pattern is in a text. In a thread of its own: RE2 is linear in the text, but a counted repetition can cost it seconds for
 * a body of 256 kB, and those must not hold up a page.
 */
export function matches(pattern: string, text: string, signal: AbortSignal): Promise<boolean> {
  const answer = busy.then(() => ask(pattern, text, signal))
  busy = answer.catch(() => {})
  // Whose turn has not come at its deadline waits no longer.
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return Promise.race([answer, late])
}

function ask(pattern: string, text: string, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted()
  const worker = thread ?? started()
  return new Promise((resolve, reject) => {
    const settle = () => {
      clearTimeout(longest)
      signal.removeEventListener('abort', overdue)
      worker.off('message', answered).off('error', failed)
    }
    const answered = (found: boolean) => {
      settle()
      resolve(found)
    }
    const failed = (error: Error) => {
      settle()
      thread = null
      reject(error)
    }
    const overdue = () => {
      worker.terminate().catch(() => {})
      failed(new Error('the pattern takes too long for this body'))
    }
    const longest = setTimeout(overdue, LONGEST_MS)
    signal.addEventListener('abort', overdue, { once: true })
    worker.on('message', answered).on('error', failed)
    worker.postMessage({ pattern, text })
  })
}

function started(): Worker {
  const worker = new Worker(new URL('./matcher.ts', import.meta.url))
  // It keeps no process alive.
  worker.unref()
  thread = worker
  return worker
}
