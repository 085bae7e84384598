import { afterEach, expect, test } from 'vitest'
import { type Driver, startBot, until } from '../support/bot.ts'
import { type Carriers, startCarriers } from '../support/carriers.ts'

let bot: Driver
let carriers: Carriers
afterEach(async () => {
  await bot?.close()
  await carriers.close()
})

test('a socket that is open and dumb is noticed within seconds: whoever is on duty hears of it, and pages go out beside Slack at once', async () => {
  carriers = await startCarriers()
  bot = await startBot({
    probes: false,
    publicUrl: 'https://watchbill.example.com',
    config: (config) =>
      `${config.replace(
        'nora: { slack: U0NORA }',
        'nora: { slack: U0NORA, contact: [{ after: 5m, via: ntfy, to: nora-pager }, { after: 20m, via: call, to: "+41790000001" }] }',
      )}
notify:
  ntfy: { url: "${carriers.url}" }
  twilio: { url: "${carriers.url}", account: AC0123456789, token: twilio-token-0123, from: "+41440000000" }
`,
  })
  // Paged before, and not answered: whatever she presses does not arrive.
  await bot.alert()
  bot.slack.fault({ kind: 'refuse_connections' })
  bot.slack.fault({ kind: 'disconnect', reason: 'mute' })
  const silentAt = Date.now()
  await until(() => carriers.of('call').length > 0, 'the phone to ring', 40_000)
  expect(Date.now() - silentAt).toBeLessThan(35_000)
  await bot.rest()
  const pushed = carriers.of('ntfy').map(({ fields }) => String(fields.message))
  expect(pushed).toContainEqual(expect.stringContaining('Slack does not tell Watchbill what you press there'))
  expect(pushed).toContainEqual(expect.stringContaining('Slack does not tell Watchbill what people do'))
  expect(bot.dm('nora').at(-1)).toContain('buttons and commands do nothing')
  const path = new URL(String(carriers.of('ntfy').find(({ fields }) => fields.click)?.fields.click)).pathname
  expect(await (await fetch(`${bot.url}${path}`, { method: 'POST' })).text()).toContain('INC-1 is yours, nora')
  await bot.rest()
  expect(bot.dm('nora')[0]).toMatch(/<@U0NORA> has it\* since .*, by ntfy/)
}, 60_000)
