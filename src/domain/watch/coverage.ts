import type { Book } from '../book.ts'
import { note } from '../book.ts'
import { type Mark, newMark } from '../detect/adoption.ts'
import type { Cover, Outcome } from '../event.ts'
import type { Fact } from '../fact.ts'
import { under } from '../rules.ts'
import { refuse } from './incident.ts'
import { APPROVAL_MS } from './silence.ts'

type Covered = Extract<Fact, { type: 'covered' }>

/** What is on record of a choice: watching no more is asked for by one person, and done by another. */
const WHAT = {
  adopt: 'adopt',
  drop: 'drop-asked',
  'drop-approve': 'drop',
  ignore: 'ignore',
  heed: 'heed',
  own: 'own',
} as const satisfies Record<Cover['choice']['what'], Covered['what']>

/** What somebody decides about a name of the ledger: who sees to it, that it needs no probe, or that it is watched from now on. */
export function cover(book: Book, { by, name, choice }: Cover, at: number): Outcome {
  const before = under(book.desk.marks, name) ?? newMark(name)
  const record = (mark: Mark, reason: string | null = null): Outcome => {
    note(book, { type: 'covered', incident: null, at, by, what: WHAT[choice.what], reason, mark })
    return { result: 'done', incident: null, how: 'covered', paged: [] }
  }
  switch (choice.what) {
    case 'adopt': {
      const { service, monitors } = choice
      if (!under(book.rules.services, service))
        return refuse({ code: 'unknown-target', kind: 'service', name: service })
      if (before.adopted !== null || monitors.some((monitor) => isTaken(book, monitor.name)))
        return refuse({ code: 'adopted-before', name })
      // Whoever wants it watched does not want it ignored.
      return record({ ...before, ignored: null, adopted: { service, monitors, by, at }, dropping: null })
    }
    case 'drop':
      if (before.adopted === null) return refuse({ code: 'not-adopted', name })
      return record({ ...before, dropping: { reason: choice.reason, by, at } }, choice.reason)
    case 'drop-approve': {
      const { adopted, dropping } = before
      if (adopted === null) return refuse({ code: 'not-adopted', name })
      if (dropping === null || at - dropping.at >= APPROVAL_MS) return refuse({ code: 'not-dropping', name })
      if (dropping.by === by) return refuse({ code: 'own-drop', name })
      return record({ ...before, adopted: null }, dropping.reason)
    }
    case 'ignore':
      return record({ ...before, ignored: { reason: choice.reason, by, at } }, choice.reason)
    case 'heed':
      if (before.ignored === null) return refuse({ code: 'not-ignored', name })
      return record({ ...before, ignored: null })
    case 'own':
      if (!under(book.rules.people, choice.person)) return refuse({ code: 'unknown-person', name: choice.person })
      return record({ ...before, owner: { person: choice.person, by, at } })
    default:
      return choice satisfies never
  }
}

/** By the configuration, or by what was adopted before, be it in this very decision. */
const isTaken = ({ desk, rules }: Book, monitor: string): boolean =>
  under(rules.monitors, monitor) !== undefined ||
  Object.values(desk.marks).some(({ adopted }) => adopted?.monitors.some(({ name }) => name === monitor) === true)
