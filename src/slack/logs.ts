import type { Change } from '../domain/detect/log-state.ts'
import type { Shapes } from '../domain/detect/shapes.ts'
import type { Signal } from '../domain/event.ts'
import type { LogMonitor } from '../domain/rules.ts'
import { code, cut, duration, when } from './text.ts'
import type { Voice } from './words.ts'

/** What is said of logs, in alarms and in answer to `/monitor`. Pure. */

type Said = Pick<Signal, 'headline' | 'summary' | 'evidence'>

/** What became of an alarm of a log, for whoever is paged for it. */
export function logWords({ name, file, asks }: LogMonitor, change: Change): Said {
  const say = (headline: string, more: string, evidence: Signal['evidence'] = []): Said => ({
    ...{ headline, summary: `${headline}: ${more}`, evidence },
  })
  const place = file ?? (asks === null ? null : new URL(asks.url).host)
  const where = place === null ? '' : ` (${place})`
  switch (change.of) {
    case 'lines':
      if (change.to === 'down') return say(`${name}: ${change.why}`, change.first, change.evidence)
      return say(
        `${name} is quiet again`,
        `no such line for ${duration(change.quietMs)}, after ${change.count === 1 ? 'one' : change.count}`,
      )
    case 'reading': {
      if (change.to === 'up') return say(`${name}: the log is being read again`, 'what is written there pages again')
      const behind =
        change.behind === 0 || asks !== null ? '' : `; ${(change.behind / 1_000_000).toFixed(1)} MB are not read yet`
      return say(`${name}: the log is not being read`, `${change.why}${where}${behind}`)
    }
    case 'lost':
      if (change.to === 'up') return say(`${name}: nothing more is lost`, 'every line since has been read')
      return say(
        `${name}: lines may have been lost`,
        `${change.why}${where}; nobody has read what was written to it in the ${duration(Math.max(1_000, change.unseenMs))} before`,
      )
    default:
      return change satisfies never
  }
}

/** Where its lines come from. */
export function logSource({ file, asks }: LogMonitor): string {
  if (file !== null) return `Reads ${code(file)}`
  if (asks === null) return 'Reads the lines that are pushed to it'
  const { host } = new URL(asks.url)
  const place = asks.kind === 'loki' ? `Loki at ${code(host)}` : `${code(asks.index)} of Elasticsearch at ${code(host)}`
  return `Asks ${place} for ${code(asks.query)} every ${duration(asks.everyMs)}, ${duration(asks.lateMs)} back for what comes late`
}

const PATTERN_SHOWN = 100

/** What in it is an alarm. */
export function logRules({ expectEmpty, match, newShapes, canary }: LogMonitor): string {
  const rules = [
    ...(expectEmpty ? ['every line'] : []),
    ...match.map(({ pattern, count, withinMs }) => {
      const what = pattern === null ? '' : ` that match${count === 1 ? 'es' : ''} ${code(cut(pattern, PATTERN_SHOWN))}`
      return count === 1 ? `a line${what}` : `${count} lines${what} within ${duration(withinMs)}`
    }),
    ...(newShapes === null ? [] : ['a line of a shape never seen before']),
    ...(canary === null ? [] : [`a marked line that does not come back every ${duration(canary.everyMs)}`]),
  ]
  return `Alarms: ${rules.join('; ')}`
}

/** What it knows of the shapes of its lines. */
export function shapesLine({ rules, now }: Voice, { sinceAt, learnsUntilAt, lines, known }: Shapes): string {
  const so = `${known.length} ${known.length === 1 ? 'shape' : 'shapes'} in ${lines} ${lines === 1 ? 'line' : 'lines'}`
  if (learnsUntilAt !== null)
    return `:seedling: *It still learns the shapes of its lines*, until ${when(learnsUntilAt, rules.zone, '{date_short_pretty} {time}')}: no new one is an alarm before that (${so} so far, for ${duration(now - sinceAt)}).`
  return `It knows ${so}, since ${when(sinceAt, rules.zone, '{date_short_pretty} {time}')}.`
}
