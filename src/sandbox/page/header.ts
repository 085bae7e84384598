/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Channel } from '../wire.ts'
import { badges, face } from './avatar.ts'
import { memberLine } from './card.ts'
import { clockTime, dayLabel } from './dates.ts'
import { type Child, h, icon, on, type Row } from './dom.ts'
import { emojiOf } from './emoji.ts'
import { type MenuItem, menu, popover } from './float.ts'
import { ICONS } from './icons.ts'
import { byline, content } from './message.ts'
import { markOf } from './messages.ts'
import { safeUrl } from './mrkdwn.ts'
import { drawText } from './rich.ts'
import type { Scene } from './scene.ts'
import { filesIn, isAppDm, isDirect, latestNow, personOf, type Tab, titleOf } from './state.ts'

/** The channel's title line: name, topic, what is scheduled and pinned, who is in it. */
export function headerRow(scene: Scene, channel: Channel): Row {
  const { state } = scene
  const pinned = (state.messages[channel.id] ?? []).filter(({ ts }) => channel.pins.includes(ts))
  const shown = { ...channel, unread: 0, last_message: null, last_read: null }
  return {
    key: 'header',
    signature: JSON.stringify([shown, pinned, state.me, state.users, state.scheduled, state.connections]),
    make: () => h('div', { class: 'header-row' }, ...drawHeader(scene, channel)),
  }
}

function drawHeader(scene: Scene, channel: Channel): Child[] {
  const { state } = scene
  const other = channel.kind === 'im' ? personOf(state, channel.with ?? '') : null
  const mark = channel.kind === 'im' ? face(state, channel.with ?? '', 'small') : icon(markOf(channel))
  const topic =
    channel.topic === '' ? null : h('p', { class: 'topic', title: channel.topic }, drawText(scene, channel.topic))
  return [
    h(
      'div',
      { class: 'title-line' },
      h(
        'h2',
        {},
        mark,
        h('span', { class: 'title-name' }, titleOf(state, channel)),
        ...badges(other),
        channel.is_ext_shared ? h('span', { class: 'tag', title: 'Shared with another company' }, 'Shared') : null,
      ),
      topic,
    ),
    h(
      'div',
      { class: 'header-tools' },
      scheduledButton(scene, channel),
      pinsButton(scene, channel),
      channel.kind === 'im' ? null : membersButton(scene, channel),
      channelMenu(scene, channel),
    ),
  ]
}

function tool(picture: string, label: string, focus: string, count: number | null): HTMLButtonElement {
  return h(
    'button',
    { type: 'button', class: 'tool', title: label, 'aria-label': label, 'data-focus': focus },
    icon(picture),
    count === null ? null : String(count),
  )
}

function panel(title: string, style: string, ...children: readonly Child[]): HTMLElement {
  return h(
    'div',
    { class: `menu ${style}`, role: 'dialog', 'aria-label': title },
    h('p', { class: 'menu-title' }, title),
    ...children,
  )
}

function pinsButton(scene: Scene, channel: Channel): HTMLElement | null {
  const { state, acts } = scene
  if (channel.pins.length === 0) return null
  return popover(tool(ICONS.pin, `${channel.pins.length} pinned`, 'pins', channel.pins.length), () => {
    const pinned = channel.pins.flatMap((ts) =>
      (state.messages[channel.id] ?? []).filter((message) => message.ts === ts),
    )
    const items = pinned.map((message) =>
      h(
        'div',
        { class: 'pinned' },
        byline(scene, message),
        h('div', { class: 'pinned-content' }, ...content(scene, message)),
        on(h('button', { type: 'button', class: 'button small', 'data-close': true }, 'Jump to message'), 'click', () =>
          acts.go(channel.id, message.ts),
        ),
      ),
    )
    const none = h('p', { class: 'hint' }, 'What is pinned here is older than what this page shows.')
    return panel('Pinned messages', 'pins', ...(items.length > 0 ? items : [none]))
  })
}

/** What the app has scheduled here. At Slack nobody but the app sees it before its time. */
function scheduledButton(scene: Scene, channel: Channel): HTMLElement | null {
  const { state } = scene
  const here = state.scheduled.filter((message) => message.channel === channel.id)
  if (here.length === 0) return null
  return popover(tool(ICONS.clock, `${here.length} scheduled`, 'scheduled', here.length), () => {
    const zone = state.me.tz
    const items = here.map(({ post_at, text, never }) =>
      h(
        'div',
        { class: 'pinned' },
        h('p', { class: 'menu-name' }, `${dayLabel(post_at, latestNow(state), zone)} at ${clockTime(post_at, zone)}`),
        h('div', { class: 'text' }, drawText(scene, text)),
        never
          ? h('p', { class: 'warning' }, icon(ICONS.warning), 'It has metadata: Slack never posts such a message.')
          : null,
      ),
    )
    return panel('Scheduled by the app', 'pins', h('p', { class: 'hint' }, 'Only the app can see these.'), ...items)
  })
}

