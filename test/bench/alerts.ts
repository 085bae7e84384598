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

const alertOf = (n: number, key: string, status: Alert['status'] = 'firing'): Alert => ({
  key,
  service: serviceOf(n),
  status,
  severity: 'critical',
  summary: `${key} fails`,
})

/** Alerts that other systems send: one at a time, and a storm with one that has nothing to do with it in the middle. */
export const alerts = async (): Promise<Result[]> => [...(await through('postgres')), ...(await through('redis'))]

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

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024
}
