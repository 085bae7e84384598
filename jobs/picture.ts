import type { Handler } from '../src/outbox.ts'
import { shareFile } from '../src/slack/api.ts'
import { ratePicture } from '../src/slack/picture.ts'
import { resultOf } from '../src/store/owed.ts'
import { charted } from './charts.ts'
import { incidentOf, type JobDeps, settled, whereabouts } from './tell.ts'

/** The chart of a rate as a picture in the thread of its page, where Slack took the page without its chart. */
export function picture(deps: JobDeps): Handler {
  return async ({ about }) => {
    if (about.kind !== 'picture') throw new Error('no picture')
    const page = await resultOf(deps.store.pool, about.page)
    if (page?.state === 'open' || page?.state === 'unknown')
      return { outcome: 'again', reason: 'whether the page arrived is not known yet' }
    const posted = whereabouts(page?.result ?? null)
    if (!posted || page?.result?.chartless !== true) return { outcome: 'done' }
    const found = await charted(deps, await incidentOf(deps, about.incident))
    if (found === null || found.samples.length < 2) return { outcome: 'done' }
    const { name, samples } = found
    const shared = await shareFile(deps.slack, {
      channel: posted.channel,
      threadTs: posted.ts,
      filename: `${name}.png`,
      title: `${name} until the alarm`,
      about: `A chart of ${name} until the alarm: the line is what was seen, the band what was expected`,
      comment: 'The line is what was seen, the band what was expected.',
      bytes: await png(ratePicture(samples, deps.rules().zone)),
    })
    // What may be there is not sent again: one picture too few is better than two.
    return !shared.ok && shared.kind === 'unknown' ? { outcome: 'done' } : settled(shared, null)
  }
}

/** In a thread of its own; the library is loaded by whoever needs it. */
async function png(svg: string): Promise<Uint8Array> {
  const { renderAsync } = await import('@resvg/resvg-js')
  return (await renderAsync(svg, { font: { loadSystemFonts: false } })).asPng()
}
