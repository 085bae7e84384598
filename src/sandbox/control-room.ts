import * as z from 'zod'
import type { HttpDelivery } from './delivery.ts'
import type { Switchboard } from './gestures.ts'
import { Impossible } from './impossible.ts'
import type { User } from './model.ts'
import type { DisconnectReason } from './socket.ts'

/** What the control interface of `wire.ts` works on. */
export interface ControlRoom {
  board: Switchboard
  disconnect(reason: DisconnectReason | 'cut' | 'mute'): void
  openHome(user: User, tab: 'home' | 'messages'): void
  /** Sends an event to the app, as often as Slack does. */
  sendEvent(payload: Record<string, unknown>): void
  deliverTo(http: HttpDelivery | null): void
  /** Back to the start. */
  reset(): void
}

type Post = (room: ControlRoom, body: unknown) => unknown

/** One `POST /_control/…`: what it takes, and what it does. A body that does not fit is refused with a sentence. */
export function post<Body, Reply>(
  schema: z.ZodType<Body>,
  run: (room: ControlRoom, body: Body) => Reply | Promise<Reply>,
): Post {
  return (room, body) => {
    const parsed = schema.safeParse(body)
    if (!parsed.success) throw new Impossible('bad_request', z.prettifyError(parsed.error))
    return run(room, parsed.data)
  }
}

export const as = z.object({ user: z.string().min(1) })
export const inChannel = as.extend({ channel: z.string().min(1) })
export const atMessage = inChannel.extend({ ts: z.string().min(1) })

export const DONE: { ok: true } = { ok: true }
