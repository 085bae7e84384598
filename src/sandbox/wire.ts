import type { KnownBlock } from '@slack/types'
import type { FaultInput } from './faults.ts'

/**
 * The control interface of the local Slack workspace: what its browser page and outside tests send and receive. Everything is JSON,
 * names are Slack's. A refused request answers 4xx with {@link Refusal}; a foreign `Origin` or `Host` answers 403.
 *
 * | To read | Query | Answer |
 * |---|---|---|
 * | `GET /_control/state` | `as=U…`: a person's id or name; without it the first person | {@link State} |
 * | `GET /_control/events` | `as=U…` | server-sent events, `data:` one {@link Change}, `id:` its number |
 * | `GET /_control/journal`, also `log` | `since=N`: entries with `n > since` | {@link JournalReply} |
 * | `GET /_control/traffic` | `since=N`, or the header `Last-Event-ID` | server-sent events, `data:` one {@link Traffic}, `id:` its `n` |
 * | `GET /_control/canvas` | `as=U…`, `id=F…` | {@link CanvasReply} |
 * | `GET /_control/file` | `as=U…`, `id=F…` | the bytes, as a download |
 * | `GET /_control/faults` | | {@link FaultsReply} |
 *
 * | What a person does | `POST /_control/…` | Answer |
 * |---|---|---|
 * | writes, edits, deletes a message | `message` {@link MessageRequest}, `edit` {@link EditRequest}, `delete` {@link MessageAt} | {@link MessageReply}, {@link Done} |
 * | types a command | `command` {@link CommandRequest} | {@link Reaction} |
 * | clicks or chooses | `interact` {@link InteractRequest} | {@link Reaction} |
 * | runs a global shortcut | `shortcut` {@link ShortcutRequest} | {@link Reaction} |
 * | runs a shortcut of a message | `message-action` {@link MessageActionRequest} | {@link Reaction} |
 * | submits, types into, closes a modal | `submit` {@link SubmitRequest}, `suggest` {@link SuggestRequest}, `dismiss` {@link DismissRequest} | {@link SubmitReply}, {@link SuggestReply}, {@link Done} |
 * | opens the app's Home or messages tab | `open-home`, also `home`, {@link HomeRequest} | {@link Done} |
 * | opens the DM with the bot, or a group DM | `open-dm` {@link OpenRequest} | {@link OpenReply} |
 * | joins, leaves, reads a channel | `join`, `leave`, `read` {@link ChannelRequest} | {@link Done} |
 * | brings in or removes somebody, the bot too | `invite`, `kick` {@link MemberRequest} | {@link Done} |
 * | makes a channel | `create-channel` {@link CreateChannelRequest} | {@link OpenReply} |
 * | archives, brings back, renames, describes it | `archive`, `unarchive` {@link ChannelRequest}, `rename`, `topic`, `purpose` {@link DescribeRequest} | {@link Done} |
 * | pins or unpins, reacts or takes it back | `pin` {@link MessageAt}, `react` {@link ReactRequest} | {@link Done} |
 * | uploads a file | `upload` {@link UploadRequest} | {@link UploadReply} |
 * | is not to be disturbed; is away | `dnd` {@link DndRequest}, `presence` {@link PresenceRequest} | {@link Done} |
 * | changes a user group | `usergroup` {@link UsergroupRequest} | {@link Done} |
 * | starts a step of the app in a workflow | `run-step` {@link StepRequest} | {@link StepReply} |
 *
 * | What is done to the workspace | `POST /_control/…` | Answer |
 * |---|---|---|
 * | somebody joins the company | `add-user` {@link AddUserRequest} | {@link UserReply} |
 * | somebody changes, leaves, comes back | `change-user` {@link ChangeUserRequest}, `deactivate`, `reactivate` {@link AsRequest} | {@link UserReply} |
 * | an administrator changes what is allowed | `settings`, a part of {@link Settings} | {@link SettingsReply} |
 * | time passes | `advance-clock` {@link AdvanceRequest} | {@link ClockReply} |
 * | something goes wrong | `inject-fault`, also `fault`: a `Fault` of `faults.ts` | {@link FaultReply} |
 * | nothing goes wrong any more | `reset-faults` `{}` | {@link Done} |
 * | what goes to the app goes to these addresses, signed; `{}`: by Socket Mode again | `deliver-to` {@link DeliverToRequest} | {@link Done} |
 * | a payload goes to the app as it is, whatever is in it | `deliver` {@link DeliverRequest} | {@link DeliverReply} |
 * | everything is as it was at the start: people, channels, no message, no fault | `reset` `{}` | {@link Done} |
 *
 * `user` may be an id or a name (`ada`), `channel` an id or a name (`ops`, `#ops`), `dm` for the person's DM with the bot.
 */

