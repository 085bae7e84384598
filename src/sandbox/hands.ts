import { randomBytes } from 'node:crypto'
import { changeUser, say } from './acts.ts'
import { press } from './clicks.ts'
import type { ControlRoom } from './control-room.ts'
import { arm, disarm, type Fault, faultSchema } from './faults.ts'
import { actor, command, roomFor } from './gestures.ts'
import type { Room, User, Workspace } from './model.ts'
import { wake } from './schedule.ts'
import { dmFor, messageOf, messagesFor } from './seen.ts'
import type { LocalSlack } from './server.ts'
import type { Message } from './wire.ts'
import { findRoom, needUser, watch } from './workspace.ts'

/** The workspace in the hands of whoever started it. */
export function inHands(room: ControlRoom, close: () => Promise<void>): LocalSlack {
  const { board } = room
  const { ws, journal, faults } = board
  return {
    url: `${ws.base}/`,
    apiUrl: `${ws.base}/api/`,
    botToken: ws.botToken,
    appToken: ws.appToken,
    userToken(user) {
      const token = `xoxp-local-${randomBytes(12).toString('hex')}`
      ws.userTokens.set(token, needUser(ws, user).id)
      return token
    },
    workspace: ws,
    journal: () => journal.calls,
    deliveries: () => journal.deliveries,
    say(user, channel, text, threadTs) {
      const person = actor(ws, user)
      const channelRoom = roomFor(ws, person, channel)
      return messageOf(ws, channelRoom, say(ws, person, channelRoom, text, threadTs ?? null), person.id)
    },
    async command(user, channel, text, waitMs = 0) {
      const person = actor(ws, user)
      const channelRoom = roomFor(ws, person, channel)
      const reaction = await command(board, user, channel, text)
      if (reaction.saw.length > 0 || waitMs === 0) return reaction
      return { ...reaction, saw: await nextSeen(ws, person, channelRoom, waitMs) }
    },
    press: (user, channel, ts, action_id, { value, block_id } = {}) =>
      press(board, {
        ...{ user, channel, ts, action_id },
        ...(value === undefined ? {} : { value }),
        ...(block_id === undefined ? {} : { block_id }),
      }),
    pressHome(user, action_id, block_id) {
      const view_id = ws.homes.get(needUser(ws, user).id) ?? ''
      return press(board, { user, view_id, block_id, action_id })
    },
    openHome: (user) => room.openHome(actor(ws, user), 'home'),
    dm(user) {
      wake(ws)
      return dmFor(ws, needUser(ws, user).id)
    },
    channel(which, as) {
      wake(ws)
      const found = findRoom(ws, which)
      if (!found) throw new Error(`the local workspace has no channel ${which}`)
      return { room: found, messages: messagesFor(ws, found, as === undefined ? '' : needUser(ws, as).id) }
    },
    changeUser: (user, change) => changeUser(ws, needUser(ws, user), change),
    fault(input) {
      const fault: Fault = faultSchema.parse(input)
      if (fault.kind !== 'disconnect') return arm(faults, fault)
      room.disconnect(fault.reason)
      return 0
    },
    resetFaults: () => disarm(faults),
    deliverTo: room.deliverTo,
    close,
  }
}

/** The first message that a person sees in a channel from now on; none when there is none in time. */
function nextSeen(ws: Workspace, user: User, room: Room, waitMs: number): Promise<Message[]> {
  return new Promise((resolve) => {
    const done = (seen: Message[]) => {
      clearTimeout(timer)
      unwatch()
      resolve(seen)
    }
    const timer = setTimeout(() => done([]), waitMs)
    const unwatch = watch(ws, (happening) => {
      if (happening.type !== 'message' || happening.message.channel !== room.id) return
      const { onlyFor } = happening.message
      if (onlyFor === null || onlyFor === user.id) done([messageOf(ws, room, happening.message, user.id)])
    })
  })
}
