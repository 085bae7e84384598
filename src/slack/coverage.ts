import type { Ledger } from '../domain/detect/coverage.ts'
import { code, duration, list } from './text.ts'

/** What is said of names that nothing watches. Pure. */

/** Names in one sentence; `/monitor coverage` has them all. */
const NAMED = 5

/** For the record and the channel; the same as long as the gaps are. */
export function gapSentence({ gaps, domains, percent }: Ledger, problems: readonly string[]): string {
  const shown = gaps.slice(0, NAMED).map(({ name }) => name)
  const names = list(gaps.length > shown.length ? [...shown, `${gaps.length - shown.length} more`] : shown)
  const said = [
    ...(gaps.length > 0
      ? [
          `${gaps.length} ${gaps.length === 1 ? 'name' : 'names'} of ${list(domains)} ${gaps.length === 1 ? 'is' : 'are'} watched by nothing: ${names} (${percent} % are)`,
        ]
      : []),
    ...(problems.length > 0 ? [`some names may be hidden: ${problems.slice(0, 3).join('; ')}`] : []),
  ]
  return said.join('; ')
}

/** For the handover: what nobody would be told of. */
export const coverageLine = ({ service, gaps, percent }: Ledger): string =>
  `:eyes: *${percent} %* of the names of ${code(service)} are watched: ${gaps.length} ${gaps.length === 1 ? 'is' : 'are'} not (\`/monitor coverage\`).`

/** Gaps that are listed in full. */
const LISTED = 40

/** The ledger of a service, for `/monitor coverage`. */
export function ledgerLines(ledger: Ledger, now: number): string[] {
  const { service, domains, watched, ignored, gaps, percent } = ledger
  const mark = gaps.length === 0 ? ':white_check_mark:' : ':warning:'
  const shown = gaps.slice(0, LISTED)
  return [
    `${mark} *${service}* (${list(domains.map(code))}): *${percent} %* of ${watched.length + gaps.length} names are watched${ignored.length > 0 ? `, ${ignored.length} more are ignored` : ''}.`,
    ...shown.map(
      ({ name, source, firstSeenAt, wildcard }) =>
        `:eyes: ${code(name)} is watched by nothing, known for ${duration(now - firstSeenAt)} from ${code(source)}${wildcard ? '; it is every name beneath it: name those that matter, or ignore it' : ''}`,
    ),
    ...(gaps.length > shown.length
      ? [`_and ${gaps.length - shown.length} more: \`watchbill coverage\` lists all_`]
      : []),
  ]
}
