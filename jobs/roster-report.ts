import { type Problem, rosterProblems } from '../src/domain/duty/gaps.ts'
import { absencesOf, withImports } from '../src/domain/duty/imports.ts'
import { warnings, windowAround } from '../src/domain/duty/warning.ts'
import type { Rules } from '../src/domain/rules.ts'
import { readImports } from '../src/store/imports.ts'
import { unreachablePeople } from '../src/store/people.ts'
import { oweWarnings } from '../src/store/roster-warnings.ts'
import { rosterEdits, withEdits } from '../src/store/rota.ts'
import { reachReport } from './reach-report.ts'
import type { JobDeps } from './tell.ts'

/** Weeks of every schedule are gone through this often, and whenever anything of them has changed. */
const FRESH_MS = 15 * 60_000

interface Found {
  rules: Rules
  /** Names all else that the problems were found by. */
  digest: string
  at: number
  problems: Problem[]
  /** The roster that they are of. */
  rota: Rules
  unreachable: Record<string, string>
  /** Warnings that are known to be on record. */
  owed: Set<string>
}

/** Problems of the rosters ahead are told of before somebody needs whoever is not there. Nobody is paged for them. */
export function rosterReport(deps: JobDeps) {
  let found: Found | null = null
  const reach = reachReport(deps)

  async function find(now: number): Promise<Found> {
    const { pool } = deps.store
    const rules = deps.rules()
    const [edits, unreachable, imports] = await Promise.all([
      rosterEdits(pool),
      unreachablePeople(pool),
      readImports(pool),
    ])
    const digest = JSON.stringify([edits, unreachable, imports.map(({ name, fetchedAt }) => [name, fetchedAt])])
    if (found?.rules === rules && found.digest === digest && now - found.at < FRESH_MS) return found
    const { fromAt, toAt } = windowAround(now)
    const rota = withEdits(withImports(rules, imports), edits)
    const problems = rosterProblems(rota, unreachable, fromAt, toAt, absencesOf(rules, imports))
    return { rules, digest, at: now, problems, rota, unreachable, owed: new Set() }
  }

  return async (): Promise<void> => {
    const now = deps.clock.now()
    found = await find(now)
    await reach(found.rota, found.unreachable, now)
    const { owed } = found
    const due = warnings(found.rules, found.problems, now)
    if (due.every(({ name }) => owed.has(name))) return
    const fresh = await oweWarnings(deps.store.pool, due, now)
    for (const { name } of due) owed.add(name)
    for (const { name, channels } of due)
      if (fresh.includes(name)) deps.log.warn({ problem: name, channels }, 'a problem of the roster')
  }
}
