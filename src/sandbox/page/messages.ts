/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Channel, Message } from '../wire.ts'
import { avatar } from './avatar.ts'
import { drawKit } from './blocks.ts'
import { ago, clockTime, dayKey, dayLabel, fullTime, instantOf } from './dates.ts'
import { type Child, h, ICONS, icon, on, popover, type Row } from './dom.ts'
import { emojiOf } from './emoji.ts'
import { drawText } from './rich.ts'
import type { Scene } from './scene.ts'
import { isReply, latestNow, mainMessages, nameOf, personOf, repliesOf } from './state.ts'

/** Messages of one author within this time stand under one name. */
const GROUP_MS = 5 * 60_000

/** The rows of one channel: days, messages, threads; each with a signature of all that it shows. */
export function messageRows(scene: Scene, channel: Channel): Row[] {
  const { state, ui } = scene
  const zone = state.me.tz
  const today = dayKey(latestNow(state), zone)
  const names = namesOf(scene)
  const newAfter = ui.newAfter.get(channel.id) ?? null
  const rows: Row[] = [introRow(scene, channel)]
  let last: Message | null = null
  let marked = false
  for (const message of mainMessages(state, channel.id)) {
    const at = instantOf(message.ts)
    const day = dayKey(at, zone)
    const newDay = last === null || dayKey(instantOf(last.ts), zone) !== day
    const isNew: boolean =
      !marked && newAfter !== null && Number(message.ts) > Number(newAfter) && message.user !== state.me.id
    if (newDay) rows.push(dayRow(dayLabel(at, latestNow(state), zone), day, isNew))
    else if (isNew) rows.push(newRow())
    marked = marked || isNew
    const follows = !newDay && !isNew && last !== null && belongsTogether(last, message)
    rows.push(
      messageRow(scene, message, follows, `${names}${today}`),
      ...threadRows(scene, message, `${names}${today}`),
    )
    // An unfolded thread stands between this message and the next, which therefore has a name of its own.
    last = ui.threads.has(`${channel.id}/${message.ts}`) ? { ...message, user: '' } : message
  }
  return rows
}

function belongsTogether(before: Message, after: Message): boolean {
  const near = instantOf(after.ts) - instantOf(before.ts) < GROUP_MS
  return (
    near &&
    before.user === after.user &&
    before.ephemeral === after.ephemeral &&
    before.subtype === null &&
    after.subtype === null
  )
}

/** Changes whenever a name that a message may mention does. */
function namesOf(scene: Scene): string {
  const { users, channels, me } = scene.state
  return JSON.stringify([
    me.id,
    me.tz,
    users.map((user) => [user.id, user.name, user.real_name]),
    channels.map((channel) => [channel.id, channel.name]),
  ])
}

function introRow(scene: Scene, channel: Channel): Row {
  const { state } = scene
  const isDm = channel.kind === 'im'
  const title = isDm ? nameOf(state, channel.with ?? '') : `#${channel.name}`
  const words = isDm
    ? `This is the start of your conversation with ${title}.`
    : channel.purpose || `This is the start of ${title}.`
  return {
    key: 'intro',
    signature: JSON.stringify([title, words]),
    make: () =>
      h(
        'div',
        { class: 'intro' },
        isDm
          ? avatar(state, channel.with ?? '', 'large')
          : h('span', { class: 'intro-mark' }, icon(channel.kind === 'private' ? ICONS.lock : ICONS.hash)),
        h('h3', {}, title),
        h('p', {}, words),
      ),
  }
}

function dayRow(label: string, day: string, isNew: boolean): Row {
  return {
    key: `day ${day}`,
    signature: `${label}${isNew}`,
    make: () =>
      h(
        'div',
        {
          class: isNew ? 'day is-new' : 'day',
          role: 'separator',
          'aria-label': isNew ? `${label}, new messages` : label,
        },
        h('span', {}, label),
      ),
  }
}

function newRow(): Row {
  return {
    key: 'new',
    signature: '',
    make: () => h('div', { class: 'new-line', role: 'separator', 'aria-label': 'New messages' }, h('span', {}, 'New')),
  }
}

const texts = new WeakMap<Message, string>()

function contentOf(message: Message): string {
  const known = texts.get(message) ?? JSON.stringify(message)
  texts.set(message, known)
  return known
}

