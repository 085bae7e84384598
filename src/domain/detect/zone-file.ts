/**
 * Names of a zone file (RFC 1035 §5, with $ORIGIN and $TTL; RFC 2308). Ours, because the one kept library drops a record whose class stands
 * before its TTL, gives a record without an owner to the apex, and knows one $ORIGIN alone: names hidden from the ledger, which is there
 * to find them.
 */
export interface ZoneRecord {
  /** Lower case, without the last dot. */
  name: string
  type: string
  /** The name that answers for this one, of records (`MX`, `NS`) that say so; written as `name` is. */
  target?: string
}

export interface Zone {
  records: ZoneRecord[]
  /** What could not be read, a sentence each, with its line: a name may be hidden there. */
  problems: string[]
}

interface Line {
  number: number
  /** Null: it begins with a blank, and is about the owner before it. */
  words: (string | null)[]
}

const CLASSES = new Set(['IN', 'CH', 'HS', 'CS'])
/** `300`, `1h30m`. */
const TTL = /^(?:\d+[smhdw]?)+$/i
const TYPE = /^(?:[A-Z][A-Z0-9-]*|TYPE\d+)$/

/** @param origin the domain that names without a last dot belong to, until the file says another; null: it has to say so itself */
export function parseZone(text: string, origin: string | null = null): Zone {
  const zone: Zone = { records: [], problems: [] }
  let beneath = origin === null ? null : bare(origin)
  let owner: string | null = null
  for (const { number, words } of linesOf(text, zone.problems)) {
    const [first, second] = words
    if (first?.startsWith('$')) {
      const directive = first.toUpperCase()
      if (directive === '$ORIGIN' && second) beneath = absolute(second, beneath) ?? beneath
      else if (directive !== '$TTL')
        zone.problems.push(`line ${number}: ${first} is not followed here, and what it brings in is not seen`)
      continue
    }
    if (typeof first === 'string') owner = absolute(first, beneath)
    const [type, ...data] = typed(words.slice(1))
    if (owner === null)
      zone.problems.push(`line ${number}: a record without a name that it is about, or without $ORIGIN`)
    else if (type === undefined) zone.problems.push(`line ${number}: no record that can be read`)
    else zone.records.push({ name: owner, type, ...targeted(type, data, beneath) })
  }
  return zone
}

/** TTL and class may come in either order, or not at all; what follows them is the type, and behind it the data. */
function typed(words: readonly (string | null)[]): string[] {
  const said = words.map((word) => word ?? '')
  const at = said.findIndex((word) => !CLASSES.has(word.toUpperCase()) && !TTL.test(word))
  const type = said[at]?.toUpperCase() ?? ''
  return at >= 0 && at < 3 && TYPE.test(type) ? [type, ...said.slice(at + 1)] : []
}

/** `10 mx1` of MX, `ns1` of NS. */
function targeted(type: string, data: readonly string[], beneath: string | null): Pick<ZoneRecord, 'target'> {
  const said = type === 'MX' ? data[1] : type === 'NS' ? data[0] : undefined
  const target = said === undefined ? null : absolute(said, beneath)
  return target === null || target === '' ? {} : { target }
}

function absolute(name: string, beneath: string | null): string | null {
  if (name === '@') return beneath
  if (name.endsWith('.') && !name.endsWith('\\.')) return bare(name)
  return beneath === null ? null : bare(`${name}.${beneath}`)
}

const bare = (name: string) => name.toLowerCase().replace(/\.$/, '')

/** Lines without comments; what stands in parentheses is one line, and quotes hold blanks and semicolons. */
function* linesOf(text: string, problems: string[]): Generator<Line> {
  let line: Line | null = null
  let depth = 0
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const tokens = raw.match(/"(?:[^"\\]|\\.)*"?|;.*|[()]|(?:[^\s"();\\]|\\.)+/g) ?? []
    const words = tokens.filter((token) => !token.startsWith(';'))
    for (const word of words) depth = Math.max(0, depth + (word === '(' ? 1 : word === ')' ? -1 : 0))
    const said = words.filter((word) => word !== '(' && word !== ')')
    if (line !== null) line.words.push(...said)
    else if (said.length > 0) line = { number: index + 1, words: /^\s/.test(raw) ? [null, ...said] : said }
    if (line !== null && depth === 0) {
      yield line
      line = null
    }
  }
  if (line === null) return
  problems.push(`line ${line.number}: a parenthesis is never closed`)
  yield line
}
