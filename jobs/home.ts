import { type Problem, rosterProblems } from '../src/domain/duty/gaps.ts'
import { type Segment, segments } from '../src/domain/duty/schedule.ts'
import type { Schedule } from '../src/domain/duty/schedule-types.ts'
import { WEEK_MS } from '../src/domain/duty/time.ts'
import { type Warned, warnings, windowAround } from '../src/domain/duty/warning.ts'
import { personOfSlack, type Rules } from '../src/domain/rules.ts'
import type { Handler } from '../src/outbox.ts'
import { publishHome } from '../src/slack/api.ts'
import { type Home, homeBlocks, homeFooter } from '../src/slack/home.ts'
import { anyHome, forgetHome, oweHomes } from '../src/store/homes.ts'
import { openIncidents } from '../src/store/incidents.ts'
import { standings, unreachablePeople } from '../src/store/people.ts'
import { readWatches, rotaOf } from '../src/store/rota.ts'
import { digest, type JobDeps, settled } from './tell.ts'

/** Weeks of every schedule are gone through this often, and whenever anything of it has changed. */
const FRESH_MS = 15 * 60_000

/** How far ahead shifts are shown. */
const AHEAD_MS = 4 * WEEK_MS

/** What somebody sees who opens the app in Slack: published where it differs from what they saw last. */
export function home(deps: JobDeps): Handler {
  const { clock, slack, store } = deps
  const problemsOf = problemFinder()

  async function read(user: string, rules: Rules, now: number): Promise<Home> {
    const person = personOfSlack(rules, user) ?? null
    const [{ watches, handovers }, open, gone, { guests }] = await Promise.all([
      readWatches(store.pool),
      openIncidents(store.pool, person?.name ?? null),
      unreachablePeople(store.pool),
      standings(store.pool),
    ])
    return {
      user,
      person,
      guest: person !== null && guests.has(person.name),
      unreachable: (person && gone[person.name]) ?? null,
      stood: Object.values(rules.schedules).map((schedule) => ({
        schedule,
        ...ahead(schedule, now),
        watch: watches.find((watch) => watch.schedule === schedule.name) ?? null,
      })),
      handovers,
      open,
      problems: person === null ? [] : problemsOf(rules, gone, now),
    }
  }

  return async ({ key, about, result }) => {
    if (about.kind !== 'home') throw new Error(`${key} is no Home`)
    const now = clock.now()
    const rules = await rotaOf(store.pool, deps.rules())
    const voice = { rules, now }
    const blocks = homeBlocks(voice, await read(about.user, rules, now))
    const wanted = digest({ text: '', blocks })
    if (result?.digest === wanted) return { outcome: 'done' }
    const shown = await publishHome(slack.rest, about.user, [...blocks, homeFooter(voice)])
    const sent = settled(shown, { digest: wanted })
    // Whoever is gone looks at nothing any more; whoever opens it again is heard of again.
    if (sent.outcome === 'never') await forgetHome(store.pool, about.user)
    return sent
  }
}

/** What no decision brings about: another configuration, a calendar of another system, a gap that draws near. */
export function homes({ clock, store, rules: active }: JobDeps) {
  const problemsOf = problemFinder()
  let last = ''

  return async (): Promise<void> => {
    const now = clock.now()
    if (!(await anyHome(store.pool, now))) return
    const rules = await rotaOf(store.pool, active())
    const stood = Object.values(rules.schedules).map((schedule) => [
      schedule.name,
      ahead(schedule, now).segments.map(({ people, endAt }) => [people, endAt]),
    ])
    const problems = problemsOf(rules, await unreachablePeople(store.pool), now)
    const names = problems.map((each) => [each.kind, each.schedule, 'endAt' in each ? each.endAt : each.days])
    const next = JSON.stringify([stood, names, rules.people])
    if (next === last) return
    await oweHomes(store.pool, now)
    last = next
  }
}

const looked = new WeakMap<Schedule, { at: number; segments: Segment[]; toAt: number }>()

/** Who has a watch from now on. Kept with the schedule itself for a while: an edit makes another schedule. */
function ahead(schedule: Schedule, now: number): { segments: Segment[]; toAt: number } {
  let known = looked.get(schedule)
  if (!known || now < known.at || now - known.at > FRESH_MS) {
    const toAt = now + AHEAD_MS
    known = { at: now, segments: segments(schedule, now, toAt), toAt }
    looked.set(schedule, known)
  }
  return { segments: known.segments.filter(({ endAt }) => endAt > now), toAt: known.toAt }
}

/** Where nobody can be paged within a week; what comes back each day is one problem. Gone through once for all Homes. */
function problemFinder(): (rules: Rules, gone: Readonly<Record<string, string>>, now: number) => Warned[] {
  let found: { schedules: Schedule[]; gone: string; at: number; problems: Problem[] } | null = null
  return (rules, unreachable, now) => {
    const schedules = Object.values(rules.schedules)
    const gone = JSON.stringify(unreachable)
    const { fromAt, toAt } = windowAround(now)
    const isFresh =
      found !== null &&
      found.gone === gone &&
      now - found.at < FRESH_MS &&
      schedules.length === found.schedules.length &&
      schedules.every((each, n) => each === found?.schedules[n])
    if (!isFresh || found === null)
      found = { schedules, gone, at: now, problems: rosterProblems(rules, unreachable, fromAt, toAt) }
    return warnings(rules, found.problems, now).flatMap(({ what }) => (what.kind === 'clash' ? [] : [what]))
  }
}
