import type { SlackResult } from '../src/deps.ts'
import { afterLook, type GroupLook, ownersOf, rolesOfGroups, UNREAD_MS } from '../src/domain/duty/role-group.ts'
import type { Handler } from '../src/outbox.ts'
import type { Group } from '../src/slack/api.ts'
import { plainMessage } from '../src/slack/blocks.ts'
import { roleGroupNews } from '../src/slack/role-groups.ts'
import { keepRoleGroups, readRoleGroups } from '../src/store/role-groups.ts'
import { dmOf, type JobDeps, keyed, tell } from './tell.ts'

/** Looks who is in the user groups that roles name; of one that gives its role to nobody, whoever answers for the role hears. */
export async function watchRoleGroups(deps: JobDeps, listed: SlackResult<Group[]>): Promise<void> {
  const rules = deps.rules()
  const { pool } = deps.store
  const known = await readRoleGroups(pool)
  const of = rolesOfGroups(rules)
  if (of.size === 0 && known.length === 0) return
  const now = deps.clock.now()
  const kept = [...of].flatMap(([handle, roles]) => {
    const before = known.find((each) => each.handle === handle)
    // Slack that is away for a moment says nothing of the group.
    if (!listed.ok && listed.kind !== 'never' && before && now - before.seenAt < UNREAD_MS)
      return { ...before, roles, tell: [] }
    const look: GroupLook = listed.ok
      ? (listed.value.find((each) => each.handle === handle) ?? null)
      : { unread: listed.reason }
    return { ...afterLook(before, handle, look, rules, now), roles, tell: ownersOf(rules, roles) }
  })
  await keepRoleGroups(pool, kept, now)
}

/** What is wrong with a group that a role names, or that it is well again: to whoever answers for the role. */
export function roleGroup(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'role-group') throw new Error(`${claim.key} is about no user group`)
    const { about } = claim
    const dm = await dmOf(deps.slack.rest, deps, about.person)
    if (!('channel' in dm)) return dm
    const message = { ...plainMessage(roleGroupNews(about)), metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.rest, channel: dm.channel, message, sinceAt: about.at })
  }
}
