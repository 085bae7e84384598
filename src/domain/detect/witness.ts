import { RE2JS } from 're2js'

/**
 * A short line that a pattern of RE2 finds itself in, for a fault that is made up: the first alternative, as few repetitions as will do, and of
 * each class a member. What is made is tried against the pattern, so that no wrong one is ever given.
 *
 * @returns null where none was found: `a\bb` matches nothing, and what only fits together by luck is not searched for
 */
export function witness(pattern: string): string | null {
  const compiled = RE2JS.compile(pattern)
  // What may be left out is, and where that does not do (`x*\by`) stands once.
  for (const optional of [0, 1]) {
    const line = alternatives({ pattern, at: 0, optional })
    if (!line.includes('\n') && compiled.test(line)) return line
  }
  return null
}

/** How far a pattern has been read, and how often what may be left out is repeated. */
interface Walk {
  pattern: string
  at: number
  optional: number
}

/** The first alternative; the others are only read. */
function alternatives(walk: Walk): string {
  const first = sequence(walk)
  while (taken(walk, /\|/y) !== null) sequence(walk)
  return first
}

function sequence(walk: Walk): string {
  let line = ''
  while (walk.at < walk.pattern.length && !'|)'.includes(walk.pattern[walk.at] ?? '')) {
    const one = atom(walk)
    line += one.repeat(repetitions(walk))
  }
  return line
}

function repetitions(walk: Walk): number {
  const found = taken(walk, /(?:([*?+])|\{(\d+)(?:,\d*)?\})\??/y)
  if (found === null) return 1
  const [, sign, least] = found
  if (sign === '+') return 1
  return sign === undefined ? Math.max(Number(least), walk.optional) : walk.optional
}

function atom(walk: Walk): string {
  if (taken(walk, /\((?:\?P?<[^>]*>|\?[a-zA-Z-]*:)?(?!\?)/y) !== null) {
    const inside = alternatives(walk)
    taken(walk, /\)/y)
    return inside
  }
  // Flags change nothing about what is made here, and edges have no width.
  if (taken(walk, /\(\?[a-zA-Z-]*\)|[\^$]|\\[AzbB]/y) !== null) return ''
  const quoted = taken(walk, /\\Q(.*?)(?:\\E|$)/sy)
  if (quoted !== null) return quoted[1] ?? ''
  const one = taken(walk, /\[\^?\]?(?:\[:\^?[a-z]+:\]|\\[pP]\{[^}]*\}|\\.|[^\]\\])*\]|\\[pP](?:\{[^}]*\}|.)/sy)
  if (one !== null) return member(one[0])
  const escaped = taken(walk, /\\(?:x\{[0-9a-fA-F]+\}|x[0-9a-fA-F]{2}|[0-7]{1,3}|.)/sy)
  if (escaped !== null) return member(escaped[0])
  return taken(walk, /./suy)?.[0] ?? ''
}

/** What is tried first: each kind of sign that people write classes for. */
const LIKELY = [...'a0A -_.:/x,;=#@!?"\'()[]{}<>|+*%&$^~\\`']

/** A sign that is in a class of signs; none: `[^\s\S]`. */
function member(of: string): string {
  const compiled = RE2JS.compile(`^${of}$`)
  const isIn = (sign: string) => compiled.test(sign)
  const found = LIKELY.find(isIn)
  if (found !== undefined) return found
  for (let point = 0; point < 0x3000; point++) if (isIn(String.fromCodePoint(point))) return String.fromCodePoint(point)
  return ''
}

/** What stands here, if it does; the walk goes on behind it. */
function taken(walk: Walk, what: RegExp): RegExpExecArray | null {
  what.lastIndex = walk.at
  const found = what.exec(walk.pattern)
  if (found !== null) walk.at = what.lastIndex
  return found
}
