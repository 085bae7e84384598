import type { Override } from './schedule-types.ts'

/**
 * The overrides in order of precedence: higher priority first, then the later created. Those without length are left out: they cover no
 * instant.
 */
export function byPrecedence(overrides: readonly Override[]): Override[] {
  return overrides
    .filter((override) => override.startAt < override.endAt)
    .reverse()
    .sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0))
}

/**
 * Who is on duty where these overrides hold, all at the same instant and in order of precedence. First everybody is replaced
 * (`replaceAll`: fills gaps; with nobody it makes a hole), then single people are replaced or removed, each once: A→B and B→C does not
 * give C, and whoever is not on duty is not replaced, so that a swap never lengthens coverage. Additions come last.
 */
export function applyOverrides(people: readonly string[], active: readonly Override[]): readonly string[] {
  if (active.length === 0) return people
  const everybody = active.find((override) => override.mode === 'replaceAll')?.people ?? people
  const single = active.filter((override) => override.mode === 'replace' || override.mode === 'remove')
  const kept = everybody.flatMap((person) => {
    const override = single.find((candidate) => actsOn(candidate, person))
    if (!override) return [person]
    return override.mode === 'replace' ? override.people : []
  })
  const added = active.filter((override) => override.mode === 'add').flatMap((override) => override.people)
  return [...kept, ...added]
}

/** A removal may name its people in either field. */
function actsOn(override: Override, person: string): boolean {
  if (override.replaces !== undefined) return override.replaces === person
  return override.mode === 'remove' && override.people.includes(person)
}
