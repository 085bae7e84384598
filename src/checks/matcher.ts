import { parentPort } from 'node:worker_threads'
import { RE2JS } from 're2js'

/** Answers questions of `pattern.ts`, one after the other, beside everything else. */
parentPort?.on('message', ({ pattern, text }: { pattern: string; text: string }) => {
  parentPort?.postMessage(RE2JS.compile(pattern).test(text))
})
