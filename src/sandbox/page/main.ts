/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Change, Channel, State } from '../wire.ts'
import { createActs } from './acts.ts'
import { isRefusal, post, readState } from './api.ts'
import { canvasRow } from './canvas.ts'
import { createComposer } from './composer.ts'
import { h, icon, on, patch, type Row } from './dom.ts'
import { showBusy } from './elements.ts'
import { fileRows } from './files.ts'
import { closeFloat } from './float.ts'
import { follow } from './follow.ts'
import { headerRow, subbarRows, tabsOf } from './header.ts'
import { ICONS } from './icons.ts'
import { messageRows } from './messages.ts'
import type { Scene } from './scene.ts'
import { createScroller } from './scroller.ts'
import { drawSidebar } from './sidebar.ts'
import { firstChannel, freshUi, isAppDm, labelOf, mainMessages, unreadTotal } from './state.ts'
import { createTraffic, type TrafficPanel } from './traffic-panel.ts'
import { createModal, homeRow } from './views.ts'
import { namedFault } from './weather.ts'
import { createWeather, type WeatherRoom } from './weather-menu.ts'

/** The page: reads the state, follows its changes, draws. One scene lives as long as the page; its state is replaced, never edited. */
interface Page {
  scene: Scene
  traffic: TrafficPanel
  weather: WeatherRoom
}

async function start(): Promise<void> {
  const address = new URL(location.href)
  const state = await readState(address.searchParams.get('as'))
  if (isRefusal(state)) return retry(state.message)
  const page = createPage(state)
  listen(page)
  followFor(page)
  byId('start').hidden = true
  byId('app').hidden = false
  const link = permalink(address)
  open(page, firstChannel(state, link?.channel ?? address.searchParams.get('in')))
  if (link) jump(link.ts)
  page.weather.look()
  page.traffic.restore()
}

function createPage(state: State): Page {
  const acts = createActs({
    scene: () => scene,
    draw: () => draw(page),
    schedule: () => schedule(page),
    open: (channel) => open(page, channel),
    become: (person) => {
      history.pushState(null, '', location.href)
      void become(page, person, scene.ui.channel)
    },
    jump,
    scroller,
    showTraffic: (ts) => page.traffic.about(ts),
  })
  const scene: Scene = { state, ui: freshUi(), acts }
  const soon = () => schedule(page)
  const weather = createWeather(() => scene, soon)
  const traffic = createTraffic(byId('traffic'), () => scene, soon)
  const page: Page = { scene, traffic, weather }
  return page
}

/** `/archives/C…/p1521129600000100`, the address that Slack gives a message. */
function permalink(address: URL): { channel: string; ts: string } | null {
  const found = /^\/archives\/(\w+)\/p(\d+)(\d{6})$/.exec(address.pathname)
  return found?.[1] && found[2] && found[3] ? { channel: found[1], ts: `${found[2]}.${found[3]}` } : null
}

/** How long the page waits before it looks again for a workspace that does not answer, milliseconds. */
const AGAIN_MS = 2000

