import * as z from 'zod'
import { press, suggest } from './clicks.ts'
import { byAdministrators } from './control-admin.ts'
import { byPeople } from './control-people.ts'
import { as, atMessage, DONE, inChannel, post } from './control-room.ts'
import { dismiss, submit } from './forms.ts'
import { command, messageAction, shortcut } from './gestures.ts'
import type {
  CommandRequest,
  DismissRequest,
  Done,
  InteractRequest,
  MessageActionRequest,
  Reaction,
  ShortcutRequest,
  SubmitReply,
  SubmitRequest,
  SuggestReply,
  SuggestRequest,
} from './wire.ts'

const element = {
  channel: z.string().exactOptional(),
  ts: z.string().exactOptional(),
  view_id: z.string().exactOptional(),
  action_id: z.string().min(1),
  block_id: z.string().exactOptional(),
}
const value = z.union([z.string(), z.array(z.string())])

/** What the app hears of at once, and has three seconds to acknowledge. */
const gestures = {
  command: post<CommandRequest, Reaction>(
    inChannel.extend({ text: z.string().min(1) }),
    ({ board }, { user, channel, text }) => command(board, user, channel, text),
  ),
  interact: post<InteractRequest, Reaction>(
    as.extend({ ...element, value: value.exactOptional() }),
    ({ board }, body) => press(board, body),
  ),
  shortcut: post<ShortcutRequest, Reaction>(as.extend({ callback_id: z.string().min(1) }), ({ board }, body) =>
    shortcut(board, body),
  ),
  'message-action': post<MessageActionRequest, Reaction>(
    atMessage.extend({ callback_id: z.string().min(1) }),
    ({ board }, body) => messageAction(board, body),
  ),
  submit: post<SubmitRequest, SubmitReply>(
    as.extend({ view_id: z.string(), values: z.record(z.string(), value) }),
    ({ board }, body) => submit(board, body),
  ),
  suggest: post<SuggestRequest, SuggestReply>(as.extend({ ...element, value: z.string() }), ({ board }, body) =>
    suggest(board, body),
  ),
  dismiss: post<DismissRequest, Done>(as.extend({ all: z.boolean().exactOptional() }), async ({ board }, body) => {
    await dismiss(board, body)
    return DONE
  }),
}

/** One entry per `POST /_control/…`. */
export const POSTS: Record<string, ReturnType<typeof post> | undefined> = {
  ...gestures,
  ...byPeople,
  ...byAdministrators,
}
