import { type Book, incidentOf, note } from '../book.ts'
import { isOpen } from '../incident.ts'
import { isUncovered } from '../shadow.ts'
import { climb } from './escalation.ts'

/** Open incidents that began in shadow mode, which is over for them. */
export const uncovered = ({ desk, rules }: Pick<Book, 'desk' | 'rules'>): number[] =>
  Object.values(desk.incidents).flatMap((incident) =>
    isOpen(incident) && isUncovered(rules, incident) ? incident.id : [],
  )

/**
 * Shadow mode is over for what is still open: it pages for real, from the first step on, because nobody has heard of it. What somebody has
 * acknowledged stays theirs. What began for real is never taken back into shadow mode.
 */
export function leaveShadow(book: Book, at: number): void {
  for (const id of uncovered(book)) {
    note(book, { type: 'shadow-ended', incident: id, at })
    if (incidentOf(book, id).state !== 'acked') climb(book, id, { round: 1, step: 0, reason: 'start' }, at)
  }
}
