/// <reference lib="dom" />
import type { View } from '../wire.ts'
import { drawKit, type Inputs } from './blocks.ts'
import { type Child, h, icon, on, type Row } from './dom.ts'
import { closeFloat } from './float.ts'
import { type Choice, heldIn } from './held.ts'
import { ICONS } from './icons.ts'
import type { Scene } from './scene.ts'
import type { Reader } from './slot.ts'

/** The App Home as one row of the message list. */
export function homeRow(scene: Scene): Row {
  const { home, bot, users, usergroups, channels } = scene.state
  const warning = home ? scene.ui.warnings.get(home.id) : undefined
  return {
    key: 'home',
    signature: JSON.stringify([home, warning, users, usergroups, channels.map(({ id, name }) => [id, name])]),
    make: () => {
      if (!home)
        return h(
          'div',
          { class: 'intro' },
          h('h3', {}, 'Home'),
          h('p', {}, `${bot.real_name || bot.name} has not published a Home view for you yet.`),
        )
      const inputs = { held: (key: string) => heldOf(home, key), collect: null }
      return h(
        'div',
        { class: 'home' },
        drawKit(scene, { view_id: home.id }, home.blocks, inputs),
        alarm(warning?.sentence),
      )
    },
  }
}

/** What the workspace knows of an input; keys are `block/action/type`, as in `fields.ts`. Of an empty one it knows nothing. */
function heldOf(view: View, key: string): Choice[] | null {
  for (const [block, actions] of Object.entries(view.values))
    for (const [action, entry] of Object.entries(actions))
      if (key.startsWith(`${block}/${action}/`)) return heldIn(entry)
  return null
}

function alarm(sentence: string | undefined): Child {
  return sentence === undefined ? null : h('p', { class: 'warning', role: 'alert' }, icon(ICONS.warning), sentence)
}

interface Open {
  signature: string
  errors: ReadonlyMap<string, string> | undefined
  view: View
  dialog: HTMLDialogElement
  readers: Map<string, Reader>
}

/** Keeps one dialog on the page equal to the modal that lies on top for this person. Answers with what shows it. */
export function createModal(): (scene: Scene) => void {
  let open: Open | null = null
  /** What was typed into the modals below, by view: it is there again when the one above is closed. */
  const typed = new Map<string, Map<string, Choice[]>>()
  return (scene) => {
    const { modal } = scene.state
    const signature = modal ? signatureOf(scene, modal) : ''
    const errors = scene.ui.errors.get(modal?.id ?? '')
    if (open?.signature === signature && open.errors === errors) return
    if (open) typed.set(open.view.id, typedInto(open))
    const before = open
    open = null
    if (!modal) {
      if (before) typed.clear()
      closeModal(before)
      return
    }
    const readers = new Map<string, Reader>()
    const kept = typed.get(modal.id)
    const inputs: Inputs = {
      held: (key) => kept?.get(key) ?? heldOf(modal, key),
      collect: (block, reader) => readers.set(block, reader),
    }
    const dialog = drawModal(scene, modal, inputs, readers)
    const place = before?.view.id === modal.id ? placeIn(before.dialog) : null
    closeModal(before)
    document.body.append(dialog)
    dialog.showModal()
    focusIn(dialog, place)
    open = { signature, errors, view: modal, dialog, readers }
  }
}

/** All that a modal shows. What its inputs hold is not among it: the fields show that already, and keep the caret. */
function signatureOf({ ui }: Scene, { values, ...shown }: View): string {
  return JSON.stringify([shown, ui.warnings.get(shown.id)])
}

function closeModal(open: Open | null): void {
  if (!open) return
  closeFloat(false)
  open.dialog.remove()
}

function typedInto({ readers }: Open): Map<string, Choice[]> {
  return new Map([...readers.values()].map((reader) => [reader.key, reader.read()]))
}

/** Where the person was in a modal that is drawn anew. */
interface Place {
  focus: string | undefined
  caret: [number, number] | null
  scroll: number
}

function placeIn(dialog: HTMLElement): Place {
  const active = document.activeElement
  const inside = active instanceof HTMLElement && dialog.contains(active) ? active : null
  return {
    focus: inside?.dataset['focus'],
    caret: caretIn(inside),
    scroll: dialog.querySelector('.dialog-body')?.scrollTop ?? 0,
  }
}

/** Only fields of text have one; the others say null. */
function caretIn(node: HTMLElement | null): [number, number] | null {
  if (!(node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement)) return null
  const { selectionStart, selectionEnd } = node
  return selectionStart === null || selectionEnd === null ? null : [selectionStart, selectionEnd]
}

