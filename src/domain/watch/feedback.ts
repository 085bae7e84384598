import type { Book } from '../book.ts'
import { note } from '../book.ts'
import type { Feedback, Outcome } from '../event.ts'
import { ratesIn } from '../incident.ts'
import { under } from '../rules.ts'
import { refuse } from './incident.ts'

/** What somebody says of an alarm of a rate; the same word of the same person is said once. */
export function feedback(book: Book, { by, monitor, incident: id, alarmAt, verdict }: Feedback, at: number): Outcome {
  if (under(book.rules.monitors, monitor)?.kind !== 'rate') return refuse({ code: 'no-rate', monitor })
  if (id !== null) {
    const found = book.desk.incidents[id]
    if (!found) return refuse({ code: 'unknown-incident', incident: id })
    if (!ratesIn(found, book.rules).includes(monitor)) return refuse({ code: 'never-rang', monitor, incident: id })
    const before = found.verdicts.find((each) => each.by === by && each.monitor === monitor)
    if (before?.verdict === verdict) return refuse({ code: 'said-before', monitor, verdict })
  }
  note(book, { type: 'feedback', incident: id, at, by, monitor, alarmAt, verdict })
  return { result: 'done', incident: id, how: 'heeded', paged: [] }
}
