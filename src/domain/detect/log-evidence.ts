import type { Evidence } from '../incident.ts'
import type { LogMonitor } from '../rules.ts'
import { cut, readable } from './line.ts'
import type { Line } from './log-state.ts'

/** Lines of logs as an alarm shows them. */

/** So many of them. */
const SHOWN = 10
const LONGEST_SHOWN = 300

/** The lines as evidence: the first ones, of an answer the newest, those of unseen shapes with them, and how many more. */
export function shown(
  lines: readonly Line[],
  unseen: ReadonlyMap<Line, string>,
  at: number,
  { asks }: LogMonitor,
  unfetched: number,
): Evidence[] {
  const room = unseen.size > 0 ? SHOWN / 2 : SHOWN
  const most = lines.length + unfetched > room ? room - 1 : room
  const some = asks ? lines.slice(-most) : lines.slice(0, most)
  const evidence = some.flatMap((line): Evidence[] => {
    const shape = unseen.get(line)
    const itself = { at: line.at ?? at, saw: inShort(line) }
    return shape === undefined ? [itself] : [itself, { at: null, saw: `of the shape: ${cut(shape, LONGEST_SHOWN)}` }]
  })
  const more = lines.length + unfetched - some.length
  return more > 0
    ? [...evidence, { at: null, saw: `and ${unfetched > 0 ? 'at least ' : ''}${more} more lines` }]
    : evidence
}

/** A line as an alarm shows it. */
export function inShort(line: Line | undefined): string {
  // A line may be as long as a book: only what is shown of it is made readable.
  const text = readable((line?.text ?? '').slice(0, LONGEST_SHOWN * 4)).replaceAll('\n', ' ')
  return `${text === '' ? '(an empty line)' : cut(text, LONGEST_SHOWN)}${line?.cut ? ' (a line of more than 64 kB, cut)' : ''}`
}
