import { turnAt } from './rotation.ts'
import type { Layer } from './schedule-types.ts'

/**
 * Who is in a layer's rotation, from an instant until the next crew's. An edit keeps the boundaries, the past and the person on duty:
 * it moves a pointer into the list, and never counts turns modulo another length from the start, which would make somebody jump.
 */
export interface Crew {
  fromAt: number
  /** Elements in order; `firstTurn` belongs to `elements[index]`, later turns to those that follow, round and round. */
  elements: readonly (readonly string[])[]
  firstTurn: number
  index: number
  /** Who left with the edit that made this crew: turns begun under an earlier crew go on without them. */
  removed: string | null
}

/** The crews of a layer in order, as far as they begin before `toAt`. */
export function crewsOf(layer: Layer, toAt: number): Crew[] {
  let crew: Crew = { fromAt: Number.NEGATIVE_INFINITY, elements: layer.people, firstTurn: 0, index: 0, removed: null }
  const crews = [crew]
  const edits = (layer.edits ?? []).filter((edit) => edit.at < toAt).sort((a, b) => a.at - b.at)
  for (const edit of edits) {
    crew = edit.op === 'add' ? afterAdding(crew, layer, edit) : afterRemoving(crew, layer, edit)
    crews.push(crew)
  }
  return crews
}

/** Who has a turn under the n-th crew. */
export function peopleOfTurn(crews: readonly Crew[], n: number, turn: number): readonly string[] {
  const crew = crews[n]
  if (!crew) return []
  if (turn < crew.firstTurn) return peopleOfTurn(crews, n - 1, turn).filter((person) => person !== crew.removed)
  return crew.elements[(crew.index + turn - crew.firstTurn) % Math.max(1, crew.elements.length)] ?? []
}

type Edit = { person: string; at: number }

/** Somebody new comes last in the list. Adding who is there already changes nothing. */
function afterAdding(crew: Crew, layer: Layer, { person, at }: Edit): Crew {
  const { turn, index } = pointer(crew, layer, at)
  const elements = crew.elements.flat().includes(person) ? crew.elements : [...crew.elements, [person]]
  return { fromAt: at, elements, firstTurn: turn, index, removed: null }
}

/**
 * The others keep their order. When the turn that is on belongs to who leaves, the next in order takes over at once, and the turn after
 * goes to the next after that; a turn whose coverage is over is not handed on.
 */
function afterRemoving(crew: Crew, layer: Layer, { person, at }: Edit): Crew {
  const { turn, index, over } = pointer(crew, layer, at)
  const left = crew.elements.map((element) => element.filter((member) => member !== person))
  const elements = left.filter((element) => element.length > 0)
  const before = left.slice(0, index).filter((element) => element.length > 0).length
  const vanished = left[index]?.length === 0
  const firstTurn = vanished && over ? turn + 1 : turn
  return { fromAt: at, elements, firstTurn, index: before % Math.max(1, elements.length), removed: person }
}

/** The turn that an edit finds, and whose it is. Before the first boundary, or after an earlier edit moved on, that is the turn to come. */
function pointer(crew: Crew, layer: Layer, at: number): { turn: number; index: number; over: boolean } {
  const found = turnAt(layer.rotation, layer.zone, at)
  const turn = Math.max(found?.turn ?? 0, crew.firstTurn)
  const index = (crew.index + turn - crew.firstTurn) % Math.max(1, crew.elements.length)
  return { turn, index, over: found !== null && found.turn === turn && found.over }
}
