import { describe } from 'vitest'
import { simulate } from './suite.ts'

/** A fixed part of what `npm run chaos` plays whole. */
describe.skipIf(process.env['SIMULATION'])('a simulated world', () => {
  simulate({
    scenarios: ['acked', 'unanswered', 'recovers-while-paging', 'shift-change', 'reply-lost', 'rollout'],
    oneIn: 600,
    frozen: { scenarios: ['acked'], oneIn: 900 },
    days: { first: 1, most: 1, ms: 60_000 },
    timeout: 300_000,
  })
})