function messageRow(scene: Scene, message: Message, follows: boolean, around: string): Row {
  const warning = scene.ui.warnings.get(`${message.channel}/${message.ts}`) ?? null
  return {
    key: message.ts,
    signature: `${follows}${warning}${contentOf(message)}${around}`,
    make: () => (message.subtype === null ? drawMessage(scene, message, follows, warning) : drawNotice(scene, message)),
  }
}

function drawMessage(scene: Scene, message: Message, follows: boolean, warning: string | null): HTMLElement {
  const { state } = scene
  const classes = [
    'message',
    follows ? 'follows' : '',
    message.ephemeral ? 'ephemeral' : '',
    isReply(message) && !message.broadcast ? 'reply' : '',
  ]
  return h(
    'article',
    {
      class: classes.filter(Boolean).join(' '),
      'data-ts': message.ts,
      'aria-label': `${nameOf(state, message.user)}, ${clockTime(instantOf(message.ts), state.me.tz)}`,
    },
    message.ephemeral ? h('p', { class: 'only-you' }, icon(ICONS.eye), 'Only visible to you') : null,
    isReply(message) && message.broadcast
      ? h('p', { class: 'only-you' }, icon(ICONS.reply), 'Replied in a thread')
      : null,
    h('div', { class: 'gutter' }, follows ? stamp(scene, message) : avatar(state, message.user, 'large')),
    h(
      'div',
      { class: 'message-body' },
      follows ? null : byline(scene, message),
      content(scene, message),
      reactions(scene, message),
      warning === null ? null : h('p', { class: 'warning', role: 'alert' }, icon(ICONS.warning), warning),
    ),
    toolbar(scene, message),
  )
}

function byline(scene: Scene, message: Message): HTMLElement {
  const person = personOf(scene.state, message.user)
  return h(
    'div',
    { class: 'byline' },
    h('span', { class: 'author' }, nameOf(scene.state, message.user)),
    message.bot ? h('span', { class: 'tag' }, 'APP') : null,
    person?.is_restricted ? h('span', { class: 'tag' }, 'Guest') : null,
    stamp(scene, message),
    message.blocks.length > 0 ? editedMark(scene, message) : null,
  )
}

function editedMark(scene: Scene, message: Message): HTMLElement | null {
  if (!message.edited) return null
  return h('span', { class: 'edited', title: fullTime(instantOf(message.edited.ts), scene.state.me.tz) }, '(edited)')
}

function stamp(scene: Scene, message: Message): HTMLElement {
  const at = instantOf(message.ts)
  const zone = scene.state.me.tz
  return h(
    'time',
    { class: 'stamp', datetime: new Date(at).toISOString(), title: fullTime(at, zone) },
    clockTime(at, zone),
  )
}

/** Under a message of blocks the mark would stand alone, so it stands beside the time there. */
function content(scene: Scene, message: Message): HTMLElement {
  if (message.blocks.length > 0) return drawKit(scene, { channel: message.channel, ts: message.ts }, message.blocks)
  return withEdited(h('div', { class: 'text' }, drawText(scene, message.text)), editedMark(scene, message))
}

/** The mark stands at the end of the last line. */
function withEdited(text: HTMLElement, edited: HTMLElement | null): HTMLElement {
  if (!edited) return text
  const last = text.lastElementChild
  if (last?.tagName === 'P') last.append(' ', edited)
  else text.append(edited)
  return text
}

function reactions(scene: Scene, message: Message): HTMLElement | null {
  if (message.reactions.length === 0) return null
  const chips = message.reactions.map((reaction) => {
    const mine = reaction.users.includes(scene.state.me.id)
    const who = reaction.users.map((user) => nameOf(scene.state, user)).join(', ')
    const chip = h(
      'button',
      {
        type: 'button',
        class: mine ? 'chip mine' : 'chip',
        'aria-pressed': mine ? 'true' : 'false',
        title: `${who} reacted with :${reaction.name}:`,
        'data-focus': `react/${reaction.name}`,
      },
      emojiOf(reaction.name) ?? `:${reaction.name}:`,
      h('span', { class: 'count' }, String(reaction.users.length)),
    )
    return on(chip, 'click', () => scene.acts.react(message.channel, message.ts, reaction.name))
  })
  return h('div', { class: 'reactions' }, ...chips)
}

const QUICK = ['white_check_mark', 'eyes', '+1']

