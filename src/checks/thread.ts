import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { machine, standstills } from '../clock.ts'
import type { Rules } from '../domain/rules.ts'
import { checkTarget } from './check.ts'
import type { Met } from './look.ts'
import type { Asked, Told } from './threads.ts'

/** Looks at what `threads.ts` asks it to look at, as many at once as it is asked for. */

/** A certificate that was told of is told of again after this. */
const AGAIN_MS = 3_600_000
/** More than a large company has. */
const MOST_TOLD = 20_000

/** Pages come first. Of Linux alone it is true that this is about this thread, and not about the whole process. */
if (process.platform === 'linux') setPriority(5)

const tell = (told: Told) => parentPort?.postMessage(told)

let toldOf = new Set<string>()
let toldSince = machine.elapsed()

function met(each: Met): void {
  if (each.kind === 'redirect') {
    tell({ redirect: each.host })
    return
  }
  const now = machine.elapsed()
  if (now - toldSince > AGAIN_MS || toldOf.size >= MOST_TOLD) {
    toldOf = new Set()
    toldSince = now
  }
  const { fingerprint256, raw } = each.certificate
  if (toldOf.has(fingerprint256)) return
  toldOf.add(fingerprint256)
  tell({ certificate: raw })
}

const check = checkTarget(machine.elapsed, standstills(), met)
let rules: Pick<Rules, 'allowPrivate'> = { allowPrivate: [] }

parentPort?.on('message', async (asked: Asked) => {
  if ('allowPrivate' in asked) {
    rules = asked
    return
  }
  const { id, probe, at } = asked
  tell({ id, sample: await check(probe, rules, at) })
})
