import { createHmac } from 'node:crypto'
import type { Request } from '../deps.ts'
import type { Hook } from '../domain/deploy/rules.ts'
import type { Order } from './hook.ts'

/**
 * A request signed as Standard Webhooks has it: `webhook-signature` is `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64. A secret
 * that begins with `whsec_` is base64, as there; any other is taken as it is.
 */
export function signed(
  hook: Extract<Hook, { kind: 'webhook' }>,
  secret: string,
  { id, action, ...data }: Order,
  at: number,
): Request {
  const timestamp = String(Math.floor(at / 1_000))
  const body = JSON.stringify({ type: `deploy.${action}`, timestamp: new Date(at).toISOString(), data })
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    url: hook.url,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    },
    body,
  }
}

const keyOf = (secret: string): Buffer =>
  secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret)
