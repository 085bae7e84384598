import { eventually } from '../support/process.ts'
import { type Result, result } from './result.ts'
import { lastCall, monitorOf, pageTo, personOf, type Queue, startRig } from './rig.ts'

const FAILURES = 100
const SERVICES = 20
/** Monitors are checked once a second: a failure is seen by the next tick. */
const SEEN_MS = 15_000

/** One failure at a time, and its page: from the last failing answer of the target to Slack's yes. */
export const page = async (): Promise<Result[]> => [...(await pages('postgres')), ...(await pages('redis'))]

async function pages(queue: Queue): Promise<Result[]> {
  const rig = await startRig({ services: SERVICES, monitors: SERVICES, everyS: 1, queue })
  const section = `page, timetable on ${queue}`
  const { slack, targets } = rig
  const failures: {
    monitor: string
    person: string
    first: boolean
    failedAt: number
    arrivedAt: number
    acceptedAt: number
  }[] = []
  try {
    await rig.bot.ready(30_000)
    await eventually(() => targets.requests() >= 3 * SERVICES, 'every monitor to be up', 20_000)
    for (let n = 0; n < FAILURES; n++) {
      const monitor = monitorOf(n % SERVICES)
      const person = personOf(n % SERVICES)
      const since = lastCall(slack)
      // One failure is enough (fail_after 1): the first failing answer is the last that the decision needs.
      let failedAt = Number.NaN
      targets.onFailure(() => {
        failedAt = Date.now()
        targets.onFailure(null)
      })
      targets.fail([monitor])
      const accepted = () => pageTo(slack, person, since)?.answered_at ?? null
      await eventually(() => accepted() !== null, `the page for failure ${n + 1}`, SEEN_MS, 1)
      const call = pageTo(slack, person, since)
      failures.push({
        monitor,
        person,
        first: n < SERVICES,
        failedAt,
        arrivedAt: call?.arrived_at ?? Number.NaN,
        acceptedAt: call?.answered_at ?? Number.NaN,
      })
      targets.recover([monitor])
    }
    // Its own log says when what was on record: all in wall time of this machine.
    const lines = rig.bot.lines()
    const before = (at: number, is: (line: Record<string, unknown>) => boolean) =>
      Number(lines.findLast((line) => is(line) && Number(line['time']) <= at)?.['time'] ?? Number.NaN)
    const steps = failures.map((failure) => {
      const storedAt = before(
        failure.arrivedAt,
        (line) => line['msg'] === 'monitor' && line['monitor'] === failure.monitor && line['transition'] === 'down',
      )
      const decidedAt = before(
        failure.arrivedAt,
        (line) =>
          line['msg'] === 'paged' && (line['page'] as { person?: string } | undefined)?.person === failure.person,
      )
      return { ...failure, storedAt, decidedAt }
    })
    const spans = (from: (step: (typeof steps)[number]) => number, which = steps) => which.map(from)
    const known = steps.filter(({ first }) => !first)
    return [
      result(
        section,
        'last failing probe → DM accepted',
        'ms',
        spans((s) => s.acceptedAt - s.failedAt),
        {
          goal: { of: 'p99', value: 1_000 },
          note: `the goal is with 10,000 monitors, here are ${SERVICES}`,
        },
      ),
      result(
        section,
        '  the same, DM channel known',
        'ms',
        spans((s) => s.acceptedAt - s.failedAt, known),
      ),
      result(
        section,
        '  probe answered → result on record',
        'ms',
        spans((s) => s.storedAt - s.failedAt),
      ),
      result(
        section,
        '  on record → decided, on record',
        'ms',
        spans((s) => s.decidedAt - s.storedAt),
      ),
      result(
        section,
        '  decided → request at Slack, DM known',
        'ms',
        spans((s) => s.arrivedAt - s.decidedAt, known),
      ),
      result(
        section,
        'inbox row stored → request, DM known',
        'ms',
        spans((s) => s.arrivedAt - s.storedAt, known),
        {
          goal: { of: 'p99', value: 10 },
        },
      ),
      result(
        section,
        '  the same against the p50',
        'ms',
        spans((s) => s.arrivedAt - s.storedAt, known),
        {
          goal: { of: 'p50', value: 3 },
        },
      ),
      result(
        section,
        'inbox row stored → request, DM opened',
        'ms',
        spans(
          (s) => s.arrivedAt - s.storedAt,
          steps.filter(({ first }) => first),
        ),
      ),
    ]
  } finally {
    await rig.close()
  }
}
