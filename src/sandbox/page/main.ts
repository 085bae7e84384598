/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Change, Channel, State } from '../wire.ts'
import { isRefusal, post, readState } from './api.ts'
import { createComposer } from './composer.ts'
import { h, ICONS, icon, on, patch } from './dom.ts'
import { showBusy } from './elements.ts'
import { drawHeader, messageRows } from './messages.ts'
import { type Acts, placeKey, type Scene } from './scene.ts'
import { createScroller } from './scroller.ts'
import { drawSidebar } from './sidebar.ts'
import { apply, firstChannel, freshUi, isAppDm, mainMessages, titleOf, unreadTotal } from './state.ts'
import { createModal, homeRow } from './views.ts'

/** The page: reads the state, follows its changes, draws. One scene lives as long as the page; its state is replaced, never edited. */
async function start(): Promise<void> {
  const address = new URL(location.href)
  const state = await readState(address.searchParams.get('as'))
  if (isRefusal(state)) return retry(state.message)
  const scene: Scene = { state, ui: freshUi(), acts: acts(() => scene) }
  listen(scene)
  follow(scene)
  byId('start').hidden = true
  byId('app').hidden = false
  const link = permalink(address)
  open(scene, firstChannel(state, link?.channel ?? address.searchParams.get('in')))
  if (link) scroller.jump(link.ts)
}

/** `/archives/C…/p1521129600000100`, the address that Slack gives a message. */
function permalink(address: URL): { channel: string; ts: string } | null {
  const found = /^\/archives\/(\w+)\/p(\d+)(\d{6})$/.exec(address.pathname)
  return found?.[1] && found[2] && found[3] ? { channel: found[1], ts: `${found[2]}.${found[3]}` } : null
}

function retry(sentence: string): void {
  byId('start').textContent = sentence
  setTimeout(() => void start(), 2000)
}

function byId(id: string): HTMLElement {
  const node = document.getElementById(id)
  if (!node) throw new Error(`index.html has no #${id}`)
  return node
}

const composer = createComposer()
const showModal = createModal()
const scroller = createScroller(byId('list'), byId('rows'), byId('pill'))
byId('foot').append(composer.node)
byId('menu').append(icon(ICONS.menu))

// ——— following the workspace ———

let stream: EventSource | null = null

/** Opens the stream of changes of the person who is played, in place of the one before. */
function follow(scene: Scene): void {
  stream?.close()
  const source = new EventSource(`/_control/events?as=${encodeURIComponent(scene.state.me.id)}`)
  stream = source
  let waiting: { n: number; change: Change }[] | null = null
  const reread = async () => {
    waiting = []
    const state = await readState(scene.state.me.id)
    const missed = waiting
    waiting = null
    if (source !== stream) return
    if (isRefusal(state)) return void setTimeout(() => void reread(), 1000)
    scene.state = state
    for (const { n, change } of missed) take(n, change)
    schedule(scene)
  }
  // Several changes may carry one number, so it is compared with that of the state that was read, never with the last change's.
  const take = (n: number, change: Change) => {
    if (change.type !== 'resync' && n <= scene.state.seq) return
    const next = apply(scene.state, change)
    if (next === null) return void reread()
    if (change.type === 'message_changed') settle(scene, `${change.channel}/${change.message.ts}`)
    if (change.type === 'modal' || change.type === 'home') scene.ui.busy.clear()
    if (change.type === 'message' && document.hidden) markNew(scene, change.channel)
    scene.state = next
    schedule(scene)
  }
  source.onmessage = (event) => {
    const change: Change = JSON.parse(String(event.data))
    const n = Number(event.lastEventId)
    if (waiting) waiting.push({ n, change })
    else take(n, change)
  }
  source.onopen = () => live(scene, true)
  source.onerror = () => live(scene, false)
}

function live(scene: Scene, is: boolean): void {
  scene.ui.live = is
  schedule(scene)
}

/** The message changed, so whatever a press of its buttons did is done. */
function settle(scene: Scene, place: string): void {
  scene.ui.warnings.delete(place)
  for (const key of scene.ui.busy) if (key.startsWith(`${place} `)) scene.ui.busy.delete(key)
}

