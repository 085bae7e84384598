import type { Request } from '../deps.ts'
import type { Hook } from '../domain/deploy/rules.ts'
import { webhookHeaders } from '../signing.ts'
import type { Order } from './hook.ts'

/** A request signed as Standard Webhooks has it. */
export function signed(
  hook: Extract<Hook, { kind: 'webhook' }>,
  secret: string,
  { id, action, ...data }: Order,
  at: number,
): Request {
  const body = JSON.stringify({ type: `deploy.${action}`, timestamp: new Date(at).toISOString(), data })
  return { url: hook.url, headers: webhookHeaders(secret, id, body, at), body }
}
