import type { Schedule } from '../../src/domain/duty/schedule-types.ts'
import { common, replacing, type Stretch, stints } from '../../src/domain/duty/substitute.ts'
import type { Piece } from '../../src/domain/handover.ts'
import { UserError } from '../../src/errors.ts'
import { code, cut, fullRange, list, typed } from '../../src/slack/text.ts'
import { person } from '../../src/slack/words.ts'
import { type Ask, type Reply, split, voice } from '../command.ts'
import { parseRange, type Range } from '../times.ts'
import { alsoOnDuty, nextShifts } from './cover.ts'
import { askersZone, personNamed, scheduleAtEnd, usage } from './names.ts'
import { effectsNow, instants, mustDiffer, propose } from './propose.ts'

const FORM = 'swap @person MY-SHIFT for THEIR-SHIFT'

/** `swap @person MY-SHIFT for THEIR-SHIFT [schedule]`: offered to the other, who agrees or declines. */
export async function swap(ask: Ask, text: string): Promise<Reply> {
  const by = ask.by()
  const rules = ask.rota
  const [who, rest] = split(text)
  const { schedule, rest: shifts } = scheduleAtEnd(rules, rest)
  const [mine = '', theirs = '', more] = shifts.split(/\s+for\s+/i)
  if (who === '' || mine === '' || theirs === '' || more !== undefined)
    throw new UserError(
      'bad-arguments',
      `Whose shift, and which for which? ${usage(FORM)} A shift is named by the day on which it begins, like \`/oncall swap @dana fri for sat\`, or from when to when.`,
    )
  const other = personNamed(rules, who)
  if (other === by) throw new UserError('bad-arguments', `Nobody swaps with themselves. ${usage(FORM)}`)
  const zone = await askersZone(ask)
  const shown = schedule ? [schedule] : Object.values(rules.schedules)
  const writer = { zone, now: ask.now }
  const given = shiftOf(ask, shown, by, parseRange(mine, writer), zone, mine)
  const got = shiftOf(ask, shown, other, parseRange(theirs, writer), zone, theirs)
  const pieces = [...pieceOf(given, by, other), ...pieceOf(got, other, by)]
  const effects = effectsNow(ask, pieces)
  mustDiffer(effects, 'The two of you are on duty together then, or the configuration says who is.')
  return propose(ask, {
    event: { type: 'override', by, kind: 'swap', offeredTo: other, pieces },
    line: `swap ${other} ${instants(given.startAt, given.endAt)} for ${instants(got.startAt, got.endAt)}${schedule ? ` schedule/${schedule.name}` : ''}`,
    effects,
    zone,
    remarks: alsoOnDuty(rules, by, pieces),
  })
}

interface Shift extends Stretch {
  schedule: Schedule
}

const pieceOf = ({ schedule, startAt, endAt }: Shift, person: string, by: string): Piece[] =>
  replacing(schedule, person, by, { startAt, endAt }).map((piece) => ({ schedule: schedule.name, ...piece }))

/** The one shift of somebody that begins on that day, or their duty in that stretch. */
function shiftOf(
  ask: Ask,
  schedules: readonly Schedule[],
  who: string,
  range: Range,
  zone: string,
  text: string,
): Shift {
  const found = schedules.flatMap((schedule) =>
    stints(schedule, who, range)
      .filter(({ startAt }) => !range.isDay || startAt >= range.startAt)
      .map((stint): Shift => ({ schedule, ...(range.isDay ? stint : common(stint, range)) })),
  )
  const [shift] = found
  if (shift && found.length === 1) return shift
  const name = person(voice(ask), who)
  const when = code(cut(typed(text), 100))
  if (!shift)
    throw new UserError(
      'no-shift',
      `${name} has no shift ${range.isDay ? 'that begins on' : 'in'} ${when}, so nothing was offered. ${nextShifts(ask, schedules, who, zone)}`,
    )
  const which = found.map((each) => `${fullRange(each.startAt, each.endAt, zone)} (${code(each.schedule.name)})`)
  throw new UserError(
    'which-shift',
    `${name} has ${found.length} shifts in ${when}: ${list(which)}. Nothing was offered; name one from when to when, or the schedule at the end.`,
  )
}
