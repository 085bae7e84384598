import { readdir, readFile, readlink, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sleep } from '../../src/clock.ts'
import type { Call } from '../../src/sandbox/wire.ts'
import { dmOf, LAST, pathsOf, peopleOf, type World } from '../support/chaos.ts'
import { faketimePath } from '../support/need.ts'
import { eventually } from '../support/process.ts'
import { keyOf } from './checker.ts'
import { sender } from './kill.ts'
import type { Came, Fault, Scene } from './play.ts'
import { needsServer } from './store.ts'
import { arrival, everybody, paged, pagesIn, press } from './witness.ts'

/** Several processes on one store, or one whose clock, event loop or end is not what it should be. */

const WAIT = '4s'
const WAIT_MS = 4_000
const FIRST_PAGE_MS = 5_000
const NEXT_LEVEL_MS = WAIT_MS + 5_000
/** Another process takes over from one that stands still, or is cut off. */
const TAKEN_OVER_MS = 15_000
/** A process that stood still for so long has lost all it had claimed. */
const FROZEN_MS = 12_000
/** What a woken process might still send, it sends soon. */
const STALE_MS = 3_000
const PAGE_MS = 5_000

/** A second each: what both processes probed would come twice. */
const PROBED_MS = 4_000

export const two: Fault = {
  id: 'F16',
  holds: 'two processes, five hundred alerts: each page, each escalation and each probe once',
  missing: needsServer,
  world: { bots: 2, services: 25, probed: true, wait: WAIT },
  rounds: 3,
  async round(scene) {
    const { world, short } = scene
    const services = short ? world.services.slice(0, 8) : world.services
    if (world.options.probed) await mustProbeOnce(scene)
    // What one process sees, the other knows: a recovery must not be taken for old news.
    world.targets.fail(services.slice(0, 5).flatMap(pathsOf))
    const keys = Array.from({ length: 20 }, (_, index) => `alert-${index + 1}`)
    await Promise.all(
      services.map(async (service) => {
        for (const key of keys) await world.alert(service, { key })
      }),
    )
    await paged(scene, everybody(services), FIRST_PAGE_MS)
    await paged(scene, everybody(services, 2), NEXT_LEVEL_MS)
    const steps = await world.query<{ incident: number }>(
      `select incident from facts where id > ${scene.since.fact} and kind = 'stepped' group by incident, body -> 'round', body -> 'step' having count(*) > 1`,
    )
    if (steps.length > 0) throw new Error(`escalated twice: ${steps.map(({ incident }) => incident).join(', ')}`)
    return { recoveryMs: null }
  },
}

async function mustProbeOnce({ world, note }: Scene): Promise<void> {
  const before = world.targets.requests()
  await sleep(PROBED_MS)
  const came = world.targets.requests() - before
  const monitors = world.services.length * pathsOf('').length
  note(`${came} probes of ${monitors} monitors in ${PROBED_MS} ms`)
  if (came > monitors * (PROBED_MS / 1_000 + 1))
    throw new Error(`${came} probes of ${monitors} monitors: some came twice`)
}

export const oneKilled: Fault = {
  id: null,
  holds: 'one of two processes is killed in the middle of an escalation: the next level is paged in time by the other',
  missing: needsServer,
  world: { bots: 2, services: 4, wait: WAIT },
  async round(scene) {
    const { world, dice, note } = scene
    await world.fail(world.services)
    await paged(scene, everybody(world.services), FIRST_PAGE_MS)
    await sleep(dice.int(0, WAIT_MS - 1_000))
    const place = dice.int(0, 1)
    note(`process ${world.bots[place]?.pid} is killed`)
    world.bots[place]?.signal('SIGKILL')
    await paged(scene, everybody(world.services, 2), NEXT_LEVEL_MS)
    await world.bots[place]?.exited
    await world.boot(place).ready()
    return { recoveryMs: null }
  },
}

/** Where a process is when it stops: nowhere, about to send, waiting for Slack's answer, in the middle of a decision. */
type Where = 'idle' | 'about to send' | 'sending' | 'deciding'
const WHERES: readonly Where[] = ['about to send', 'sending', 'deciding', 'idle']

