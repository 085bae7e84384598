import type { FetchFile, UploadFile } from '../deps.ts'
import { messageOf } from '../errors.ts'

/** A file that comes slower than this is asked for again later. */
const FETCH_MS = 20_000

/**
 * Fetches files of Slack with the bot's token, as the bot sees them: nothing is made public for it. The token goes to Slack and to nobody
 * else, whatever address a payload names: over https to a host of Slack's, or to where its API is (a workspace of our own).
 *
 * @param apiUrl the prefix of the Web API
 */
export function fileFetcher(token: string, apiUrl: string): FetchFile {
  return async (address, mostBytes) => {
    const url = URL.canParse(address) ? new URL(address) : null
    if (!url || !isSlacks(url, apiUrl)) return { ok: false, again: false, why: 'its address is not of Slack' }
    try {
      const headers = { authorization: `Bearer ${token}` }
      const response = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(FETCH_MS) })
      if (response.status !== 200) {
        await response.body?.cancel()
        // Slack sends whoever may not have a file to its login page.
        const why =
          response.status >= 300 && response.status < 400
            ? 'Slack does not hand it out: the app lacks the scope files:read'
            : `Slack answers ${response.status}`
        return { ok: false, again: response.status === 429 || response.status >= 500, why }
      }
      const bytes = await upTo(response, mostBytes)
      return bytes === null
        ? { ok: false, again: false, why: `it is larger than ${Math.floor(mostBytes / 1_048_576)} MB` }
        : { ok: true, bytes }
    } catch (error) {
      return { ok: false, again: true, why: messageOf(error) }
    }
  }
}

/** Puts files where Slack says: to a host of Slack's and to nobody else. The address itself is the authority. */
export function fileUploader(apiUrl: string): UploadFile {
  return async (address, bytes) => {
    const url = URL.canParse(address) ? new URL(address) : null
    if (!url || !isSlacks(url, apiUrl)) return { ok: false, why: 'the address for it is not of Slack' }
    try {
      const body = new Uint8Array(bytes)
      const response = await fetch(url, {
        method: 'POST',
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(FETCH_MS),
      })
      await response.body?.cancel()
      return response.status === 200 ? { ok: true } : { ok: false, why: `Slack answers ${response.status}` }
    } catch (error) {
      return { ok: false, why: messageOf(error) }
    }
  }
}

function isSlacks(url: URL, apiUrl: string): boolean {
  if (url.username !== '' || url.password !== '') return false
  return url.origin === new URL(apiUrl).origin || (url.protocol === 'https:' && url.hostname.endsWith('.slack.com'))
}

/** The body; null as soon as it is larger. */
async function upTo(response: Response, most: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > most) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
