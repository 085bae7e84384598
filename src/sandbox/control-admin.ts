import * as z from 'zod'
import { changeUser } from './acts.ts'
import { as, DONE, post } from './control-room.ts'
import { deliverNoted } from './delivery.ts'
import { arm, disarm, type Fault, faultSchema } from './faults.ts'
import { actor } from './gestures.ts'
import { Impossible } from './impossible.ts'
import type { User, Workspace } from './model.ts'
import { wake } from './schedule.ts'
import { addUser } from './seed.ts'
import { personOf, settingsOf } from './seen.ts'
import type {
  AddUserRequest,
  AdvanceRequest,
  AsRequest,
  ChangeUserRequest,
  ClockReply,
  DeliverReply,
  DeliverRequest,
  DeliverToRequest,
  Done,
  FaultReply,
  Settings,
  SettingsReply,
  UsergroupRequest,
  UserReply,
} from './wire.ts'
import { emit, findUser } from './workspace.ts'

const role = {
  email: z.string().exactOptional(),
  tz: z
    .string()
    .refine((zone) => Intl.supportedValuesOf('timeZone').includes(zone) || zone === 'UTC', {
      error: 'must be a time zone, such as Europe/Zurich',
    })
    .exactOptional(),
  real_name: z.string().min(1).exactOptional(),
  is_restricted: z.boolean().exactOptional(),
  is_ultra_restricted: z.boolean().exactOptional(),
  is_admin: z.boolean().exactOptional(),
}
const handle = z.string().regex(/^[\p{L}\d][\p{L}\d._-]*$/u)

const settingsSchema = z.strictObject({
  plan: z.enum(['free', 'paid']).exactOptional(),
  everyone_manages_groups: z.boolean().exactOptional(),
  everyone_creates_channels: z.boolean().exactOptional(),
  canvases: z.boolean().exactOptional(),
  rate_limits: z.boolean().exactOptional(),
  scopes: z.array(z.string()).exactOptional(),
  events: z.array(z.string()).exactOptional(),
  token: z.enum(['good', 'account_inactive', 'token_revoked']).exactOptional(),
})

/** A year at once is enough for anybody. */
const FURTHEST_JUMP_MS = 366 * 24 * 3_600_000

/** What administrators do, and what befalls a workspace. */
export const byAdministrators = {
  'add-user': post<AddUserRequest, UserReply>(
    z.strictObject({ name: handle, ...role, team: z.string().min(1).exactOptional() }),
    ({ board: { ws } }, body) => {
      if (findUser(ws, body.name)) throw new Impossible('name_taken', `There is a ${body.name} already.`)
      const { name, team } = body
      const user = addUser(ws, { name, ...(team === undefined ? {} : { team }), ...rolesIn(body) })
      return { ok: true, user: personOf(ws, user) }
    },
  ),
  'change-user': post<ChangeUserRequest, UserReply>(
    z.strictObject({
      user: z.string().min(1),
      name: handle.exactOptional(),
      ...role,
      deleted: z.boolean().exactOptional(),
      status_text: z.string().max(100).exactOptional(),
      status_emoji: z.string().exactOptional(),
    }),
    ({ board: { ws } }, body) => {
      const { name, deleted, status_text: statusText, status_emoji: statusEmoji } = body
      const change = given({ name, deleted, statusText, statusEmoji })
      return changed(ws, body.user, { ...change, ...rolesIn(body) })
    },
  ),
  deactivate: post<AsRequest, UserReply>(as, ({ board: { ws } }, { user }) => changed(ws, user, { deleted: true })),
  reactivate: post<AsRequest, UserReply>(as, ({ board: { ws } }, { user }) => changed(ws, user, { deleted: false })),
  usergroup: post<UsergroupRequest, Done>(
    as.extend({
      usergroup: z.string().min(1),
      users: z.array(z.string()).exactOptional(),
      disabled: z.boolean().exactOptional(),
      name: z.string().min(1).exactOptional(),
    }),
    ({ board: { ws } }, body) => {
      changeGroup(ws, body)
      return DONE
    },
  ),
  settings: post<Partial<Settings>, SettingsReply>(settingsSchema, ({ board: { ws } }, body) => {
    change(ws, body)
    return { ok: true, settings: settingsOf(ws) }
  }),
  'advance-clock': post<AdvanceRequest, ClockReply>(
    z.strictObject({ ms: z.int().min(1).max(FURTHEST_JUMP_MS) }),
    ({ board: { ws } }, { ms }) => {
      ws.aheadMs += ms
      wake(ws)
      emit(ws, { type: 'clock' })
      return { ok: true, now: ws.clock.now() }
    },
  ),
  fault: injectFault(),
  'inject-fault': injectFault(),
  'reset-faults': post<object, Done>(z.object({}), ({ board }) => {
    disarm(board.faults)
    return DONE
  }),
  'deliver-to': post<DeliverToRequest, Done>(
    z.strictObject({
      signing_secret: z.string().exactOptional(),
      commands: z.url().exactOptional(),
      interactions: z.url().exactOptional(),
      events: z.url().exactOptional(),
    }),
    ({ deliverTo }, { signing_secret: signingSecret, ...addresses }) => {
      const some = Object.keys(addresses).length > 0
      if (some && signingSecret === undefined)
        throw new Impossible('bad_request', 'Name the signing_secret that requests are signed with.')
      deliverTo(some ? { signingSecret: signingSecret ?? '', ...addresses } : null)
      return DONE
    },
  ),
  deliver: post<DeliverRequest, DeliverReply>(
    z.strictObject({
      kind: z.enum(['slash_commands', 'interactive', 'events_api']),
      payload: z.record(z.string(), z.unknown()),
      retry_num: z.int().min(0).exactOptional(),
      retry_reason: z.string().exactOptional(),
    }),
    async ({ board }, { kind, payload, retry_num: attempt = 0, retry_reason: reason = '' }) => {
      const { delivery } = await deliverNoted(board, { kind, payload, retry: { attempt, reason } })
      return { ok: true, delivery }
    },
  ),
  reset: post<object, Done>(z.object({}), ({ reset }) => {
    reset()
    return DONE
  }),
}

