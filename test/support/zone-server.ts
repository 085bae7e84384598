import { createHmac } from 'node:crypto'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import packet, { type Answer } from 'dns-packet'

/** A name server on loopback that hands out one zone over TCP (AXFR), well or sick, signed or not. */
export interface ZoneServer {
  server: string
  questions: { zone: string; signed: boolean }[]
  close(): Promise<void>
}

interface Options {
  /** What is sent to a transfer, a list of records a message. */
  messages: readonly (readonly Answer[])[]
  rcode?: number
  /** Base64: answers are signed with it by HMAC-SHA256, and questions have to be. */
  key?: { name: string; secret: string }
  /** Messages that are not signed, though there is a key: by their numbers. */
  unsigned?: readonly number[]
  /** Changes a message after it was signed. */
  tamper?: (message: Buffer, n: number) => Buffer
  /** Instead of all that. */
  instead?: (socket: Socket) => void
  /** Seconds since 1970 at which it signs. */
  now?: () => number
}

export const soa = (name: string): Answer => ({
  ...{ type: 'SOA', name },
  data: { mname: `ns1.${name}`, rname: `hostmaster.${name}`, serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 1 },
})
export const a = (name: string): Answer => ({ type: 'A', name, data: '192.0.2.1' })
export const mx = (name: string, exchange: string): Answer => ({ type: 'MX', name, data: { preference: 10, exchange } })

export async function zoneServer(options: Options): Promise<ZoneServer> {
  const questions: ZoneServer['questions'] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    if (options.instead) return options.instead(socket)
    socket.once('data', (chunk: Buffer) => {
      const asked = packet.decode(chunk.subarray(2))
      const signature = asked.additionals?.at(-1)
      questions.push({ zone: asked.questions?.[0]?.name ?? '', signed: signature !== undefined })
      const sign = options.key && signer(options, chunk.subarray(2))
      options.messages.forEach((answers, n) => {
        const { id = 0, questions: [question] = [] } = asked
        const message = packet.encode({
          ...{ type: 'response', id, flags: 0x400 | (options.rcode ?? 0), answers: [...answers] },
          ...(n === 0 && question && { questions: [question] }),
        })
        const signed = sign ? sign(message, options.unsigned?.includes(n) === true) : message
        const sent = options.tamper?.(signed, n) ?? signed
        const length = Buffer.alloc(2)
        length.writeUInt16BE(sent.length)
        socket.write(Buffer.concat([length, sent]))
      })
      socket.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    server: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    questions,
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

const name = (text: string) =>
  Buffer.concat([
    ...text.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]),
    Buffer.of(0),
  ])
const numbers = (...values: [value: number, bytes: number][]) =>
  Buffer.concat(
    values.map(([value, bytes]) => {
      const part = Buffer.alloc(bytes)
      part.writeUIntBE(value, 0, bytes)
      return part
    }),
  )

/** RFC 8945 from the server's side: the question's signature is checked, and the answers follow on it. */
function signer({ key, now = () => Math.floor(Date.now() / 1_000) }: Options, question: Buffer) {
  const { name: keyName = '', secret = '' } = key ?? {}
  const hmac = (...parts: Buffer[]) =>
    createHmac('sha256', Buffer.from(secret, 'base64')).update(Buffer.concat(parts)).digest()
  const algorithm = name('hmac-sha256')
  const fixed = Buffer.concat([name(keyName), numbers([255, 2], [0, 4]), algorithm])
  const recordBytes = name(keyName).length + 10 + algorithm.length + 8 + 2 + 32 + 6
  const bare = Buffer.from(question.subarray(0, question.length - recordBytes))
  bare.writeUInt16BE(0, 10)
  const macAt = question.length - 6 - 32
  const asked = question.subarray(macAt, macAt + 32)
  const askedTimers = question.subarray(macAt - 10, macAt - 2)
  const isRight = hmac(bare, fixed, askedTimers, numbers([0, 4])).equals(asked)
  let before = asked
  let pending: Buffer[] = []
  let isFirst = true
  return (message: Buffer, plain: boolean): Buffer => {
    if (plain) {
      pending.push(message)
      return message
    }
    const timers = numbers([now(), 6], [300, 2])
    const about = isFirst ? Buffer.concat([fixed, timers, numbers([0, 4])]) : timers
    const mac = isRight ? hmac(numbers([before.length, 2]), before, ...pending, message, about) : Buffer.alloc(0)
    before = mac
    pending = []
    isFirst = false
    const data = Buffer.concat([
      ...[algorithm, timers, numbers([mac.length, 2]), mac, message.subarray(0, 2)],
      numbers([isRight ? 0 : 16, 2], [0, 2]),
    ])
    const whole = Buffer.concat([message, name(keyName), numbers([250, 2], [255, 2], [0, 4], [data.length, 2]), data])
    whole.writeUInt16BE(1, 10)
    if (!isRight) whole.writeUInt16BE(0x8409, 2)
    return whole
  }
}
