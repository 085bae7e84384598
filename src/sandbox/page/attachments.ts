/// <reference lib="dom" />
import type { Attachment, Message } from '../wire.ts'
import { drawKit } from './blocks.ts'
import { type Child, h } from './dom.ts'
import { drawLink, drawText } from './rich.ts'
import type { Scene } from './scene.ts'

/** Slack's names for colours of the bar; anything else is a hex colour. */
const COLOURS: Readonly<Record<string, string>> = { good: 'var(--green)', warning: '#d9a03a', danger: 'var(--danger)' }

/** What an app hangs below a message, and what a link became. */
export function drawAttachments(scene: Scene, message: Message): HTMLElement | null {
  if (message.attachments.length === 0) return null
  const drawn = message.attachments.map((attachment) => drawAttachment(scene, message, attachment))
  return h('div', { class: 'attachments' }, ...drawn)
}

function drawAttachment(scene: Scene, message: Message, attachment: Attachment): HTMLElement {
  const line = (style: string, text: string | undefined): Child =>
    text === undefined || text === '' ? null : h('div', { class: `text ${style}` }, drawText(scene, text))
  const blocks = attachment.blocks ?? []
  const body = h(
    'div',
    { class: 'attachment' },
    line('author-line', attachment.author_name),
    title(scene, attachment),
    line('', attachment.text),
    fields(scene, attachment),
    image(attachment),
    blocks.length > 0 ? drawKit(scene, { channel: message.channel, ts: message.ts }, blocks) : null,
    line('hint', attachment.footer),
  )
  const colour = colourOf(attachment.color)
  if (colour !== null) body.style.borderLeftColor = colour
  if (body.childElementCount === 0) body.append(h('p', { class: 'hint' }, attachment.fallback ?? ''))
  return h('div', {}, line('', attachment.pretext), body)
}

function colourOf(colour: string | undefined): string | null {
  if (colour === undefined) return null
  if (Object.hasOwn(COLOURS, colour)) return COLOURS[colour] ?? null
  const hex = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(colour)?.[1]
  return hex === undefined ? null : `#${hex}`
}

function title(scene: Scene, { title, title_link, from_url }: Attachment): Child {
  if (title === undefined || title === '') return null
  const link = title_link ?? from_url
  const words = drawText(scene, title)
  return h('p', { class: 'attachment-title' }, link === undefined ? words : drawLink(link, [title]))
}

function fields(scene: Scene, attachment: Attachment): Child {
  const listed = attachment.fields ?? []
  if (listed.length === 0) return null
  const drawn = listed.map((field) =>
    h(
      'div',
      { class: field.short ? 'text' : 'text long' },
      field.title === undefined ? null : h('strong', {}, field.title),
      h('div', {}, drawText(scene, field.value ?? '')),
    ),
  )
  return h('div', { class: 'fields' }, ...drawn)
}

function image({ image_url, title, fallback }: Attachment): Child {
  if (image_url === undefined || !/^https?:/.test(image_url)) return null
  const alt = title ?? fallback ?? 'Image'
  const node = h('img', { src: image_url, alt, class: 'wide', loading: 'lazy', referrerpolicy: 'no-referrer' })
  node.addEventListener('error', () => node.replaceWith(h('span', { class: 'missing' }, alt)))
  return node
}
