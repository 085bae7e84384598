import type { KnownBlock } from '@slack/types'

/**
 * The control interface of the local Slack workspace: what its browser page and outside tests send and receive. Everything is JSON,
 * names are Slack's. A refused request answers 4xx with {@link Refusal}; a foreign `Origin` or `Host` answers 403.
 *
 * | Request | Body or query | Answer |
 * |---|---|---|
 * | `GET /_control/state?as=U…` | a person's id or name; without `as` the first person | {@link State} |
 * | `GET /_control/events?as=U…` | the same | server-sent events, `data:` one {@link Change}, `id:` its number |
 * | `POST /_control/command` | {@link CommandRequest} | {@link Reaction} |
 * | `POST /_control/message` | {@link MessageRequest} | {@link MessageReply} |
 * | `POST /_control/interact` | {@link InteractRequest} | {@link Reaction} |
 * | `POST /_control/submit` | {@link SubmitRequest} | {@link SubmitReply} |
 * | `POST /_control/suggest` | {@link SuggestRequest} | {@link SuggestReply} |
 * | `POST /_control/home` | {@link AsRequest}: the person opens the app's Home tab | {@link Done} |
 * | `POST /_control/dismiss` | {@link AsRequest}: the person closes the open modal | {@link Done} |
 * | `POST /_control/open-dm` | {@link AsRequest}: the person opens the DM with the bot | {@link OpenReply} |
 * | `POST /_control/join` | {@link ChannelRequest}: the person joins a public channel | {@link Done} |
 * | `POST /_control/read` | {@link ChannelRequest}: everything in it is read | {@link Done} |
 * | `POST /_control/react` | {@link ReactRequest} | {@link Done} |
 * | `POST /_control/fault` | a `Fault` of `faults.ts` | {@link FaultReply} |
 * | `POST /_control/reset-faults` | `{}` | {@link Done} |
 * | `GET /_control/journal?since=N` | entries with `n > since` | {@link JournalReply} |
 *
 * `user` may be an id or a name (`ada`), `channel` an id or a name (`ops`, `#ops`).
 */

/** A person or a bot. */
export interface Person {
  id: string
  /** The handle, as in `@ada`. */
  name: string
  real_name: string
  tz: string
  is_bot: boolean
  /** A guest. */
  is_restricted: boolean
  deleted: boolean
  presence: 'active' | 'away'
}

/** A channel as one person sees it. */
export interface Channel {
  id: string
  /** Without `#`; for a DM the other person's handle. */
  name: string
  kind: 'public' | 'private' | 'im'
  /** DMs only: the id of the other side (the bot, for a person's DM with the bot). */
  with: string | null
  /** Whether the person who asks is in it. A public channel they are not in is listed, readable, and cannot be written to. */
  is_member: boolean
  is_archived: boolean
  topic: string
  purpose: string
  /** Ids of people, the bot included. */
  members: string[]
  /** Messages of others that this person has not read. Thread replies and ephemeral messages do not count. */
  unread: number
  /** The `ts` up to which this person has read, or null. */
  last_read: string | null
  /** The newest message of the channel that is not in a thread, ephemeral ones included. */
  last_message: Message | null
  /** `ts` of the pinned messages, newest pin first. */
  pins: string[]
  bookmarks: Bookmark[]
  /** UTC milliseconds. */
  created_at: number
}

export interface Bookmark {
  id: string
  title: string
  link: string
  emoji: string
}

export interface Message {
  /** Unique in its channel and increasing: `1521129600.000100`, seconds of the workspace's clock. */
  ts: string
  channel: string
  /** Who wrote it: an id of {@link Person}; Slack's own notices come from `USLACKBOT`. */
  user: string
  /** True when an app wrote it. */
  bot: boolean
  /** mrkdwn: `*bold*`, `_italic_`, `~strike~`, backticks, `<@U…>`, `<#C…|name>`, `<https://…|label>`, `<!here>`, `<!date^…>`; `&lt;` `&gt;` `&amp;`. */
  text: string
  /** When there are blocks they are shown in place of `text`. */
  blocks: KnownBlock[]
  /** Null outside threads; a thread's first message has its own `ts` here. */
  thread_ts: string | null
  reply_count: number
  /** Posted to the channel as well as to its thread. */
  broadcast: boolean
  /** Set once it was edited; show "(edited)". */
  edited: { user: string; ts: string } | null
  /** "Only visible to you". Ephemeral messages live in memory of the workspace and are listed for their person alone. */
  ephemeral: boolean
  reactions: { name: string; users: string[] }[]
  metadata: { event_type: string; event_payload: Record<string, unknown> } | null
  /** `channel_join`, `channel_topic`, `channel_archive`, … for what Slack itself writes into a channel; show it small. Else null. */
  subtype: string | null
}

/** A modal or the App Home of one person. */
export interface View {
  id: string
  type: 'modal' | 'home'
  callback_id: string
  title: string
  submit: string | null
  close: string | null
  blocks: KnownBlock[]
}

