import type { Severity } from '../domain/rules.ts'
import { lines, oneLine, type Provider, part, post } from './provider.ts'

/** What ntfy takes: a longer message becomes a file, which nobody opens at night. */
const TITLE = 200
const MESSAGE = 3_000

const PRIORITY = { critical: 5, error: 5, warning: 4, info: 3 } satisfies Record<Severity, number>

/** A push by ntfy (docs.ntfy.sh/publish, as JSON): the button acts, and a touch of the notification opens a page with a button. */
export const ntfy: Provider = (topic, { title, lines: all, severity, answer, over }, around) => {
  const { url, token } = around.by.ntfy
  return post(
    around,
    {
      url: new URL(url),
      headers: { 'content-type': 'application/json', ...(token !== null && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({
        ...{ topic, title: oneLine(title, TITLE), message: lines(all, MESSAGE), priority: PRIORITY[severity] },
        tags: [over ? 'white_check_mark' : 'rotating_light'],
        ...(answer && {
          click: answer.url,
          actions: [{ action: 'http', label: answer.label, url: answer.url, method: 'POST', clear: true }],
        }),
      }),
    },
    (json) => part(json, 'id'),
  )
}
