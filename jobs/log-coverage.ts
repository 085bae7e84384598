import { LOG_GAP_KEY, type LogLedger } from '../src/domain/detect/log-coverage.ts'
import type { Signal } from '../src/domain/event.ts'
import { logLedgers } from '../src/log-coverage.ts'
import { logGapSentence } from '../src/slack/log-coverage.ts'
import { firingOf } from '../src/store/coverage.ts'
import type { JobDeps } from './tell.ts'

/**
 * Tells the channel of a service when a log in one of its folders is read by no monitor; and when such a folder cannot be read: what it hides
 * may be the log that matters.
 */
export function logCoverage(deps: JobDeps) {
  return async (): Promise<void> => {
    const rules = deps.rules()
    const { ledgers, problems } = await logLedgers(deps, rules)
    for (const service of Object.keys(rules.services)) {
      const isOurs = (each: { service: string }) => each.service === service
      const said = problems.filter(isOurs).map(({ problem }) => problem)
      await tellOf(deps, service, ledgers.filter(isOurs), said)
    }
  }
}

/** One alert for each service, a warning: it names what is new in it, and recovers when nothing is left. */
async function tellOf(
  deps: JobDeps,
  service: string,
  ledgers: readonly LogLedger[],
  problems: readonly string[],
): Promise<void> {
  const now = deps.clock.now()
  const known = await firingOf(deps.store.pool, service, LOG_GAP_KEY)
  const summary = logGapSentence(ledgers, problems)
  if (summary === (known ?? '')) return
  const signal = (status: Signal['status'], said: string): Signal => ({
    ...{ type: 'signal', service, key: LOG_GAP_KEY, status, severity: 'warning', monitor: null, seenAt: now },
    ...{ summary: said, headline: 'logs that no monitor reads' },
    evidence: ledgers
      .flatMap(({ gaps }) => gaps)
      .slice(0, 20)
      .map(({ path, writtenAt }) => ({ at: writtenAt, saw: path })),
  })
  const submit = (event: Signal) =>
    deps.desk.submit({ source: 'coverage', key: `logs of ${service}@${now}/${event.status}`, event })
  // What is said of an alert is said when it begins: another set of logs is another alert.
  if (known !== null) await submit(signal('resolved', summary === '' ? 'every log is read' : 'the logs have changed'))
  if (summary !== '') await submit(signal('firing', summary))
}
