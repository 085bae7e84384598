import type { Book } from '../book.ts'
import { incidentOf, note } from '../book.ts'
import type { Outcome, Signal } from '../event.ts'
import { type Policy, under } from '../rules.ts'
import { holders } from './holders.ts'
import { policyOf, raise, refuse, startPaging } from './incident.ts'

/** Whoever sees a drill has this long to acknowledge it. */
const ANSWER_MS = 5 * 60_000

/**
 * A fault that was injected. Either it ends before a person: who would be paged is decided and owed, and that proves the path. Or it pages
 * whoever asked, or whoever is on duty, as an incident that says what it is wherever it is seen, joins no other, and ends by itself.
 */
export function runDrill(book: Book, signal: Signal, drill: NonNullable<Signal['drill']>, at: number): Outcome {
  const { service, monitor, seenAt, headline } = signal
  const { by, to, silence, saw } = drill
  if (!under(book.rules.services, service)) return refuse({ code: 'unknown-target', kind: 'service', name: service })
  if (by !== null && !under(book.rules.people, by)) return refuse({ code: 'unknown-person', name: by })
  const first = policyOf(book.rules, service)
  if (to === 'nobody' || (to === 'asker' && by === null)) {
    const people = firstPaged(book, first)
    note(book, { type: 'drilled', incident: null, at, service, monitor, injectedAt: seenAt, silence, people, saw })
    return { result: 'done', incident: null, how: 'recorded', paged: [] }
  }
  const policy = to === 'duty' ? { ...first, steps: first.steps.slice(0, 1), rounds: 1 } : ofAsker(by ?? '')
  const what = { title: headline, severity: 'critical', service: null, origin: 'alert', by: null } as const
  const id = raise(book, { ...what, policy, drill: { by, monitor, service, injectedAt: seenAt, saw } }, at)
  startPaging(book, id, null, at)
  return {
    result: 'done',
    incident: id,
    how: 'recorded',
    paged: incidentOf(book, id).pages.map(({ person }) => person),
  }
}

const ofAsker = (name: string): Policy => ({
  ...{ name: 'drill', rounds: 1, fallback: [name] },
  steps: [{ page: [{ kind: 'person', name }], waitMs: ANSWER_MS }],
})

/** Whom the first step of a policy pages as the watch stands. */
function firstPaged(book: Book, { steps: [first] }: Policy): string[] {
  const people = first?.page.flatMap((to) => (to.kind === 'person' ? [to.name] : holders(book, to.name).duty)) ?? []
  return [...new Set(people)]
}
