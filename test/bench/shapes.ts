import { learn, newShapes } from '../../src/domain/detect/shapes.ts'
import { type Result, result } from './result.ts'

const LOOKS = 50
/** Lines of one look: of a busy file, some 256 kB. */
const LINES = 2_000

/** Lines as programs write them, with what varies in them. */
const line = (n: number): string =>
  [
    `2026-11-23T07:00:0${n % 10}.123Z mx${n % 7} postfix/smtpd[${n}]: connect from mail${n}.example.com[10.0.${n % 255}.7]`,
    `{"level":"info","ts":${n},"msg":"request done","path":"/users/${n}","ms":${n % 300},"trace":"4bf92f3577b34da6a3ce929d0e0e4736"}`,
    `user u${n} logged in`,
    `cache miss for key session:${n} after ${n} ms, asking ${['db', 'redis', 'disk'][n % 3]}`,
  ][n % 4] ?? ''

/** Words without a pattern: each line is a new shape, and one is forgotten for it. */
const noise = (n: number): string =>
  Array.from({ length: 3 + (n % 12) }, (_, i) => ((n * 2_654_435_761 + i * 40_503) >>> 0).toString(36)).join(' ')

export async function shapes(): Promise<Result[]> {
  return [measured('a line of a known shape', line), measured('a line of noise', noise)]
}

function measured(what: string, of: (n: number) => string): Result {
  let known = newShapes(0, 1)
  const micros: number[] = []
  for (let look = 0; look < LOOKS; look++) {
    const lines = Array.from({ length: LINES }, (_, n) => of(look * LINES + n))
    // Its own time: other processes have theirs.
    const from = process.cpuUsage()
    known = learn(known, lines).shapes
    micros.push(process.cpuUsage(from).user / LINES)
  }
  const note = `${known.known.length} shapes, ${Math.round(JSON.stringify(known).length / 1024)} kB`
  return result('shapes', what, 'µs', micros, { goal: { of: 'p99', value: 20 }, note })
}
