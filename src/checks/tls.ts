import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { DAY_MS } from '../domain/duty/time.ts'
import type { TlsProbe } from '../domain/rules.ts'
import { connected } from './connect.ts'
import type { Look } from './look.ts'

/** The certificate of a server: its chain is verified, its name, and how long it lasts. */
export const tlsProbe: Look<TlsProbe> = async (probe, around) => {
  const { host, daysLeft } = probe
  const socket = await connected(probe, around)
  const secure = connect({ socket, ...(isIP(host) === 0 ? { servername: host } : {}) })
  try {
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve)
      secure.once('error', reject)
      secure.once('close', () => reject(new Error('the connection was closed during the handshake')))
    })
    const certificate = secure.getPeerX509Certificate()
    if (!certificate) return { ok: false, saw: 'no certificate was shown' }
    const days = Math.floor((Date.parse(certificate.validTo) - around.at) / DAY_MS)
    const saw = `the certificate is valid for ${days} day${days === 1 ? '' : 's'} more (${secure.getProtocol()})`
    return days < daysLeft ? { ok: false, saw: `${saw}, less than ${daysLeft}` } : { ok: true, saw }
  } finally {
    secure.destroy()
    socket.destroy()
  }
}
