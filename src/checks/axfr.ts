import { randomInt } from 'node:crypto'
import type { Socket } from 'node:net'
import packet from 'dns-packet'
import type { NameSource } from '../domain/detect/name-source.ts'
import type { ZoneRecord } from '../domain/detect/zone-file.ts'
import { messageOf } from '../errors.ts'
import { connected, type Way } from './connect.ts'
import { signed } from './tsig.ts'

/** A zone of a large company has a few megabytes. */
const MOST_BYTES = 16 * 1024 * 1024

const NOTAUTH = 9

/** Why a server gives nothing (RFC 1035 §4.1.1, RFC 2136 §2.2): sentences without their subject. */
const REFUSALS: Record<number, string> = {
  1: 'does not understand the question (FORMERR)',
  2: 'cannot serve the zone at the moment (SERVFAIL)',
  3: 'does not know the zone (NXDOMAIN)',
  4: 'transfers no zones (NOTIMP)',
  5: 'refuses the transfer (REFUSED): allow it there for this machine, or for a key that is given here as tsig',
  [NOTAUTH]: 'is not in charge of the zone, or asks for another key (NOTAUTH)',
}

const refusalOf = (code: number) => REFUSALS[code] ?? `refuses the transfer (code ${code})`

type Transfer = Extract<NameSource, { kind: 'axfr' }>
interface Around extends Pick<Way, 'allowPrivate' | 'signal'> {
  /** The machine's time, UTC ms. */
  now(): number
}

/**
 * All records of a zone, as a name server hands them to its secondaries (AXFR, RFC 5936): over TCP, from its SOA to the same SOA again.
 * Rejects with what went wrong; a transfer that is not whole is none.
 */
export async function transferZone(source: Transfer, { allowPrivate, signal, now }: Around): Promise<ZoneRecord[]> {
  const { server, zone, tsig } = source
  const at = server.lastIndexOf(':')
  const host = server.slice(0, at).replaceAll(/^\[|\]$/g, '')
  const id = randomInt(0x10000)
  const bare = packet.encode({ type: 'query', id, flags: 0, questions: [{ type: 'AXFR', name: zone }] })
  const { question, judge } = tsig === null ? { question: bare, judge: null } : signed(bare, tsig, now())
  const socket = await connected({ host, port: Number(server.slice(at + 1)) }, { allowPrivate, signal })
  try {
    socket.write(framed(question))
    const records: ZoneRecord[] = []
    for await (const message of messages(socket)) {
      const refusal = message.readUInt8(3) & 0x0f
      // Of what is wrong with the signature the signature of the answer says more.
      if (refusal !== 0 && refusal !== NOTAUTH) throw new Error(refusalOf(refusal))
      judge?.take(message, now())
      if (refusal !== 0) throw new Error(refusalOf(refusal))
      for (const record of recordsIn(message, id)) {
        const isSoa = record.type === 'SOA' && record.name === zone
        if (records.length === 0 && !isSoa) throw new Error('sends something else than the zone')
        // The SOA comes twice: the second is the end.
        if (records.length > 0 && isSoa) {
          judge?.end()
          return records
        }
        records.push(record)
      }
      if (records.length === 0) throw new Error('answers without the zone')
    }
    throw new Error('broke off in the middle of the zone')
  } finally {
    socket.destroy()
  }
}

/** Messages over TCP have their length before them. */
function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

async function* messages(socket: Socket): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  let total = 0
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    total += chunk.length
    if (total > MOST_BYTES) throw new Error(`has more than ${MOST_BYTES / 1024 / 1024} MB`)
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (
      ;
      rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0);
      rest = rest.subarray(2 + rest.readUInt16BE(0))
    ) {
      const message = rest.subarray(2, 2 + rest.readUInt16BE(0))
      if (message.length < 12) throw new Error('what answers there is not DNS')
      yield message
    }
  }
}

/** Types that the library knows by their number alone. */
const TYPES: Record<string, string> = { UNKNOWN_64: 'SVCB', UNKNOWN_65: 'HTTPS' }

function recordsIn(message: Buffer, id: number): ZoneRecord[] {
  if (message.readUInt16BE(0) !== id || (message.readUInt8(2) & 0x80) === 0)
    throw new Error('what answers there is not DNS')
  return decoded(message).map(({ name, type, ...record }) => {
    const data: unknown = 'data' in record ? record.data : null
    const known = TYPES[type] ?? type
    const target = known === 'MX' ? (data as { exchange?: string }).exchange : known === 'NS' ? String(data) : undefined
    return { name: bare(name), type: known, ...(target !== undefined && { target: bare(target) }) }
  })
}

function decoded(message: Buffer): packet.Answer[] {
  try {
    return packet.decode(message).answers ?? []
  } catch (error) {
    throw new Error(`sends a message that cannot be read (${messageOf(error)})`)
  }
}

const bare = (name: string) => name.toLowerCase().replace(/\.$/, '')
