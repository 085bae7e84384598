import type { FetchCalendar, Fetched } from '../deps.ts'
import { refusedHost } from './address.ts'
import { type Ask, ask } from './ask.ts'
import { inWords } from './look.ts'

/** One deadline over all of it: names, connections, redirects, the body. */
const LONGEST_MS = 10_000

/** Years of a busy company's calendar have a megabyte or two. */
const BODY_BYTES = 5 * 1024 * 1024

/** Calendars move; whoever sends us further than this sends us round. */
const MOST_REDIRECTS = 3
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/**
 * Fetches a calendar by the rules of probes: every address is looked at before anything is sent there, that of a redirect too. Reasons
 * never repeat an address, of which a host is the most that they name: those of calendars are keys.
 */
export const fetchCalendar: FetchCalendar = async (address, allowPrivate) => {
  const deadline = AbortSignal.timeout(LONGEST_MS)
  let url = new URL(address)
  try {
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const answer = await fetched(url, { allowPrivate, signal: deadline })
      if (!('location' in answer)) return answer
      const next = URL.parse(answer.location, url)
      if (next === null || !/^https?:$/.test(next.protocol)) return { ok: false, why: 'redirects to no address' }
      if (url.protocol === 'https:' && next.protocol === 'http:')
        return { ok: false, why: 'redirects from https to http, where everybody could read its key' }
      url = next
    }
    return { ok: false, why: `redirects more than ${MOST_REDIRECTS} times` }
  } catch (error) {
    const why = deadline.aborted
      ? `did not come within ${LONGEST_MS / 1_000} s`
      : `could not be fetched: ${inWords(error)}`
    return { ok: false, why }
  }
}

async function fetched(
  url: URL,
  around: Pick<Ask, 'allowPrivate' | 'signal'>,
): Promise<Fetched | { location: string }> {
  const why = refusedHost(url.hostname, around.allowPrivate)
  if (why !== null) return { ok: false, why: `may not be fetched: ${why}` }
  const { status, line, headers, text, cut } = await ask(url, {
    ...around,
    headers: { accept: 'text/calendar, */*;q=0.1' },
    most: BODY_BYTES,
  })
  const location = headers.location?.toString()
  if (REDIRECTS.has(status) && location !== undefined) return { location }
  if (status !== 200) return { ok: false, why: `was answered with ${line}` }
  return calendarIn(cut ? null : text)
}

/** Pages to log in at are answered with 200 too, and half a calendar says that half of the people have no watch. */
function calendarIn(text: string | null): Fetched {
  if (text === null) return { ok: false, why: `has more than ${BODY_BYTES / 1024 / 1024} MB` }
  if (!/^\uFEFF?\s*BEGIN:VCALENDAR\s/i.test(text))
    return { ok: false, why: 'is no calendar: it does not begin like one' }
  if (!/\sEND:VCALENDAR\s*$/i.test(text)) return { ok: false, why: 'is only the beginning of a calendar' }
  return { ok: true, text }
}