export const frozen: Fault = {
  id: 'F17',
  holds:
    'one of two processes stands still and wakes: the other takes over, and the woken one sends nothing that is stale',
  missing: needsServer,
  world: { bots: 2, services: 3 },
  rounds: 8,
  async round(scene): Promise<Came> {
    const { world, dice, note, round } = scene
    const where = WHERES[(round - 1) % WHERES.length] ?? 'idle'
    const [service = '', other = ''] = dice.shuffled(world.services)
    const place = await freezeAt(scene, where, service)
    const from = Date.now()
    note(`process ${world.bots[place]?.pid} stands still, ${where}`)
    world.slack.resetFaults()
    await world.alert(other)
    const last = await paged(scene, everybody([service, other]), TAKEN_OVER_MS, { from })
    await sleep(Math.max(0, from + FROZEN_MS - Date.now()))
    // Somebody has it meanwhile: to page anybody now would be stale.
    await press(scene, `${service}a`, 'incident_ack')
    world.wake(place)
    note('it wakes')
    const wokenAt = Date.now()
    await sleep(STALE_MS)
    const stale = pagesIn(scene).filter(({ at }) => at > wokenAt)
    if (stale.length > 0) throw new Error(`sent by the process that woke: ${stale.map(({ key }) => key).join(', ')}`)
    await world.bots[place]?.ready(scene.most(PAGE_MS))
    return { recoveryMs: last - from }
  },
}

/** Has a service fail, and freezes the process that does something about it. */
async function freezeAt(scene: Scene, where: Where, service: string): Promise<number> {
  const { world, dice } = scene
  if (where === 'deciding') return freezeDeciding(scene, service)
  const [person = ''] = peopleOf(service)
  if (where === 'idle') {
    const place = dice.int(0, 1)
    world.freeze(place)
    await world.alert(service)
    return place
  }
  // Whether the call takes effect while its process stands still: both happen.
  const how = dice.chance(0.5) ? { kind: 'slow' as const, ms: 1_500 } : { kind: 'hang' as const }
  // Who has opened a DM before opens it no more: then it is the page that is held up.
  if (where === 'about to send') world.slack.fault({ ...how, method: 'conversations.open', count: 1 })
  world.slack.fault({ ...how, method: 'chat.postMessage', channel: dmOf(person), count: 1 })
  await world.alert(service)
  const isHeldUp = ({ outcome }: Call) => outcome === 'unanswered' || outcome === 'hang'
  const isAboutIt = (call: Call) => call.method === 'conversations.open' || isPageTo(call, person)
  await arrival(scene, (call) => isHeldUp(call) && isAboutIt(call), 10_000, `a call for ${person}`)
  const place = await sender(world)
  world.freeze(place)
  return place
}

const isPageTo = (call: Call, person: string) =>
  keyOf(call)?.startsWith('page/') === true && keyOf(call)?.split('/')[2] === person

/** A decision's statement is made slow, so that there is a moment in which its process holds the lock and waits. */
async function freezeDeciding({ world }: Scene, service: string): Promise<number> {
  await world.query(`
    create or replace function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.5); return null; end $$;
    create or replace trigger slowly before insert on facts for each statement execute function slowly()`)
  const alerting = world.alert(service)
  try {
    let place = -1
    await eventually(
      async () => {
        const [row] = await world.query<{ client_port: number }>(
          `select client_port from pg_stat_activity where state = 'active' and wait_event = 'PgSleep'`,
        )
        place = row ? await placeOf(world, row.client_port) : -1
        return place >= 0
      },
      'a decision',
      10_000,
    )
    world.freeze(place)
    await alerting
    return place
  } finally {
    await world.query('drop trigger slowly on facts')
  }
}

/** The place of the process whose connection has this port at its end. */
async function placeOf({ bots }: World, port: number): Promise<number> {
  const table = await readFile('/proc/net/tcp', 'utf8')
  const local = port.toString(16).toUpperCase().padStart(4, '0')
  const line = table.split('\n').find((each) => each.trim().split(/\s+/)[1] === `0100007F:${local}`)
  const inode = line?.trim().split(/\s+/)[9]
  for (const [place, { pid }] of bots.entries()) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
    const links = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')))
    if (links.includes(`socket:[${inode}]`)) return place
  }
  return -1
}

