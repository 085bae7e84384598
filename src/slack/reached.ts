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

/** Each way by which somebody was reached for a page, with what came of it at last, and when: `ntfy 07:53:01 accepted`, `phone 07:55:04 answered`. */
export function evidence(all: readonly Contacted[], page: string, zone: string): string[] {
  const latest = new Map(all.filter((each) => each.page === page).map((each) => [each.via, each]))
  return [...latest.values()].map(
    ({ via, at, what, detail }) => `${VIA[via]} ${when(at, zone, '{time_secs}')} ${reachedWords(via, what, detail)}`,
  )
}
