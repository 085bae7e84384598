import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'

let bot: Driver
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-coverage-'))
})
afterEach(async () => {
  await bot?.close()
  rmSync(folder, { recursive: true, force: true })
})

const make = (...names: string[]) => {
  for (const name of names) writeFileSync(join(folder, name), '')
}
const ops = () => bot.channel('ops')

test('a log that no monitor reads is told of, is listed, and is no gap once it is read or gone; nobody is woken', async () => {
  make('app.log', 'app.log.1', 'app.log.2.gz', 'antispam-error.log', 'debug-1.log', 'notes.txt')
  mkdirSync(join(folder, 'old.log'))
  symlinkSync(join(folder, 'app.log'), join(folder, 'current.log'))
  bot = await startBot({
    probes: false,
    config: (text) =>
      `${text.replace('monitors:\n', `monitors:\n  app: { service: webmail, log: { file: "${folder}/current.log", expect: empty } }\n`)}
coverage: { sources: [{ logs: "${folder}/*.log", ignore: ["debug*"] }] }
`,
  })
  await bot.advance('5m')
  expect(ops()).toHaveLength(1)
  expect(ops()[0]).toContain('1 log is read by no monitor')
  expect(ops()[0]).toContain('antispam-error.log')
  expect(bot.paged()).toEqual([])
  const shown = await bot.type('erik', '/monitor coverage')
  expect(shown).toContain(`*webmail* (\`${folder}/*.log\`): *2 of 3* logs are read, 1 more is ignored.`)
  expect(shown).toContain(`:eyes: \`${folder}/antispam-error.log\` is read by no monitor (made `)
  make('billing.log')
  await bot.advance('6m')
  expect(ops().join()).toContain('2 logs are read by no monitor')
  rmSync(join(folder, 'billing.log'))
  rmSync(join(folder, 'antispam-error.log'))
  await bot.advance('5m')
  expect(ops().join()).toContain('every log is read')
  rmSync(folder, { recursive: true })
  await bot.advance('5m')
  expect(ops().join()).toContain('some logs may be hidden')
  expect(await bot.type('erik', '/monitor coverage')).toContain('is not there, and its logs are not known')
})
