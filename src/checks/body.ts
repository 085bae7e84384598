import { promisify } from 'node:util'
import { brotliDecompress, constants, gunzip, inflate, zstdDecompress } from 'node:zlib'

/** Of a body no more is read than this: what is looked for stands at its beginning, and bodies can be endless. */
export const BODY_BYTES = 256 * 1024

/** What comes out of that when it is packed: JSON shrinks to a tenth. A compression bomb grows a thousandfold. */
const UNPACKED_BYTES = 16 * BODY_BYTES

/** The beginning of a body as text, and whether there was more. */
export interface Body {
  text: string
  cut: boolean
}

// What was cut off is unpacked as far as it goes.
const unpackers: Record<string, (packed: Buffer) => Promise<Buffer>> = {
  gzip: (packed) => promisify(gunzip)(packed, { maxOutputLength: UNPACKED_BYTES, finishFlush: constants.Z_SYNC_FLUSH }),
  deflate: (packed) =>
    promisify(inflate)(packed, { maxOutputLength: UNPACKED_BYTES, finishFlush: constants.Z_SYNC_FLUSH }),
  br: (packed) =>
    promisify(brotliDecompress)(packed, {
      maxOutputLength: UNPACKED_BYTES,
      finishFlush: constants.BROTLI_OPERATION_FLUSH,
    }),
  zstd: (packed) =>
    promisify(zstdDecompress)(packed, { maxOutputLength: UNPACKED_BYTES, finishFlush: constants.ZSTD_e_flush }),
}

/** Reads a body to its limit. Nobody was asked to pack it; who does so all the same is read too, but never more than the limit of that. */
export async function readBody(body: AsyncIterable<Uint8Array>, encoding: string): Promise<Body> {
  const { bytes, cut } = await prefix(body)
  const packing = encoding.trim().toLowerCase().replace(/^x-/, '')
  if (packing === '' || packing === 'identity') return { text: bytes.toString('utf8'), cut }
  const unpack = Object.hasOwn(unpackers, packing) ? unpackers[packing] : undefined
  if (!unpack) throw new Error('the body is packed in a way that was not asked for and is not known')
  const unpacked = await unpack(bytes).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_BUFFER_TOO_LARGE')
      throw new Error(`the body is a compression bomb: more than ${UNPACKED_BYTES / 1024 / 1024} MB come out of it`)
    throw new Error(`the body says that it is ${packing}, and cannot be unpacked`)
  })
  return {
    text: unpacked.subarray(0, BODY_BYTES).toString('utf8'),
    cut: cut || unpacked.length > BODY_BYTES,
  }
}

async function prefix(body: AsyncIterable<Uint8Array>): Promise<{ bytes: Buffer; cut: boolean }> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    if (length > BODY_BYTES) break
  }
  return { bytes: Buffer.concat(chunks).subarray(0, BODY_BYTES), cut: length > BODY_BYTES }
}
