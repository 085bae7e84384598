import { createHmac } from 'node:crypto'
import { lines, notConfigured, oneLine, type Provider, post } from './provider.ts'

const LONGEST = 3_000

/** Whatever somebody else has built, signed as Standard Webhooks (standardwebhooks.com): the same id is the same message. */
export const webhook: Provider = (to, { id, title, lines: all, severity, answer, at, data }, around) => {
  const by = around.by.webhook
  if (by === null) return Promise.resolve(notConfigured('webhook'))
  const body = JSON.stringify({
    type: 'page.triggered',
    timestamp: new Date(at).toISOString(),
    data: {
      ...{ ...data, severity, title: oneLine(title, LONGEST), message: lines(all, LONGEST) },
      // A POST to it acknowledges.
      acknowledge_url: answer?.url ?? null,
    },
  })
  const stamp = String(Math.floor(at / 1_000))
  return post(around, {
    url: new URL(to),
    headers: {
      'content-type': 'application/json',
      ...{
        'webhook-id': id,
        'webhook-timestamp': stamp,
        'webhook-signature': sign(by.secret, `${id}.${stamp}.${body}`),
      },
    },
    body,
  })
}

/** Secrets are written as `whsec_` and base64; any other text is the key as it stands. */
function sign(secret: string, signed: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret)
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`
}
