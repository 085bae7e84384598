import type { HttpExpectation, HttpProbe } from '../domain/rules.ts'
import { parsedJson } from '../json.ts'
import { BODY_BYTES, type Body } from './body.ts'
import type { Around } from './look.ts'
import { matches } from './pattern.ts'

/**
 * What an answer must say, against what it says. Sentences repeat what the configuration expects, never what came instead: that may
 * hold secrets, and this goes to Slack.
 */

/** What is asked, and where. */
export interface Question {
  url: URL
  method: HttpProbe['method']
  /** All but the host and the length of the body. */
  headers: Record<string, string>
  body: string | null
}

/** What was answered, up to its body. */
export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  /** As it comes; to be read once, or not at all. */
  body: AsyncIterable<Uint8Array>
  /** Ends the connection, and with it what of the body nobody read. */
  close(): void
}

/** Whether anybody asks about the body: otherwise it is not read. */
export const asksForBody = ({ bodyContains, bodyLacks, bodyMatches, json }: HttpExpectation) =>
  bodyContains !== null || bodyLacks !== null || bodyMatches !== null || json.length > 0

/** Why a status is not the expected one, null when it is. */
export function wrongStatus({ status }: HttpExpectation, came: number): string | null {
  if (status.length === 0) return came >= 200 && came <= 299 ? null : 'expected 2xx'
  return status.includes(came) ? null : `expected ${status.join(' or ')}`
}

/** Why the headers are not as expected, null when they are. */
export function wrongHeaders(
  { headers }: HttpExpectation,
  came: Record<string, string | string[] | undefined>,
): string | null {
  for (const [name, wanted] of Object.entries(headers)) {
    const value = Object.hasOwn(came, name) ? came[name] : undefined
    if (value === undefined) return `there is no header ${name}`
    if (![value].flat().some((each) => each.includes(wanted))) return `the header ${name} does not contain "${wanted}"`
  }
  return null
}

/** Why the body is not as expected, null when it is. */
export async function wrongBody(
  { bodyContains, bodyLacks, bodyMatches, json }: HttpExpectation,
  body: Body,
  { signal, enter }: Around,
): Promise<string | null> {
  const { text } = body
  if (bodyContains !== null && !text.includes(bodyContains)) return `the body does not contain "${bodyContains}"`
  if (bodyLacks !== null && text.includes(bodyLacks)) return `the body contains "${bodyLacks}"`
  if (bodyMatches !== null) {
    enter('pattern')
    if (!(await matches(bodyMatches, text, signal))) return `the body does not match ${bodyMatches}`
  }
  return json.length > 0 ? wrongJson(json, body) : null
}

function wrongJson(expected: HttpExpectation['json'], { text, cut }: Body): string | null {
  if (cut) return `the body has more than ${BODY_BYTES / 1024} kB, too much to be read as JSON`
  const document = parsedJson(text)
  if (document === undefined) return 'the body is no JSON'
  for (const { pointer, equals } of expected) {
    const value = at(document, pointer)
    const where = pointer === '' ? 'the JSON of the body' : `${pointer} in the JSON of the body`
    if (value === undefined) return `there is no ${where}`
    if (value !== equals) return `${where} is not ${JSON.stringify(equals)}`
  }
  return null
}

/** What a JSON pointer (RFC 6901) leads to, undefined when there is nothing. */
export function at(document: unknown, pointer: string): unknown {
  const names = pointer.split('/').slice(1)
  return names.reduce<unknown>((around, escaped) => {
    const name = escaped.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof around !== 'object' || around === null) return undefined
    if (Array.isArray(around) && !/^(0|[1-9]\d*)$/.test(name)) return undefined
    return Object.hasOwn(around, name) ? (around as Record<string, unknown>)[name] : undefined
  }, document)
}
