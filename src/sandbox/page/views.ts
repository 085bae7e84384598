/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { View } from '../wire.ts'
import { drawKit } from './blocks.ts'
import { h, ICONS, icon, on, type Row } from './dom.ts'
import type { Scene } from './scene.ts'

/** The App Home as one row of the message list. */
export function homeRow(scene: Scene): Row {
  const { home, bot } = scene.state
  return {
    key: 'home',
    signature: JSON.stringify([home, scene.ui.warnings.get(home?.id ?? '')]),
    make: () => {
      if (!home)
        return h(
          'div',
          { class: 'intro' },
          h('h3', {}, 'Home'),
          h('p', {}, `${bot.real_name || bot.name} has not published a Home view for you yet.`),
        )
      const warning = scene.ui.warnings.get(home.id)
      return h(
        'div',
        { class: 'home' },
        drawKit(scene, { view_id: home.id }, home.blocks),
        warning === undefined ? null : h('p', { class: 'warning', role: 'alert' }, icon(ICONS.warning), warning),
      )
    },
  }
}

interface Open {
  signature: string
  id: string
  dialog: HTMLDialogElement
}

/** Keeps one dialog on the page equal to the modal that the bot has open for this person. Answers with what shows it. */
export function createModal(): (scene: Scene) => void {
  let open: Open | null = null
  return (scene) => {
    const { modal } = scene.state
    const signature = JSON.stringify([modal, modal && scene.ui.warnings.get(modal.id)])
    if (open?.signature === signature) return
    const kept = open && modal && open.id === modal.id ? valuesOf(open.dialog) : new Map<string, string>()
    open?.dialog.remove()
    open = null
    if (!modal) return
    const dialog = drawModal(scene, modal)
    document.body.append(dialog)
    restore(dialog, kept)
    dialog.showModal()
    dialog.querySelector<HTMLElement>('.dialog-body input, .dialog-body textarea, .dialog-body select')?.focus()
    open = { signature, id: modal.id, dialog }
  }
}

/** What was typed survives an update of the same view, field by field. */
function valuesOf(dialog: HTMLElement): Map<string, string> {
  const fields = dialog.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input.field, textarea.field')
  return new Map([...fields].map((field) => [field.id, field.value]))
}

function restore(dialog: HTMLElement, values: Map<string, string>): void {
  for (const field of dialog.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input.field, textarea.field')) {
    const value = field.id === '' ? undefined : values.get(field.id)
    if (value !== undefined) field.value = value
  }
}

function drawModal(scene: Scene, view: View): HTMLDialogElement {
  const reads = new Map<string, () => string | string[]>()
  const body = drawKit(scene, { view_id: view.id }, view.blocks, (block, read) => reads.set(block, read))
  const warning = scene.ui.warnings.get(view.id)
  const leave = () => scene.acts.dismissModal()
  const cancel = on(h('button', { type: 'button', class: 'button' }, view.close ?? 'Cancel'), 'click', leave)
  const submit = view.submit === null ? null : h('button', { type: 'submit', class: 'button primary' }, view.submit)
  const form = h(
    'form',
    { novalidate: true },
    h(
      'header',
      {},
      h('h2', { id: 'modal-title' }, view.title),
      on(h('button', { type: 'button', class: 'tool', 'aria-label': 'Close' }, icon(ICONS.close)), 'click', leave),
    ),
    h(
      'div',
      { class: 'dialog-body' },
      body,
      warning === undefined ? null : h('p', { class: 'warning', role: 'alert' }, icon(ICONS.warning), warning),
    ),
    h('footer', {}, cancel, submit),
  )
  on(form, 'submit', (event) => {
    event.preventDefault()
    if (submit?.getAttribute('aria-busy') === 'true') return
    submit?.setAttribute('aria-busy', 'true')
    void send(scene, view, form, reads).finally(() => submit?.removeAttribute('aria-busy'))
  })
  const dialog = h('dialog', { class: 'dialog modal', 'aria-labelledby': 'modal-title' }, form)
  return on(dialog, 'cancel', (event) => {
    event.preventDefault()
    leave()
  })
}

async function send(
  scene: Scene,
  view: View,
  form: HTMLElement,
  reads: Map<string, () => string | string[]>,
): Promise<void> {
  const values = Object.fromEntries([...reads].map(([block, read]) => [block, read()]))
  const errors = await scene.acts.submitModal(view.id, values)
  for (const block of form.querySelectorAll<HTMLElement>('[data-block]')) {
    const sentence = errors?.[block.dataset.block ?? ''] ?? ''
    const line = block.querySelector('.field-error')
    if (line) line.textContent = sentence
    block.classList.toggle('invalid', sentence !== '')
  }
  form.querySelector<HTMLElement>('.invalid .field')?.focus()
}