function membersButton(scene: Scene, channel: Channel): HTMLElement {
  const count = channel.members.length
  return popover(tool(ICONS.people, `${count} members`, 'members', count), () =>
    panel('Members', 'members', ...channel.members.map((id) => memberLine(scene, id))),
  )
}

function channelMenu(scene: Scene, channel: Channel): HTMLElement | null {
  // Nobody leaves the general channel.
  if (isDirect(channel) || (channel.is_general && channel.is_member)) return null
  const { acts } = scene
  const items: MenuItem[] = channel.is_member
    ? [{ label: `Leave #${channel.name}`, icon: ICONS.back, danger: true, run: () => acts.leave(channel.id) }]
    : [{ label: `Join #${channel.name}`, icon: ICONS.plus, run: () => acts.join(channel.id) }]
  return popover(tool(ICONS.more, 'Channel menu', 'channel-menu', null), () => menu('Channel', [{ items }]))
}

interface TabEntry {
  tab: Tab
  label: string
  picture: string
}

/** The tabs that a channel has; one alone is not shown. */
export function tabsOf(scene: Scene, channel: Channel): TabEntry[] {
  const { state } = scene
  const messages: TabEntry = { tab: 'messages', label: 'Messages', picture: ICONS.reply }
  return [
    ...(isAppDm(state, channel) ? [{ tab: 'home', label: 'Home', picture: ICONS.bell } as const] : []),
    messages,
    ...(channel.canvas ? [{ tab: 'canvas', label: 'Canvas', picture: ICONS.canvas } as const] : []),
    ...(filesIn(state, channel.id).length > 0 ? [{ tab: 'files', label: 'Files', picture: ICONS.file } as const] : []),
  ]
}

/** The line below the title: tabs and bookmarks. Nothing where there is neither. */
export function subbarRows(scene: Scene, channel: Channel): Row[] {
  const tabs = tabsOf(scene, channel)
  const { bookmarks } = channel
  if (tabs.length < 2 && bookmarks.length === 0) return []
  return [
    {
      key: 'subbar',
      signature: JSON.stringify([tabs, bookmarks, scene.ui.tab, channel.id]),
      make: () =>
        h(
          'div',
          { class: 'subbar' },
          tabs.length < 2 ? null : drawTabs(scene, tabs),
          bookmarks.length === 0 ? null : drawBookmarks(channel),
        ),
    },
  ]
}

function drawTabs(scene: Scene, tabs: readonly TabEntry[]): HTMLElement {
  const { ui, acts } = scene
  const buttons = tabs.map(({ tab, label, picture }) => {
    const chosen = ui.tab === tab
    const button = h(
      'button',
      {
        type: 'button',
        class: 'tab',
        role: 'tab',
        'aria-selected': chosen ? 'true' : 'false',
        'aria-controls': 'list',
        tabindex: chosen ? 0 : -1,
        'data-focus': `tab ${tab}`,
      },
      icon(picture),
      h('span', {}, label),
    )
    return on(button, 'click', () => acts.showTab(tab))
  })
  const list = h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'What is shown' }, ...buttons)
  return on(list, 'keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    const at = document.activeElement instanceof HTMLButtonElement ? buttons.indexOf(document.activeElement) : -1
    if (step === undefined || at < 0) return
    event.preventDefault()
    const next = buttons[(at + step + buttons.length) % buttons.length]
    next?.focus()
    next?.click()
  })
}

function drawBookmarks(channel: Channel): HTMLElement {
  const links = channel.bookmarks.map(({ title, link, emoji }) => {
    const href = safeUrl(link)
    const sign: Child = emojiOf(emoji.replaceAll(':', '')) ?? icon(ICONS.link)
    const words = h('span', {}, title)
    return href === null
      ? h('span', { class: 'bookmark' }, sign, words)
      : h('a', { class: 'bookmark', href, target: '_blank', rel: 'noopener noreferrer', title: link }, sign, words)
  })
  return h('div', { class: 'bookmarks', role: 'group', 'aria-label': 'Bookmarks' }, ...links)
}
