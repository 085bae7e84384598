import { cut, readable } from '../domain/detect/line.ts'
import type { Signal } from '../domain/event.ts'
import type { Evidence } from '../domain/incident.ts'
import type { Severity } from '../domain/severity.ts'

/** What people read of an alert: a title, a paragraph, lines of evidence. */
const HEADLINE = 150
const SUMMARY = 2_000
const LINES = 20
const LINE = 300

/** What is said of an alert: enough to know what fails, in the sizes in which people read it. */
export interface Said {
  key: string
  service: string
  status: 'firing' | 'resolved'
  severity?: Severity | undefined
  summary?: string | undefined
  details?: unknown
}

export function signalOf(alert: Said, at: number): Signal {
  const { key, service, status } = alert
  const said = alert.summary === undefined ? '' : readable(alert.summary)
  const summary = said || `${key} ${status === 'firing' ? 'fires' : 'is well again'}`
  return {
    type: 'signal',
    service,
    key,
    status,
    severity: alert.severity ?? 'info',
    headline: cut(summary.split('\n', 1)[0] ?? summary, HEADLINE),
    summary: cut(summary, SUMMARY),
    evidence: evidence(alert.details),
    monitor: null,
    seenAt: at,
  }
}

/** Details as lines: a text's own, else one for each of its keys. */
function evidence(details: unknown): Evidence[] {
  if (details === undefined || details === null) return []
  const lines =
    typeof details === 'string'
      ? details.split('\n', LINES * 2)
      : typeof details === 'object'
        ? Object.entries(details).map(([label, value]) =>
            Array.isArray(details) ? inShort(value) : `${label}: ${inShort(value)}`,
          )
        : [String(details)]
  const shown = lines.map((line) => cut(readable(line), LINE)).filter((line) => line !== '')
  return shown.slice(0, LINES).map((saw) => ({ at: null, saw }))
}

const inShort = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
