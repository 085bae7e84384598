import { dutyAt, segments } from '../../src/domain/duty/schedule.ts'
import type { Schedule } from '../../src/domain/duty/schedule-types.ts'
import { DAY_MS, startOfDay, toInstant, toWall, WEEK_MS, weekdayOf } from '../../src/domain/duty/time.ts'
import { UserError } from '../../src/errors.ts'
import { type CellLine, tableBlock } from '../../src/slack/roster-blocks.ts'
import { clock, code, cut, list, monthName, typed } from '../../src/slack/text.ts'
import { type Ask, only, type Reply, split } from '../command.ts'
import { monthIn } from '../dates.ts'
import { askersZone, scheduleNamed, scheduleOf } from './names.ts'

const HEAD = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** `month [schedule] [MONTH]`: weeks as rows, each day with who comes on when. */
export async function month(ask: Ask, text: string): Promise<Reply> {
  const rules = ask.rota
  const [word, more] = split(text)
  const named = scheduleOf(rules, word)
  const all = Object.values(rules.schedules)
  const zone = await askersZone(ask)
  const today = startOfDay(toWall(ask.now, zone))
  const which = (named ? more : text).trim().toLowerCase()
  const span = monthIn(which, today)
  // A word that is no month is a schedule that is not there.
  if (!span && !named && word !== '' && !monthIn(word.toLowerCase(), today)) scheduleNamed(rules, word)
  if (!span)
    throw new UserError(
      'bad-time',
      `${code(cut(typed(which), 100))} is no month that I understand. Type \`/oncall month dec\`, \`next\`, or \`2026-12\`.`,
    )
  const schedule = named ?? all[0]
  if (!schedule || (!named && all.length > 1))
    throw new UserError(
      'which-schedule',
      `The month of which schedule? Type ${list(all.map(({ name }) => code(`/oncall month ${name}`)))}.`,
    )
  const title = `*${schedule.name}*, ${monthName(span.from)} (${zone}): who comes on when`
  return {
    ...only(title),
    more: [
      tableBlock(
        [HEAD, ...weeks(schedule, span, zone, today)],
        HEAD.map(() => 'left'),
      ),
    ],
  }
}

function weeks(
  schedule: Schedule,
  { from, to }: { from: number; to: number },
  zone: string,
  today: number,
): CellLine[][][] {
  const rows: CellLine[][][] = []
  for (let monday = from - weekdayOf(from) * DAY_MS; monday < to; monday += WEEK_MS)
    rows.push(
      HEAD.map((_, n) => {
        const day = monday + n * DAY_MS
        return day < from || day >= to ? [] : dayCell(schedule, day, zone, day === today)
      }),
    )
  return rows
}

/** The day, and each change of it (whole hours in short, so that a week fits a message); a day without any says who goes on. */
function dayCell(schedule: Schedule, day: number, zone: string, isToday: boolean): CellLine[] {
  const [fromAt, toAt] = [toInstant(day, zone), toInstant(day + DAY_MS, zone)]
  const number = String(new Date(day).getUTCDate())
  const stood = segments(schedule, fromAt - 1, toAt)
  const begun = stood.filter(({ startAt }) => startAt >= fromAt)
  // Where one ends and nobody follows.
  const ended = stood.filter(
    ({ endAt }) => endAt >= fromAt && endAt < toAt && !stood.some((next) => next.startAt === endAt),
  )
  const changes = [
    ...begun.map(({ startAt, people }) => ({ at: startAt, text: people.join(', ') })),
    ...ended.map(({ endAt }) => ({ at: endAt, text: '⚠ nobody' })),
  ].sort((a, b) => a.at - b.at)
  const still = dutyAt(schedule, fromAt)
  const goesOn = changes.length > 0 ? [] : [still.length > 0 ? `…\u00a0${still.join(', ')}` : '⚠ nobody']
  return [
    { text: isToday ? `${number} · today` : number, bold: true },
    ...changes.map(({ at, text }) => ({ text: `${clock(at, zone).replace(/:00$/, 'h')}\u00a0${text}` })),
    ...goesOn.map((text) => ({ text })),
  ]
}
