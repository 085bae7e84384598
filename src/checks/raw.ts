import type { Socket } from 'node:net'
import type { Answer, Question } from './answer.ts'
import { opened, type Way } from './connect.ts'
import { unframed } from './framed.ts'
import { framingOf, type Head, headReader } from './head.ts'
import { type Around, closed } from './look.ts'

/**
 * Asks over a socket of its own with a request written by hand: of all ways the cheapest and the one that lies least about how long an answer
 * took, since nothing stands between the probe and the socket. The caller closes the answer.
 */
export async function askRaw(question: Question, around: Around & Pick<Way, 'ip'>): Promise<Answer> {
  const socket = await opened(question.url, around)
  try {
    around.enter('answer')
    socket.write(request(question), 'latin1')
    const head = await headOf(socket, around)
    const { status, headers, rest } = head
    const body = unframed(pieces(rest, socket), framingOf(question.method, head))
    return { status, headers, body, close: () => socket.destroy() }
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** Names and values are the configuration's and plain ASCII; the path is encoded by URL. */
function request({ url, method, headers, body }: Question): string {
  const bytes = body === null ? '' : Buffer.from(body, 'utf8').toString('latin1')
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = method === 'POST' ? `content-length: ${bytes.length}\r\n` : ''
  return `${method} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n${fields.join('')}${length}\r\n${bytes}`
}

function headOf(socket: Socket, { enter }: Pick<Around, 'enter'>): Promise<Head> {
  const reader = headReader()
  let began = false
  return new Promise((resolve, reject) => {
    const settle = () => {
      socket.off('data', take).off('end', ended).off('close', ended).off('error', failed)
      socket.pause()
    }
    const failed = (error: unknown) => {
      settle()
      reject(error)
    }
    const ended = () => failed(closed())
    const take = (chunk: Buffer) => {
      if (!began) enter('headers')
      began = true
      try {
        const head = reader.take(chunk)
        if (head === null) return
        settle()
        resolve(head)
      } catch (error) {
        failed(error)
      }
    }
    socket.on('data', take).on('end', ended).on('close', ended).on('error', failed)
  })
}

async function* pieces(first: Buffer, socket: Socket): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first
  yield* socket
}
