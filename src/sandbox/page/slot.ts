/// <reference lib="dom" />
import type {
  ActionsBlockElement,
  Confirm,
  ContextActionsBlockElement,
  InputBlockElement,
  SectionBlockAccessory,
} from '@slack/types'
import { asked } from './dialog.ts'
import type { Choice } from './held.ts'
import { drawTextObject, plainChildren } from './rich.ts'
import type { Action, Place, Scene } from './scene.ts'

/** One interactive element of any block that this page draws. */
export type Element = Exclude<
  ActionsBlockElement | SectionBlockAccessory | InputBlockElement | ContextActionsBlockElement,
  { type: 'image' }
>

/** Where an element stands, and what it does with its value: tell the bot at once, or keep it until the modal is submitted. */
export interface Slot {
  scene: Scene
  place: Place
  block_id: string | null
  /** Set in an input block of a modal. */
  field: Field | null
  dispatch: boolean
  /** What the element of this key holds already, or null for what its block says. */
  held(key: string): readonly Choice[] | null
}

interface Field {
  id: string
  /** The element says how its value is read. */
  reads(reader: Reader): void
}

/** How the value of an input is read: one choice or several, text being a choice without a label. */
export interface Reader {
  /** The same for the same element of an updated view, so that what was typed stays in it. */
  key: string
  many: boolean
  read(): Choice[]
}

export function actionOf(slot: Slot, element: { action_id?: string }): Action {
  return { block_id: slot.block_id, action_id: element.action_id ?? '' }
}

export function act(slot: Slot, action_id: string | undefined, value: string | string[] | undefined): Promise<boolean> {
  const action = actionOf(slot, action_id === undefined ? {} : { action_id })
  return slot.scene.acts.interact(slot.place, { ...action, ...(value === undefined ? {} : { value }) })
}

/** Slack's confirmation dialog. */
export function confirmed(scene: Scene, confirm: Confirm): Promise<boolean> {
  return asked({
    title: plainChildren(confirm.title?.text ?? 'Are you sure?'),
    text: [drawTextObject(scene, confirm.text)],
    yes: confirm.confirm?.text ?? 'Yes',
    no: confirm.deny?.text ?? 'Cancel',
    danger: confirm.style === 'danger',
  })
}
