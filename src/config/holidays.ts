import { z } from 'zod'
import type { Holidays } from '../domain/duty/holidays.ts'
import { parseWall } from '../domain/duty/time.ts'
import { either } from './either.ts'
import { leaf, listOf, mustBe, ok, type Read } from './leaf.ts'
import type { Context } from './names.ts'
import { url } from './targets.ts'

/** Days on which people do what they do on a Sunday: of rates, what is usual then. */

const MOST_HOLIDAYS = 1_000

const DATE = 'a date such as 2026-04-06, 12-25 for each year, or { calendar: URL }'
/** Any leap year: 29 February exists in some years. */
const SOME_YEAR = '2024-'

const date = leaf(DATE, (value): Read<string> => {
  if (typeof value !== 'string' || !WRITTEN.test(value)) return mustBe(DATE)
  return isHolidayDate(value) ? ok(value) : { wrong: 'is {it}, a date that does not exist' }
})

const WRITTEN = /^(?:\d{4}-)?\d\d-\d\d$/

/** Whether it is a date, of one year or (`12-25`) of each. */
export const isHolidayDate = (value: string): boolean =>
  WRITTEN.test(value) && !Number.isNaN(parseWall(`${value.length > 5 ? value : `${SOME_YEAR}${value}`}T00:00`))

export const holidaysShape = (context: Context) =>
  listOf(
    either(date, z.strictObject({ calendar: url(context.network) }), () => true),
    MOST_HOLIDAYS,
  ).superRefine((all, refinement) => {
    const second = all.findLastIndex((each) => typeof each !== 'string')
    if (second === all.findIndex((each) => typeof each !== 'string')) return
    refinement.addIssue({ code: 'custom', path: [second], message: 'is a second calendar: one can be read' })
  })

export const toHolidays = (all: z.infer<ReturnType<typeof holidaysShape>> | undefined): Holidays => ({
  dates: (all ?? []).filter((each) => typeof each === 'string'),
  calendar: (all ?? []).find((each) => typeof each !== 'string')?.calendar ?? null,
})
