import { Worker } from 'node:worker_threads'
import type { Look } from '../domain/duty/imports.ts'
import type { Reading } from './read.ts'

/** A calendar that takes longer is none that anybody wrote. */
const LONGEST_MS = 30_000
const MEMORY_MB = 256

/**
 * Reads a calendar in a thread of its own. What is in it comes from elsewhere: a rule that repeats for ever, or a hundred thousand entries,
 * must not hold up a page, nor take down the process.
 */
export function readApart(reading: Reading, longestMs = LONGEST_MS): Promise<Look> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: reading,
      // The library says on the console what it stumbles over, with what stands there.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    })
    const settle = (look: Look) => {
      clearTimeout(deadline)
      resolve(look)
      worker.terminate().catch(() => {})
    }
    const fail = (why: string) => settle({ ok: false, why })
    const deadline = setTimeout(() => fail(`takes more than ${longestMs / 1_000} s to read`), longestMs)
    worker.once('message', settle)
    worker.once('error', () => fail('cannot be read'))
    worker.once('exit', () => fail('cannot be read'))
  })
}
