import { sleep } from '../../src/clock.ts'
import type { Call } from '../../src/sandbox/wire.ts'
import { dmOf, peopleOf, slackId, type World } from '../support/chaos.ts'
import { eventually } from '../support/process.ts'
import { counted, keyOf } from './checker.ts'
import type { Fault, Scene } from './play.ts'
import { needsServer } from './store.ts'
import { arrival, everybody, paged, pagesIn, press } from './witness.ts'

/** Slack is slow, wrong, mute, or away. */

const FIRST_PAGE_MS = 5_000
/** Between two tries of anything, whatever goes wrong. */
const CEILING_MS = 15_000
/** A call without an answer ends. */
const CALL_MS = 5_000
/** Slack works again, and so do we. */
const RECOVERED_MS = 20_000
/** Nobody waits longer for anybody else's trouble. */
const OTHERS_MS = 1_000

const calls = ({ world, since }: Pick<Scene, 'world' | 'since'>): Call[] =>
  world.slack.journal().filter(({ n }) => n > since.call)

export const lostReply: Fault = {
  id: 'F10',
  holds:
    'a page is taken and the reply is lost, once or each time: one message is seen, at most two where the history cannot be read',
  missing: needsServer,
  world: { services: 3 },
  async round(scene) {
    const { world, dice, note } = scene
    const [struck = '', ...others] = dice.shuffled(world.services)
    const times = dice.pick([1, 3])
    const history = dice.chance(0.6) ? 'readable' : dice.pick(['forbidden', 'down'])
    note(`${times} replies lost to the people of ${struck}, the history is ${history}`)
    for (const person of peopleOf(struck))
      world.slack.fault({ kind: 'lost_reply', method: 'chat.postMessage', channel: dmOf(person), count: times })
    if (history === 'forbidden')
      world.slack.fault({ kind: 'error', method: 'conversations.history', error: 'missing_scope' })
    if (history === 'down') world.slack.fault({ kind: 'http', method: 'conversations.history', status: 503 })
    const from = Date.now()
    await world.fail([struck, ...others])
    await paged(scene, everybody(world.services), FIRST_PAGE_MS)
    if (history === 'readable')
      await eventually(() => known(scene, peopleOf(struck)), 'what became of the pages to be known', 30_000, 100)
    return { recoveryMs: history === 'readable' ? Date.now() - from : null, visible: history === 'readable' ? 1 : 2 }
  },
}

/** Whether the pages of these people are on record as sent. */
async function known(scene: Scene, people: readonly string[]): Promise<boolean> {
  const keys = pagesIn(scene).flatMap(({ key, person }) => (people.includes(person) ? [`'${key}'`] : []))
  const [row] = await scene.world.query<{ n: number }>(
    `select count(*)::int as n from owed where state = 'done' and result ->> 'ts' is not null and key in (${keys.join(', ')})`,
  )
  return row?.n === people.length
}

export const failing: Fault = {
  id: 'F11',
  holds:
    'Slack answers everything with 500 or 503: it is tried at least every 15 s, and the pages are out soon after, marked as late',
  missing: needsServer,
  world: { services: 3 },
  async round(scene) {
    const { world, dice, short, round, note, most } = scene
    const lastsMs = short ? 2_500 : round === 1 ? 90_000 : dice.int(2_000, 8_000)
    note(`for ${lastsMs} ms`)
    world.slack.fault({ kind: 'http', status: dice.pick([500, 503]) })
    await world.fail(world.services)
    await sleep(lastsMs)
    world.slack.resetFaults()
    const backAt = Date.now()
    const last = await paged(scene, everybody(world.services), RECOVERED_MS, { from: backAt })
    for (const person of everybody(world.services)) {
      const tries = calls(scene).filter((call) => isAbout(call, person))
      const gaps = tries.slice(1).map((call, index) => call.arrived_at - (tries[index]?.arrived_at ?? 0))
      if (Math.max(0, ...gaps) > most(CEILING_MS) + CALL_MS)
        throw new Error(`${person} was left alone for ${Math.max(...gaps)} ms`)
    }
    if (lastsMs > LATE_MS && !pagesIn(scene).every(({ n }) => /late by/.test(JSON.stringify(byNumber(scene, n)))))
      throw new Error('a page does not say that it is late')
    return { recoveryMs: last - backAt }
  },
}

