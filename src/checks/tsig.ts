import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Tsig } from '../domain/detect/name-source.ts'

/**
 * Signatures of DNS messages by a shared key (TSIG, RFC 8945), for the transfer of a zone: one question that is signed, and a stream of
 * messages of which the first, the last and at least each hundredth are.
 */

/** Clocks may differ by so many seconds: what everybody uses (RFC 8945 §10). */
const FUDGE_S = 300

/** Messages that may follow each other without a signature (RFC 8945 §5.3.1). */
const MOST_UNSIGNED = 99

const TYPE = 250
const HEADER_BYTES = 12

/** What servers say of a signature that they refuse. */
const ERRORS: Record<number, string> = {
  16: 'says that the signature is wrong (BADSIG): the secret of the key is another there',
  17: 'does not know the key (BADKEY): its name or its algorithm is another there',
  18: 'says that the clocks of the two machines differ (BADTIME)',
  22: 'says that the signature is too short (BADTRUNC)',
}

interface Signature {
  /** The message as it was signed: without the signature, and under its first number. */
  message: Buffer
  timers: Buffer
  time: number
  mac: Buffer
  error: number
  algorithm: string
  key: string
}

/** A question with its signature, and what is needed to judge the answers. */
export function signed(question: Buffer, key: Tsig, nowMs: number): { question: Buffer; judge: Judge } {
  const timers = timersOf(Math.floor(nowMs / 1_000))
  const mac = macOf(key, [question, variables(key, timers)])
  const data = Buffer.concat([
    wire(key.algorithm),
    timers,
    u16(mac.length),
    mac,
    question.subarray(0, 2),
    u16(0),
    u16(0),
  ])
  const record = Buffer.concat([wire(key.name), u16(TYPE), u16(ANY), u32(0), u16(data.length), data])
  const whole = Buffer.concat([question, record])
  whole.writeUInt16BE(question.readUInt16BE(10) + 1, 10)
  return { question: whole, judge: judge(key, mac) }
}

interface Judge {
  /** Throws when a message is not what the holder of the key has sent. */
  take(message: Buffer, nowMs: number): void
  /** Throws when the stream ends without a signature. */
  end(): void
}

function judge(key: Tsig, requestMac: Buffer): Judge {
  let before = requestMac
  let isFirst = true
  let unsigned: Buffer[] = []
  return {
    take(message, nowMs) {
      const found = readable(message)
      if (found === null) {
        if (isFirst) throw new Error('answers without a signature, though it was asked with a key')
        unsigned.push(message)
        if (unsigned.length > MOST_UNSIGNED) throw new Error('sends too much without a signature')
        return
      }
      if (found.error !== 0) throw new Error(ERRORS[found.error] ?? `refuses the signature (error ${found.error})`)
      if (!same(found.key, key.name) || !same(found.algorithm, key.algorithm))
        throw new Error('answers under another key')
      const about = isFirst ? variables(key, found.timers) : found.timers
      const expected = macOf(key, [u16(before.length), before, ...unsigned, found.message, about])
      if (expected.length !== found.mac.length || !timingSafeEqual(expected, found.mac))
        throw new Error('sends a signature that is wrong: what it sent was changed, or its key is another')
      if (Math.abs(nowMs / 1_000 - found.time) > FUDGE_S)
        throw new Error('signs at another time than now: the clocks of the two machines differ')
      before = found.mac
      isFirst = false
      unsigned = []
    },
    end() {
      if (isFirst || unsigned.length > 0) throw new Error('ends without a signature')
    },
  }
}

const ANY = 255
const HASHES: Record<Tsig['algorithm'], string> = {
  'hmac-sha256': 'sha256',
  'hmac-sha384': 'sha384',
  'hmac-sha512': 'sha512',
}

function macOf({ algorithm, secret }: Tsig, parts: readonly Buffer[]): Buffer {
  const hmac = createHmac(HASHES[algorithm], Buffer.from(secret, 'base64'))
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}

/** RFC 8945 §4.3.3. */
const variables = ({ name, algorithm }: Tsig, timers: Buffer) =>
  Buffer.concat([wire(name), u16(ANY), u32(0), wire(algorithm), timers, u16(0), u16(0)])

function timersOf(seconds: number): Buffer {
  const timers = Buffer.alloc(8)
  timers.writeUIntBE(seconds, 0, 6)
  timers.writeUInt16BE(FUDGE_S, 6)
  return timers
}

function readable(message: Buffer): Signature | null {
  try {
    return signatureOf(message)
  } catch {
    throw new Error('sends a message that cannot be read')
  }
}

/** The signature at the end of a message; null when it has none. */
function signatureOf(message: Buffer): Signature | null {
  const at = lastRecord(message)
  if (at === null) return null
  const head = afterName(message, at)
  if (message.readUInt16BE(head) !== TYPE) return null
  const start = head + 10
  const algorithm = nameAt(message, start)
  const timers = afterName(message, start)
  const size = message.readUInt16BE(timers + 8)
  const rest = timers + 10 + size
  const bare = Buffer.from(message.subarray(0, at))
  bare.writeUInt16BE(message.readUInt16BE(10) - 1, 10)
  message.copy(bare, 0, rest, rest + 2)
  return {
    message: bare,
    timers: message.subarray(timers, timers + 8),
    time: message.readUIntBE(timers, 6),
    mac: message.subarray(timers + 10, rest),
    error: message.readUInt16BE(rest + 2),
    algorithm,
    key: nameAt(message, at),
  }
}

/** Where the last record begins; null when there is none behind the answers. */
function lastRecord(message: Buffer): number | null {
  const count = (index: number) => message.readUInt16BE(4 + 2 * index)
  if (count(3) === 0) return null
  let at = HEADER_BYTES
  for (let n = count(0); n > 0; n--) at = afterName(message, at) + 4
  for (let n = count(1) + count(2) + count(3) - 1; n > 0; n--) {
    const head = afterName(message, at)
    at = head + 10 + message.readUInt16BE(head + 8)
  }
  return at
}

/** Where a name ends: at its empty label, or behind a pointer. */
function afterName(message: Buffer, from: number): number {
  for (let at = from; ; ) {
    const length = message.readUInt8(at)
    if (length >= 0xc0) return at + 2
    at += length + 1
    if (length === 0) return at
  }
}

/** Names of keys and algorithms are never shortened by pointers. */
function nameAt(message: Buffer, from: number): string {
  const labels: string[] = []
  for (let at = from; ; ) {
    const length = message.readUInt8(at)
    if (length === 0 || length >= 0xc0) return labels.join('.')
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
}

const same = (name: string, other: string) => plain(name) === plain(other)
const plain = (name: string) => name.toLowerCase().replace(/\.$/, '')

const wire = (name: string) => {
  const labels = plain(name).split('.')
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
    Buffer.from([0]),
  ])
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
