import { once } from 'node:events'
import { createServer } from 'node:net'

/** One that nobody listens on at this moment. Another test may take it before its asker does, in one run of many thousands. */
export async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  listener.close()
  await once(listener, 'close')
  if (address === null || typeof address === 'string') throw new Error('the system gave no port')
  return address.port
}
