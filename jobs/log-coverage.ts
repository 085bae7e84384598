import { LOG_GAP_KEY, type LogLedger } from '../src/domain/detect/log-coverage.ts'
import { logLedgers } from '../src/log-coverage.ts'
import { logGapSentence } from '../src/slack/log-coverage.ts'
import type { JobDeps } from './tell.ts'
import { warn } from './warning.ts'

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
  const sentence = logGapSentence(ledgers, problems)
  await warn(deps, {
    ...{ service, key: LOG_GAP_KEY, id: `logs of ${service}`, headline: 'logs that no monitor reads' },
    summary: sentence === '' ? null : sentence,
    evidence: ledgers
      .flatMap(({ gaps }) => gaps)
      .slice(0, 20)
      .map(({ path, writtenAt }) => ({ at: writtenAt, saw: path })),
    over: 'every log is read',
    changed: 'the logs have changed',
  })
}
