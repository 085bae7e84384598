import type { Book } from '../book.ts'
import { note } from '../book.ts'
import type { Incident } from '../incident.ts'
import { schedulesOf } from '../rules.ts'
import { coming, isOnRoster, isOpenAt, latest, unfinished } from './holders.ts'
import { busy } from './paging.ts'

/** The outgoing stand relieved, all of them: whoever takes the watch takes it from everybody before. */
export function relieve(book: Book, schedule: string, by: string, at: number): void {
  const handover = unfinished(book, schedule)
  if (handover) settle(book, handover, by, at)
  release(book, schedule, at)
}

function settle(book: Book, handover: NonNullable<ReturnType<typeof unfinished>>, by: string, at: number): void {
  const settled = { ...handover, state: 'relieved' as const, by, settledAt: at }
  note(book, { type: 'handover', incident: null, at, what: 'settled', handover: settled })
}

export function release(book: Book, schedule: string, at: number): void {
  const people = (book.desk.watches[schedule]?.holdovers ?? []).map(({ person }) => person)
  if (people.length > 0) note(book, { type: 'released', incident: null, at, schedule, people, how: 'relieved' })
}

/**
 * An acknowledgement shows that pages reach somebody: of the incoming after the change it relieves the outgoing, in the window before it
 * the watch passes at the change without a further word. Whoever is busy with another incident proves nothing (`handover.md` rules 4, 12).
 */
export function prove(book: Book, incident: Incident, by: string, at: number): void {
  for (const schedule of schedulesOf(incident.policy)) {
    if (!book.desk.watches[schedule] || busy(book, by, schedule, incident.id, at)) continue
    const waits = unfinished(book, schedule) !== undefined || book.desk.watches[schedule].holdovers.length > 0
    if (waits && isOnDuty(book, schedule, by) && latest(book, schedule)?.incoming.includes(by))
      relieve(book, schedule, by, at)
    const next = coming(book, schedule, at)
    if (next?.incoming.includes(by) && isOpenAt(next, at))
      note(book, { type: 'proven', incident: null, at, schedule, by })
  }
}

const isOnDuty = (book: Book, schedule: string, person: string) =>
  book.desk.watches[schedule]?.people.includes(person) ?? false

/** Whoever is not relieved yet and takes an incident has it until their limit, like what they had before (`handover.md` rule 2, I2). */
export function ownForNow(book: Book, { id, policy }: Incident, by: string, at: number): void {
  if (isOnRoster(book, policy, by)) return
  for (const schedule of schedulesOf(policy)) {
    const held = book.desk.watches[schedule]?.holdovers.find(({ person }) => person === by)
    if (!held) continue
    const to = book.desk.watches[schedule]?.people ?? []
    const { changeAt, untilAt } = held
    note(book, { type: 'inherited', incident: id, at, schedule, changeAt, from: by, to, untilAt })
    return
  }
}