function toolbar(scene: Scene, message: Message): HTMLElement | null {
  if (message.ephemeral) return null
  const { acts } = scene
  const quick = QUICK.map((name) =>
    on(
      h(
        'button',
        {
          type: 'button',
          title: `React with :${name}:`,
          'aria-label': `React with ${name.replaceAll('_', ' ')}`,
          'data-focus': `quick/${name}`,
        },
        emojiOf(name) ?? name,
      ),
      'click',
      () => acts.react(message.channel, message.ts, name),
    ),
  )
  const root = message.thread_ts ?? message.ts
  const reply = on(
    h(
      'button',
      { type: 'button', title: 'Reply in thread', 'aria-label': 'Reply in thread', 'data-focus': 'reply' },
      icon(ICONS.reply),
    ),
    'click',
    () => {
      if (!scene.ui.threads.has(`${message.channel}/${root}`)) acts.toggleThread(message.channel, root)
      document.querySelector<HTMLElement>(`[data-thread="${CSS.escape(root)}"]`)?.focus()
    },
  )
  return h(
    'div',
    { class: 'toolbar', role: 'toolbar', 'aria-label': 'Message actions' },
    ...quick,
    isReply(message) ? null : reply,
  )
}

/** What Slack itself writes into a channel: somebody joined, the topic was set. */
function drawNotice(scene: Scene, message: Message): HTMLElement {
  const name = nameOf(scene.state, message.user)
  const named = message.text.startsWith('<@') || message.user === 'USLACKBOT'
  return h(
    'article',
    { class: 'notice', 'data-ts': message.ts },
    h('div', { class: 'gutter' }, avatar(scene.state, message.user, 'small')),
    h(
      'div',
      { class: 'notice-body text' },
      named ? null : h('strong', {}, name),
      drawText(scene, message.text),
      stamp(scene, message),
    ),
  )
}

function threadRows(scene: Scene, message: Message, around: string): Row[] {
  const { state, ui } = scene
  const replies = isReply(message) ? [] : repliesOf(state, message.channel, message.ts)
  const key = `${message.channel}/${message.ts}`
  const open = ui.threads.has(key)
  const rows: Row[] = []
  if (replies.length > 0) rows.push(threadToggle(scene, message, replies, open))
  if (!open) return rows
  replies.forEach((reply, index) => {
    const before = replies[index - 1]
    const row = messageRow(
      scene,
      reply.broadcast ? { ...reply, broadcast: false } : reply,
      before !== undefined && belongsTogether(before, reply),
      around,
    )
    rows.push({ ...row, key: `in-thread ${row.key}` })
  })
  return [...rows, replyBox(scene, message)]
}

function threadToggle(scene: Scene, message: Message, replies: readonly Message[], open: boolean): Row {
  const { state } = scene
  const last = replies.at(-1)
  const authors = [...new Set(replies.map((reply) => reply.user))].slice(0, 4)
  const when = last ? ago(instantOf(last.ts), latestNow(state)) : ''
  return {
    key: `thread ${message.ts}`,
    signature: JSON.stringify([open, replies.length, authors, when]),
    make: () =>
      on(
        h(
          'button',
          {
            type: 'button',
            class: open ? 'thread-toggle open' : 'thread-toggle',
            'aria-expanded': open ? 'true' : 'false',
            'data-focus': 'thread',
          },
          h('span', { class: 'faces' }, ...authors.map((author) => avatar(state, author, 'small'))),
          h('strong', {}, replies.length === 1 ? '1 reply' : `${replies.length} replies`),
          h('span', { class: 'when' }, open ? 'Hide thread' : `Last reply ${when}`),
        ),
        'click',
        () => scene.acts.toggleThread(message.channel, message.ts),
      ),
  }
}

function replyBox(scene: Scene, message: Message): Row {
  return {
    key: `box ${message.ts}`,
    signature: message.channel,
    make: () => {
      const field = h('input', {
        class: 'field',
        'data-thread': message.ts,
        placeholder: 'Reply…',
        'aria-label': 'Reply in thread',
        autocomplete: 'off',
      })
      const problem = h('p', { class: 'warning', role: 'alert', hidden: true })
      on(field, 'keydown', (event) => {
        const text = field.value.trim()
        if (event.key === 'Escape') scene.acts.toggleThread(message.channel, message.ts)
        if (event.key !== 'Enter' || event.isComposing || text === '') return
        field.value = ''
        void scene.acts.say(message.channel, text, message.ts).then((wrong) => {
          problem.textContent = wrong
          problem.hidden = wrong === null
          if (wrong !== null && field.value === '') field.value = text
        })
      })
      return h('div', { class: 'reply-box' }, field, problem)
    },
  }
}

