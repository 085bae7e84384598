import { form, lines, notConfigured, oneLine, type Provider, part, post, within } from './provider.ts'

const TITLE = 250
const MESSAGE = 1_024

/** What is urgent rings every minute until somebody acknowledges there, for an hour at most (pushover.net/api#priority). */
const RETRY_S = 60
const EXPIRE_S = 3_600

/** A push by Pushover. Acknowledged there, it calls us back. */
export const push: Provider = (user, { title, lines: all, severity, answer, over }, around) => {
  const by = around.by.push
  if (by === null) return Promise.resolve(notConfigured('push'))
  // What rings is silenced; a message that it is over would ring once more.
  if (over) {
    if (over.sent === null) return Promise.resolve({ ok: true, value: null })
    const cancel = within(by.url, `1/receipts/${encodeURIComponent(over.sent)}/cancel.json`)
    return post(around, { url: cancel, ...form({ token: by.token }) })
  }
  const urgent = severity === 'critical' || severity === 'error'
  const fields = {
    ...{ token: by.token, user, title: oneLine(title, TITLE), message: lines(all, MESSAGE) },
    ...(urgent
      ? { priority: '2', retry: String(RETRY_S), expire: String(EXPIRE_S), ...(answer && { callback: answer.url }) }
      : { priority: '1' }),
    ...(answer && { url: answer.url, url_title: answer.label }),
  }
  return post(around, { url: within(by.url, '1/messages.json'), ...form(fields) }, (json) => part(json, 'receipt'))
}
