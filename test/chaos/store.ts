import { join } from 'node:path'
import { sleep } from '../../src/clock.ts'
import { allocated, BALLAST_BYTES } from '../../src/store/embedded/disk.ts'
import { peopleOf, postmasterOf } from '../support/chaos.ts'
import { postgresBin, redisPath } from '../support/need.ts'
import { type BotProcess, eventually, postmasters } from '../support/process.ts'
import { beating, noise } from './load.ts'
import type { Came, Fault, Scene } from './play.ts'
import { everybody, paged } from './witness.ts'

/** The store goes away, in every way that there is, and comes back: nothing that was taken is lost, and nobody has to start anything again. */

/** What is lacking for a store whose server is a test's own. */
export const needsServer = postgresBin === null ? 'there is no PostgreSQL server' : null

const WAIT = '4s'
const FIRST_PAGE_MS = 5_000
/** All is well again this soon after the store is there again. */
const BACK_MS = 5_000
/** The embedded server is started again this soon. */
const RESTART_MS = 3_000
/** It shows this soon that the store is gone, whoever asks. */
const SHOWS_MS = 10_000
/** A call that the store does not answer ends. */
const CALL_MS = 5_000
/** People are told this soon that nobody can be paged. */
const SAID_MS = 60_000
/** What the machine adds to a limit. */
const MARGIN_MS = 1_000

const readyz = (bot: BotProcess) =>
  bot.get('/readyz').then(
    ({ status }) => status,
    () => 0,
  )

/** From an instant until every process is ready; throws when one takes too long. */
async function allBack({ world, most }: Scene, from: number): Promise<number> {
  await Promise.all(
    world
      .awake()
      .map((bot) =>
        eventually(
          async () => (await readyz(bot)) === 200,
          `process ${bot.pid} to be ready again`,
          most(BACK_MS) * 2,
          20,
        ),
      ),
  )
  const tookMs = Date.now() - from
  if (tookMs > most(BACK_MS)) throw new Error(`ready only ${tookMs} ms after the store was there again`)
  return tookMs
}

function killedMidLoad(store: 'server' | 'embedded'): Fault {
  return {
    id: 'F07',
    holds: `the ${store === 'server' ? 'database' : 'embedded'} server is killed in mid-load: what was accepted is paged, nothing is accepted meanwhile`,
    missing: store === 'server' ? needsServer : null,
    world: { store, services: 6 },
    async round(scene) {
      const { world, dice, note, most } = scene
      const half = world.services.length / 2
      const load = beating(scene, world.services.slice(0, half))
      const hum = noise(scene, world.services.slice(half), 20)
      await sleep(dice.int(800, 2_000))
      note('the server is killed')
      const killedAt = Date.now()
      await world.killStore()
      const goneAt = Date.now()
      if (store === 'server') {
        await sleep(dice.int(300, 3_000))
        await world.server().start()
      } else {
        await eventually(async () => (await storeAnswers(scene)) === true, 'the embedded server to be back', 20_000, 20)
      }
      const upAt = Date.now()
      note('the server is there again')
      if (store === 'embedded' && upAt - killedAt > most(RESTART_MS))
        throw new Error(`the embedded server was there again only after ${upAt - killedAt} ms`)
      await allBack(scene, upAt)
      const between = world.history.filter(({ invokedAt, endedAt }) => invokedAt > goneAt && endedAt < upAt - MARGIN_MS)
      const taken = between.filter(({ answered }) => answered !== null && answered < 500)
      if (store === 'server' && taken.length > 0)
        throw new Error(`taken without a store: ${JSON.stringify(taken.slice(0, 3))}`)
      await sleep(2_000)
      await hum.stop()
      const beats = await load.stop()
      const late = beats.map(({ takenAt, seenAt }) => seenAt - Math.max(takenAt, takenAt < upAt ? upAt : 0))
      const worst = Math.max(...late)
      if (worst > most(BACK_MS)) throw new Error(`a page came ${worst} ms after the store was there again`)
      const held = beats.filter(({ takenAt, seenAt }) => takenAt < upAt && seenAt > killedAt)
      return { recoveryMs: held.length === 0 ? null : Math.max(0, ...held.map(({ seenAt }) => seenAt - upAt)) }
    },
  }
}

const storeAnswers = ({ world }: Scene) =>
  world.query('select 1').then(
    () => true,
    () => false,
  )

export const killedServer = killedMidLoad('server')
export const killedEmbedded = killedMidLoad('embedded')

/** Ways for a store not to be there: its processes stand still, it is not there at all, the network swallows everything. */
type Absence = 'frozen' | 'stopped' | 'unreachable'

