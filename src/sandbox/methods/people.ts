import { changeUser } from '../acts.ts'
import { type Call, type Handler, need, paged, refuse, text } from '../call.ts'
import type { User } from '../model.ts'
import { seconds, slackProfile, slackUser } from '../slack-shapes.ts'
import { isExternal, needUser } from '../workspace.ts'

export const people: Record<string, Handler> = {
  'users.info'(call) {
    const user = call.ws.users.get(need(call, 'user')) ?? refuse('user_not_found')
    return { user: slackUser(call.ws, user) }
  },

  'users.list'(call) {
    // People of other companies are in it only where a channel is shared with them.
    const known = [...call.ws.users.values()].filter((user) => !isExternal(user) || shares(call, user))
    const { page, next_cursor } = paged(call, known)
    const members = page.map((user) => slackUser(call.ws, user))
    return { members, cache_ts: seconds(call.ws.clock.now()), response_metadata: { next_cursor } }
  },

  'users.lookupByEmail'(call) {
    const email = need(call, 'email').toLowerCase()
    const found = [...call.ws.users.values()].find((user) => !user.isBot && user.email.toLowerCase() === email)
    if (!found || found.deleted || isExternal(found)) return refuse('users_not_found')
    return { user: slackUser(call.ws, found) }
  },

  'users.profile.get'(call) {
    const user = call.ws.users.get(text(call, 'user') ?? call.me) ?? refuse('user_not_found')
    return { profile: slackProfile(call.ws, user) }
  },

  'users.getPresence'(call) {
    const user = call.ws.users.get(text(call, 'user') ?? call.me)
    // Slack lists no error of its own for this method.
    const presence = user && !user.deleted ? user.presence : 'away'
    return user?.id === call.me ? { presence, online: presence === 'active', ...OWN_PRESENCE } : { presence }
  },

  'users.setPresence'(call) {
    const asked = need(call, 'presence')
    if (asked !== 'auto' && asked !== 'away') refuse('invalid_presence')
    const user = needUser(call.ws, call.me)
    changeUser(call.ws, user, { presence: asked === 'away' ? 'away' : 'active' })
    return {}
  },
}

/** What Slack tells of presence to the one whose it is. */
const OWN_PRESENCE = { auto_away: false, manual_away: false, connection_count: 1 }

const shares = (call: Call, user: User): boolean =>
  [...call.ws.rooms.values()].some((room) => room.members.has(user.id) && room.members.has(call.me))
