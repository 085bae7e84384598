import { z } from 'zod'
import { SEEN } from '../domain/detect/name-source.ts'
import { type Rules, TSIG_ALGORITHMS } from '../domain/rules.ts'
import { either } from './either.ts'
import { duration, formatDuration, leaf, listOf, matching, ok, oneOf, type Read, text } from './leaf.ts'
import { logFolderKeys, logFolderSense, toLogFolder } from './log-folders.ts'
import type { Context } from './names.ts'
import { hostname } from './probes.ts'
import { dnsServer, url } from './targets.ts'

/** Where the names of the company's domains come from, which of them need no probe, and folders of logs that should be read. */

const SOURCES = ['zone_file', 'axfr', 'ct', 'certificates', 'redirects', 'logs'] as const

const MOST_SOURCES = 100
const MOST_IGNORED = 1_000
const LONGEST_REASON = 300

const key = matching(/^(?=.{1,253}$)([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?$/i, 'the name of a key')

/** As `tsig-keygen` prints it. The value is never repeated. */
const secret = leaf(
  'the secret of the key in base64',
  (value): Read<string> =>
    z.base64().min(8).safeParse(value).success
      ? ok(String(value))
      : { wrong: 'must be the secret of the key in base64, as tsig-keygen prints it' },
)

const pattern = matching(/^(\*\.)?([a-z0-9_-]+\.)*[a-z0-9-]+\.?$/i, 'a domain name, or *. and a domain name')

const DEFAULT_WARNING_MS = 86_400_000
const DEFAULT_ERROR_MS = 7 * 86_400_000

export function coverageShape(context: Context) {
  const axfr = z.strictObject({
    server: dnsServer(context.network),
    zone: hostname,
    tsig: z.strictObject({ name: key, algorithm: oneOf(...TSIG_ALGORITHMS).default('hmac-sha256'), secret }).optional(),
  })
  const source = z
    .strictObject({
      zone_file: text('the path of a file', 1_000).optional(),
      axfr: axfr.optional(),
      ct: url(context.network).optional(),
      certificates: oneOf('seen').optional(),
      redirects: oneOf('seen').optional(),
      ...logFolderKeys(context),
    })
    .superRefine((shape, refinement) => {
      if (SOURCES.filter((key) => shape[key] !== undefined).length === 1) return logFolderSense(shape, refinement)
      const message = `needs exactly one of ${SOURCES.slice(0, -1).join(', ')} and ${SOURCES.at(-1)}`
      refinement.addIssue({ code: 'custom', path: [], message, params: { whole: true } })
    })
  const ignored = z.strictObject({ name: pattern, reason: text('the reason', LONGEST_REASON) })
  return z.strictObject({
    sources: listOf(source, MOST_SOURCES),
    ignore: z
      .array(either(pattern, ignored, () => true))
      .max(MOST_IGNORED)
      .optional(),
    alarm: z
      .strictObject({
        warning: duration('1h', '365d').default(DEFAULT_WARNING_MS),
        error: duration('1h', '365d').default(DEFAULT_ERROR_MS),
      })
      .superRefine(({ warning, error }, refinement) => {
        if (warning < error) return
        const message = `must be longer than warning (${formatDuration(warning)}), not {it}`
        refinement.addIssue({ code: 'custom', path: ['error'], message })
      })
      .optional(),
  })
}

type Shape = z.infer<ReturnType<typeof coverageShape>>

/** As names are compared: in lower case and without the last dot. */
const bare = (name: string) => name.toLowerCase().replace(/\.$/, '')

export function toCoverage(
  shape: Shape | undefined,
  pathOf: (path: string) => string,
  ownerOf: (logs: string) => string,
): Rules['coverage'] {
  const sources = shape?.sources ?? []
  const once = (all: string[]) => [...new Set(all)]
  return {
    zoneFiles: once(sources.flatMap(({ zone_file }) => (zone_file === undefined ? [] : pathOf(zone_file)))),
    axfr: sources.flatMap(({ axfr }) =>
      axfr === undefined ? [] : { server: axfr.server, zone: bare(axfr.zone), tsig: axfr.tsig ?? null },
    ),
    ct: once(sources.flatMap(({ ct }) => ct ?? [])),
    seen: SEEN.filter((kind) => sources.some((source) => source[kind] !== undefined)),
    logs: sources.flatMap((source) => toLogFolder(source, pathOf, ownerOf)),
    ignore: (shape?.ignore ?? []).map((each) =>
      typeof each === 'string' ? { name: bare(each), reason: null } : { name: bare(each.name), reason: each.reason },
    ),
    alarm: {
      warningMs: shape?.alarm?.warning ?? DEFAULT_WARNING_MS,
      errorMs: shape?.alarm?.error ?? DEFAULT_ERROR_MS,
    },
  }
}
