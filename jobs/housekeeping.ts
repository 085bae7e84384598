import { probesOf, type Rules } from '../src/domain/rules.ts'
import { messageOf } from '../src/errors.ts'
import { forgetCallbacks } from '../src/store/callbacks.ts'
import { forgetDrills } from '../src/store/drills.ts'
import { forgetHeartbeats } from '../src/store/heartbeats.ts'
import { forgetHomes } from '../src/store/homes.ts'
import { forgetImports } from '../src/store/imports.ts'
import { forget } from '../src/store/inbox.ts'
import { forgetViewSamples } from '../src/store/locations.ts'
import { forgetPointed } from '../src/store/pointed.ts'
import { forgetRates } from '../src/store/rates.ts'
import { forgetSamples, rollUp } from '../src/store/rollups.ts'
import { forgetWarnings } from '../src/store/roster-warnings.ts'
import type { JobDeps } from './tell.ts'

/** Rows of the in-tray that are done serve deduplication only; Slack retries within the hour. */
const INBOX_MS = 2 * 86_400_000
/** Calendars that are in the configuration no more: they say who is away. */
const IMPORTS_MS = 30 * 86_400_000
/** Heartbeats that are in the configuration no more: one that was lost by mistake is not new when it is back. */
const HEARTBEATS_MS = 7 * 86_400_000
/** Faults that were injected and came through. */
const DRILLS_MS = 86_400_000
/** Single samples are kept for a day, and of ten thousand monitors so many hours as make some millions; what they were in all is kept longer. */
const SAMPLES_MS = 86_400_000
const LEAST_SAMPLES_MS = 3 * 3_600_000
const MOST_SAMPLES = 2_000_000
/** A chart shows a day; what was learned is written down every hour. */
const RATES_MS = 26 * 3_600_000
/** Nobody answers a page of last month. */
const CALLBACKS_MS = 30 * 86_400_000
/** A problem of the roster that has not been one for so long is news when it is back. */
const WARNINGS_MS = 8 * 86_400_000

export function housekeeping(deps: JobDeps) {
  const { log, rules } = deps
  const { pool, samplePool } = deps.store
  return async (slotAt: number): Promise<void> => {
    const steps = [
      () => forget(pool, slotAt - INBOX_MS),
      () => forgetImports(pool, slotAt - IMPORTS_MS),
      () => forgetHeartbeats(pool, slotAt - HEARTBEATS_MS),
      () => forgetDrills(pool, slotAt - DRILLS_MS),
      () => forgetHomes(pool, slotAt),
      () => forgetPointed(pool, slotAt),
      () => rollUp(samplePool, slotAt),
      () => forgetSamples(samplePool, slotAt - samplesMs(rules()), slotAt),
      () => forgetViewSamples(samplePool, slotAt - samplesMs(rules())),
      () => forgetRates(pool, slotAt - RATES_MS),
      () => forgetCallbacks(pool, slotAt - CALLBACKS_MS),
      () => forgetWarnings(pool, slotAt - WARNINGS_MS),
    ]
    const failed: unknown[] = []
    for (const step of steps)
      await step().catch((error: unknown) => {
        // What one table does not let go of is no reason to keep the rest.
        log.error({ reason: messageOf(error) }, 'something could not be tidied up')
        failed.push(error)
      })
    if (failed.length > 0) throw failed[0]
  }
}

function samplesMs(rules: Rules): number {
  const perMs = probesOf(rules).reduce((sum, { everyMs }) => sum + 1 / everyMs, 0)
  return Math.min(SAMPLES_MS, Math.max(LEAST_SAMPLES_MS, MOST_SAMPLES / perMs))
}