/** A person or a bot. */
export interface Person {
  id: string
  /** The handle, as in `@ada`. */
  name: string
  real_name: string
  tz: string
  is_bot: boolean
  /** A guest, of one channel or of several. */
  is_restricted: boolean
  /** A guest of one channel. */
  is_ultra_restricted: boolean
  is_admin: boolean
  /** Of another company, here by Slack Connect. `team_id` then is the other company's. */
  is_external: boolean
  team_id: string
  deleted: boolean
  presence: 'active' | 'away'
  /** Not to be disturbed now: messages come without a sound. UTC milliseconds of its end, or null. */
  dnd_until: number | null
  status_text: string
  status_emoji: string
}

/** A channel as one person sees it. */
export interface Channel {
  id: string
  /** Without `#`; for a DM the other person's handle; for a group DM the handles of the others, `, ` between. */
  name: string
  kind: 'public' | 'private' | 'im' | 'mpim'
  /** DMs only: the id of the other side (the bot, for a person's DM with the bot). */
  with: string | null
  /** Whether the person who asks is in it. A public channel they are not in is listed, readable, and cannot be written to. */
  is_member: boolean
  is_archived: boolean
  /** Nobody can leave or archive it. */
  is_general: boolean
  /** Shared with another company. */
  is_ext_shared: boolean
  topic: string
  purpose: string
  creator: string
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
  /** The channel's canvas; read it with `/_control/canvas`, again when `updated_at` changes. */
  canvas: CanvasHead | null
  /** UTC milliseconds. */
  created_at: number
}

export interface Bookmark {
  id: string
  title: string
  link: string
  emoji: string
}

export interface CanvasHead {
  id: string
  title: string
  updated_at: number
}

export interface Canvas extends CanvasHead {
  /** The channel whose canvas it is, or null for one that stands alone. */
  channel: string | null
  /** All of it. */
  markdown: string
  /** Its headings, paragraphs, lists, in order; what the app addresses them by. */
  sections: { id: string; type: 'h1' | 'h2' | 'h3' | 'other'; markdown: string }[]
}

/** A file, without its bytes: those are at `/_control/file?as=U…&id=F…`. */
export interface FileHead {
  id: string
  name: string
  title: string
  mimetype: string
  /** Slack's short name of the type: `text`, `markdown`, `png`, `binary`. */
  filetype: string
  /** Bytes. */
  size: number
  user: string
  created_at: number
  /** The beginning of a text file, else null. */
  preview: string | null
}