/** All that one person sees. */
export interface State {
  team: { id: string; name: string; domain: string }
  me: Person
  /** The bot, also among `users`. */
  bot: Person
  users: Person[]
  /** Every public channel, and the private ones and DMs this person is in; channels by name, then DMs. */
  channels: Channel[]
  /** By channel id, oldest first, ephemeral messages of this person in their places, at most the newest 500 of each channel. Thread replies are among them. */
  messages: Record<string, Message[]>
  /** The registered slash commands, e.g. `/oncall`. */
  commands: string[]
  home: View | null
  modal: View | null
  /** Open Socket Mode connections (or an HTTP address that is set): 0 = the bot is not there. */
  connections: number
  /** The workspace's clock, UTC milliseconds. */
  now: number
  /** Number of the last change that this state includes; skip events with an `id` up to it. */
  seq: number
}

/**
 * One line of `/_control/events`. When a message comes or goes a `channel` change with new unread counts follows it. After `resync`
 * (sent when the stream starts, and whenever the server cannot say it in less) read the state again.
 */
export type Change =
  | { type: 'resync' }
  | { type: 'message'; channel: string; message: Message }
  | { type: 'message_changed'; channel: string; message: Message }
  | { type: 'message_deleted'; channel: string; ts: string }
  | { type: 'channel'; channel: Channel }
  | { type: 'channel_gone'; channel: string }
  | { type: 'user'; user: Person }
  | { type: 'home'; view: View | null }
  | { type: 'modal'; view: View | null }
  | { type: 'connections'; count: number }

export interface Refusal {
  ok: false
  /** A code such as `not_in_channel`, `no_such_button`, `bad_request`. */
  error: string
  /** A sentence for the person. */
  message: string
}

export interface Done {
  ok: true
}

/** `text` is the whole line, the slash included: `/oncall help`. `@ada` and `#ops` in it become Slack's escapes. */
export interface CommandRequest {
  user: string
  channel: string
  text: string
}

/** `text` is what the person types; `@ada` and `#ops` in it become Slack's escapes. */
export interface MessageRequest {
  user: string
  channel: string
  text: string
  thread_ts?: string
}

export interface MessageReply {
  ok: true
  message: Message
}

/** A click. The button (or other element) must be in the message, or in the view, as it is now, and the person must see it. */
export interface InteractRequest {
  user: string
  /** With `ts`: the message that holds the element. */
  channel?: string
  ts?: string
  /** Instead of `channel` and `ts`: the person's open modal or App Home. */
  view_id?: string
  action_id: string
  /** Needed only where two blocks use the same `action_id`. */
  block_id?: string
  /** What a select, overflow, date picker or input was set to. A button's own value needs not be sent. */
  value?: string | string[]
}

/**
 * What came of a command or a click, once the bot acknowledged it or Slack gave up waiting (3 s).
 * `failed` is Slack's own error, `dispatch_failed` (the bot is not there), `operation_timeout`, or the fault in its answer: show it beside the button; for a command it is also an ephemeral message in `saw`.
 */
export interface Reaction {
  ok: true
  /** Messages that appeared for this person in that channel because of it, up to the acknowledgement. Later ones come as events. */
  saw: Message[]
  failed: string | null
  /** The sentence that goes with `failed`, else null. */
  warning: string | null
}

/** The person presses a modal's submit button. `values`: by `block_id`, what its input element holds. */
export interface SubmitRequest {
  user: string
  view_id: string
  values: Record<string, string | string[]>
}

export interface SubmitReply extends Reaction {
  /** By `block_id`: what is wrong with that field. The modal stays open when there are any. */
  errors: Record<string, string>
}

/** The person types into an external select. */
export interface SuggestRequest {
  user: string
  channel?: string
  ts?: string
  view_id?: string
  action_id: string
  block_id?: string
  value: string
}

export interface SuggestReply {
  ok: true
  options: { text: string; value: string }[]
}

export interface AsRequest {
  user: string
}

export interface OpenReply {
  ok: true
  channel: string
}

export interface ChannelRequest {
  user: string
  channel: string
}

/** Adds the reaction, or takes it away when this person had set it. */
export interface ReactRequest {
  user: string
  channel: string
  ts: string
  name: string
}

export interface FaultReply {
  ok: true
  id: number
}

/** One Web API call as it was, or one use of a `response_url` (method `response_url`). Tokens are left out of `args`. */
export interface Call {
  /** Counted from 1. */
  n: number
  method: string
  args: Record<string, unknown>
  /** `ok`, Slack's error code, or the fault that was injected (`http_503`, `hang`, `lost_reply`, `ratelimited`). */
  outcome: string
  /** True when it took effect, also where the answer was lost. */
  done: boolean
  /** `ts` of the message that it made or changed, when there is one. */
  ts: string | null
  /** UTC milliseconds of the workspace's clock. */
  at: number
  /** UTC milliseconds of the machine, on arrival and when it was answered (null: never). */
  arrived_at: number
  answered_at: number | null
}

export interface JournalReply {
  ok: true
  calls: Call[]
}
