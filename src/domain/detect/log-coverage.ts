import { RE2JS } from 're2js'
import type { Rules } from '../rules.ts'

/**
 * The ledger of logs: what lies in a folder of logs, less what a monitor reads, less what is ignored on purpose. What remains is a gap: a log
 * that nobody would notice a line in, were it empty until then.
 */

export type LogSource = Rules['coverage']['logs'][number]

/** A file as it lies in a folder. */
export interface ListedLog {
  path: string
  /** A monitor reads it, under this name or another. */
  isRead: boolean
  madeAt: number
  writtenAt: number
}

export interface LogLedger {
  /** The pattern of its paths. */
  logs: string
  service: string
  read: string[]
  ignored: string[]
  gaps: Pick<ListedLog, 'path' | 'madeAt' | 'writtenAt'>[]
}

/** All folders, and what is the matter with those that could not be read. */
export interface LogCoverage {
  ledgers: LogLedger[]
  problems: { service: string; problem: string }[]
}

/** The alert of a service about its logs. */
export const LOG_GAP_KEY = 'coverage of logs'

export function logLedger({ logs, service, ignore }: LogSource, listed: readonly ListedLog[]): LogLedger {
  const names = listed.map(({ path }) => path)
  const current = listed.filter(({ path, isRead }) => isRead || !isRotated(path, names))
  const isIgnored = ({ path }: ListedLog) =>
    ignore.some((pattern) => fits(pattern.includes('/') ? path : nameOf(path), pattern))
  const left = current.filter(({ isRead }) => !isRead)
  return {
    ...{ logs, service },
    read: current.filter(({ isRead }) => isRead).map(({ path }) => path),
    ignored: left.filter(isIgnored).map(({ path }) => path),
    gaps: left
      .filter((each) => !isIgnored(each))
      .map(({ path, madeAt, writtenAt }) => ({ path, madeAt, writtenAt }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  }
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)

/** A log of former days, whose lines went through the one that it was: packed, counted, or dated beside the one without a date. */
export function isRotated(path: string, all: readonly string[]): boolean {
  if (/\.(?:gz|bz2|xz|zst|lz4|Z)$/.test(path)) return true
  if (/\.[A-Za-z][\w-]*\.\d{1,3}$/.test(path)) return true
  return all.some((other) => other !== path && isNamedLikeCopy(path, other))
}

/** `app.log.1`, `app.log-20261123`, and with an extension kept at the end `app-20261123.log`: copies of `app.log`, by their names. */
export function isNamedLikeCopy(name: string, original: string): boolean {
  const [stem = '', extension = ''] = /^(.*[^/])(\.[^./]*)$/.exec(original)?.slice(1) ?? [original]
  const isKept = extension !== '' && name.endsWith(extension) && name.startsWith(stem)
  return (
    (name.startsWith(original) && COUNTED.test(name.slice(original.length))) ||
    (isKept && COUNTED.test(name.slice(stem.length, name.length - extension.length)))
  )
}
const COUNTED = /^[._-]\d[\d._T:-]{0,30}$/

const compiled = new Map<string, RE2JS>()
const MOST_COMPILED = 1_000

/** Whether all of a text is as a pattern has it: `*` stands for anything but a slash, `?` for one character. */
export function fits(text: string, pattern: string): boolean {
  let known = compiled.get(pattern)
  if (!known) {
    const parts = [...pattern].map((each) => (each === '*' ? '[^/]*' : each === '?' ? '[^/]' : RE2JS.quote(each)))
    known = RE2JS.compile(parts.join(''))
    if (compiled.size >= MOST_COMPILED) compiled.clear()
    compiled.set(pattern, known)
  }
  return known.matches(text)
}
