/// <reference lib="dom" />
import type { State } from '../wire.ts'
import type { Ui } from './state.ts'

/** Where an interactive element stands: in a message or in a view. */
export type Place = { channel: string; ts: string } | { view_id: string }

/** What every drawing function is given: what is to be seen, and what the person may do. */
export interface Scene {
  state: State
  ui: Ui
  acts: Acts
}

export interface Acts {
  /** Opens a channel, at a message of it where one is named. */
  go(channel: string, ts?: string): void
  openBotDm(): void
  showHome(shown: boolean): void
  become(person: string): void
  toggleThread(channel: string, ts: string): void
  /** Sends a click or a choice; resolves to whether the bot took it. */
  interact(
    place: Place,
    action: { action_id: string; block_id: string | null; value?: string | string[] },
  ): Promise<boolean>
  suggest(
    place: Place,
    action: { action_id: string; block_id: string | null; value: string },
  ): Promise<{ text: string; value: string }[]>
  react(channel: string, ts: string, name: string): void
  /** Sends a line as a message or, when it starts with `/`, as a command; null, or the sentence that says what is wrong. */
  say(channel: string, text: string, thread: string | null): Promise<string | null>
  join(channel: string): void
  dismissModal(): void
  /** By `block_id`, what is wrong with the field; null when the modal was taken. */
  submitModal(view: string, values: Record<string, string | string[]>): Promise<Record<string, string> | null>
}

export function placeKey(place: Place): string {
  return 'ts' in place ? `${place.channel}/${place.ts}` : place.view_id
}
