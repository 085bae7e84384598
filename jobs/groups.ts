import type { SlackCall, SlackResult } from '../src/deps.ts'
import type { Standings } from '../src/domain/authority.ts'
import { rolesOfGroups } from '../src/domain/duty/role-group.ts'
import { dutyAt, nextChange } from '../src/domain/duty/schedule.ts'
import type { Schedule } from '../src/domain/duty/schedule-types.ts'
import { scheduleInShadow } from '../src/domain/shadow.ts'
import type { Handler } from '../src/outbox.ts'
import { createGroup, disableGroup, enableGroup, type Group, listGroups, setGroup } from '../src/slack/api.ts'
import { standings } from '../src/store/people.ts'
import { rotaOf } from '../src/store/rota.ts'
import { look } from './people.ts'
import { watchRoleGroups } from './role-groups.ts'
import type { JobDeps } from './tell.ts'

/** Until the next slot comes. */
const SLOT_MS = 60_000

/** Reasons that concern every group: somebody has to mend the workspace or the app first. */
const OF_ALL = new Set([
  'permission_denied',
  'plan_upgrade_required',
  'paid_teams_only',
  'missing_scope',
  'not_allowed_token_type',
  'user_is_restricted',
  'cannot_create_user_group',
])

/** What Slack refused is asked for again this often: somebody may have mended it. */
const REFUSED_MS = 3_600_000

/** Slack's reasons against keeping user groups, as far as this process knows; by handle, or for all of them under {@link ALL}. */
export type GroupTrouble = Map<string, { reason: string; untilAt: number }>
export const ALL = '*'

type Grouped = Schedule & { slackGroup: string }

type Failed = Exclude<SlackResult<never>, { ok: true }>
type Kept = SlackResult<unknown>
const DONE: Kept = { ok: true, value: null }

/**
 * Watches the user groups that roles name, and keeps the Slack user group of each schedule equal to who is on duty: looks at the groups as they are, and changes those that differ. A slot
 * lasts until the next change of duty when that comes before the next slot. Whoever changes a group by hand finds it put right within a minute.
 */
