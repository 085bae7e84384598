/// <reference lib="dom" />
import type { Channel, Message } from '../wire.ts'
import { avatar } from './avatar.ts'
import { dayKey, dayLabel, instantOf } from './dates.ts'
import { h, icon, type Row } from './dom.ts'
import { ICONS } from './icons.ts'
import { drawMessage, drawNotice } from './message.ts'
import type { Scene } from './scene.ts'
import { isDirect, isNotice, isReply, labelOf, latestNow, mainMessages } from './state.ts'
import { threadRows } from './thread.ts'

/** Messages of one author within this time stand under one name. */
const GROUP_MS = 5 * 60_000

/** The rows of one channel: days, messages, threads; each with a signature of all that it shows. */
export function messageRows(scene: Scene, channel: Channel): Row[] {
  const { state, ui } = scene
  const zone = state.me.tz
  const turn = `${surroundings(scene)} ${dayKey(latestNow(state), zone)}`
  const newAfter = ui.newAfter.get(channel.id) ?? null
  const rows: Row[] = [introRow(scene, channel)]
  let last: Message | null = null
  let marked = false
  for (const message of mainMessages(state, channel.id)) {
    const at = instantOf(message.ts)
    const day = dayKey(at, zone)
    const newDay = last === null || dayKey(instantOf(last.ts), zone) !== day
    const isNew: boolean =
      !marked && newAfter !== null && Number(message.ts) > Number(newAfter) && message.user !== state.me.id
    if (newDay) rows.push(dayRow(dayLabel(at, latestNow(state), zone), day, isNew))
    else if (isNew) rows.push(newRow())
    marked = marked || isNew
    const before: Message | null = newDay || isNew ? null : last
    rows.push(messageRow(scene, message, before, turn))
    rows.push(...threadRows(scene, message, (reply, earlier) => messageRow(scene, reply, earlier, turn)))
    // An unfolded thread stands between this message and the next, which therefore has a name of its own.
    last = ui.threads.has(`${channel.id}/${message.ts}`) ? { ...message, user: '' } : message
  }
  return rows
}

function belongsTogether(before: Message, after: Message): boolean {
  const near = instantOf(after.ts) - instantOf(before.ts) < GROUP_MS
  return (
    near && before.user === after.user && before.ephemeral === after.ephemeral && !isNotice(before) && !isNotice(after)
  )
}

let around = ''
let turns = 0

/** Another number whenever a name, a badge or an emoji that a message may show has changed: shorter to compare in each row than all of them. */
function surroundings(scene: Scene): number {
  const { users, usergroups, channels, me, emoji, shortcuts } = scene.state
  const now = JSON.stringify([
    me.id,
    me.tz,
    users.map(({ presence, dnd_until, ...shown }) => shown),
    usergroups,
    channels.map(({ id, name, is_member }) => [id, name, is_member]),
    emoji,
    shortcuts,
  ])
  if (now !== around) turns += 1
  around = now
  return turns
}

function introRow(scene: Scene, channel: Channel): Row {
  const { state } = scene
  const direct = isDirect(channel)
  const title = labelOf(state, channel)
  const words = direct
    ? `This is the start of your conversation with ${title}.`
    : channel.purpose || `This is the start of ${title}.`
  return {
    key: 'intro',
    signature: JSON.stringify([title, words]),
    make: () =>
      h(
        'div',
        { class: 'intro' },
        channel.kind === 'im'
          ? avatar(state, channel.with ?? '', 'large')
          : h('span', { class: 'intro-mark' }, icon(markOf(channel))),
        h('h3', {}, title),
        h('p', {}, words),
      ),
  }
}

/** The sign of a channel that has no face. */
export function markOf(channel: Channel): string {
  if (channel.kind === 'mpim') return ICONS.people
  return channel.kind === 'private' ? ICONS.lock : ICONS.hash
}

function dayRow(label: string, day: string, isNew: boolean): Row {
  return {
    key: `day ${day}`,
    signature: `${label}${isNew}`,
    make: () =>
      h(
        'div',
        {
          class: isNew ? 'day is-new' : 'day',
          role: 'separator',
          'aria-label': isNew ? `${label}, new messages` : label,
        },
        h('span', {}, label),
      ),
  }
}

function newRow(): Row {
  return {
    key: 'new',
    signature: '',
    make: () => h('div', { class: 'new-line', role: 'separator', 'aria-label': 'New messages' }, h('span', {}, 'New')),
  }
}

const texts = new WeakMap<Message, string>()

function contentOf(message: Message): string {
  const known = texts.get(message) ?? JSON.stringify(message)
  texts.set(message, known)
  return known
}

function messageRow(scene: Scene, message: Message, before: Message | null, turn: string): Row {
  const { ui, state } = scene
  const place = `${message.channel}/${message.ts}`
  const follows = before !== null && belongsTogether(before, message)
  const pinned = state.channels.find(({ id }) => id === message.channel)?.pins.includes(message.ts) ?? false
  const marks = JSON.stringify([follows, pinned, ui.editing === place, ui.warnings.get(place), isReply(message)])
  return {
    key: message.ts,
    signature: `${turn}${marks}${contentOf(message)}`,
    make: () => (isNotice(message) ? drawNotice(scene, message) : drawMessage(scene, message, follows)),
  }
}
