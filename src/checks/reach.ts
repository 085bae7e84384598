import { ask } from './ask.ts'
import { connected } from './connect.ts'
import { inWords } from './look.ts'

/** How those who carry pages are reached: by the rules of probes. */
export const reach = { ask, connect: connected, inWords }