export function groups(deps: JobDeps & { groupTrouble: GroupTrouble }) {
  const { clock, log, slack, groupTrouble: trouble } = deps
  let pausedUntil = Number.NEGATIVE_INFINITY

  async function round(): Promise<void> {
    const grouped = await schedules(deps)
    // What the configuration asks for no more is no trouble any more.
    for (const handle of trouble.keys())
      if (!grouped.some(({ slackGroup }) => handle === ALL || slackGroup === handle)) trouble.delete(handle)
    const isKept = grouped.length > 0 && !isRefused(ALL)
    if (clock.now() < pausedUntil || (!isKept && rolesOfGroups(deps.rules()).size === 0)) return
    const listed = await listGroups(slack.rest)
    await watchRoleGroups(deps, listed)
    if (!listed.ok) return isKept ? void endsRound(listed, ALL) : undefined
    if (!isKept) return
    const known = await standings(deps.store.pool)
    for (const schedule of grouped) {
      if (isRefused(schedule.slackGroup)) continue
      const found = listed.value.find(({ handle }) => handle === schedule.slackGroup) ?? null
      const kept = await keep(schedule, found, members(deps, schedule, known))
      if (kept.ok) trouble.delete(schedule.slackGroup)
      else if (endsRound(kept, schedule.slackGroup)) return
    }
    if (trouble.delete(ALL)) log.info('Slack user groups can be kept again')
  }

  const isRefused = (handle: string) => clock.now() < (trouble.get(handle)?.untilAt ?? Number.NEGATIVE_INFINITY)

  /** Whether no group can be kept now, or only this one cannot. What is refused is said once, and shown for as long as it lasts. */
  function endsRound(failed: Failed, handle: string): boolean {
    const { kind, reason } = failed
    if (kind !== 'never') {
      log.info({ group: handle, reason }, 'a Slack user group could not be looked after; it is tried again')
      pausedUntil = clock.now() + (kind === 'again' ? (failed.afterMs ?? 0) : 0)
      return true
    }
    const about = OF_ALL.has(reason) ? ALL : handle
    if (trouble.get(about)?.reason !== reason)
      log.error({ group: handle, reason }, 'Slack refuses to change a user group')
    trouble.set(about, { reason, untilAt: clock.now() + REFUSED_MS })
    return about === ALL
  }

  /** One group as it should be. */
  async function keep(schedule: Grouped, found: Group | null, wanted: string[]): Promise<Kept> {
    if (wanted.length === 0) return found === null || found.disabled ? DONE : disable(schedule, found)
    const group = found ?? (await create(slack.rest, schedule))
    if ('ok' in group) return group
    if (group.disabled) {
      const enabled = await enableGroup(slack.rest, group.id)
      if (!enabled.ok) return enabled
    }
    if (same(group.users, wanted)) return DONE
    const set = await setGroup(slack.rest, group.id, wanted)
    if (set.ok) log.info({ group: schedule.slackGroup, users: wanted }, 'a Slack user group was changed')
    return set.ok || set.kind !== 'never' || set.reason !== 'invalid_users' ? set : setOthers(schedule, group, wanted)
  }

  async function disable({ slackGroup }: Grouped, { id }: Group): Promise<Kept> {
    log.info({ group: slackGroup }, 'nobody is on duty: a Slack user group is disabled')
    return disableGroup(slack.rest, id)
  }

  /** Somebody's account has changed since it was last looked at: whoever is left is the group. */
  async function setOthers(schedule: Grouped, group: Group, refused: readonly string[]): Promise<Kept> {
    for (const person of Object.values(deps.rules().people))
      if (refused.includes(person.slack)) await look(deps, person, `group@${clock.now()}`)
    const wanted = members(deps, schedule, await standings(deps.store.pool))
    if (wanted.length === 0) return disable(schedule, group)
    return same(wanted, refused)
      ? { ok: false, kind: 'never', reason: 'invalid_users' }
      : setGroup(slack.rest, group.id, wanted)
  }

  return async (slotAt: number, signal?: AbortSignal): Promise<void> => {
    for (;;) {
      const seenAt = clock.now()
      await round()
      const next = signal ? await nextChangeAt(deps, seenAt) : null
      if (next === null || next >= slotAt + SLOT_MS) return
      await clock.sleepUntil(next, signal).catch(() => {})
      if (signal?.aborted) return
    }
  }
}

/** The group of a schedule whose people have changed by hand: not at the next minute but now. */
export function group(deps: JobDeps & { groupTrouble: GroupTrouble }): Handler {
  const keepAll = groups(deps)
  return async () => {
    await keepAll(deps.clock.now())
    return { outcome: 'done' }
  }
}

/** The schedules that have a group, as they are really stood. The store is not asked where there is none. */
async function schedules(deps: JobDeps): Promise<Grouped[]> {
  const rules = deps.rules()
  // In shadow mode the groups belong to the other pager.
  const hasGroup = (schedule: Schedule): schedule is Grouped =>
    schedule.slackGroup !== undefined && !scheduleInShadow(rules, schedule.name)
  if (!Object.values(rules.schedules).some(hasGroup)) return []
  return Object.values((await rotaOf(deps.store.pool, rules)).schedules).filter(hasGroup)
}

async function nextChangeAt(deps: JobDeps, afterAt: number): Promise<number | null> {
  const all = (await schedules(deps)).flatMap((schedule) => nextChange(schedule, afterAt, SLOT_MS)?.at ?? [])
  return all.length === 0 ? null : Math.min(...all)
}

/** Slack ids of those on duty whom a group takes: no guests, no bots, nobody who left. */
function members(deps: JobDeps, schedule: Schedule, { guests, gone }: Standings): string[] {
  const { people } = deps.rules()
  const fit = dutyAt(schedule, deps.clock.now()).filter((name) => !guests.has(name) && !gone.has(name))
  return fit.flatMap((name) => people[name]?.slack ?? [])
}

async function create(call: SlackCall, { name, slackGroup }: Grouped): Promise<Group | Failed> {
  const description = 'Whoever is on duty now. Kept by Watchbill.'
  const made = await createGroup(call, { name: `On call: ${name}`.slice(0, 80), handle: slackGroup, description })
  if (!made.ok) return made
  return { id: made.value.usergroup.id, handle: slackGroup, users: [], disabled: false }
}

const same = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((id) => b.includes(id))
