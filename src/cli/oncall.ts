import { DateTime } from 'luxon'
import { formatProblem, loadConfig } from '../config.ts'
import { segments } from '../domain/duty/schedule.ts'
import type { Rules } from '../domain/rules.ts'
import { rotaFrom } from '../store/rota.ts'
import { ifStored } from './configured.ts'
import { sentenceOf } from './reach-store.ts'

interface Output {
  write(text: string): unknown
}

interface Options {
  from?: string
  to?: string
  schedule?: string
  config?: string
  json?: boolean
  /** The configuration alone. */
  planned?: boolean
}

/** A longer stretch is refused: it would be a book. */
const LONGEST_MS = 2 * 366 * 86_400_000
const WEEK_MS = 7 * 86_400_000

/**
 * `watchbill oncall`: who is on duty, as segments `{start, end, people}` (with `schedule` when none was asked for), gaps left out. What was
 * changed by hand is in the store of the bot, whether that runs or not.
 *
 * @returns the exit code: 0 fine, 2 cannot answer
 */
export async function oncall(
  options: Options,
  io: { env: Record<string, string | undefined>; stdout: Output; stderr: Output; now: number },
): Promise<number> {
  const fail = (...sentences: string[]) => {
    for (const sentence of sentences) io.stderr.write(`${sentence}\n`)
    return 2
  }
  const config = await loadConfig(options.config ?? io.env.WATCHBILL_CONFIG ?? './watchbill.yaml', io.env)
  if ('problems' in config) return fail(...config.problems.map(formatProblem))
  let stood: Rules
  try {
    stood = options.planned ? config.rules : await asStood(config.rules, io.env)
  } catch (error) {
    const sentence = sentenceOf(error, 'What was changed by hand could not be read')
    return fail(sentence, '--planned shows the configuration alone, without what was changed by hand.')
  }
  const { schedules, zone } = stood
  const wanted = options.schedule === undefined ? Object.values(schedules) : [schedules[options.schedule]]
  const shown = wanted.filter((each) => each !== undefined)
  if (shown.length < wanted.length)
    return fail(`There is no schedule ${options.schedule}. Schedules: ${Object.keys(schedules).join(', ')}.`)

  // What they say is in the store: without it the answer is not the whole truth, and says so.
  for (const { name, imported } of shown)
    if (imported?.every(({ spans }) => spans.length === 0))
      io.stderr.write(`Schedule ${name} has layers from calendars, and nothing is known of them here.\n`)

  const fromAt = options.from === undefined ? io.now : instant(options.from, zone)
  const toAt = options.to === undefined ? (fromAt ?? io.now) + WEEK_MS : instant(options.to, zone)
  if (fromAt === null || toAt === null)
    return fail(
      `${fromAt === null ? '--from' : '--to'} is no time: write it like 2026-11-22T08:00 (in ${zone}) or with an offset.`,
    )
  if (toAt <= fromAt) return fail('--to must be after --from.')
  if (toAt - fromAt > LONGEST_MS) return fail('That is more than two years: ask for less at a time.')

  const rows = shown.flatMap((schedule) =>
    segments(schedule, fromAt, toAt).map(({ startAt, endAt, people }) => ({
      ...(options.schedule === undefined ? { schedule: schedule.name } : {}),
      start: iso(startAt, schedule.zone),
      end: iso(endAt, schedule.zone),
      people,
    })),
  )
  if (options.json) io.stdout.write(`${JSON.stringify(rows)}\n`)
  else
    for (const row of rows)
      io.stdout.write(
        `${'schedule' in row ? `${row.schedule}  ` : ''}${row.start}  ${row.end}  ${row.people.join(', ')}\n`,
      )
  return 0
}

/** With what the store knows beside the configuration; where there is no store, nothing was ever changed by hand. */
const asStood = async (rules: Rules, given: Record<string, string | undefined>): Promise<Rules> =>
  (await ifStored(given, (store) => rotaFrom(store, rules))) ?? rules

const iso = (at: number, zone: string) => DateTime.fromMillis(at, { zone }).toISO({ suppressMilliseconds: true }) ?? ''

function instant(text: string, zone: string): number | null {
  const time = DateTime.fromISO(text, { zone })
  return time.isValid ? time.toMillis() : null
}
