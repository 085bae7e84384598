import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Line } from '../domain/detect/log-state.ts'
import { isPushed, type Rules, under } from '../domain/rules.ts'
import { parsedJson } from '../json.ts'
import { instant } from './instant.ts'
import { MOST_WRONG, notReady, notStored, problem, type Wrong } from './problem.ts'
import type { Routes } from './server.ts'

/** Shippers send again what was refused, in smaller pieces; more at once is held up by nobody's log. */
const BODY_BYTES = 1_000_000
const MOST_LINES = 10_000

/** Of a longer line only the beginning is taken, as of one in a file. */
const LINE = 64 * 1024

/** What the route needs of the program; null while it starts. */
export interface Behind {
  rules(): Rules
  /** Takes lines of a monitor, all or none; resolves once what they mean is committed. Rejects when the store does not take it. */
  takeLines(monitor: string, lines: readonly Line[]): Promise<void>
}

/**
 * `POST /v1/logs/:monitor`: lines of text, or with a JSON content type one `{"line": …, "at"?: …}` on each line (or a list of them).
 * Answered 202 `{accepted}` once what they mean is stored. A shipper that got no answer sends them again: the alarm is the same one.
 */
export function logRoutes(behind: () => Behind | null, whyNot: () => string): Routes {
  return (server) => {
    server.register(async (scope) => {
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_BYTES }, (_, body, done) => done(null, body))
      scope.post('/v1/logs/:monitor', { bodyLimit: BODY_BYTES }, (request, reply) =>
        take(behind(), whyNot, request, reply),
      )
    })
  }
}

async function take(
  program: Behind | null,
  whyNot: () => string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (program === null) return notReady(reply, whyNot())
  const { monitor: name } = request.params as { monitor: string }
  const monitor = under(program.rules().monitors, name)
  if (monitor?.kind !== 'log' || !isPushed(monitor))
    return problem(
      reply,
      404,
      'Not found',
      `There is no monitor ${JSON.stringify(name.slice(0, 60))} whose lines are pushed: the configuration must have one with log: { push: true }.`,
    )
  const text = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : ''
  const { lines, problems } = isJson(request.headers['content-type']) ? jsonLines(text) : textLines(text)
  if (lines.length + problems.length > MOST_LINES)
    return problem(reply, 413, 'Too many lines', `Nothing was stored: send at most ${MOST_LINES} lines at once.`)
  const [first] = problems
  if (first)
    return problem(
      reply,
      400,
      'Bad request',
      `Nothing was stored: ${first.pointer.slice(2)} ${first.detail}.`,
      problems,
    )
  if (lines.length === 0) return problem(reply, 400, 'Bad request', 'The body is empty: it must have a line in it.')
  try {
    await program.takeLines(name, lines)
    return reply.code(202).send({ accepted: lines.length })
  } catch {
    return notStored(reply)
  }
}

const isJson = (type: string | undefined) =>
  /^application\/(?:[\w.-]+\+)?(?:x-)?(?:json|ndjson|jsonl|json-seq)\b/i.test(type ?? '')

interface Found {
  lines: Line[]
  problems: Wrong[]
}

/** The line break at the end ends the last line, and begins none. */
const split = (text: string) => (text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/, MOST_LINES + 1))

const lineOf = (text: string, at: number | null): Line => ({ text: text.slice(0, LINE), cut: text.length > LINE, at })

const textLines = (text: string): Found => ({ lines: split(text).map((line) => lineOf(line, null)), problems: [] })

function jsonLines(text: string): Found {
  const found: Found = { lines: [], problems: [] }
  const wrong = (index: number, detail: string) => {
    if (found.problems.length < MOST_WRONG) found.problems.push({ pointer: `#/${index}`, detail })
  }
  const listed = text.trimStart().startsWith('[') ? parsedJson(text) : undefined
  const all = Array.isArray(listed)
    ? listed
    : split(text).flatMap((line) => (line.trim() === '' ? [] : [parsedJson(line)]))
  for (const [index, each] of all.slice(0, MOST_LINES + 1).entries()) {
    if (typeof each !== 'object' || each === null || !('line' in each) || typeof each.line !== 'string') {
      wrong(index, 'must be {"line": "…"}, with "at" beside it if it says when it was written')
      continue
    }
    const at = 'at' in each ? instant(each.at) : null
    if (at === undefined)
      wrong(index, 'has an "at" that is no instant: write 2026-11-23T07:00:00Z, or UTC milliseconds')
    else found.lines.push(lineOf(each.line, at))
  }
  return found
}
