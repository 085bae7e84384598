import { turnedRound } from '../../src/domain/effects.ts'
import type { EditAnswer } from '../../src/domain/event.ts'
import type { RosterEdit } from '../../src/domain/handover.ts'
import { UserError } from '../../src/errors.ts'
import { changed } from '../../src/slack/roster-words.ts'
import { code, cut, list, typed } from '../../src/slack/text.ts'
import { answer } from '../../src/slack/words.ts'
import { readEdit, readWatches } from '../../src/store/rota.ts'
import { type Ask, act, type Reply } from '../command.ts'
import { askersZone, onlyWord, scheduleNamed } from './names.ts'
import { effectsAhead, propose } from './propose.ts'

/** `agree N`, `decline N`, `cancel N`: an offer or a change of the roster by its number. */
export async function answerEdit(ask: Ask, how: EditAnswer['answer'], text: string): Promise<Reply> {
  const by = ask.by()
  const number = Number(/^#?(\d{1,9})$/.exec(text.trim())?.[1] ?? Number.NaN)
  if (Number.isNaN(number))
    throw new UserError(
      'bad-arguments',
      `${text.trim() === '' ? 'Which one?' : `${code(cut(typed(text.trim()), 100))} is no number of a change.`} Nothing was done. Type \`/oncall ${how} N\`; \`/oncall mine\` lists yours with their numbers.`,
    )
  const edit = await readEdit(ask.deps.store.pool, number)
  const event: EditAnswer = { type: 'edit-answer', by, edit: number, answer: how }
  // Whoever may not, or too late, is told so at once; declining, or taking an offer back, changes no roster.
  if (!edit || how === 'decline' || !isOpen(edit, event, ask.now))
    return act(ask, event, (voice, what, outcome) => changed(voice, what, outcome, []))
  const effects = effectsAhead(ask, edit)
  const zone = await askersZone(ask)
  return propose(ask, {
    event,
    line: `${how} ${number}`,
    effects: how === 'cancel' ? turnedRound(effects) : effects,
    zone,
  })
}

const isOpen = ({ state, by, offeredTo, pieces }: RosterEdit, event: EditAnswer, now: number) =>
  pieces.some(({ endAt }) => endAt > now) &&
  (event.answer === 'agree'
    ? state === 'offered' && offeredTo === event.by
    : state === 'active' && [by, offeredTo].includes(event.by))

/** `relieve [schedule]`: *I have the watch*. Without a name it is the schedule on which the asker comes on. */
export async function relieve(ask: Ask, text: string): Promise<Reply> {
  const by = ask.by()
  const rules = ask.deps.rules()
  const word = onlyWord(text, 'relieve [SCHEDULE]')
  const schedule = word === '' ? await comingOn(ask, by) : scheduleNamed(rules, word).name
  return act(ask, { type: 'confirm', by, schedule }, answer)
}

async function comingOn(ask: Ask, by: string): Promise<string> {
  const { handovers } = await readWatches(ask.deps.store.pool)
  const found = [...new Set(handovers.filter(({ incoming }) => incoming.includes(by)).map((each) => each.schedule))]
  const all = Object.keys(ask.deps.rules().schedules)
  const [only, second] = found.length > 0 ? found : all
  if (only && !second) return only
  const choice = (found.length > 0 ? found : all).map((name) => code(`/oncall relieve ${name}`))
  throw new UserError('which-schedule', `Which watch do you take over? Nothing was done. Type one of ${list(choice)}.`)
}
