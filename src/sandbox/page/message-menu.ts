/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Message } from '../wire.ts'
import { toast } from './dialog.ts'
import { h, icon, on } from './dom.ts'
import { type MenuItem, menu, popover } from './float.ts'
import { ICONS } from './icons.ts'
import { pickerOf } from './reactions.ts'
import { drawShortcode } from './rich.ts'
import type { Scene } from './scene.ts'
import { isNotice, isReply } from './state.ts'

/** Reactions that are one click away. */
const QUICK = ['white_check_mark', 'eyes', '+1']

/** What can be done with a message: it stands at the message's corner while that is pointed at or holds the focus. */
export function drawToolbar(scene: Scene, message: Message): HTMLElement {
  const bar = h(
    'div',
    { class: 'toolbar', role: 'toolbar', 'aria-label': 'Message actions' },
    ...(message.ephemeral ? [] : reacting(scene, message)),
    message.ephemeral || isReply(message) ? null : replyButton(scene, message),
    moreButton(scene, message),
  )
  // One stop for the Tab key in each message; the arrows move within.
  const stops = [...bar.querySelectorAll('button')]
  stops.forEach((button, index) => {
    button.tabIndex = index === 0 ? 0 : -1
  })
  return on(bar, 'keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    const at = document.activeElement instanceof HTMLButtonElement ? stops.indexOf(document.activeElement) : -1
    if (step === undefined || at < 0) return
    event.preventDefault()
    stops[(at + step + stops.length) % stops.length]?.focus()
  })
}

function reacting(scene: Scene, message: Message): HTMLElement[] {
  const quick = QUICK.map((name) => {
    const label = `React with ${name.replaceAll('_', ' ')}`
    const button = h(
      'button',
      { type: 'button', title: `React with :${name}:`, 'aria-label': label, 'data-focus': `quick/${name}` },
      drawShortcode(scene, name),
    )
    return on(button, 'click', () => scene.acts.react(message.channel, message.ts, name))
  })
  const more = h(
    'button',
    { type: 'button', title: 'Add a reaction', 'aria-label': 'Add a reaction', 'data-focus': 'picker' },
    icon(ICONS.smile),
  )
  return [...quick, pickerOf(scene, message, more)]
}

function replyButton(scene: Scene, message: Message): HTMLElement {
  const button = h(
    'button',
    { type: 'button', title: 'Reply in thread', 'aria-label': 'Reply in thread', 'data-focus': 'reply' },
    icon(ICONS.reply),
  )
  return on(button, 'click', () => openThread(scene, message))
}

function openThread(scene: Scene, message: Message): void {
  const root = message.thread_ts ?? message.ts
  if (!scene.ui.threads.has(`${message.channel}/${root}`)) scene.acts.toggleThread(message.channel, root)
  document.querySelector<HTMLElement>(`[data-thread="${CSS.escape(root)}"]`)?.focus()
}

function moreButton(scene: Scene, message: Message): HTMLElement {
  const button = h(
    'button',
    { type: 'button', title: 'More actions', 'aria-label': 'More actions', 'data-focus': 'more' },
    icon(ICONS.more),
  )
  return popover(button, () => menu('Message actions', groups(scene, message)))
}

function groups(scene: Scene, message: Message): { title?: string; items: MenuItem[] }[] {
  const { state, acts } = scene
  const app = state.bot.real_name || state.bot.name
  const shortcuts = message.ephemeral ? [] : state.shortcuts.filter(({ type }) => type === 'message')
  const own = message.user === state.me.id && !message.ephemeral && !isNotice(message)
  return [
    {
      title: app,
      items: shortcuts.map(({ callback_id, name, description }) => ({
        label: name,
        icon: ICONS.bolt,
        detail: description,
        run: () => acts.runMessageShortcut(message, callback_id),
      })),
    },
    { items: message.ephemeral ? [] : everybodys(scene, message) },
    {
      items: own
        ? [
            { label: 'Edit message', icon: ICONS.pencil, run: () => acts.startEdit(message) },
            { label: 'Delete message', icon: ICONS.bin, danger: true, run: () => acts.remove(message) },
          ]
        : [],
    },
    { items: [{ label: 'Show in traffic', icon: ICONS.traffic, run: () => acts.showTraffic(message) }] },
  ]
}

function everybodys(scene: Scene, message: Message): MenuItem[] {
  const { state, acts } = scene
  const channel = state.channels.find(({ id }) => id === message.channel)
  const pinned = channel?.pins.includes(message.ts) ?? false
  const items: MenuItem[] = [
    { label: 'Reply in thread', icon: ICONS.reply, run: () => openThread(scene, message) },
    {
      label: pinned ? 'Unpin from this conversation' : 'Pin to this conversation',
      icon: ICONS.pin,
      run: () => acts.pin(message),
    },
    { label: 'Copy link', icon: ICONS.link, run: () => void copyLink(message) },
  ]
  return channel?.is_member === false ? items.filter(({ label }) => label === 'Copy link') : items
}

async function copyLink({ channel, ts }: Message): Promise<void> {
  const link = `${location.origin}/archives/${channel}/p${ts.replace('.', '')}`
  try {
    await navigator.clipboard.writeText(link)
    toast('The link to the message is copied.', 'plain')
  } catch {
    toast(`The browser does not let this page copy. The link is ${link}`)
  }
}
