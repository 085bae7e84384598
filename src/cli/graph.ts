import { formatProblem, loadConfig } from '../config.ts'
import { type Graph, graphOf, type LooseEnd, looseEnds, watchesOf } from '../domain/detect/graph.ts'

interface Output {
  write(text: string): unknown
}

interface Options {
  config?: string
  json?: boolean
  dot?: boolean
}

/**
 * `watchbill graph`: what watches what, from whoever is outside down to the last monitor, from the configuration alone.
 *
 * @returns the exit code: 0 everything is watched, 1 there are loose ends, 2 cannot answer
 */
export async function graph(
  options: Options,
  io: { env: Record<string, string | undefined>; stdout: Output; stderr: Output },
): Promise<number> {
  const config = await loadConfig(options.config ?? io.env.WATCHBILL_CONFIG ?? './watchbill.yaml', io.env)
  if ('problems' in config) {
    for (const problem of config.problems) io.stderr.write(`${formatProblem(problem)}\n`)
    return 2
  }
  const nodes = graphOf(config.rules)
  const ends = looseEnds(config.rules)
  if (options.json)
    io.stdout.write(
      `${JSON.stringify({ nodes: [...nodes.values()], looseEnds: ends.map(({ node, sentence }) => ({ node, sentence })) })}\n`,
    )
  else io.stdout.write(options.dot ? asDot(nodes, ends) : asTree(nodes, ends))
  return ends.length > 0 ? 1 : 0
}

/** Each node stands under the first that watches it; the others are named beside it. */
function asTree(nodes: Graph, ends: readonly LooseEnd[]): string {
  const watches = watchesOf(nodes)
  const lines: string[] = []
  const beneath = (name: string, indent: string) => {
    const those = (watches.get(name) ?? []).filter((each) => nodes.get(each.name)?.watchedBy[0]?.by === name)
    those.forEach(({ name: child, how }, index) => {
      const last = index === those.length - 1
      const others = nodes.get(child)?.watchedBy.slice(1) ?? []
      const also = others.length > 0 ? ` (also by ${others.map(({ by }) => by).join(', ')})` : ''
      lines.push(`${indent}${last ? '└─ ' : '├─ '}${child}: ${how}${also}`)
      beneath(child, `${indent}${last ? '   ' : '│  '}`)
    })
  }
  for (const { name, what, watchedBy } of nodes.values()) {
    if (watchedBy.length > 0) continue
    lines.push(`${name}: ${what}`)
    beneath(name, '')
  }
  const loose = ends.map(({ sentence }) => `LOOSE END: ${sentence}`)
  const all = `${nodes.size} nodes, ${ends.length === 0 ? 'no loose end' : `${ends.length} loose ${ends.length === 1 ? 'end' : 'ends'}`}`
  return `${[...lines, '', ...loose, all].join('\n')}\n`
}

function asDot(nodes: Graph, ends: readonly LooseEnd[]): string {
  const loose = new Set(ends.map(({ node }) => node))
  const quoted = (text: string) => JSON.stringify(text)
  const lines = [...nodes.values()].flatMap(({ name, what, watchedBy }) => [
    `  ${quoted(name)} [tooltip=${quoted(what)}${loose.has(name) ? ', color=red' : ''}]`,
    ...watchedBy.map(({ by, how }) => `  ${quoted(by)} -> ${quoted(name)} [tooltip=${quoted(how)}]`),
  ])
  return `digraph watch {\n  rankdir=LR\n  node [shape=box]\n${lines.join('\n')}\n}\n`
}
