import { isBeneath, type Ledger, ledgers } from '../src/domain/detect/coverage.ts'
import { askedFor, isGraver, isWorkingTime, type Level } from '../src/domain/detect/gap.ts'
import { GONE_MS, isBlind, type NameSource, nextAskAt, sourcesOf } from '../src/domain/detect/name-source.ts'
import type { Rules } from '../src/domain/rules.ts'
import { messageOf } from '../src/errors.ts'
import {
  endTurn,
  forgetSources,
  type KnownSource,
  readKnown,
  readSources,
  saveNames,
  sawAgain,
  takeTurn,
} from '../src/store/coverage.ts'
import { keepGaps, oweGaps, readGaps } from '../src/store/gaps.ts'
import { rotaOf } from '../src/store/rota.ts'
import type { JobDeps } from './tell.ts'
import { warn } from './warning.ts'

/** The alert of a service that names may be hidden from us. */
const BLIND_KEY = 'coverage'

/** Searches of the logs of certificate transparency in one tick, one after the other: they are somebody's gift. */
const MOST_SEARCHES = 5

/**
 * Keeps the ledger of names: asks the sources whose turn it is, and tells of names that nothing watches, each once at each level. A source
 * that fails loses none of the names that it had; one that goes on failing is an alarm of its own, because the name that matters may be the
 * one that it hides.
 */
export function coverage(deps: JobDeps) {
  const { pool } = deps.store
  /** Problems of sources that are on the log already. */
  const complained = new Map<string, string>()
  let searching = false

  async function ask(source: NameSource): Promise<boolean> {
    const turn = await takeTurn(pool, source.id, deps.clock.now())
    if (turn === null) return false
    const { allowPrivate } = deps.rules()
    const said = await deps.readNames(source, { allowPrivate, validators: turn.validators, at: deps.clock.now() })
    const now = deps.clock.now()
    const problems = said.outcome === 'failed' ? [said.why] : said.outcome === 'read' ? said.problems : []
    const isWhole = problems.length === 0
    if (said.outcome === 'read')
      await saveNames(pool, source.id, said.names, now, isWhole ? now - GONE_MS[source.kind] : null)
    if (said.outcome === 'unchanged') await sawAgain(pool, source.id, now)
    const next: KnownSource = {
      ...turn,
      ...{ triedAt: now, problems, okAt: isWhole ? now : turn.okAt, failures: isWhole ? 0 : turn.failures + 1 },
      ...(said.outcome === 'read' && { names: said.names.length, validators: isWhole ? said.validators : null }),
    }
    await endTurn(pool, next, nextAskAt(source.kind, next.failures, now))
    complain(source, problems)
    return true
  }

  function complain({ id }: NameSource, problems: readonly string[]): void {
    const said = problems.join('; ')
    if (said !== '' && complained.get(id) !== said)
      deps.log.warn({ source: id, problems }, 'a source of names is not as it should be')
    complained.set(id, said)
  }

  /** Beside everything else: a search takes up to a minute, and what it finds is told with the next tick. */
  async function search(logs: readonly NameSource[]): Promise<void> {
    if (searching) return
    searching = true
    try {
      let searches = 0
      for (const each of logs) if (searches < MOST_SEARCHES && (await ask(each))) searches++
    } finally {
      searching = false
    }
  }

  return async (): Promise<void> => {
    const rules = deps.rules()
    const sources = sourcesOf(rules)
    search(sources.filter(({ kind }) => kind === 'ct')).catch((error: unknown) =>
      deps.log.warn({ reason: messageOf(error) }, 'certificate transparency could not be searched'),
    )
    await Promise.all(sources.filter(({ kind }) => kind !== 'ct').map(ask))
    const now = deps.clock.now()
    await forgetSources(pool, [...sources.map(({ id }) => id), ...rules.coverage.seen], now - GONE_MS.seen)
    const found = ledgers(rules, await readKnown(pool), now)
    await tellGaps(deps, rules, found)
    await tellBlind(deps, found, sources)
  }
}

/** What is a gap now, and what of it was not told at its level. */
async function tellGaps(deps: JobDeps, rules: Rules, found: readonly Ledger[]): Promise<void> {
  const { pool } = deps.store
  const now = deps.clock.now()
  const channels = Object.fromEntries(Object.values(rules.services).map(({ name, channel }) => [name, channel]))
  const open = found.flatMap(({ service, gaps }) => gaps.map(({ name }) => ({ service, name })))
  await keepGaps(pool, open, channels, now)
  const known = await readGaps(pool)
  const told = new Map(known.map((gap) => [`${gap.service}/${gap.name}`, gap.told]))
  const isWorking = isWorkingTime(now, rules.zone)
  for (const { service, gaps } of found) {
    const news = gaps
      // Whoever is to be asked in person is asked when they work.
      .map((gap) => ({ ...gap, level: gap.level === 'error' && !isWorking ? ('warning' as Level) : gap.level }))
      .filter(({ name, level }) => isGraver(level, told.get(`${service}/${name}`) ?? null))
    const channel = channels[service] ?? null
    for (const [level, those] of Map.groupBy(news, (gap) => gap.level)) {
      const to = [
        ...(channel === null ? [] : [{ channel }]),
        ...(level === 'error' ? await owners(deps, rules, service, those) : []),
      ]
      const names = those.map(({ name }) => name)
      if (await oweGaps(pool, { service, level, names, to }, now))
        deps.log.info({ service, level, names }, 'names are watched by nothing')
    }
  }
}

async function owners(deps: JobDeps, rules: Rules, service: string, gaps: Ledger['gaps']) {
  const now = deps.clock.now()
  const named = gaps.flatMap(({ owner }) => owner ?? [])
  const others = named.length < gaps.length ? askedFor(await rotaOf(deps.store.pool, rules, now), service, now) : []
  return [...new Set([...named, ...others])].map((person) => ({ person }))
}

/** One alert for each service whose names a source may hide. */
async function tellBlind(deps: JobDeps, found: readonly Ledger[], sources: readonly NameSource[]): Promise<void> {
  const { pool } = deps.store
  const now = deps.clock.now()
  const states = await readSources(pool)
  const blind = sources.flatMap((source) => {
    const state = states.get(source.id)
    return state && isBlind(source.kind, state, now) ? [{ source, state }] : []
  })
  for (const { service, domains } of found) {
    const concerned = blind.filter(({ source }) => isAbout(source, domains))
    await warn(deps, {
      ...{ service, key: BLIND_KEY, id: service, headline: 'the ledger of names is blind' },
      summary:
        concerned.length === 0
          ? null
          : `some names may be hidden: ${concerned.map(({ state: { id, problems } }) => `${id} ${problems[0]}`).join('; ')}`,
      evidence: concerned.map(({ state: { id, triedAt, problems } }) => ({
        at: triedAt,
        saw: `${id} ${problems.join('; ')}`,
      })),
      over: 'every source of names can be read again',
      changed: 'other sources fail now',
    })
  }
}

/** Whether a source may know names of these domains. */
function isAbout(source: NameSource, domains: readonly string[]): boolean {
  switch (source.kind) {
    // What is in a file is only known once it has been read.
    case 'zone-file':
      return true
    case 'axfr':
      return domains.some((domain) => isBeneath(source.zone, domain) || isBeneath(domain, source.zone))
    case 'ct':
      return domains.includes(source.domain)
    default:
      return source satisfies never
  }
}
