import { describe, expect, test } from 'vitest'
import { caseOf, playCase, referenceOf } from './cases.ts'
import { openLanes } from './lanes.ts'
import type { Played } from './play.ts'
import { dayOf, playDay } from './seeds.ts'
import type { Lab } from './store.ts'

/** SIMULATION='unanswered,k=41,lost' or 'seed=7': plays what a failing simulation named, and prints all that happened; left out without it. */
const asked = process.env['SIMULATION'] ?? ''

describe('once more', () => {
  const lanes = openLanes()

  test(asked, { timeout: 300_000 }, async () => {
    const { played, violations } = await once(lanes.lab, asked)
    console.log(story(played))
    expect(violations).toEqual([])
  })
})

async function once(lab: Lab, name: string): Promise<{ played: Played; violations: string[] }> {
  const seed = /^seed=(.+)$/.exec(name)?.[1]
  if (seed !== undefined) return playDay(lab, dayOf(seed))
  const one = caseOf(name)
  if (!one) throw new Error(`SIMULATION='${name}' names nothing`)
  return playCase(lab, await referenceOf(lab, one), one)
}

/** All that happened, in order. */
function story({ trace, said, books, wishes }: Played): string {
  const lines = [
    ...wishes.map(({ at, what, takenAt }) => ({ at, line: `WISH ${what}${takenAt === null ? ', never taken' : ''}` })),
    ...trace.map(({ at, of, k, port, what, struck }) => ({
      at,
      line: `${of} ${k} ${port} ${what}${struck === null ? '' : `   <<<<<< ${struck}`}`,
    })),
    ...said.map(({ at, by, method, key, channel, outcome }) => ({
      at,
      line: `SLACK ${method} of ${by}: ${key ?? channel} ${outcome}`,
    })),
    ...books.facts.map(({ at, body }) => ({ at, line: `FACT ${JSON.stringify(body)}` })),
  ]
  const clock = (at: number) => new Date(at).toISOString().slice(11, 23)
  return lines
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, line }) => `${clock(at)} ${line}`)
    .join('\n')
}
