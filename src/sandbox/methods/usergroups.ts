import { type Call, flag, type Handler, list, need, refuse, refuseAs, text } from '../call.ts'
import type { UserGroup } from '../model.ts'
import { slackGroup } from '../slack-shapes.ts'
import { emit, isExternal, newId } from '../workspace.ts'

const LONGEST_NAME = 80
const LONGEST_HANDLE = 21
const LONGEST_DESCRIPTION = 140
const MOST_CHANNELS = 10
/** Handles that mean everybody. */
const FORBIDDEN = new Set(['here', 'channel', 'everyone', 'group', 'slackbot'])

export const usergroups: Record<string, Handler> = {
  'usergroups.create'(call) {
    needManager(call)
    const { ws } = call
    const name = nameOf(call) ?? refuse('missing_subteam_name')
    const handle =
      handleOf(call) ??
      name
        .toLowerCase()
        .replaceAll(/[^a-z0-9._-]+/g, '-')
        .slice(0, LONGEST_HANDLE)
    needFree(call, null, name, handle)
    const now = ws.clock.now()
    const group: UserGroup = {
      id: newId(ws, 'S'),
      handle,
      name,
      description: descriptionOf(call) ?? '',
      users: [],
      disabled: false,
      channels: channelsOf(call) ?? [],
      createdAt: now,
      updatedAt: now,
      createdBy: call.me,
      updatedBy: call.me,
    }
    ws.groups.set(group.id, group)
    emit(ws, { type: 'usergroup', group, reason: 'created', before: [] })
    return { usergroup: shown(call, group) }
  },

  'usergroups.update'(call) {
    needManager(call)
    const group = managed(call)
    const [name, handle, channels] = [nameOf(call), handleOf(call), channelsOf(call)]
    needFree(call, group, name, handle)
    change(call, group, {
      name: name ?? group.name,
      handle: handle ?? group.handle,
      description: call.args.description === '' ? '' : (descriptionOf(call) ?? group.description),
      channels: channels ?? group.channels,
    })
    return { usergroup: shown(call, group) }
  },

  'usergroups.disable'(call) {
    needManager(call)
    const group = managed(call)
    change(call, group, { disabled: true })
    return { usergroup: shown(call, group) }
  },

  'usergroups.enable'(call) {
    needManager(call)
    const group = managed(call)
    change(call, group, { disabled: false })
    return { usergroup: shown(call, group) }
  },

  'usergroups.list'(call) {
    const groups = [...call.ws.groups.values()].filter((group) => flag(call, 'include_disabled') || !group.disabled)
    const by = { withUsers: flag(call, 'include_users'), withCount: flag(call, 'include_count') }
    return { usergroups: groups.map((group) => slackGroup(call.ws, group, by)) }
  },

  'usergroups.users.list'(call) {
    const group = call.ws.groups.get(need(call, 'usergroup'))
    if (!group || (group.disabled && !flag(call, 'include_disabled'))) return refuse('no_such_subteam')
    return { users: group.users }
  },

  'usergroups.users.update'(call) {
    needManager(call)
    const group = managed(call)
    const users = list(call, 'users')
    // The list is replaced whole, and never by nothing: a group without members has to be disabled.
    if (users.length === 0) refuse('no_users_provided')
    if (!users.every((id) => fits(call, id))) refuse('invalid_users')
    change(call, group, { users: [...new Set(users)] })
    return { usergroup: shown(call, group) }
  },
}

/** Members, no guests, nobody of another company, no bots, nobody who left. */
function fits(call: Call, id: string): boolean {
  const user = call.ws.users.get(id)
  return user !== undefined && !user.deleted && !user.isBot && !user.isRestricted && !isExternal(user)
}

/** Groups are of paid plans, and a bot may manage them only where everybody may. */
function needManager(call: Call): void {
  const { plan, everyoneManagesGroups } = call.ws.preferences
  if (plan === 'free') refuseAs(call, ['plan_upgrade_required', 'paid_teams_only'], 'a paid plan')
  const isAdmin = call.ws.users.get(call.me)?.isAdmin ?? false
  if (!everyoneManagesGroups && !isAdmin) refuse('permission_denied')
}

/** Slack lists no error of its own for a group that is not there, where groups are changed. */
const managed = (call: Call): UserGroup =>
  call.ws.groups.get(need(call, 'usergroup')) ??
  refuseAs(call, ['no_such_subteam', 'permission_denied'], 'no such user group')

function change(call: Call, group: UserGroup, part: Partial<UserGroup>): void {
  const before = group.users
  Object.assign(group, part, { updatedAt: call.ws.clock.now(), updatedBy: call.me })
  emit(call.ws, { type: 'usergroup', group, reason: 'updated', before })
}

const shown = (call: Call, group: UserGroup) =>
  slackGroup(call.ws, group, { withUsers: true, withCount: flag(call, 'include_count') })

function nameOf(call: Call): string | undefined {
  const name = text(call, 'name')
  if (name !== undefined && name.length > LONGEST_NAME) refuseAs(call, ['name_too_long'], 'the name is too long')
  return name
}

function handleOf(call: Call): string | undefined {
  const handle = text(call, 'handle')?.replace(/^@/, '')
  if (handle === undefined) return undefined
  if (FORBIDDEN.has(handle)) refuseAs(call, ['forbidden_handle'], 'this handle means something else')
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(handle) || handle.length > LONGEST_HANDLE)
    refuseAs(call, ['bad_handle'], 'a handle is made of small letters, digits, . _ and -')
  return handle
}

function descriptionOf(call: Call): string | undefined {
  const description = text(call, 'description')
  if (description !== undefined && description.length > LONGEST_DESCRIPTION)
    refuseAs(call, ['description_too_long'], 'the description is too long')
  return description
}

function channelsOf(call: Call): string[] | undefined {
  if (call.args.channels === undefined) return undefined
  const channels = list(call, 'channels')
  const known = channels.every((id) => ['public', 'private'].includes(call.ws.rooms.get(id)?.kind ?? ''))
  if (!known) refuseAs(call, ['invalid_channel_provided'], 'a channel is not there')
  if (channels.length > MOST_CHANNELS) refuseAs(call, ['too_many_linked_channels'], 'too many channels')
  return channels
}

/** Names and handles are there once; handles not those of people either. */
function needFree(call: Call, own: UserGroup | null, name: string | undefined, handle: string | undefined): void {
  const others = [...call.ws.groups.values()].filter((group) => group !== own)
  if (others.some((group) => group.name === name)) refuseAs(call, ['name_already_exists'], 'the name is taken')
  const taken =
    others.some((group) => group.handle === handle) || [...call.ws.users.values()].some((user) => user.name === handle)
  if (taken) refuseAs(call, ['handle_already_exists'], 'the handle is taken')
}
