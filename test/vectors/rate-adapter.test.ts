import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { random } from '../bench/rate-series.ts'

const ADAPTER = fileURLToPath(new URL('./rate-adapter.ts', import.meta.url))

test('the adapter reads interleaved series and prints a line for every sample while an alarm rings', () => {
  const r = random(1)
  const rows = Array.from({ length: 600 }, (_, i) => [
    { series: 'a', t: i * 300, value: i >= 500 && i < 503 ? 0 : r.poisson(200) },
    { series: 'b', t: i * 60, value: i >= 500 && i < 503 ? null : r.poisson(200) },
  ]).flat()
  const input = [...rows.map((row) => JSON.stringify(row)), '', 'nonsense', '{"series": "c", "t": 1, "value": 4}'].join(
    '\n',
  )
  const { stdout, stderr, status } = spawnSync(process.execPath, [ADAPTER], { input, encoding: 'utf8' })
  expect(status).toBe(0)
  expect(stderr).toContain('line 1202')
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const of = (series: string) => lines.filter((line) => line.series === series)
  expect(of('a').map(({ t }) => t / 300)).toEqual([500, 501, 502])
  expect(of('a').at(-1)).toMatchObject({ dir: 'flat' })
  expect(of('b').map(({ t, dir }) => [t / 60, dir])).toEqual([
    [501, 'nodata'],
    [502, 'nodata'],
  ])
  expect(lines.every(({ score }) => score > 0 && score < 1)).toBe(true)
})
