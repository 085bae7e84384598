import {
  createFreeze,
  deleteFreeze,
  isPeriod,
  type Kept,
  type ListedFreeze,
  listFreezes,
  type Project,
} from '../src/deploys/gitlab-freezes.ts'
import { factsFor } from '../src/domain/deploy/facts.ts'
import { type FreezePeriod, freezePeriods, spanAhead } from '../src/domain/deploy/freezes.ts'
import { calendarOf } from '../src/domain/deploy/gate.ts'
import { firstEnvironment } from '../src/domain/deploy/rules.ts'
import { askedFor } from '../src/domain/detect/gap.ts'
import { type Rules, under } from '../src/domain/rules.ts'
import type { Handler } from '../src/outbox.ts'
import { plainMessage } from '../src/slack/blocks.ts'
import { freezeTroubleLine } from '../src/slack/deploy-words.ts'
import { readSeen } from '../src/store/deploys.ts'
import {
  forgetFreeze,
  freezesWell,
  freezeTrouble,
  frozenProjects,
  intendFreeze,
  knowFreeze,
  type OurFreeze,
  ourFreezes,
} from '../src/store/gitlab-freezes.ts'
import { rotaOf, withCalendars } from '../src/store/rota.ts'
import { dmOf, type JobDeps, keyed, tell } from './tell.ts'

/** What somebody deletes there by hand is found out this late. */
const LOOK_MS = 15 * 60_000

type Entry = Rules['gate']['gitlabFreezes'][number]
const nameOf = ({ url, project }: Entry) => `${url}/${project}`

/**
 * Keeps the freeze periods of projects of GitLab equal to the coming blackouts of their services. Whatever is asked for is on record as ours
 * before, and nothing is touched that is not: who dies in between looks first whether it is there. What is to come is made before what is
 * over, or moved, is deleted.
 */
export function freezes(deps: JobDeps) {
  const { clock, log, store, callOut } = deps
  const lookedAt = new Map<string, number>()
  const orphans = new Set<string>()

  async function keep(name: string, entries: readonly Entry[], rules: Rules): Promise<Kept<null>> {
    const [entry] = entries
    const token = entry ? deps.secretOf(entry.secret) : null
    if (!entry || token === null)
      return { ok: false, sure: true, why: 'has no token in the configuration of this process' }
    const project = { url: entry.url, project: entry.project, token, allowPrivate: rules.allowPrivate }
    const wanted = await wantedOf(entries, rules)
    const settled = await settle(name, project)
    if (!settled.ok) return settled
    const ours = await ourFreezes(store.pool, name)
    for (const period of wanted.filter((each) => !ours.some((other) => isAlike(each, other)))) {
      if (!(await intendFreeze(store.pool, name, period, clock.now()))) continue
      const made = await make(name, project, period)
      if (!made.ok) return made
    }
    for (const period of ours.filter((each) => !wanted.some((other) => isAlike(each, other)))) {
      // Another process is asking for it: it is looked for at the next round.
      if (period.id === null) continue
      const deleted = await deleteFreeze(callOut, project, period.id)
      if (!deleted.ok) return deleted
      await forgetFreeze(store.pool, name, period)
      log.info({ project: name, ...period }, 'a freeze period of GitLab was deleted')
    }
    return { ok: true, value: null }
  }

  async function make(name: string, project: Project, period: FreezePeriod): Promise<Kept<unknown>> {
    const made = await createFreeze(callOut, project, period)
    if (made.ok) {
      await knowFreeze(store.pool, name, period, made.value)
      log.info({ project: name, ...period }, 'a freeze period of GitLab was made')
    } else if (made.sure) await forgetFreeze(store.pool, name, period)
    return made
  }

  /** What nobody knows the answer of is looked for; what somebody has deleted is forgotten, and made anew. */
  async function settle(name: string, project: Project): Promise<Kept<null>> {
    const ours = await ourFreezes(store.pool, name)
    const isDue = clock.now() - (lookedAt.get(name) ?? Number.NEGATIVE_INFINITY) >= LOOK_MS
    if (ours.length === 0 || (!isDue && ours.every(({ id }) => id !== null))) return { ok: true, value: null }
    const listed = await listFreezes(callOut, project)
    if (!listed.ok) return listed
    for (const period of ours) await adopt(name, period, listed.value, ours)
    lookedAt.set(name, clock.now())
    return { ok: true, value: null }
  }

  async function adopt(name: string, period: OurFreeze, listed: readonly ListedFreeze[], ours: readonly OurFreeze[]) {
    if (period.id !== null) {
      if (!listed.some(({ id }) => id === period.id)) await forgetFreeze(store.pool, name, period)
      return
    }
    const found = listed.find((each) => isPeriod(each, period) && !ours.some(({ id }) => id === each.id))
    if (found) await knowFreeze(store.pool, name, period, found.id)
    else await forgetFreeze(store.pool, name, period)
  }

  async function wantedOf(entries: readonly Entry[], rules: Rules): Promise<FreezePeriod[]> {
    const now = clock.now()
    const plan = await withCalendars(store.pool, rules)
    const desk = await readSeen(store.pool, now)
    const { fromAt, toAt } = spanAhead(now)
    const closed = entries.flatMap(({ service }) => {
      const environment = firstEnvironment(under(plan.services, service)?.deploy)
      const facts = factsFor({ desk, rules: plan }, { service, environment, but: null }, null, now)
      return calendarOf(facts).between(fromAt, toAt)
    })
    return freezePeriods(closed, now)
  }

  async function told(name: string, [entry]: readonly Entry[], kept: Kept<null>): Promise<void> {
    if (kept.ok) {
      if (await freezesWell(store.pool, name)) log.info({ project: name }, 'freeze periods of GitLab can be kept again')
      return
    }
    log.warn({ project: name, reason: kept.why }, 'freeze periods of GitLab cannot be kept')
    const service = entry?.service ?? ''
    const people = askedFor(await rotaOf(store.pool, deps.rules()), service, clock.now())
    await freezeTrouble(store.pool, { project: name, service, why: kept.why, sure: kept.sure, people }, clock.now())
  }

  return async (): Promise<void> => {
    const rules = deps.rules()
    const projects = Map.groupBy(rules.gate.gitlabFreezes, nameOf)
    for (const [name, entries] of projects) await told(name, entries, await keep(name, entries, rules))
    for (const name of await frozenProjects(store.pool)) {
      if (projects.has(name) || orphans.has(name)) continue
      orphans.add(name)
      log.error({ project: name }, 'freeze periods of ours stay at GitLab: the project is in the configuration no more')
    }
  }
}

const isAlike = (a: FreezePeriod, b: FreezePeriod) => a.starts === b.starts && a.ends === b.ends

/** That freeze periods cannot be kept, to somebody who answers for the service. */
export function freezeTroubles(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'freeze-trouble') throw new Error(`${claim.key} is about no freeze periods`)
    const { about } = claim
    const dm = await dmOf(deps.slack.rest, deps, about.person)
    if ('outcome' in dm) return dm
    const message = { ...plainMessage(freezeTroubleLine(about)), metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.rest, channel: dm.channel, message, sinceAt: about.at })
  }
}
