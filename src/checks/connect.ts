import type { X509Certificate } from 'node:crypto'
import { connect, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, type DetailedPeerCertificate, type TLSSocket, connect as tlsConnect } from 'node:tls'
import type { buildConnector } from 'undici'
import { lookup, refused, refusedHost } from './address.ts'
import type { Around } from './look.ts'
import { trust } from './trust.ts'

/** By which rules something is reached. */
export interface Way extends Pick<Around, 'allowPrivate' | 'signal' | 'names' | 'met' | 'handshake'> {
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
    const ask = lookup(allowPrivate, signal, way.names)
    const socket = connect({
      host,
      port,
      autoSelectFamily: true,
      noDelay: true,
      ...(way.ip && { family: way.ip }),
      lookup: (name, options, done) =>
        ask(name, options, (error, ...found) => {
          if (!error) enter?.('connection')
          done(error, ...found)
        }),
    })
    // By hand: a socket's own option for it costs more than the connection does.
    const abort = () => socket.destroy(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
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

/** TLS over a connection: the handshake is done, and the certificate is for the host, unless `judged` is false. */
export function secured(
  socket: Socket,
  host: string,
  { enter, met }: Pick<Way, 'enter' | 'met'>,
  { judged = true, ...options }: Pick<ConnectionOptions, 'ALPNProtocols'> & { judged?: boolean } = {},
): Promise<TLSSocket> {
  enter?.('tls')
  // Of a socket that is connected already TLS does not know to whom: without the host it would look for a certificate of `localhost`.
  const named = { host, ...(isIP(host) === 0 && { servername: host }) }
  return new Promise((resolve, reject) => {
    // Read once: it is made anew each time.
    let read: X509Certificate | undefined
    const shown = () => (read ??= secure.getPeerX509Certificate())
    const checkServerIdentity = () => wrongName(shown(), host)
    const identity = judged ? { checkServerIdentity } : { rejectUnauthorized: false }
    const secure: TLSSocket = tlsConnect({ socket, secureContext: trust(), ...named, ...options, ...identity })
    // Node asks for it only to hand it to `checkServerIdentity`, and making objects of a whole chain costs a fifth of the handshake.
    if (judged) secure.getPeerCertificate = () => ({}) as DetailedPeerCertificate
    secure.once('secureConnect', () => {
      // An error that nobody hears costs its stack.
      secure.off('close', closed)
      const certificate = met && shown()
      if (certificate) met({ kind: 'certificate', certificate })
      resolve(secure)
    })
    const closed = () => reject(new Error('the connection was closed during the handshake'))
    // Node calls it a reset when the other side says goodbye before the handshake is over.
    secure.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? closed() : reject(error)))
    secure.once('close', closed)
  })
}

function wrongName(certificate: X509Certificate | undefined, host: string): Error | undefined {
  if (certificate && isFor(certificate, host)) return undefined
  return Object.assign(new Error(`the certificate is not for ${host}`), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
}

/** Whether a certificate is for a name, or for an address. */
export const isFor = (certificate: X509Certificate, name: string) =>
  (isIP(name) === 0 ? certificate.checkHost(name.replace(/\.$/, '')) : certificate.checkIP(name)) !== undefined

/** Opens what needs a handshake when it is its turn. */
export async function handshaken<T>({ handshake }: Pick<Way, 'handshake'>, open: () => Promise<T>): Promise<T> {
  const end = await handshake?.()
  try {
    return await open()
  } finally {
    end?.()
  }
}

/** A connection to where an http or https URL leads, ready to be asked. */
export async function opened({ protocol, hostname, port }: Pick<URL, 'protocol' | 'hostname' | 'port'>, way: Way) {
  const host = hostname.replaceAll(/^\[|\]$/g, '')
  if (protocol !== 'https:') return connected({ host, port: Number(port) || 80 }, way)
  return handshaken(way, async () => {
    const socket = await connected({ host, port: Number(port) || 443 }, way)
    return secured(socket, host, way, { ALPNProtocols: ['http/1.1'] })
  })
}

/** How undici connects by our rules. Nothing is sent until the address that it connected to is allowed. */
export function guarded(way: Way): buildConnector.connector {
  return ({ hostname, port, protocol }, done) => {
    opened({ hostname, port, protocol }, way).then(
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
