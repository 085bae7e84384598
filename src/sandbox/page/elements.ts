/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Button } from '@slack/types'
import { h, icon, on } from './dom.ts'
import { choices, dateTime, drawFileInput, drawSelect, textArea, textInput } from './fields.ts'
import { menu, popover } from './float.ts'
import { ICONS } from './icons.ts'
import { safeUrl } from './mrkdwn.ts'
import { plainChildren } from './rich.ts'
import { elementKey, placeKey, type Scene } from './scene.ts'
import { act, actionOf, confirmed, type Element, type Slot } from './slot.ts'

/** How long a pressed button shows that it waits, when nothing about its message changes. */
const BUSY_MS = 3000

export function drawElement(slot: Slot, element: Element): HTMLElement {
  const node = drawBare(slot, element)
  const wrong = slot.scene.ui.warnings.get(placeKey(slot.place))
  if (wrong?.element !== elementKey(actionOf(slot, element))) return node
  const sign = h(
    'span',
    { class: 'element-warning', title: wrong.sentence },
    icon(ICONS.warning, `This failed: ${wrong.sentence}`),
  )
  return h('span', { class: 'failed-element' }, node, sign)
}

function drawBare(slot: Slot, element: Element): HTMLElement {
  switch (element.type) {
    case 'button':
      return drawButton(slot, element)
    case 'workflow_button':
      return drawButton(slot, { ...element, type: 'button' })
    case 'icon_button':
      return drawButton(slot, { ...element, type: 'button' })
    case 'feedback_buttons':
      return h(
        'span',
        { class: 'row' },
        drawButton(slot, { ...element.positive_button, type: 'button', action_id: element.action_id ?? '' }),
        drawButton(slot, { ...element.negative_button, type: 'button', action_id: element.action_id ?? '' }),
      )
    case 'overflow':
      return drawOverflow(slot, element)
    case 'static_select':
    case 'multi_static_select':
    case 'users_select':
    case 'multi_users_select':
    case 'channels_select':
    case 'multi_channels_select':
    case 'conversations_select':
    case 'multi_conversations_select':
    case 'external_select':
    case 'multi_external_select':
      return drawSelect(slot, element)
    case 'checkboxes':
    case 'radio_buttons':
      return choices(slot, element)
    case 'datepicker':
      return textInput(slot, element, element.initial_date ?? '', { type: 'date' })
    case 'timepicker':
      return textInput(slot, element, element.initial_time ?? '', { type: 'time' })
    case 'datetimepicker':
      return dateTime(slot, element)
    case 'plain_text_input':
      return element.multiline
        ? textArea(slot, element, element.initial_value ?? '')
        : textInput(slot, element, element.initial_value ?? '', {
            type: 'text',
            maxlength: element.max_length ?? null,
          })
    case 'rich_text_input':
      return textArea(slot, element, '')
    case 'email_text_input':
      return textInput(slot, element, element.initial_value ?? '', { type: 'email' })
    case 'url_text_input':
      return textInput(slot, element, element.initial_value ?? '', { type: 'url' })
    case 'number_input':
      // Not the browser's own number field: that hides what is no number, and the person could not be told.
      return textInput(slot, element, element.initial_value ?? '', {
        type: 'text',
        inputmode: element.is_decimal_allowed ? 'decimal' : 'numeric',
      })
    case 'file_input':
      return drawFileInput(slot, element)
    default:
      return element satisfies never
  }
}

function drawButton(slot: Slot, button: Button): HTMLElement {
  const style = button.style === undefined ? 'button' : `button ${button.style}`
  const name = button.action_id ?? ''
  const shared = {
    class: style,
    'data-action': name,
    'data-focus': `${slot.block_id ?? ''}/${name}/${button.value ?? ''}`,
    'aria-label': button.accessibility_label ?? null,
  }
  const href = button.url === undefined ? null : safeUrl(button.url)
  const label = h('span', { class: 'label' }, ...plainChildren(button.text.text))
  const node =
    href === null
      ? h('button', { type: 'button', ...shared }, label)
      : h('a', { href, target: '_blank', rel: 'noopener noreferrer', ...shared }, label)
  const key = busyKey(slot, button)
  node.dataset.busy = key
  return on<HTMLElement, 'click'>(node, 'click', (event) => {
    if (slot.scene.ui.busy.has(key)) event.preventDefault()
    else void press(slot, button)
  })
}

function busyKey(slot: Slot, button: Button): string {
  return `${placeKey(slot.place)} ${slot.block_id ?? ''} ${button.action_id ?? ''} ${button.value ?? ''}`
}

/** The button waits until its message changes (which draws it anew), it failed, or {@link BUSY_MS} are over. */
async function press(slot: Slot, button: Button): Promise<void> {
  if (button.confirm && !(await confirmed(slot.scene, button.confirm))) return
  const key = busyKey(slot, button)
  wait(slot.scene, key, true)
  setTimeout(() => wait(slot.scene, key, false), BUSY_MS)
  const taken = await act(slot, button.action_id, button.value)
  if (!taken || button.url !== undefined) wait(slot.scene, key, false)
}

function wait(scene: Scene, key: string, waits: boolean): void {
  if (waits) scene.ui.busy.add(key)
  else scene.ui.busy.delete(key)
  showBusy(scene)
}

/** Marks the buttons that wait, wherever they are drawn now: a message may have been drawn anew since its button was pressed. */
export function showBusy(scene: Scene): void {
  for (const node of document.querySelectorAll<HTMLElement>('[data-busy]')) {
    if (scene.ui.busy.has(node.dataset.busy ?? '')) node.setAttribute('aria-busy', 'true')
    else node.removeAttribute('aria-busy')
  }
}

/** Three dots that open a menu; a line of it may be a link. */
function drawOverflow(slot: Slot, element: Extract<Element, { type: 'overflow' }>): HTMLElement {
  const button = h(
    'button',
    {
      type: 'button',
      class: 'button overflow',
      'aria-label': 'More options',
      title: 'More options',
      'data-action': element.action_id ?? null,
      'data-focus': `${slot.block_id ?? ''}/${element.action_id ?? ''}`,
    },
    icon(ICONS.more),
  )
  const choose = async (value: string | undefined, url: string | null) => {
    if (element.confirm && !(await confirmed(slot.scene, element.confirm))) return
    if (url !== null) window.open(url, '_blank', 'noopener,noreferrer')
    await act(slot, element.action_id, value)
  }
  const items = element.options.map((option) => ({
    label: option.text.text,
    detail: option.description?.text ?? '',
    run: () => void choose(option.value, 'url' in option && option.url ? safeUrl(option.url) : null),
  }))
  return popover(button, () => menu('More options', [{ items }]), 'start')
}
