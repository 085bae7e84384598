/**
 * The head of an answer, read by hand and strictly (RFC 9112): what two readers could read in two ways is no HTTP. Kept small on purpose, since
 * every probe goes through it.
 */
export interface Head {
  status: number
  /** By name in lower case; several where one name came several times. */
  headers: Record<string, string | string[] | undefined>
  /** What came behind it. */
  rest: Buffer
}

/** Cookies and policies make some kilobytes; megabytes are a fault or an attack. */
export const HEADER_BYTES = 64 * 1024

const STATUS = /^HTTP\/1\.[01] ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const FIELD = /^([\w!#$%&'*+.^`|~-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/
const BEGINNING = 'HTTP/1.'

export const notHttp = () => new Error('what answers there is not HTTP')

/** Reads heads as they come in, and skips those that only announce another (1xx). */
export function headReader(): { take(chunk: Buffer): Head | null } {
  /** Latin-1: a byte is a character. */
  let text = ''
  let size = 0
  let status: number | null = null
  let headers: Head['headers'] = Object.create(null)

  function begin(line: string): void {
    const [, code] = STATUS.exec(line) ?? []
    if (code === undefined) throw notHttp()
    status = Number(code)
    // A switch of protocols that nobody asked for.
    if (status === 101) throw notHttp()
    headers = Object.create(null)
  }

  function field(line: string): void {
    const [, name, value] = FIELD.exec(line) ?? []
    if (name === undefined || value === undefined) throw notHttp()
    const key = name.toLowerCase()
    const before = headers[key]
    // Thousands may be of one name: each is appended, not copied.
    if (Array.isArray(before)) before.push(value)
    else headers[key] = before === undefined ? value : [before, value]
  }

  return {
    take(chunk) {
      text += chunk.toString('latin1')
      let at = 0
      // Some servers end what they said before with a line too many.
      if (status === null) while (text[at] === '\r' || text[at] === '\n') at++
      for (let end = text.indexOf('\n', at); end !== -1; end = text.indexOf('\n', at)) {
        if (text[end - 1] !== '\r' || end === at) throw notHttp()
        size += end + 1 - at
        if (size > HEADER_BYTES) throw tooLarge()
        const line = text.slice(at, end - 1)
        at = end + 1
        if (status === null) begin(line)
        else if (line !== '') field(line)
        else if (status >= 200) return { status, headers, rest: chunk.subarray(chunk.length - (text.length - at)) }
        else {
          status = null
          size = 0
        }
      }
      text = text.slice(at)
      if (status === null && !BEGINNING.startsWith(text.slice(0, BEGINNING.length))) throw notHttp()
      if (size + text.length > HEADER_BYTES) throw tooLarge()
      return null
    },
  }
}

const tooLarge = () => new Error('the headers of the answer are too large to be read')

/** Where a body ends (RFC 9112 §6.3). */
export type Framing = { kind: 'none' } | { kind: 'length'; bytes: number } | { kind: 'chunked' } | { kind: 'close' }

/** Throws where it is not certain: whoever is of another mind than we about where a body ends can smuggle. */
export function framingOf(method: string, { status, headers }: Pick<Head, 'status' | 'headers'>): Framing {
  const { 'transfer-encoding': coding, 'content-length': length } = headers
  if (coding !== undefined && length !== undefined) throw notHttp()
  if (length !== undefined && (typeof length !== 'string' || !/^\d{1,15}$/.test(length))) throw notHttp()
  if (method === 'HEAD' || status === 204 || status === 304) return { kind: 'none' }
  if (coding !== undefined)
    return { kind: /(^|,)[\t ]*chunked$/i.test([coding].flat().join(',')) ? 'chunked' : 'close' }
  return length === undefined ? { kind: 'close' } : { kind: 'length', bytes: Number(length) }
}
