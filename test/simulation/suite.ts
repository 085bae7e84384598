import { expect, test } from 'vitest'
import { type Case, crashes, deaths, type Enumerated, freezes, isTender, nameOf, playCase } from './cases.ts'
import { type Lanes, openLanes } from './lanes.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'
import { dayOf, playDay } from './seeds.ts'
import type { Lab } from './store.ts'

/** What is played: everything in `npm run chaos`, and in `npm test` what fits into a minute, the same each time. */
interface Options {
  /** By their ids; all of them when omitted. */
  scenarios?: readonly string[]
  /** Of the cases of a scenario the tender ones, and of the others one in so many. */
  oneIn: number
  /** Scenarios in which one of two processes freezes, and one in so many of their cases. */
  frozen: { scenarios: readonly string[]; oneIn: number }
  /** Random days, until so much time has passed or so many have been played. */
  days: { first: number; most: number; ms: number }
  timeout: number
}

const replayLine = (name: string, violations: readonly string[]) =>
  `SIMULATION='${name}' npx vitest run test/simulation  # ${violations[0]}${violations.length > 1 ? ` (and ${violations.length - 1} more)` : ''}`

export function simulate({ scenarios, oneIn, frozen, days, timeout }: Options): void {
  const lanes = openLanes()

  const played = SCENARIOS.filter(({ id }) => scenarios?.includes(id) ?? true)
  test.for(played)('F01 F10 F12 F18 a process dies at any call: $name', { timeout }, (scenario) =>
    all(lanes, scenario, scenario.rollouts ? deaths : crashes, oneIn),
  )

  test.for(SCENARIOS.filter(({ id }) => frozen.scenarios.includes(id)))(
    'F17 one of two processes freezes at any call and wakes 90 s later: $name',
    { timeout },
    (scenario) => all(lanes, scenario, freezes, frozen.oneIn),
  )

  test('F01 F17 F19 any day: things fail, people act, Slack has its moods, processes come and go', {
    timeout,
  }, async () => {
    const failed: string[] = []
    let played = 0
    await lanes.each(numbers(days), async (lab, seed) => {
      const { violations } = await surely(() => playDay(lab, dayOf(seed)))
      played += 1
      if (violations.length > 0) failed.push(replayLine(`seed=${seed}`, violations))
    })
    console.log(`${played} days from seed ${days.first} on`)
    expect(failed.join('\n')).toBe('')
  })
}

function* numbers({ first, most, ms }: Options['days']): Generator<string> {
  const endAt = performance.now() + ms
  for (let n = 0; n < most && performance.now() < endAt; n++) yield String(first + n)
}

/** Plays the cases of a scenario. Whatever fails says how it is played again, in a line. */
async function all(
  lanes: Lanes,
  scenario: Scenario,
  enumerate: (lab: Lab, scenario: Scenario) => Promise<Enumerated>,
  oneIn: number,
): Promise<void> {
  const { reference, cases, violations } = await enumerate(lanes.lab, scenario)
  expect(violations, 'without any crash').toEqual([])
  const chosen = cases.filter((one, index) => isTender(reference, one) || index % oneIn === scenario.id.length % oneIn)
  const failed: string[] = []
  await lanes.each(chosen, async (lab, one: Case) => {
    const found = await surely(() => playCase(lab, reference, one))
    if (found.violations.length > 0) failed.push(replayLine(nameOf(one), found.violations))
  })
  console.log(`${scenario.id}: ${reference.calls} calls, ${cases.length} states to die in, ${chosen.length} played`)
  expect(failed.join('\n')).toBe('')
}

/** A simulation that breaks is a violation like any other: it has its line too. */
async function surely(run: () => Promise<{ violations: string[] }>): Promise<{ violations: string[] }> {
  try {
    return await run()
  } catch (error) {
    return { violations: [`it broke: ${error instanceof Error ? error.message : String(error)}`] }
  }
}
