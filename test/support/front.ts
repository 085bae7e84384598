import type { AddressInfo } from 'node:net'
import { allRoutes, type Behind } from '../../src/intake/routes.ts'
import { type Routes, startIntake } from '../../src/intake/server.ts'
import type { Arrival } from '../../src/intake/tray.ts'
import { createLog } from '../../src/log.ts'
import { rules, T0 } from './builders.ts'

/** The real HTTP server with all its routes on a real socket; behind it nothing but a list of what came in. */
export interface Front {
  port: number
  url: string
  taken: Arrival[]
  /** Lines of the log. */
  lines: string[]
  close(): Promise<void>
}

export const TOKEN = 'front-token-0123456789'
export const BEARER = { authorization: `Bearer ${TOKEN}` }

interface Options {
  apiToken?: string | null
  /** Instead of what is behind by default; null: the program starts still. */
  behind?: Partial<Behind> | null
  /** Beside the routes that there are. */
  more?: Routes[]
}

export async function startFront({ apiToken = TOKEN, behind = {}, more = [] }: Options = {}): Promise<Front> {
  const taken: Arrival[] = []
  const lines: string[] = []
  const whole: Behind = {
    rules: () => rules(),
    now: () => T0,
    checks: async () => [],
    calendar: async () => null,
    takeLines: async () => {},
    takeCounts: async () => ({ late: 0 }),
    gatekeeper: {
      gate: async () => ({ decision: 'allow', reasons: [], until: null, next_open_at: null }),
      report: async () => ({ ok: false, code: 'nothing', sentence: 'There is nothing.' }),
      progress: async () => ({ ok: false, code: 'unknown-deploy', sentence: 'There is none.' }),
      standing: async () => null,
      github: async () => 'off',
      changed: async () => {},
    },
    ping: async () => 'unknown',
    called: async () => {},
    admit: () => null,
    giveBack: () => {},
    pingRefused: () => {},
    callback: { offer: async () => null, answer: async () => null },
    prober: { work: async () => ({ rev: '', now: T0 }), take: async () => 0 },
    record: {
      list: async () => ({ incidents: [], next: null }),
      incident: async () => null,
      timeline: async () => null,
      postmortem: async () => null,
    },
    async take(arrivals) {
      taken.push(...arrivals)
      return arrivals.map((_, n) => taken.length - arrivals.length + n + 1)
    },
    ...behind,
  }
  const routes = allRoutes({
    behind: () => (behind === null ? null : whole),
    waitsFor: () => 'starting',
    scrape: async () => 'nothing',
    contentType: 'text/plain',
  })
  const server = await startIntake({
    host: '127.0.0.1',
    port: 0,
    apiToken,
    log: createLog('trace', [], { write: (line: string) => void lines.push(line) }),
    routes: [...more, ...routes],
  })
  const { port } = server.server.address() as AddressInfo
  return { port, url: `http://127.0.0.1:${port}`, taken, lines, close: () => server.close() }
}
