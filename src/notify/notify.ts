import type { Carry } from '../deps.ts'
import type { Notify, Via } from '../domain/contact.ts'
import { keepSecret } from '../secrets.ts'
import { mail } from './mail.ts'
import { ntfy } from './ntfy.ts'
import type { Provider, Reach } from './provider.ts'
import { push } from './push.ts'
import { call, sms } from './twilio.ts'
import { webhook } from './webhook.ts'

/** Whoever carries it has answered by then, or counts as sick. */
const DEADLINE_MS = 10_000

const providers = { ntfy, push, sms, call, mail, webhook } satisfies Record<Via, Provider>

export const carrier =
  (reach: Reach): Carry =>
  ({ via, to }, notice, by, allowPrivate) => {
    // Whatever a carrier answers may repeat them.
    keepSecret(secretsOf(by))
    return providers[via](to, notice, { by, reach, allowPrivate, signal: AbortSignal.timeout(DEADLINE_MS) })
  }

const secretsOf = ({ ntfy: { token }, push: by, twilio, smtp, webhook: hook }: Notify): string[] =>
  [token, by?.token, twilio?.token, smtp?.login?.password, hook?.secret].flatMap((secret) => secret ?? [])
