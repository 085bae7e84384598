import { isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, type YAMLError } from 'yaml'
import { withoutSecrets } from '../secrets.ts'
import { refusals } from './prelude.ts'
import type { Path, Position, Problem } from './problem.ts'

/** A parsed YAML text as plain values, which still knows where everything stood. */
export interface Source {
  file: string
  /** Plain objects, arrays, strings, numbers, booleans and null; `${NAME}` is replaced. Undefined when nothing could be read. */
  value: unknown
  /** Problems of the text itself. */
  problems: Problem[]
  /** Where the value at `path` stands; where it is empty or missing, its key, else the nearest thing around it. */
  valueAt(path: Path): Position
  /** Where the key at the end of `path` stands; of an element of a list, the element. */
  keyAt(path: Path): Position
  /** The value as the operator wrote it, short: `${NAME}` instead of what the variable holds, so that sentences leak no secret. */
  written(path: Path): string
  /** Whether something is written at `path`, be it nothing (`key:`). */
  has(path: Path): boolean
  /** True when the value could not be read and was reported already: what is said about it otherwise would be noise. */
  isBroken(path: Path): boolean
}

interface Place {
  key: number | null
  value: number | null
  written: string
  /** Neither a mapping nor a list. */
  scalar: boolean
}

/** Keys through which a careless copy would reach the prototypes of the program's objects. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])
const LONGEST_SHOWN = 60
const LOOKED_THROUGH = 2_000
/** `user:password` before a host, where an address has no scheme. */
const LOGIN = /(?<![^\s"])[^\s"/@:]+:[^\s"]+(?=@)/g
/** More repetitions than this in one mapping are two files pasted into one. */
const MOST_REPEATED = 50

export function readSource(text: string, file: string, env: Record<string, string | undefined>): Source {
  // A byte order mark is not a character of the first line.
  const plain = text.startsWith('\ufeff') ? text.slice(1) : text
  const lines = new LineCounter()
  const positionOf = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const problems: Problem[] = []
  const places = new Map<string, Place>()
  const broken = new Set<string>()
  const problemAt = (offset: number, message: string) => problems.push({ file, ...positionOf(offset), message })

  const refused = refusals(plain)
  if (refused.length > 0) {
    // Most of them stand at the very beginning; a text that is too large is not read to its end for that.
    countLines(plain, Math.max(...refused.map((refusal) => refusal.offset)), lines)
    for (const refusal of refused) problemAt(refusal.offset, refusal.message)
    return source(undefined)
  }
  // Our own walk looks for duplicate keys: the parser's search takes a time that grows with their square.
  const document = parseDocument(plain, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    stringKeys: true,
    merge: false,
    schema: 'core',
  })
  for (const error of [...document.errors, ...document.warnings]) problemAt(error.pos[0], yamlSentence(error))
  // The tree of a text that is not YAML is guesswork, and what would be said about it as well.
  if (problems.length > 0) return source(undefined)
  return source(walk(document.contents, [], null))

  function walk(node: unknown, path: Path, key: number | null): unknown {
    const range = rangeOf(node)
    const place: Place = { key, value: range, written: '', scalar: false }
    places.set(keyOf(path), place)
    if (isMap(node)) {
      place.written = 'a mapping'
      return walkMap(node.items, path)
    }
    if (isSeq(node)) {
      place.written = 'a list'
      return node.items.map((item, index) => walk(item, [...path, index], null))
    }
    place.scalar = true
    if (!isScalar(node) || node.value === null) {
      place.written = 'nothing'
      place.value = null
      return null
    }
    const value: unknown = node.value
    place.written = shorten(typeof value === 'string' ? `"${value}"` : (node.source ?? String(value)))
    return typeof value === 'string' ? substitute(value, path, range ?? 0) : value
  }

  function walkMap(items: Pair[], path: Path): Record<string, unknown> {
    const record: Record<string, unknown> = {}
    const firstAt = new Map<string, number>()
    let repeated = 0
    for (const item of items) {
      const at = rangeOf(item.key) ?? 0
      const name = isScalar(item.key) ? String(item.key.value) : ''
      const first = firstAt.get(name)
      if (FORBIDDEN_KEYS.has(name)) problemAt(at, `"${name}" cannot be used as a name`)
      else if (name === '<<') problemAt(at, 'merge keys (<<) are not accepted: write the keys out')
      else if (first !== undefined) {
        if (++repeated <= MOST_REPEATED)
          problemAt(at, `${shorten(name)} is written twice, first on line ${positionOf(first).line}: keep one of them`)
      } else {
        firstAt.set(name, at)
        record[name] = walk(item.value, [...path, name], at)
      }
    }
    return record
  }

  function substitute(written: string, path: Path, at: number): string {
    return written.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
      const value = env[name]
      if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && value !== undefined && value !== '') return value
      broken.add(keyOf(path))
      const unset = `the environment variable ${name} is not set: set it, or write the value here instead of \${${name}}`
      const misnamed = `\${${shorten(name)}} names no environment variable: write \${NAME} with letters, digits and _`
      problemAt(at, /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? unset : misnamed)
      return ''
    })
  }

  function source(value: unknown): Source {
    const find = (path: Path, prefer: 'key' | 'value'): Position => {
      for (let length = path.length; length > 0; length--) {
        const place = places.get(keyOf(path.slice(0, length)))
        if (!place) continue
        // What is missing is shown by the name of what misses it. A single value may be read as a list of one: it has no element 0.
        const found = length === path.length || place.scalar
        const offset = found && prefer === 'value' ? (place.value ?? place.key) : (place.key ?? place.value)
        if (offset !== null) return positionOf(offset)
      }
      return { line: 1, column: 1 }
    }
    return {
      file,
      value,
      problems,
      valueAt: (path) => find(path, 'value'),
      keyAt: (path) => find(path, 'key'),
      written: (path) => enclosing(path, (at) => places.get(at)?.written) ?? 'nothing',
      has: (path) => places.has(keyOf(path)),
      isBroken: (path) => enclosing(path, (at) => broken.has(at) || undefined) ?? false,
    }
  }
}

const keyOf = (path: Path) => JSON.stringify(path)

function shorten(text: string): string {
  // Looked through before it is cut: half a secret has no shape any more.
  const clean = withoutSecrets(text.slice(0, LOOKED_THROUGH)).replace(LOGIN, '[secret]')
  return clean.length > LONGEST_SHOWN || text.length > LOOKED_THROUGH ? `${clean.slice(0, LONGEST_SHOWN)}…` : clean
}

/** The answer of the innermost of `path` and what is around it that has one. */
function enclosing<T>(path: Path, answer: (key: string) => T | undefined): T | undefined {
  for (let length = path.length; length > 0; length--) {
    const found = answer(keyOf(path.slice(0, length)))
    if (found !== undefined) return found
  }
  return undefined
}

function rangeOf(node: unknown): number | null {
  const range = (node as { range?: readonly number[] | null } | null)?.range
  return range?.[0] ?? null
}

function countLines(text: string, until: number, lines: LineCounter): void {
  lines.addNewLine(0)
  for (let at = text.indexOf('\n'); at >= 0 && at < until; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1)
}

function yamlSentence(error: YAMLError): string {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return 'this is not valid YAML: the line is indented with a tab, use spaces'
    case 'MULTIPLE_DOCS':
      return 'a second document begins here (---): a configuration is one document'
    case 'NON_STRING_KEY':
      return 'this key is not a plain name: is a quote or a bracket missing?'
    default:
      return `this is not valid YAML: ${error.message.replace(/^./, (letter) => letter.toLowerCase())}`
  }
}