function retry(sentence: string): void {
  byId('start').textContent = sentence
  setTimeout(() => void start(), AGAIN_MS)
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

function jump(ts: string): void {
  scroller.jump(ts)
}

// ——— following the workspace ———

function followFor(page: Page): void {
  const { scene } = page
  follow({
    state: () => scene.state,
    moved: (next, change) => {
      // A workspace that counts from the start again is another one: what went through the old one is past.
      if (next.seq < scene.state.seq && change === null) page.traffic.forget()
      if (change) note(scene, change)
      scene.state = next
      page.traffic.draw()
      schedule(page)
    },
    live: (is) => {
      scene.ui.live = is
      if (is) page.weather.look()
      schedule(page)
    },
  })
}

/** What a change means for this window, before it is drawn. */
function note(scene: Scene, change: Change): void {
  if (change.type === 'message_changed') settle(scene, `${change.channel}/${change.message.ts}`)
  if (change.type === 'modal' || change.type === 'home') scene.ui.busy.clear()
  if (change.type === 'message' && document.hidden) markNew(scene, change.channel)
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
function schedule(page: Page): void {
  if (planned) return
  planned = true
  setTimeout(() => {
    planned = false
    draw(page)
  }, 10)
}

function openChannel(scene: Scene): Channel | null {
  return scene.state.channels.find((channel) => channel.id === scene.ui.channel) ?? null
}

function draw(page: Page): void {
  const { scene } = page
  const channel = openChannel(scene)
  if (!channel || channel.is_archived) {
    const other = firstChannel(scene.state, null)
    if (other !== null && other !== channel?.id) {
      open(page, other)
      return
    }
  }
  const toggleTraffic = () => {
    drawer(false)
    page.traffic.toggle()
  }
  drawSidebar(scene, byId('sidebar'), { toggleTraffic, weather: page.weather.panel })
  patch(byId('banner'), banners(page))
  drawTitle(scene, channel)
  showModal(scene)
  byId('menu').classList.toggle('marked', unreadTotal(scene.state) > 0)
  if (channel) drawChannel(page, channel)
}

function drawChannel(page: Page, channel: Channel): void {
  const { scene } = page
  const { ui } = scene
  if (!tabsOf(scene, channel).some(({ tab }) => tab === ui.tab)) ui.tab = 'messages'
  patch(byId('header'), [headerRow(scene, channel)])
  patch(byId('subbar'), subbarRows(scene, channel))
  const others = mainMessages(scene.state, channel.id).filter((message) => message.user !== scene.state.me.id)
  const rows = rowsOf(page, channel)
  scroller.draw(`${channel.id} ${ui.tab}`, ui.tab === 'messages' ? others.map((message) => message.ts) : null, () =>
    patch(byId('rows'), rows),
  )
  showBusy(scene)
  composer.node.hidden = ui.tab !== 'messages'
  composer.show(scene)
  markRead(page, channel)
}

function rowsOf(page: Page, channel: Channel): Row[] {
  const { scene } = page
  switch (scene.ui.tab) {
    case 'messages':
      return messageRows(scene, channel)
    case 'home':
      return [homeRow(scene)]
    case 'files':
      return fileRows(scene, channel.id)
    case 'canvas':
      return channel.canvas ? [canvasRow(scene, channel.canvas, () => schedule(page))] : []
    default:
      return scene.ui.tab satisfies never
  }
}

/** What is the matter with the workspace as a whole, each in a line above the messages. */
function banners({ scene, weather }: Page): Row[] {
  const { state, ui } = scene
  const bot = state.bot.real_name || state.bot.name
  const lines: Row[] = []
  if (!ui.live) lines.push(banner('server', 'The workspace does not answer. Trying again…'))
  else if (state.connections === 0)
    lines.push(banner('bot', `${bot} is not connected: commands and buttons fail until it is.`))
  if (state.settings.token !== 'good')
    lines.push(
      banner('token', `${bot}'s token was taken away (${state.settings.token}): Slack refuses whatever it asks.`),
    )
  if (ui.armed.length > 0) {
    const sentence = `Bad weather: ${ui.armed.map(namedFault).join(' · ')}`
    const clear = () => h('button', { type: 'button', class: 'button small', 'data-focus': 'clear' }, 'Clear')
    lines.push(banner('weather', sentence, ICONS.storm, () => on(clear(), 'click', () => weather.clear())))
  }
  return lines
}

function banner(key: string, sentence: string, picture: string = ICONS.warning, more?: () => HTMLElement): Row {
  return {
    key,
    signature: sentence,
    make: () => h('div', { class: `banner ${key}` }, icon(picture), h('p', {}, sentence), more?.() ?? null),
  }
}

function drawTitle(scene: Scene, channel: Channel | null): void {
  const unread = unreadTotal(scene.state)
  const name = channel ? labelOf(scene.state, channel) : 'Workspace'
  document.title = `${unread > 0 ? `(${unread}) ` : ''}${name} · ${scene.state.team.name}`
}

/** A channel is read while it is open in a window that can be seen, down to its end. */
function markRead(page: Page, channel: Channel): void {
  const { scene } = page
  if (channel.unread === 0 || document.hidden || scene.ui.tab !== 'messages' || !scroller.atEnd()) return
  const read = { ...channel, unread: 0 }
  scene.state = {
    ...scene.state,
    channels: scene.state.channels.map((other) => (other.id === channel.id ? read : other)),
  }
  void post('read', { user: scene.state.me.id, channel: channel.id })
  schedule(page)
}

// ——— what the person does ———

/** Shows a channel, without a new entry in the history. */
function open(page: Page, id: string | null): void {
  const { scene } = page
  const { ui, state } = scene
  if (ui.channel !== null && ui.channel !== id) ui.newAfter.delete(ui.channel)
  const channel = state.channels.find((known) => known.id === id)
  if (channel && channel.unread > 0) markNew(scene, channel.id)
  if (ui.channel !== id) {
    ui.tab = 'messages'
    ui.editing = null
    closeFloat(false)
  }
  // The app hears that somebody came to its messages, as it does at Slack.
  if (channel && ui.channel !== id && isAppDm(state, channel))
    void post('open-home', { user: state.me.id, tab: 'messages' })
  ui.channel = id
  const address = new URL('/', location.href)
  address.searchParams.set('as', state.me.id)
  if (id !== null) address.searchParams.set('in', id)
  history.replaceState(null, '', address)
  drawer(false)
  draw(page)
  if (matchMedia('(pointer: fine)').matches && ui.tab === 'messages') composer.focus()
}

function drawer(shown: boolean): void {
  document.body.classList.toggle('drawer', shown)
  byId('menu').setAttribute('aria-expanded', String(shown))
}

/** Plays another person; the channel stays open where that person may see it. */
async function become(page: Page, person: string, channel: string | null): Promise<void> {
  const { scene } = page
  const state: State | null = await readState(person).then((reply) => (isRefusal(reply) ? null : reply))
  if (!state) return
  scene.state = state
  Object.assign(scene.ui, { ...freshUi(), live: scene.ui.live, traffic: scene.ui.traffic, armed: scene.ui.armed })
  followFor(page)
  page.traffic.draw()
  open(page, firstChannel(state, channel))
}

function listen(page: Page): void {
  const { scene } = page
  on(byId('menu'), 'click', () => drawer(!document.body.classList.contains('drawer')))
  on(byId('scrim'), 'click', () => drawer(false))
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') drawer(false)
    if (event.key === '.' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      page.traffic.toggle()
    }
  })
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) page.weather.look()
    draw(page)
  })
  window.addEventListener('popstate', () => {
    const address = new URL(location.href)
    const person = address.searchParams.get('as')
    const channel = address.searchParams.get('in')
    if (person !== null && person !== scene.state.me.id) void become(page, person, channel)
    else open(page, firstChannel(scene.state, channel))
  })
  scroller.whenAtEnd(() => draw(page))
}

await start()
