import { type Call, type Handler, list, need, paged, refuse, seconds, text } from '../call.ts'
import { slackGroup, slackUser } from '../slack-shapes.ts'
import type { UserGroup } from '../workspace.ts'

export const people: Record<string, Handler> = {
  'users.info'(call) {
    const user = call.ws.users.get(need(call, 'user')) ?? refuse('user_not_found')
    return { user: slackUser(call.ws, user) }
  },

  'users.list'(call) {
    const { page, next_cursor } = paged(call, [...call.ws.users.values()])
    const members = page.map((user) => slackUser(call.ws, user))
    return { members, cache_ts: seconds(call.ws.clock.now()), response_metadata: { next_cursor } }
  },

  'users.lookupByEmail'(call) {
    const email = need(call, 'email').toLowerCase()
    const found = [...call.ws.users.values()].find((user) => !user.isBot && user.email.toLowerCase() === email)
    if (!found || found.deleted) return refuse('users_not_found')
    return { user: slackUser(call.ws, found) }
  },

  'users.getPresence'(call) {
    const user = call.ws.users.get(text(call, 'user') ?? call.bot)
    // Slack lists no error of its own for this method.
    return { presence: user && !user.deleted ? user.presence : 'away' }
  },

  'dnd.info'(call) {
    const user = call.ws.users.get(text(call, 'user') ?? call.bot) ?? refuse('user_not_found')
    const now = call.ws.clock.now()
    const until = user.dndUntil !== null && user.dndUntil > now ? user.dndUntil : null
    if (until === null) return { dnd_enabled: false, next_dnd_start_ts: 1, next_dnd_end_ts: 1, snooze_enabled: false }
    return {
      dnd_enabled: true,
      next_dnd_start_ts: seconds(now),
      next_dnd_end_ts: seconds(until),
      snooze_enabled: false,
    }
  },

  'usergroups.list'(call) {
    const groups = [...call.ws.groups.values()].filter((group) => call.args.include_disabled || !group.disabled)
    const withUsers = Boolean(call.args.include_users)
    const usergroups = groups.map((group) => ({
      ...slackGroup(call.ws, group),
      ...(withUsers ? { users: group.users } : {}),
    }))
    return { usergroups }
  },

  'usergroups.users.list'(call) {
    return { users: groupOf(call).users }
  },

  'usergroups.users.update'(call) {
    const group = call.ws.groups.get(need(call, 'usergroup')) ?? refuse('permission_denied')
    const users = list(call, 'users')
    if (users.length === 0) refuse('no_users_provided')
    const fits = (id: string) => {
      const user = call.ws.users.get(id)
      return user !== undefined && !user.deleted && !user.isBot && !user.isRestricted
    }
    if (!users.every(fits)) refuse('invalid_users')
    group.users = [...new Set(users)]
    return { usergroup: { ...slackGroup(call.ws, group), users: group.users } }
  },
}

const groupOf = (call: Call): UserGroup => call.ws.groups.get(need(call, 'usergroup')) ?? refuse('no_such_subteam')
