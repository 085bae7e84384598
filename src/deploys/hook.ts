import type { CallOut, Request } from '../deps.ts'
import type { Hook } from '../domain/deploy/rules.ts'
import { dispatchWorkflow } from './github.ts'
import { startPipeline } from './gitlab.ts'
import { signed } from './webhook.ts'

/** What is to happen, as whoever does it hears it. */
export interface Order {
  /** Names this order: the same again is the same. */
  id: string
  action: 'start' | 'resume' | 'rollback' | 'halt'
  deploy: number
  service: string
  environment: string
  version: string
  kind: 'deploy' | 'rollback' | 'fix'
  by: string
  reason: string | null
}

/** What came of it. `failed`: it certainly did not happen. */
export interface Done {
  outcome: 'done' | 'failed' | 'unknown'
  detail: string
}

/**
 * Calls the hook of a service. A status of 5xx, and a connection that broke once the order was out, leave it open whether anything happened.
 *
 * @param at when it is sent, UTC ms
 */
export async function callHook(
  call: CallOut,
  hook: Hook,
  secret: string,
  order: Order,
  allowPrivate: readonly string[],
  at: number,
): Promise<Done> {
  const answer = await call(requestOf(hook, secret, order, at), allowPrivate)
  switch (answer.came) {
    case 'unsent':
      return { outcome: 'failed', detail: answer.why }
    case 'nothing':
      return { outcome: 'unknown', detail: answer.why }
    case 'answer': {
      const { status, line } = answer
      if (status >= 200 && status < 300) return { outcome: 'done', detail: line }
      return { outcome: status >= 500 || status === 408 ? 'unknown' : 'failed', detail: `it answered ${line}` }
    }
    default:
      return answer satisfies never
  }
}

function requestOf(hook: Hook, secret: string, order: Order, at: number): Request {
  switch (hook.kind) {
    case 'webhook':
      return signed(hook, secret, order, at)
    case 'github':
      return dispatchWorkflow(hook, secret, order)
    case 'gitlab':
      return startPipeline(hook, secret, order)
    default:
      return hook satisfies never
  }
}
