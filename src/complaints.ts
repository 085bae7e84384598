import { machine } from './clock.ts'
import { messageOf } from './errors.ts'
import type { Logger } from './log.ts'

/** The same complaint is logged once in this time. Full memory alone makes several, each thousands of times a second. */
const SAME_COMPLAINT_MS = 60_000
/** Different complaints remembered. */
const COMPLAINTS = 100

/** Logs what went wrong, and why. */
export type Complain = (what: string, error: unknown) => void

/** An outage makes tens of thousands of errors a second; a reader needs each cause once. */
export function complaints(log: Logger, level: 'warn' | 'error' = 'warn'): Complain {
  const told = new Map<string, { at: number; unsaid: number }>()
  return (what, error) => {
    const reason = reasonOf(error)
    const cause = `${what}: ${causeOf(reason)}`
    const last = told.get(cause)
    const at = machine.elapsed()
    if (last !== undefined && at - last.at < SAME_COMPLAINT_MS) {
      last.unsaid++
      return
    }
    if (told.size >= COMPLAINTS) told.clear()
    told.set(cause, { at, unsaid: 0 })
    log[level]({ reason, alike: last?.unsaid ?? 0 }, what)
  }
}

export function reasonOf(error: unknown): string {
  return messageOf(error) || (error instanceof AggregateError && messageOf(error.errors[0])) || 'no reason given'
}

/** Two messages that differ in a number or in the digest of a script are one cause. */
const causeOf = (reason: string) => reason.slice(0, 200).replace(/\b[0-9a-f]{40}\b|\d+/g, '#')
