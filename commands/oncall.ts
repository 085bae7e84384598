import { DateTime } from 'luxon'
import { dutyAt, nextChange, shiftAround } from '../src/domain/duty/schedule.ts'
import type { Schedule } from '../src/domain/duty/schedule-types.ts'
import { under } from '../src/domain/rules.ts'
import { UserError } from '../src/errors.ts'
import { code, cut, list, typed, when } from '../src/slack/text.ts'
import { answer, person, type Voice } from '../src/slack/words.ts'
import { act, type Command, help, only, split, voice } from './command.ts'
import { calendar, calendarUsage } from './oncall/calendar.ts'

export const oncall: Command = {
  name: '/oncall',
  summary: 'who has the watch, until when, and who is next.',
  usage: [
    ['', 'every schedule, now'],
    ['SCHEDULE', 'one schedule, now'],
    ['[SCHEDULE] at TIME', 'at another time: `14:00`, `tomorrow 08:00`, `2026-12-24 18:00`, `in 2h`'],
    ...calendarUsage,
    ['help', 'this'],
  ],
  async run(ask) {
    const [word, rest] = split(ask.text)
    if (word.toLowerCase() === 'help') return help(oncall)
    if (word.toLowerCase() === 'calendar') return calendar(ask, rest)
    if (word.toLowerCase() === 'relieve')
      return act(ask, { type: 'confirm', by: ask.by(), schedule: rest.trim() }, answer)
    const { schedules, zone } = ask.rota
    const named = word !== '' && word.toLowerCase() !== 'at'
    const schedule = under(schedules, word.toLowerCase())
    if (named && !schedule)
      throw new UserError(
        'unknown-schedule',
        `There is no schedule ${code(cut(typed(word), 100))}. Schedules: ${list(Object.keys(schedules).map(code))}.`,
      )
    const time = (named ? rest : ask.text).trim()
    const at = time === '' ? ask.now : timeOf(time, schedule?.zone ?? zone, ask.now)
    const shown = schedule ? [schedule] : Object.values(schedules)
    const head =
      at === ask.now
        ? ''
        : `*At ${when(at, zone, '{date_short_pretty} {time}')}* (${inZone(at, schedule?.zone ?? zone)})\n`
    return only(head + shown.map((each) => watch(voice(ask), each, at)).join('\n\n'))
  },
}

const inZone = (at: number, zone: string) => DateTime.fromMillis(at, { zone }).toFormat("ccc d LLL yyyy HH:mm 'in' z")

/** Who is on duty, since when, until when, and who then. */
function watch(voice: Voice, schedule: Schedule, at: number): string {
  const day = (instant: number) => when(instant, schedule.zone, '{date_short_pretty} {time}')
  const { people, sinceAt, untilAt } = shiftAround(schedule, at)
  const since = sinceAt === null ? '' : ` since ${day(sinceAt)}`
  const until = untilAt === null ? '' : `, until ${day(untilAt)}`
  const now =
    people.length === 0
      ? `:ghost: *nobody*${since}${until}. Pages go to the next step of the policy at once.`
      : `${list(people.map((name) => person(voice, name)))}${since}${until}`
  const change = nextChange(schedule, at)
  const next = change ? dutyAt(schedule, change.at) : []
  const then = change
    ? `\n        then ${next.length === 0 ? ':ghost: *nobody*' : list(next.map((name) => person(voice, name)))}`
    : ''
  return `*${schedule.name}*: ${now}${then}`
}

/** A time as people write it, in the schedule's zone unless it says an offset. */
function timeOf(text: string, zone: string, now: number): number {
  const words = text.replace(/^at\s+/i, '').trim()
  const span = /^(?:in\s+)?(\d+)\s*(m|min|h|d|w)$/i.exec(words)
  if (span) return within(now + Number(span[1]) * (SPAN_MS[span[2]?.toLowerCase() ?? ''] ?? 0), now)
  const today = DateTime.fromMillis(now, { zone })
  const clock = /^(?:(today|tomorrow)\s+)?(\d{1,2}):(\d{2})$/i.exec(words)
  if (clock) {
    const [, day, hour, minute] = clock
    const base = today.plus({ days: day?.toLowerCase() === 'tomorrow' ? 1 : 0 })
    const time = base.set({ hour: Number(hour), minute: Number(minute), second: 0, millisecond: 0 })
    if (time.isValid && Number(hour) < 24 && Number(minute) < 60) return time.toMillis()
  }
  const iso = DateTime.fromISO(words.replace(/^(\d{4}-\d\d-\d\d)\s+/, '$1T'), { zone })
  if (iso.isValid) return within(iso.toMillis(), now)
  throw new UserError(
    'bad-time',
    `${code(cut(typed(words), 100))} is no time that I understand. Try \`at 14:00\`, \`at tomorrow 08:00\`, \`at 2026-12-24 18:00\` (in ${zone}) or \`at in 2h\`.`,
  )
}

/** A rota says little about further away, and a calendar ends somewhere. */
const FURTHEST_MS = 10 * 366 * 86_400_000

function within(at: number, now: number): number {
  if (Math.abs(at - now) <= FURTHEST_MS) return at
  throw new UserError('bad-time', 'That is more than ten years away; rotas are shown for the ten years around today.')
}

const SPAN_MS: Record<string, number> = { m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
