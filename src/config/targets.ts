import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { leaf, mustBe, ok, type Read } from './leaf.ts'

/**
 * Addresses that the configuration makes Watchbill call. What a name resolves to is checked when it is connected to; here an address
 * that is written out is refused at once, so that the operator learns it from check-config and not from a failing probe.
 */

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Where clouds hand credentials to whoever asks from the machine itself. Never allowed, not even when listed. */
const METADATA_ADDRESSES = ['169.254.169.254', '169.254.170.2', '100.100.100.200', 'fd00:ec2::254']
const METADATA_NAMES = new Set(['metadata.google.internal', 'metadata.goog'])
const LONGEST_URL = 2_000

/** Which private and loopback addresses may be reached. */
export interface Network {
  allowPrivate: string[]
  /** False when the list itself has problems: then nothing is said about addresses that are not in it. */
  complete: boolean
}

export const cidr = leaf('an address range such as 10.0.0.0/8', (value): Read<string> => {
  if (typeof value !== 'string') return mustBe('an address range such as 10.0.0.0/8')
  if (!value.includes('/') && ipaddr.isValid(value)) {
    const bits = ipaddr.parse(value).kind() === 'ipv4' ? 32 : 128
    return { wrong: `must be an address range, not {it}; did you mean ${value}/${bits}?` }
  }
  if (!/^[0-9a-fA-F.:]+\/\d{1,3}$/.test(value) || !ipaddr.isValidCIDR(value)) {
    return mustBe('an address range such as 10.0.0.0/8')
  }
  if (ipaddr.parseCIDR(value)[1] === 0) return { wrong: 'must not be {it}, which is every address there is' }
  return ok(value)
})

/** An http or https URL without credentials, to an address that may be reached. Sentences never repeat it: it may hold a secret. */
export function url(network: Network) {
  return leaf('an http or https URL', (value): Read<string> => {
    if (typeof value !== 'string' || !URL.canParse(value)) return { wrong: 'must be an http or https URL' }
    if (value.length > LONGEST_URL) return { wrong: `must have at most ${LONGEST_URL} characters` }
    const parsed = new URL(value)
    if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
      return { wrong: 'must be an http or https URL' }
    }
    if (parsed.username !== '' || parsed.password !== '') {
      return { wrong: 'must not hold a user name or password: they would appear in logs and messages' }
    }
    const refused = refusedHost(parsed.hostname, network)
    return refused === null ? ok(parsed.href) : { wrong: refused }
  })
}

/** `host:port`, to an address that may be reached. */
export function hostAndPort(network: Network) {
  return leaf('a host and port such as example.com:443', (value): Read<string> => {
    const match = typeof value === 'string' ? /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(value) : null
    const port = Number(match?.[2])
    if (!match || port < 1 || port > 65_535 || !URL.canParse(`http://${match[1]}`)) {
      return mustBe('a host and port such as example.com:443')
    }
    const refused = refusedHost(new URL(`http://${match[1]}`).hostname, network)
    return refused === null ? ok(`${match[1]}:${port}`) : { wrong: refused }
  })
}

/** `smtp://user:password@host:587`, or smtps:// where TLS begins with the first byte. Sentences never repeat it. */
export function mailServer(network: Network) {
  const what = 'the address of a mail server, smtp://user:password@host:587 or smtps://user:password@host:465'
  return leaf(what, (value): Read<MailServer> => {
    const parsed = typeof value === 'string' ? URL.parse(value) : null
    if (parsed === null || !/^smtps?:$/.test(parsed.protocol) || parsed.hostname === '')
      return { wrong: `must be ${what}` }
    const refused = refusedHost(new URL(`http://${parsed.host}`).hostname, network)
    if (refused !== null) return { wrong: refused }
    const secure = parsed.protocol === 'smtps:'
    const [user, password] = [parsed.username, parsed.password].map(decoded)
    if (user === undefined || password === undefined)
      return { wrong: 'has a % in its login that is not written as %25' }
    return ok({
      ...{
        host: parsed.hostname.replaceAll(/^\[|\]$/g, ''),
        port: Number(parsed.port) || (secure ? 465 : 587),
        secure,
      },
      login: user === '' ? null : { user, password },
    })
  })
}

