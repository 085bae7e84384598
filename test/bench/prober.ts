import { checkTarget } from '../../src/checks/check.ts'
import { machine, realClock, sleep } from '../../src/clock.ts'
import type { Sample } from '../../src/domain/detect/probe.ts'
import type { HttpProbe, Rules } from '../../src/domain/rules.ts'
import { createWheel } from '../../src/timetable/wheel.ts'

/**
 * Probes alone, in a process of its own: `node prober.ts URL COUNT HOW`, where HOW is `4x` for four at a time, `1000/s` for so many a second, or
 * `paced` for all at once as the wheel paces them. Says in one line of JSON what they cost (processor time of this process, without its
 * start), and what they reported.
 */
const [url = '', count = '0', how = 'paced'] = process.argv.slice(2)
const rules = { allowPrivate: ['127.0.0.0/8'] } as Rules
const probe: HttpProbe = {
  ...{ kind: 'http', name: 'bench', service: 'bench', severity: 'critical' },
  ...{ everyMs: 30_000, timeoutMs: 10_000, failAfter: 1, recoverAfter: 1, locations: ['here'], agree: 1 },
  ...{ url, method: 'GET', headers: {}, body: null, redirects: 'refuse', ip: null },
  expect: { status: [], headers: {}, bodyContains: null, bodyLacks: null, bodyMatches: null, json: [] },
} as HttpProbe
const check = checkTarget(machine.elapsed)

interface Result {
  ms: number[]
  failed: string[]
}

/** All fall due at the same instant. */
async function paced(many: number): Promise<Sample[]> {
  const clock = realClock()
  const under: Promise<Sample>[] = []
  const wheel = createWheel({ clock, perMs: () => 0.5, due: () => under.push(check(probe, rules, clock.now())) })
  const at = clock.now() + 20
  for (let n = 0; n < many; n++) wheel.set(`${n}`, at)
  while (under.length < many) await sleep(1)
  return Promise.all(under)
}

/** Starts them evenly: as many as are due each time the timer comes. */
async function evenly(many: number, rate: number): Promise<Sample[]> {
  const under: Promise<Sample>[] = []
  const from = performance.now()
  while (under.length < many) {
    const due = Math.min(many, Math.floor(((performance.now() - from) / 1_000) * rate) + 1)
    while (under.length < due) under.push(check(probe, rules, Date.now()))
    await sleep(1)
  }
  return Promise.all(under)
}

/** One begins when another ends: also on a machine that is busy with something else. */
async function inTurn(many: number, atOnce: number): Promise<Sample[]> {
  const found: Sample[] = []
  let left = many
  const one = async () => {
    while (left-- > 0) found.push(await check(probe, rules, Date.now()))
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  return found
}

async function probes(many: number): Promise<Result> {
  const number = Number.parseInt(how, 10)
  const samples = await (how === 'paced'
    ? paced(many)
    : how.endsWith('x')
      ? inTurn(many, number)
      : evenly(many, number))
  return {
    ms: samples.flatMap(({ ok, ms }) => (ok ? ms : [])),
    failed: samples.flatMap(({ ok, saw }) => (ok ? [] : saw)),
  }
}

// What is compiled and opened by the first of them is no part of the cost.
await probes(Math.min(500, Number(count)))
const before = process.cpuUsage()
const { ms, failed } = await probes(Number(count))
const { user, system } = process.cpuUsage(before)
const said = JSON.stringify({ cpuMs: (user + system) / 1_000 / Number(count), ms, failed })
// What is left in the pipe would go with the process.
process.stdout.write(`${said}\n`, () => process.exit())
