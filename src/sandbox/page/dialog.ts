/// <reference lib="dom" />
import { type Child, h, icon, on } from './dom.ts'
import { ICONS } from './icons.ts'

/** Windows of the page itself, in front of everything. The bot's modals are in `views.ts`. */
export interface Frame {
  title: readonly Child[]
  body: readonly Child[]
  foot: readonly Child[]
  /** Beside `dialog`. */
  style: string
}

/** Opens a window. Its form is submitted by Enter and by its submit button; Escape and the cross close it. */
export function openDialog(frame: Frame, submit: (dialog: HTMLDialogElement) => void): HTMLDialogElement {
  const dialog = h('dialog', { class: `dialog ${frame.style}`, 'aria-labelledby': 'dialog-title' })
  const cross = h('button', { type: 'button', class: 'tool', 'aria-label': 'Close' }, icon(ICONS.close))
  const form = h(
    'form',
    { novalidate: true },
    h(
      'header',
      {},
      h('h2', { id: 'dialog-title' }, ...frame.title),
      on(cross, 'click', () => dialog.close()),
    ),
    h('div', { class: 'dialog-body' }, ...frame.body),
    frame.foot.length > 0 ? h('footer', {}, ...frame.foot) : null,
  )
  on(form, 'submit', (event) => {
    event.preventDefault()
    submit(dialog)
  })
  dialog.append(form)
  on(dialog, 'close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
  return dialog
}

export interface Question {
  title: readonly Child[]
  text: readonly Child[]
  yes: string
  no: string
  danger: boolean
}

/** Asks before something is done; resolves to false when it is left by Escape or its second button. */
export function asked(question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    const yes = h(
      'button',
      { type: 'submit', value: 'yes', class: question.danger ? 'button danger' : 'button primary' },
      question.yes,
    )
    const dialog = h(
      'dialog',
      { class: 'dialog confirm', 'aria-labelledby': 'confirm-title' },
      h(
        'form',
        { method: 'dialog' },
        h('h2', { id: 'confirm-title' }, ...question.title),
        h('div', { class: 'dialog-body text' }, ...question.text),
        h('footer', {}, h('button', { type: 'submit', value: 'no', class: 'button' }, question.no), yes),
      ),
    )
    on(dialog, 'close', () => {
      dialog.remove()
      resolve(dialog.returnValue === 'yes')
    })
    document.body.append(dialog)
    dialog.showModal()
    yes.focus()
  })
}

/** How long a passing notice stays, milliseconds: long enough to be read twice. */
const TOAST_MS = 8000

/** Tells the person something in passing, at the edge of the window. */
export function toast(sentence: string, tone: 'plain' | 'trouble' = 'trouble'): void {
  const shelf = document.getElementById('toasts')
  const close = h('button', { type: 'button', class: 'tool', 'aria-label': 'Dismiss' }, icon(ICONS.close))
  const note = h(
    'div',
    { class: `toast ${tone}` },
    tone === 'trouble' ? icon(ICONS.warning) : icon(ICONS.check),
    h('p', {}, sentence),
    close,
  )
  on(close, 'click', () => note.remove())
  shelf?.append(note)
  // Shown anew it lies above a modal that was opened since.
  if (shelf?.matches(':popover-open')) shelf.hidePopover()
  shelf?.showPopover()
  setTimeout(() => note.remove(), TOAST_MS)
}
