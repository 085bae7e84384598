import type { RoleGroup } from '../domain/duty/role-group.ts'
import { code, list } from './text.ts'

/** What is said of the Slack user groups that roles name. Pure. */

interface News {
  handle: string
  roles: readonly string[]
  trouble: string | null
}

const rolesIn = (roles: readonly string[]) => `${roles.length > 1 ? 'roles' : 'role'} ${list(roles.map(code))}`

/** To whoever answers for the role. */
export function roleGroupNews({ handle, roles, trouble }: News): string {
  const group = code(`@${handle}`)
  if (trouble === null)
    return `:white_check_mark: The Slack user group ${group} gives people the ${rolesIn(roles)} again.`
  return `:no_entry: *The ${rolesIn(roles)} ${roles.length > 1 ? 'have' : 'has'} a hole:* the Slack user group ${group} ${wrong(trouble)}`
}

/** In `/watchbill status`: only what is wrong. */
export const roleGroupLine = ({ handle, trouble }: RoleGroup): string[] =>
  trouble === null
    ? []
    : [`:no_entry: The Slack user group ${code(`@${handle}`)}, which a role names, ${wrong(trouble)}`]

function wrong(trouble: string): string {
  switch (trouble) {
    case 'missing':
      return 'does not exist, so that nobody has a role through it. Make it in Slack, or take it out of `roles` in the configuration.'
    case 'disabled':
      return 'is disabled, so that nobody has a role through it. Enable it in Slack, or take it out of `roles` in the configuration.'
    case 'empty':
      return 'is empty, so that nobody has a role through it. Put somebody into it in Slack.'
    case 'strangers':
      return 'has only people in it whom the configuration does not list, and who may not act. Add them to `people`, or others to the group.'
    default:
      return `cannot be read (${code(trouble.replace(/^unread: /, ''))}). Whoever was in it when it last could keeps the role; the app needs the scope \`usergroups:read\`.`
  }
}
