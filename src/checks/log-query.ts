import { hash } from 'node:crypto'
import type { AskLog } from '../deps.ts'
import type { FoundLine, LogAnswer, Span } from '../domain/detect/log-query.ts'
import type { LogQuery } from '../domain/rules.ts'
import { askJson, type Json, type Question } from './ask-json.ts'
import { elasticsearch } from './elasticsearch.ts'
import { loki } from './loki.ts'

/** So many lines are fetched, the newest; fewer, where so many are too large. The rest is only counted. */
const PAGES = [1_000, 100, 10]

/** Of a longer line only the beginning is taken, as of one in a file. */
const LINE = 64 * 1024

/** What came of asking for a page; `total`: how many lines there are, null: as many as came. */
type Page =
  | { ok: true; lines: Found[]; total: number | null; why: string | null }
  | { ok: false; why: string; isTooLarge?: true }

/** A line as it was found; `key` is the same whenever it is. */
export interface Found {
  key: string
  text: string
  at: number
}

/** How one kind of place is asked for the newest lines of a span, at most so many. */
export type Ask<K extends LogQuery['kind']> = (
  query: Extract<LogQuery, { kind: K }>,
  span: Span,
  most: number,
  ask: (question: Omit<Question, 'headers'>) => Promise<Json>,
) => Promise<Page>

const NAMES: Record<LogQuery['kind'], string> = { loki: 'Loki', elasticsearch: 'Elasticsearch' }

export const askLog: AskLog = async (query, span, allowPrivate) => {
  // One deadline over all of it.
  const signal = AbortSignal.timeout(query.timeoutMs)
  const ask = (question: Omit<Question, 'headers'>) =>
    askJson({ ...question, headers: query.headers }, { allowPrivate, signal, timeoutMs: query.timeoutMs })
  const page = (most: number) =>
    query.kind === 'loki' ? loki(query, span, most, ask) : elasticsearch(query, span, most, ask)
  let answer: Page = { ok: false, why: 'was not asked' }
  for (const most of PAGES) {
    answer = await page(most)
    if (answer.ok || !answer.isTooLarge) break
  }
  return inFull(answer, NAMES[query.kind])
}

function inFull(page: Page, name: string): LogAnswer {
  if (!page.ok) return { why: `${name} ${page.why}`, lines: [], more: 0 }
  return {
    why: page.why === null ? null : `${name} ${page.why}`,
    lines: page.lines.map(lineOf),
    more: Math.max(0, (page.total ?? 0) - page.lines.length),
  }
}

const lineOf = ({ key, text, at }: Found): FoundLine => ({
  ...{ id: hash('sha256', key, 'base64url').slice(0, 16), at },
  ...{ text: text.slice(0, LINE), cut: text.length > LINE },
})