export const cutOff: Fault = {
  id: null,
  holds:
    'the network between one of two processes and the store swallows everything: the other takes over, and the first sends nothing stale',
  missing: needsServer,
  world: { bots: 2, services: 3, wired: ['store'] },
  rounds: 5,
  async round(scene) {
    const { world, dice, note } = scene
    const [service = '', other = ''] = dice.shuffled(world.services)
    const [person = ''] = peopleOf(service)
    // Whether the call takes effect meanwhile: both happen.
    const how = dice.chance(0.5) ? { kind: 'slow' as const, ms: 3_000 } : { kind: 'hang' as const }
    world.slack.fault({ ...how, method: 'chat.postMessage', channel: dmOf(person), count: 1 })
    await world.alert(service)
    await arrival(scene, (call) => isPageTo(call, person), 10_000, `a page to ${person}`)
    const place = await sender(world)
    const from = Date.now()
    world.wire('store', place).drop()
    note(`process ${world.bots[place]?.pid} is cut off`)
    await world.alert(other, { bot: 1 - place })
    const last = await paged(scene, everybody([service, other]), TAKEN_OVER_MS, { from })
    await sleep(Math.max(0, from + FROZEN_MS - Date.now()))
    world.wire('store', place).pass()
    const backAt = Date.now()
    note('it has the store again')
    await sleep(STALE_MS)
    const stale = pagesIn(scene).filter(({ at }) => at > backAt)
    if (stale.length > 0) throw new Error(`sent afterwards: ${stale.map(({ key }) => key).join(', ')}`)
    await world.bots[place]?.ready(scene.most(PAGE_MS) * 2)
    return { recoveryMs: last - from }
  },
}

const HOUR_S = 3_600
const CLOCK_FILE = 'clock'

export const wallClock: Fault = {
  id: 'F19',
  holds:
    'the wall clock is set an hour ahead or back in the middle of an escalation: the next level is neither early nor late',
  missing: faketimePath === null ? 'there is no libfaketime' : needsServer,
  world: { services: 2, wait: WAIT, cold: true },
  fresh: true,
  rounds: 6,
  async round(scene) {
    const { world, dice, note } = scene
    const file = join(world.dataDir, CLOCK_FILE)
    await setClock(file, 0)
    await world.server().start()
    const bot = world.boot(0, {
      env: {
        LD_PRELOAD: faketimePath ?? '',
        FAKETIME_TIMESTAMP_FILE: file,
        FAKETIME_NO_CACHE: '1',
        DONT_FAKE_MONOTONIC: '1',
      },
    })
    await bot.ready()
    await world.fail(world.services)
    await paged(scene, everybody(world.services), FIRST_PAGE_MS)
    await sleep(dice.int(0, WAIT_MS - 2_000))
    const jump = dice.pick([HOUR_S, -HOUR_S])
    await setClock(file, jump)
    note(`the wall clock is set by ${jump} s`)
    await paged(scene, everybody(world.services, 2), NEXT_LEVEL_MS)
    const jumped = () => bot.lines().some(({ msg }) => /clock of this machine jumped/.test(String(msg)))
    await eventually(jumped, 'the log to say that the clock jumped', 10_000, 50)
    await setClock(file, 0)
    await paged(scene, [LAST], NEXT_LEVEL_MS)
    return { recoveryMs: null }
  },
}

