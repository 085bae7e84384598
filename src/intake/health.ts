import { problem } from './problem.ts'
import type { Routes } from './server.ts'

/** One thing that must be well for this process to do its work; `problem` is a sentence, null when all is well. */
export interface Check {
  name: string
  problem: string | null
  /** What must not be overlooked though all is well. */
  note?: string
}

/** Liveness says that this process runs, whatever else does; readiness that it does its work (`?verbose`: what of it). */
export function healthRoutes(checks: () => Promise<Check[]>): Routes {
  const open = 'says how this process does, and nothing else'
  return (server) => {
    server.get('/livez', { config: { open } }, async () => ({ status: 'ok' }))
    server.get('/readyz', { config: { open } }, async (request, reply) => {
      const all = await checks()
      const note = all.find((check) => check.note !== undefined)?.note
      const missing = all.find((check) => check.problem !== null)?.problem ?? null
      if (!Object.hasOwn(request.query as object, 'verbose'))
        return missing === null ? { status: 'ok', ...(note && { note }) } : problem(reply, 503, 'Not ready', missing)
      const listed = all.map(({ name, problem, note }) => ({
        ...{ name, ok: problem === null },
        ...(problem && { problem }),
        ...(note && { note }),
      }))
      return reply
        .code(missing === null ? 200 : 503)
        .send({ status: missing === null ? 'ok' : 'not ready', checks: listed })
    })
  }
}