/** Where the person stopped reading: the line "New" goes there. */
function markNew(scene: Scene, id: string): void {
  const channel = scene.state.channels.find((known) => known.id === id)
  if (channel && !scene.ui.newAfter.has(id)) scene.ui.newAfter.set(id, channel.last_read ?? '0')
}

// ——— drawing ———

let planned = false

/** Draws once for all changes of a moment. A timer and not an animation frame: a hidden tab must still count what is unread. */
function schedule(scene: Scene): void {
  if (planned) return
  planned = true
  setTimeout(() => {
    planned = false
    draw(scene)
  }, 10)
}

function openChannel(scene: Scene): Channel | null {
  return scene.state.channels.find((channel) => channel.id === scene.ui.channel) ?? null
}

function draw(scene: Scene): void {
  const channel = openChannel(scene)
  if (!channel || channel.is_archived) {
    const other = firstChannel(scene.state, null)
    if (other !== null && other !== channel?.id) {
      open(scene, other)
      return
    }
  }
  drawSidebar(scene, byId('sidebar'))
  drawBanner(scene)
  drawTitle(scene, channel)
  showModal(scene)
  byId('menu').classList.toggle('marked', unreadTotal(scene.state) > 0)
  if (!channel) return
  const home = scene.ui.home && isAppDm(scene.state, channel)
  patch(byId('header'), [
    {
      key: 'header',
      signature: JSON.stringify([channel, scene.state.me, scene.state.users, home]),
      make: () => h('div', { class: 'header-row' }, ...drawHeader(scene, channel)),
    },
  ])
  const rows = home ? [homeRow(scene)] : messageRows(scene, channel)
  const others = mainMessages(scene.state, channel.id).filter((message) => message.user !== scene.state.me.id)
  scroller.draw(
    `${channel.id}${home}`,
    others.map((message) => message.ts),
    () => patch(byId('rows'), rows),
  )
  showBusy(scene)
  composer.node.hidden = home
  composer.show(scene)
  markRead(scene, channel)
}

function drawBanner(scene: Scene): void {
  const bot = scene.state.bot.real_name || scene.state.bot.name
  const sentence = !scene.ui.live
    ? 'The workspace does not answer. Trying again…'
    : scene.state.connections === 0
      ? `${bot} is not connected: commands and buttons fail until it is.`
      : null
  const banner = {
    key: 'banner',
    signature: sentence ?? '',
    make: () => h('p', { class: 'banner' }, icon(ICONS.warning), sentence),
  }
  patch(byId('banner'), sentence === null ? [] : [banner])
}

function drawTitle(scene: Scene, channel: Channel | null): void {
  const unread = unreadTotal(scene.state)
  const name = channel ? (channel.kind === 'im' ? '' : '#') + titleOf(scene.state, channel) : 'Workspace'
  document.title = `${unread > 0 ? `(${unread}) ` : ''}${name} · ${scene.state.team.name}`
}

/** A channel is read while it is open in a window that can be seen, down to its end. */
function markRead(scene: Scene, channel: Channel): void {
  if (channel.unread === 0 || document.hidden || !scroller.atEnd()) return
  const read = { ...channel, unread: 0 }
  scene.state = {
    ...scene.state,
    channels: scene.state.channels.map((other) => (other.id === channel.id ? read : other)),
  }
  void post('read', { user: scene.state.me.id, channel: channel.id })
  schedule(scene)
}

// ——— what the person does ———

/** Shows a channel, without a new entry in the history. */
function open(scene: Scene, id: string | null): void {
  const { ui, state } = scene
  if (ui.channel !== null && ui.channel !== id) ui.newAfter.delete(ui.channel)
  const channel = state.channels.find((known) => known.id === id)
  if (channel && channel.unread > 0) markNew(scene, channel.id)
  if (!channel || !isAppDm(state, channel)) ui.home = false
  ui.channel = id
  const address = new URL('/', location.href)
  address.searchParams.set('as', state.me.id)
  if (id !== null) address.searchParams.set('in', id)
  history.replaceState(null, '', address)
  drawer(false)
  draw(scene)
  if (matchMedia('(pointer: fine)').matches && !ui.home) composer.focus()
}

