/** One line of the table. */
export interface Result {
  section: string
  what: string
  unit: string
  n: number
  p50: number
  p99: number
  max: number
  /** What design.md §8 or performance.md hopes for, and of which figure. */
  goal?: { of: 'p50' | 'p99' | 'max'; value: number }
  note?: string
}

/** Nearest rank. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export function result(
  section: string,
  what: string,
  unit: string,
  values: readonly number[],
  more: Pick<Result, 'goal' | 'note'> = {},
): Result {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    section,
    what,
    unit,
    n: sorted.length,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    max: sorted.at(-1) ?? Number.NaN,
    ...more,
  }
}

/** Goal divided by measured: above 1 is better than the goal. */
export const ratio = ({ goal, ...measured }: Result) => (goal ? goal.value / measured[goal.of] : null)

export function table(results: readonly Result[]): string {
  const number = (value: number) =>
    Number.isNaN(value) ? '-' : value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
  const head = ['section', 'what', 'n', 'p50', 'p99', 'max', 'unit', 'goal', 'goal / measured', 'note']
  const rows = results.map((each) => {
    const how = ratio(each)
    return [
      each.section,
      each.what,
      String(each.n),
      ...(each.n === 1 ? [number(each.p50), '', ''] : [number(each.p50), number(each.p99), number(each.max)]),
      each.unit,
      each.goal ? `${each.n === 1 ? '' : `${each.goal.of} `}${number(each.goal.value)}` : '',
      how === null ? '' : `${number(how)}x`,
      each.note ?? '',
    ]
  })
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
