import { listLogs } from '../checks/log-folder.ts'
import { readNames } from '../checks/source.ts'
import { writtenMonitors } from '../config/written.ts'
import { formatProblem, loadConfig } from '../config.ts'
import { isBeneath, type Known, type KnownName, type Ledger, ledgers } from '../domain/detect/coverage.ts'
import type { LogLedger } from '../domain/detect/log-coverage.ts'
import { isBlind, type NameSource, type SourceState, sourcesOf } from '../domain/detect/name-source.ts'
import { probesOf, type Rules } from '../domain/rules.ts'
import { logLedgers } from '../log-coverage.ts'
import { duration } from '../slack/text.ts'
import { readKnown, readSources } from '../store/coverage.ts'
import { withAdoptions } from '../store/marks.ts'
import { atHand } from '../store/store.ts'
import { ifStored } from './configured.ts'
import { sentenceOf } from './reach-store.ts'

interface Output {
  write(text: string): unknown
}

interface Options {
  config?: string
  json?: boolean
  /** What was adopted, as YAML. */
  adopted?: boolean
  /** The configuration alone: its sources are asked now. */
  planned?: boolean
}

/** What is known: by the store, or asked just now where there is none. */
interface Found {
  rules: Rules
  known: Known
  states: ReadonlyMap<string, SourceState>
  /** Since when a name is a gap is known. */
  isKept: boolean
}

/**
 * `watchbill coverage`: every name of the domains of each service, what watches it, and how the sources of names do. By the store of the bot,
 * whether that runs or not; where there is none, the sources are asked now.
 *
 * @returns the exit code: 0 every name is watched or ignored, 1 there are gaps, 2 cannot answer
 */
export async function coverage(
  options: Options,
  io: { env: Record<string, string | undefined>; stdout: Output; stderr: Output; now: number },
): Promise<number> {
  const config = await loadConfig(options.config ?? io.env.WATCHBILL_CONFIG ?? './watchbill.yaml', io.env)
  const fail = (...sentences: readonly string[]) => {
    for (const sentence of sentences) io.stderr.write(`${sentence}\n`)
    return 2
  }
  if ('problems' in config) return fail(...config.problems.map(formatProblem))
  let kept: Found | null
  try {
    kept = options.planned ? null : await stored(config.rules, io.env)
  } catch (error) {
    const sentence = sentenceOf(error, 'What is known of names could not be read')
    return fail(sentence, '--planned asks the sources of the configuration now, without the store.')
  }
  if (options.adopted) return adopted(kept, io, fail)
  const { rules, known, states, isKept } = kept ?? (await asked(config.rules, io.now))
  const sources = sourcesOf(rules)
  const sick = sources.filter(({ id }) => (states.get(id)?.problems.length ?? 0) > 0)
  // A source that is not whole answers nothing: the name that matters may be the one that it hides.
  if (!isKept && sick.length > 0)
    return fail(...sick.flatMap(({ id }) => (states.get(id)?.problems ?? []).map((problem) => `${id}: ${problem}`)))
  const logs = await logLedgers({ listLogs }, rules)
  const found = ledgers(rules, known, io.now)
  if (options.json)
    io.stdout.write(
      `${JSON.stringify([...found.map((ledger) => asJson(ledger, sources, states, isKept)), ...logs.ledgers])}\n`,
    )
  else {
    for (const line of found.flatMap((ledger) => lines(ledger, io.now, isKept))) io.stdout.write(`${line}\n`)
    for (const line of logs.ledgers.flatMap(logLines)) io.stdout.write(`${line}\n`)
    if (found.length > 0) for (const line of sourceLines(rules, states, io.now)) io.stdout.write(`${line}\n`)
  }
  for (const { problem } of logs.problems) io.stderr.write(`${problem}\n`)
  if (found.length + logs.ledgers.length + logs.problems.length === 0)
    io.stderr.write('No service has domains: give it some, and coverage a zone file.\n')
  if ([...found, ...logs.ledgers].some(({ gaps }) => gaps.length > 0)) return 1
  // Without a gap, but blind: nobody can say that there is none.
  return logs.problems.length > 0 || sources.some((source) => isBlindNow(source, states, io.now)) ? 2 : 0
}

const stored = (rules: Rules, given: Record<string, string | undefined>): Promise<Found | null> =>
  ifStored(given, (place) =>
    atHand(place, async ({ pool }) => ({
      rules: await withAdoptions(pool, rules),
      known: await readKnown(pool),
      states: await readSources(pool),
      isKept: true,
    })),
  )

