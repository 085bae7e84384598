import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { RateSample } from '../domain/detect/rate-state.ts'

/** What a CSV of `time,value` holds, and the lines that hold nothing. */
interface SeriesFile {
  samples: RateSample[]
  /** In words, with line numbers; no more than {@link MOST_TOLD}. */
  problems: string[]
  /** How many lines could not be read, told or not. */
  bad: number
}

const MOST_TOLD = 20

/** Two years of a sample every 15 s; beyond it somebody has mistaken the file. */
const MOST_LINES = 5_000_000

/** Numbers above are milliseconds: seconds come there in the year 5138. */
const SECONDS_BELOW = 1e11

/**
 * Reads `time,value` line by line. Times are ISO 8601 (UTC where nothing else is said) or seconds or milliseconds since 1970; an empty
 * value is a sample that did not come; a first line of names is passed over. Semicolons and tabs separate as well.
 *
 * @throws what the file system says when the file cannot be read
 */
export async function readSeries(path: string): Promise<SeriesFile> {
  const samples: RateSample[] = []
  const problems: string[] = []
  let bad = 0
  let line = 0
  const complain = (what: string) => {
    bad++
    if (problems.length < MOST_TOLD) problems.push(`${path}:${line}: ${what}`)
  }
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    line++
    if (line > MOST_LINES) {
      complain(`only the first ${MOST_LINES} lines are read`)
      break
    }
    const row = text.replace(/^\uFEFF/, '').trim()
    if (row === '') continue
    const [time = '', value, ...more] = row.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))
    const at = instantOf(time)
    const count = value === undefined || more.length > 0 ? Number.NaN : countOf(value)
    if (line === 1 && Number.isNaN(at)) continue
    const last = samples.at(-1)
    if (value === undefined || more.length > 0) complain(`"${shown(row)}" is not time,value`)
    else if (Number.isNaN(at)) complain(`"${shown(time)}" is no time: ISO 8601, or seconds since 1970`)
    else if (Number.isNaN(count)) complain(`"${shown(value)}" is no number; leave it empty where no sample came`)
    else if (count !== null && count < 0) complain(`${value} is below zero: counts are not`)
    else if (last && at <= last.at)
      complain(`${time} is ${at === last.at ? 'there twice' : 'earlier than the line before'}`)
    else samples.push({ at, value: count })
  }
  return { samples, problems, bad }
}

const shown = (text: string) => (text.length > 60 ? `${text.slice(0, 60)}…` : text)

function countOf(text: string): number | null {
  if (text === '' || text.toLowerCase() === 'null') return null
  const value = Number(text)
  return Number.isFinite(value) ? value : Number.NaN
}

function instantOf(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) {
    const number = Number(text)
    return number < SECONDS_BELOW ? Math.round(number * 1_000) : number
  }
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return Number.NaN
  const iso = text.replace(' ', 'T')
  return Date.parse(/(Z|[+-]\d{2}:?\d{2})$/i.test(iso) || !iso.includes('T') ? iso : `${iso}Z`)
}
