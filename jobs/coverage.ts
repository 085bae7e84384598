import { GAP_KEY, hostsOf, type Ledger, ledgers } from '../src/domain/detect/coverage.ts'
import { zoneOf } from '../src/domain/detect/zone-file.ts'
import type { Signal } from '../src/domain/event.ts'
import { gapSentence } from '../src/slack/coverage.ts'
import { firingOf, forgetSources, readNames, saveNames } from '../src/store/coverage.ts'
import type { JobDeps } from './tell.ts'

/**
 * Keeps the ledger of names: reads the sources, and tells the channel of a service when a name of its domains is watched by nothing. A source
 * that cannot be read is told as well: what it hides may be the name that matters. The names that it had stay known.
 */
export function coverage(deps: JobDeps) {
  /** Problems of sources that are on the log already. */
  const complained = new Map<string, string>()

  return async (): Promise<void> => {
    const rules = deps.rules()
    const { pool } = deps.store
    const { zoneFiles } = rules.coverage
    const problems: string[] = []
    for (const path of zoneFiles) {
      const read = await deps.readZoneFile(path)
      const zone = zoneOf(read)
      if (read.ok) await saveNames(pool, path, hostsOf(zone.records), deps.clock.now())
      problems.push(...zone.problems.map((problem) => `${path}: ${problem}`))
      const said = zone.problems.join('; ')
      if (said !== '' && complained.get(path) !== said)
        deps.log.warn({ path, problems: zone.problems }, 'a zone file is not as it should be')
      complained.set(path, said)
    }
    await forgetSources(pool, zoneFiles)
    for (const ledger of ledgers(rules, await readNames(pool))) await tellOf(deps, ledger, problems)
  }
}

/** One alert for each service, a warning: it names what is new in it, and recovers when nothing is left. */
async function tellOf(deps: JobDeps, ledger: Ledger, problems: readonly string[]): Promise<void> {
  const { service, gaps } = ledger
  const now = deps.clock.now()
  const known = await firingOf(deps.store.pool, service, GAP_KEY)
  const isWell = gaps.length === 0 && problems.length === 0
  const summary = gapSentence(ledger, problems)
  if (isWell ? known === null : known === summary) return
  const signal = (status: Signal['status'], said: string): Signal => ({
    ...{
      type: 'signal',
      service,
      key: GAP_KEY,
      status,
      severity: 'warning',
      monitor: null,
      seenAt: now,
      summary: said,
    },
    headline: 'names that nothing watches',
    evidence: gaps
      .slice(0, 20)
      .map(({ name, source, firstSeenAt }) => ({ at: firstSeenAt, saw: `${name} (${source})` })),
  })
  const submit = (event: Signal) =>
    deps.desk.submit({ source: 'coverage', key: `${service}@${now}/${event.status}`, event })
  // What is said of an alert is said when it begins: another set of names is another alert.
  if (known !== null) await submit(signal('resolved', isWell ? 'every name is watched' : 'the names have changed'))
  if (!isWell) await submit(signal('firing', summary))
}