/** One after the other: some of them are somebody's gift. */
async function asked(rules: Rules, now: number): Promise<Found> {
  const names: KnownName[] = []
  const states = new Map<string, SourceState>()
  const read = readNames(() => now)
  for (const source of sourcesOf(rules)) {
    const { allowPrivate } = rules
    const said = await read(source, { allowPrivate, validators: null, at: now })
    const has = said.outcome === 'read' ? said.names : []
    const problems = said.outcome === 'failed' ? [said.why] : said.outcome === 'read' ? said.problems : []
    names.push(...has.map((each) => ({ ...each, source: source.id, firstSeenAt: now, lastSeenAt: now })))
    states.set(source.id, {
      ...{ id: source.id, triedAt: now, okAt: problems.length > 0 ? null : now, firstAt: now },
      ...{ failures: problems.length > 0 ? 1 : 0, problems, names: has.length },
    })
  }
  return { rules, known: { names, marks: [], gaps: [] }, states, isKept: false }
}

function adopted(
  kept: Found | null,
  { stdout, stderr }: { stdout: Output; stderr: Output },
  fail: (why: string) => number,
) {
  if (kept === null)
    return fail(
      'What was adopted is in the store of the bot, and there is none here: set WATCHBILL_DATA to its data folder, or DATABASE_URL to its database.',
    )
  const probes = probesOf(kept.rules).filter(({ name }) => Object.hasOwn(kept.rules.adopted, name))
  if (probes.length === 0) stderr.write('Nothing is adopted that is not in the configuration already.\n')
  else stdout.write(writtenMonitors(probes))
  return 0
}

function lines({ service, domains, watched, ignored, gaps, percent }: Ledger, now: number, isKept: boolean): string[] {
  return [
    `${service} (${domains.join(', ')}): ${percent} % of ${watched.length + gaps.length} names are watched`,
    ...watched.map(({ name, monitors }) => `  watched  ${name}  by ${monitors.join(', ')}`),
    ...ignored.map(
      ({ name, reason, by, at }) =>
        `  ignored  ${name}${reason === null ? '' : `  ${reason}`}${by === null ? '' : ` (${by}, ${new Date(at ?? now).toISOString().slice(0, 10)})`}`,
    ),
    ...gaps.map(({ name, sources, sinceAt, level, owner, wildcard }) => {
      const age = isKept
        ? `  for ${duration(now - sinceAt)}, ${level}, owner ${owner ?? `the policy of ${service}`}`
        : ''
      return `  GAP      ${name}${age}  from ${sources.join(', ')}${wildcard ? ' (every name beneath it)' : ''}`
    }),
  ]
}

function sourceLines(rules: Rules, states: Found['states'], now: number): string[] {
  return [
    'sources',
    ...sourcesOf(rules).map((source) => {
      const state = states.get(source.id)
      if (state === undefined) return `  unasked  ${source.id}`
      const read = state.okAt === null ? 'never read whole' : `read ${duration(now - state.okAt)} ago`
      if (state.problems.length === 0) return `  ok       ${source.id}  ${state.names} names, ${read}`
      const mark = isBlind(source.kind, state, now) ? 'BLIND  ' : 'failing'
      return `  ${mark}  ${source.id}  ${state.problems.join('; ')} (${read})`
    }),
    ...rules.coverage.seen.map((kind) => `  seen     ${kind} that probes meet`),
  ]
}

const isBlindNow = (source: NameSource, states: Found['states'], now: number) => {
  const state = states.get(source.id)
  return state !== undefined && isBlind(source.kind, state, now)
}

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString())

function asJson(ledger: Ledger, sources: readonly NameSource[], states: Found['states'], isKept: boolean) {
  const { gaps, ignored, ...rest } = ledger
  return {
    ...rest,
    ignored: ignored.map(({ at, ...each }) => ({ ...each, at: iso(at) })),
    gaps: gaps.map(({ name, role, sources: from, wildcard, sinceAt, level, owner }) => ({
      ...{ name, role, sources: from, wildcard },
      ...(isKept && { since: iso(sinceAt), level, owner }),
    })),
    sources: sources
      .filter((source) => source.kind !== 'ct' || ledger.domains.some((domain) => isBeneath(source.domain, domain)))
      .map(({ id, kind }) => {
        const { okAt = null, triedAt = null, problems = [], names = 0 } = states.get(id) ?? {}
        return { source: id, kind, names, problems, read: iso(okAt), asked: iso(triedAt) }
      }),
  }
}

function logLines({ logs, service, read, ignored, gaps }: LogLedger): string[] {
  return [
    `${service} (${logs}): ${read.length} of ${read.length + gaps.length} logs are read`,
    ...read.map((path) => `  read     ${path}`),
    ...ignored.map((path) => `  ignored  ${path}`),
    ...gaps.map(({ path }) => `  GAP      ${path}`),
  ]
}
