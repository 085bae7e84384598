import { setTimeout as sleep } from 'node:timers/promises'
import type { Call } from '../../src/sandbox/wire.ts'
import { dmOf, pathsOf, peopleOf, slackId, type World } from '../support/chaos.ts'
import { eventually } from '../support/process.ts'
import { keyOf } from './checker.ts'
import type { Dice, Fault, Scene } from './play.ts'
import { needsServer, watchPostmasters } from './store.ts'
import { arrival, everybody, paged, pagesIn, press } from './witness.ts'

/**
 * Processes are killed at named points of their work (F01), and with pages on their way (F02). What a round does follows from its dice alone;
 * how the processes interleave with it does not, so a failing round is played several times.
 */

/** All that is owed is out this long after the bot is ready again. */
const PAGE_MS = 5_000
/** Ready again after a restart. */
const READY_MS = 3_000
/** An end of our patience with what is no page. */
const PATIENCE_MS = 20_000
/** For whatever is to come without any fault. */
const MOMENT_MS = 15_000
const WAIT = '6s'

/** Where the knife falls: what has just happened, as seen from outside. */
const POINTS = {
  starting: 'the process has just been started',
  sent: 'an alert is on its way to us',
  taken: 'an alert was answered with a 2xx',
  probed: 'a failing answer has left the target of a probe',
  opening: 'a DM is being opened: the page is saved, and not sent',
  paging: 'a page arrives at Slack',
  paged: 'its answer has left Slack: it is sent, and not on record',
  building: "the incident's channel is being made",
  filling: 'something is being posted to that channel',
  climbing: 'the page of the next step arrives',
  pressed: 'somebody presses Acknowledge',
  telling: 'people are being told that it is over',
  draining: 'the process was asked to end',
} as const
type Point = keyof typeof POINTS
const NAMES = Object.keys(POINTS) as Point[]

interface Plan {
  point: Point
  services: string[]
  /** Who dies. The store alone: the bot goes on; the bot alone: its store is an orphan, to be adopted. */
  victim: 'bot' | 'both' | 'store'
  afterMs: number
  /** Whose page is watched for, and struck by the fault. */
  person: string
  fault: null | { kind: 'lost_reply' | 'hang' } | { kind: 'slow'; ms: number }
  /** What Slack says afterwards when it is asked whether the page arrived. */
  history: 'readable' | 'forbidden' | 'down'
  pauseMs: number
}

function planOf({ dice, round, world }: Scene): Plan {
  const point = NAMES[round % NAMES.length] ?? 'paging'
  const some = dice.shuffled(world.services).slice(0, dice.int(1, world.services.length))
  const victim =
    point === 'starting' || point === 'draining' ? 'bot' : dice.pick(['bot', 'bot', 'bot', 'both', 'both', 'store'])
  // A bot that lives on waits for a hanging call as long as its own limit says: nothing to do with the kill.
  const kind =
    point !== 'paging'
      ? 'none'
      : victim === 'store'
        ? dice.pick(['none', 'lost_reply', 'slow'])
        : dice.pick(['none', 'lost_reply', 'slow', 'hang'])
  return {
    point,
    services: some,
    victim,
    afterMs: point === 'probed' || point === 'starting' ? dice.int(0, 400) : dice.int(0, dice.chance(0.7) ? 4 : 40),
    person: peopleOf(some[0] ?? '')[dice.int(0, 1)] ?? '',
    fault: kind === 'none' ? null : kind === 'slow' ? { kind, ms: dice.int(50, 1_500) } : { kind },
    history: dice.chance(0.8) ? 'readable' : dice.pick(['forbidden', 'down']),
    pauseMs: dice.int(0, 1_000),
  }
}

