/// <reference lib="dom" />
import type { FileHead, Message, State } from '../wire.ts'
import { fileAddress } from './api.ts'
import { clockTime, dayLabel } from './dates.ts'
import { openDialog } from './dialog.ts'
import { h, icon, on, type Row } from './dom.ts'
import { ICONS } from './icons.ts'
import type { Scene } from './scene.ts'
import { filesIn, latestNow, nameOf } from './state.ts'
import { sizeOf } from './upload.ts'

/** Kinds of image that a browser shows and that cannot hold a script. */
const SHOWN_IMAGES = /^image\/(png|jpeg|gif|webp|avif|bmp)$/

/** What hangs below a message: pictures and texts to look at, everything to download. */
export function drawFiles(scene: Scene, files: readonly FileHead[]): HTMLElement | null {
  if (files.length === 0) return null
  return h('div', { class: 'files' }, ...files.map((file) => drawFile(scene.state, file)))
}

function drawFile(state: State, file: FileHead): HTMLElement {
  const isImage = SHOWN_IMAGES.test(file.mimetype)
  return h(
    'div',
    { class: isImage ? 'file is-image' : 'file', 'data-file': file.id },
    head(state, file),
    isImage ? picture(state, file) : null,
    file.preview === null || file.preview === '' ? null : preview(file, file.preview),
  )
}

function head(state: State, file: FileHead): HTMLElement {
  return h(
    'div',
    { class: 'file-head' },
    h('span', { class: 'file-mark', 'aria-hidden': 'true' }, icon(ICONS.file)),
    h(
      'div',
      { class: 'file-name' },
      h('strong', { title: file.name }, file.title || file.name),
      h('small', {}, [file.filetype, sizeOf(file.size)].filter(Boolean).join(' · ')),
    ),
    download(state, file),
  )
}

function download(state: State, file: FileHead): HTMLElement {
  const href = fileAddress(state.me.id, file.id)
  const label = `Download ${file.name}`
  return h('a', { href, download: file.name, class: 'tool', title: label, 'aria-label': label }, icon(ICONS.download))
}

function picture(state: State, file: FileHead): HTMLElement {
  const src = fileAddress(state.me.id, file.id)
  const image = h('img', { src, alt: file.title || file.name, class: 'wide', loading: 'lazy' })
  const button = h('button', { type: 'button', class: 'file-picture', 'aria-label': `Enlarge ${file.name}` }, image)
  return on(button, 'click', () => enlarge(state, file))
}

function enlarge(state: State, file: FileHead): void {
  const src = fileAddress(state.me.id, file.id)
  openDialog(
    {
      title: [file.title || file.name],
      body: [h('img', { src, alt: file.title || file.name })],
      foot: [
        h('a', { href: src, download: file.name, class: 'button' }, icon(ICONS.download), h('span', {}, 'Download')),
      ],
      style: 'lightbox',
    },
    (dialog) => dialog.close(),
  )
}

/** Lines of a preview that stand in the message; the rest is one click away. */
const PREVIEW_LINES = 6

function preview(file: FileHead, text: string): HTMLElement {
  const lines = text.split('\n')
  const short = lines.slice(0, PREVIEW_LINES).join('\n')
  const code = h('code', {}, short)
  const box = h('pre', { class: 'file-preview', tabindex: 0, 'aria-label': `Beginning of ${file.name}` }, code)
  if (lines.length <= PREVIEW_LINES) return box
  const more = h('button', { type: 'button', class: 'more', 'aria-expanded': 'false' }, 'Show more')
  on(more, 'click', () => {
    const open = more.getAttribute('aria-expanded') === 'true'
    code.textContent = open ? short : text
    more.textContent = open ? 'Show more' : 'Show less'
    more.setAttribute('aria-expanded', open ? 'false' : 'true')
  })
  const whole = text.length < file.size ? h('span', { class: 'hint' }, 'The whole of it is in the download.') : null
  return h('div', {}, box, h('p', { class: 'file-more' }, more, whole))
}

/** All files of a channel as rows of the list, newest first. */
export function fileRows(scene: Scene, channel: string): Row[] {
  const held = filesIn(scene.state, channel)
  return [{ key: 'files', signature: JSON.stringify([held, scene.state.me.id]), make: () => drawFileList(scene, held) }]
}

function drawFileList(scene: Scene, held: readonly { file: FileHead; message: Message }[]): HTMLElement {
  const { state, acts } = scene
  const items = held.map(({ file, message }) => {
    const at = file.created_at
    const day = dayLabel(at, latestNow(state), state.me.tz)
    const when = `${nameOf(state, file.user)} · ${day} ${clockTime(at, state.me.tz)}`
    const jump = h('button', { type: 'button', class: 'button small' }, 'Show message')
    return h(
      'li',
      {},
      drawFile(state, file),
      h(
        'p',
        { class: 'hint' },
        `${when} `,
        on(jump, 'click', () => acts.go(message.channel, message.ts)),
      ),
    )
  })
  const none = h('p', { class: 'hint' }, 'Nobody has shared a file here yet.')
  return h('div', { class: 'sheet' }, h('h3', {}, 'Files'), held.length === 0 ? none : h('ul', {}, ...items))
}
