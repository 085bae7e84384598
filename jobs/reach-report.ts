import { BY_DEFAULT, lacking } from '../src/domain/contact.ts'
import { type Doubt, doubts, reachWarnings } from '../src/domain/duty/reach.ts'
import type { Rules } from '../src/domain/rules.ts'
import { quietTimes } from '../src/slack/api.ts'
import { readTests, targetOf } from '../src/store/contact-tests.ts'
import { oweReachWarnings } from '../src/store/roster-warnings.ts'
import type { JobDeps } from './tell.ts'

/** People set their quiet hours seldom; Slack is asked no more often. */
const QUIET_MS = 15 * 60_000

/** Whom a page may not reach is told of before their shift: to them and to their team, by day, with what to do. */
export function reachReport(deps: JobDeps) {
  let asked: { at: number; quiet: Awaited<ReturnType<typeof quietTimes>> } | null = null
  const told = new Set<string>()
  /** Weeks of every schedule are gone through when anything of them, or of the people, has changed; the roster is made anew every so often. */
  let found: { rota: Rules; digest: string; doubts: Doubt[] } | null = null

  async function quiet(people: Rules['people'], now: number): Promise<Map<string, { fromAt: number; toAt: number }>> {
    const ids = Object.values(people).map(({ slack }) => slack)
    if (asked === null || now - asked.at >= QUIET_MS) {
      asked = { at: now, quiet: await quietTimes(deps.slack.rest, ids) }
      // What is known to be told is marked as still so: what is forgotten would be told again.
      told.clear()
    }
    const { quiet: byId } = asked
    return new Map(
      Object.values(people).flatMap(({ name, slack }) => {
        const times = byId.get(slack)
        return times ? [[name, times] as const] : []
      }),
    )
  }

  /** Who has said that something beside Slack works; where nobody can say it, of whom it was taken. */
  async function confirmed({ people, notify = BY_DEFAULT }: Rules): Promise<Set<string>> {
    const tests = await readTests(deps.store.pool)
    const works = (person: string, target: string) =>
      tests.some(
        (each) =>
          each.person === person &&
          each.target === target &&
          each.failed === null &&
          (each.confirmedAt !== null || deps.publicUrl === null),
      )
    return new Set(
      Object.values(people).flatMap(({ name, contact = [] }) =>
        contact.some((way) => lacking(notify, way.via) === null && works(name, targetOf(way))) ? [name] : [],
      ),
    )
  }

  /** @param rota the roster as it stands, with all changes by hand */
  return async (rota: Rules, unreachable: Readonly<Record<string, string>>, now: number): Promise<void> => {
    const known = { unreachable, confirmed: await confirmed(rota), quiet: await quiet(rota.people, now) }
    const digest = JSON.stringify([unreachable, [...known.confirmed], [...known.quiet]])
    if (found?.rota !== rota || found.digest !== digest) found = { rota, digest, doubts: doubts(rota, known, now) }
    const due = reachWarnings(rota, found.doubts, now)
    if (due.every(({ name }) => told.has(name))) return
    const fresh = await oweReachWarnings(deps.store.pool, due, now)
    for (const { name } of due) told.add(name)
    for (const { name } of due)
      if (fresh.includes(name)) deps.log.warn({ problem: name }, 'a page may not reach somebody during their shift')
  }
}
