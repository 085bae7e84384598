/// <reference lib="dom" />
import type { CanvasHead } from '../wire.ts'
import { isRefusal, readCanvas } from './api.ts'
import { clockTime, dayLabel } from './dates.ts'
import { h, type Row } from './dom.ts'
import { parseMarkdown } from './markdown.ts'
import { drawBlocks } from './rich.ts'
import type { Scene } from './scene.ts'
import { latestNow } from './state.ts'

/** Canvases that are being read, as `id/updated_at`: none is asked for twice at a time. */
const asked = new Set<string>()

/** A channel's canvas as one row of the list. It is read when it is shown, and again when it changed; `redraw` when it came. */
export function canvasRow(scene: Scene, head: CanvasHead, redraw: () => void): Row {
  const known = scene.ui.canvases.get(head.id)
  if (known?.updated_at !== head.updated_at) void fetchCanvas(scene, head, redraw)
  return {
    key: 'canvas',
    signature: JSON.stringify([known ?? head, scene.state.me, scene.state.users]),
    make: () => drawCanvas(scene, head),
  }
}

async function fetchCanvas(scene: Scene, head: CanvasHead, redraw: () => void): Promise<void> {
  const mark = `${scene.state.me.id}/${head.id}/${head.updated_at}`
  if (asked.has(mark)) return
  asked.add(mark)
  const reply = await readCanvas(scene.state.me.id, head.id)
  asked.delete(mark)
  if (isRefusal(reply)) return
  // What came may be newer than the head that was known; kept under the head's time it is not asked for for ever.
  scene.ui.canvases.set(head.id, { ...reply.canvas, updated_at: head.updated_at })
  redraw()
}

function drawCanvas(scene: Scene, head: CanvasHead): HTMLElement {
  const { state, ui } = scene
  const canvas = ui.canvases.get(head.id)
  const at = head.updated_at
  const when = `${dayLabel(at, latestNow(state), state.me.tz)} at ${clockTime(at, state.me.tz)}`
  return h(
    'article',
    { class: 'sheet canvas', 'aria-label': head.title || 'Canvas' },
    h('p', { class: 'hint' }, `Canvas · changed ${when}`),
    h('h3', { class: 'canvas-title' }, head.title || 'Untitled'),
    canvas
      ? h('div', { class: 'text' }, drawBlocks(scene, parseMarkdown(canvas.markdown)))
      : h('p', { class: 'hint' }, 'Reading the canvas…'),
  )
}
