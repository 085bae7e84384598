import { readFile } from 'node:fs/promises'
import { readApart } from '../calendar/apart.ts'
import { isHolidayDate } from '../config/holidays.ts'
import { holidaysAround } from '../domain/duty/holidays.ts'
import { DAY_MS } from '../domain/duty/time.ts'
import { messageOf } from '../errors.ts'

/** The time of a series, and the zone of the people behind it. */
interface Span {
  fromAt: number
  toAt: number
  zone: string
}

const YEAR_MS = 365 * DAY_MS

/**
 * Holidays as they are given on the command line: dates with commas between them (`12-25,2026-04-06`), or a file, of iCalendar or with a date
 * on each line.
 *
 * @returns the days, counted from 1 January 1970; or what is wrong, as a sentence
 */
export async function holidaysGiven(given: string, span: Span): Promise<ReadonlySet<number> | { wrong: string }> {
  const dates = given.split(',').map((each) => each.trim())
  if (dates.every(isHolidayDate)) return within({ dates, entries: [] }, span)
  // What has a dot or a slash was meant to be a file.
  const stray = dates.find((each) => !isHolidayDate(each))
  if (!/[./\\]/.test(given))
    return { wrong: `--holidays: "${stray}" is no date such as 2026-04-06, or 12-25 for each year, and no file.` }
  let text: string
  try {
    text = await readFile(given, 'utf8')
  } catch (error) {
    return { wrong: `--holidays ${given} cannot be read: ${messageOf(error)}` }
  }
  return /^\s*BEGIN:VCALENDAR/i.test(text) ? ofCalendar(given, text, span) : ofLines(given, text, span)
}

async function ofCalendar(path: string, text: string, { fromAt, toAt, zone }: Span) {
  const look = await readApart({ text, zone, fromAt: fromAt - DAY_MS, toAt: toAt + DAY_MS })
  if (!look.ok) return { wrong: `--holidays ${path} ${look.why}.` }
  return within({ dates: [], entries: look.occurrences }, { fromAt, toAt, zone })
}

function ofLines(path: string, text: string, span: Span) {
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim())
  const bad = lines.findIndex((line) => line !== '' && !isHolidayDate(line))
  if (bad >= 0)
    return {
      wrong: `--holidays ${path}:${bad + 1}: "${lines[bad]}" is no date such as 2026-04-06, or 12-25 for each year.`,
    }
  return within({ dates: lines.filter((line) => line !== ''), entries: [] }, span)
}

/** Of every year that the series touches. */
function within(
  { dates, entries }: { dates: string[]; entries: readonly { startAt: number; endAt: number }[] },
  { fromAt, toAt, zone }: Span,
): ReadonlySet<number> {
  const days = new Set<number>()
  for (let at = fromAt; at < toAt + YEAR_MS; at += YEAR_MS)
    for (const day of holidaysAround({ dates }, entries, zone, at)) days.add(day)
  return days
}