/** A page that is so late says so. */
const LATE_MS = 60_000

const byNumber = (scene: Scene, n: number) => calls(scene).find((call) => call.n === n)?.args

/** Whether a call has to do with the page of a person: opens their DM, posts to it, looks into it. */
const isAbout = ({ args }: Call, person: string) => args.users === slackId(person) || args.channel === dmOf(person)

export const hanging: Fault = {
  id: 'F12',
  holds: 'Slack takes fifty pages and answers none: they end and are sent again, and no other page waits for them',
  missing: needsServer,
  world: { services: 26 },
  rounds: 5,
  async round(scene) {
    const { world, short, note } = scene
    const stuck = world.services.slice(1, short ? 11 : 26)
    const [free = ''] = world.services
    for (const person of everybody(stuck))
      world.slack.fault({ kind: 'hang', method: 'chat.postMessage', channel: dmOf(person), count: 1 })
    await world.fail(stuck)
    const hung = () => calls(scene).filter(({ outcome }) => outcome === 'hang')
    await eventually(() => hung().length >= stuck.length * 2, 'all of them to hang', FIRST_PAGE_MS * 3)
    note('all of them hang')
    const { endedAt } = await world.alert(free)
    const seenAt = await paged(scene, peopleOf(free), OTHERS_MS, { from: endedAt })
    note(`another page took ${seenAt - endedAt} ms`)
    const from = Math.min(...hung().map(({ arrived_at }) => arrived_at))
    // Its end, two looks for it, and the next try.
    const last = await paged(scene, everybody(stuck), CALL_MS + 10_000, { from })
    return { recoveryMs: last - from }
  },
}

export const rateLimited: Fault = {
  id: 'F13',
  holds: "Slack limits the rate of an incident's channel: it is left alone as long as it says, and no page waits",
  missing: needsServer,
  world: { services: 2, wait: '3s' },
  async round(scene) {
    const { world, dice, short, note } = scene
    const seconds = short ? 4 : scene.round === 1 ? 30 : dice.pick([4, 8])
    await world.fail(world.services)
    await paged(scene, everybody(world.services), FIRST_PAGE_MS)
    const posted = await arrival(
      scene,
      (call) => /^summary\//.test(keyOf(call) ?? '') && call.done,
      10_000,
      'a summary',
    )
    const channel = String(posted.args.channel)
    world.slack.fault({ kind: 'ratelimited', method: 'chat.*', channel, count: 1, retry_after: seconds })
    const [, incident] = keyOf(posted)?.split('/') ?? []
    const person = pagesIn(scene).find((page) => String(page.incident) === incident)?.person ?? ''
    await world.alert(person.slice(0, -1), { key: 'another' })
    // The checker knows when the next level was due; here it only has to come.
    await paged(scene, everybody(world.services, 2), 3_000 + FIRST_PAGE_MS)
    const limited = await arrival(scene, ({ outcome }) => outcome === 'ratelimited', 40_000, 'a call that is refused')
    note(`refused for ${seconds} s: ${limited.method}`)
    await sleep(limited.arrived_at + seconds * 1_000 - Date.now())
    const early = calls(scene).filter(
      ({ n, args, arrived_at, method }) =>
        n > limited.n &&
        args.channel === channel &&
        method.startsWith('chat.') &&
        arrived_at < limited.arrived_at + seconds * 1_000 - 20,
    )
    if (early.length > 0)
      throw new Error(
        `called ${early.length} times within the pause: ${early.map(({ method, arrived_at }) => `${method} after ${arrived_at - limited.arrived_at} ms`).join(', ')}`,
      )
    return { recoveryMs: null }
  },
}

/** What was typed or pressed while connections came and went. */
interface Asked {
  text: string
  taken: boolean
}

/** Connected again this soon, nearly always. */
const RECONNECTED_MS = 3_000

