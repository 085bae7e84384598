import { type Call, type Handler, list, refuse, text } from '../call.ts'
import type { User } from '../model.ts'
import { dndStatus, endQuiet, LONGEST_SNOOZE_MINUTES, snooze } from '../quiet.ts'
import { seconds } from '../slack-shapes.ts'
import { needUser } from '../workspace.ts'

/** Do not disturb. Only people may set theirs: no bot's token is taken for that. */
export const dnd: Record<string, Handler> = {
  'dnd.info'(call) {
    const user = call.ws.users.get(text(call, 'user') ?? call.me) ?? refuse('user_not_found')
    return dndStatus(user, call.ws.clock.now())
  },

  'dnd.teamInfo'(call) {
    const users = list(call, 'users')
    if (users.length === 0) refuse('no_users_provided')
    const known = users.flatMap((id) => call.ws.users.get(id) ?? [])
    const now = call.ws.clock.now()
    return { users: Object.fromEntries(known.map((user) => [user.id, dndStatus(user, now)])) }
  },

  'dnd.setSnooze'(call) {
    const minutes = Number(text(call, 'num_minutes') ?? refuse('missing_duration'))
    if (!Number.isInteger(minutes) || minutes < 1) refuse('snooze_failed')
    if (minutes > LONGEST_SNOOZE_MINUTES) refuse('too_long')
    const until = call.ws.clock.now() + minutes * 60_000
    snooze(call.ws, myself(call), until)
    return {
      snooze_enabled: true,
      snooze_endtime: seconds(until),
      snooze_remaining: minutes * 60,
      snooze_is_indefinite: false,
    }
  },

  'dnd.endSnooze'(call) {
    const user = myself(call)
    if (user.dndUntil === null || user.dndUntil <= call.ws.clock.now()) refuse('snooze_end_failed')
    snooze(call.ws, user, null)
    return { ...dndStatus(user, call.ws.clock.now()), snooze_enabled: false }
  },

  'dnd.endDnd'(call) {
    if (!endQuiet(call.ws, myself(call))) refuse('not_in_dnd')
    return {}
  },
}

const myself = (call: Call): User => needUser(call.ws, call.me)
