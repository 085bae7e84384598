import { z } from 'zod'
import type { AskPool } from '../deps.ts'
import { askJson } from './ask-json.ts'

/** A balancer that takes longer says nothing of this moment. */
const LONGEST_MS = 2_000

const Pool = z.object({ up: z.int().nonnegative(), total: z.int().nonnegative() })

/** How much of a pool serves. One that does not answer, or makes no sense, is a result, never a throw. */
export const askPool: AskPool = async (url, allowPrivate) => {
  const signal = AbortSignal.timeout(LONGEST_MS)
  const around = { allowPrivate, signal, timeoutMs: LONGEST_MS }
  const answer = await askJson({ url: new URL(url), headers: {}, body: null }, around)
  if (!answer.ok) return { ok: false, why: answer.why }
  const read = Pool.safeParse(answer.json)
  if (!read.success || read.data.up > read.data.total)
    return { ok: false, why: 'answered without {"up": …, "total": …} of whole numbers' }
  return { ok: true, ...read.data }
}
