import type { Routes } from './server.ts'

/** `GET /metrics`, for Prometheus. */
export function metricsRoutes(scrape: () => Promise<string>, contentType: string): Routes {
  return (server) => {
    server.get('/metrics', async (_, reply) => reply.type(contentType).send(await scrape()))
  }
}