function drawer(shown: boolean): void {
  document.body.classList.toggle('drawer', shown)
  byId('menu').setAttribute('aria-expanded', String(shown))
}

function acts(scene: () => Scene): Acts {
  const me = () => scene().state.me.id
  const warn = (key: string, sentence: string | null) => {
    if (sentence === null) scene().ui.warnings.delete(key)
    else scene().ui.warnings.set(key, sentence)
    schedule(scene())
  }
  return {
    go: (channel, ts) => {
      if (scene().ui.channel !== channel) history.pushState(null, '', location.href)
      scene().ui.home = false
      open(scene(), channel)
      if (ts !== undefined) scroller.jump(ts)
    },
    openBotDm: () => {
      void post('open-dm', { user: me() }).then(async (reply) => {
        if (isRefusal(reply)) return
        const state = await readState(me())
        if (!isRefusal(state)) scene().state = state
        open(scene(), reply.channel)
      })
    },
    showHome: (shown) => {
      scene().ui.home = shown
      if (shown) void post('home', { user: me() })
      draw(scene())
    },
    become: (person) => {
      history.pushState(null, '', location.href)
      void become(scene(), person, scene().ui.channel)
    },
    toggleThread: (channel, ts) => {
      const key = `${channel}/${ts}`
      if (!scene().ui.threads.delete(key)) scene().ui.threads.add(key)
      draw(scene())
    },
    interact: async (place, action) => {
      const { block_id, ...rest } = action
      warn(placeKey(place), null)
      const reply = await post('interact', {
        user: me(),
        ...place,
        ...rest,
        ...(block_id === null ? {} : { block_id }),
      })
      const wrong = isRefusal(reply) ? reply.message : reply.failed === null ? null : (reply.warning ?? reply.failed)
      if (wrong !== null) warn(placeKey(place), wrong)
      return wrong === null
    },
    suggest: async (place, action) => {
      const { block_id, ...rest } = action
      const reply = await post('suggest', { user: me(), ...place, ...rest, ...(block_id === null ? {} : { block_id }) })
      return isRefusal(reply) ? [] : reply.options
    },
    react: (channel, ts, name) => void post('react', { user: me(), channel, ts, name }),
    say: async (channel, text, thread) => {
      scroller.stick()
      scene().ui.newAfter.delete(channel)
      if (text.startsWith('/') && thread !== null) return 'Slash commands cannot be used inside threads.'
      const reply = text.startsWith('/')
        ? await post('command', { user: me(), channel, text })
        : await post('message', { user: me(), channel, text, ...(thread === null ? {} : { thread_ts: thread }) })
      return isRefusal(reply) ? reply.message : null
    },
    join: (channel) => void post('join', { user: me(), channel }),
    dismissModal: () => void post('dismiss', { user: me() }),
    submitModal: async (view, values) => {
      warn(view, null)
      const reply = await post('submit', { user: me(), view_id: view, values })
      const wrong = isRefusal(reply) ? reply.message : reply.failed === null ? null : (reply.warning ?? reply.failed)
      if (wrong !== null) warn(view, wrong)
      return isRefusal(reply) ? null : reply.errors
    },
  }
}

/** Plays another person; the channel stays open where that person may see it. */
async function become(scene: Scene, person: string, channel: string | null): Promise<void> {
  const state: State | null = await readState(person).then((reply) => (isRefusal(reply) ? null : reply))
  if (!state) return
  scene.state = state
  scene.ui.home = false
  scene.ui.warnings.clear()
  scene.ui.newAfter.clear()
  follow(scene)
  open(scene, firstChannel(state, channel))
}

function listen(scene: Scene): void {
  on(byId('menu'), 'click', () => drawer(!document.body.classList.contains('drawer')))
  on(byId('scrim'), 'click', () => drawer(false))
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') drawer(false)
  })
  document.addEventListener('visibilitychange', () => draw(scene))
  window.addEventListener('popstate', () => {
    const address = new URL(location.href)
    const person = address.searchParams.get('as')
    const channel = address.searchParams.get('in')
    if (person !== null && person !== scene.state.me.id) void become(scene, person, channel)
    else open(scene, firstChannel(scene.state, channel))
  })
  scroller.whenAtEnd(() => draw(scene))
}

await start()
