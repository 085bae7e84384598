import { type CaptureChange, placeKey, type SaidFile } from '../src/domain/response.ts'
import type { Handler, Sent } from '../src/outbox.ts'
import { fileAddress } from '../src/slack/messages.ts'
import { keepFile } from '../src/store/files.ts'
import { readFact } from '../src/store/incidents.ts'
import { incidentOf, type JobDeps, settled } from './tell.ts'

/** Larger files stay where they are: a timeline is read, not mirrored. */
const MOST_BYTES = 8 * 1_048_576

/** Kinds that people put into a post-mortem: pictures, text, documents. Programs and archives stay where they are. */
const KINDS =
  /^(?:image\/(?:png|jpeg|gif|webp)|text\/[\w.+-]+|application\/(?:json|pdf|x-ndjson|yaml|x-yaml|xml))(?:;|$)/

/** Fetching is given up after this; the timeline says so. */
const TRIES = 5

/** Fetches a file of a captured message into our own store. What does not come is said, and never in anybody's way. */
export function file(deps: JobDeps): Handler {
  return async (claim) => {
    const { about } = claim
    if (about.kind !== 'file') throw new Error(`${claim.key} is no file`)
    const fact = await readFact(deps.store.pool, about.fact)
    const said =
      fact?.type === 'captured'
        ? { message: fact.said.message, files: fact.said.files }
        : fact?.type === 'capture-changed' && fact.change.what === 'edited'
          ? { message: fact.message, files: fact.change.files }
          : null
    const wanted = said?.files.find(({ id }) => id === about.file)
    if (!said || !wanted) return { outcome: 'done' }
    const { captured } = await incidentOf(deps, about.incident)
    // It was taken off the timeline meanwhile.
    if (!captured.includes(placeKey(said.message))) return { outcome: 'done' }
    const got = await fetched(deps, wanted, claim.tries >= TRIES)
    if ('outcome' in got) return got
    await deps.desk.submit({
      source: 'outbox',
      key: `${claim.key}/${about.fact}`,
      event: { type: 'capture-changed', incident: about.incident, message: said.message, change: got },
    })
    return { outcome: 'done' }
  }
}

async function fetched(
  deps: JobDeps,
  { id, mime, bytes: size }: SaidFile,
  last: boolean,
): Promise<CaptureChange | Sent> {
  const not = (why: string): CaptureChange => ({ what: 'not-filed', file: id, why })
  if (!KINDS.test(mime)) return not(`files of the kind ${mime.slice(0, 100)} are not kept`)
  if (size > MOST_BYTES) return not(`it is larger than ${MOST_BYTES / 1_048_576} MB`)
  const address = await fileAddress(deps.slack.rest, id)
  if (!address.ok) {
    if (address.kind === 'never' || last) return not(`Slack does not hand it out (${address.reason})`)
    return settled(address, null)
  }
  const got = await deps.fetchFile(address.value, MOST_BYTES)
  if (!got.ok) return got.again && !last ? { outcome: 'again', reason: got.why } : not(got.why)
  const digest = await keepFile(deps.store.pool, got.bytes, mime, deps.clock.now())
  return digest === null ? not('the store of files is full') : { what: 'filed', file: id, digest }
}
