import { z } from 'zod'
import type { CallOut, Request } from '../deps.ts'
import type { FreezePeriod } from '../domain/deploy/freezes.ts'
import { parsedJson } from '../json.ts'
import { errorOf } from './answer.ts'

/** A project, and how it is spoken to. */
export interface Project {
  url: string
  project: string
  token: string
  allowPrivate: readonly string[]
}

/** `sure`: it certainly did not happen, and will not as long as nobody changes something. Why not is a sentence without its subject. */
export type Kept<T> = { ok: true; value: T } | { ok: false; sure: boolean; why: string }

const Listed = z.array(
  z.object({ id: z.int(), freeze_start: z.string(), freeze_end: z.string(), cron_timezone: z.string() }),
)
export type ListedFreeze = z.infer<typeof Listed>[number]

const ZONE = 'UTC'
const PAGE = 100
/** Nobody has more of them, and a list that never ends is none. */
const MOST_PAGES = 10

/** Whether a freeze period of the project is this one. */
export const isPeriod = (listed: ListedFreeze, { starts, ends }: FreezePeriod) =>
  listed.freeze_start === starts && listed.freeze_end === ends && listed.cron_timezone === ZONE

/** All of the project, whoever made them. */
export async function listFreezes(call: CallOut, project: Project): Promise<Kept<ListedFreeze[]>> {
  const all: ListedFreeze[] = []
  for (let page = 1; page <= MOST_PAGES; page++) {
    const answer = await ask(call, project, 'GET', `?per_page=${PAGE}&page=${page}`, null)
    if (!answer.ok) return answer
    const read = Listed.safeParse(answer.value)
    if (!read.success) return { ok: false, sure: false, why: 'answered with no list of freeze periods' }
    all.push(...read.data)
    if (read.data.length < PAGE) return { ok: true, value: all }
  }
  return { ok: false, sure: true, why: `has more than ${MOST_PAGES * PAGE} freeze periods` }
}

/** @returns its id */
export async function createFreeze(
  call: CallOut,
  project: Project,
  { starts, ends }: FreezePeriod,
): Promise<Kept<number>> {
  const body = { freeze_start: starts, freeze_end: ends, cron_timezone: ZONE }
  const answer = await ask(call, project, 'POST', '', body)
  if (!answer.ok) return answer
  const read = z.object({ id: z.int() }).safeParse(answer.value)
  return read.success
    ? { ok: true, value: read.data.id }
    : { ok: false, sure: false, why: 'answered without the id of a freeze period' }
}

/** One that is not there any more is as good as deleted. */
export async function deleteFreeze(call: CallOut, project: Project, id: number): Promise<Kept<null>> {
  const answer = await ask(call, project, 'DELETE', `/${id}`, null, [404])
  return answer.ok ? { ok: true, value: null } : answer
}

/** GitLab answers with 404 to whoever may not know that there is such a project. */
const MAY_NOT = ". The token has to be a maintainer's of that project, with the scope api"

async function ask(
  call: CallOut,
  { url, project, token, allowPrivate }: Project,
  method: NonNullable<Request['method']>,
  path: string,
  body: object | null,
  fine: readonly number[] = [],
): Promise<Kept<unknown>> {
  const address = `${url}/api/v4/projects/${encodeURIComponent(project)}/freeze_periods${path}`
  const headers = { 'private-token': token, ...(body && { 'content-type': 'application/json' }) }
  const answer = await call({ method, url: address, headers, body: body && JSON.stringify(body) }, allowPrivate)
  if (answer.came === 'unsent') return { ok: false, sure: false, why: `cannot be reached: ${answer.why}` }
  if (answer.came === 'nothing') return { ok: false, sure: false, why: `gave ${answer.why}` }
  const { status } = answer
  if ((status >= 200 && status < 300) || fine.includes(status)) return { ok: true, value: parsedJson(answer.text) }
  const sure = status < 500 && status !== 408 && status !== 429
  const hint = status === 401 || status === 403 || status === 404 ? MAY_NOT : ''
  return { ok: false, sure, why: `answered ${errorOf(answer)}${hint}` }
}
