/// <reference lib="dom" />
import type { Message } from '../wire.ts'
import { drawAttachments } from './attachments.ts'
import { avatar, badges } from './avatar.ts'
import { drawKit } from './blocks.ts'
import { clockTime, fullTime, instantOf } from './dates.ts'
import { type Child, h, icon, on } from './dom.ts'
import { drawFiles } from './files.ts'
import { ICONS } from './icons.ts'
import { drawToolbar } from './message-menu.ts'
import { drawReactions } from './reactions.ts'
import { drawText, plainChildren } from './rich.ts'
import type { Scene } from './scene.ts'
import { groupOf, isReply, nameOf, personOf } from './state.ts'

/** One message with all that hangs on it. `follows` when it stands under the name of the one before. */
export function drawMessage(scene: Scene, message: Message, follows: boolean): HTMLElement {
  const { state, ui } = scene
  const place = `${message.channel}/${message.ts}`
  const classes = [
    'message',
    follows ? 'follows' : '',
    message.ephemeral ? 'ephemeral' : '',
    message.streaming ? 'streaming' : '',
    isReply(message) && !message.broadcast ? 'reply' : '',
  ]
  return h(
    'article',
    {
      class: classes.filter(Boolean).join(' '),
      'data-ts': message.ts,
      'aria-label': `${nameOf(state, message.user)}, ${clockTime(instantOf(message.ts), state.me.tz)}`,
    },
    ...above(scene, message),
    h('div', { class: 'gutter' }, follows ? stamp(scene, message) : avatar(state, message.user, 'large')),
    h(
      'div',
      { class: 'message-body' },
      follows ? null : byline(scene, message),
      ...(ui.editing === place ? [editor(scene, message)] : content(scene, message)),
      drawReactions(scene, message),
      trouble(ui.warnings.get(place)?.sentence),
    ),
    ui.editing === place ? null : drawToolbar(scene, message),
  )
}

/** Small lines above a message that say who sees it, or why it stands here. */
function above(scene: Scene, message: Message): HTMLElement[] {
  const { state } = scene
  const line = (picture: string, words: string) => h('p', { class: 'only-you' }, icon(picture), words)
  const pinned = state.channels.find(({ id }) => id === message.channel)?.pins.includes(message.ts) ?? false
  return [
    ...(message.ephemeral ? [line(ICONS.eye, 'Only visible to you')] : []),
    ...(pinned ? [line(ICONS.pin, 'Pinned')] : []),
    ...(isReply(message) && message.broadcast ? [line(ICONS.reply, 'Replied in a thread')] : []),
    ...(message.notified === 'silent' ? [line(ICONS.moon, 'Came silently: your notifications are paused')] : []),
  ]
}

function trouble(sentence: string | undefined): Child {
  return sentence === undefined ? null : h('p', { class: 'warning', role: 'alert' }, icon(ICONS.warning), sentence)
}

export function byline(scene: Scene, message: Message): HTMLElement {
  const { state } = scene
  const person = personOf(state, message.user)
  const name = nameOf(state, message.user)
  const author = person ? h('button', { type: 'button', class: 'author' }, name) : h('span', { class: 'author' }, name)
  if (person) on<HTMLElement, 'click'>(author, 'click', () => scene.acts.showCard(author, person.id))
  const status = person?.status_emoji ?? ''
  return h(
    'div',
    { class: 'byline' },
    author,
    ...(person ? badges(person) : message.bot ? [h('span', { class: 'tag is-app' }, 'APP')] : []),
    status === '' ? null : h('span', { class: 'status', title: person?.status_text ?? '' }, ...plainChildren(status)),
    stamp(scene, message),
    message.blocks.length > 0 ? editedMark(scene, message) : null,
  )
}

function editedMark(scene: Scene, message: Message): HTMLElement | null {
  if (!message.edited) return null
  return h('span', { class: 'edited', title: fullTime(instantOf(message.edited.ts), scene.state.me.tz) }, '(edited)')
}

function stamp(scene: Scene, message: Message): HTMLElement {
  const at = instantOf(message.ts)
  const zone = scene.state.me.tz
  return h(
    'time',
    { class: 'stamp', datetime: new Date(at).toISOString(), title: fullTime(at, zone) },
    clockTime(at, zone),
  )
}