const FIELDS = '.dialog-body :is(input, textarea, select):not([disabled])'

/** Where something is wrong, else where the person was, else where the bot wants them to begin, else the first field. */
function focusIn(dialog: HTMLElement, place: Place | null): void {
  const body = dialog.querySelector('.dialog-body')
  if (place && body) body.scrollTop = place.scroll
  const wrong = dialog.querySelector<HTMLElement>('.invalid :is(input, textarea)')
  const same =
    place?.focus === undefined ? null : dialog.querySelector<HTMLElement>(`[data-focus="${CSS.escape(place.focus)}"]`)
  const begin = dialog.querySelector<HTMLElement>('[data-autofocus]') ?? dialog.querySelector<HTMLElement>(FIELDS)
  const node = wrong ?? same ?? begin
  node?.focus({ preventScroll: wrong === null && place !== null })
  const isText = node instanceof HTMLTextAreaElement || node instanceof HTMLInputElement
  if (isText && node === same && place?.caret) node.setSelectionRange(...place.caret)
}

function drawModal(scene: Scene, view: View, inputs: Inputs, readers: ReadonlyMap<string, Reader>): HTMLDialogElement {
  const { acts } = scene
  const deep = view.depth > 1
  const leave = () => acts.dismissModal(false)
  const tool = (label: string, picture: string, run: () => void) =>
    on(h('button', { type: 'button', class: 'tool', 'aria-label': label, title: label }, icon(picture)), 'click', run)
  const cancel = h('button', { type: 'button', class: 'button' }, view.close ?? (deep ? 'Back' : 'Cancel'))
  const submit = view.submit === null ? null : h('button', { type: 'submit', class: 'button primary' }, view.submit)
  const form = h(
    'form',
    { novalidate: true },
    h(
      'header',
      {},
      deep ? tool('Back', ICONS.back, leave) : null,
      h('h2', { id: 'modal-title' }, view.title),
      deep ? h('span', { class: 'depth', title: `${view.depth} windows lie on each other` }, depthMark(view)) : null,
      tool(deep ? 'Close all' : 'Close', ICONS.close, () => acts.dismissModal(true)),
    ),
    h('div', { class: 'dialog-body' }, drawKit(scene, { view_id: view.id }, view.blocks, inputs)),
    alarm(scene.ui.warnings.get(view.id)?.sentence),
    h('footer', {}, on(cancel, 'click', leave), submit),
  )
  markErrors(form, scene.ui.errors.get(view.id) ?? new Map())
  on(form, 'submit', (event) => {
    event.preventDefault()
    if (!submit || submit.getAttribute('aria-busy') === 'true') return
    submit.setAttribute('aria-busy', 'true')
    void send(scene, view, readers).finally(() => submit.removeAttribute('aria-busy'))
  })
  const style = `dialog modal depth-${Math.min(view.depth, MOST_DEPTH)}`
  const dialog = h('dialog', { class: style, 'aria-labelledby': 'modal-title' }, form)
  return on(dialog, 'cancel', (event) => {
    event.preventDefault()
    leave()
  })
}

/** Slack lets three modals lie on each other. */
const MOST_DEPTH = 3

function depthMark(view: View): string {
  return `${view.depth} of ${MOST_DEPTH}`
}

function send(scene: Scene, view: View, readers: ReadonlyMap<string, Reader>): Promise<void> {
  const values = [...readers].map(([block, reader]): [string, string | string[]] => {
    const held = reader.read().map(({ value }) => value)
    const [first] = held
    // Nothing is sent as such: what is left out keeps what it began with.
    return [block, reader.many || first === undefined ? held : first]
  })
  return scene.acts.submitModal(view, Object.fromEntries(values))
}

/** Writes what is wrong below each field that is not right, until that field is changed. */
function markErrors(form: HTMLElement, errors: Map<string, string>): void {
  for (const block of form.querySelectorAll<HTMLElement>('[data-block]')) {
    const name = block.dataset['block'] ?? ''
    const sentence = errors.get(name)
    if (sentence === undefined) continue
    markError(block, sentence)
    const corrected = () => {
      if (errors.delete(name)) markError(block, '')
    }
    on(block, 'input', corrected)
    on(block, 'change', corrected)
  }
}

function markError(block: HTMLElement, sentence: string): void {
  const line = block.querySelector('.field-error')
  if (line) line.textContent = sentence
  block.classList.toggle('invalid', sentence !== '')
  block.querySelector('input, textarea')?.setAttribute('aria-invalid', sentence === '' ? 'false' : 'true')
}
