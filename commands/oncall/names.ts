import type { Schedule } from '../../src/domain/duty/schedule-types.ts'
import { isZone } from '../../src/domain/duty/time.ts'
import { personOfSlack, type Rules, under } from '../../src/domain/rules.ts'
import { UserError } from '../../src/errors.ts'
import { zoneOfUser } from '../../src/slack/api.ts'
import { code, cut, list, mentioned, typed } from '../../src/slack/text.ts'
import { type Ask, split } from '../command.ts'

/** What people call schedules, each other and their own time. */
export const usage = (form: string) => `Type \`/oncall ${form}\`.`

/** The asker's zone, as they have set it in Slack; the installation's when Slack does not say. */
export async function askersZone({ deps, user }: Ask): Promise<string> {
  const zone = await zoneOfUser(deps.slack.rest, user)
  return zone !== null && isZone(zone) ? zone : deps.rules().zone
}

/** `primary`, or `schedule/primary` where a verb has that name too; undefined when it is none. */
export const scheduleOf = (rules: Rules, word: string): Schedule | undefined =>
  under(rules.schedules, word.toLowerCase().replace(/^schedule\//, ''))

export function scheduleNamed(rules: Rules, word: string): Schedule {
  const schedule = scheduleOf(rules, word)
  if (schedule) return schedule
  throw new UserError(
    'unknown-schedule',
    `There is no schedule ${code(cut(typed(word), 100))}. Schedules: ${list(Object.keys(rules.schedules).map(code))}.`,
  )
}

/** The one word that may follow a verb. Whoever types more means something that would not be done: *at 18:00*, a second schedule. */
export function onlyWord(text: string, form: string): string {
  const [word, more] = split(text)
  if (more === '') return word
  throw new UserError(
    'bad-arguments',
    `${code(cut(typed(more), 100))} is more than I understand. Nothing was done. ${usage(form)}`,
  )
}

/** A schedule named at the end, and what stands before it. */
export function scheduleAtEnd(rules: Rules, text: string): { schedule: Schedule | null; rest: string } {
  const [, rest = '', last = ''] = /^([\s\S]*?)\s*(\S+)$/.exec(text.trim()) ?? []
  const schedule = scheduleOf(rules, last)
  if (schedule) return { schedule, rest }
  if (last.startsWith('schedule/')) scheduleNamed(rules, last)
  return { schedule: null, rest: text.trim() }
}

/** The schedules that somebody stands in by the configuration. */
export const standsIn = (rules: Rules, person: string): Schedule[] =>
  Object.values(rules.schedules).filter(({ layers }) => layers.some(({ people }) => people.flat().includes(person)))

/** `<@U…|name>` as Slack sends it, `@name`, or a name. */
export function personNamed(rules: Rules, word: string): string {
  const slackId = mentioned(word)
  const name = word.toLowerCase().replace(/^@/, '')
  const found = slackId ? personOfSlack(rules, slackId) : under(rules.people, name)
  if (found) return found.name
  const who = slackId ? `<@${slackId}>` : code(cut(typed(word), 100))
  throw new UserError(
    'unknown-person',
    `${who} is nobody in Watchbill's configuration, and nothing was changed. Known: ${list(Object.values(rules.people).map((each) => code(each.name)))}.`,
  )
}

/** The asker, as the configuration has them, for what is only read; null for a stranger. */
export const asker = ({ deps, user }: Ask): string | null => personOfSlack(deps.rules(), user)?.name ?? null