/** What an app hangs below a message, or what a link became. Older than blocks, and loosely made. */
export interface Attachment {
  id?: number
  /** The link that this unfolds. */
  from_url?: string
  color?: string
  fallback?: string
  pretext?: string
  author_name?: string
  title?: string
  title_link?: string
  text?: string
  fields?: { title?: string; value?: string; short?: boolean }[]
  image_url?: string
  footer?: string
  blocks?: KnownBlock[]
  [more: string]: unknown
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
  /** Below text and blocks. */
  attachments: Attachment[]
  files: FileHead[]
  /** Null outside threads; a thread's first message has its own `ts` here. */
  thread_ts: string | null
  reply_count: number
  /** Posted to the channel as well as to its thread. */
  broadcast: boolean
  /** Set once it was edited; show "(edited)". */
  edited: { user: string; ts: string } | null
  /** "Only visible to you". Ephemeral messages live in memory of the workspace and are listed for their person alone. */
  ephemeral: boolean
  /** The app is still writing it (chat.startStream). */
  streaming: boolean
  /**
   * What the devices of the person who asks did when it came: `sounded` (a DM, or a mention), `silent` (it would have sounded, but they are
   * not to be disturbed), null when it is no message that sounds.
   */
  notified: 'sounded' | 'silent' | null
  reactions: { name: string; users: string[] }[]
  metadata: { event_type: string; event_payload: Record<string, unknown> } | null
  /** `channel_join`, `channel_topic`, `channel_archive`, `me_message`, … for what Slack itself writes into a channel; show it small. Else null. */
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
  /** What its inputs hold now, as Slack's `view.state.values`: by block id and action id. An empty input holds null, or an empty list. */
  values: Record<string, Record<string, Record<string, unknown>>>
  /** Modals: how deep it lies, 1 to 3. Closing one of depth 2 or 3 shows the one below. */
  depth: number
  /** Closing it takes all modals away. */
  clear_on_close: boolean
}

/** A user group: `@oncall`. */
export interface Usergroup {
  id: string
  handle: string
  name: string
  description: string
  users: string[]
  disabled: boolean
}

/** A shortcut that the app registered. */
export interface Shortcut {
  /** `global` is in the menu of the composer, `message` in the menu of each message. */
  type: 'global' | 'message'
  callback_id: string
  name: string
  description: string
}

/** A step that the app offers to workflows. */
export interface StepKind {
  callback_id: string
  title: string
  description: string
  inputs: { name: string; title: string; type: string; required: boolean }[]
  outputs: { name: string; title: string; type: string }[]
}

/** A step that was started. */
export interface StepRun {
  /** `Fx…`: the function_execution_id. */
  id: string
  callback_id: string
  user: string
  inputs: Record<string, unknown>
  state: 'running' | 'succeeded' | 'failed'
  outputs: Record<string, unknown>
  error: string | null
  at: number
}

/** A message that the app has scheduled. Nobody but the app sees it before its time. */
export interface Scheduled {
  id: string
  channel: string
  text: string
  /** UTC milliseconds. */
  post_at: number
  /** It has metadata, and Slack never posts such a message. */
  never: boolean
}

/** What the workspace's administrator and its plan allow. */
export interface Settings {
  plan: 'free' | 'paid'
  /** Everybody, apps included, may manage user groups; else the app's calls get `permission_denied`. */
  everyone_manages_groups: boolean
  /** Everybody, apps included, may make public channels; else `restricted_action`. */
  everyone_creates_channels: boolean
  /** Canvases are switched on. */
  canvases: boolean
  /** Every Web API method has its rate limit. */
  rate_limits: boolean
  /** What the bot token may do. */
  scopes: string[]
  /** Events that the app subscribed to, as in its manifest: `message.channels`, `app_mention`, … */
  events: string[]
  /** Set to make the bot token useless. */
  token: 'good' | 'account_inactive' | 'token_revoked'
}

