/** A Redis server, or the Sentinels that know which one it is at the moment; named as `ioredis` names its options. */
export type RedisAddress = Account & (Host | Sentinels)

interface Account {
  username?: string
  password?: string
  db: number
  /** Empty: the certificates that the machine trusts are trusted. */
  tls?: Record<string, never>
}

interface Host {
  host: string
  port: number
}

interface Sentinels {
  sentinels: Host[]
  /** What the Sentinels call the servers that they watch. */
  name: string
  sentinelUsername?: string
  sentinelPassword?: string
  sentinelTLS?: Record<string, never>
  enableTLSForSentinelMode?: boolean
}

/** What {@link parseRedisUrl} reads, for a sentence. */
export const REDIS_ADDRESS =
  'the address of a Redis server, redis://user:password@host:6379/0, or of Sentinels and what they watch, redis+sentinel://user:password@host:26379,host:26379/mymaster/0 (rediss with TLS)'

const PORT = 6_379
const SENTINEL_PORT = 26_379

const ADDRESS =
  /^redis(?<tls>s?)(?<sentinel>\+sentinel)?:\/\/(?:(?<user>[^:@/?]*)(?::(?<password>[^@/?]*))?@)?(?<hosts>[^@/?]+)(?:\/(?<path>[^?]*))?(?:\?(?<query>.*))?$/i
const HOST = /^(?<host>[\w.-]+|\[[\da-f:.]+\])(?::(?<port>\d{1,5}))?$/i
const DATABASE = /^\d{0,5}$/

type Parts = Partial<Record<'tls' | 'sentinel' | 'user' | 'password' | 'hosts' | 'path' | 'query', string>>

/**
 * Reads `redis[s]://[user:password@]host[:port][/database]` and `redis[s]+sentinel://[user:password@]host[:port][,…]/name[/database]`;
 * the latter with `?sentinel_username=` and `?sentinel_password=` where the Sentinels want their own.
 *
 * @returns null when it is neither
 */
export function parseRedisUrl(url: string): RedisAddress | null {
  const parts: Parts | undefined = ADDRESS.exec(url)?.groups
  if (!parts) return null
  try {
    return parts.sentinel ? sentinelsOf(parts) : serverOf(parts)
  } catch {
    // A percent sign that encodes nothing.
    return null
  }
}

function serverOf(parts: Parts): RedisAddress | null {
  const [host, ...others] = hostsOf(parts, PORT)
  const [db = '', ...rest] = pathOf(parts)
  if (!host || others.length > 0 || rest.length > 0 || !DATABASE.test(db) || parts.query) return null
  return { ...accountOf(parts), ...host, db: Number(db) }
}

function sentinelsOf(parts: Parts): RedisAddress | null {
  const hosts = hostsOf(parts, SENTINEL_PORT)
  const sentinels = hosts.filter((host) => host !== null)
  const [name = '', db = '', ...rest] = pathOf(parts)
  const { sentinel_username: user, sentinel_password: password, ...others } = queryOf(parts)
  if (sentinels.length < hosts.length || name === '' || !DATABASE.test(db)) return null
  if (rest.length > 0 || Object.keys(others).length > 0) return null
  return {
    ...accountOf(parts),
    ...{ sentinels, name, db: Number(db) },
    ...(user && { sentinelUsername: user }),
    ...(password && { sentinelPassword: password }),
    ...(parts.tls && { sentinelTLS: {}, enableTLSForSentinelMode: true }),
  }
}

const accountOf = ({ user, password, tls }: Parts) => ({
  ...(user && { username: decodeURIComponent(user) }),
  ...(password && { password: decodeURIComponent(password) }),
  ...(tls && { tls: {} }),
})

const hostsOf = ({ hosts = '' }: Parts, otherwise: number) => hosts.split(',').map((host) => hostOf(host, otherwise))

function hostOf(text: string, otherwise: number): Host | null {
  const { host, port = otherwise } = HOST.exec(text)?.groups ?? {}
  return host && Number(port) <= 65_535 ? { host: host.replace(/^\[|\]$/g, ''), port: Number(port) } : null
}

const pathOf = ({ path = '' }: Parts) => path.replace(/\/$/, '').split('/').map(decodeURIComponent)

const queryOf = ({ query = '' }: Parts): Record<string, string> => Object.fromEntries(new URLSearchParams(query))
