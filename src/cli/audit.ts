import { verifyChain } from '../store/chain.ts'
import { atHand } from '../store/store.ts'
import { failing, ifStored } from './configured.ts'
import { sentenceOf } from './reach-store.ts'

interface Output {
  write(text: string): unknown
}

/** Told one by one; what is broken once is broken from there on. */
const MOST_TOLD = 20

/**
 * `watchbill audit verify`: whether the record of every decision is whole: what was decided, overridden and refused, in the order in which it
 * was.
 *
 * @returns the exit code: 0 it is, 1 it was changed, 2 it cannot be read
 */
export async function auditVerify(
  options: { json?: boolean },
  io: { env: Record<string, string | undefined>; stdout: Output; stderr: Output },
): Promise<number> {
  const fail = failing(io.stderr)
  try {
    const found = await ifStored(io.env, (place) => atHand(place, ({ pool }) => verifyChain(pool)))
    if (found === null)
      return fail([
        'There is no store: set WATCHBILL_DATA to the data folder of the bot, or DATABASE_URL to its database.',
      ])
    const { facts, broken } = found
    const ok = broken.length === 0
    if (options.json) io.stdout.write(`${JSON.stringify({ ok, facts, broken })}\n`)
    else if (ok) io.stdout.write(`The record is whole: ${facts} facts, each as it was recorded, in order.\n`)
    else
      for (const { fact, why } of broken.slice(0, MOST_TOLD))
        io.stdout.write(`The record is broken at fact ${fact}: ${why}.\n`)
    return ok ? 0 : 1
  } catch (error) {
    return fail([sentenceOf(error, 'The record could not be read')])
  }
}
