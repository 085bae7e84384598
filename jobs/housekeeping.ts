import { probesOf, type Rules } from '../src/domain/rules.ts'
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
  return async (slotAt: number): Promise<void> => {
    await forget(deps.store.pool, slotAt - INBOX_MS)
    await forgetImports(deps.store.pool, slotAt - IMPORTS_MS)
    await forgetHeartbeats(deps.store.pool, slotAt - HEARTBEATS_MS)
    await forgetDrills(deps.store.pool, slotAt - DRILLS_MS)
    await forgetHomes(deps.store.pool, slotAt)
    await forgetPointed(deps.store.pool, slotAt)
    await rollUp(deps.store.samplePool, slotAt)
    await forgetSamples(deps.store.samplePool, slotAt - samplesMs(deps.rules()), slotAt)
    await forgetViewSamples(deps.store.samplePool, slotAt - samplesMs(deps.rules()))
    await forgetRates(deps.store.pool, slotAt - RATES_MS)
    await forgetCallbacks(deps.store.pool, slotAt - CALLBACKS_MS)
    await forgetWarnings(deps.store.pool, slotAt - WARNINGS_MS)
  }
}

function samplesMs(rules: Rules): number {
  const perMs = probesOf(rules).reduce((sum, { everyMs }) => sum + 1 / everyMs, 0)
  return Math.min(SAMPLES_MS, Math.max(LEAST_SAMPLES_MS, MOST_SAMPLES / perMs))
}
