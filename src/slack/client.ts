import { LogLevel, type Logger as SlackLogger } from '@slack/logger'
import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  WebClient,
  type WebClientOptions,
} from '@slack/web-api'
import type { SlackCall, SlackCalls, SlackResult } from '../deps.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'

/** A call that takes longer has an unknown outcome. Slack answers in a few hundred milliseconds. */
const CALL_MS = 5_000

/** A broken token, a missing scope of all calls: somebody has to mend it, and what is owed waits until then. */
const OPERATOR_MS = 15_000

/**
 * Two clients (reliability R5): pages have one of their own, because one 429 pauses a whole client, and bulk calls meet 429s. Retries are
 * off in both: the out-tray owns them, and the escalation clock goes on meanwhile.
 */
export function slackCalls(token: string, apiUrl: string, log: Logger): SlackCalls {
  let trouble: string | null = null
  const watched =
    (call: SlackCall): SlackCall =>
    async (method, args) => {
      const result = await call(method, args)
      const now = !result.ok && OPERATOR.has(result.reason) ? result.reason : null
      if (now !== null && now !== trouble)
        log.error({ method, reason: now }, 'Slack takes none of our calls: the token')
      if (now !== null || result.ok) trouble = now
      return result
    }
  const client = () => watched(caller(new WebClient(token, clientOptions(apiUrl, log))))
  return { pages: client(), rest: client(), trouble: () => trouble }
}

export const clientOptions = (apiUrl: string, log: Logger): WebClientOptions => ({
  slackApiUrl: apiUrl,
  retryConfig: { retries: 0 },
  timeout: CALL_MS,
  rejectRateLimitedCalls: true,
  allowAbsoluteUrls: false,
  logger: slackLogger(log),
})

function caller(client: WebClient): SlackCall {
  return async (method, args) => {
    try {
      return { ok: true, value: { ...(await client.apiCall(method, args)) } }
    } catch (error) {
      return classify(error)
    }
  }
}

/** Errors of a moment, by Slack's names. */
const PASSING = new Set([
  'fatal_error',
  'internal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
  'rollup_error',
])

/** Errors that concern the app as a whole. Nothing that is owed is given up for them: it goes out once they are mended. */
const OPERATOR = new Set([
  'not_authed',
  'invalid_auth',
  'account_inactive',
  'token_expired',
  'token_revoked',
  'access_denied',
  'org_login_required',
  'app_access_restricted',
  'team_access_not_granted',
])

/** Slack's names of errors, all of them so far. */
const ERROR_NAME = /^[a-z][a-z0-9_]{0,79}$/i

/** Maps whatever a call threw to "again", "unknown" or "never". */
function classify(error: unknown): Exclude<SlackResult<never>, { ok: true }> {
  if (error instanceof WebAPIRateLimitedError)
    return { ok: false, kind: 'again', reason: 'ratelimited', afterMs: error.retryAfter * 1_000 }
  if (error instanceof WebAPIPlatformError) {
    const reason = String(error.data.error)
    // A page of a proxy, or nothing: the SDK takes the whole text for the name of an error.
    if (error.data.error === undefined || !ERROR_NAME.test(reason))
      return { ok: false, kind: 'unknown', reason: "an answer that is not Slack's" }
    if (reason === 'ratelimited' || reason === 'rate_limited')
      return { ok: false, kind: 'again', reason, afterMs: (error.data.response_metadata?.retryAfter ?? 1) * 1_000 }
    if (OPERATOR.has(reason)) return { ok: false, kind: 'again', reason, afterMs: OPERATOR_MS }
    if (PASSING.has(reason)) return { ok: false, kind: 'unknown', reason }
    return { ok: false, kind: 'never', reason }
  }
  // Slack may have done what was asked before its front end failed.
  if (error instanceof WebAPIHTTPError) return { ok: false, kind: 'unknown', reason: `HTTP ${error.statusCode}` }
  if (error instanceof WebAPIRequestError) {
    const reason = rootCause(error.original)
    return NEVER_SENT.test(reason)
      ? { ok: false, kind: 'again', reason, afterMs: null }
      : { ok: false, kind: 'unknown', reason }
  }
  return { ok: false, kind: 'unknown', reason: messageOf(error) }
}

/** The connection was never made: nothing can have arrived. */
const NEVER_SENT = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|UND_ERR_CONNECT_TIMEOUT/

function rootCause(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown }
  if (typeof code === 'string') return code
  return cause === undefined ? messageOf(error) : rootCause(cause)
}

/** The SDK's log through ours. Never at debug: Socket Mode would print whole payloads there. */
export function slackLogger(log: Logger): SlackLogger {
  const child = log.child({ part: 'slack' })
  const line =
    (to: 'debug' | 'info' | 'warn') =>
    (...parts: unknown[]) =>
      child[to](parts.map(messageOf).join(' '))
  return {
    debug: () => {},
    info: line('debug'),
    warn: line('warn'),
    error: line('warn'),
    setLevel: () => {},
    getLevel: () => LogLevel.INFO,
    setName: () => {},
  }
}
