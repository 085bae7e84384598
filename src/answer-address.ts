import { randomBytes } from 'node:crypto'
import type { Deps } from './deps.ts'
import { type Callback, rememberCallback } from './store/callbacks.ts'

/** Whoever has the address may answer: nobody guesses it. */
const TOKEN_BYTES = 16

/** An address at which one person answers, which only they are given; null: nobody has said how we are reached. */
export async function answerAddress(
  { store, clock, publicUrl }: Pick<Deps, 'store' | 'clock' | 'publicUrl'>,
  about: Callback,
): Promise<string | null> {
  if (publicUrl === null) return null
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  await rememberCallback(store.pool, token, about, clock.now())
  return `${publicUrl}/callback/${about.via}/${token}`
}
