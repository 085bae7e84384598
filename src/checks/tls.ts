import { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import { DAY_MS } from '../domain/duty/time.ts'
import { TLS_VERSIONS, type TlsProbe } from '../domain/rules.ts'
import { connected, handshaken, isFor, secured } from './connect.ts'
import { listen } from './lines.ts'
import { type Around, inWords, type Look, type Seen, shown } from './look.ts'
import { startTls, TALK_BYTES } from './starttls.ts'

/** The certificate of a server: its chain is verified, its names, and how long the chain lasts. */
export const tlsProbe: Look<TlsProbe> = async (probe, around) => {
  const secure = await handshaken(around, () => opened(probe, around))
  try {
    return { ...judged(probe, secure, around.at), told: true }
  } finally {
    secure.destroy()
  }
}

async function opened(probe: TlsProbe, around: Around): Promise<TLSSocket> {
  const { host, starttls } = probe
  const socket = await connected(probe, { ...around, ip: probe.ip })
  try {
    if (starttls !== null) {
      around.enter('starttls')
      await startTls(starttls, socket, listen(socket, TALK_BYTES))
    }
    // Judged here and not by the handshake: that would end before it is known which certificate is meant. Nothing is ever sent.
    return await secured(socket, host, around, { judged: false })
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** A certificate of the chain and how it is called: `the certificate`, `the certificate of the authority "R11"`. */
interface Link {
  certificate: X509Certificate
  called: string
}

function judged({ host, daysLeft, names, protocol }: TlsProbe, secure: TLSSocket, at: number): Seen {
  const chain = chainOf(secure.getPeerCertificate(true))
  const [own] = chain
  if (!own) return { ok: false, saw: 'no certificate was shown' }
  // The chain first: of what nobody vouches for it matters little what it says.
  if (!secure.authorized) return { ok: false, saw: untrusted(secure, chain, at) }
  const missing = [host, ...names].filter((name) => !isFor(own.certificate, name))
  if (missing.length > 0) return { ok: false, saw: `the certificate is not valid for ${missing.join(', ')}` }
  const version = secure.getProtocol() ?? 'no protocol'
  const versions: readonly string[] = TLS_VERSIONS
  if (versions.indexOf(version) < versions.indexOf(protocol))
    return { ok: false, saw: `the target speaks ${version}, and at least ${protocol} is expected` }
  const { days, called } = shortest(chain, at)
  const saw = `${called} is valid for ${days} day${days === 1 ? '' : 's'} more (${version})`
  return days < daysLeft ? { ok: false, saw: `${saw}, less than ${daysLeft}` } : { ok: true, saw }
}

function shortest(chain: Link[], at: number): { days: number; called: string } {
  const ends = chain.map(({ certificate, called }) => ({
    days: Math.floor((Date.parse(certificate.validTo) - at) / DAY_MS),
    called,
  }))
  return ends.reduce((least, each) => (each.days < least.days ? each : least))
}

/** Why the chain is not trusted, and of which certificate that is said, where it is known. */
function untrusted(secure: TLSSocket, chain: Link[], at: number): string {
  const reason: unknown = secure.authorizationError
  const code = reason instanceof Error ? ((reason as NodeJS.ErrnoException).code ?? reason.message) : String(reason)
  const { days, called } = shortest(chain, at)
  if (code === 'CERT_HAS_EXPIRED' && days < 0) return `${called} has expired`
  return inWords(Object.assign(new Error(code), { code }))
}

/** From the server's own certificate to the last that is known. */
function chainOf(peer: DetailedPeerCertificate): Link[] {
  const chain: Link[] = []
  const met = new Set<string>()
  for (let each: DetailedPeerCertificate | undefined = peer; each?.raw; each = each.issuerCertificate) {
    if (met.has(each.fingerprint256)) break
    met.add(each.fingerprint256)
    const name = [each.subject.CN ?? each.subject.O ?? 'no name'].flat().join(' ')
    const called = chain.length === 0 ? 'the certificate' : `the certificate of the authority "${shown(name)}"`
    chain.push({ certificate: new X509Certificate(each.raw), called })
  }
  return chain
}
