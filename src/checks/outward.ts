import { STATUS_CODES } from 'node:http'
import { Client } from 'undici'
import type { PingOutward } from '../deps.ts'
import { refusedHost } from './address.ts'
import { guarded } from './connect.ts'
import { inWords } from './look.ts'

const LONGEST_MS = 5_000

/** Tells the watcher of the watcher that all is well; by the rules of probes. What is said of a failure never repeats the address: it is a key. */
export const pingOutward: PingOutward = async (address, allowPrivate) => {
  const url = new URL(address)
  const why = refusedHost(url.hostname, allowPrivate)
  if (why !== null) return { ok: false, why }
  const signal = AbortSignal.timeout(LONGEST_MS)
  const client = new Client(url.origin, { connect: guarded({ allowPrivate, signal }), pipelining: 0, allowH2: false })
  try {
    const { statusCode } = await client.request({
      path: `${url.pathname}${url.search}`,
      method: 'GET',
      headers: { 'user-agent': 'Watchbill', connection: 'close' },
      signal,
    })
    if (statusCode >= 200 && statusCode < 300) return { ok: true }
    return { ok: false, why: `${statusCode} ${STATUS_CODES[statusCode] ?? ''}`.trim() }
  } catch (error) {
    return { ok: false, why: inWords(error) }
  } finally {
    client.destroy().catch(() => {})
  }
}
