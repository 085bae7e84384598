import type { KnownBlock } from '@slack/types'
import type { Gap, Ignored, Ledger } from '../domain/detect/coverage.ts'
import type { Level } from '../domain/detect/gap.ts'
import { isBlind, type NameSource, type SourceState } from '../domain/detect/name-source.ts'
import type { Sample } from '../domain/detect/probe.ts'
import type { Recorded } from '../domain/fact.ts'
import type { Probe } from '../domain/rules.ts'
import type { Message } from './api.ts'
import { actions, answerMessage, button, section, sections } from './blocks.ts'
import { code, cut, duration, list, plain, reasonGiven } from './text.ts'
import { person, type Voice } from './words.ts'

/** What is said of names that nothing watches. Pure. */

/** Names in one sentence; `/monitor coverage` has them all. */
const NAMED = 5

const MARKS: Record<Level, string> = { info: ':eyes:', warning: ':warning:', error: ':rotating_light:' }

const namesOf = (gaps: readonly Gap[]) => {
  const shown = gaps.slice(0, NAMED).map(({ name }) => code(name))
  return list(gaps.length > shown.length ? [...shown, `${gaps.length - shown.length} more`] : shown)
}

const count = (gaps: readonly Gap[]) => `${gaps.length} ${gaps.length === 1 ? 'name' : 'names'}`
const is = (gaps: readonly Gap[]) => (gaps.length === 1 ? 'is' : 'are')

/** For the channel of a service: gaps that have come to a level, or that none is left. */
export function gapNews(
  voice: Voice,
  ledger: Ledger,
  level: Level | null,
  gaps: readonly Gap[],
  asked: readonly string[],
) {
  const { service, domains, percent } = ledger
  const head = `*${service}:*`
  if (level === null) return `:white_check_mark: ${head} every name of ${list(domains)} is watched or ignored.`
  const what = `${count(gaps)} of ${list(domains)}`
  const have = gaps.length === 1 ? 'has' : 'have'
  const named = `${namesOf(gaps)} (${percent} % of all are watched)`
  const hint = 'Type `/monitor coverage` to have them watched with one click, or to say why not.'
  const age = duration(voice.now - Math.max(...gaps.map(({ sinceAt }) => sinceAt)))
  switch (level) {
    case 'info':
      return `${MARKS[level]} ${head} ${what} ${is(gaps)} watched by nothing: ${named}. ${hint}`
    case 'warning':
      return `${MARKS[level]} ${head} ${what} ${have} been watched by nothing for ${age}: ${named}. ${hint}`
    case 'error': {
      const whom = list(asked.map((name) => person(voice, name)))
      return `${MARKS[level]} ${head} ${what} ${have} been watched by nothing for ${age}, and nobody has said why: ${named}. ${whom} ${asked.length === 1 ? 'has' : 'have'} been asked in person.`
    }
    default:
      return level satisfies never
  }
}

/** For whoever has to see to them, in person: each with what can be done about it. */
export function gapMessage(voice: Voice, { service }: Ledger, gaps: readonly Gap[]): Pick<Message, 'text' | 'blocks'> {
  const lead = `*${count(gaps)} of ${code(service)} ${is(gaps)} watched by nothing, for ${duration(voice.now - Math.max(...gaps.map(({ sinceAt }) => sinceAt)))} and longer.* If one of them fails, nobody is told. Have them watched, or say why not: \`/monitor ignore NAME REASON\`.`
  const { text, blocks } = answerMessage(lead)
  return { text, blocks: [...blocks, ...gapBlocks(voice, gaps)] }
}

/** For the handover: what nobody would be told of. */
export const coverageLine = ({ service, gaps, percent }: Ledger): string =>
  `:eyes: *${percent} %* of the names of ${code(service)} are watched: ${gaps.length} ${gaps.length === 1 ? 'is' : 'are'} not (\`/monitor coverage\`).`

/** Gaps that have buttons: with two blocks each, more would not fit into one message. */
const WITH_BUTTONS = 15
/** Others are lines, and further ones a number. */
const LISTED = 20
const IGNORED = 10