/** Text or blocks, then what hangs below. Under a message of blocks the mark "(edited)" would stand alone, so it stands beside the time there. */
export function content(scene: Scene, message: Message): Child[] {
  const hasBlocks = message.blocks.length > 0
  const written =
    message.text === '' && !hasBlocks
      ? null
      : hasBlocks
        ? drawKit(scene, { channel: message.channel, ts: message.ts }, message.blocks)
        : withEdited(h('div', { class: 'text' }, drawText(scene, message.text)), editedMark(scene, message))
  const writing = message.streaming
    ? h(
        'p',
        { class: 'writing', role: 'status' },
        h('span', { class: 'dots', 'aria-hidden': 'true' }),
        'Still writing…',
      )
    : null
  return [written, writing, drawAttachments(scene, message), drawFiles(scene, message.files)]
}

/** The mark stands at the end of the last line. */
function withEdited(text: HTMLElement, edited: HTMLElement | null): HTMLElement {
  if (!edited) return text
  const last = text.lastElementChild
  if (last?.tagName === 'P') last.append(' ', edited)
  else text.append(edited)
  return text
}

/** The person's own message, being changed. */
function editor(scene: Scene, message: Message): HTMLElement {
  const { acts } = scene
  const field = h('textarea', { class: 'field', rows: 2, 'aria-label': 'Edit message' }, readable(scene, message.text))
  const wrong = h('p', { class: 'warning', role: 'alert', hidden: true })
  const save = async () => {
    const text = field.value.trim()
    const sentence = text === '' ? 'A message cannot be empty; delete it instead.' : await acts.edit(message, text)
    wrong.hidden = sentence === null
    wrong.textContent = sentence
    if (sentence === null) acts.startEdit(null)
  }
  on(field, 'keydown', (event) => {
    if (event.key === 'Escape') acts.startEdit(null)
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    void save()
  })
  setTimeout(() => field.focus())
  const button = (label: string, style: string, run: () => void) =>
    on(h('button', { type: 'button', class: `button small ${style}` }, label), 'click', run)
  return h(
    'div',
    { class: 'editor' },
    field,
    wrong,
    h(
      'div',
      { class: 'actions' },
      button('Cancel', '', () => acts.startEdit(null)),
      button('Save', 'primary', () => void save()),
    ),
  )
}

/** Slack's escapes back as they were typed. */
function readable({ state }: Scene, text: string): string {
  return text
    .replaceAll(/<@([UW]\w+)(?:\|[^>]*)?>/g, (_, id: string) => `@${personOf(state, id)?.name ?? id}`)
    .replaceAll(/<#\w+\|([^>]*)>/g, '#$1')
    .replaceAll(/<!(here|channel|everyone)>/g, '@$1')
    .replaceAll(/<!subteam\^(\w+)[^>]*>/g, (_, id: string) => `@${groupOf(state, id)?.handle ?? id}`)
    .replaceAll(/<((?:https?|mailto):[^|>]*)(?:\|[^>]*)?>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

/** What Slack itself writes into a channel: somebody joined, the topic was set. */
export function drawNotice(scene: Scene, message: Message): HTMLElement {
  if (message.subtype === 'tombstone') return drawTombstone(message)
  const name = nameOf(scene.state, message.user)
  const named = message.text.startsWith('<@') || message.user === 'USLACKBOT'
  const slanted = message.subtype === 'me_message'
  return h(
    'article',
    { class: 'notice', 'data-ts': message.ts },
    h('div', { class: 'gutter' }, avatar(scene.state, message.user, 'small')),
    h(
      'div',
      { class: slanted ? 'notice-body text slanted' : 'notice-body text' },
      named ? null : h('strong', {}, name),
      drawText(scene, message.text),
      stamp(scene, message),
    ),
  )
}

function drawTombstone(message: Message): HTMLElement {
  return h(
    'article',
    { class: 'notice tombstone', 'data-ts': message.ts },
    h('div', { class: 'gutter' }, icon(ICONS.bin)),
    h('div', { class: 'notice-body text' }, h('p', {}, 'This message was deleted.')),
  )
}
