import { recurring, rosterProblems } from '../../src/domain/duty/gaps.ts'
import { absencesOf } from '../../src/domain/duty/imports.ts'
import { WEEK_MS } from '../../src/domain/duty/time.ts'
import { UserError } from '../../src/errors.ts'
import { code, fullRange } from '../../src/slack/text.ts'
import { rosterProblem } from '../../src/slack/words.ts'
import { readImports } from '../../src/store/imports.ts'
import { unreachablePeople } from '../../src/store/people.ts'
import { type Ask, only, type Reply, split, voice } from '../command.ts'
import { after, spanOf } from '../dates.ts'
import { LONGEST_DAYS } from '../times.ts'
import { askersZone, scheduleNamed } from './names.ts'

const LINES = 25

/** `gaps [schedule] [for 4 weeks]`: when nobody is on duty, nobody who can be paged, or one person for two steps of a policy. */
export async function gaps(ask: Ask, text: string): Promise<Reply> {
  const { pool } = ask.deps.store
  const rules = ask.rota
  const [word, rest] = split(text)
  const named = word !== '' && word.toLowerCase() !== 'for' && spanOf(text.toLowerCase()) === null
  const schedule = named ? scheduleNamed(rules, word).name : null
  const zone = await askersZone(ask)
  const toAt = endOf((named ? rest : text).trim(), ask.now, zone)
  const [unreachable, imports] = await Promise.all([unreachablePeople(pool), readImports(pool)])
  const problems = rosterProblems(rules, unreachable, ask.now, toAt, absencesOf(rules, imports)).filter(
    (each) => schedule === null || each.schedule === schedule || each.with === schedule,
  )
  const where = schedule === null ? 'every schedule' : code(schedule)
  const head = `*${where.charAt(0).toUpperCase() + where.slice(1)}*, ${fullRange(ask.now, toAt, zone)} (${zone}):`
  if (problems.length === 0)
    return only(`:large_green_circle: ${head} no gap, nobody who cannot be paged, and nobody on two steps of a policy.`)
  const { patterns, once } = recurring(rules, problems)
  const lines = [...patterns, ...once].slice(0, LINES).map((each) => rosterProblem(voice(ask), each))
  const more = patterns.length + once.length - lines.length
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
