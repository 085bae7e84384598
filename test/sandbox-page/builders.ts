import type { Call, Channel, Delivery, FileHead, Message, Person, State, Traffic } from '../../src/sandbox/wire.ts'

/** What the workspace tells of, with everything filled in that a test does not care about. */

const person = (id: string, name: string, real_name: string, more: Partial<Person> = {}): Person => ({
  id,
  name,
  real_name,
  tz: 'UTC',
  is_bot: false,
  is_restricted: false,
  is_ultra_restricted: false,
  is_admin: false,
  is_external: false,
  team_id: 'T',
  deleted: false,
  presence: 'active',
  dnd_until: null,
  status_text: '',
  status_emoji: '',
  ...more,
})

export const channel = (id: string, name: string, more: Partial<Channel> = {}): Channel => ({
  id,
  name,
  kind: 'public',
  with: null,
  is_member: true,
  is_archived: false,
  is_general: false,
  is_ext_shared: false,
  topic: '',
  purpose: '',
  creator: 'U0DANA',
  members: [],
  unread: 0,
  last_read: null,
  last_message: null,
  pins: [],
  bookmarks: [],
  canvas: null,
  created_at: 0,
  ...more,
})

export const message = (ts: string, text: string, more: Partial<Message> = {}): Message => ({
  ts,
  channel: 'C0OPS',
  user: 'U0DANA',
  bot: false,
  text,
  blocks: [],
  attachments: [],
  files: [],
  thread_ts: null,
  reply_count: 0,
  broadcast: false,
  edited: null,
  ephemeral: false,
  streaming: false,
  notified: null,
  reactions: [],
  metadata: null,
  subtype: null,
  ...more,
})

export const file = (id: string, name: string): FileHead => ({
  id,
  name,
  title: name,
  mimetype: 'text/plain',
  filetype: 'text',
  size: 1,
  user: 'U0DANA',
  created_at: 0,
  preview: null,
})

export const dana = person('U0DANA', 'dana', 'Dana Keller')
export const erik = person('U0ERIK', 'erik', 'Erik Holm')
export const bot = person('U0BOT', 'watchbill', 'Watchbill', { is_bot: true })

export const state = (more: Partial<State> = {}): State => ({
  team: { id: 'T', name: 'Example Mail', domain: 'example' },
  me: dana,
  bot,
  users: [dana, erik, bot],
  usergroups: [],
  channels: [
    channel('C0GEN', 'general'),
    channel('C0OPS', 'ops'),
    channel('C0INC', 'inc-20180315-7-webmail'),
    channel('C0OLD', 'ops-old', { is_archived: true }),
  ],
  messages: { C0OPS: [message('2.0', 'two'), message('4.0', 'four')] },
  commands: ['/oncall', '/page', '/incident'],
  shortcuts: [],
  steps: [],
  step_runs: [],
  scheduled: [],
  emoji: {},
  settings: {
    plan: 'paid',
    everyone_manages_groups: true,
    everyone_creates_channels: true,
    canvases: true,
    rate_limits: false,
    scopes: [],
    events: [],
    token: 'good',
  },
  home: null,
  modal: null,
  connections: 1,
  now: 0,
  seq: 1,
  ...more,
})

export const call = (n: number, more: Partial<Call> = {}): Traffic => ({
  type: 'call',
  call: {
    n,
    method: 'chat.postMessage',
    args: { channel: 'C0OPS', text: 'INC-7' },
    outcome: 'ok',
    note: null,
    done: true,
    ts: null,
    at: 0,
    arrived_at: 100,
    answered_at: 112,
    ...more,
  },
})

export const delivery = (n: number, more: Partial<Delivery> = {}): Traffic => ({
  type: 'delivery',
  delivery: {
    n,
    kind: 'slash_commands',
    what: '/oncall',
    envelope_id: 'e',
    via: 'socket',
    payload: { command: '/oncall', text: 'mail', user_id: 'U0ERIK', channel_id: 'C0OPS' },
    retry_num: 0,
    retry_reason: '',
    at: 0,
    sent_at: 100,
    ack_ms: 8,
    ack: {},
    outcome: 'ok',
    fault: null,
    ...more,
  },
})
