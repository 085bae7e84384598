import { segments } from '../../src/domain/duty/schedule.ts'
import type { Schedule } from '../../src/domain/duty/schedule-types.ts'
import { replacing, type Stretch, stints } from '../../src/domain/duty/substitute.ts'
import { DAY_MS } from '../../src/domain/duty/time.ts'
import type { Piece } from '../../src/domain/handover.ts'
import type { Rules } from '../../src/domain/rules.ts'
import { UserError } from '../../src/errors.ts'
import { code, fullRange, list } from '../../src/slack/text.ts'
import { person } from '../../src/slack/words.ts'
import { type Ask, type Reply, split, voice } from '../command.ts'
import { parseRange } from '../times.ts'
import { askersZone, personNamed, scheduleAtEnd, usage } from './names.ts'
import { effectsNow, instants, mustDiffer, propose } from './propose.ts'

/** Shifts that are named when somebody asked for one that is not there. */
const NEXT_SHIFTS = 5
const LOOK_AHEAD_MS = 35 * DAY_MS

/** `cover @person FROM-TO [schedule]`: the asker stands their duty in that stretch, and no more than their duty. */
export async function cover(ask: Ask, text: string): Promise<Reply> {
  const by = ask.by()
  const rules = ask.rota
  const [who, rest] = split(text)
  if (who === '' || rest === '')
    throw new UserError('bad-arguments', `Whom, and from when to when? ${usage('cover @person tomorrow 14:00-18:00')}`)
  const covered = personNamed(rules, who)
  if (covered === by)
    throw new UserError(
      'bad-arguments',
      `That is your own duty. Name whose you stand: ${usage('cover @person FROM-TO')}`,
    )
  const zone = await askersZone(ask)
  const { schedule, rest: span } = scheduleAtEnd(rules, rest)
  const range = parseRange(span, { zone, now: ask.now })
  const shown = schedule ? [schedule] : Object.values(rules.schedules)
  const pieces = shown.flatMap((each) =>
    replacing(each, covered, by, range).map((piece) => ({ schedule: each.name, ...piece })),
  )
  const asked = fullRange(range.startAt, range.endAt, zone)
  if (pieces.length === 0)
    throw new UserError(
      'not-on-duty',
      `${person(voice(ask), covered)} is not on duty ${asked}${schedule ? ` for ${code(schedule.name)}` : ''}, so there is nothing to cover, and nothing was changed. ${nextShifts(ask, shown, covered, zone)}`,
    )
  const effects = effectsNow(ask, pieces)
  mustDiffer(
    effects,
    `You are on duty ${asked} beside ${person(voice(ask), covered)}, or the configuration says who is.`,
  )
  return propose(ask, {
    event: { type: 'override', by, kind: 'cover', offeredTo: null, pieces },
    line: `cover ${covered} ${instants(range.startAt, range.endAt)}${schedule ? ` schedule/${schedule.name}` : ''}`,
    effects,
    zone,
    remarks: alsoOnDuty(rules, by, pieces),
  })
}

/** When somebody is on duty next, for whoever asked about another time. */
export function nextShifts(ask: Ask, schedules: readonly Schedule[], who: string, zone: string): string {
  const ahead = { startAt: ask.now, endAt: ask.now + LOOK_AHEAD_MS }
  const found = schedules.flatMap((each) => stints(each, who, ahead).map((stint) => ({ ...stint, name: each.name })))
  const next = found.sort((a, b) => a.startAt - b.startAt).slice(0, NEXT_SHIFTS)
  const shown = next.map(({ startAt, endAt, name }) => `${fullRange(startAt, endAt, zone)} (${code(name)})`)
  const name = person(voice(ask), who)
  return shown.length > 0
    ? `The next shifts of ${name}:\n${shown.map((each) => `• ${each}`).join('\n')}`
    : `${name} has no shift in the next five weeks.`
}

/** Whoever takes over is warned where they stand on another schedule at the same time: one person cannot be both steps of a policy. */
export function alsoOnDuty(rules: Rules, who: string, pieces: readonly Piece[]): string[] {
  const others = Object.values(rules.schedules).filter(({ name }) => {
    const elsewhere = pieces.filter((piece) => piece.schedule !== name && piece.people.includes(who))
    return elsewhere.some((piece) => isOn(rules, name, who, piece))
  })
  return others.length > 0
    ? [`You are on duty for ${list(others.map(({ name }) => code(name)))} at that time, too.`]
    : []
}

const isOn = (rules: Rules, name: string, who: string, { startAt, endAt }: Stretch) => {
  const schedule = rules.schedules[name]
  return schedule !== undefined && segments(schedule, startAt, endAt).some(({ people }) => people.includes(who))
}
