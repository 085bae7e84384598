import { z } from 'zod'
import type { SlackCall, SlackResult } from '../deps.ts'
import { call } from './api.ts'

/** What the bot reads of people's messages and files. */
const File = z.object({ url_private: z.string().optional(), url_private_download: z.string().optional() })

/** Where a file may be fetched with our token. */
export async function fileAddress(slack: SlackCall, file: string): Promise<SlackResult<string>> {
  const info = await call(slack, 'files.info', { file }, z.object({ file: File }))
  if (!info.ok) return info
  const { url_private_download: download, url_private: shown } = info.value.file
  const address = download ?? shown
  return address === undefined ? { ok: false, kind: 'never', reason: 'no address' } : { ok: true, value: address }
}