/** All that one person sees. */
export interface State {
  team: { id: string; name: string; domain: string }
  me: Person
  /** The bot, also among `users`. */
  bot: Person
  users: Person[]
  usergroups: Usergroup[]
  /** Every public channel, and the private ones and DMs this person is in; channels by name, then DMs. A guest sees only what they are in. */
  channels: Channel[]
  /** By channel id, oldest first, ephemeral messages of this person in their places, at most the newest 500 of each channel. Thread replies are among them. */
  messages: Record<string, Message[]>
  /** The registered slash commands, e.g. `/oncall`. */
  commands: string[]
  shortcuts: Shortcut[]
  steps: StepKind[]
  /** The newest 100 runs, oldest first. */
  step_runs: StepRun[]
  /** What the app has scheduled, soonest first. */
  scheduled: Scheduled[]
  /** Emoji of this workspace alone: name to address of an image. */
  emoji: Record<string, string>
  settings: Settings
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
  | { type: 'usergroup'; usergroup: Usergroup }
  | { type: 'step_run'; step_run: StepRun }
  | { type: 'scheduled'; scheduled: Scheduled[] }
  | { type: 'settings'; settings: Settings }
  | { type: 'home'; view: View | null }
  | { type: 'modal'; view: View | null }
  | { type: 'connections'; count: number }
  /** The clock was advanced. */
  | { type: 'clock'; now: number }

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

/** `text` is the whole line, the slash included: `/oncall help`. `@ada` and `#ops` in it become Slack's escapes. Commands do not work in threads. */
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

/** The person's own message says something else from now on. */
export interface EditRequest {
  user: string
  channel: string
  ts: string
  text: string
}

export interface MessageAt {
  user: string
  channel: string
  ts: string
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

/** From the composer's menu. */
export interface ShortcutRequest {
  user: string
  callback_id: string
}

/** From a message's menu, also in threads. */
export interface MessageActionRequest extends MessageAt {
  callback_id: string
}

/**
 * What came of a command, a click or a shortcut, once the bot acknowledged it or Slack gave up waiting (3 s).
 * `failed` is Slack's own error: `dispatch_failed` (the bot is not there), `operation_timeout`, over HTTP `http_client_error` (4xx) and
 * `http_service_error` (5xx), or the fault in its answer.
 */
export interface Reaction {
  ok: true
  /** Messages that appeared for this person in that channel because of it, up to the acknowledgement. Later ones come as events. */
  saw: Message[]
  failed: string | null
  /** The sentence that goes with `failed`, else null. */
  warning: string | null
  /**
   * Where the person reads `warning`: `message` (a command: it is an ephemeral message, also in `saw`), `element` (the warning sign beside the
   * button), `modal` (the red line in the modal), `toast` (a shortcut: a passing notice). Null when nothing failed.
   */
  shown: 'message' | 'element' | 'modal' | 'toast' | null
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
  /** At most 100. Grouped ones name their group. */
  options: { text: string; value: string; group?: string }[]
  /** Slack's own error when the app did not answer in time or as it must; the menu then says "Failed to load options". */
  failed: string | null
}

export interface AsRequest {
  user: string
}

/** `all`: the cross at the top of a stack of modals, in place of the one button that says Cancel or Back. */
export interface DismissRequest {
  user: string
  all?: boolean
}

/** Without a tab `home`. */
export interface HomeRequest {
  user: string
  tab?: 'home' | 'messages'
}

/** With others, by id or name: the group DM of these people and the bot. */
export interface OpenRequest {
  user: string
  with?: string[]
}

export interface OpenReply {
  ok: true
  channel: string
}

export interface ChannelRequest {
  user: string
  channel: string
}

/** `member` is who is brought in or removed. */
export interface MemberRequest extends ChannelRequest {
  member: string
}

export interface CreateChannelRequest {
  user: string
  name: string
  private?: boolean
}

export interface DescribeRequest extends ChannelRequest {
  text: string
}

/** Adds the reaction, or takes it away when this person had set it. */
export interface ReactRequest extends MessageAt {
  name: string
}

/** `content` is text, or bytes as base64 when `encoding` says so. */
export interface UploadRequest extends ChannelRequest {
  name: string
  content: string
  encoding?: 'utf8' | 'base64'
  title?: string
  /** What the person writes with it. */
  text?: string
  thread_ts?: string
}

export interface UploadReply {
  ok: true
  file: FileHead
  message: Message
}

/** The person is not to be disturbed for so many minutes from now; 0 ends it. */
export interface DndRequest {
  user: string
  minutes: number
}

export interface PresenceRequest {
  user: string
  presence: 'active' | 'away'
}

/** An administrator changes `@oncall` behind the app's back. `usergroup` is an id or a handle. */
export interface UsergroupRequest {
  user: string
  usergroup: string
  users?: string[]
  disabled?: boolean
  name?: string
}

/** Workflow Builder reaches a step of the app. */
export interface StepRequest {
  user: string
  callback_id: string
  inputs: Record<string, unknown>
}

/** Once the app acknowledged the event, or the first try failed; what the step comes to is in {@link State.step_runs}. */
export interface StepReply {
  ok: true
  step_run: StepRun
}

/** What can be said of a person; `team` names another company for somebody of Slack Connect. */
export interface AddUserRequest {
  name: string
  real_name?: string
  email?: string
  tz?: string
  is_restricted?: boolean
  is_ultra_restricted?: boolean
  is_admin?: boolean
  team?: string
}

export interface ChangeUserRequest {
  user: string
  name?: string
  real_name?: string
  email?: string
  tz?: string
  deleted?: boolean
  is_restricted?: boolean
  is_ultra_restricted?: boolean
  is_admin?: boolean
  status_text?: string
  status_emoji?: string
}

export interface UserReply {
  ok: true
  user: Person
}

export interface SettingsReply {
  ok: true
  settings: Settings
}

export interface AdvanceRequest {
  /** Milliseconds that pass at once: what was scheduled in them is posted, addresses and quiet times end. */
  ms: number
}

export interface ClockReply {
  ok: true
  now: number
}

export interface CanvasReply {
  ok: true
  canvas: Canvas
}

export interface FaultReply {
  ok: true
  id: number
}

/** The faults that are set; `left` is how often each may still strike, null for ever. */
export interface FaultsReply {
  ok: true
  faults: { id: number; fault: Exclude<FaultInput, { kind: 'disconnect' }>; left: number | null }[]
}

/** Kinds without an address go by Socket Mode. */
export interface DeliverToRequest {
  signing_secret?: string
  commands?: string
  interactions?: string
  events?: string
}

/** What the app would never get of Slack, to see what it does with it: other teams, altered values, nonsense. It is signed, or sent on a socket. */
export interface DeliverRequest {
  kind: 'slash_commands' | 'interactive' | 'events_api'
  payload: Record<string, unknown>
  retry_num?: number
  retry_reason?: string
}

export interface DeliverReply {
  ok: true
  delivery: Delivery
}

/** One Web API call as it was, one use of a `response_url` (method `response_url`), an upload (`upload`) or a download (`download`). Tokens are left out of `args`. */
export interface Call {
  /** Counted from 1, together with {@link Delivery}. */
  n: number
  method: string
  args: Record<string, unknown>
  /** `ok`, Slack's error code, or the fault that was injected (`http_503`, `hang`, `lost_reply`, `ratelimited`). */
  outcome: string
  /** For whoever reads along: which argument was wrong, which scope is missing, that the method is not built here. Else null. */
  note: string | null
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

/** One try to send something to the app. */
export interface Delivery {
  /** Counted from 1, together with {@link Call}. */
  n: number
  kind: 'slash_commands' | 'interactive' | 'events_api'
  /** In a few words: `/oncall`, `block_actions incident_ack`, `message.channels`. */
  what: string
  /** Socket Mode's envelope id, or null for HTTP. */
  envelope_id: string | null
  via: 'socket' | 'http' | null
  /** As it was sent, the verification token left out. */
  payload: Record<string, unknown>
  /** 0 for the first try of an event. */
  retry_num: number
  retry_reason: string
  /** UTC milliseconds of the workspace's clock, and of the machine. */
  at: number
  sent_at: number
  /** How long the app took to acknowledge, milliseconds; null when it did not, or not in time. */
  ack_ms: number | null
  /** What came with the acknowledgement. */
  ack: Record<string, unknown> | null
  /**
   * `waiting`, `ok`, `dispatch_failed` (nobody is there), `operation_timeout`, over HTTP `http_client_error` (4xx) and `http_service_error`
   * (5xx), or `too_late` when an acknowledgement came after Slack gave up.
   */
  outcome:
    | 'waiting'
    | 'ok'
    | 'dispatch_failed'
    | 'operation_timeout'
    | 'http_client_error'
    | 'http_service_error'
    | 'too_late'
  /** What was done to it on purpose, blanks between: `late`, `lost`, `twice`, `ack_lost`, `ack_late`. Else null. */
  fault: string | null
}

export interface JournalReply {
  ok: true
  calls: Call[]
  deliveries: Delivery[]
}

/** One line of `/_control/traffic`, when it begins and again when it ends; an entry with the same `n` replaces the one before. */
export type Traffic = { type: 'call'; call: Call } | { type: 'delivery'; delivery: Delivery }
