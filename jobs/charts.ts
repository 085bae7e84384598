import { sleep } from '../src/clock.ts'
import type { SlotSample } from '../src/domain/detect/rate-signal.ts'
import { HOUR_MS } from '../src/domain/duty/time.ts'
import { type Incident, ratesIn } from '../src/domain/incident.ts'
import { messageOf } from '../src/errors.ts'
import { rateChart } from '../src/slack/charts.ts'
import { rateSamples } from '../src/store/rates.ts'
import type { JobDeps } from './tell.ts'

/** What is drawn before the alarm began. */
const BEFORE_MS = 3 * HOUR_MS

/** A page waits no longer for a picture. */
const PATIENCE_MS = 300

/**
 * The chart of an incident that began with a rate, up to when it began: the same however often it is drawn. None where there is nothing to
 * draw, or the store is slow: no page fails for want of a picture.
 */
export async function charts(deps: JobDeps, incident: Incident): Promise<Record<string, unknown>[]> {
  if (ratesIn(incident, deps.rules()).length === 0) return []
  const read = charted(deps, incident).catch((error: unknown) => {
    deps.log.debug({ incident: incident.id, reason: messageOf(error) }, 'a chart could not be drawn')
    return null
  })
  const found = await Promise.race([read, sleep(PATIENCE_MS).then(() => null)])
  if (found === null) return []
  const { name, samples, untilAt } = found
  const stretch = { fromAt: samples[0]?.at ?? untilAt, untilAt }
  const chart = rateChart(`${name} until the alarm`, samples, stretch, deps.rules().zone)
  return chart === null ? [] : [chart]
}

/** What there is to be drawn of the first rate of an incident; null where there is none in it. */
export async function charted(
  { store, rules }: Pick<JobDeps, 'store' | 'rules'>,
  incident: Incident,
): Promise<{ name: string; samples: SlotSample[]; untilAt: number } | null> {
  const [name] = ratesIn(incident, rules())
  const untilAt = incident.alerts.find(({ key }) => key === name)?.firstAt
  if (name === undefined || untilAt === undefined) return null
  return { name, samples: await rateSamples(store.pool, name, untilAt - BEFORE_MS, untilAt), untilAt }
}
