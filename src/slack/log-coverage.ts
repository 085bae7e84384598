import type { LogCoverage, LogLedger } from '../domain/detect/log-coverage.ts'
import { code, list, plain, when } from './text.ts'
import type { Voice } from './words.ts'

/** What is said of logs that no monitor reads. Pure. */

const NAMED = 5
const LISTED = 40

/** For the record and the channel; the same as long as the gaps are. Empty when there are none. */
export function logGapSentence(ledgers: readonly LogLedger[], problems: readonly string[]): string {
  const paths = ledgers.flatMap(({ gaps }) => gaps.map(({ path }) => path))
  const shown = paths.slice(0, NAMED)
  const named = list(paths.length > shown.length ? [...shown, `${paths.length - shown.length} more`] : shown)
  return [
    ...(paths.length === 0
      ? []
      : [`${paths.length} ${paths.length === 1 ? 'log is' : 'logs are'} read by no monitor: ${named}`]),
    ...(problems.length === 0 ? [] : [`some logs may be hidden: ${problems.slice(0, 3).join('; ')}`]),
  ].join('; ')
}

/** What is known of folders of logs, for `/monitor coverage`. */
export const logCoverageLines = (voice: Voice, { ledgers, problems }: LogCoverage): string[] => [
  ...ledgers.flatMap((ledger) => ledgerLines(voice, ledger)),
  ...problems.map(({ service, problem }) => `:warning: *${service}*: ${plain(problem)}, and its logs are not known.`),
]

function ledgerLines({ rules }: Voice, { logs, service, read, ignored, gaps }: LogLedger): string[] {
  const all = read.length + gaps.length
  const shown = gaps.slice(0, LISTED)
  return [
    `${gaps.length === 0 ? ':white_check_mark:' : ':warning:'} *${service}* (${code(logs)}): *${read.length} of ${all}* ${all === 1 ? 'log is' : 'logs are'} read${ignored.length > 0 ? `, ${ignored.length} more ${ignored.length === 1 ? 'is' : 'are'} ignored` : ''}.`,
    ...shown.map(
      ({ path, madeAt, writtenAt }) =>
        `:eyes: ${code(path)} is read by no monitor (made ${when(madeAt, rules.zone, '{date_short_pretty} {time}')}, last written ${when(writtenAt, rules.zone, '{date_short_pretty} {time}')})`,
    ),
    ...(gaps.length > shown.length
      ? [`_and ${gaps.length - shown.length} more: \`watchbill coverage\` lists all_`]
      : []),
  ]
}
