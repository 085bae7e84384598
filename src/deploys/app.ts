import { createHmac, createSign } from 'node:crypto'
import { z } from 'zod'
import type { CallOut } from '../deps.ts'
import { parsedJson } from '../json.ts'
import { isSame } from '../signing.ts'
import { githubHeaders } from './github.ts'
import type { Done } from './hook.ts'

const Deployment = z.object({
  id: z.int(),
  sha: z.string(),
  ref: z.string(),
  creator: z.object({ login: z.string() }).nullish(),
})

/** What GitHub asks before a job may enter a protected environment (`deployment_protection_rule`), as far as the answer needs it. */
export const Asked = z.object({
  action: z.literal('requested'),
  environment: z.string(),
  deployment_callback_url: z.url(),
  deployment: Deployment,
  repository: z.object({ full_name: z.string() }),
  installation: z.object({ id: z.int() }),
})

/** What became of a deployment (`deployment_status`). */
export const Became = z.object({
  deployment_status: z.object({ state: z.string(), environment: z.string(), description: z.string().nullish() }),
  deployment: Deployment,
  repository: z.object({ full_name: z.string() }),
})

/** What an answer needs; kept with the deploy. The deployment stands first: it is found by that. */
const Ref = z.strictObject({
  deployment: z.string(),
  callback: z.url(),
  environment: z.string(),
  installation: z.int(),
})

export const refOf = ({
  deployment,
  deployment_callback_url: callback,
  environment,
  installation,
}: z.infer<typeof Asked>): string =>
  JSON.stringify({ deployment: String(deployment.id), callback, environment, installation: installation.id })

/** `X-Hub-Signature-256` over the very bytes. */
export function isSigned(body: Buffer, signature: string | undefined, secret: string): boolean {
  return isSame(signature ?? '', `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`)
}

interface App {
  api: string
  app: string
  /** PEM; line ends may be written as \n. */
  key: string
}

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Who we are, for ten minutes (RFC 7519, RS256). Clocks differ: it is a minute old when it is made. */
function jwt({ app, key }: App, at: number): string {
  const seconds = Math.floor(at / 1_000)
  const head = `${base64url({ alg: 'RS256', typ: 'JWT' })}.${base64url({ iat: seconds - 60, exp: seconds + 540, iss: app })}`
  const signature = createSign('RSA-SHA256').update(head).sign(key.replaceAll('\\n', '\n'), 'base64url')
  return `${head}.${signature}`
}

const Token = z.object({ token: z.string() })

/** GitHub shows no longer comment. */
const COMMENT = 1_000

/**
 * Answers a question of GitHub's: approves, or (null) only says why not yet. Said twice it is said once.
 *
 * @param at real time: GitHub looks at its own clock
 */
export async function answerGithub(
  call: CallOut,
  app: App,
  { ref, state, comment }: { ref: string; state: 'approved' | null; comment: string },
  allowPrivate: readonly string[],
  at: number,
): Promise<Done> {
  const read = Ref.safeParse(parsedJson(ref))
  const base = app.api.replace(/\/$/, '')
  // The token goes to GitHub and to nobody else.
  if (!read.success || !read.data.callback.startsWith(`${base}/`))
    return { outcome: 'failed', detail: 'what GitHub asked names another place to answer to' }
  const { callback, environment, installation } = read.data
  let bearer: string
  try {
    bearer = jwt(app, at)
  } catch {
    return { outcome: 'failed', detail: 'gate.github.key is no private key in PEM' }
  }
  const post = (url: string, token: string, body: object) =>
    call({ url, headers: githubHeaders(token), body: JSON.stringify(body) }, allowPrivate)
  const given = await post(`${base}/app/installations/${installation}/access_tokens`, bearer, {})
  if (given.came !== 'answer') return { outcome: 'unknown', detail: given.why }
  const token = Token.safeParse(parsedJson(given.text))
  if (given.status !== 201 || !token.success)
    return { outcome: given.status >= 500 ? 'unknown' : 'failed', detail: `GitHub gave no token: ${given.line}` }
  const said = { environment_name: environment, comment: comment.slice(0, COMMENT), ...(state && { state }) }
  const answer = await post(callback, token.data.token, said)
  if (answer.came !== 'answer') return { outcome: 'unknown', detail: answer.why }
  if (answer.status >= 200 && answer.status < 300) return { outcome: 'done', detail: answer.line }
  return { outcome: answer.status >= 500 ? 'unknown' : 'failed', detail: `GitHub answered ${answer.line}` }
}