function injectFault() {
  return post<Fault, FaultReply>(faultSchema, ({ board, disconnect }, fault) => {
    if (fault.kind !== 'disconnect') return { ok: true, id: arm(board.faults, fault) }
    disconnect(fault.reason)
    return { ok: true, id: 0 }
  })
}

/** Without what was not said. */
function given<T extends object>(part: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as never
}

function rolesIn(body: Omit<AddUserRequest, 'name'>) {
  const { email, tz, real_name: realName, is_admin: isAdmin, is_restricted, is_ultra_restricted: ultra } = body
  // A guest of one channel is a guest.
  const isRestricted = ultra === true ? true : is_restricted
  return given({ email, tz, realName, isAdmin, isRestricted, isUltraRestricted: ultra })
}

function changed(ws: Workspace, who: string, part: Partial<Omit<User, 'id'>>): UserReply {
  const user = findUser(ws, who)
  if (!user) throw new Impossible('user_not_found', `There is no person ${who} in this workspace.`)
  changeUser(ws, user, part)
  return { ok: true, user: personOf(ws, user) }
}

function changeGroup(ws: Workspace, body: UsergroupRequest): void {
  const by = actor(ws, body.user)
  const group = [...ws.groups.values()].find(
    ({ id, handle }) => id === body.usergroup || `@${handle}` === body.usergroup || handle === body.usergroup,
  )
  if (!group) throw new Impossible('no_such_subteam', `There is no user group ${body.usergroup}.`)
  const before = group.users
  const users = body.users?.map((who) => {
    const user = findUser(ws, who)
    if (!user) throw new Impossible('user_not_found', `There is no person ${who} in this workspace.`)
    return user.id
  })
  const { disabled, name } = body
  Object.assign(group, given({ disabled, name, users }), { updatedAt: ws.clock.now(), updatedBy: by.id })
  emit(ws, { type: 'usergroup', group, reason: 'updated', before })
}

function change(ws: Workspace, part: Partial<Settings>): void {
  const { preferences } = ws
  preferences.plan = part.plan ?? preferences.plan
  preferences.everyoneManagesGroups = part.everyone_manages_groups ?? preferences.everyoneManagesGroups
  preferences.everyoneCreatesChannels = part.everyone_creates_channels ?? preferences.everyoneCreatesChannels
  preferences.canvases = part.canvases ?? preferences.canvases
  preferences.rateLimits = part.rate_limits ?? preferences.rateLimits
  if (part.scopes) ws.scopes = new Set(part.scopes)
  if (part.events) ws.events = new Set(part.events)
  if (part.token) ws.botRevoked = part.token === 'good' ? null : part.token
  emit(ws, { type: 'settings' })
}