/** Does what leads to the point, and resolves when it is there. */
const REACH: Record<Point, (scene: Scene, plan: Plan) => Promise<unknown>> = {
  async starting(scene, { services }) {
    scene.world.targets.fail(services.flatMap(pathsOf))
    const [bot] = scene.world.bots
    bot?.signal('SIGKILL')
    await bot?.exited
    scene.world.boot()
  },
  async sent({ world }, { services }) {
    for (const service of services) void world.alert(service).catch(() => {})
    // It is written before we are here again.
    await sleep(1)
  },
  taken: ({ world }, { services }) => Promise.all(services.map((service) => world.alert(service))),
  probed({ world: { targets } }, { services }) {
    targets.fail(services.flatMap(pathsOf))
    return new Promise<void>((resolve) =>
      targets.onFailure(() => {
        targets.onFailure(null)
        resolve()
      }),
    )
  },
  // A process that knows the DM already does not open it: then the page itself is the next best.
  opening: (scene, plan) =>
    reach(
      scene,
      plan,
      (call) =>
        isPageTo(call, plan) || (call.method === 'conversations.open' && call.args.users === slackId(plan.person)),
    ),
  paging: (scene, plan) => reach(scene, plan, (call) => isPageTo(call, plan)),
  paged: (scene, plan) => reach(scene, plan, (call) => isPageTo(call, plan) && call.answered_at !== null),
  building: (scene, plan) => reach(scene, plan, ({ method }) => method === 'conversations.create'),
  filling: (scene, plan) => reach(scene, plan, (call) => /^(summary|post|burst)\//.test(keyOf(call) ?? '')),
  climbing: (scene, plan) => reach(scene, plan, (call) => keyOf(call)?.endsWith('/s2') === true),
  async pressed(scene, plan) {
    await scene.world.fail(plan.services)
    await paged(scene, everybody(plan.services), MOMENT_MS)
    void press(scene, plan.person, 'incident_ack').catch(() => {})
    await sleep(1)
  },
  async telling(scene, plan) {
    await scene.world.fail(plan.services)
    await paged(scene, everybody(plan.services), MOMENT_MS)
    scene.world.targets.recover()
    await arrival(scene, (call) => keyOf(call)?.startsWith('told/') === true, PATIENCE_MS, 'a word that it is over')
  },
  async draining(scene, plan) {
    await reach(scene, plan, (call) => isPageTo(call, plan))
    scene.world.bots[0]?.signal('SIGTERM')
  },
}

async function reach(
  { world, since }: Scene,
  { services, point }: Plan,
  meant: (call: Call) => boolean,
): Promise<void> {
  await world.fail(services)
  await arrival({ world, since }, meant, MOMENT_MS, POINTS[point])
}

function isPageTo(call: Call, { person }: Plan): boolean {
  return (
    call.method === 'chat.postMessage' &&
    keyOf(call)?.split('/')[2] === person &&
    keyOf(call)?.startsWith('page/') === true
  )
}

/** SIGKILL to whoever it is; resolves when the bot is ready again, with the instants. */
async function strike({ world, note }: Scene, { victim, pauseMs }: Plan): Promise<{ from: number; readyAt: number }> {
  note(`${victim} killed`)
  const [bot] = world.bots
  const from = Date.now()
  if (victim !== 'bot') await world.killStore()
  if (victim !== 'store') bot?.signal('SIGKILL')
  if (victim === 'store') {
    // It shows within milliseconds that the store is gone; until then the old answer stands.
    await eventually(async () => (await bot?.get('/readyz'))?.status !== 200, 'the loss to show', 2_000).catch(() => {})
    return { from, readyAt: (await bot?.ready()) ?? from }
  }
  await bot?.exited
  await sleep(pauseMs)
  const next = world.boot()
  return { from: next.spawnedAt, readyAt: await next.ready() }
}

export const killed: Fault = {
  id: 'F01',
  holds: 'killed at any step of its work, the bot comes back and nobody who is owed a page goes without',
  world: { store: 'embedded', probed: true, services: 4, wait: WAIT },
  rounds: 2 * NAMES.length,
  async round(scene) {
    const { world, note, most } = scene
    const plan = planOf(scene)
    note(JSON.stringify(plan))
    const { point, services, person, fault, history } = plan
    const witness = watchPostmasters(world.dataDir)
    try {
      if (fault) world.slack.fault({ method: 'chat.postMessage', channel: dmOf(person), count: 1, ...fault })
      await REACH[point](scene, plan)
      note(POINTS[point])
      await sleep(plan.afterMs)
      const striking = strike(scene, plan)
      world.slack.resetFaults()
      if (history !== 'readable') muteHistory(world, history)
      const { from, readyAt } = await striking
      note('ready again')
      if (readyAt - from > most(READY_MS)) throw new Error(`ready only after ${readyAt - from} ms`)
      // Probes have to see it once more where nothing had been taken yet.
      const unseen = point === 'starting' || point === 'probed' || point === 'sent' ? 2_500 : 0
      const last = await paged(scene, everybody(services), PAGE_MS + unseen, { from: readyAt })
      if (new Set(pagesIn(scene).map(({ incident }) => incident)).size !== services.length)
        throw new Error(
          `${services.length} services failed: ${pagesIn(scene)
            .map(({ key }) => key)
            .join(', ')}`,
        )
      witness.check()
      await told(scene, plan)
      return { recoveryMs: last > readyAt ? last - readyAt : null, visible: visible(plan), recoveredAt: readyAt }
    } finally {
      witness.stop()
    }
  },
}

/** Where Slack cannot be asked, a page rings twice rather than never. */
const visible = ({ history }: Plan) => (history === 'readable' ? 1 : 2)

function muteHistory({ slack }: World, history: 'forbidden' | 'down'): void {
  slack.fault(
    history === 'down'
      ? { kind: 'http', method: 'conversations.history', status: 503 }
      : { kind: 'error', method: 'conversations.history', error: 'missing_scope' },
  )
}

/** Whoever was paged hears that it is over. */
async function told({ world, since }: Scene, { services, history }: Plan): Promise<void> {
  await world.heal()
  const heard = () =>
    new Set(
      world.slack.journal().flatMap((call) => {
        const [kind, , , person] = keyOf(call)?.split('/') ?? []
        return call.n > since.call && call.done && kind === 'told' && person !== undefined ? [person] : []
      }),
    )
  const missing = () => everybody(services).filter((person) => !heard().has(person))
  // Where Slack could not be asked, nobody knows the thread of a page whose answer was lost.
  if (history !== 'readable') return
  await eventually(() => missing().length === 0, '', PATIENCE_MS).catch(() => {
    throw new Error(`nobody told that it is over: ${missing().join(', ')}`)
  })
}

/** A call that hangs ends after five seconds, is looked for twice, and made again. */
const HUNG_MS = 12_000

/** Pages on their way when the process that sends them is killed. */
const IN_FLIGHT = 5

export const inFlight: Fault = {
  id: 'F02',
  holds: 'a process is killed with five pages on their way: the other one sends them, or finds them sent',
  missing: needsServer,
  world: { bots: 2, services: 6 },
  rounds: 20,
  async round(scene) {
    const { world, dice, note } = scene
    for (const person of everybody(world.services)) world.slack.fault(holdUp(person, dice))
    await world.fail(world.services)
    const underWay = () => world.slack.journal().filter((call) => call.n > scene.since.call && isUnderWay(call)).length
    await eventually(() => underWay() >= IN_FLIGHT, 'five pages on their way', MOMENT_MS, 1)
    const place = await sender(world)
    const { pid } = world.bots[place] ?? {}
    // What the other has on its way ends when its own calls do.
    const rows = await world.query<{ person: string }>(
      `select split_part(o.key, '/', 3) as person from owed o join processes p on p.id = o.owner
       where o.sending and o.kind = 'page' and p.pid <> ${pid}`,
    )
    const others = new Set(rows.map(({ person }) => person))
    note(`process ${pid} has them, and is killed; the other one has ${[...others].join(', ') || 'none'}`)
    world.bots[place]?.signal('SIGKILL')
    const killedAt = Date.now()
    world.slack.resetFaults()
    await world.bots[place]?.exited
    const everyone = everybody(world.services)
    const taken = everyone.filter((person) => !others.has(person))
    const last = await paged(scene, taken, PAGE_MS, { from: killedAt })
    await paged(scene, everyone, HUNG_MS, { from: killedAt })
    await world.boot(place).ready()
    return { recoveryMs: Math.max(0, last - killedAt) }
  },
}

const holdUp = (person: string, dice: Dice) => {
  const at = { method: 'chat.postMessage', channel: dmOf(person), count: 1 }
  return dice.chance(0.3)
    ? { kind: 'hang' as const, ...at }
    : { kind: 'slow' as const, ms: dice.int(300, 1_500), ...at }
}

const isUnderWay = (call: Call) =>
  (call.outcome === 'unanswered' || call.outcome === 'hang') && keyOf(call)?.startsWith('page/') === true

/** The place of the process that has most of what is being sent. */
export async function sender({ query, bots }: World): Promise<number> {
  const [row] = await query<{ pid: number }>(
    `select p.pid from owed o join processes p on p.id = o.owner where o.sending and o.kind = 'page'
     group by p.pid order by count(*) desc limit 1`,
  )
  const place = bots.findIndex((bot) => bot.pid === row?.pid)
  if (place < 0) throw new Error('no process is sending anything')
  return place
}
