import type { Signal } from '../src/domain/event.ts'
import { firingOf } from '../src/store/coverage.ts'
import type { JobDeps } from './tell.ts'

interface Warning {
  service: string
  /** Of its alert. */
  key: string
  /** Names its events; nothing else that covers a service may be called so. */
  id: string
  headline: string
  /** What is wrong now; null: nothing is. */
  summary: string | null
  evidence: Signal['evidence']
  /** What is said when nothing is wrong any more, and when something else is. */
  over: string
  changed: string
}

/** A warning that stands while something is wrong. What is said of an alert is said when it begins: what is wrong otherwise is another alert. */
export async function warn({ store, desk, clock }: JobDeps, warning: Warning): Promise<void> {
  const { service, key, id, headline, summary, evidence, over, changed } = warning
  const now = clock.now()
  const known = await firingOf(store.pool, service, key)
  if (known === summary) return
  const submit = (status: Signal['status'], said: string) =>
    desk.submit({
      source: 'coverage',
      key: `${id}@${now}/${status}`,
      event: {
        ...{ type: 'signal', service, key, status, severity: 'warning', monitor: null, seenAt: now },
        ...{ headline, summary: said, evidence },
      },
    })
  if (known !== null) await submit('resolved', summary === null ? over : changed)
  if (summary !== null) await submit('firing', summary)
}
