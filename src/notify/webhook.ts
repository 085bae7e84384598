import { webhookHeaders } from '../signing.ts'
import { lines, notConfigured, oneLine, type Provider, post } from './provider.ts'

const LONGEST = 3_000

/** Whatever somebody else has built, signed as Standard Webhooks (standardwebhooks.com): the same id is the same message. */
export const webhook: Provider = (to, { id, title, lines: all, severity, answer, at, data, over }, around) => {
  const by = around.by.webhook
  if (by === null) return Promise.resolve(notConfigured('webhook'))
  const body = JSON.stringify({
    type: over ? 'page.settled' : 'page.triggered',
    timestamp: new Date(at).toISOString(),
    data: {
      ...{ ...data, severity, title: oneLine(title, LONGEST), message: lines(all, LONGEST) },
      // A POST to it acknowledges.
      acknowledge_url: answer?.url ?? null,
    },
  })
  return post(around, { url: new URL(to), headers: webhookHeaders(by.secret, id, body, at), body })
}
