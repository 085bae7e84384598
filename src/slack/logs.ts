import type { Change } from '../domain/detect/log-state.ts'
import type { Signal } from '../domain/event.ts'
import type { LogMonitor } from '../domain/rules.ts'
import { code, duration } from './text.ts'

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
