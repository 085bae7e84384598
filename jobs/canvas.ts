import { createHash } from 'node:crypto'
import { isOpen } from '../src/domain/incident.ts'
import type { Handler, Sent } from '../src/outbox.ts'
import { liveDocument, postmortem, readRecord } from '../src/record.ts'
import { title } from '../src/slack/blocks.ts'
import { canvasOf, createCanvas, replaceCanvas } from '../src/slack/furnish.ts'
import type { Result } from '../src/store/owed.ts'
import { fallShort } from './shortfall.ts'
import { incidentOf, type JobDeps, settled, voice } from './tell.ts'

/**
 * The canvas of the incident's channel: how it stands and its timeline, kept in step while it is open; when it is resolved the draft of the
 * post-mortem, once. From then on it is people's: what they write there is never replaced.
 */
export function canvas(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'canvas') throw new Error(`${claim.key} is no canvas`)
    const incident = await incidentOf(deps, claim.about.incident)
    if (!incident.channel) return { outcome: 'never', reason: 'no channel' }
    const channel = incident.channel.id
    const known = state(claim.result, channel)
    if (known.theirs || known.none) return { outcome: 'done', result: { ...known } }
    const said = await voice(deps)
    const record = await readRecord(deps.store, said.rules, incident, said.now)
    const theirs = !isOpen(incident)
    const markdown = fitting(
      theirs ? await postmortem(deps.store, said, record) : liveDocument(said, record, MOST_CHARACTERS),
    )
    const digest = createHash('sha256').update(markdown).digest('base64url')
    if (known.canvas !== null && known.digest === digest) return { outcome: 'done', result: { ...known, theirs } }
    const shown: State = { channel, canvas: known.canvas, digest, theirs, none: false }
    if (known.canvas !== null) {
      const replaced = await replaceCanvas(deps.slack.rest, known.canvas, markdown)
      return settled(replaced, { ...shown })
    }
    const made = await createCanvas(deps.slack.rest, channel, title(incident).slice(0, LONGEST_TITLE), markdown)
    if (made.ok) return { outcome: 'done', result: { ...shown, canvas: made.value } }
    if (made.kind !== 'never') return settled(made, null)
    // An earlier attempt may have made it, and its reply was lost.
    if (made.reason === 'channel_canvas_already_exists') return found(deps, shown)
    await fallShort(deps, { incident: incident.id, step: 'canvas', about: null, reason: made.reason })
    return { outcome: 'done', result: { ...shown, none: true } }
  }
}

interface State {
  /** Whose it is. */
  channel: string
  canvas: string | null
  digest: unknown
  /** It was handed over to people. */
  theirs: boolean
  /** This workspace has none. */
  none: boolean
}

/** Another channel has a canvas of its own; a workspace without any has none there either. */
function state(result: Result, channel: string): State {
  const known = (result?.channel ?? channel) === channel ? result : null
  return {
    channel,
    canvas: typeof known?.canvas === 'string' ? known.canvas : null,
    digest: known?.digest,
    theirs: known?.theirs === true,
    none: result?.none === true,
  }
}

/** Written at the next attempt, which knows where it is. */
async function found(deps: JobDeps, shown: State): Promise<Sent> {
  const there = await canvasOf(deps.slack.rest, shown.channel)
  if (!there.ok) return settled(there, null)
  if (there.value === null) return { outcome: 'again', reason: 'its canvas cannot be found' }
  return {
    outcome: 'again',
    reason: 'it is there already',
    afterMs: 0,
    result: { ...shown, canvas: there.value, digest: '', theirs: false },
  }
}

const LONGEST_TITLE = 150

/** A canvas takes a megabyte; nobody reads a tenth of that. */
const MOST_CHARACTERS = 100_000

function fitting(markdown: string): string {
  if (markdown.length <= MOST_CHARACTERS) return markdown
  const end = markdown.lastIndexOf('\n', MOST_CHARACTERS)
  return `${markdown.slice(0, end)}\n\n_The rest does not fit here: /incident timeline has all of it._\n`
}
