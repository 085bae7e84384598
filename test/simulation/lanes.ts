import { afterAll, beforeAll } from 'vitest'
import { openHosts } from './host.ts'
import { type Lab, openLab } from './store.ts'

/** Simulations that run side by side: while one waits for the store another computes. */
const LANES = 3

export interface Lanes {
  /** The first of them, for whoever needs one. */
  readonly lab: Lab
  /** Does something with each of many things, in any order. */
  each<T>(things: Iterable<T>, run: (lab: Lab, thing: T) => Promise<void>): Promise<void>
}

/** Opens them for the tests of a file. */
export function openLanes(): Lanes {
  const labs: Lab[] = []
  const closeHosts = openHosts()
  beforeAll(async () => {
    for (let n = 0; n < LANES; n++) labs.push(await openLab())
  })
  afterAll(async () => {
    await Promise.all(labs.map((lab) => lab.drop()))
    closeHosts()
  })
  return {
    get lab() {
      const [first] = labs
      if (!first) throw new Error('the lanes are not open yet')
      return first
    },
    async each(things, run) {
      const waiting = things[Symbol.iterator]()
      const lane = async (lab: Lab) => {
        for (let next = waiting.next(); !next.done; next = waiting.next()) await run(lab, next.value)
      }
      await Promise.all(labs.map(lane))
    },
  }
}
