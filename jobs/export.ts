import type { SlackResult } from '../src/deps.ts'
import type { Incident } from '../src/domain/incident.ts'
import type { Handler, Sent } from '../src/outbox.ts'
import { picture, postmortem, readRecord } from '../src/record.ts'
import { isShared, shareFiles } from '../src/slack/furnish.ts'
import { inc } from '../src/slack/words.ts'
import { resultOf } from '../src/store/owed.ts'
import { put } from './put.ts'
import { fallShort } from './shortfall.ts'
import { incidentOf, type JobDeps, voice } from './tell.ts'

/**
 * When an incident is resolved its picture goes to the channel as a file that Slack shows, and the draft of the post-mortem where there is no canvas. Files are
 * put where Slack says and then shared all at once; what was put there is remembered, so that nothing is shared twice.
 */
export function exported(deps: JobDeps): Handler {
  return async (claim) => {
    const { about } = claim
    if (about.kind !== 'export') throw new Error(`${claim.key} exports nothing`)
    const incident = await incidentOf(deps, about.incident)
    const { channel } = incident
    if (!channel || incident.resolvedAt !== about.resolvedAt) return { outcome: 'done' }
    const there = Array.isArray(claim.result?.files) ? claim.result.files.map(String) : null
    if (there === null) return upload(deps, incident)
    const [first = ''] = there
    const shared = await isShared(deps.slack.rest, first)
    if (shared.ok && shared.value) return { outcome: 'done' }
    const files = there.map((id, n) => ({ id, title: titlesOf(incident)[n] ?? inc(incident.id) }))
    const result = await shareFiles(
      deps.slack.rest,
      { channel: channel.id },
      files,
      `How ${inc(incident.id)} went, on one axis of time.`,
    )
    return answer(deps, incident, result, { files: there })
  }
}

const titlesOf = ({ id }: Incident) => [`${inc(id)} on one axis of time`, `Draft of the post-mortem of ${inc(id)}`]

/** Letters are sharp on every screen, and the whole is some 200 kB at most. */
const ZOOM = 2

async function upload(deps: JobDeps, incident: Incident): Promise<Sent> {
  const said = await voice(deps)
  const record = await readRecord(deps.store, said.rules, incident, said.now)
  const canvas = await resultOf(deps.store.pool, `canvas/${incident.id}`)
  const drawn = await deps.drawPng(picture(said, record, 'strokes'), ZOOM)
  const draft = canvas?.result?.none === true ? await postmortem(deps.store, said, record) : null
  const [shown = '', written = ''] = titlesOf(incident)
  const documents = [
    { name: `${inc(incident.id)}.png`, bytes: drawn, about: shown },
    ...(draft === null
      ? []
      : [{ name: `${inc(incident.id)}-post-mortem.md`, bytes: Buffer.from(draft), about: written }]),
  ]
  const files: string[] = []
  for (const { name, bytes, about } of documents) {
    const file = await put(deps, name, bytes, about)
    if (!file.ok) return answer(deps, incident, file, null)
    files.push(file.value)
  }
  return { outcome: 'again', reason: 'to be shared', afterMs: 0, result: { files } }
}

async function answer(
  deps: JobDeps,
  { id }: Incident,
  sent: SlackResult<unknown>,
  result: { files: string[] } | null,
): Promise<Sent> {
  if (sent.ok) return { outcome: 'done', ...(result && { result }) }
  if (sent.kind === 'never') {
    await fallShort(deps, { incident: id, step: 'file', about: null, reason: sent.reason })
    return { outcome: 'done' }
  }
  const afterMs = sent.kind === 'again' ? sent.afterMs : null
  return { outcome: 'again', reason: sent.reason, afterMs, ...(result && { result }) }
}
