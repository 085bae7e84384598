import { sleep } from '../src/clock.ts'
import { HOUR_MS } from '../src/domain/duty/time.ts'
import type { Incident } from '../src/domain/incident.ts'
import { under } from '../src/domain/rules.ts'
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
export async function charts(deps: JobDeps, { alerts }: Incident): Promise<Record<string, unknown>[]> {
  const rules = deps.rules()
  for (const { key, monitor, firstAt } of alerts) {
    const found = monitor === key ? under(rules.monitors, key) : undefined
    if (found?.kind !== 'rate') continue
    const read = rateSamples(deps.store.pool, found.name, firstAt - BEFORE_MS, firstAt).catch((error: unknown) => {
      deps.log.debug({ monitor: found.name, reason: messageOf(error) }, 'a chart could not be drawn')
      return []
    })
    const samples = await Promise.race([read, sleep(PATIENCE_MS).then(() => [])])
    const stretch = { fromAt: samples[0]?.at ?? firstAt, untilAt: firstAt }
    const chart = rateChart(`${found.name} until the alarm`, samples, stretch, rules.zone)
    return chart === null ? [] : [chart]
  }
  return []
}
