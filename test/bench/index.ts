import { writeFile } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { alerts } from './alerts.ts'
import { command } from './command.ts'
import { gate } from './gate.ts'
import { memory } from './memory.ts'
import { page } from './page.ts'
import { monitors, probes, series } from './probes.ts'
import { rates } from './rates.ts'
import { restart } from './restart.ts'
import { type Result, ratio, table } from './result.ts'
import { schedule } from './schedule.ts'
import { shapes } from './shapes.ts'
import { start } from './start.ts'

/**
 * Measures what one machine can of design.md §8: `npm run bench`, parts of it with `-- --only page,command`, figures as JSON with
 * `--out FILE`. Ratios (goal / measured), no verdicts: the machine may be busy with something else.
 */
const SECTIONS: Record<string, () => Promise<Result[]>> = {
  schedule,
  start,
  command,
  page,
  alerts,
  restart,
  memory,
  probes,
  monitors,
  rates,
  series,
  shapes,
  gate,
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, out: { type: 'string', default: join(tmpdir(), 'bench.json') } },
})
const wanted = values.only?.split(',').map((name) => name.trim()) ?? Object.keys(SECTIONS)
const unknown = wanted.filter((name) => !SECTIONS[name])
if (unknown.length > 0) {
  process.stderr.write(`There is no section ${unknown.join(', ')}; there are ${Object.keys(SECTIONS).join(', ')}.\n`)
  process.exit(2)
}

const results: Result[] = []
let failed = false
for (const name of wanted) {
  const from = performance.now()
  process.stderr.write(`${name} … `)
  try {
    results.push(...((await SECTIONS[name]?.()) ?? []))
    process.stderr.write(`${Math.round((performance.now() - from) / 1_000)} s\n`)
  } catch (error) {
    failed = true
    process.stderr.write(`failed: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}

const [cpu] = cpus()
const machine = {
  cpu: `${cpus().length} x ${cpu?.model ?? 'unknown'}`,
  memoryMb: Math.round(totalmem() / 1024 / 1024),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
}
process.stdout.write(`\n${machine.cpu}, Node ${machine.node}\n\n${table(results)}\n\n`)
await writeFile(
  values.out,
  `${JSON.stringify({ at: new Date().toISOString(), machine, results: results.map((each) => ({ ...each, ratio: ratio(each) })) }, null, 2)}\n`,
)
process.stdout.write(`Figures: ${values.out}\n`)
process.exitCode = failed ? 1 : 0