interface MailServer {
  host: string
  port: number
  secure: boolean
  login: { user: string; password: string } | null
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** The address of a name server, with or without a port, as `Resolver#setServers` takes it. */
export function nameServer(network: Network) {
  const what = 'the address of a name server such as 192.0.2.53 or [2001:db8::53]:5353'
  return leaf(what, (value): Read<string> => {
    const match = typeof value === 'string' ? /^(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::(\d{1,5}))?$/i.exec(value) : null
    const bare = typeof value === 'string' && isIP(value) === 6
    const host = bare ? value : (match?.[1] ?? match?.[2] ?? '')
    const port = Number(match?.[3] ?? 53)
    if (isIP(host) === 0 || port < 1 || port > 65_535) return mustBe(what)
    const shown = isIP(host) === 6 ? `[${host}]` : host
    const refused = refusedHost(new URL(`http://${shown}`).hostname, network)
    return refused === null ? ok(`${shown}:${port}`) : { wrong: refused }
  })
}

/** A name server by its address or its name, with or without a port: as `host:port`. */
export function dnsServer(network: Network) {
  const what = 'the address or the name of a name server such as 192.0.2.53, [2001:db8::53]:5353 or ns1.example.com'
  const address = nameServer(network)
  return leaf(what, (value): Read<string> => {
    const named = typeof value === 'string' ? /^((?:[a-z0-9_-]+\.)*[a-z][a-z0-9-]*)(?::(\d{1,5}))?$/i.exec(value) : null
    const read = named === null ? address.safeParse(value) : null
    if (read?.success) return ok(read.data)
    const wrong = read?.error?.issues[0]?.message
    if (wrong?.startsWith('reaches')) return { wrong }
    const port = Number(named?.[2] ?? 53)
    if (named?.[1] === undefined || port < 1 || port > 65_535) return mustBe(what)
    const refused = refusedHost(named[1], network)
    return refused === null ? ok(`${named[1].toLowerCase()}:${port}`) : { wrong: refused }
  })
}

/**
 * Why a host may not be reached, or null.
 *
 * @param hostname as `URL` gives it, which has already turned 127.1, 0x7f000001, 2130706433 and 0177.0.0.1 into 127.0.0.1
 */
function refusedHost(hostname: string, network: Network): string | null {
  const name = hostname.toLowerCase().replace(/\.$/, '')
  if (METADATA_NAMES.has(name)) return `must not reach ${name}, where clouds hand out credentials`
  const address = addressOf(name)
  if (address === null) return null
  const shown =
    name.replace(/^\[|\]$/g, '') === address.toString() ? address.toString() : `${name} (${address.toString()})`
  if (isMetadata(address)) return `must not reach ${shown}, where clouds hand out credentials`
  if (address.range() === 'unicast' || !network.complete || isAllowed(address, network)) return null
  return `reaches ${shown}, which is not a public address: list it in network.allow_private if that is meant`
}

function addressOf(name: string): Address | null {
  if (name === 'localhost' || name.endsWith('.localhost')) return ipaddr.parse('127.0.0.1')
  const bare = name.replace(/^\[|\]$/g, '')
  if (!ipaddr.isValid(bare)) return null
  const address = ipaddr.process(bare)
  // NAT64 carries an IPv4 address in its last 32 bits; the gateway would connect to that one.
  if (address.kind() === 'ipv6' && address.range() === 'rfc6052') {
    return ipaddr.fromByteArray(address.toByteArray().slice(12))
  }
  return address
}

function isMetadata(address: Address): boolean {
  return METADATA_ADDRESSES.some((one) => ipaddr.parse(one).toNormalizedString() === address.toNormalizedString())
}

function isAllowed(address: Address, network: Network): boolean {
  return network.allowPrivate.some((range) => {
    const [base, bits] = ipaddr.parseCIDR(range)
    return base.kind() === address.kind() && address.match(base, bits)
  })
}