export const droppedSockets: Fault = {
  id: 'F14',
  holds:
    'sockets are dropped again and again, with and without a word: each time there is soon another, and what people do is done once',
  missing: needsServer,
  world: { services: 1 },
  rounds: 2,
  async round(scene) {
    const { world, dice, short, round, note, most } = scene
    const drops = short ? 3 : 15
    await world.fail(world.services)
    await paged(scene, everybody(world.services), FIRST_PAGE_MS)
    const incident = pagesIn(scene)[0]?.incident ?? 0
    const asked: Asked[] = []
    const apart: number[] = []
    for (let drop = 1; drop <= drops; drop++) {
      const typing = type(world, `/incident note INC-${incident} note ${round}-${drop}`, asked)
      const reason = dice.pick(['cut', 'warning', 'refresh_requested', 'cut'])
      await sleep(dice.int(0, 60))
      world.slack.fault({ kind: 'disconnect', reason })
      const from = Date.now()
      await eventually(() => world.slack.workspace.connections > 0, `a connection after ${reason}`, most(10_000), 5)
      apart.push(Date.now() - from)
      await typing
      await sleep(short ? 300 : dice.int(1_000, 2_500))
    }
    const longest = apart.toSorted((a, b) => a - b)[Math.ceil(apart.length * 0.95) - 1] ?? 0
    note(`without a connection for ${apart.join(', ')} ms`)
    if (longest > most(RECONNECTED_MS)) throw new Error(`without a connection for ${longest} ms`)
    await eventually(
      async () => {
        const noted = new Set(await notes(world))
        return asked.every(({ text, taken }) => !taken || noted.has(text))
      },
      'every note that was taken',
      15_000,
      100,
    )
    const noted = counted(await notes(world))
    for (const { text, taken } of asked) {
      const count = noted.get(text) ?? 0
      if (count > 1 || (taken && count === 0))
        throw new Error(`"${text}" was ${taken ? '' : 'not '}taken and noted ${count} times`)
    }
    return { recoveryMs: longest }
  },
}

async function type({ slack }: World, command: string, asked: Asked[]): Promise<void> {
  const text = command.replace(/^.*(note [\d-]+)$/, '$1')
  const reaction = await slack.command(slackId('s1a'), 'C0OPS', command)
  asked.push({ text, taken: reaction.failed === null })
}

const notes = async ({ query }: World): Promise<string[]> =>
  (await query<{ text: string }>(`select body ->> 'text' as text from facts where kind = 'note' order by id`)).map(
    ({ text }) => text,
  )

export const outage: Fault = {
  id: 'F15',
  holds: 'Slack is away altogether, and takes no connection: connected and all pages out soon after it is back',
  missing: needsServer,
  world: { services: 3 },
  async round(scene) {
    const { world, dice, short, round, note, most } = scene
    const lastsMs = short ? 3_000 : round === 1 ? 90_000 : dice.int(2_000, 8_000)
    note(`for ${lastsMs} ms`)
    world.slack.fault({ kind: 'http', status: 503 })
    world.slack.fault({ kind: 'refuse_connections' })
    world.slack.fault({ kind: 'disconnect', reason: 'cut' })
    await sleep(dice.int(0, 1_000))
    await world.fail(world.services)
    await sleep(lastsMs)
    world.slack.resetFaults()
    const backAt = Date.now()
    note('Slack is back')
    const last = await paged(scene, everybody(world.services), RECOVERED_MS, { from: backAt })
    await eventually(() => world.slack.workspace.connections > 0, 'a connection', most(RECOVERED_MS), 20)
    const [bot] = world.bots
    await bot?.ready(most(RECOVERED_MS))
    return { recoveryMs: Math.max(last - backAt, Date.now() - backAt) }
  },
}

const REPEATS = 3

