import { readFile } from 'node:fs/promises'
import { eventually } from '../support/process.ts'
import { type Result, result } from './result.ts'
import { type Alert, lastCall, pageTo, personOf, type Queue, type Rig, serviceOf, startRig } from './rig.ts'

const SERVICES = 40
const ALERTS = 100
const STORM = 10_000
/** Requests of the storm under way at once, as of a sender with as many workers. */
const SENDERS = 50
const PAGE_MS = 10_000
/** Services of a burst, each with a person of its own; alerts of one list of the lists. */
const BURST = 1_000
const LIST = 500

const alertOf = (n: number, key: string, status: Alert['status'] = 'firing'): Alert => ({
  key,
  service: serviceOf(n),
  status,
  severity: 'critical',
  summary: `${key} fails`,
})

/** Alerts that other systems send: one at a time, and a storm with one that has nothing to do with it in the middle. */
export const alerts = async (): Promise<Result[]> => [
  ...(await through('postgres')),
  ...(await through('redis')),
  ...(await burst()),
]

async function through(queue: Queue): Promise<Result[]> {
  const section = `alerts, timetable on ${queue}`
  const rig = await startRig({ services: SERVICES, monitors: 1, everyS: 30, queue })
  try {
    await rig.bot.ready(30_000)
    const known = await oneByOne(rig)
    const { storedPerS, unrelatedMs, rssMb } = await storm(rig)
    return [
      result(section, 'POST answered → DM accepted, DM known', 'ms', known, { goal: { of: 'p99', value: 250 } }),
      result(section, '  the same against the p50', 'ms', known, { goal: { of: 'p50', value: 50 } }),
      result(section, `${STORM} alerts at once: answered (stored)`, 'alerts/s', [storedPerS], {
        note: `${SENDERS} requests at a time, one alert each; the target is 4,000 or more`,
      }),
      result(section, '  an unrelated page meanwhile: POST → DM', 'ms', [unrelatedMs], {
        goal: { of: 'max', value: 1_000 },
      }),
      result(section, '  resident memory of the bot after it', 'MB', [rssMb], { goal: { of: 'max', value: 400 } }),
    ]
  } finally {
    await rig.close()
  }
}

/** The first alert of each person opens their DM, and does not count. */
async function oneByOne({ slack, alert }: Rig): Promise<number[]> {
  const ms: number[] = []
  for (let n = 0; n < ALERTS + SERVICES; n++) {
    const since = lastCall(slack)
    const person = personOf(n % SERVICES)
    const answeredAt = await alert([alertOf(n % SERVICES, `check-${n}`)])
    const acceptedAt = () => pageTo(slack, person, since)?.answered_at ?? null
    await eventually(() => acceptedAt() !== null, `the page of alert ${n}`, PAGE_MS, 1)
    if (n >= SERVICES) ms.push((acceptedAt() ?? Number.NaN) - answeredAt)
    await alert([alertOf(n % SERVICES, `check-${n}`, 'resolved')])
  }
  return ms
}

/** 90 of 100 say what was said before; the last service has no part in it. */
async function storm({ slack, alert, bot }: Rig): Promise<{ storedPerS: number; unrelatedMs: number; rssMb: number }> {
  const since = lastCall(slack)
  let next = 0
  const sender = async () => {
    for (let n = next++; n < STORM; n = next++) await alert([alertOf(n % (SERVICES - 1), `storm-${n % (STORM / 10)}`)])
  }
  const from = performance.now()
  const senders = Promise.all(Array.from({ length: SENDERS }, sender))
  await eventually(() => next > STORM / 2, 'half of the storm', 120_000, 1)
  const sentAt = Date.now()
  await alert([alertOf(SERVICES - 1, 'unrelated')])
  const accepted = () => pageTo(slack, personOf(SERVICES - 1), since)?.answered_at ?? null
  await eventually(() => accepted() !== null, 'the unrelated page', PAGE_MS, 1)
  await senders
  const storedPerS = STORM / ((performance.now() - from) / 1_000)
  return { storedPerS, unrelatedMs: (accepted() ?? Number.NaN) - sentAt, rssMb: await residentMb(bot.pid) }
}

/** A first alert of each of a thousand services at once, then ten thousand in lists as one sender has them. */
async function burst(): Promise<Result[]> {
  const section = `alerts, ${BURST} services`
  const rig = await startRig({ services: BURST, monitors: 1, everyS: 30 })
  const { slack, alert } = rig
  try {
    await rig.bot.ready(30_000)
    const since = lastCall(slack)
    const ms: number[] = []
    const answeredAt = new Map<string, number>()
    let next = 0
    const sender = async () => {
      for (let n = next++; n < BURST; n = next++) answeredAt.set(personOf(n), await alert([alertOf(n, `burst-${n}`)]))
    }
    await Promise.all(Array.from({ length: SENDERS }, sender))
    await eventually(() => pagedSince(rig, since).size >= BURST, 'the pages of the burst', 120_000, 100)
    for (const [person, at] of pagedSince(rig, since)) ms.push(at - (answeredAt.get(person) ?? Number.NaN))
    const storedS = await inLists(rig)
    return [
      result(section, 'POST answered → DM accepted, in a burst of all', 'ms', ms, { goal: { of: 'p99', value: 250 } }),
      result(section, '  the same against the p50', 'ms', ms, { goal: { of: 'p50', value: 50 } }),
      result(section, `${STORM} alerts of one service in lists of ${LIST}: stored`, 's', [storedS], {
        goal: { of: 'max', value: 2.5 },
      }),
    ]
  } finally {
    await rig.close()
  }
}

async function inLists({ alert }: Rig): Promise<number> {
  const from = performance.now()
  for (let list = 0; list < STORM / LIST; list++)
    await alert(Array.from({ length: LIST }, (_, n) => alertOf(0, `list-${list * LIST + n}`)))
  return (performance.now() - from) / 1_000
}

/** Who has been paged, and when Slack took it. */
const pagedSince = ({ slack }: Rig, since: number): Map<string, number> =>
  new Map(
    slack.journal().flatMap(({ n, args, answered_at }) => {
      const { metadata } = args as { metadata?: { event_payload?: { page_id?: string } } }
      const person = metadata?.event_payload?.page_id?.split('/')[2]
      return n > since && person !== undefined && answered_at !== null ? [[person, answered_at] as const] : []
    }),
  )

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024
}
