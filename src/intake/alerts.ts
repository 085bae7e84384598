import { hash, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { type Rules, Severity, under } from '../domain/rules.ts'
import { canonical } from '../json.ts'
import { MOST_WRONG, notReady, notStored, overQuota, problem, type Wrong } from './problem.ts'
import type { Routes } from './server.ts'
import { type Behind, type Came, labelsOf, takeIn } from './take.ts'
import { GROUP } from './tray.ts'

/** An alert with somebody's whole stack trace in it must still page: it is cut, not refused. */
const BODY_BYTES = 4 * 1024 * 1024

/** What names something is never cut: two things would become one. The store's index takes some 2,700 bytes. */
const NAME = 255

/** Services named in an answer, where somebody has misspelt one. */
const SERVICES_NAMED = 50

/**
 * `POST /v1/alerts`: one alert or a list of them, all or none. Answered 202 `{accepted, ids}` once they are stored; what comes of them is
 * decided afterwards. The same alert again, while it fires, is a repeat of it and is counted. A sender that repeats a request whose answer it
 * did not get says so with the header Idempotency-Key, or an `id` in each alert: what was stored is then not stored again.
 */
export function alertRoutes(behind: () => Behind | null, whyNot: () => string): Routes {
  return (server) => {
    server.post('/v1/alerts', { bodyLimit: BODY_BYTES }, async (request, reply) => {
      const program = behind()
      if (program === null) return notReady(reply, whyNot())
      const retry = RetryKey.safeParse(request.headers['idempotency-key'])
      const { alerts, problems } = read(request.body, program.rules())
      const wrong = [
        ...strangers(request.query as object),
        ...(retry.success ? [] : [{ pointer: '#', detail: `the header Idempotency-Key ${RETRY}` }]),
        ...problems,
      ]
      if (wrong.length > 0 || !retry.success)
        return problem(reply, 400, 'Bad request', `Nothing was stored: ${inWords(wrong)}`, wrong)
      const came = alerts.map((alert) => cameOf(alert, retry.data))
      const taken = await takeIn(program, 'alerts', came)
      if (taken === 'failed') return notStored(reply)
      if ('waitS' in taken) return overQuota(reply, taken)
      return reply.code(202).send({ accepted: taken.ids.length, ids: taken.ids })
    })
  }
}

const RETRY = `must be at most ${NAME} characters on one line`
const RetryKey = z
  .string()
  .min(1)
  .max(NAME)
  .regex(/^[^\p{Cc}]+$/u)
  .optional()

/** A text that must be there; what it must be in words. */
const text = (what: string) =>
  z.string({ error: ({ input }) => `${input === undefined ? 'is missing: it must be' : 'must be'} ${what}` })

const name = (what: string) =>
  text(what)
    .trim()
    .min(1, 'is empty')
    .max(NAME, `must have at most ${NAME} characters`)
    .regex(/^[^\p{Cc}]*$/u, 'must not have control characters in it')

const oneOf = <const T extends string>(...words: readonly T[]) =>
  z.enum(words, {
    error: ({ input }) => `${input === undefined ? 'is missing: it must be' : 'must be'} one of ${words.join(', ')}`,
  })

const common = {
  key: name('what names it within the service'),
  service: name('the name of a service'),
  status: oneOf('firing', 'resolved'),
  details: z.unknown().optional(),
  id: name('what names this message').optional(),
}
const severity = oneOf(...Severity.options)
const summary = text('what is wrong, in a sentence').trim().min(1, 'is empty')

const Firing = z.strictObject({ ...common, severity, summary })
/** Who says that it is over need not say again how bad it was. */
const Resolved = z.strictObject({ ...common, severity: severity.optional(), summary: summary.optional() })
type Alert = z.infer<typeof Firing> | z.infer<typeof Resolved>

/** The alerts of a body, or everything that is wrong with them. */
function read(body: unknown, rules: Rules): { alerts: Alert[]; problems: Wrong[] } {
  const listed = Array.isArray(body)
  const given: unknown[] = listed ? body : [body]
  const problems: Wrong[] = []
  if (given.length === 0) problems.push({ pointer: '#', detail: 'is an empty list: it must hold an alert' })
  if (given.length > GROUP) {
    problems.push({ pointer: '#', detail: `is a list of ${given.length} alerts: send at most ${GROUP} at once` })
    return { alerts: [], problems }
  }
  const alerts = given.flatMap((each, index): Alert[] => {
    const path = listed ? [index] : []
    if (typeof each !== 'object' || each === null || Array.isArray(each)) {
      problems.push({ pointer: pointer(path), detail: 'must be an alert, {"key": …, "service": …, "status": …}' })
      return []
    }
    const parsed = ('status' in each && each.status === 'resolved' ? Resolved : Firing).safeParse(each)
    if (!parsed.success) problems.push(...parsed.error.issues.flatMap((issue) => wrongs(issue, path)))
    problems.push(...unknownService(each, rules, path))
    return parsed.success ? [parsed.data] : []
  })
  return { alerts, problems }
}

function wrongs(issue: z.core.$ZodIssue, path: PropertyKey[]): Wrong[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.slice(0, MOST_WRONG).map((key) => ({
      pointer: pointer([...path, key.slice(0, NAME)]),
      detail: `is not a key of an alert: those are ${Object.keys(Firing.shape).join(', ')}`,
    }))
  return [{ pointer: pointer([...path, ...issue.path]), detail: issue.message }]
}

/** Found beside everything else that is wrong. What is no name at all has been said already. */
function unknownService(alert: object, rules: Rules, path: PropertyKey[]): Wrong[] {
  const service = 'service' in alert && typeof alert.service === 'string' ? alert.service.trim() : ''
  if (service === '' || under(rules.services, service)) return []
  const all = Object.keys(rules.services)
  const more = all.length > SERVICES_NAMED ? `, and ${all.length - SERVICES_NAMED} more` : ''
  const known = all.length === 0 ? 'the configuration has none' : `there are ${all.slice(0, SERVICES_NAMED).join(', ')}`
  return [{ pointer: pointer([...path, 'service']), detail: `is no service of the configuration: ${known}${more}` }]
}

/** Nothing is given in the address: what somebody expects there to have an effect must not have none. */
const strangers = (query: object): Wrong[] =>
  Object.keys(query).map((key) => ({
    pointer: '#',
    detail: `the parameter ${JSON.stringify(key.slice(0, 40))} is none of this address, which has none`,
  }))

/** A JSON pointer as a fragment. */
const pointer = (path: readonly PropertyKey[]) =>
  `#${path.map((segment) => `/${encodeURIComponent(String(segment).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')}`

const inWords = (wrong: readonly Wrong[]): string => {
  const [first] = wrong
  if (!first) return ''
  const where = first.pointer === '#' ? '' : `${decodeURIComponent(first.pointer.slice(2))} `
  return `${where}${first.detail}${wrong.length > 1 ? `, and ${wrong.length - 1} more` : ''}.`
}

const cameOf = (alert: Alert, retryKey: string | undefined): Came => ({
  said: alert,
  labels: { ...labelsOf(alert.details), service: alert.service, key: alert.key, severity: alert.severity ?? '' },
  names: [eventKey(alert, retryKey)],
})

/**
 * An alert has no name of its own: sent again it is one more of the same alert. Where its sender names it, the same under the same name is
 * the same; something else under that name is stored all the same, because what is lost pages nobody.
 */
function eventKey(alert: Alert, retryKey: string | undefined): string {
  const named = alert.id ?? retryKey
  if (named === undefined) return randomUUID()
  return `${named}/${hash('sha256', canonical(alert), 'base64url')}`
}