export const tripled = (mode: 'socket' | 'http'): Fault => ({
  id: 'F18',
  holds: `everything comes three times and out of order, ${mode === 'socket' ? 'over sockets' : 'as signed requests'}: it is done once, as if it had come in order`,
  missing: needsServer,
  world: { services: 3, slack: mode },
  async round(scene) {
    const { world, dice } = scene
    const [first = '', second = '', third = ''] = world.services
    world.slack.fault({ kind: 'duplicate', times: REPEATS })
    await Promise.all([first, second].map((service) => story(scene, service)))
    await world.alert(third)
    await paged(scene, peopleOf(third), FIRST_PAGE_MS)
    const incident = pagesIn(scene).find(({ person }) => peopleOf(third).includes(person))?.incident ?? 0
    const texts = dice.shuffled(['one', 'two', 'three'])
    for (const text of texts)
      await world.slack.command(slackId(`${third}b`), 'C0OPS', `/incident note INC-${incident} ${text}`)
    await Promise.all([press(scene, `${third}a`, 'incident_ack'), press(scene, `${third}a`, 'incident_ack')])
    await eventually(async () => (await kinds(world, incident)).get('note') === 3, 'the notes', 15_000, 50)
    await eventually(async () => (await kinds(world, incident)).get('acked') === 1, 'the acknowledgement', 15_000, 50)
    // A repeat that comes late must not do anything either.
    await sleep(500)
    const done = await kinds(world, incident)
    for (const [kind, count] of Object.entries({ opened: 1, detected: 1, note: 3, acked: 1, paged: 2 }))
      if (done.get(kind) !== count) throw new Error(`${kind} is on record ${done.get(kind) ?? 0} times`)
    await once(scene, [first, second])
    return { recoveryMs: null }
  },
})

/** A service fails, another alert of it comes and goes, and each message comes thrice, the copies at any time after the first. */
async function story({ world, dice, round }: Scene, service: string): Promise<void> {
  const steps = [
    { key: 'a', status: 'firing' },
    { key: 'b', status: 'firing' },
    { key: 'b', status: 'resolved' },
  ] as const
  const late: (() => Promise<unknown>)[] = []
  for (const step of steps) {
    const send = () => world.alert(service, { ...step, retryKey: `${round}-${service}-${step.key}-${step.status}` })
    await send()
    const copies = Array.from({ length: REPEATS - 1 }, () => send)
    if (dice.chance(0.5)) await Promise.all(copies.splice(0, 1).map((copy) => copy()))
    late.push(...copies)
  }
  for (const copy of dice.shuffled(late)) await copy()
}

async function kinds({ query }: World, incident: number): Promise<Map<string, number>> {
  const rows = await query<{ kind: string }>(`select kind from facts where incident = ${incident}`)
  return counted(rows.map(({ kind }) => kind))
}

/** Of what was told thrice, each thing is on record once, and stands as it stood after the first telling. */
async function once({ world, since }: Scene, services: readonly string[]): Promise<void> {
  const settled = async () => {
    const [row] = await world.query<{ n: number }>('select count(*)::int as n from inbox where done_at is null')
    return row?.n === 0
  }
  await eventually(settled, 'everything to be decided', 15_000, 50)
  for (const service of services) {
    const alerts = await world.query<{ key: string; status: string; count: number }>(
      `select key, status, (doc ->> 'count')::int as count from alerts where service = '${service}' and key in ('a', 'b') order by key`,
    )
    const stands = alerts.map(({ key, status }) => `${key} ${status}`).join(', ')
    if (stands !== 'a firing, b resolved') throw new Error(`the alerts of ${service} stand otherwise: ${stands}`)
    const told = await world.query<{ key: string; kind: string; n: number }>(
      `select alert ->> 'key' as key, kind, count(*)::int as n
       from facts, lateral (
         select body as alert where not body ? 'alerts'
         union all select jsonb_array_elements(body -> 'alerts') where body ? 'alerts') each
       where id > ${since.fact} and body ->> 'service' = '${service}' and kind <> 'repeated' and alert ->> 'key' in ('a', 'b')
       group by 1, 2`,
    )
    const repeated = told.filter(({ n }) => n > 1)
    if (repeated.length > 0) throw new Error(`told more than once of ${service}: ${JSON.stringify(repeated)}`)
  }
}
