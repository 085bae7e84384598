import { graphOf, type LooseEnd, looseEnds, watchesOf } from '../domain/detect/graph.ts'
import type { Rules } from '../domain/rules.ts'
import { code, list, plain } from './text.ts'

/** Names in one line; `watchbill graph` has them all. */
const NAMED = 6

/** The watch graph in short: who watches how much, and what nothing watches. */
export function graphLines(rules: Rules): string[] {
  const graph = graphOf(rules)
  const watchers = [...watchesOf(graph)].map(([by, those]) => {
    const names = those.map(({ name }) => code(name))
    const shown = names.length > NAMED ? [...names.slice(0, NAMED), `${names.length - NAMED} more`] : names
    return `• ${code(by)} watches ${list(shown)}`
  })
  const ends = looseEnds(rules)
  return [
    `*Watch graph:* ${graph.size} nodes, each with what notices when it stops. The whole of it: ${code('watchbill graph')}.`,
    ...watchers,
    ...(ends.length === 0 ? [':white_check_mark: No loose end'] : ends.map(looseEndLine)),
  ]
}

export const looseEndLine = ({ sentence }: LooseEnd) => `:warning: *Loose end:* ${plain(sentence)}`
