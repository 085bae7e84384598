import { z } from 'zod'
import type { NamesRead } from '../deps.ts'
import type { FoundName } from '../domain/detect/coverage.ts'
import { isBeneath } from '../domain/detect/coverage.ts'
import type { NameSource, Validators } from '../domain/detect/name-source.ts'
import { parsedJson } from '../json.ts'
import { refusedHost } from './address.ts'
import { ask } from './ask.ts'
import type { Way } from './connect.ts'

/** A company with ten thousand certificates has some six megabytes. */
const BODY_BYTES = 8 * 1024 * 1024

type Log = Extract<NameSource, { kind: 'ct' }>
interface Around extends Pick<Way, 'allowPrivate' | 'signal'> {
  validators: Validators | null
  /** Watch time: a certificate that has ended says nothing of today. */
  at: number
}

/** One certificate, as crt.sh has it: its names, a line each, and until when it is valid, without a zone in UTC. */
const Certificate = z.object({ name_value: z.string(), not_after: z.string().optional() })

/**
 * The names on all certificates of a domain that the logs of certificate transparency know, as crt.sh answers `?q=%.domain&output=json`.
 * May reject with what went wrong; what is not all of it is a problem with a name, and no names.
 */
export async function searchLog(log: Log, { allowPrivate, signal, validators, at }: Around): Promise<NamesRead> {
  const url = new URL(log.url)
  url.searchParams.set('q', `%.${log.domain}`)
  url.searchParams.set('output', 'json')
  const why = refusedHost(url.hostname, allowPrivate)
  if (why !== null) return failed(why)
  const { status, line, headers, text, cut } = await ask(url, {
    ...{ allowPrivate, signal, most: BODY_BYTES },
    headers: { 'user-agent': 'Watchbill (one search a day)', accept: 'application/json', ...validators },
  })
  if (status === 304 && validators !== null) return { outcome: 'unchanged' }
  if (status !== 200) return failed(`answers ${line}`)
  if (cut) return failed(`answers with more than ${BODY_BYTES / 1024 / 1024} MB`)
  const read = certificatesIn(text)
  if ('why' in read) return failed(read.why)
  const { etag, 'last-modified': modified } = headers
  const next = { ...one('if-none-match', etag), ...one('if-modified-since', modified) }
  return {
    outcome: 'read',
    names: namesOn(read.certificates, log.domain, at),
    problems: [],
    validators: Object.keys(next).length === 0 ? null : next,
  }
}

const failed = (why: string): NamesRead => ({ outcome: 'failed', why })

const one = (header: string, value: string | undefined): Validators => (value === undefined ? {} : { [header]: value })

/** A search that is overloaded answers with pages and with half an answer, both under 200. */
function certificatesIn(text: string): { certificates: z.infer<typeof Certificate>[] } | { why: string } {
  const begins = text.trimStart()
  if (begins.startsWith('<')) return { why: 'answers with a web page instead of JSON' }
  const value = parsedJson(text)
  if (value === undefined) {
    const [first = ''] = begins.split('\n', 1)
    if (begins.startsWith('{') && parsedJson(first) !== undefined)
      return { why: 'answers with one object on each line (NDJSON) instead of a list' }
    return {
      why: begins.startsWith('[') ? 'answers with JSON that breaks off' : 'answers with something that is no JSON',
    }
  }
  const read = z.array(Certificate).safeParse(value)
  return read.success ? { certificates: read.data } : { why: 'answers with JSON that is no list of certificates' }
}

const NAME = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/

/** Certificates name people, too, and neighbours that share them. */
function namesOn(certificates: readonly z.infer<typeof Certificate>[], domain: string, at: number): FoundName[] {
  const names = new Set<string>()
  for (const { name_value, not_after } of certificates) {
    const endsAt =
      not_after === undefined
        ? Number.NaN
        : Date.parse(/Z$|[+-]\d\d:\d\d$/.test(not_after) ? not_after : `${not_after}Z`)
    if (endsAt < at) continue
    for (const line of name_value.split('\n')) {
      const name = line.trim().toLowerCase().replace(/\.$/, '')
      if (NAME.test(name) && isBeneath(name.replace(/^\*\./, ''), domain)) names.add(name)
    }
  }
  return [...names].map((name) => ({ name, role: 'host' as const }))
}
