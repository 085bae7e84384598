import { type BackendFactory, createRedisBackend, type IQueueBackend } from 'bullmq'
import { Redis } from 'ioredis'
import { answered, type Backend } from './queues.ts'
import { parseRedisUrl, REDIS_ADDRESS } from './redis-address.ts'

const CONNECT_MS = 5_000
/** Between two tries to connect, at most. */
const LONGEST_RETRY_MS = 1_000

const retry = (times: number) => Math.min(times * 100, LONGEST_RETRY_MS)

/** One Redis server, or a group of them behind Sentinels. Its database is the installation's own: BullMQ's names are always the same. */
export function redisBackend(url: string): Backend {
  const address = parseRedisUrl(url)
  if (address === null) throw new Error(`REDIS_URL must be ${REDIS_ADDRESS}`)
  return {
    name: 'Redis',
    async connect(onError) {
      const client = new Redis({
        ...address,
        lazyConnect: true,
        connectTimeout: CONNECT_MS,
        retryStrategy: retry,
        sentinelRetryStrategy: retry,
        sentinelCommandTimeout: CONNECT_MS,
        // A worker waits for its next job on a copy of this connection, across reconnects; how long is our watchdog's to say.
        maxRetriesPerRequest: null,
      })
      let reason: unknown
      client.on('error', (error) => {
        reason = error
        onError(error)
      })
      try {
        await answered(client.connect())
      } catch (error) {
        client.disconnect()
        // That the connection was closed is known; why it was is what went before.
        throw reason ?? error
      }
      // The workers block on copies, and BullMQ may be about to connect one again that it has let go: so they are ours to close.
      const copies: Redis[] = []
      const duplicate = client.duplicate.bind(client)
      client.duplicate = (override) => {
        const copy = duplicate(override)
        // BullMQ stops listening before it is over.
        copy.on('error', () => {})
        copies.push(copy)
        return copy
      }
      return {
        connection: client,
        factory: createRedisBackend as BackendFactory<IQueueBackend, unknown>,
        drainDelay: 5,
        close: async () => {
          for (const each of [client, ...copies]) {
            each.disconnect()
            each.connect = () => Promise.reject(new Error('the queue was let go'))
          }
        },
      }
    },
  }
}
