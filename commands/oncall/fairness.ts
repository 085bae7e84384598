import { burdens } from '../../src/domain/duty/burden.ts'
import { HOUR_MS, startOfDay, toInstant, toWall } from '../../src/domain/duty/time.ts'
import { UserError } from '../../src/errors.ts'
import { tableBlock } from '../../src/slack/roster-blocks.ts'
import { code, cut, monthName, typed } from '../../src/slack/text.ts'
import { pagesReceived } from '../../src/store/pages.ts'
import { type Ask, only, type Reply } from '../command.ts'
import { monthIn } from '../dates.ts'

const HEAD = ['Person', 'Hours', 'Nights', 'Weekends', 'Pages']

/** `fairness [MONTH]`: how what wakes people is shared out. The month is the installation's: it is the same for whoever asks. */
export async function fairness(ask: Ask, text: string): Promise<Reply> {
  const { pool } = ask.deps.store
  const rules = ask.rota
  const { zone } = rules
  const span = monthIn(text.trim().toLowerCase(), startOfDay(toWall(ask.now, zone)))
  if (!span)
    throw new UserError(
      'bad-time',
      `${code(cut(typed(text.trim()), 100))} is no month that I understand. Type \`/oncall fairness oct\`, \`last\`, or \`2026-10\`.`,
    )
  const [fromAt, toAt] = [toInstant(span.from, zone), toInstant(span.to, zone)]
  const carried = burdens(Object.values(rules.schedules), fromAt, toAt)
  const pages = await pagesReceived(pool, fromAt, toAt)
  const names = new Set([...carried.keys(), ...pages.keys()])
  const hours = (ms = 0) => String(Math.round(ms / HOUR_MS))
  const rows = [...names]
    .map((name) => ({ name, burden: carried.get(name), pages: pages.get(name) ?? 0 }))
    .sort((a, b) => (b.burden?.ms ?? 0) - (a.burden?.ms ?? 0) || b.pages - a.pages || (a.name < b.name ? -1 : 1))
    .slice(0, 99)
    .map(({ name, burden, pages: count }) => [
      name,
      hours(burden?.ms),
      hours(burden?.nightMs),
      hours(burden?.weekendMs),
      String(count),
    ])
  const title = `*${monthName(span.from)}* (${zone}): hours on duty by the roster as it stands, over all schedules; nights are 22–06, weekends Saturday and Sunday, by each schedule's clock.`
  if (rows.length === 0) return only(`${title}\nNobody is on duty, and nobody was paged.`)
  return { ...only(title), more: [tableBlock([HEAD, ...rows], ['left', 'right', 'right', 'right', 'right'])] }
}
