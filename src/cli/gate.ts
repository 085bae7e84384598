import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { messageOf } from '../errors.ts'
import { envOf, failing } from './configured.ts'

interface Output {
  write(text: string): unknown
}

interface Options {
  service: string
  environment?: string
  at?: string
  url?: string
  token?: string
  wait?: string
  json?: boolean
}

const Verdict = z.looseObject({
  decision: z.enum(['allow', 'deny']),
  reasons: z.array(z.looseObject({ sentence: z.string() })),
  until: z.string().nullable(),
  next_open_at: z.string().nullable(),
})
const Problem = z.looseObject({ detail: z.string() })

/** A gate that takes longer is one that does not answer. */
const LONGEST_MS = 10_000
/** How often it is asked again, where somebody waits for it to open. */
const AGAIN_MS = 15_000

/**
 * `watchbill gate --service NAME`: asks a running Watchbill whether the service may be deployed.
 *
 * @returns the exit code: 0 it may, 1 it may not, 2 nobody knows, which no pipeline should take for a yes
 */
export async function gate(
  options: Options,
  io: { env: Record<string, string | undefined>; stdout: Output; stderr: Output; now: () => number },
): Promise<number> {
  const fail = failing(io.stderr)
  const read = envOf(io.env)
  if ('problems' in read) return fail(read.problems)
  const { env } = read
  const base = options.url ?? env.publicUrl ?? `http://${env.host}:${env.port}`
  const token = options.token ?? env.apiToken
  if (token === null)
    return fail([
      'Set WATCHBILL_API_TOKEN (or --token) to the token of the Watchbill that is asked: nobody knows whether it may be deployed.',
    ])
  if (!URL.canParse(base))
    return fail([`${JSON.stringify(base)} is no address of a Watchbill: set --url or PUBLIC_URL.`])
  const waitMs = options.wait === undefined ? 0 : minutes(options.wait)
  if (waitMs === null) return fail([`--wait takes minutes, such as 30, not ${JSON.stringify(options.wait)}.`])
  const address = new URL('/v1/gate', base)
  for (const name of ['service', 'environment', 'at'] as const) {
    const value = options[name]
    if (value !== undefined) address.searchParams.set(name, value)
  }
  for (const endAt = io.now() + waitMs; ; ) {
    const asked = await ask(address, token)
    if ('unknown' in asked) return fail([`Nobody knows whether ${options.service} may be deployed: ${asked.unknown}`])
    if (asked.decision === 'allow' || io.now() + AGAIN_MS > endAt) {
      io.stdout.write(options.json ? `${JSON.stringify(asked)}\n` : inWords(options.service, asked))
      return asked.decision === 'allow' ? 0 : 1
    }
    await pause(AGAIN_MS)
  }
}

function minutes(text: string): number | null {
  return /^\d{1,4}$/.test(text) ? Number(text) * 60_000 : null
}

async function ask(address: URL, token: string): Promise<z.infer<typeof Verdict> | { unknown: string }> {
  try {
    const answer = await fetch(address, {
      headers: { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(LONGEST_MS),
    })
    const body: unknown = await answer.json().catch(() => null)
    const verdict = Verdict.safeParse(body)
    // Either must say the same: what stands between may answer for it.
    if (verdict.success && answer.status === (verdict.data.decision === 'allow' ? 200 : 409)) return verdict.data
    const said = Problem.safeParse(body)
    return {
      unknown: said.success ? said.data.detail : `${address.origin} answered ${answer.status}, and no decision.`,
    }
  } catch (error) {
    const reason = messageOf(error instanceof Error && error.cause ? error.cause : error)
    return { unknown: `Watchbill at ${address.origin} does not answer (${reason}). Does it run, and is --url right?` }
  }
}

function inWords(service: string, { decision, reasons, until, next_open_at: next }: z.infer<typeof Verdict>): string {
  if (decision === 'allow') return `${service} may be deployed.\n`
  const again =
    next === null ? '' : `Next free: ${next}${until === null ? ' at the earliest, once the rest is over too' : ''}.\n`
  return `${service} may not be deployed:\n${reasons.map(({ sentence }) => `- ${sentence}\n`).join('')}${again}`
}
