import { afterEach, expect, test } from 'vitest'
import { API_TOKEN, type Driver, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot?.close())

const get = async (path: string) => fetch(`${bot.url}${path}`, { headers: { authorization: `Bearer ${API_TOKEN}` } })

const HOSTILE = 'disk <!channel> @here *full* [x](https://evil.test) <script>alert(1)</script> `rm -rf`\n# heading'

test('an incident is read back: in Slack, as JSON, as Markdown, as a picture', async () => {
  bot = await startBot({ probes: false })
  await bot.type('erik', '/silence webmail 10m trying out the new filter')
  await bot.type('erik', '/silence end 1')
  await bot.advance('2m')
  await bot.alert({ evidence: [{ at: bot.clock.now() - 4_000, saw: 'HTTP 503' }] })
  await bot.advance('5m')
  await bot.type('nora', `/incident note INC-1 ${HOSTILE}`)
  await bot.press('nora', 'Acknowledge')
  await bot.advance('7m')
  await bot.recover()

  const page = await bot.type('nora', '/incident timeline INC-1')
  console.log(page)
  const json = await (await get('/v1/incidents/INC-1/timeline')).json()
  console.log(JSON.stringify(json, null, 1))
  const markdown = await (await get('/v1/incidents/1/timeline?format=markdown')).text()
  console.log(markdown)
  console.log(await (await get('/v1/incidents/1/postmortem?format=markdown')).text())
  console.log(await bot.type('nora', '/incident postmortem INC-1'))
  const svg = await get('/v1/incidents/1/timeline.svg')
  const { writeFileSync } = await import('node:fs')
  writeFileSync('/tmp/wr/t.svg', await svg.text())
  expect(svg.headers.get('content-type')).toContain('image/svg+xml')
})
