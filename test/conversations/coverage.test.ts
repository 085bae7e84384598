import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'

let bot: Driver
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coverage-'))
})
afterEach(async () => {
  await bot?.close()
  rmSync(folder, { recursive: true, force: true })
})

const file = () => join(folder, 'mail.zone')
const zone = (...names: string[]) =>
  writeFileSync(file(), ['$ORIGIN example-mail.test.', ...names.map((name) => `${name} IN 300 A 192.0.2.1`)].join('\n'))
const start = async () => {
  bot = await startBot({
    probes: false,
    config: (text) =>
      `${text
        .replace('webmail: { policy: mail,', 'webmail: { policy: mail, domains: [example-mail.test],')
        .replace('monitors:\n', 'monitors:\n  www: { service: webmail, tcp: "www.example-mail.test:443" }\n')}
coverage: { sources: [{ zone_file: "${file()}" }], ignore: ["*.dev.example-mail.test"] }
`,
  })
  await bot.advance('5m')
}
const ops = () => bot.channel('ops')

test('half of the names are watched by nothing: the channel hears of it, and nobody is woken', async () => {
  zone('www', 'shop', 'mail', 'x.dev', 'imap')
  await start()
  expect(ops()).toHaveLength(1)
  expect(ops()[0]).toContain(
    '3 names of example-mail.test are watched by nothing: imap.example-mail.test, mail.example-mail.test and shop.example-mail.test (25 % are)',
  )
  expect(bot.paged()).toEqual([])
  const shown = await bot.type('erik', '/monitor coverage')
  expect(shown).toContain('*webmail* (`example-mail.test`): *25 %* of 4 names are watched, 1 more are ignored.')
  expect(shown).toContain(':eyes: `shop.example-mail.test` is watched by nothing, known for')
  // Said once, not every five minutes.
  await bot.advance('1h')
  expect(ops()).toHaveLength(1)
})

test('a name that appears is told of, and so is it when all are watched', async () => {
  zone('www')
  await start()
  expect(ops()).toEqual([])
  expect(await bot.type('erik', '/monitor coverage')).toContain('*100 %* of 1 names')
  zone('www', 'shop')
  await bot.advance('5m')
  expect(ops().join()).toContain('1 name of example-mail.test is watched by nothing: shop.example-mail.test (50 % are)')
  zone('www')
  await bot.advance('5m')
  expect(ops().at(-1)).toContain('every name is watched')
})

test('a zone file that goes away hides nothing: its names stay known, and that it is gone is told', async () => {
  zone('www', 'shop')
  await start()
  rmSync(file())
  await bot.advance('5m')
  expect(ops().join()).toContain(`some names may be hidden: ${file()}: is not there`)
  expect(await bot.type('erik', '/monitor coverage')).toContain('`shop.example-mail.test` is watched by nothing')
})

test('without domains there is nothing to compare', async () => {
  bot = await startBot({ probes: false })
  expect(await bot.type('erik', '/monitor coverage')).toContain('No service has `domains`')
})
