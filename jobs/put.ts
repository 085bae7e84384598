import type { SlackResult } from '../src/deps.ts'
import { promiseFile } from '../src/slack/furnish.ts'
import type { JobDeps } from './tell.ts'

/** Puts the bytes of a file where Slack says. Nobody sees it before it is shared; `about`: for whoever cannot see it then. */
export async function put(
  { slack, uploadFile }: Pick<JobDeps, 'slack' | 'uploadFile'>,
  name: string,
  bytes: Buffer,
  about?: string,
): Promise<SlackResult<string>> {
  const promised = await promiseFile(slack.rest, name, bytes.length, about)
  if (!promised.ok) return promised
  const sent = await uploadFile(promised.value.url, bytes)
  return sent.ok
    ? { ok: true, value: promised.value.file }
    : { ok: false, kind: 'again', reason: sent.why, afterMs: null }
}
