import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** Somebody else's HTTP server, on loopback. */
export interface StandIn {
  /** Without a slash at its end. */
  url: string
  close(): Promise<void>
}

/** @param answer called once a request has come whole */
export async function standIn(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<StandIn> {
  const server = createServer((request, response) => {
    text(request).then(
      (body) => answer(request, response, body),
      // Whoever asked has gone.
      () => {},
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
