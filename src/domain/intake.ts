import { RE2JS } from 're2js'
import { z } from 'zod'
import { Severity } from './severity.ts'

/** Alerts of other systems, before anything is decided: what sends them, whose they are, and whether whoever sends them still does. */

/** Ways in which alerts come; each service has them all. */
export const SOURCES = ['alertmanager', 'grafana', 'pagerduty', 'alerts', 'mail'] as const
export type Source = (typeof SOURCES)[number]

/** By these words people know them. */
export const SOURCE_WORDS = {
  alertmanager: 'Alertmanager',
  grafana: 'Grafana',
  pagerduty: 'the PagerDuty address',
  alerts: '/v1/alerts',
  mail: 'mail',
} satisfies Record<Source, string>

export type Labels = Readonly<Record<string, string>>

/** Labels that must be there, each with its value; `*` stands for any text. */
const When = z.record(z.string(), z.string())

/** Which calls are a heartbeat. */
export const Hears = z.strictObject({
  source: z.enum(SOURCES),
  /** Those alone whose labels are so; null: what always fires ({@link WATCHDOGS}) where a source has that, else any call. */
  when: When.nullable(),
})
export type Hears = z.infer<typeof Hears>

/** What is so goes there, or is that bad. */
const Route = z.strictObject({ when: When, service: z.string().nullable(), severity: Severity.nullable() })

export const Intake = z.strictObject({
  /** In order: the first that fits and names a service says which, and likewise how bad it is. */
  routes: z.array(Route).default([]),
  /** So many alerts a minute of one service by one way. */
  quota: z.int().positive().default(20_000),
  mail: z
    .strictObject({
      /** A pattern of RE2 that finds in a subject what names the alert: its first group, else all of it; null: the subject without words of state. */
      key: z.string().nullable(),
      /** A pattern of RE2: a subject in which it is found says that it is over. */
      resolved: z.string().nullable(),
      /** The key with which Mailgun signs. */
      mailgun: z.string().nullable(),
    })
    .default({ key: null, resolved: null, mailgun: null }),
})
export type Intake = z.infer<typeof Intake>

/** These say that the path from there to here works, and nothing else: they page nobody, and who misses them is a heartbeat. */
const WATCHDOGS = new Set(['Watchdog', 'DeadMansSwitch'])
/** What is there to hold back others, where it came from. */
const NO_ALERT = new Set(['InfoInhibitor'])

/** Whether every label that is asked for is there, and fits. */
export const fits = (when: Labels, labels: Labels): boolean =>
  Object.entries(when).every(([name, pattern]) => Object.hasOwn(labels, name) && isLike(labels[name] ?? '', pattern))

/** `*` stands for any text; looked for from left to right, so that it takes a time that grows with the text alone. */
function isLike(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return text === first
  if (!text.startsWith(first)) return false
  let from = first.length
  for (const part of rest) {
    const found = text.indexOf(part, from)
    if (found < 0) return false
    from = found + part.length
  }
  return text.length - last.length >= from && text.endsWith(last)
}

/** An alert as far as this is concerned. */
export interface Come {
  status: 'firing' | 'resolved'
  labels: Labels
}

/** Where an alert belongs and how bad it is, by the rules of the configuration; what none of them says stays as it came. */
export function routed<T extends { service: string; severity: Severity }>(
  came: T,
  labels: Labels,
  { routes }: Pick<Intake, 'routes'>,
): Pick<T, 'service' | 'severity'> {
  const those = routes.filter(({ when }) => fits(when, labels))
  return {
    service: those.find(({ service }) => service !== null)?.service ?? came.service,
    severity: those.find(({ severity }) => severity !== null)?.severity ?? came.severity,
  }
}

/** What nobody else says about alerts: those that we raise ourselves go by these. */
const OURS = /^(?:over quota|deploy)\//

/**
 * By which key an alert of another system is known: its own, unless one of our monitors of that service goes by it, or by one that begins so. What
 * somebody sends ends nothing that we saw, and what we see ends nothing of theirs.
 */
export function foreignKey(
  key: string,
  service: string,
  monitors: Readonly<Record<string, { service: string }>>,
): string {
  const [name = ''] = /^[^\s:(/]+/.exec(key) ?? []
  const isOurs = OURS.test(key) || (Object.hasOwn(monitors, name) && monitors[name]?.service === service)
  return isOurs ? `${key} (sent)` : key
}

/**
 * By which key an alert is known at the service where a rule has sent it: what others send there under the same key is another alert, and the end
 * of the one is not the end of the other.
 */
export const sentKey = (key: string, from: string, to: string): string => (from === to ? key : `${key} (from ${from})`)

/**
 * Every service to which an alert with these labels may have been sent that says no more than that it is over: labels that it does not repeat
 * contradict no rule.
 */
export function mayBeAt(service: string, labels: Labels, { routes }: Pick<Intake, 'routes'>): string[] {
  const said = Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''))
  const others = routes.flatMap(({ when, service: to }) => {
    const known = Object.fromEntries(Object.entries(when).filter(([name]) => Object.hasOwn(said, name)))
    return to !== null && fits(known, said) ? [to] : []
  })
  return [...new Set([service, ...others])]
}

