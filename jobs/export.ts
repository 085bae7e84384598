import type { SlackResult } from '../src/deps.ts'
import type { Incident } from '../src/domain/incident.ts'
import type { Handler, Sent } from '../src/outbox.ts'
import { picture, postmortem, readRecord } from '../src/record.ts'
import { isShared, promiseFile, shareFiles } from '../src/slack/furnish.ts'
import { inc } from '../src/slack/words.ts'
import { resultOf } from '../src/store/owed.ts'
import { fallShort } from './shortfall.ts'
import { incidentOf, type JobDeps, voice } from './tell.ts'

/**
 * When an incident is resolved its picture goes to the channel as a file, and the draft of the post-mortem where there is no canvas. Files are
 * put where Slack says and then shared all at once; what was put there is remembered, so that nothing is shared twice.
 */
export function exported(deps: JobDeps): Handler {
  return async (claim) => {
    const { about } = claim
    if (about.kind !== 'export') throw new Error(`${claim.key} exports nothing`)
    const incident = await incidentOf(deps, about.incident)
    const { channel } = incident
    if (!channel || incident.resolvedAt !== about.resolvedAt) return { outcome: 'done' }
    const put = Array.isArray(claim.result?.files) ? claim.result.files.map(String) : null
    if (put === null) return upload(deps, incident)
    const [first = ''] = put
    const shared = await isShared(deps.slack.rest, first)
    if (shared.ok && shared.value) return { outcome: 'done' }
    const files = put.map((id, n) => ({ id, title: titlesOf(incident)[n] ?? inc(incident.id) }))
    const result = await shareFiles(
      deps.slack.rest,
      { channel: channel.id },
      files,
      `How ${inc(incident.id)} went, on one axis of time.`,
    )
    return answer(deps, incident, result, { files: put })
  }
}

const titlesOf = ({ id }: Incident) => [`${inc(id)} on one axis of time`, `Draft of the post-mortem of ${inc(id)}`]

async function upload(deps: JobDeps, incident: Incident): Promise<Sent> {
  const said = await voice(deps)
  const record = await readRecord(deps.store, said.rules, incident, said.now)
  const canvas = await resultOf(deps.store.pool, `canvas/${incident.id}`)
  const documents = [
    { name: `${inc(incident.id)}.svg`, text: picture(said, record) },
    ...(canvas?.result?.none === true
      ? [{ name: `${inc(incident.id)}-post-mortem.md`, text: await postmortem(deps.store, said, record) }]
      : []),
  ]
  const files: string[] = []
  for (const { name, text } of documents) {
    const bytes = Buffer.from(text)
    const promised = await promiseFile(deps.slack.rest, name, bytes.length)
    if (!promised.ok) return answer(deps, incident, promised, null)
    const sent = await deps.uploadFile(promised.value.url, bytes)
    if (!sent.ok) return { outcome: 'again', reason: sent.why }
    files.push(promised.value.file)
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
