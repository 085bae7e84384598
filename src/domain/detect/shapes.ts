import { z } from 'zod'
import { wordsOf } from './shape-words.ts'

/**
 * Shapes of log lines: what a line says once its numbers, addresses and names are taken out. Mined as lines come, by Drain (P. He, J. Zhu,
 * Z. Zheng, M. R. Lyu: "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017): a line is only compared with shapes that
 * have as many words and begin with the same one, joins the most similar of them, and what differs between the two varies from then on.
 *
 * Beside the paper: a tree of such a depth is a map by both its levels; the least recently seen shape is forgotten when there are too many;
 * the first word, by which a shape is found, counts as alike; and what said the same in many lines does not begin to vary, or `payment of <num>
 * succeeded` would be the shape of the first one that failed.
 */
export const Shapes = z.strictObject({
  /** Since when lines are learned. */
  sinceAt: z.number(),
  /** Until then they are only learned; null: for long enough by now. */
  learnsUntilAt: z.number().nullable(),
  /** Lines so far. */
  lines: z.int(),
  /** `seen`: in how many lines; `lastSeen`: which line it was that had it last, counted as `lines` is. */
  known: z.array(z.strictObject({ shape: z.string(), seen: z.int(), lastSeen: z.int() })),
})
export type Shapes = z.infer<typeof Shapes>

/** A program has tens of shapes, a whole machine some hundred. */
const MOST_KNOWN = 256
/** So much of the words must be alike, as the paper has it. */
const ALIKE = 0.5
/** Words that shapes of one length begin with; any further one is taken for a name that varies. */
const MOST_FIRST = 40
const VARIES = '<*>'
/** After so many lines the words of a shape stand. */
const SETTLED = 50

/** A shape that was never seen, and the line that had it. */
export interface NewShape {
  /** Of the line among those that were given. */
  index: number
  shape: string
}

export const newShapes = (at: number, learnMs: number): Shapes => ({
  ...{ sinceAt: at, learnsUntilAt: at + learnMs, lines: 0, known: [] },
})

/** A shape under way, as its words. */
interface Known {
  words: string[]
  seen: number
  lastSeen: number
}

/**
 * Learning goes on only while lines are read: `missedMs` is how long they were not.
 *
 * @returns for how long it learns still; null: no more
 */
export function learnsUntil({ learnsUntilAt }: Shapes, at: number, missedMs: number): number | null {
  if (learnsUntilAt === null) return null
  const until = learnsUntilAt + missedMs
  return at < until ? until : null
}

/** Takes lines in, in order. The same lines in other portions come to the same. */
export function learn(before: Shapes, lines: readonly string[]): { shapes: Shapes; found: NewShape[] } {
  if (lines.length === 0) return { shapes: before, found: [] }
  const tree = treeOf(before.known)
  const found: NewShape[] = []
  let seen = before.lines
  for (const [index, line] of lines.entries()) {
    const shape = take(tree, wordsOf(line), ++seen)
    if (shape !== null) found.push({ index, shape })
  }
  const known = [...tree.inOrder].map(({ words, ...rest }) => ({ shape: words.join(' '), ...rest }))
  return { shapes: { ...before, lines: seen, known }, found }
}

interface Tree {
  /** By how many words there are, and the first of them. */
  leaves: Map<string, Known[]>
  /** By how many words there are: with how many different ones shapes begin. */
  firsts: Map<number, number>
  /** All of them, the one that was seen last at the end. */
  inOrder: Set<Known>
}

function treeOf(known: Shapes['known']): Tree {
  const tree: Tree = { leaves: new Map(), firsts: new Map(), inOrder: new Set() }
  for (const { shape, ...rest } of known) add(tree, { words: shape.split(' '), ...rest })
  return tree
}

const leafOf = (words: readonly string[]) => `${words.length} ${words[0]}`

function add(tree: Tree, one: Known): void {
  const key = leafOf(one.words)
  const leaf = tree.leaves.get(key)
  if (leaf) leaf.push(one)
  else {
    tree.leaves.set(key, [one])
    tree.firsts.set(one.words.length, (tree.firsts.get(one.words.length) ?? 0) + 1)
  }
  tree.inOrder.add(one)
}

/** The shape, when it is a new one. */
function take(tree: Tree, words: string[], line: number): string | null {
  const isFull = (tree.firsts.get(words.length) ?? 0) >= MOST_FIRST
  const placed = isFull && !tree.leaves.has(leafOf(words)) ? [VARIES, ...words.slice(1)] : words
  const like = mostAlike(tree.leaves.get(leafOf(placed)) ?? [], placed)
  if (like === null) {
    if (tree.inOrder.size >= MOST_KNOWN) forgetOldest(tree)
    add(tree, { words: placed, seen: 1, lastSeen: line })
    return placed.join(' ')
  }
  for (const [index, word] of placed.entries()) if (like.words[index] !== word) like.words[index] = VARIES
  like.seen++
  like.lastSeen = line
  tree.inOrder.delete(like)
  tree.inOrder.add(like)
  return null
}

/** The most similar shape, if it is similar enough; of equals the one with the fewest words that vary, then the one that was seen last. */
function mostAlike(leaf: readonly Known[], words: readonly string[]): Known | null {
  let best: Known | null = null
  let most = ALIKE * words.length
  for (const one of leaf) {
    let alike = 0
    for (let index = 0; index < words.length; index++) if (one.words[index] === words[index]) alike++
    if (one.seen >= SETTLED && alike + varying(one) < words.length) continue
    const isBetter = alike > most || (alike === most && (best === null || isCloser(one, best)))
    if (isBetter) [best, most] = [one, alike]
  }
  return best
}

const varying = ({ words }: Known) => words.filter((word) => word === VARIES).length
const isCloser = (one: Known, other: Known) =>
  varying(one) < varying(other) || (varying(one) === varying(other) && one.lastSeen > other.lastSeen)

function forgetOldest(tree: Tree): void {
  const [oldest] = tree.inOrder
  if (!oldest) return
  const key = leafOf(oldest.words)
  const rest = (tree.leaves.get(key) ?? []).filter((one) => one !== oldest)
  if (rest.length > 0) tree.leaves.set(key, rest)
  else {
    tree.leaves.delete(key)
    tree.firsts.set(oldest.words.length, (tree.firsts.get(oldest.words.length) ?? 1) - 1)
  }
  tree.inOrder.delete(oldest)
}
