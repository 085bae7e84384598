import { describe } from 'vitest'
import { simulate } from './suite.ts'

/** A fixed part of what `npm run chaos` plays whole. */
describe.skipIf(process.env['SIMULATION'])('a simulated world', () => {
  simulate({
    oneIn: 40,
    frozen: { scenarios: ['acked', 'unanswered'], oneIn: 200 },
    days: { first: 1, most: 6, ms: 60_000 },
    timeout: 300_000,
  })
})
