import { connect, type Socket } from 'node:net'
import { lookup, refused, refusedHost } from './address.ts'
import type { Around } from './look.ts'

/**
 * A fresh TCP connection to an address that may be reached: the host is looked at when it is an address, every address that its name
 * resolves to, and the one that the connection really has. Rejects with what went wrong; the caller destroys the socket.
 */
export function connected(
  { host, port }: { host: string; port: number },
  { allowPrivate, signal }: Pick<Around, 'allowPrivate' | 'signal'>,
): Promise<Socket> {
  const why = refusedHost(host, allowPrivate)
  if (why !== null) return Promise.reject(new Error(why))
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, lookup: lookup(allowPrivate), autoSelectFamily: true, signal })
    socket.once('error', reject)
    socket.once('connect', () => {
      const reason = refused(socket.remoteAddress ?? '0.0.0.0', allowPrivate)
      if (reason === null) return resolve(socket)
      socket.destroy()
      reject(new Error(reason))
    })
  })
}
