import { type Problem, rosterProblems } from '../../src/domain/duty/gaps.ts'
import { WEEK_MS } from '../../src/domain/duty/time.ts'
import { UserError } from '../../src/errors.ts'
import { code, fullRange, list } from '../../src/slack/text.ts'
import { person, type Voice } from '../../src/slack/words.ts'
import { unreachablePeople } from '../../src/store/people.ts'
import { rotaOf } from '../../src/store/rota.ts'
import { type Ask, only, type Reply, split, voice } from '../command.ts'
import { after, spanOf } from '../dates.ts'
import { LONGEST_DAYS } from '../times.ts'
import { askersZone, scheduleNamed } from './names.ts'

const LINES = 25

/** `gaps [schedule] [for 4 weeks]`: when nobody is on duty, nobody who can be paged, or one person for two steps of a policy. */
export async function gaps(ask: Ask, text: string): Promise<Reply> {
  const { pool } = ask.deps.store
  const rules = await rotaOf(pool, ask.deps.rules())
  const [word, rest] = split(text)
  const named = word !== '' && word.toLowerCase() !== 'for' && spanOf(text.toLowerCase()) === null
  const schedule = named ? scheduleNamed(rules, word).name : null
  const zone = await askersZone(ask)
  const toAt = endOf((named ? rest : text).trim(), ask.now, zone)
  const problems = rosterProblems(rules, await unreachablePeople(pool), ask.now, toAt).filter(
    (each) => schedule === null || each.schedule === schedule || each.with === schedule,
  )
  const where = schedule === null ? 'every schedule' : code(schedule)
  const head = `*${where.charAt(0).toUpperCase() + where.slice(1)}*, ${fullRange(ask.now, toAt, zone)} (${zone}):`
  if (problems.length === 0)
    return only(`:large_green_circle: ${head} no gap, nobody who cannot be paged, and nobody on two steps of a policy.`)
  const lines = problems.slice(0, LINES).map((each) => line(voice(ask), each, zone))
  const more = problems.length - lines.length
  return only([head, ...lines, ...(more > 0 ? [`_and ${more} more_`] : [])].join('\n'))
}

function endOf(text: string, now: number, zone: string): number {
  if (text === '') return now + 4 * WEEK_MS
  const span = spanOf(text.toLowerCase().replace(/^for\s+/, ''))
  const toAt = span ? after(now, span, zone) : Number.NaN
  if (toAt > now && toAt - now <= (LONGEST_DAYS + 1) * (WEEK_MS / 7)) return toAt
  throw new UserError(
    'bad-time',
    `For how long shall I look ahead? Type \`/oncall gaps for 4 weeks\`; at most ${LONGEST_DAYS} days.`,
  )
}

function line(voice: Voice, problem: Problem, zone: string): string {
  const { kind, schedule, people, startAt, endAt } = problem
  const span = fullRange(startAt, endAt, zone)
  const who = list(people.map((name) => person(voice, name)))
  switch (kind) {
    case 'gap':
      return `:ghost: ${code(schedule)} *nobody* ${span}`
    case 'unreachable':
      return `:no_entry: ${code(schedule)} ${who} cannot be paged: ${span}`
    case 'clash':
      return `:warning: ${code(schedule)} and ${code(problem.with ?? '')}: ${who} alone on both, ${span}`
    default:
      return kind satisfies never
  }
}
