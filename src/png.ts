import type { DrawPng } from './deps.ts'

/** Draws in a thread of its own; the library is loaded by whoever needs it. */
export const drawPng: DrawPng = async (svg, zoom) => {
  const { renderAsync } = await import('@resvg/resvg-js')
  const drawn = await renderAsync(svg, { font: { loadSystemFonts: false }, fitTo: { mode: 'zoom', value: zoom } })
  return Buffer.from(drawn.asPng())
}
