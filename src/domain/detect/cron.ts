import { Cron } from 'croner'

/**
 * When cron fires, as the daemons on people's hosts do it (Vixie's rules): a time that happens twice fires once, at the first; a time
 * that is left out fires as the gap ends, which is when a daemon makes up for it. (A roster shifts it by the gap instead. Here a deadline
 * half an hour after the daemon has run would take that run for the one before.) What runs every so often goes on through the repeated hour.
 *
 * The only file that knows the library.
 */
const known = new Map<string, Cron>()

/** One costs some kilobytes, and a configuration has as many as it has heartbeats. */
const MOST_KNOWN = 10_000

/**
 * The first instant after `at` at which it fires; null when there is none (31 February).
 *
 * @param expression the five fields of crontab(5)
 */
export function nextFire(expression: string, zone: string, at: number): number | null {
  return cronOf(expression, zone).nextRun(new Date(at))?.getTime() ?? null
}

function cronOf(expression: string, zone: string): Cron {
  const key = `${zone} ${expression}`
  const made = known.get(key)
  if (made) return made
  if (known.size >= MOST_KNOWN) known.clear()
  // Paused, and never given anything to run: it only counts.
  const cron = new Cron(expression, {
    timezone: zone,
    mode: '5-part',
    sloppyRanges: true,
    fixedTimeRule: 'no-wildcard',
    paused: true,
  })
  known.set(key, cron)
  return cron
}