export const away: Fault = {
  id: 'F08',
  holds:
    'the store is frozen, stopped or out of reach: 503 and a word to people meanwhile, all is back within seconds, without a restart',
  missing: needsServer,
  world: { services: 4, wait: WAIT, wired: ['store'] },
  async round(scene) {
    const { world, dice, short, round, note, most } = scene
    const absences: readonly Absence[] = ['frozen', 'stopped', 'unreachable']
    const absence = short ? dice.pick(['frozen', 'stopped', 'unreachable']) : (absences[round % 3] ?? 'frozen')
    const lastsMs = short ? 4_000 : round === 1 ? 120_000 : dice.int(3_000, 8_000)
    const [escalating = '', alerted = ''] = world.services
    await world.fail([escalating])
    await paged(scene, peopleOf(escalating), FIRST_PAGE_MS)
    note(`the store is ${absence} for ${lastsMs} ms`)
    const from = Date.now()
    await leave(scene, absence)
    const told = saidSoon(scene, from, lastsMs)
    const refused = refusedMeanwhile(scene, alerted, from + lastsMs)
    await eventually(async () => (await readyz(bot(scene))) === 503, '/readyz to say so', most(SHOWS_MS), 50)
    await sleep(Math.max(0, from + lastsMs - Date.now()))
    await comeBack(scene, absence)
    const backAt = Date.now()
    note('the store is back')
    await allBack(scene, backAt)
    await refused
    await told
    await paged(scene, peopleOf(escalating, 2), BACK_MS, { from: Math.max(backAt, from + 4_000) })
    await paged(scene, peopleOf(alerted), BACK_MS)
    return { recoveryMs: Date.now() - backAt, recoveredAt: backAt }
  },
}

const bot = ({ world }: Scene): BotProcess => world.awake()[0] ?? world.boot()

async function leave({ world }: Scene, absence: Absence): Promise<void> {
  if (absence === 'frozen') await world.server().freeze()
  if (absence === 'stopped') await world.server().stop()
  if (absence === 'unreachable') world.wire('store', 0).drop()
}

async function comeBack({ world }: Scene, absence: Absence): Promise<void> {
  if (absence === 'frozen') await world.server().thaw()
  if (absence === 'stopped') await world.server().start()
  if (absence === 'unreachable') world.wire('store', 0).pass()
}

/** An alert is offered again and again, and each attempt is answered in time; whatever is answered with a 2xx is stored. */
async function refusedMeanwhile(scene: Scene, service: string, until: number): Promise<void> {
  const retryKey = `meanwhile-${scene.round}-${until}`
  for (;;) {
    const { answered, invokedAt, endedAt } = await scene.world.attempt(service, { retryKey })
    if (endedAt - invokedAt > scene.most(CALL_MS) + MARGIN_MS)
      throw new Error(`an answer took ${endedAt - invokedAt} ms`)
    if (endedAt < until && answered !== 503) throw new Error(`without a store an alert was answered with ${answered}`)
    if (answered === 202) return
    await sleep(200)
  }
}

/** In an outage that lasts, somebody is told in Slack. */
async function saidSoon({ world, since, most }: Scene, from: number, lastsMs: number): Promise<void> {
  if (lastsMs <= most(SAID_MS)) return
  const said = () =>
    world.slack
      .journal()
      .some(
        ({ n, method, args, arrived_at }) =>
          n > since.call && arrived_at > from && method === 'chat.postMessage' && SAYS_SO.test(String(args.text)),
      )
  await eventually(said, 'a word to people that the store does not answer', most(SAID_MS), 100)
}
const SAYS_SO = /Nobody can be paged/

export const startedFirst: Fault = {
  id: 'F09',
  holds:
    'the bot is started before its store and its Redis: it says what it waits for, and is ready soon after the later of the two',
  missing: redisPath === null ? 'there is no redis-server' : needsServer,
  world: { timetable: 'redis', services: 2, cold: true },
  fresh: true,
  async round(scene) {
    const { world, dice, short, round, note } = scene
    const process = world.boot()
    await eventually(() => process.knownPort() !== null, 'the process to listen', 20_000)
    const { status, body } = await process.get('/readyz')
    if (status !== 503) throw new Error(`/readyz says ${status} ${body} though nothing is there`)
    await sleep(short ? 1_500 : round === 1 ? 30_000 : dice.int(500, 5_000))
    const both = dice.shuffled([() => world.server().start(), () => world.redis().restart()])
    for (const start of both) {
      note('the next is started')
      await start()
      if (start !== both.at(-1)) await sleep(dice.int(0, 1_500))
    }
    const recoveryMs = await allBack(scene, Date.now())
    await world.fail(world.services)
    await paged(scene, everybody(world.services), FIRST_PAGE_MS)
    const streams = async () => ((await world.redis().cli('keys', 'bull:*:repeat')) as string[]).length
    await eventually(async () => (await streams()) > 0, 'the timetable to be in Redis', 20_000, 50)
    return { recoveryMs }
  },
}

