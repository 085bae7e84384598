/// <reference lib="dom" />
import type { Message, State, Usergroup, View } from '../wire.ts'
import type { Tab, Ui } from './state.ts'

/** Where an interactive element stands: in a message or in a view. */
export type Place = { channel: string; ts: string } | { view_id: string }

/** What every drawing function is given: what is to be seen, and what the person may do. */
export interface Scene {
  state: State
  ui: Ui
  acts: Acts
}

export interface Action {
  action_id: string
  block_id: string | null
}

/** What a choice of an external select may be; `failed` in place of them. */
export interface Offers {
  options: { text: string; value: string; group?: string }[]
  failed: boolean
}

/** What the person does. Where an act answers with a sentence it says what is wrong, null when nothing is. */
export interface Acts {
  /** Opens a channel, at a message of it where one is named. */
  go(channel: string, ts?: string): void
  /** Opens the DM with the bot, or with others the group DM of all of them. */
  openDm(others: readonly string[]): void
  showTab(tab: Tab): void
  become(person: string): void
  toggleThread(channel: string, ts: string): void

  /** Sends a click or a choice; resolves to whether the bot took it. */
  interact(place: Place, action: Action & { value?: string | string[] }): Promise<boolean>
  suggest(place: Place, action: Action & { value: string }): Promise<Offers>
  runShortcut(callback_id: string): void
  runMessageShortcut(message: Message, callback_id: string): void
  runStep(callback_id: string, inputs: Record<string, unknown>): Promise<string | null>
  /** @param all every modal that lies below as well */
  dismissModal(all: boolean): void
  submitModal(view: View, values: Record<string, string | string[]>): Promise<void>

  /** Sends a line as a message or, when it starts with `/`, as a command. */
  say(channel: string, text: string, thread: string | null): Promise<string | null>
  /** Begins to change a message, or with null leaves off. */
  startEdit(message: Message | null): void
  edit(message: Message, text: string): Promise<string | null>
  remove(message: Message): void
  react(channel: string, ts: string, name: string): void
  pin(message: Message): void
  /** Resolves to the new file's id, or null when the workspace did not take it; the person has been told why. */
  upload(file: File, channel: string, text: string): Promise<string | null>

  join(channel: string): void
  leave(channel: string): void
  setPresence(presence: 'active' | 'away'): void
  /** @param minutes 0 lets messages sound again */
  pauseNotifications(minutes: number): void

  /** Opens the traffic panel at what made this message. */
  showTraffic(message: Message): void
  /** The card of a person or a user group, beside what was clicked. */
  showCard(anchor: HTMLElement, id: string | Usergroup): void
}

export function placeKey(place: Place): string {
  return 'ts' in place ? `${place.channel}/${place.ts}` : place.view_id
}

/** An element of a message or view, as its warning is kept. */
export function elementKey({ block_id, action_id }: Action): string {
  return `${block_id ?? ''} ${action_id}`
}