/** The channel's title line: name, topic, members, pins, bookmarks. */
export function drawHeader(scene: Scene, channel: Channel): Child[] {
  const { state, acts, ui } = scene
  const isDm = channel.kind === 'im'
  const isBot = isDm && channel.with === state.bot.id
  const name = isDm ? nameOf(state, channel.with ?? '') : channel.name
  const mark = isDm
    ? avatar(state, channel.with ?? '', 'small')
    : icon(channel.kind === 'private' ? ICONS.lock : ICONS.hash)
  const topic =
    channel.topic === '' ? null : h('p', { class: 'topic', title: channel.topic }, drawText(scene, channel.topic))
  const tab = (label: string, home: boolean) =>
    on(
      h(
        'button',
        {
          type: 'button',
          class: 'tab',
          role: 'tab',
          'aria-selected': ui.home === home ? 'true' : 'false',
          'data-focus': `tab ${label}`,
        },
        label,
      ),
      'click',
      () => acts.showHome(home),
    )
  return [
    h(
      'div',
      { class: 'title-line' },
      h('h2', {}, mark, h('span', { class: 'title-name' }, name), isBot ? h('span', { class: 'tag' }, 'APP') : null),
      topic,
    ),
    isBot ? h('div', { class: 'tabs', role: 'tablist' }, tab('Messages', false), tab('Home', true)) : null,
    h('div', { class: 'header-tools' }, pinsButton(scene, channel), isDm ? null : membersButton(scene, channel)),
  ]
}

function pinsButton(scene: Scene, channel: Channel): HTMLElement | null {
  const { state, acts } = scene
  if (channel.pins.length === 0 && channel.bookmarks.length === 0) return null
  const button = h(
    'button',
    {
      type: 'button',
      class: 'tool',
      title: 'Pinned messages',
      'aria-label': `${channel.pins.length} pinned`,
      'data-focus': 'pins',
    },
    icon(ICONS.pin),
    String(channel.pins.length),
  )
  popover(button, () => {
    const pinned = channel.pins.flatMap((ts) =>
      (state.messages[channel.id] ?? []).filter((message) => message.ts === ts),
    )
    const items = pinned.map((message) =>
      h(
        'div',
        { class: 'pinned' },
        byline(scene, message),
        h('div', { class: 'pinned-content' }, content(scene, message)),
        on(h('button', { type: 'button', class: 'button small', 'data-close': true }, 'Jump to message'), 'click', () =>
          acts.go(channel.id, message.ts),
        ),
      ),
    )
    const links = channel.bookmarks.map((mark) =>
      h(
        'p',
        { class: 'bookmark' },
        emojiOf(mark.emoji.replaceAll(':', '')) ?? icon(ICONS.link),
        h(
          'a',
          {
            href: /^https?:/.test(mark.link) ? mark.link : null,
            target: '_blank',
            rel: 'noopener noreferrer',
            class: 'link',
          },
          mark.title,
        ),
      ),
    )
    return h(
      'div',
      { class: 'menu pins', role: 'dialog', 'aria-label': 'Pinned messages' },
      h('p', { class: 'menu-title' }, 'Pinned'),
      ...links,
      ...items,
      items.length + links.length === 0 ? h('p', { class: 'hint' }, 'Nothing is pinned.') : null,
    )
  })
  return h('div', { class: 'tool-wrap' }, button)
}

function membersButton(scene: Scene, channel: Channel): HTMLElement {
  const { state } = scene
  const button = h(
    'button',
    {
      type: 'button',
      class: 'tool',
      title: 'Members',
      'aria-label': `${channel.members.length} members`,
      'data-focus': 'members',
    },
    icon(ICONS.people),
    String(channel.members.length),
  )
  popover(button, () =>
    h(
      'div',
      { class: 'menu members', role: 'dialog', 'aria-label': 'Members' },
      h('p', { class: 'menu-title' }, 'Members'),
      ...channel.members.map((id) =>
        h(
          'p',
          { class: 'menu-item still' },
          avatar(state, id, 'small'),
          h('span', { class: 'menu-name' }, nameOf(state, id)),
          personOf(state, id)?.is_bot ? h('span', { class: 'tag' }, 'APP') : null,
        ),
      ),
    ),
  )
  return h('div', { class: 'tool-wrap' }, button)
}
