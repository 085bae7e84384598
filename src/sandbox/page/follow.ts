/// <reference lib="dom" />
import type { Change, State } from '../wire.ts'
import { isRefusal, readState } from './api.ts'
import { apply } from './state.ts'

/** How long the page waits before it asks again for a state that it could not read, milliseconds. */
const AGAIN_MS = 1000

export interface Follower {
  state(): State
  /** Another state is true from now on. `changes` led to it; none when everything was read anew. */
  moved(next: State, change: Change | null): void
  /** The stream is open, or was lost. */
  live(is: boolean): void
}

let stream: EventSource | null = null

/** Follows the changes of the person who is played, in place of the one before. */
export function follow(follower: Follower): void {
  stream?.close()
  const person = follower.state().me.id
  const source = new EventSource(`/_control/events?as=${encodeURIComponent(person)}`)
  stream = source
  let waiting: { n: number; change: Change }[] | null = null
  const reread = async () => {
    waiting = []
    const state = await readState(person)
    const missed = waiting
    waiting = null
    if (source !== stream) return
    if (isRefusal(state)) return void setTimeout(() => void reread(), AGAIN_MS)
    follower.moved(state, null)
    for (const { n, change } of missed) take(n, change)
  }
  // Several changes may carry one number, so it is compared with that of the state that was read, never with the last change's.
  const take = (n: number, change: Change) => {
    const state = follower.state()
    if (change.type !== 'resync' && n <= state.seq) return
    const next = apply(state, change)
    if (next === null) return void reread()
    follower.moved(next, change)
  }
  source.onmessage = (event) => {
    const change: Change = JSON.parse(String(event.data))
    const n = Number(event.lastEventId)
    if (waiting) waiting.push({ n, change })
    else take(n, change)
  }
  source.onopen = () => follower.live(true)
  source.onerror = () => follower.live(false)
}
