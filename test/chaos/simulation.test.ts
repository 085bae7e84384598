import { simulate } from '../simulation/suite.ts'

const MINUTE = 60_000

/** Every state in which a process can die, every call at which one of two can freeze, and five minutes of days that nobody has seen before. */
simulate({
  oneIn: 1,
  frozen: { scenarios: ['acked'], oneIn: 1 },
  days: { first: Math.floor(Math.random() * 1e9), most: Number.POSITIVE_INFINITY, ms: 5 * MINUTE },
  timeout: 25 * MINUTE,
})
