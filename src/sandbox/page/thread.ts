/// <reference lib="dom" />
import type { Message } from '../wire.ts'
import { avatar } from './avatar.ts'
import { ago, instantOf } from './dates.ts'
import { h, on, type Row } from './dom.ts'
import type { Scene } from './scene.ts'
import { isReply, latestNow, repliesOf } from './state.ts'

/** The rows below a message that has replies, or is being replied to. `draw` makes the row of one reply after the one before it. */
export function threadRows(
  scene: Scene,
  message: Message,
  draw: (reply: Message, before: Message | null) => Row,
): Row[] {
  const { state, ui } = scene
  const replies = isReply(message) ? [] : repliesOf(state, message.channel, message.ts)
  const open = ui.threads.has(`${message.channel}/${message.ts}`)
  const rows: Row[] = []
  if (replies.length > 0) rows.push(toggle(scene, message, replies, open))
  if (!open) return rows
  replies.forEach((reply, index) => {
    const row = draw(reply.broadcast ? { ...reply, broadcast: false } : reply, replies[index - 1] ?? null)
    rows.push({ ...row, key: `in-thread ${row.key}` })
  })
  return [...rows, replyBox(scene, message)]
}

function toggle(scene: Scene, message: Message, replies: readonly Message[], open: boolean): Row {
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
