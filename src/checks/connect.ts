import { connect, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls'
import type { buildConnector } from 'undici'
import { lookup, refused, refusedHost } from './address.ts'
import type { Around } from './look.ts'

/** By which rules something is reached. */
export interface Way extends Pick<Around, 'allowPrivate' | 'signal'> {
  enter?: Around['enter']
  /** Only addresses of this family. */
  ip?: 4 | 6 | null
}

/**
 * A fresh TCP connection to an address that may be reached: the host is looked at when it is an address, every address that its name
 * resolves to, and the one that the connection really has. Rejects with what went wrong. The caller destroys the socket; the signal
 * does so too.
 */
export function connected({ host, port }: { host: string; port: number }, way: Way): Promise<Socket> {
  const { allowPrivate, signal, enter } = way
  const why = refusedHost(host, allowPrivate)
  if (why !== null) return Promise.reject(new Error(why))
  return new Promise((resolve, reject) => {
    enter?.(isIP(host) === 0 ? 'name' : 'connection')
    const ask = lookup(allowPrivate, signal)
    const socket = connect({
      host,
      port,
      signal,
      autoSelectFamily: true,
      noDelay: true,
      ...(way.ip && { family: way.ip }),
      lookup: (name, options, done) =>
        ask(name, options, (error, ...found) => {
          if (!error) enter?.('connection')
          done(error, ...found)
        }),
    })
    // Stays: a connection that breaks while nobody listens is no reason to end the process.
    socket.on('error', reject)
    socket.once('connect', () => {
      const reason = refused(socket.remoteAddress ?? '0.0.0.0', allowPrivate)
      if (reason === null) return resolve(socket)
      socket.destroy()
      reject(new Error(reason))
    })
  })
}

/** TLS over a connection: the handshake is done, and the certificate is for the host, unless `options` say otherwise. */
export function secured(
  socket: Socket,
  host: string,
  { enter }: Pick<Way, 'enter'>,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  enter?.('tls')
  // Of a socket that is connected already TLS does not know to whom: without the host it would look for a certificate of `localhost`.
  const named = { host, ...(isIP(host) === 0 && { servername: host }) }
  return new Promise((resolve, reject) => {
    const secure = tlsConnect({ socket, ...named, ...options })
    secure.once('secureConnect', () => resolve(secure))
    const closed = () => reject(new Error('the connection was closed during the handshake'))
    // Node calls it a reset when the other side says goodbye before the handshake is over.
    secure.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? closed() : reject(error)))
    secure.once('close', closed)
  })
}

/** How undici connects by our rules. Nothing is sent until the address that it connected to is allowed. */
export function guarded(way: Way): buildConnector.connector {
  return ({ hostname, port, protocol }, done) => {
    const secure = protocol === 'https:'
    const host = hostname.replaceAll(/^\[|\]$/g, '')
    const open = async () => {
      const socket = await connected({ host, port: Number(port) || (secure ? 443 : 80) }, way)
      return secure ? secured(socket, host, way, { ALPNProtocols: ['http/1.1'] }) : socket
    }
    open().then(
      (socket) => {
        way.enter?.('answer')
        // The end of a connection is readable, too, and no first byte.
        socket.once('readable', () => socket.readableLength > 0 && way.enter?.('headers'))
        done(null, socket)
      },
      (error) => done(error, null),
    )
  }
}
