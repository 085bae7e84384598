import type { LocalSlack } from '../../src/sandbox/server.ts'
import type { Call, Reaction } from '../../src/sandbox/wire.ts'
import { peopleOf, slackId, type World } from '../support/chaos.ts'
import { eventually } from '../support/process.ts'
import { pageOf, type Seen } from './checker.ts'
import type { Scene } from './play.ts'

/** What people see of the bot while a round goes on, and what they do about it. */

interface Reading {
  /** The newest call that was looked at. */
  upTo: number
  /** Calls that have begun, and nobody knows yet what becomes of them. */
  underWay: Call[]
  pages: Seen[]
}

const readings = new WeakMap<LocalSlack, Reading>()

/** Pages seen from a call on. A journal is long, so each of its entries is read once. */
function pagesSince(slack: LocalSlack, call: number): Seen[] {
  const reading = readings.get(slack) ?? { upTo: 0, underWay: [], pages: [] }
  readings.set(slack, reading)
  const journal = slack.journal()
  let from = journal.length
  while (from > 0 && (journal[from - 1]?.n ?? 0) > reading.upTo) from--
  const fresh = journal.slice(from).filter(({ method }) => method === 'chat.postMessage')
  reading.upTo = journal.at(-1)?.n ?? 0
  const open = [...reading.underWay, ...fresh]
  reading.underWay = open.filter((each) => !each.done && each.outcome === 'unanswered')
  reading.pages.push(...open.flatMap((each) => pageOf(each) ?? []))
  return reading.pages.filter(({ n }) => n > call)
}

interface Since {
  world: World
  since: { call: number }
}

export const pagesIn = ({ world, since }: Since): Seen[] => pagesSince(world.slack, since.call)

/**
 * Waits until all of these people have been paged; rejects, naming who was not.
 *
 * @param withinMs of this machine's time, counted `from` an instant; now when omitted
 * @param after pages before this instant are others
 * @returns when the last of them was
 */
export async function paged(
  scene: Since & Pick<Scene, 'most'>,
  people: readonly string[],
  withinMs: number,
  { from = Date.now(), after = 0 }: { from?: number; after?: number } = {},
): Promise<number> {
  const firsts = () => {
    const first = new Map<string, number>()
    for (const { person, at } of pagesIn(scene))
      if (at >= after) first.set(person, Math.min(at, first.get(person) ?? at))
    return first
  }
  const missing = () => {
    const got = firsts()
    return people.filter((person) => !got.has(person))
  }
  const waitMs = from + scene.most(withinMs) - Date.now()
  await eventually(() => missing().length === 0, '', waitMs, 10).catch(() => {
    throw new Error(`not paged within ${waitMs} ms: ${missing().join(', ')}`)
  })
  const got = firsts()
  return Math.max(...people.map((person) => got.get(person) ?? 0))
}

export const everybody = (services: readonly string[], step: 1 | 2 = 1) =>
  services.flatMap((service) => peopleOf(service, step))

/** Somebody presses a button of the latest page that they got. */
export async function press(scene: Since, person: string, button: string): Promise<Reaction> {
  const page = pagesIn(scene).findLast((each) => each.person === person)
  if (!page) throw new Error(`${person} has no page to press ${button} on`)
  return scene.world.slack.press(slackId(person), page.channel, page.ts, button)
}

/** Waits until a call comes that is meant, and gives it. */
export async function arrival(
  scene: Since,
  meant: (call: Call) => boolean,
  withinMs: number,
  what: string,
): Promise<Call> {
  const find = () => scene.world.slack.journal().findLast((each) => each.n > scene.since.call && meant(each))
  await eventually(() => find() !== undefined, what, withinMs, 2)
  const found = find()
  if (!found) throw new Error(`${what} is gone`)
  return found
}
