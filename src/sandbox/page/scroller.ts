/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { h, icon, on } from './dom.ts'
import { ICONS } from './icons.ts'

/** The list's place: it stays at the end while messages come, unless the person scrolled up; then a pill counts what came below. */
export interface Scroller {
  /**
   * Changes the rows by `change` and puts the list where it belongs. `of` names what is open, `others` the `ts` of what others wrote; null
   * for what is read from its beginning and has no end to follow.
   */
  draw(of: string, others: readonly string[] | null, change: () => void): void
  /** Scrolls to a message and lets it shine for a moment. */
  jump(ts: string): void
  /** From now on at the end, as after sending. */
  stick(): void
  atEnd(): boolean
  whenAtEnd(run: () => void): void
}

/** As near to the end as still counts as the end, in pixels. */
const NEAR = 48

const newMessages = (count: number): string => (count === 1 ? '1 new message' : `${count} new messages`)

export function createScroller(
  list: HTMLElement,
  rows: HTMLElement,
  pill: HTMLElement,
  words: (count: number) => string = newMessages,
): Scroller {
  let stuck = true
  let gliding = false
  let shown = ''
  let seen = 0
  let others: readonly string[] = []
  let reached: () => void = () => undefined
  const calm = matchMedia('(prefers-reduced-motion: reduce)')

  const isNear = () => list.scrollHeight - list.scrollTop - list.clientHeight < NEAR
  const toEnd = (smooth: boolean) => {
    gliding = smooth && !calm.matches && !isNear()
    list.scrollTo({ top: list.scrollHeight, behavior: gliding ? 'smooth' : 'instant' })
  }
  const count = () => {
    if (stuck) seen = Math.max(seen, Number(others.at(-1) ?? 0))
    const below = others.filter((ts) => Number(ts) > seen).length
    pill.hidden = stuck || below === 0
    if (!pill.hidden) pill.replaceChildren(icon(ICONS.down), h('span', {}, words(below)))
  }

  on(list, 'scroll', () => {
    if (gliding) return
    const before = stuck
    stuck = isNear()
    count()
    if (stuck && !before) reached()
  })
  on(list, 'scrollend', () => {
    gliding = false
  })
  for (const type of ['wheel', 'touchstart', 'keydown'] as const) {
    on(list, type, () => {
      gliding = false
    })
  }
  on(pill, 'click', () => {
    stuck = true
    count()
    toEnd(true)
    reached()
  })
  // What a person unfolds by a click grows where they look; the end is followed again if it is still near after that.
  const hold = () => {
    stuck = false
    requestAnimationFrame(() => {
      stuck = isNear()
      const missed = stuck && Number(others.at(-1) ?? 0) > seen
      count()
      if (missed) reached()
    })
  }
  rows.addEventListener('click', hold, true)
  // Pictures that load, the composer that grows, a window that turns: the end stays in sight.
  new ResizeObserver(() => stuck && toEnd(false)).observe(rows)
  new ResizeObserver(() => stuck && toEnd(false)).observe(list)

  return {
    draw(of, newOthers, change) {
      const other = of !== shown
      const before = list.scrollHeight
      change()
      others = newOthers ?? []
      if (other) {
        shown = of
        stuck = newOthers !== null
        seen = 0
        if (!stuck) list.scrollTop = 0
      }
      if (stuck && (other || list.scrollHeight !== before)) toEnd(!other)
      count()
    },
    jump(ts) {
      const target = rows.querySelector(`[data-ts="${CSS.escape(ts)}"]`)
      if (!target) return
      stuck = false
      gliding = false
      target.scrollIntoView({ block: 'center' })
      target.classList.add('shine')
      setTimeout(() => target.classList.remove('shine'), 1600)
    },
    stick() {
      stuck = true
    },
    atEnd: () => stuck,
    whenAtEnd(run) {
      reached = run
    },
  }
}
