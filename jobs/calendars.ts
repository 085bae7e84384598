import { afterLook, type Import, importWindow, type Look, type Source, sourcesOf } from '../src/domain/duty/imports.ts'
import { readImports, saveImport } from '../src/store/imports.ts'
import type { JobDeps } from './tell.ts'

/** A calendar that is well is looked at this often; one that is new or could not be read, at every slot. */
const FRESH_MS = 14 * 60_000

/** Looked at together: some server is always slow, and everybody has a calendar of their absences. */
const AT_ONCE = 4

/** Reads the calendars that the configuration names. What comes of a sick one is on record, and never a throw. */
export function calendars(deps: JobDeps) {
  return async (): Promise<void> => {
    const now = deps.clock.now()
    const { pool } = deps.store
    const rules = deps.rules()
    const sources = sourcesOf(rules)
    if (sources.length === 0) return
    const known = new Map((await readImports(pool)).map((each) => [each.name, each]))
    const due = sources.filter((source) => isDue(source, known.get(source.name), now))
    const next = due.values()
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (const source of next) await look(deps, source, known.get(source.name) ?? null)
      }),
    )
    if (due.length > 0) deps.desk.wake()
  }
}

const isDue = ({ url }: Source, known: Import | undefined, now: number): boolean =>
  known === undefined || known.url !== url || known.fetchedAt !== known.triedAt || now - known.triedAt >= FRESH_MS

async function look(deps: JobDeps, source: Source, before: Import | null): Promise<void> {
  const { clock, log, store } = deps
  const rules = deps.rules()
  const fetched = await deps.fetchCalendar(source.url, rules.allowPrivate)
  const now = clock.now()
  const read: Look = fetched.ok
    ? await deps.readCalendar({ text: fetched.text, zone: source.zone, ...importWindow(now) })
    : fetched
  const after = afterLook(source, before, read, rules, now)
  await saveImport(store.pool, after)
  if (after.problem !== null && after.problem !== before?.problem)
    log.warn(
      { calendar: source.name, problem: after.problem, lastAt: after.fetchedAt },
      'a calendar is not as it should be',
    )
  if (after.problem === null && before?.problem) log.info({ calendar: source.name }, 'a calendar is well again')
}
