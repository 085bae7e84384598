import { problem } from './problem.ts'
import type { Routes } from './server.ts'

/** Liveness says that this process runs, whatever else does; readiness that it does its work. */
export function healthRoutes(notReady: () => string | null): Routes {
  return (server) => {
    server.get('/livez', async () => ({ status: 'ok' }))
    server.get('/readyz', async (_, reply) => {
      const missing = notReady()
      return missing === null ? { status: 'ok' } : problem(reply, 503, 'Not ready', missing)
    })
  }
}