/** The ledger of a service, for `/monitor coverage`: all but its gaps with buttons. */
export function ledgerLines(voice: Voice, { service, domains, watched, ignored, gaps, percent }: Ledger): string[] {
  const mark = gaps.length === 0 ? ':white_check_mark:' : ':warning:'
  const shown = ignored.slice(0, IGNORED).map((each) => ignoredLine(voice, each))
  const more = ignored.length - shown.length
  return [
    `${mark} *${service}* (${list(domains.map(code))}): *${percent} %* of ${watched.length + gaps.length} names are watched${ignored.length > 0 ? `, ${ignored.length} more are ignored` : ''}.`,
    ...shown,
    ...(more > 0 ? [`_and ${more} more ignored: \`watchbill coverage\` lists all_`] : []),
  ]
}

function ignoredLine(voice: Voice, { name, reason, by, at }: Ignored): string {
  const why = reason === null ? 'without a reason' : `_${plain(cut(reason, 150))}_`
  if (by === null) return `:white_small_square: ${code(name)} is ignored by the configuration: ${why}`
  return `:white_small_square: ${code(name)} is ignored: ${why}, says ${person(voice, by)} (${duration(voice.now - (at ?? voice.now))} ago; ${code(`/monitor heed ${name}`)} ends it)`
}

/** What is to be known of the sources: nothing, as long as they are well. */
export function sourceLines(voice: Voice, sources: readonly NameSource[], states: ReadonlyMap<string, SourceState>) {
  return sources.flatMap((source) => {
    const state = states.get(source.id)
    if (state === undefined) return [`:white_circle: ${code(source.id)} has not been asked yet.`]
    if (state.problems.length === 0) return []
    const mark = isBlind(source.kind, state, voice.now) ? ':rotating_light:' : ':warning:'
    const since = state.okAt === null ? 'never read whole' : `last read whole ${duration(voice.now - state.okAt)} ago`
    return [`${mark} ${code(source.id)} ${plain(cut(state.problems.join('; '), 300))} (${since}): names may be hidden.`]
  })
}

/** Gaps with what can be done about each by a click; those that do not fit are lines. */
export function gapBlocks(voice: Voice, gaps: readonly Gap[]): KnownBlock[] {
  const first = gaps.slice(0, WITH_BUTTONS)
  const others = gaps.slice(WITH_BUTTONS, WITH_BUTTONS + LISTED).map((gap) => gapLine(voice, gap))
  const more = gaps.length - first.length - others.length
  if (more > 0) others.push(`_and ${more} more: \`watchbill coverage\` lists all_`)
  return [
    ...first.flatMap((gap, n) => {
      const value = `${voice.now} ${gap.name}`
      // Everything beneath a name cannot be looked at.
      const watch = gap.wildcard ? [] : [button('Watch it', 'gap_watch', value, 'primary')]
      return [section(gapLine(voice, gap)), ...actions([...watch, button('It is mine', 'gap_own', value)], `gap_${n}`)]
    }),
    ...(others.length > 0 ? sections(others) : []),
  ]
}

function gapLine(voice: Voice, { name, level, sinceAt, lastSeenAt, sources, wildcard, owner }: Gap): string {
  const gone = voice.now - lastSeenAt
  const whose = owner === null ? 'nobody has taken it' : `${person(voice, owner)} sees to it`
  const known = `for ${duration(voice.now - sinceAt)}, known from ${list(sources.slice(0, 3).map(code))}`
  const old = gone > OLD_MS ? ` (not seen there for ${duration(gone)})` : ''
  const beneath = wildcard ? ' It is every name beneath it: name those that matter, or ignore it.' : ''
  return `${MARKS[level]} ${code(name)} is watched by nothing ${known}${old}; ${whose}.${beneath}`
}

/** Logs of certificate transparency are read once a day. */
const OLD_MS = 2 * 86_400_000

