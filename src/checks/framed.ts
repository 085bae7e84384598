import { type Framing, HEADER_BYTES, notHttp } from './head.ts'
import { closed } from './look.ts'

/** The length of a chunk with what may stand behind it. */
const CHUNK_LINE_BYTES = 4 * 1024

/** The bytes of a body without what frames them, as they come. Rejects when they end before the body does. */
export async function* unframed(pieces: AsyncIterable<Buffer>, framing: Framing): AsyncGenerator<Buffer> {
  switch (framing.kind) {
    case 'none':
      return
    case 'close':
      yield* pieces
      return
    case 'length':
      yield* counted(pieces, framing.bytes)
      return
    case 'chunked':
      yield* dechunked(pieces)
      return
    default:
      return framing satisfies never
  }
}

async function* counted(pieces: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes
  if (left === 0) return
  for await (const piece of pieces) {
    yield piece.subarray(0, left)
    left -= piece.length
    if (left <= 0) return
  }
  throw closed()
}

/** RFC 9112 §7.1 */
async function* dechunked(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = pieces[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)
  const more = async () => {
    const { value, done } = await source.next()
    if (done) throw closed()
    held = held.length === 0 ? value : Buffer.concat([held, value])
  }
  const line = async (most: number) => {
    for (;;) {
      const end = held.indexOf('\n')
      if (end > most || (end === -1 && held.length > most)) throw notHttp()
      if (end === -1) {
        await more()
        continue
      }
      if (held[end - 1] !== 0x0d) throw notHttp()
      const text = held.toString('latin1', 0, end - 1)
      held = held.subarray(end + 1)
      return text
    }
  }
  for (;;) {
    const [, digits] = /^([\da-f]{1,13})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/i.exec(await line(CHUNK_LINE_BYTES)) ?? []
    if (digits === undefined) throw notHttp()
    let left = Number.parseInt(digits, 16)
    if (left === 0) break
    while (left > 0) {
      if (held.length === 0) await more()
      const piece = held.subarray(0, left)
      held = held.subarray(piece.length)
      left -= piece.length
      yield piece
    }
    if ((await line(CHUNK_LINE_BYTES)) !== '') throw notHttp()
  }
  // What follows the last chunk is headers again, which nobody asks for.
  for (let left = HEADER_BYTES; left > 0; ) {
    const trailer = await line(left)
    if (trailer === '') return
    left -= trailer.length + 2
  }
  throw notHttp()
}