export const orphaned: Fault = {
  id: 'F28',
  holds:
    'a killed bot leaves its store running: the next adopts it, a further one leaves it alone, and there is never a second',
  world: { store: 'embedded', services: 2 },
  async round(scene): Promise<Came> {
    const { world, dice, note, most } = scene
    const witness = watchPostmasters(world.dataDir)
    try {
      await world.fail(world.services.slice(0, 1))
      await sleep(dice.int(0, 30))
      world.bots[0]?.signal('SIGKILL')
      await world.bots[0]?.exited
      const orphan = postmasterOf(world.dataDir)
      note(`killed; its server ${orphan} goes on`)
      await sleep(dice.int(0, 500))
      const next = world.boot()
      const readyAt = await next.ready()
      const rival = world.boot(1)
      const { code } = await rival.exited
      world.bots.length = 1
      if (code !== 2) throw new Error(`a second process on the same folder ended with code ${code}`)
      if (postmasterOf(world.dataDir) !== orphan) throw new Error('the orphan was not adopted')
      if (readyAt - next.spawnedAt > most(BACK_MS))
        throw new Error(`ready only ${readyAt - next.spawnedAt} ms after the start`)
      await paged(scene, everybody(world.services.slice(0, 1)), BACK_MS, { from: readyAt })
      witness.check()
      return { recoveryMs: readyAt - next.spawnedAt }
    } finally {
      witness.stop()
    }
  },
}

const BALLAST = 'postgres.ballast'
/** A restart settles before it takes the ballast. */
const BALLAST_MS = 20_000

export const diskFull: Fault = {
  id: 'F20',
  holds:
    'the disk of the store is full: pages go on while the ballast lasts, then 503 and a word to people; with room all is back within seconds, without a restart',
  missing: process.getuid?.() === 0 ? null : 'only root may mount a small disk',
  world: { store: 'embedded', smallDisk: true, services: 4, wait: '5m' },
  fresh: true,
  rounds: 3,
  async round(scene) {
    const { world, note, most } = scene
    const disk = world.disk()
    const [before = '', low = '', meanwhile = '', after = ''] = world.services
    const ballast = () => allocated(join(world.dataDir, BALLAST))
    await eventually(async () => (await ballast()) >= BALLAST_BYTES, 'the ballast to be taken', BALLAST_MS)
    await world.fail([before])
    await paged(scene, peopleOf(before), FIRST_PAGE_MS)

    note('the disk is full')
    await disk.fill()
    await eventually(async () => (await ballast()) === 0, 'the ballast to be given up', most(BACK_MS))
    await world.alert(low)
    await paged(scene, peopleOf(low), FIRST_PAGE_MS)

    // Whatever room a dying server gives back is taken too.
    const filling = new AbortController()
    const filled = (async () => {
      for (; !filling.signal.aborted; await sleep(500)) {
        await disk.fill()
        await world
          .query(`select pg_logical_emit_message(true, 'x', repeat('x', 900000)), pg_switch_wal()`)
          .catch(() => {})
      }
    })()
    note('no byte is left of it')
    const attempts = world.history.length
    const refused = async () => (await world.attempt(low, { key: 'again' })).answered === 503
    await eventually(refused, 'an alert to be refused', 30_000)
    const from = Date.now()
    // One after the other until there is room: each of them is answered, and what is answered with a 2xx is stored.
    const taken = world.alert(meanwhile, {}, SAID_MS * 3)
    await saidSoon(scene, from, most(SAID_MS) + 1)
    note(`people were told after ${Date.now() - from} ms`)
    if ((await readyz(bot(scene))) !== 503) throw new Error('/readyz does not say so')
    filling.abort()
    await filled
    const backAt = Date.now()
    await disk.empty()
    note('there is room again')
    await allBack(scene, backAt)
    await taken
    const slow = world.history
      .slice(attempts)
      .filter(
        ({ answered, invokedAt, endedAt }) => answered === null || endedAt - invokedAt > most(CALL_MS) + MARGIN_MS,
      )
    if (slow.length > 0) throw new Error(`not answered in time: ${JSON.stringify(slow.slice(0, 3))}`)
    await paged(scene, peopleOf(meanwhile), BACK_MS)
    await world.alert(after)
    await paged(scene, peopleOf(after), FIRST_PAGE_MS)
    return { recoveryMs: Date.now() - backAt, recoveredAt: backAt }
  },
}

/** More than one postmaster for this long is not a loser on its way out. */
const SAMPLE_MS = 150
const SAMPLES = 4

/** Looks all the time: never two servers for one folder, but for the moment that a loser needs to go. */
export function watchPostmasters(dataDir: string): { check(): void; stop(): void } {
  let twoInARow = 0
  let broken: string | null = null
  let looking = false
  const timer = setInterval(async () => {
    if (looking) return
    looking = true
    const found = await postmasters(dataDir).catch(() => [])
    looking = false
    twoInARow = found.length > 1 ? twoInARow + 1 : 0
    if (twoInARow >= SAMPLES) broken ??= `several postmasters for ${dataDir}: ${found.join(', ')}`
  }, SAMPLE_MS)
  return {
    check() {
      if (broken !== null) throw new Error(broken)
    },
    stop: () => clearInterval(timer),
  }
}
