import type { Rules } from '../rules.ts'

/**
 * A Slack user group that a role names: whoever is in it has the role. It is kept elsewhere, by people who may not know what hangs on it, so
 * that it is watched like anything else: one that gives the role to nobody is told to whoever answers for the role.
 */
export interface RoleGroup {
  handle: string
  /** Slack ids of those in it, as it was read last. */
  users: string[]
  /** Why nobody can rely on it; null: it is as it should be. */
  trouble: string | null
  sinceAt: number
  /** When it was last read. */
  seenAt: number
}

/** What Slack has of it: null when there is none of that handle; `unread`: it could not be asked, and why. */
export type GroupLook = { users: readonly string[]; disabled: boolean } | null | { unread: string }

/** Slack may be away for so long before that is news; what it refuses is news at once. */
export const UNREAD_MS = 15 * 60_000

/** The groups that roles name, with those roles. */
export function rolesOfGroups({ roles }: Pick<Rules, 'roles'>): Map<string, string[]> {
  const of = new Map<string, string[]>()
  for (const { name, slackGroups } of Object.values(roles))
    for (const handle of slackGroups) of.set(handle, [...(of.get(handle) ?? []), name])
  return of
}

/** Who hears that a role has a hole: whoever else has it by name, else whoever is `admin`, else the last resort of everything. */
export function ownersOf({ roles, policies }: Pick<Rules, 'roles' | 'policies'>, names: readonly string[]): string[] {
  const named = names.flatMap((name) => roles[name]?.people ?? [])
  const admins = roles.admin?.people ?? []
  const last = Object.values(policies)[0]?.fallback ?? []
  return [...new Set([named, admins, last].find((each) => each.length > 0) ?? [])]
}

/** What a look at a group comes to, after what was known of it. Who could not be asked after changes nobody's role. */
export function afterLook(
  before: RoleGroup | undefined,
  handle: string,
  look: GroupLook,
  { people }: Pick<Rules, 'people'>,
  now: number,
): RoleGroup {
  if (look !== null && 'unread' in look) {
    const trouble = `unread: ${look.unread}`
    return before
      ? { ...before, trouble, sinceAt: before.trouble === trouble ? before.sinceAt : now }
      : { handle, users: [], trouble, sinceAt: now, seenAt: now }
  }
  const users = look === null || look.disabled ? [] : [...look.users]
  const ours = Object.values(people).some(({ slack }) => users.includes(slack))
  const trouble =
    look === null ? 'missing' : look.disabled ? 'disabled' : users.length === 0 ? 'empty' : ours ? null : 'strangers'
  return { handle, users, trouble, sinceAt: before?.trouble === trouble ? before.sinceAt : now, seenAt: now }
}
