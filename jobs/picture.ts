import type { Handler } from '../src/outbox.ts'
import { shareFiles } from '../src/slack/furnish.ts'
import { ratePicture } from '../src/slack/picture.ts'
import { resultOf } from '../src/store/owed.ts'
import { charted } from './charts.ts'
import { put } from './put.ts'
import { incidentOf, type JobDeps, settled, whereabouts } from './tell.ts'

/** The chart of a rate as a picture in the thread of its page, where Slack took the page without its chart. */
export function picture(deps: JobDeps): Handler {
  return async ({ about: of }) => {
    if (of.kind !== 'picture') throw new Error('no picture')
    const page = await resultOf(deps.store.pool, of.page)
    if (page?.state === 'open' || page?.state === 'unknown')
      return { outcome: 'again', reason: 'whether the page arrived is not known yet' }
    const posted = whereabouts(page?.result ?? null)
    if (!posted || page?.result?.chartless !== true) return { outcome: 'done' }
    const found = await charted(deps, await incidentOf(deps, of.incident))
    if (found === null || found.samples.length < 2) return { outcome: 'done' }
    const { name, samples } = found
    const bytes = await deps.drawPng(ratePicture(samples, deps.rules().zone), 1)
    const about = `A chart of ${name} until the alarm: the line is what was seen, the band what was expected`
    const file = await put(deps, `${name}.png`, bytes, about)
    if (!file.ok) return settled(file, null)
    const shared = await shareFiles(
      deps.slack.rest,
      { channel: posted.channel, threadTs: posted.ts },
      [{ id: file.value, title: `${name} until the alarm` }],
      'The line is what was seen, the band what was expected.',
    )
    // What may be there is not sent again: one picture too few is better than two.
    return !shared.ok && shared.kind === 'unknown' ? { outcome: 'done' } : settled(shared, null)
  }
}
