/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Channel } from '../wire.ts'
import { badges, face, presenceSign } from './avatar.ts'
import { type Child, h, icon, on, patch, type Row } from './dom.ts'
import { popover } from './float.ts'
import { ICONS } from './icons.ts'
import { markOf } from './messages.ts'
import { presenceOf } from './people.ts'
import type { Scene } from './scene.ts'
import { isAppDm, isDirect, nameOf, personOf, titleOf } from './state.ts'
import { drawSwitcher } from './switcher.ts'

/** What stands behind the buttons at the foot: they are about the workspace, not about a channel. */
export interface FootActs {
  toggleTraffic(): void
  weather(): HTMLElement
}

/** The left side: the workspace, who is played, channels and DMs with what is unread. */
export function drawSidebar(scene: Scene, root: HTMLElement, foot: FootActs): void {
  const { state } = scene
  const open = state.channels.filter((channel) => !channel.is_archived)
  const rooms = open.filter((channel) => !isDirect(channel))
  const people = open.filter((channel) => isDirect(channel) && !isAppDm(state, channel))
  const others = rooms.filter((channel) => !channel.is_member)
  const around = [state.users, state.now]
  patch(root, [
    { key: 'head', signature: JSON.stringify([state.team, state.me, ...around]), make: () => head(scene) },
    group(
      scene,
      'Channels',
      rooms.filter((channel) => channel.is_member),
    ),
    ...(others.length > 0 ? [group(scene, 'More channels', others)] : []),
    ...(people.length > 0 ? [group(scene, 'Direct messages', people)] : []),
    apps(scene, open.find((channel) => isAppDm(state, channel)) ?? null),
    footRow(scene, foot),
  ])
}

function head(scene: Scene): HTMLElement {
  const { team } = scene.state
  return h(
    'div',
    { class: 'sidebar-head' },
    h(
      'div',
      { class: 'team' },
      h('span', { class: 'team-mark', 'aria-hidden': 'true' }, team.name.charAt(0).toUpperCase()),
      h('h1', {}, team.name),
    ),
    drawSwitcher(scene),
  )
}

function group(scene: Scene, title: string, channels: readonly Channel[]): Row {
  const { state, ui } = scene
  const marks = channels.map((channel) => {
    const other = personOf(state, channel.with ?? '')
    return [
      channel.id,
      titleOf(state, channel),
      channel.unread,
      channel.kind,
      channel.is_ext_shared,
      other && [presenceOf(state, other), other.is_restricted, other.deleted],
    ]
  })
  return {
    key: title,
    signature: JSON.stringify([marks, ui.channel, state.me.id]),
    make: () =>
      section(
        title,
        channels.map((channel) => entry(scene, channel)),
      ),
  }
}

function section(title: string, entries: readonly HTMLElement[]): HTMLElement {
  const id = `list-${title.toLowerCase().replaceAll(' ', '-')}`
  return h(
    'section',
    { class: 'group', 'aria-labelledby': id },
    h('h2', { id }, title),
    h('ul', {}, ...entries.map((node) => h('li', {}, node))),
  )
}

const KINDS = { public: 'channel', private: 'private channel', im: 'direct message', mpim: 'group message' } as const

function entry(scene: Scene, channel: Channel): HTMLElement {
  const { state, ui } = scene
  const current = channel.id === ui.channel
  const name = titleOf(state, channel)
  const unread = current ? 0 : channel.unread
  const other = channel.kind === 'im' ? personOf(state, channel.with ?? '') : null
  const button = h(
    'button',
    {
      type: 'button',
      class: ['entry', current ? 'current' : '', unread > 0 ? 'unread' : '', channel.is_member ? '' : 'outside']
        .filter(Boolean)
        .join(' '),
      'data-channel': channel.id,
      'data-focus': channel.id,
      'aria-current': current ? 'page' : null,
    },
    mark(scene, channel),
    h('span', { class: 'unseen' }, `${KINDS[channel.kind]} `),
    h('span', { class: 'entry-name' }, name),
    ...badges(other),
    channel.is_ext_shared
      ? h('span', { class: 'shared', title: 'Shared with another company' }, icon(ICONS.globe))
      : null,
    unread === 0
      ? null
      : h('span', { class: 'badge' }, unread > 99 ? '99+' : String(unread), h('span', { class: 'unseen' }, ' unread')),
  )
  return on(button, 'click', () => scene.acts.go(channel.id))
}

function mark(scene: Scene, channel: Channel): Child {
  return channel.kind === 'im' ? face(scene.state, channel.with ?? '', 'small') : icon(markOf(channel))
}

/** The bot is always listed, also before anybody opened its DM. */
function apps(scene: Scene, channel: Channel | null): Row {
  if (channel) return { ...group(scene, 'Apps', [channel]), key: 'Apps' }
  const { state } = scene
  return {
    key: 'Apps',
    signature: JSON.stringify(['none', state.bot, state.connections]),
    make: () => {
      const button = h(
        'button',
        { type: 'button', class: 'entry', 'data-focus': state.bot.id },
        face(state, state.bot.id, 'small'),
        h('span', { class: 'entry-name' }, nameOf(state, state.bot.id)),
        ...badges(state.bot),
      )
      return section('Apps', [on(button, 'click', () => scene.acts.openDm([]))])
    },
  }
}

function footRow(scene: Scene, acts: FootActs): Row {
  const { ui, state } = scene
  const stormy = ui.armed.length > 0
  return {
    key: 'foot',
    signature: JSON.stringify([ui.traffic, ui.armed.length, state.connections]),
    make: () => {
      const traffic = h(
        'button',
        {
          type: 'button',
          class: 'foot-button',
          'data-focus': 'traffic',
          'aria-pressed': ui.traffic ? 'true' : 'false',
          'aria-keyshortcuts': 'Control+.',
          title: 'What goes between Slack and the bot (Ctrl + .)',
        },
        icon(ICONS.traffic),
        h('span', {}, 'Traffic'),
      )
      const weather = h(
        'button',
        {
          type: 'button',
          class: stormy ? 'foot-button stormy' : 'foot-button',
          'data-focus': 'weather',
          title: 'Let something go wrong',
        },
        icon(stormy ? ICONS.storm : ICONS.cloud),
        h('span', {}, 'Weather'),
        stormy ? h('span', { class: 'badge' }, String(ui.armed.length)) : null,
      )
      return h(
        'div',
        { class: 'sidebar-foot', role: 'group', 'aria-label': 'Behind the scenes' },
        h('p', { class: 'connection' }, presenceSign(state, state.bot), connectionWords(scene)),
        on(traffic, 'click', () => acts.toggleTraffic()),
        popover(weather, () => acts.weather(), 'start'),
      )
    },
  }
}

function connectionWords({ state }: Scene): string {
  const name = nameOf(state, state.bot.id)
  if (state.connections === 0) return `${name} is not connected`
  return state.connections === 1 ? `${name} is connected` : `${name} has ${state.connections} connections`
}
