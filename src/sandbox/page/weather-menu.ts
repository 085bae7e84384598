/// <reference lib="dom" />
import { isRefusal, post, readFaults } from './api.ts'
import { toast } from './dialog.ts'
import { type Child, h, icon, on } from './dom.ts'
import { ICONS } from './icons.ts'
import type { Scene } from './scene.ts'
import { type Armed, HOW_OFTEN, namedFault, WEATHERS, type Weather, weatherOf } from './weather.ts'

/** How often the page asks what is still set while something is: nobody tells it when the last strike was used up. */
const LOOK_MS = 2000

/** What is set now, kept in `ui.armed`, and the menu that sets and clears it. */
export interface WeatherRoom {
  /** Asks the workspace what is set, and goes on asking while something is. */
  look(): void
  /** The menu's panel. */
  panel(): HTMLElement
  clear(): void
}

export function createWeather(scene: () => Scene, schedule: () => void): WeatherRoom {
  let timer: ReturnType<typeof setTimeout> | undefined
  let often = 0
  let redraw: () => void = () => undefined

  const look = async () => {
    clearTimeout(timer)
    const reply = await readFaults()
    const armed = isRefusal(reply) ? [] : reply.faults
    const changed = JSON.stringify(armed) !== JSON.stringify(scene().ui.armed)
    scene().ui.armed = armed
    if (armed.length > 0 && !document.hidden) timer = setTimeout(() => void look(), LOOK_MS)
    if (!changed) return
    schedule()
    redraw()
  }

  const told = (reply: object) => {
    if (isRefusal(reply)) toast(reply.message)
  }

  /** Sets one more, or takes away what is set of this weather. The workspace clears all at once, so the others are set anew. */
  const toggle = async (weather: Weather) => {
    const { armed } = scene().ui
    const others = armed.filter(({ fault }) => weatherOf(fault)?.key !== weather.key)
    if (others.length === armed.length) {
      const count = weather.now ? null : (HOW_OFTEN[often]?.count ?? null)
      told(await post('inject-fault', { ...weather.fault, ...(count === null ? {} : { count }) }))
      if (weather.now) toast(`${weather.title}: done.`, 'plain')
    } else {
      told(await post('reset-faults', {}))
      for (const { fault, left } of others)
        await post('inject-fault', left === null ? fault : { ...fault, count: left })
    }
    await look()
  }

  const clear = async () => {
    told(await post('reset-faults', {}))
    await look()
  }

  const draw = (root: HTMLElement) => {
    const { armed } = scene().ui
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.focus : undefined
    root.replaceChildren(
      h('p', { class: 'menu-title' }, 'Weather'),
      h('p', { class: 'hint' }, 'What goes wrong between Slack and the bot, to see what the bot does about it.'),
      howOften(often, (index) => {
        often = index
        draw(root)
      }),
      ...WEATHERS.map(({ title, weathers }) =>
        h(
          'div',
          { class: 'menu-group', role: 'group', 'aria-label': title },
          h('p', { class: 'menu-title', 'aria-hidden': 'true' }, title),
          ...weathers.map((weather) => entry(weather, armed, () => void toggle(weather))),
        ),
      ),
      ...byHand(armed),
      ...(armed.length === 0 ? [] : [on(clearButton(), 'click', () => void clear())]),
    )
    if (focused !== undefined) root.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus()
  }

  return {
    look: () => void look(),
    clear: () => void clear(),
    panel() {
      const root = h('div', { class: 'menu weather', role: 'dialog', 'aria-label': 'Weather' })
      redraw = () => root.isConnected && draw(root)
      draw(root)
      void look()
      return root
    },
  }
}

function clearButton(): HTMLElement {
  return h('button', { type: 'button', class: 'button small', 'data-focus': 'clear' }, 'Clear all')
}

function howOften(chosen: number, choose: (index: number) => void): HTMLElement {
  const buttons = HOW_OFTEN.map(({ title }, index) =>
    on(
      h(
        'button',
        { type: 'button', 'aria-pressed': index === chosen ? 'true' : 'false', 'data-focus': `often ${index}` },
        title,
      ),
      'click',
      () => choose(index),
    ),
  )
  return h('div', { class: 'segments', role: 'group', 'aria-label': 'How often it happens' }, ...buttons)
}

function entry(weather: Weather, armed: readonly Armed[], run: () => void): HTMLElement {
  const set = armed.find(({ fault }) => weatherOf(fault)?.key === weather.key)
  const left: Child = set === undefined || set.left === null ? null : h('span', { class: 'count' }, `${set.left} left`)
  const button = h(
    'button',
    {
      type: 'button',
      class: 'menu-item toggle',
      'aria-pressed': weather.now ? null : set ? 'true' : 'false',
      'data-focus': `weather ${weather.key}`,
    },
    h('span', { class: 'menu-name' }, h('span', {}, weather.title), h('small', {}, weather.words)),
    left,
    weather.now ? icon(ICONS.bolt) : h('span', { class: 'switch', 'aria-hidden': 'true' }),
  )
  return on(button, 'click', run)
}

/** Faults that were set from elsewhere and are none of the menu's. */
function byHand(armed: readonly Armed[]): HTMLElement[] {
  const others = armed.filter(({ fault }) => weatherOf(fault) === null)
  if (others.length === 0) return []
  return [
    h(
      'div',
      { class: 'menu-group', role: 'group', 'aria-label': 'Set by hand' },
      h('p', { class: 'menu-title', 'aria-hidden': 'true' }, 'Set by hand'),
      ...others.map((each) => h('p', { class: 'menu-item still' }, namedFault(each))),
    ),
  ]
}
