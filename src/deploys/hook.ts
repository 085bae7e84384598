import type { CallOut, Request } from '../deps.ts'
import type { Hook } from '../domain/deploy/rules.ts'
import { errorOf } from './answer.ts'
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
      const detail = `${WHO[hook.kind]} answered ${errorOf(answer)}${mayNot(hook, status)}`
      return { outcome: status >= 500 || status === 408 ? 'unknown' : 'failed', detail }
    }
    default:
      return answer satisfies never
  }
}

const WHO: Record<Hook['kind'], string> = { webhook: 'it', github: 'GitHub', gitlab: 'GitLab' }

/** GitHub and GitLab answer with 404 to whoever may not know that there is something. */
function mayNot(hook: Hook, status: number): string {
  if (hook.kind === 'webhook' || (status !== 401 && status !== 403 && status !== 404)) return ''
  const what =
    hook.kind === 'github' ? `start ${hook.workflow} of ${hook.repository}` : `start pipelines of ${hook.project}`
  return `. Its token has ended or may not ${what}, or that is not there`
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