/** A heartbeat that calls of a source feed. */
export interface Listener {
  name: string
  hears?: Hears | undefined
}

/** What a call says to a heartbeat. */
export interface Called {
  monitor: string
  kind: 'success' | 'fail'
}

/**
 * What a call with these alerts says to the heartbeats of its service. A watchdog that fires says that all is well; one that has ended says
 * at once that whatever makes it has stopped.
 */
export const calledBy = (listeners: readonly Listener[], source: Source, alerts: readonly Come[]): Called[] =>
  listeners.flatMap(({ name, hears }): Called[] => {
    if (hears?.source !== source) return []
    if (isAnyCall(hears)) return [{ monitor: name, kind: 'success' }]
    const dogs = alerts.filter(({ labels }) => isFor(hears, labels))
    if (dogs.length === 0) return []
    // A mail that fits has come, whatever state its subject is in.
    const isWell = source === 'mail' || dogs.some(({ status }) => status === 'firing')
    return [{ monitor: name, kind: isWell ? 'success' : 'fail' }]
  })

/** These send an alert that always fires, where they are told to. */
const hasWatchdog = (source: Source) => source === 'alertmanager' || source === 'grafana'
const isAnyCall = ({ source, when }: Hears) => when === null && !hasWatchdog(source)

const nameOf = ({ alertname = '' }: Labels) => alertname

const isFor = ({ source, when }: Hears, labels: Labels): boolean =>
  when === null ? hasWatchdog(source) && WATCHDOGS.has(nameOf(labels)) : fits(when, labels)

/** What is waited for, in words. */
export function callOf(hears: Hears): string {
  const from = SOURCE_WORDS[hears.source]
  if (isAnyCall(hears)) return `a call by ${from}`
  if (hears.when === null) return `the Watchdog alert from ${from}`
  const labels = Object.entries(hears.when).map(([label, value]) => `${label}: ${value}`)
  return `what always fires (${labels.join(', ')}) from ${from}`
}

/** Whether it is about the path, and no alert: it opens nothing. */
export const isOfThePath = (listeners: readonly Listener[], source: Source, labels: Labels): boolean =>
  (hasWatchdog(source) && (WATCHDOGS.has(nameOf(labels)) || NO_ALERT.has(nameOf(labels)))) ||
  listeners.some(({ hears }) => hears?.source === source && hears.when !== null && isFor(hears, labels))

/** In their subjects monitors say so; only at the beginning, because in the middle of one it may mean anything. */
const OVER = RE2JS.compile('^[^\\pL\\pN]*(?:recovery|recovered|resolved|ok|closed|cleared)\\b', RE2JS.CASE_INSENSITIVE)

/** What a subject says of how it stands, which is not part of what it is about. */
const STATE = RE2JS.compile(
  '\\bresolved in (?:\\d+[dhms] ?)+|\\b(?:is )?(?:problem|recovery|recovered|resolved|firing|triggered|alarm|ok|closed|cleared|critical|warning|unknown|up|down)\\b|^(?:\\s*(?:re|fwd?|aw|wg):)+',
  RE2JS.CASE_INSENSITIVE,
)

/** Which alert a mail is about, and whether it says that it is over. Empty subjects are all about one. */
export function ofSubject(
  subject: string,
  { key, resolved }: Pick<Intake['mail'], 'key' | 'resolved'>,
): { key: string; status: 'firing' | 'resolved' } {
  const over = resolved === null ? OVER : RE2JS.compile(resolved)
  return { key: keyOf(subject, key) || 'mail', status: over.matcher(subject).find() ? 'resolved' : 'firing' }
}

function keyOf(subject: string, pattern: string | null): string {
  if (pattern !== null) {
    const matcher = RE2JS.compile(pattern).matcher(subject)
    if (matcher.find()) return ((matcher.groupCount() > 0 ? matcher.group(1) : null) ?? matcher.group() ?? '').trim()
  }
  const bare = STATE.matcher(subject).replaceAll(' ')
  return bare
    .replaceAll(/[^\p{L}\p{N}./@_-]+/gu, ' ')
    .trim()
    .toLowerCase()
}
