import { stints } from '../../src/domain/duty/substitute.ts'
import { WEEK_MS } from '../../src/domain/duty/time.ts'
import { concernedBy } from '../../src/domain/effects.ts'
import type { RosterEdit } from '../../src/domain/handover.ts'
import { UserError } from '../../src/errors.ts'
import { effectLines, inFull } from '../../src/slack/roster-words.ts'
import { code, fullRange } from '../../src/slack/text.ts'
import { type Ask, only, type Reply, voice } from '../command.ts'
import { asker, askersZone } from './names.ts'
import { effectsAhead } from './propose.ts'

const AHEAD_MS = 4 * WEEK_MS
const SHIFTS = 40

/** `mine`: the asker's shifts, what they changed or have been given, and what waits for their answer. */
export async function mine(ask: Ask): Promise<Reply> {
  const me = asker(ask)
  if (me === null)
    throw new UserError(
      'stranger',
      `You are not in Watchbill's configuration, so you have no shifts. Ask an admin to add you under \`people:\` (your Slack id is \`${ask.user}\`).`,
    )
  const zone = await askersZone(ask)
  const open = ask.edits.filter(({ pieces }) => pieces.some(({ endAt }) => endAt > ask.now))
  const offered = open.filter(({ state }) => state === 'offered')
  const shifts = shiftsOf(ask, me, zone)
  const held = open.filter((edit) => edit.state === 'active' && concernedBy(effectsAhead(ask, edit)).has(me))
  const part = (title: string, lines: string[]) => (lines.length > 0 ? [`\n*${title}*`, ...lines] : [])
  const described = (all: RosterEdit[], what: (edit: RosterEdit) => string) =>
    all.flatMap((edit) => [
      `*${edit.id}*: ${what(edit)}`,
      ...effectLines(
        voice(ask),
        effectsAhead(ask, edit),
        inFull(voice(ask), zone),
        edit.state === 'active' ? 'is' : 'would be',
      ),
    ])
  return only(
    [
      `*Your shifts of the next four weeks* (${zone})`,
      ...(shifts.length > 0 ? shifts.slice(0, SHIFTS) : ['none']),
      ...(shifts.length > SHIFTS ? [`_and ${shifts.length - SHIFTS} more_`] : []),
      ...part(
        'Waiting for your answer',
        described(
          offered.filter(({ offeredTo }) => offeredTo === me),
          ({ id }) => `\`/oncall agree ${id}\` or \`/oncall decline ${id}\``,
        ),
      ),
      ...part(
        'Offered by you',
        described(
          offered.filter(({ by }) => by === me),
          ({ id }) => `not answered yet; \`/oncall cancel ${id}\` takes it back`,
        ),
      ),
      ...part(
        'Changed by hand',
        described(held, ({ id, by, offeredTo }) =>
          by === me || offeredTo === me ? `\`/oncall cancel ${id}\` ends it` : 'in force',
        ),
      ),
    ].join('\n'),
  )
}

function shiftsOf(ask: Ask, me: string, zone: string): string[] {
  const span = { startAt: ask.now, endAt: ask.now + AHEAD_MS }
  return Object.values(ask.rota.schedules)
    .flatMap((schedule) => stints(schedule, me, span).map((stint) => ({ ...stint, name: schedule.name })))
    .sort((a, b) => a.startAt - b.startAt)
    .map(
      ({ startAt, endAt, name }) =>
        `• ${fullRange(startAt, endAt, zone)} ${code(name)}${startAt <= ask.now ? ' · *now*' : ''}`,
    )
}
