import type { Deps } from './deps.ts'
import { type LogCoverage, logLedger } from './domain/detect/log-coverage.ts'
import { logsOf, type Rules } from './domain/rules.ts'

/** The ledgers of all folders of logs, and what is wrong with those that could not be read. */
export async function logLedgers(
  { listLogs }: Pick<Deps, 'listLogs'>,
  rules: Pick<Rules, 'monitors' | 'coverage'>,
): Promise<LogCoverage> {
  const monitored = logsOf(rules).flatMap(({ file }) => file ?? [])
  const found: LogCoverage = { ledgers: [], problems: [] }
  for (const source of rules.coverage.logs) {
    const listed = await listLogs(source.logs, monitored)
    if (listed.ok) found.ledgers.push(logLedger(source, listed.files))
    else found.problems.push({ service: source.service, problem: `${source.logs} ${listed.why}` })
  }
  return found
}
