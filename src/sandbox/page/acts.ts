/// <reference lib="dom" />
import { isRefusal, post, readState, wrongWith } from './api.ts'
import { personCard } from './card.ts'
import { asked, toast } from './dialog.ts'
import { float } from './float.ts'
import { judged } from './judge.ts'
import { type Acts, elementKey, placeKey, type Scene } from './scene.ts'
import type { Scroller } from './scroller.ts'
import { uploaded } from './upload.ts'

/** What the acts work with, beside the control interface. */
export interface Hands {
  scene(): Scene
  /** Draws now, or soon with everything else that changes. */
  draw(): void
  schedule(): void
  open(channel: string | null): void
  become(person: string): void
  jump(ts: string): void
  scroller: Scroller
  showTraffic(ts: string): void
}

/** All that a person can do on the page, as requests to the control interface. */
export function createActs(hands: Hands): Acts {
  const { scene, draw, schedule, open } = hands
  const me = () => scene().state.me.id
  const warn = (key: string, sentence: string | null, element: string | null) => {
    if (sentence === null) scene().ui.warnings.delete(key)
    else scene().ui.warnings.set(key, { sentence, element })
    schedule()
  }
  /** For what has no place of its own to complain at. */
  const tell = async (reply: Promise<object>) => {
    const came = await reply
    if (isRefusal(came)) toast(came.message)
  }
  return {
    go: (channel, ts) => {
      const { ui } = scene()
      if (ui.channel !== channel) history.pushState(null, '', location.href)
      ui.tab = 'messages'
      open(channel)
      if (ts !== undefined) hands.jump(ts)
    },
    openDm: (others) => {
      void post('open-dm', { user: me(), ...(others.length > 0 ? { with: [...others] } : {}) }).then(async (reply) => {
        if (isRefusal(reply)) return toast(reply.message)
        const state = await readState(me())
        if (!isRefusal(state)) scene().state = state
        open(reply.channel)
      })
    },
    showTab: (tab) => {
      scene().ui.tab = tab
      if (tab === 'home') void tell(post('open-home', { user: me(), tab: 'home' }))
      draw()
    },
    become: hands.become,
    toggleThread: (channel, ts) => {
      const key = `${channel}/${ts}`
      if (!scene().ui.threads.delete(key)) scene().ui.threads.add(key)
      draw()
    },

    interact: async (place, action) => {
      const { block_id, ...rest } = action
      warn(placeKey(place), null, null)
      const block = block_id === null ? {} : { block_id }
      const reply = await post('interact', { user: me(), ...place, ...rest, ...block })
      const wrong = wrongWith(reply)
      const shown = isRefusal(reply) || reply.shown === 'element' ? elementKey(action) : null
      if (wrong !== null) warn(placeKey(place), wrong, shown)
      return wrong === null
    },
    suggest: async (place, action) => {
      const { block_id, ...rest } = action
      const block = block_id === null ? {} : { block_id }
      const reply = await post('suggest', { user: me(), ...place, ...rest, ...block })
      if (isRefusal(reply)) return { options: [], failed: true }
      return { options: reply.options, failed: reply.failed !== null }
    },
    runShortcut: (callback_id) => {
      void post('shortcut', { user: me(), callback_id }).then((reply) => toastWrong(wrongWith(reply)))
    },
    runMessageShortcut: ({ channel, ts }, callback_id) => {
      const reply = post('message-action', { user: me(), channel, ts, callback_id })
      void reply.then((came) => toastWrong(wrongWith(came)))
    },
    runStep: async (callback_id, inputs) => {
      const reply = await post('run-step', { user: me(), callback_id, inputs })
      return isRefusal(reply) ? reply.message : null
    },
    dismissModal: (all) => void post('dismiss', { user: me(), all }),
    submitModal: async (view, values) => {
      const { errors } = scene().ui
      errors.delete(view.id)
      warn(view.id, null, null)
      const found = judged(view.blocks, values)
      if (found.size > 0) return void errors.set(view.id, found)
      const reply = await post('submit', { user: me(), view_id: view.id, values })
      const wrong = isRefusal(reply) ? [] : Object.entries(reply.errors)
      if (wrong.length > 0) errors.set(view.id, new Map(wrong))
      warn(view.id, wrongWith(reply), null)
    },

    say: async (channel, text, thread) => {
      hands.scroller.stick()
      scene().ui.newAfter.delete(channel)
      if (text.startsWith('/') && thread !== null) return 'Slash commands cannot be used inside threads.'
      const reply = text.startsWith('/')
        ? await post('command', { user: me(), channel, text })
        : await post('message', { user: me(), channel, text, ...(thread === null ? {} : { thread_ts: thread }) })
      return isRefusal(reply) ? reply.message : null
    },
    startEdit: (message) => {
      scene().ui.editing = message && `${message.channel}/${message.ts}`
      draw()
    },
    edit: async ({ channel, ts }, text) => {
      const reply = await post('edit', { user: me(), channel, ts, text })
      return isRefusal(reply) ? reply.message : null
    },
    remove: ({ channel, ts }) => {
      const text = ['This cannot be undone.']
      const question = { title: ['Delete this message?'], text, yes: 'Delete', no: 'Cancel', danger: true }
      void asked(question).then((yes) => (yes ? tell(post('delete', { user: me(), channel, ts })) : undefined))
    },
    react: (channel, ts, name) => void tell(post('react', { user: me(), channel, ts, name })),
    pin: ({ channel, ts }) => void tell(post('pin', { user: me(), channel, ts })),
    upload: (file, channel, text) => uploaded(me(), file, channel, text),

    join: (channel) => void tell(post('join', { user: me(), channel })),
    leave: (channel) => void tell(post('leave', { user: me(), channel })),
    setPresence: (presence) => void tell(post('presence', { user: me(), presence })),
    pauseNotifications: (minutes) => void tell(post('dnd', { user: me(), minutes })),

    showTraffic: ({ ts }) => hands.showTraffic(ts),
    showCard: (anchor, who) => float(anchor, () => personCard(scene(), who), 'start'),
  }
}

function toastWrong(sentence: string | null): void {
  if (sentence !== null) toast(sentence)
}
