import { isIP } from 'node:net'
import { z } from 'zod'
import {
  type DnsProbe,
  type HttpProbe,
  RCODES,
  RECORD_TYPES,
  type TcpProbe,
  TLS_VERSIONS,
  type TlsProbe,
} from '../domain/rules.ts'
import { integer, leaf, listOf, matching, mustBe, ok, oneOf, type Read, text } from './leaf.ts'
import { pattern } from './pattern.ts'
import { type Network, nameServer } from './targets.ts'

/** What each kind of probe is told beside its target, and what it may expect. */

const MOST_EXPECTED = 100
const MOST_HEADERS = 20
const LONGEST_TEXT = 1_000
/** Some pages of JSON; whoever has to send more than this does not ask whether a target is well. */
const LONGEST_BODY = 10_000
const HOSTNAME = /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}\.?$/i

export const hostname = matching(HOSTNAME, 'a domain name such as example.com')

const ip = leaf(
  '4 or 6',
  (value): Read<4 | 6> => (value === 4 || value === 6 ? ok(value) : mustBe('4 or 6')),
).optional()
const starttls = oneOf('smtp', 'imap').optional()

const status = integer(100, 599)

/** RFC 6901: `/checks/0/status`, with `~1` for a slash in a name and `~0` for a tilde; nothing at all is the whole document. */
const POINTER = /^(\/([^~/]|~[01])*)*$/

const scalar = z.unknown().transform((value, context): string | number | boolean | null => {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value as string
  context.addIssue({ code: 'custom', message: 'must be text, a number, true, false or null: one value, not several' })
  return z.NEVER
})

/** A mapping whose names are the operator's. */
function mapping<T extends z.ZodType>(value: T, wrongName: (name: string) => string | null, most: number) {
  return z.record(z.string(), value).superRefine((record, context) => {
    const names = Object.keys(record)
    const refuse = (message: string, path: string[]) => context.addIssue({ code: 'custom', path, message })
    if (names.length === 0) refuse('is an empty mapping: leave it out', [])
    if (names.length > most) refuse(`has ${names.length} keys, more than ${most}`, [])
    for (const name of names) {
      const why = wrongName(name)
      if (why !== null) refuse(why, [name])
    }
  })
}

/** Set by the probe itself: others would make its requests invalid, or what comes back something else than it reads. */
const OURS = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/
const notAHeader = (name: string) => (TOKEN.test(name) ? null : 'is not the name of a header')
const notToSend = (name: string) =>
  OURS.has(name.toLowerCase()) ? 'is a header that Watchbill sets itself: leave it out' : notAHeader(name)

const headerValue = leaf('the value of the header', (value): Read<string> => {
  const said = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
  if (typeof said !== 'string' || said.length > LONGEST_TEXT)
    return { wrong: `must be text of at most ${LONGEST_TEXT} characters` }
  return /^[\t\x20-\x7e]*$/.test(said) ? ok(said) : { wrong: 'must be one line of plain ASCII, as headers are' }
})

/** What is sent along with a request. */
export const requestHeaders = mapping(headerValue, notToSend, MOST_HEADERS)

export const httpKeys = {
  method: oneOf('GET', 'HEAD', 'POST').default('GET'),
  headers: requestHeaders.optional(),
  body: text('what is sent', LONGEST_BODY).optional(),
  redirects: oneOf('refuse', 'follow').default('refuse'),
  ip,
  expect: z
    .strictObject({
      status: z
        .preprocess((value) => (Array.isArray(value) ? value : [value]), listOf(status, MOST_EXPECTED))
        .optional(),
      headers: mapping(
        text('the text that the header must contain', LONGEST_TEXT),
        notAHeader,
        MOST_HEADERS,
      ).optional(),
      body_contains: text('the text that must be in the body', LONGEST_TEXT).optional(),
      body_lacks: text('the text that must not be in the body', LONGEST_TEXT).optional(),
      body_matches: pattern.optional(),
      json: mapping(scalar, notAPointer, MOST_EXPECTED).optional(),
    })
    .optional(),
}

export const jsonPointer = leaf('a JSON pointer such as /requests/total', (value): Read<string> => {
  if (typeof value !== 'string') return mustBe('a JSON pointer such as /requests/total')
  const why = notAPointer(value)
  return why === null ? ok(value) : { wrong: why }
})

function notAPointer(name: string): string | null {
  if (name.length <= LONGEST_TEXT && POINTER.test(name)) return null
  return 'is not a JSON pointer such as /checks/0/status (~1 stands for a slash in a name, ~0 for ~)'
}

export const tlsKeys = {
  ip,
  starttls,
  expect: z
    .strictObject({
      days_left: integer(1, 365).optional(),
      names: listOf(hostname, MOST_EXPECTED).optional(),
      protocol: oneOf(...TLS_VERSIONS).optional(),
    })
    .optional(),
}

