import { sleep } from '../../src/clock.ts'
import { peopleOf } from '../support/chaos.ts'
import { usageOf } from '../support/process.ts'
import type { Fault, Scene } from './play.ts'
import { needsServer } from './store.ts'
import { paged } from './witness.ts'

/** Everything fails at once, and says so as often as it can. */

const PER_SECOND = 1_000
/** Of ten alerts nine are repeats: so many keys a service. */
const KNOWN_KEYS = 5
const FRESH_EVERY = 10
/** Sent together, so that a timer of so many milliseconds is enough. */
const TOGETHER_MS = 20

const ANSWERED_MS = 500
const UNRELATED_MS = 1_000
const FIRST_PAGE_MS = 5_000
const RSS_BYTES = 400 * 1024 * 1024

/** After an incident's first minute so many calls in such a window: its summary, and its burst of alerts. */
const BUILDING_MS = 60_000
const WINDOW_MS = 30_000
const CALLS = 2
/** How long it goes on at a slower pace, for two windows after that minute. */
const AFTERMATH_MS = BUILDING_MS + 2 * WINDOW_MS - 10_000
const AFTERMATH_PER_SECOND = 20

export const herd: Fault = {
  id: 'F22',
  holds:
    'ten thousand alerts in ten seconds: all are taken and none is lost, another page is prompt, Slack and the memory are spared',
  missing: needsServer,
  world: { services: 21 },
  rounds: 2,
  async round(scene) {
    const { world, short, round, note, most } = scene
    const [unrelated = '', ...stormy] = world.services
    const [bot] = world.bots
    let rss = 0
    const watch = setInterval(() => {
      usageOf(bot?.pid ?? 0).then(
        ({ rssBytes }) => {
          rss = Math.max(rss, rssBytes)
        },
        () => {},
      )
    }, 250)
    try {
      const from = Date.now()
      const storm = pour(scene, stormy, short ? 1_000 : 10_000, PER_SECOND)
      await sleep(short ? 500 : 5_000)
      const { endedAt } = await world.alert(unrelated)
      const seenAt = await paged(scene, peopleOf(unrelated), UNRELATED_MS, { from: endedAt })
      note(`an unrelated page took ${seenAt - endedAt} ms`)
      await storm
      mustAllBeTaken(scene)
      await paged(
        scene,
        stormy.flatMap((service) => peopleOf(service)),
        FIRST_PAGE_MS,
      )
      if (!short && round === 1) await aftermath(scene, stormy, from)
      await mustAllBeKnown(scene, stormy)
      note(`the process had at most ${Math.round(rss / 1_048_576)} MB`)
      if (rss > RSS_BYTES) throw new Error(`the process had ${Math.round(rss / 1_048_576)} MB`)
      return { recoveryMs: seenAt - endedAt }
    } finally {
      clearInterval(watch)
    }

    function mustAllBeTaken({ since }: Scene): void {
      const sent = world.history.slice(since.attempt)
      const refused = sent.filter(({ answered }) => answered !== 202)
      if (refused.length > 0) throw new Error(`${refused.length} were not taken: ${JSON.stringify(refused[0])}`)
      const took = sent.map(({ invokedAt, endedAt }) => endedAt - invokedAt).toSorted((a, b) => a - b)
      const p99 = took[Math.ceil(took.length * 0.99) - 1] ?? 0
      note(`${sent.length} alerts were answered within p99 ${p99} ms`)
      if (p99 > most(ANSWERED_MS)) throw new Error(`answered within p99 ${p99} ms`)
    }
  },
}

/** So many alerts, at this pace, the services in turn. */
async function pour(
  { world, round }: Scene,
  services: readonly string[],
  count: number,
  perSecond: number,
): Promise<void> {
  const from = Date.now()
  const underWay: Promise<unknown>[] = []
  for (let n = 0; n < count; ) {
    const due = Math.min(count, Math.ceil(((Date.now() - from) * perSecond) / 1_000))
    for (; n < due; n++) {
      const turn = Math.floor(n / services.length)
      const key = turn % FRESH_EVERY === 0 ? `fresh-${round}-${from}-${turn}` : `known-${turn % KNOWN_KEYS}`
      underWay.push(world.attempt(services[n % services.length] ?? '', { key }))
    }
    await sleep(TOGETHER_MS)
  }
  await Promise.all(underWay)
}

/** It goes on, and Slack has little to do with it. */
async function aftermath(scene: Scene, services: readonly string[], from: number): Promise<void> {
  const { world, note, since } = scene
  await pour(scene, services, (AFTERMATH_MS / 1_000) * AFTERMATH_PER_SECOND, AFTERMATH_PER_SECOND)
  const [start, end] = [from + BUILDING_MS, Date.now()]
  const calls = world.slack
    .journal()
    .filter(({ n, arrived_at }) => n > since.call && arrived_at >= start && arrived_at < end)
  const windows = Math.ceil((end - start) / WINDOW_MS)
  const places = new Map<string, number>()
  for (const { args } of calls) places.set(String(args.channel), (places.get(String(args.channel)) ?? 0) + 1)
  note(`${calls.length} calls in ${windows} windows of ${WINDOW_MS} ms for ${services.length} services`)
  if (calls.length > CALLS * windows * services.length) throw new Error(`${calls.length} calls in ${end - start} ms`)
  const busiest = Math.max(0, ...places.values())
  if (busiest > CALLS * windows) throw new Error(`${busiest} calls to one channel in ${end - start} ms`)
}

/** Every key that was sent is on record as failing. */
async function mustAllBeKnown({ world, since }: Scene, services: readonly string[]): Promise<void> {
  const sent = new Map(services.map((service) => [service, new Set<string>()]))
  for (const { service, key } of world.history.slice(since.attempt)) sent.get(service)?.add(key)
  const rows = await world.query<{ service: string; keys: number }>(
    `select service, count(*)::int as keys from alerts where status = 'firing' group by service`,
  )
  const known = new Map(rows.map(({ service, keys }) => [service, keys]))
  for (const [service, keys] of sent)
    if (known.get(service) !== keys.size)
      throw new Error(`${known.get(service)} of ${keys.size} alerts of ${service} are known`)
}
