import type { Socket } from 'node:net'

/**
 * What a socket says, as far as somebody asks. Read by hand and not by `for await`: that would close the socket with the first loop that
 * ends, and TLS may still begin on it.
 */
export function listen(socket: Socket, mostBytes: number) {
  let heard = ''
  let total = 0
  /** One byte, one character: limits count bytes, and what is compared is compared as bytes. */
  const more = () =>
    new Promise<boolean>((resolve, reject) => {
      const take = () => {
        const chunk: Buffer | null = socket.read()
        if (chunk === null && !socket.readableEnded && !socket.destroyed) return
        settle()
        if (chunk) {
          heard += chunk.toString('latin1')
          total += chunk.length
        }
        resolve(chunk !== null)
      }
      const fail = (error: Error) => {
        settle()
        reject(error)
      }
      const settle = () => {
        socket.off('readable', take).off('end', take).off('close', take).off('error', fail)
      }
      socket.on('readable', take).on('end', take).on('close', take).on('error', fail)
      if (socket.readableLength > 0 || socket.readableEnded || socket.destroyed) take()
    })
  return {
    /** Everything so far that no line was made of. */
    rest: () => heard,
    /** Waits for more; false when nothing comes any more, or the limit is reached. */
    more: async () => total < mostBytes && (await more()),
    /** Takes a line off what came, null when none is whole yet. */
    line: (): string | null => {
      const end = heard.indexOf('\n')
      if (end === -1) return null
      const line = heard.slice(0, end).replace(/\r$/, '')
      heard = heard.slice(end + 1)
      return line
    },
  }
}

export type Listening = ReturnType<typeof listen>