export const dnsKeys = (network: Network) => ({
  dns: z.strictObject({ name: hostname, type: oneOf(...RECORD_TYPES), resolver: nameServer(network).optional() }),
  expect: z
    .strictObject({
      min_answers: integer(1, 1_000).optional(),
      answers: listOf(text('an answer', LONGEST_TEXT), MOST_EXPECTED).optional(),
      rcode: oneOf(...RCODES).optional(),
    })
    .optional(),
})

export const tcpKeys = {
  ip,
  starttls,
  expect: z
    .strictObject({ banner: text('the text that the first bytes must contain', LONGEST_TEXT).optional() })
    .optional(),
}

interface HttpShape {
  probe: string
  method: HttpProbe['method']
  headers?: Record<string, string> | undefined
  body?: string | undefined
  redirects: HttpProbe['redirects']
  ip?: 4 | 6 | undefined
  expect?: z.infer<typeof httpKeys.expect>
}

/** Keys that are each well, and make no sense together. */
export function httpSense(shape: HttpShape, context: z.RefinementCtx): void {
  const { method, body, expect = {} } = shape
  const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
  if (body !== undefined && method !== 'POST') refuse(['body'], `is never sent with ${method}: write method: POST`)
  for (const key of ['body_contains', 'body_lacks', 'body_matches', 'json'] as const) {
    if (method === 'HEAD' && expect[key] !== undefined)
      refuse(['expect', key], 'can never be judged: an answer to HEAD has no body; write method: GET')
  }
  if (URL.canParse(shape.probe))
    ofOneFamily(new URL(shape.probe).hostname.replaceAll(/^\[|\]$/g, ''), shape.ip, context)
}

interface DnsShape {
  dns: { name: string; type: DnsProbe['type']; resolver?: string | undefined }
  expect?:
    | { min_answers?: number | undefined; answers?: string[] | undefined; rcode?: DnsProbe['rcode'] | undefined }
    | undefined
}

export function dnsSense({ expect = {} }: DnsShape, context: z.RefinementCtx): void {
  const { rcode = 'NOERROR' } = expect
  for (const key of ['min_answers', 'answers'] as const) {
    if (rcode === 'NOERROR' || expect[key] === undefined) continue
    const message = `can never be judged: with ${rcode} there are no answers`
    context.addIssue({ code: 'custom', path: ['expect', key], message })
  }
}

/** An address of the other family could never be reached. */
export function ofOneFamily(host: string, wanted: 4 | 6 | undefined, context: z.RefinementCtx): void {
  const family = isIP(host)
  if (wanted === undefined || family === 0 || family === wanted) return
  const message = `is {it}, but ${host} is an address of IPv${family}: it could never be up`
  context.addIssue({ code: 'custom', path: ['ip'], message })
}

export const toHttp = ({ method, headers, body, redirects, ip: family, expect }: HttpShape) => ({
  method,
  headers: lowerCase(headers),
  body: body ?? null,
  redirects,
  ip: family ?? null,
  expect: {
    status: expect?.status ?? [],
    headers: lowerCase(expect?.headers),
    bodyContains: expect?.body_contains ?? null,
    bodyLacks: expect?.body_lacks ?? null,
    bodyMatches: expect?.body_matches ?? null,
    json: Object.entries(expect?.json ?? {}).map(([pointer, equals]) => ({ pointer, equals })),
  },
})

/** Names of headers, which are the same in any case. */
export const lowerCase = (headers: Record<string, string> = {}) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

/** A certificate that ends sooner than this is renewed in a hurry. */
const DEFAULT_DAYS_LEFT = 14

interface TlsShape {
  ip?: 4 | 6 | undefined
  starttls?: TlsProbe['starttls'] | undefined
  expect?: z.infer<typeof tlsKeys.expect>
}

export const toTls = ({ ip: family, starttls: by, expect }: TlsShape) => ({
  ip: family ?? null,
  starttls: by ?? null,
  daysLeft: expect?.days_left ?? DEFAULT_DAYS_LEFT,
  names: expect?.names ?? [],
  protocol: expect?.protocol ?? TLS_VERSIONS[0],
})

export const toDns = ({ dns, expect }: DnsShape) => ({
  host: dns.name,
  type: dns.type,
  resolver: dns.resolver ?? null,
  rcode: expect?.rcode ?? RCODES[0],
  minAnswers: expect?.min_answers ?? 1,
  answers: expect?.answers ?? [],
})

interface TcpShape {
  ip?: 4 | 6 | undefined
  starttls?: TcpProbe['starttls'] | undefined
  expect?: z.infer<typeof tcpKeys.expect>
}

export const toTcp = ({ ip: family, starttls: by, expect }: TcpShape) => ({
  ip: family ?? null,
  starttls: by ?? null,
  banner: expect?.banner ?? null,
})

/** `example.com:443`, `[::1]:25`. */
export function hostPort(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':')
  return { host: address.slice(0, at).replaceAll(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) }
}
