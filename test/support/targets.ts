import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A real HTTP server with one path for each probed thing: `/home`, `/login`, … Each is well until it is told to fail. */
export interface Targets {
  url(name: string): string
  fail(names: readonly string[]): void
  recover(names?: readonly string[]): void
  /** Calls back whenever a failing answer leaves. */
  onFailure(listener: ((name: string) => void) | null): void
  requests(): number
  stop(): Promise<void>
}

export async function startTargets(): Promise<Targets> {
  const failing = new Set<string>()
  let listener: ((name: string) => void) | null = null
  let requests = 0
  const server: Server = createServer((request, response) => {
    requests += 1
    const name = (request.url ?? '/').slice(1)
    const fails = failing.has(name)
    response.statusCode = fails ? 503 : 200
    response.end(fails ? 'out of order' : 'ok')
    if (fails) listener?.(name)
  })
  // Probes of a thousand monitors open a connection each.
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 1_024, resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: (name) => `http://127.0.0.1:${port}/${name}`,
    fail(names) {
      for (const name of names) failing.add(name)
    },
    recover(names = [...failing]) {
      for (const name of names) failing.delete(name)
    },
    onFailure(next) {
      listener = next
    },
    requests: () => requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
