/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Channel } from '../wire.ts'
import { avatar } from './avatar.ts'
import { type Child, h, ICONS, icon, on, patch, popover, type Row } from './dom.ts'
import type { Scene } from './scene.ts'
import { isAppDm, nameOf, personOf, titleOf } from './state.ts'

/** The left side: the workspace, who is played, channels and DMs with what is unread. */
export function drawSidebar(scene: Scene, root: HTMLElement): void {
  const { state } = scene
  const open = state.channels.filter((channel) => !channel.is_archived)
  const rooms = open.filter((channel) => channel.kind !== 'im')
  const people = open.filter((channel) => channel.kind === 'im' && !isAppDm(state, channel))
  patch(root, [
    { key: 'head', signature: JSON.stringify([state.team, state.me, state.users]), make: () => head(scene) },
    group(
      scene,
      'Channels',
      rooms.filter((channel) => channel.is_member),
    ),
    ...(rooms.some((channel) => !channel.is_member)
      ? [
          group(
            scene,
            'More channels',
            rooms.filter((channel) => !channel.is_member),
          ),
        ]
      : []),
    ...(people.length > 0 ? [group(scene, 'Direct messages', people)] : []),
    apps(scene, open.find((channel) => isAppDm(state, channel)) ?? null),
  ])
}

function head(scene: Scene): HTMLElement {
  const { state } = scene
  const button = h(
    'button',
    { type: 'button', class: 'switcher', id: 'switcher' },
    avatar(state, state.me.id, 'small'),
    h(
      'span',
      { class: 'switcher-name' },
      h('small', {}, 'You are'),
      h('strong', {}, state.me.real_name || state.me.name),
    ),
    icon(ICONS.chevron),
  )
  const wrap = h('div', { class: 'switcher-wrap' }, button)
  popover(button, () => people(scene))
  return h(
    'div',
    { class: 'sidebar-head' },
    h(
      'div',
      { class: 'team' },
      h('span', { class: 'team-mark', 'aria-hidden': 'true' }, state.team.name.charAt(0).toUpperCase()),
      h('h1', {}, state.team.name),
    ),
    wrap,
  )
}

/** Real links, so that a second person can be opened in a tab beside this one. */
function people(scene: Scene): HTMLElement {
  const { state } = scene
  const entries = state.users
    .filter((user) => !user.is_bot && !user.deleted)
    .map((user) => {
      const link = h(
        'a',
        {
          href: `?as=${encodeURIComponent(user.id)}`,
          class: 'menu-item',
          role: 'menuitemradio',
          'aria-checked': user.id === state.me.id ? 'true' : 'false',
          'data-close': true,
        },
        avatar(state, user.id, 'small'),
        h(
          'span',
          { class: 'menu-name' },
          h('span', {}, user.real_name || user.name),
          h('small', {}, `@${user.name} · ${user.tz.replaceAll('_', ' ')}`),
        ),
        user.is_restricted ? h('span', { class: 'tag' }, 'Guest') : null,
      )
      return on(link, 'click', (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return
        event.preventDefault()
        scene.acts.become(user.id)
      })
    })
  return h(
    'div',
    { class: 'menu people', role: 'menu', 'aria-label': 'Play another person' },
    h('p', { class: 'menu-title' }, 'Play another person'),
    ...entries,
  )
}

function group(scene: Scene, title: string, channels: readonly Channel[]): Row {
  const { state, ui } = scene
  const marks = channels.map((channel) => [
    channel.id,
    titleOf(state, channel),
    channel.unread,
    channel.kind,
    channel.with && personOf(state, channel.with)?.presence,
  ])
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

function entry(scene: Scene, channel: Channel): HTMLElement {
  const { state, ui } = scene
  const current = channel.id === ui.channel
  const name = titleOf(state, channel)
  const unread = current ? 0 : channel.unread
  const kind =
    channel.kind === 'private' ? 'private channel ' : channel.kind === 'public' ? 'channel ' : 'direct message '
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
      'aria-label': `${kind}${name}${unread > 0 ? `, ${unread} unread` : ''}`,
    },
    mark(scene, channel),
    h('span', { class: 'entry-name' }, name),
    ...(isAppDm(state, channel) ? [h('span', { class: 'tag' }, 'APP')] : []),
    unread > 0 ? h('span', { class: 'badge' }, unread > 99 ? '99+' : String(unread)) : null,
  )
  return on(button, 'click', () => scene.acts.go(channel.id))
}

function mark(scene: Scene, channel: Channel): Child {
  if (channel.kind === 'public') return icon(ICONS.hash)
  if (channel.kind === 'private') return icon(ICONS.lock, 'private')
  const other = channel.with ?? ''
  const presence = personOf(scene.state, other)?.presence ?? 'away'
  return h('span', { class: 'face' }, avatar(scene.state, other, 'small'), h('span', { class: `presence ${presence}` }))
}

/** The bot is always listed, also before anybody opened its DM. */
function apps(scene: Scene, channel: Channel | null): Row {
  if (channel) return { ...group(scene, 'Apps', [channel]), key: 'Apps' }
  const { state } = scene
  return {
    key: 'Apps',
    signature: JSON.stringify(['none', state.bot]),
    make: () => {
      const button = h(
        'button',
        { type: 'button', class: 'entry', 'data-focus': state.bot.id },
        h('span', { class: 'face' }, avatar(state, state.bot.id, 'small')),
        h('span', { class: 'entry-name' }, nameOf(state, state.bot.id)),
        h('span', { class: 'tag' }, 'APP'),
      )
      return section('Apps', [on(button, 'click', () => scene.acts.openBotDm())])
    },
  }
}
