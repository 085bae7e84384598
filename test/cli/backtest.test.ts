import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { backtest } from '../../src/cli/backtest.ts'
import { random } from '../bench/rate-series.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backtest-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const START = Date.UTC(2026, 0, 5)

/** Four days of a sample every ten minutes; on the fourth an hour of silence and an hour that is missing. */
function rows(): string[] {
  const r = random(1)
  return Array.from({ length: 4 * 144 }, (_, i) => {
    const value = i >= 500 && i < 506 ? 0 : r.poisson(300)
    return `${new Date(START + i * 600_000).toISOString()},${value}`
  }).filter((_, i) => i < 540 || i >= 546)
}

async function run(text: string, options: Partial<Parameters<typeof backtest>[0]> = {}) {
  const series = join(folder, 'requests.csv')
  await writeFile(series, text)
  const said = { stdout: '', stderr: '' }
  const into = (name: 'stdout' | 'stderr') => ({
    write: (more: string) => {
      said[name] += more
    },
  })
  const code = await backtest({ series, ...options }, { stdout: into('stdout'), stderr: into('stderr') })
  return { code, ...said }
}

describe('watchbill backtest', () => {
  test('says what would have rung, and how often for each budget', async () => {
    const { code, stdout, stderr } = await run(['time,requests', ...rows()].join('\n'))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('570 samples, one every 10 min, 5 Jan 2026 00:00 to 8 Jan 2026 23:50 (UTC)')
    expect(stdout).toMatch(/\n {2}1 \* +2 /)
    expect(stdout).toMatch(/8 Jan 2026 11:20 +1 h +flat +zeros in a row +0 +25\d to 3[56]\d/)
    expect(stdout).toMatch(/8 Jan 2026 18:10 +50 min +no data +samples that did not come +nothing/)
  })

  test('prints the same as JSON', async () => {
    const { stdout } = await run(rows().join('\n'), { json: true, budget: '2' })
    const { samples, intervalSeconds, budgets } = JSON.parse(stdout)
    expect({ samples, intervalSeconds }).toEqual({ samples: 570, intervalSeconds: 600 })
    expect(budgets.map(({ budget }: { budget: number }) => budget)).toEqual([0.5, 1, 2, 3, 10])
    expect(budgets[2].rung[0]).toMatchObject({ direction: 'flat', from: '2026-01-08T11:20:00.000Z', seen: 0 })
  })

  test('takes seconds and milliseconds since 1970, other separators, and empty values', async () => {
    const { code, stdout } = await run('1767571200;5\n1767571260;\n1767571320000\t7\n"2026-01-05 00:03:00","8"\n', {
      json: true,
    })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ samples: 4, intervalSeconds: 60 })
  })

  test('names each line that it cannot read, and goes on with the others', async () => {
    const { code, stderr, stdout } = await run(
      ['time,value', ...rows(), 'yesterday,4', '2026-01-20,many', '2026-01-20,-4', '2026-01-01,4', '2026-01-20'].join(
        '\n',
      ),
    )
    expect(code).toBe(1)
    expect(stdout).toContain('570 samples')
    expect(stderr.split('\n').map((line) => line.replace(/^.*csv:/, ''))).toEqual([
      '572: "yesterday" is no time: ISO 8601, or seconds since 1970',
      '573: "many" is no number; leave it empty where no sample came',
      '574: -4 is below zero: counts are not',
      '575: 2026-01-01 is earlier than the line before',
      '576: "2026-01-20" is not time,value',
      '',
    ])
  })

  test.for<[what: string, text: string, options: Partial<Parameters<typeof backtest>[0]>, sentence: string]>([
    ['a budget that is none', '1,2\n2,3', { budget: 'few' }, '--budget few is not a number of false alarms a month'],
    ['a zone that is none', '1,2\n2,3', { zone: 'Moon' }, '"Moon" is no time zone'],
    ['an interval that is none', '1,2\n2,3', { interval: '-5' }, '--interval -5 is not a number of seconds above 0'],
    ['an empty file', '', {}, 'holds 0 samples: give a CSV of time,value'],
    ['a file that is not there', '', { series: '/nowhere.csv' }, '/nowhere.csv cannot be read'],
  ])('refuses %s', async ([, text, options, sentence]) => {
    const { code, stderr } = await run(text, options)
    expect(code).toBe(2)
    expect(stderr).toContain(sentence)
  })
})
