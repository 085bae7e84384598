/** Slack takes an answer in a few hundred milliseconds; after this it is given another way. */
const RESPOND_MS = 3_000

/**
 * As `fetch`, for the addresses that Slack gives with a payload: one try, within a limit, and to that very address; a redirect is no answer.
 * The reply is read to its end, so that the connection is free again.
 */
export const fetchOnce: typeof fetch = async (address, init) => {
  const response = await fetch(address, { ...init, redirect: 'error', signal: AbortSignal.timeout(RESPOND_MS) })
  await response.arrayBuffer()
  return response
}

/** Answers through the address that came with a payload. */
export async function respond(responseUrl: string, message: Record<string, unknown>): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  await fetchOnce(responseUrl, { method: 'POST', headers, body: JSON.stringify(message) })
}
