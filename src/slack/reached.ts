import type { Reached, Via } from '../domain/contact.ts'
import type { Contacted } from '../domain/incident.ts'
import { plain, when } from './text.ts'

/** What is said in Slack of reaching people beside it. */

/** How each is called. */
export const VIA = {
  ntfy: 'ntfy',
  push: 'Pushover',
  sms: 'SMS',
  call: 'phone',
  mail: 'mail',
  webhook: 'webhook',
} satisfies Record<Via, string>

/** What came of reaching somebody, in two words. */
export function reachedWords(via: Via, what: Reached, detail: string | null): string {
  switch (what) {
    case 'taken':
      return via === 'call' ? 'rings' : 'accepted'
    case 'delivered':
      return 'delivered'
    case 'answered':
      return 'answered'
    case 'unanswered':
      return `not answered${of(detail)}`
    case 'failing':
      return `not taken yet${of(detail)}`
    case 'failed':
      return `failed${of(detail)}`
    default:
      return what satisfies never
  }
}

const of = (detail: string | null) => (detail === null ? '' : `: ${plain(detail)}`)

/** Each way by which somebody was reached, with what came of it at last, and when: `ntfy 07:53:01 accepted · phone 07:55:04 answered`. */
export function evidence(all: readonly Contacted[], zone: string): string[] {
  const ways = Map.groupBy(all, ({ page, via }) => `${page} ${via}`)
  return [...ways.values()].map((attempts) => {
    const [first] = attempts
    const last = attempts.at(-1) ?? first
    if (!first || !last) return ''
    return `${VIA[first.via]} ${when(last.at, zone, '{time_secs}')} ${reachedWords(last.via, last.what, last.detail)}`
  })
}
