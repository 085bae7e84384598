import { writeFileSync } from 'node:fs'
import type { Reporter } from 'vitest/node'
import type { Row } from './play.ts'

/** The table at the end of `npm run chaos`: what was done, and what came of it. With CHAOS_OUT also as JSON, in that file. */

declare module 'vitest' {
  interface TaskMeta {
    row?: Row
  }
}

export const table: Reporter = {
  onTestRunEnd(modules) {
    const rows = modules.flatMap((module) => [...module.children.allTests()].flatMap((test) => test.meta().row ?? []))
    rows.sort((a, b) => a.fault.localeCompare(b.fault))
    process.stdout.write(`\n${tableOf(rows)}\n`)
    if (process.env.CHAOS_OUT) writeFileSync(process.env.CHAOS_OUT, `${JSON.stringify(rows, null, 2)}\n`)
  },
}

/** A fault's name is a sentence: as much of it as fits. */
const NAME = 72

function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ fault, rounds, pages, lost, doubled, recoveryMs, failed }) => [
    fault.length > NAME ? `${fault.slice(0, NAME - 1)}…` : fault,
    String(rounds),
    String(pages),
    String(lost),
    String(doubled),
    recoveryMs.length === 0 ? '–' : `${seconds(median(recoveryMs))} / ${seconds(Math.max(...recoveryMs))}`,
    failed === null ? '' : `FAILED: ${failed}`,
  ])
  const head = ['fault', 'rounds', 'pages', 'lost', 'doubled', 'recovery p50 / max', '']
  const widths = head.map((title, column) => Math.max(...[head, ...cells].map((row) => (row[column] ?? title).length)))
  const rule = widths.slice(0, -1).map((width) => '-'.repeat(width))
  return [head, rule, ...cells]
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}
