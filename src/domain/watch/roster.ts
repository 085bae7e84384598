import type { Book } from '../book.ts'
import { note } from '../book.ts'
import type { EditAnswer, Outcome, Override, Refusal } from '../event.ts'
import type { Piece, RosterEdit } from '../handover.ts'
import { under } from '../rules.ts'
import { rosterEdited } from './handover.ts'
import { refuse } from './incident.ts'

const done = (edit: number, how: 'overridden' | 'offered' | 'agreed' | 'declined' | 'cancelled'): Outcome => ({
  result: 'done',
  incident: null,
  how,
  paged: [],
  edit,
})

/** A change of the roster by hand; one that somebody has to agree to holds from then on. */
export function override(book: Book, { by, kind, offeredTo, pieces }: Override, at: number): Outcome {
  const unknown = unknownIn(book, pieces)
  if (unknown) return refuse(unknown)
  if (offeredTo !== null && !under(book.rules.people, offeredTo))
    return refuse({ code: 'unknown-target', kind: 'person', name: offeredTo })
  const left = fromNowOn(pieces, at)
  if (left.length === 0) return refuse({ code: 'nothing-left' })
  const state = offeredTo === null ? 'active' : 'offered'
  const activeAt = offeredTo === null ? at : null
  const edit: RosterEdit = { id: book.desk.nextEdit, kind, by, offeredTo, state, madeAt: at, activeAt, pieces: left }
  note(book, { type: 'edited', incident: null, at, by, how: offeredTo === null ? 'made' : 'offered', edit })
  if (offeredTo === null) takeEffect(book, left, by, at)
  return done(edit.id, offeredTo === null ? 'overridden' : 'offered')
}

/** A schedule or a person that the configuration does not have (any more). */
function unknownIn({ rules }: Book, pieces: readonly Piece[]): Refusal | null {
  for (const { schedule, people, replaces } of pieces) {
    if (!under(rules.schedules, schedule)) return { code: 'unknown-target', kind: 'schedule', name: schedule }
    for (const name of [...people, ...(replaces === undefined ? [] : [replaces])])
      if (!under(rules.people, name)) return { code: 'unknown-target', kind: 'person', name }
  }
  return null
}

/** Agreeing to an offer, declining it, or taking a change back: what has been stood stays as it was. */
export function answerEdit(book: Book, { by, edit: id, answer }: EditAnswer, at: number): Outcome {
  const edit = book.desk.edits.find((each) => each.id === id)
  if (!edit) return refuse({ code: 'unknown-edit', edit: id })
  const isOffer = edit.state === 'offered'
  if ((!isOffer && edit.state !== 'active') || (answer !== 'cancel' && !isOffer))
    return refuse({ code: 'edit-over', edit: id })
  const may = answer === 'cancel' ? [edit.by, edit.offeredTo] : [edit.offeredTo]
  if (!may.includes(by))
    return refuse({ code: 'not-yours', edit: id, whose: (answer === 'cancel' ? edit.by : edit.offeredTo) ?? edit.by })
  const left = fromNowOn(edit.pieces, at)
  if (left.length === 0) return refuse({ code: 'edit-over', edit: id })
  const unknown = answer === 'agree' ? unknownIn(book, left) : null
  if (unknown) return refuse(unknown)
  const change = (how: 'agreed' | 'declined' | 'cancelled', to: Partial<RosterEdit>) => {
    note(book, { type: 'edited', incident: null, at, by, how, edit: { ...edit, ...to } })
    takeEffect(book, edit.pieces, by, at)
    return done(id, how)
  }
  switch (answer) {
    case 'agree':
      return change('agreed', { state: 'active', activeAt: at, pieces: left })
    case 'decline':
      return change('declined', { state: 'declined' })
    case 'cancel': {
      const stood = isOffer ? [] : untilNow(edit.pieces, at)
      return change('cancelled', stood.length > 0 ? { pieces: stood } : { state: 'cancelled' })
    }
    default:
      return answer satisfies never
  }
}

function takeEffect(book: Book, pieces: readonly Piece[], by: string, at: number): void {
  rosterEdited(book, [...new Set(pieces.map(({ schedule }) => schedule))], by, at)
}

/** Nothing is changed for the past. */
const fromNowOn = (pieces: readonly Piece[], at: number): Piece[] =>
  pieces
    .map((piece) => ({ ...piece, startAt: Math.max(piece.startAt, at) }))
    .filter((piece) => piece.startAt < piece.endAt)

const untilNow = (pieces: readonly Piece[], at: number): Piece[] =>
  pieces.map((piece) => ({ ...piece, endAt: Math.min(piece.endAt, at) })).filter((piece) => piece.startAt < piece.endAt)
