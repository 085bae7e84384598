import { nextChange } from '../../src/domain/duty/schedule.ts'
import { HANDOVER_TIMES } from '../../src/domain/duty/schedule-types.ts'
import type { Handover } from '../../src/domain/handover.ts'
import { bounds } from '../../src/domain/watch/holders.ts'
import { UserError } from '../../src/errors.ts'
import { handoverMessage } from '../../src/slack/handover.ts'
import { code, duration, list } from '../../src/slack/text.ts'
import { readWatches } from '../../src/store/rota.ts'
import { situationOf } from '../../src/store/situation.ts'
import { type Ask, only, type Reply, voice } from '../command.ts'
import { asker, onlyWord, scheduleNamed } from './names.ts'

/** `handover [schedule]`: what goes with the watch, as it would be told when the change comes. */
export async function handover(ask: Ask, text: string): Promise<Reply> {
  const { pool } = ask.deps.store
  const { handovers, watches } = await readWatches(pool)
  const word = onlyWord(text, 'handover [SCHEDULE]')
  const name = word === '' ? theirs(ask, handovers) : scheduleNamed(ask.rota, word).name
  const atHand = handovers.find(({ schedule }) => schedule === name)
  const next = atHand ?? planned(ask, name, watches.find(({ schedule }) => schedule === name)?.sinceAt ?? ask.now)
  if (!next)
    return only(`The people on ${code(name)} do not change in sight. \`/oncall ${name}\` shows who has the watch.`)
  const { blocks } = handoverMessage(voice(ask), next, await situationOf(pool, ask.rota, next, ask.now, asker(ask)))
  const ahead = next.changeAt - ask.now
  const when =
    ahead > 0
      ? `The next change of ${code(name)} comes in ${duration(ahead)}.`
      : `The change of ${code(name)} is at hand.`
  // Its button counts in the messages that everybody concerned has.
  return { ...only(when), more: blocks.filter((block) => (block as { type: string }).type !== 'actions') }
}

/** A change that is too far away to be on record. */
function planned(ask: Ask, schedule: string, sinceAt: number): Handover | null {
  const known = ask.rota.schedules[schedule]
  const change = known && nextChange(known, ask.now)
  if (!change) return null
  const endAt = nextChange(known, change.at)?.at ?? null
  const limits = bounds(known.handover ?? HANDOVER_TIMES, { schedule, sinceAt }, change, endAt)
  return { ...limits, state: 'planned', opened: false }
}

/** The asker's own, when there is one that they are part of; else the only one. */
function theirs(ask: Ask, handovers: readonly Handover[]): string {
  const who = asker(ask) ?? ''
  const mine = handovers.filter(({ outgoing, incoming }) => [...outgoing, ...incoming].includes(who))
  const all = [...new Set(mine.length > 0 ? mine.map(({ schedule }) => schedule) : Object.keys(ask.rota.schedules))]
  const [one, second] = all
  if (one && !second) return one
  throw new UserError(
    'which-schedule',
    `Which handover? Type one of ${list(all.map((name) => code(`/oncall handover ${name}`)))}.`,
  )
}
