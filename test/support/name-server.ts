import { createSocket } from 'node:dgram'

/** A name server on loopback that says what a test wants: packets of RFC 1035, as few kinds as are needed. */
export interface Reply {
  rcode?: number
  answers?: Buffer[]
}

const TYPES = { A: 1, MX: 15, TXT: 16, AAAA: 28 } as const

const label = (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])
const name = (text: string) => Buffer.concat([...text.split('.').map(label), Buffer.from([0])])

/** One record of the name that was asked for. */
function record(type: keyof typeof TYPES, data: Buffer): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(TYPES[type], 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(0, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

export const a = (address: string) => record('A', Buffer.from(address.split('.').map(Number)))
export const mx = (priority: number, host: string) =>
  record('MX', Buffer.concat([Buffer.from([0, priority]), name(host)]))
export const txt = (...parts: string[]) => record('TXT', Buffer.concat(parts.map(label)))
/** `::1` and its like: only the last group is not zero. */
export const aaaa = (last: number) => record('AAAA', Buffer.concat([Buffer.alloc(15), Buffer.from([last])]))

/** @param answer what is said to the n-th question of a type; null: nothing at all */
export async function nameServer(
  answer: (type: keyof typeof TYPES | 'other', asked: string, nth: number) => Reply | null,
) {
  const socket = createSocket('udp4')
  const questions: string[] = []
  socket.on('message', (message, from) => {
    const end = message.indexOf(0, 12)
    const number = message.readUInt16BE(end + 1)
    const found = Object.entries(TYPES).find(([, each]) => each === number)
    const type = (found?.[0] ?? 'other') as keyof typeof TYPES | 'other'
    const labels: string[] = []
    for (let at = 12; at < end; at += (message[at] ?? 0) + 1)
      labels.push(message.toString('latin1', at + 1, at + 1 + (message[at] ?? 0)))
    questions.push(type)
    const said = answer(type, labels.join('.'), questions.filter((each) => each === type).length)
    if (said === null) return
    const { rcode = 0, answers = [] } = said
    const head = Buffer.from(message.subarray(0, end + 5))
    head.writeUInt16BE(0x8180 | rcode, 2)
    head.writeUInt16BE(answers.length, 6)
    head.writeUInt32BE(0, 8)
    socket.send(Buffer.concat([head, ...answers]), from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    close: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  }
}
