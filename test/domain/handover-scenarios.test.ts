import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Played, type Scenario, simulate } from '../vectors/adapter.ts'

/** The worked timelines of `handover.md`: who is paged when around a change of the watch, to the second and complete. */
const file = JSON.parse(readFileSync(new URL('../vectors/handover-scenarios.json', import.meta.url), 'utf8')) as {
  scenarios: (Scenario & { title: string; expected: Partial<Played> })[]
}

const inOrder = <T>(all: readonly T[]) => all.map((each) => JSON.stringify(each)).sort()
const instant = (at: string) => new Date(at).toISOString()

describe('the scenarios of a shift change', () => {
  test.each(file.scenarios.map((each) => [`${each.id}: ${each.title}`, each] as const))('%s', (_, scenario) => {
    const played = simulate(scenario)
    const { pages = [], incidents = [], handovers = [], notices = [], deploys } = scenario.expected
    const at = <T extends { at: string }>(all: readonly T[]) => all.map((each) => ({ ...each, at: instant(each.at) }))
    const changes = (all: Played['handovers']) => at(all).map((each) => ({ ...each, change: instant(each.change) }))
    const sorted = (all: readonly object[]) =>
      inOrder(all.map((each) => Object.fromEntries(Object.entries(each).sort())))
    expect(sorted(at(played.pages))).toEqual(sorted(at(pages)))
    expect(sorted(at(played.incidents))).toEqual(sorted(at(incidents)))
    expect(sorted(changes(played.handovers))).toEqual(sorted(changes(handovers)))
    expect(sorted(at(played.notices))).toEqual(expect.arrayContaining(sorted(at(notices))))
    const decisions = (all: Played['deploys']) =>
      at(all).map(({ nextAllowed, ...each }) => ({
        ...each,
        ...(nextAllowed && { nextAllowed: instant(nextAllowed) }),
      }))
    expect(sorted(decisions(played.deploys))).toEqual(sorted(decisions(deploys ?? [])))
  })
})
