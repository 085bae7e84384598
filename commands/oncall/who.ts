import { dutyAt, shiftAround } from '../../src/domain/duty/schedule.ts'
import type { Schedule } from '../../src/domain/duty/schedule-types.ts'
import type { Watch } from '../../src/domain/handover.ts'
import { fullTime, list, when } from '../../src/slack/text.ts'
import { person, type Voice } from '../../src/slack/words.ts'
import { readWatches } from '../../src/store/rota.ts'
import { type Ask, only, type Reply, split, voice } from '../command.ts'
import { parseTime } from '../times.ts'
import { askersZone, scheduleNamed } from './names.ts'

/** `[schedule] [at TIME]`: who has the watch. */
export async function who(ask: Ask): Promise<Reply> {
  const rules = ask.rota
  const [word, rest] = split(ask.text)
  const named = word !== '' && word.toLowerCase() !== 'at'
  const schedule = named ? scheduleNamed(rules, word) : null
  const time = (named ? rest : ask.text).trim()
  const shown = schedule ? [schedule] : Object.values(rules.schedules)
  if (time === '') {
    const { watches } = await readWatches(ask.deps.store.pool)
    const line = (each: Schedule) => `${watch(voice(ask), each, ask.now)}${notRelieved(voice(ask), each, watches)}`
    return only(shown.map(line).join('\n\n'))
  }
  const zone = await askersZone(ask)
  const at = parseTime(time.replace(/^at\s+/i, ''), { zone, now: ask.now })
  return only([head(at, zone, shown), ...shown.map((each) => watch(voice(ask), each, at))].join('\n\n'))
}

/** What was understood, in the asker's zone, and in the schedules' where their clocks differ. */
function head(at: number, zone: string, shown: readonly Schedule[]): string {
  const theirs = [...new Set(shown.map((each) => each.zone))].filter(
    (each) => fullTime(at, each) !== fullTime(at, zone),
  )
  const also = theirs.map((each) => `; ${fullTime(at, each)} in ${each}`).join('')
  return `*At ${fullTime(at, zone)}* (${zone}${also})`
}

/** Whoever went off duty and has the watch still, because nobody has taken it. */
function notRelieved(voice: Voice, { name, zone }: Schedule, watches: readonly Watch[]): string {
  const held = watches.find(({ schedule }) => schedule === name)?.holdovers ?? []
  const each = held.map(
    ({ person: who, untilAt }) => `${person(voice, who)} (until ${when(untilAt, zone)} at the latest)`,
  )
  return each.length === 0 ? '' : `\n        not relieved yet: ${list(each)}`
}

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
  const next = untilAt === null ? [] : dutyAt(schedule, untilAt)
  const then =
    untilAt === null
      ? ''
      : `\n        then ${next.length === 0 ? ':ghost: *nobody*' : list(next.map((name) => person(voice, name)))}`
  return `*${schedule.name}*: ${now}${then}`
}