/** What looks at a name from now on, and what it saw. */
const lookLine = ({ probe, sample }: Look) =>
  `${sample === null ? ':white_circle:' : sample.ok ? ':white_check_mark:' : ':x:'} ${code(probe.name)} ${looksAt(probe)} every ${duration(probe.everyMs)}${sample === null ? '' : `: ${plain(cut(sample.saw, 200))}`}`

export interface Look {
  probe: Probe
  /** Null: nobody has looked. */
  sample: Sample | null
}

function looksAt(probe: Probe): string {
  switch (probe.kind) {
    case 'http':
      return `asks ${plain(probe.url)}`
    case 'tls':
      return `looks at the certificate of ${probe.host}, which must last ${probe.daysLeft} days more,`
    case 'tcp':
      return `connects to port ${probe.port} of ${probe.host}${probe.banner === null ? '' : `, which must say ${code(probe.banner)},`}`
    case 'dns':
      return `asks for ${probe.type} of ${probe.host}`
    default:
      return probe satisfies never
  }
}

/** A name is watched from now on. */
export const adoptedAnswer = (name: string, looks: readonly Look[]): string =>
  [
    `:white_check_mark: ${code(name)} is watched from now on:`,
    ...looks.map(lookLine),
    `${code(`/monitor drop ${name} REASON`)} takes it back, with a second person; \`watchbill coverage --adopted\` prints what to put into the configuration.`,
  ].join('\n')

/** What was seen is no good: nothing is watched yet. */
export const notWell = (name: string, looks: readonly Look[]): string =>
  [
    `:x: ${code(name)} was looked at, and *nothing is watched yet*, because what would be watched is not well:`,
    ...looks.map(lookLine),
    'Watched all the same, it would page within minutes. Put a monitor that fits into the configuration instead, or ignore it: ' +
      `${code(`/monitor ignore ${name} REASON`)}.`,
  ].join('\n')

export const anywayButtons = (voice: Voice, name: string): KnownBlock[] => {
  const value = `${voice.now} ${name}`
  return actions(
    [button('Watch it all the same', 'gap_watch_anyway', value), button('Leave it', 'gap_leave', value)],
    'gap',
  )
}

export const leftAlone = 'Nothing was changed; the name stays a gap. `/monitor coverage` shows it.'
export const oldButton = 'These buttons are broken, and nothing was done. Type `/monitor coverage` for others.'

/** The button for the second person, whom dropping an adopted name takes. */
export const dropApproval = ({ id, what, mark }: Recorded & { type: 'covered' }) =>
  what === 'drop-asked' ? actions([button('Approve', 'drop_approve', `${id}/${mark.name}`)], `drop_${id}`) : []

/** What somebody decided about a name: for the channel of its service. */
export function coveredNews(voice: Voice, fact: Recorded & { type: 'covered' }): string {
  const { by, what, reason, mark } = fact
  const who = person(voice, by)
  const name = code(mark.name)
  const why = reason === null ? '' : `: ${reasonGiven(reason)}`
  switch (what) {
    case 'adopt':
      return `:eyes: ${who} has ${name} watched from now on (${list((mark.adopted?.monitors ?? []).map((each) => code(each.name)))}). \`watchbill coverage --adopted\` prints it for the configuration.`
    case 'drop-asked':
      return `:raised_hand: ${who} wants ${name} to be watched *no more*${why}. It is watched until somebody else approves, within a quarter of an hour: here, or by ${code(`/monitor approve ${mark.name}`)}.`
    case 'drop': {
      const asked = mark.dropping === null ? '' : `, as ${person(voice, mark.dropping.by)} asked`
      return `:warning: ${who} has ${name} watched no more${asked}${why}. It is a gap again, unless something else watches it.`
    }
    case 'ignore':
      return `:white_small_square: ${who} says that ${name} needs no probe${why}. ${code(`/monitor heed ${mark.name}`)} takes it back.`
    case 'heed':
      return `:eyes: ${who} says that ${name} is not to be ignored any more.`
    case 'own':
      return `:raised_hand: ${person(voice, mark.owner?.person ?? by)} sees to ${name}, which nothing watches${mark.owner?.person === by ? '' : `, says ${who}`}.`
    default:
      return what satisfies never
  }
}