/** libfaketime reads it at each look at the clock: never half of it. */
async function setClock(file: string, seconds: number): Promise<void> {
  await writeFile(`${file}.next`, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`)
  await rename(`${file}.next`, file)
}

export const blocked: Fault = {
  id: 'F21',
  holds:
    'the event loop is blocked for ten seconds in the middle of an escalation: pages go out right after, once, and the log says so',
  missing: needsServer,
  world: { services: 3, wait: WAIT, node: ['--inspect=127.0.0.1:0'] },
  rounds: 6,
  async round(scene) {
    const { world, dice, short, note } = scene
    const lastsMs = short ? 3_000 : 10_000
    const [failed = '', later = ''] = world.services
    const [bot] = world.bots
    await world.fail([failed])
    await paged(scene, peopleOf(failed), FIRST_PAGE_MS)
    await sleep(dice.int(0, 500))
    note('the event loop is blocked')
    await bot?.evaluate(`const until = performance.now() + ${lastsMs}; while (performance.now() < until);`)
    const freeAt = Date.now() + lastsMs
    const alerting = world.alert(later)
    await sleep(lastsMs)
    await alerting
    const last = await paged(scene, peopleOf(later), PAGE_MS, { from: freeAt })
    await paged(scene, peopleOf(failed, 2), PAGE_MS, { from: Math.max(freeAt, Date.now()) })
    return { recoveryMs: Math.max(0, last - freeAt), recoveredAt: freeAt }
  },
}

const DRAIN_MS = 10_000

export const drained: Fault = {
  id: 'F27',
  holds:
    'SIGTERM with twenty pages on their way: the process ends in order and in time, none is lost and none comes twice',
  missing: needsServer,
  world: { services: 10 },
  async round(scene) {
    const { world, dice, note, most } = scene
    for (const person of everybody(world.services))
      world.slack.fault({
        kind: 'slow',
        ms: dice.int(2_000, 4_000),
        method: 'chat.postMessage',
        channel: dmOf(person),
        count: 1,
      })
    await world.fail(world.services)
    const underWay = () =>
      world.slack
        .journal()
        .filter(
          (call) => call.n > scene.since.call && call.outcome === 'unanswered' && keyOf(call)?.startsWith('page/'),
        )
    await eventually(
      () => underWay().length >= everybody(world.services).length,
      'twenty pages on their way',
      15_000,
      2,
    )
    const place = await sender(world)
    const bot = world.bots[place]
    const from = Date.now()
    bot?.signal('SIGTERM')
    note('asked to end')
    const exit = await bot?.exited
    const tookMs = Date.now() - from
    if (exit?.code !== 0) throw new Error(`ended with code ${exit?.code} and signal ${exit?.signal}`)
    if (tookMs > most(DRAIN_MS)) throw new Error(`took ${tookMs} ms to end`)
    const readyAt = await world.boot(place).ready()
    await paged(scene, everybody(world.services), PAGE_MS, { from: readyAt })
    return { recoveryMs: tookMs }
  },
}

/** Node has this run before the program: its schema is one step further, as that of the next version would be. */
const NEWER = `import { registerHooks } from 'node:module'
registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    if (!url.endsWith('/src/store/migrations.ts')) return loaded
    const source = String(loaded.source).replace('export const SCHEMA = MIGRATIONS.length', 'export const SCHEMA = (MIGRATIONS as string[]).push("select 1")')
    return { ...loaded, source }
  },
})`
const newer = ['--import', `data:text/javascript,${encodeURIComponent(NEWER)}`]
/** A process sees by its next sweep that it is of the past. */
const OUTDATED_MS = 3_000

export const upgraded: Fault = {
  id: null,
  holds:
    'a newer version takes over the store: the older process decides, sends and checks nothing more and says so, the newer goes on',
  missing: needsServer,
  world: { bots: 2, services: 3, probed: true, wait: WAIT },
  fresh: true,
  rounds: 4,
  async round(scene) {
    const { world, dice, note, most } = scene
    const [escalating = '', failing = '', alerted = ''] = world.services
    const [old, replaced] = world.bots
    await world.fail([escalating])
    await paged(scene, peopleOf(escalating), FIRST_PAGE_MS)
    await sleep(dice.int(0, 1_000))
    replaced?.signal('SIGTERM')
    await replaced?.exited
    const next = world.boot(1, { node: newer })
    note(`process ${next.pid} is of a newer version`)
    await next.ready()
    const says = async () => {
      const answer = await old?.get('/readyz')
      return answer?.status === 503 && /newer version/.test(answer.body)
    }
    await eventually(says, 'the older process to say that it is outdated', most(OUTDATED_MS), 20)
    await paged(scene, peopleOf(escalating, 2), NEXT_LEVEL_MS)
    await mustBeIdle(scene, old?.pid ?? 0)
    world.targets.fail(pathsOf(failing))
    await world.alert(alerted, { bot: 1 })
    await paged(scene, everybody([failing, alerted]), 2_500 + FIRST_PAGE_MS)
    old?.signal('SIGTERM')
    await old?.exited
    await world.boot(0, { node: newer }).ready()
    return { recoveryMs: null, loud: /newer version/ }
  },
}

/** What was claimed, decided or checked since is not this process's. */
async function mustBeIdle({ world }: Scene, pid: number): Promise<void> {
  const [before] = await world.query<{ sent: number }>(
    `select count(*)::int as sent from owed o join processes p on p.id = o.owner where p.pid = ${pid}`,
  )
  if ((before?.sent ?? 0) > 0) throw new Error(`the older process holds ${before?.sent} claims`)
  await sleep(1_000)
  const asked = world.targets.requests()
  await sleep(2_000)
  const monitors = world.services.length * pathsOf('').length
  const came = world.targets.requests() - asked
  if (came > monitors * 3) throw new Error(`${came} probes of ${monitors} monitors in two seconds: two processes check`)
}
