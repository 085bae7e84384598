import type { Book } from '../book.ts'
import { note } from '../book.ts'
import type { Recorded } from '../fact.ts'
import { gravestFirst, type Incident } from '../incident.ts'
import { type Due, firing } from './escalation.ts'

/** A person who was paged for more incidents than this within {@link SHORTLY_MS} reads no further page for itself (`handover.md` rule 11). */
const ONE_BY_ONE = 3
const SHORTLY_MS = 5 * 60_000

/** What waits is gathered for this long: one page instead of many, and each of them out within the time that any page has. */
const GATHER_MS = 20_000

interface Paged {
  incident: Incident
  page: string
  person: string
}

/**
 * Looks at all that a decision pages, once it is made. Where too much comes to one person, the gravest page goes out at once, unless they
 * have just had one, and the rest waits a moment to go out as one. What was decided stays as it is: who was paged, when, why, and every
 * deadline; only the message is shared. Nothing is dropped.
 */
export function holdBack(book: Book, at: number): void {
  const fresh = Map.groupBy(
    book.facts.flatMap((fact) => unsent(book, fact)),
    ({ person }) => person,
  )
  for (const [person, pages] of fresh) {
    const lately = Object.values(book.desk.incidents).filter(
      (incident) => incident.drill === null && hasPaged(incident, person, at - SHORTLY_MS),
    )
    if (lately.length <= ONE_BY_ONE) continue
    const isNew = (page: string) => pages.some((each) => each.page === page)
    const isAwake = lately.some((incident) => pagesOf(incident, person, at - SHORTLY_MS).some(({ key }) => !isNew(key)))
    const [gravest] = pages.toSorted((a, b) => gravestFirst(a.incident, b.incident))
    const untilAt = waitingSince(book, person) ?? at + GATHER_MS
    for (const each of pages)
      if (isAwake || each !== gravest)
        note(book, { type: 'held', incident: each.incident.id, at, page: each.page, person, untilAt })
  }
}

/** A page of this decision that is still to be sent: nobody has acknowledged since. */
function unsent({ desk, owed }: Book, fact: Recorded): Paged[] {
  if (fact.type !== 'paged' || !owed.has(fact.page.key)) return []
  const incident = desk.incidents[fact.incident]
  return incident && incident.drill === null ? [{ incident, page: fact.page.key, person: fact.page.person }] : []
}

const pagesOf = ({ pages }: Incident, person: string, sinceAt: number) =>
  pages.filter((page) => page.person === person && page.refused === null && page.at > sinceAt)

const hasPaged = (incident: Incident, person: string, sinceAt: number) => pagesOf(incident, person, sinceAt).length > 0

/** What waits for somebody already goes out then, and takes along whatever has come since. */
function waitingSince(book: Book, person: string): number | null {
  return waiting(book).find((each) => each.person === person)?.untilAt ?? null
}

function waiting({ desk }: Pick<Book, 'desk'>): (Paged & { untilAt: number })[] {
  return Object.values(desk.incidents).flatMap((incident) =>
    incident.held.flatMap(({ page, untilAt }) => {
      const person = incident.pages.find(({ key }) => key === page)?.person
      return person === undefined ? [] : [{ incident, page, person, untilAt }]
    }),
  )
}

/** When what waits goes out: the first of those moments. */
export function nextBundle(book: Pick<Book, 'desk'>): Due | null {
  const [first] = waiting(book).sort((a, b) => a.untilAt - b.untilAt)
  if (!first) return null
  return { at: first.untilAt, come: (to, now) => sendTogether(to, first.person, firing(first.untilAt, now).at) }
}

function sendTogether(book: Book, person: string, at: number): void {
  const pages = waiting(book)
    .filter((each) => each.person === person)
    .map(({ incident, page }) => ({ incident: incident.id, page }))
  note(book, { type: 'bundled', incident: null, at, person, pages })
}
