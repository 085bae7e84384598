import { lookup as systemLookup } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { type Address, listedAddresses } from './hosts.ts'
import { freshNames, type Names } from './names.ts'

/**
 * Which addresses may be reached. Asked three times: about a host that is an address (a lookup hook is not asked about those), about what
 * a name resolves to, both before anything is sent (under TLS a greeting goes out before the connection is ours), and about the address
 * that a connection really has.
 */

/** Addresses at which clouds keep their credentials: never, whatever the configuration says. */
const METADATA = new Set(['169.254.169.254', '169.254.170.2', 'fd00:ec2::254', '100.100.100.200'])

/** What was found of addresses, by the list that it was found by: a probe asks thrice, and the answer is always the same. */
const found = new WeakMap<readonly string[], Map<string, string | null>>()
const MOST_FOUND = 20_000

/** What has to be done about it: a prober, which has no configuration, says it otherwise. */
export const NOT_LISTED = 'network.allow_private does not list it'

/** Null when the address may be reached, else why not. */
export function refused(address: string, allowPrivate: readonly string[]): string | null {
  let known = found.get(allowPrivate)
  if (known === undefined || known.size >= MOST_FOUND) {
    known = new Map()
    found.set(allowPrivate, known)
  }
  const before = known.get(address)
  if (before !== undefined) return before
  const why = judged(address, allowPrivate)
  known.set(address, why)
  return why
}

function judged(address: string, allowPrivate: readonly string[]): string | null {
  const ip = meant(address)
  if (METADATA.has(ip.toString())) return `${address} is a metadata address, which is never probed`
  if (ip.range() === 'unicast') return null
  const allowed = allowPrivate.some((range) => {
    const [base, bits] = ipaddr.parseCIDR(range)
    return base.kind() === ip.kind() && ip.match(base, bits)
  })
  return allowed ? null : `${address} is a ${ip.range()} address, and ${NOT_LISTED}`
}

/** NAT64 carries an IPv4 address in its last 32 bits; the gateway would connect to that one. */
function meant(address: string): ipaddr.IPv4 | ipaddr.IPv6 {
  const ip = ipaddr.process(address)
  return ip.range() === 'rfc6052' ? ipaddr.fromByteArray(ip.toByteArray().slice(12)) : ip
}

/**
 * A lookup that asks afresh each time, and answers with what may be reached: the hosts file first, as the system does, then DNS. Of a name
 * that DNS says it does not know, the system is asked, which may have other ways.
 */
export const lookup =
  (allowPrivate: readonly string[], signal: AbortSignal, names: Names = freshNames): LookupFunction =>
  (host, options, done) => {
    resolve(host, signal, names)
      .then((addresses) => {
        const family = options.family === 'IPv4' ? 4 : options.family === 'IPv6' ? 6 : options.family
        const fitting = addresses.filter((each) => !family || each.family === family)
        const reasons = fitting.map(({ address }) => refused(address, allowPrivate))
        const allowed = fitting.filter((_, index) => reasons[index] === null)
        const [first] = allowed
        if (!first && reasons[0]) throw new Error(reasons[0])
        if (!first) throw new Error(`the name has no ${family ? `IPv${family} ` : ''}address`)
        if (options.all) done(null, allowed)
        else done(null, first.address, first.family)
      })
      .catch((error: NodeJS.ErrnoException) => done(error, '', 0))
  }

/** Of a host as it stands in a URL: why it may not be reached, when it is such an address; null for names and for what is allowed. */
export function refusedHost(host: string, allowPrivate: readonly string[]): string | null {
  const bare = host.replaceAll(/^\[|\]$/g, '')
  return isIP(bare) === 0 ? null : refused(bare, allowPrivate)
}

/**
 * So many questions to the system are under way at once. It answers each in one of four threads, which files are read in, too, and takes many
 * seconds where nothing answers: thousands of names that nobody resolves would pile up there.
 */
const SYSTEM_AT_ONCE = 2
let askingSystem = 0

/** What DNS says of a name that it does not know. */
const UNKNOWN = new Set(['ENOTFOUND', 'ENODATA'])
const NOTHING: NodeJS.ErrnoException = Object.assign(new Error('no address'), { code: 'ENODATA' })

async function resolve(host: string, signal: AbortSignal, names: Names): Promise<readonly Address[]> {
  // RFC 6761: so are all names beneath it.
  if (/^(?:.+\.)?localhost\.?$/i.test(host))
    return [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ]
  const listed = await listedAddresses(host)
  if (listed.length > 0) return listed
  const [v4, v6] = await names(host, signal)
  const found = [
    ...(v4.status === 'fulfilled' ? v4.value.map((address) => ({ address, family: 4 })) : []),
    ...(v6.status === 'fulfilled' ? v6.value.map((address) => ({ address, family: 6 })) : []),
  ]
  if (found.length > 0) return found
  const reasons = [v4, v6].flatMap((each) => (each.status === 'rejected' ? [each.reason as NodeJS.ErrnoException] : []))
  // What failed says more than what was not found.
  const reason = reasons.find(({ code }) => !UNKNOWN.has(code ?? '')) ?? reasons[0] ?? NOTHING
  if (!UNKNOWN.has(reason.code ?? '') || askingSystem >= SYSTEM_AT_ONCE) throw reason
  askingSystem++
  return systemLookup(host, { all: true }).finally(() => askingSystem--)
}
