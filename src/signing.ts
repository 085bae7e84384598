import { createHmac, timingSafeEqual } from 'node:crypto'

/** Whether two texts are the same, in a time that says nothing of where they differ. */
export function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)] as const
  return a.length === b.length && timingSafeEqual(a, b)
}

/**
 * The headers of a JSON body that is signed as Standard Webhooks has it (standardwebhooks.com): `webhook-signature` is `v1,` and the
 * HMAC-SHA256 of `id.timestamp.body` in base64. A secret that begins with `whsec_` is base64, as there; any other is taken as it is.
 *
 * @param at UTC ms
 */
export function webhookHeaders(secret: string, id: string, body: string, at: number): Record<string, string> {
  const timestamp = String(Math.floor(at / 1_000))
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret)
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  }
}
