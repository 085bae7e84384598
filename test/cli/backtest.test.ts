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

  /** Eight weeks of an hour each, a tenth on Sundays; the Wednesday of the last week is spent like one. */
  const weeks = () => {
    const r = random(2)
    return Array.from({ length: 56 * 24 }, (_, i) => {
      const day = Math.floor(i / 24)
      const busy = day % 7 === 6 || day === 51 ? 40 : 400
      return `${new Date(START + i * 3_600_000).toISOString()},${r.poisson(busy)}`
    }).join('\n')
  }

  test('a holiday that it is told of is expected to be like a Sunday: as a date, in a file, in a calendar', async () => {
    const rung = async (holidays?: string) => {
      const { code, stdout, stderr } = await run(weeks(), {
        json: true,
        ...(holidays === undefined ? {} : { holidays }),
      })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const read = JSON.parse(stdout)
      const [one] = read.budgets.filter(({ budget }: { budget: number }) => budget === 1)
      return [read.holidays, one.rung.filter(({ from }: { from: string }) => from.startsWith('2026-02-25')).length]
    }
    expect(await rung()).toEqual([0, 1])
    expect(await rung('12-25,2026-02-25')).toEqual([1, 0])
    const lines = join(folder, 'days.txt')
    await writeFile(lines, '# ours\n02-25\n')
    expect(await rung(lines)).toEqual([1, 0])
    const calendar = join(folder, 'days.ics')
    const event = ['BEGIN:VEVENT', 'UID:1', 'DTSTART;VALUE=DATE:20260225', 'SUMMARY:Free', 'END:VEVENT']
    await writeFile(calendar, ['BEGIN:VCALENDAR', 'VERSION:2.0', ...event, 'END:VCALENDAR', ''].join('\r\n'))
    expect(await rung(calendar)).toEqual([1, 0])
    await writeFile(lines, '02-25\n02-30\n')
    expect((await run(weeks(), { holidays: lines })).stderr).toContain('days.txt:2: "02-30" is no date such as')
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
    ['a holiday that is none', '1,2\n2,3', { holidays: '12-25,Easter' }, '"Easter" is no date such as 2026-04-06'],
    ['a calendar that is not there', '1,2\n2,3', { holidays: './no.ics' }, '--holidays ./no.ics cannot be read'],
    ['an empty file', '', {}, 'holds 0 samples: give a CSV of time,value'],
    ['a file that is not there', '', { series: '/nowhere.csv' }, '/nowhere.csv cannot be read'],
  ])('refuses %s', async ([, text, options, sentence]) => {
    const { code, stderr } = await run(text, options)
    expect(code).toBe(2)
    expect(stderr).toContain(sentence)
  })
})
