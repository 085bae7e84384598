import { shiftAround } from '../../src/domain/duty/schedule.ts'
import type { Schedule } from '../../src/domain/duty/schedule-types.ts'
import { taking } from '../../src/domain/duty/substitute.ts'
import { WEEK_MS } from '../../src/domain/duty/time.ts'
import type { Rules } from '../../src/domain/rules.ts'
import { UserError } from '../../src/errors.ts'
import { code, list } from '../../src/slack/text.ts'
import { type Ask, type Reply, split } from '../command.ts'
import { parseRange } from '../times.ts'
import { alsoOnDuty } from './cover.ts'
import { askersZone, scheduleNamed, scheduleOf, standsIn } from './names.ts'
import { effectsNow, instants, mustDiffer, propose } from './propose.ts'

/** A turn that goes on for longer has no end that anybody means. */
const TURN_MS = 2 * WEEK_MS

/** What begins a time, and so names no schedule. */
const WHEN =
  /^(?:\d.*|for|until|till|from|now|next|today|tonight|tomorrow|mon(day)?|tue(sday)?|wed(nesday)?|thu(rsday)?|fri(day)?|sat(urday)?|sun(day)?)$/i

/** `take [schedule] [for DURATION | until TIME]`: the asker has the watch from now on, alone. */
export async function take(ask: Ask, text: string): Promise<Reply> {
  const by = ask.by()
  const rules = ask.rota
  const [first, more] = split(text)
  const isTime = first === '' || WHEN.test(first)
  const named = scheduleOf(rules, first) ?? (isTime ? null : scheduleNamed(rules, first))
  const schedule = named ?? theirs(rules, by)
  const zone = await askersZone(ask)
  const rest = (named ? more : text).trim()
  const writer = { zone, now: ask.now }
  const { startAt, endAt } =
    rest === '' ? { startAt: ask.now, endAt: turnEnd(schedule, ask.now) } : parseRange(rest, writer)
  const pieces = taking(schedule, by, { startAt, endAt }).map((piece) => ({ schedule: schedule.name, ...piece }))
  const effects = effectsNow(ask, pieces)
  mustDiffer(
    effects,
    `You have the watch of ${code(schedule.name)} then already, or the configuration says who has it.`,
  )
  return propose(ask, {
    event: { type: 'override', by, kind: 'take', offeredTo: null, pieces },
    line: `take schedule/${schedule.name} ${instants(startAt, endAt)}`,
    effects,
    zone,
    remarks: alsoOnDuty(rules, by, pieces),
  })
}

/** The only schedule there is, or the only one that they stand in. */
function theirs(rules: Rules, by: string): Schedule {
  const all = Object.values(rules.schedules)
  const candidates = all.length === 1 ? all : standsIn(rules, by)
  const [schedule] = candidates
  if (schedule && candidates.length === 1) return schedule
  const choice = (candidates.length > 0 ? candidates : all).map(({ name }) => code(`/oncall take ${name}`))
  throw new UserError('which-schedule', `Which watch do you take? Nothing was changed. Type one of ${list(choice)}.`)
}

function turnEnd(schedule: Schedule, now: number): number {
  const { untilAt } = shiftAround(schedule, now, TURN_MS)
  if (untilAt !== null) return untilAt
  throw new UserError(
    'how-long',
    `The watch of ${code(schedule.name)} does not change within two weeks, so say for how long you take it: ${code(`/oncall take ${schedule.name} for 4h`)}. Nothing was changed.`,
  )
}
