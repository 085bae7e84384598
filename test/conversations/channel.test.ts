import { afterEach, describe, expect, test } from 'vitest'
import { markdownOf } from '../../src/sandbox/canvas.ts'
import { type Driver, startBot } from '../support/bot.ts'

/** The channel of an incident builds itself, as far as the workspace lets it. */

let bot: Driver
afterEach(() => bot?.close())

const LINKS = '{ Runbook: "https://wiki.example.com/webmail", Dashboard: "https://grafana.example.com/d/1" }'
const start = async (config: (text: string) => string = (text) => text) => {
  bot = await startBot({
    probes: false,
    config: (text) =>
      config(
        text.replace(
          'webmail: { policy: mail, channel: C0OPS }',
          `webmail: { policy: mail, channel: C0OPS, links: ${LINKS}, invite: [erik, schedule/secondary] }`,
        ),
      ),
  })
}

const canvas = () => {
  const { canvases } = bot.slack.workspace
  const [first] = canvases.values()
  return first ? markdownOf(first) : ''
}

test('it has a purpose, bookmarks, whoever the service wants, and a canvas that follows', async () => {
  await start()
  await bot.alert()
  const { room } = bot.slack.channel(bot.room())
  expect(room.purpose).toBe('INC-1 of webmail: everything about it, kept by Watchbill.')
  expect(room.bookmarks.map(({ title, link }) => [title, link])).toEqual([
    ['Runbook', 'https://wiki.example.com/webmail'],
    ['Dashboard', 'https://grafana.example.com/d/1'],
  ])
  expect([...room.members].sort()).toEqual(expect.arrayContaining(['U0ERIK', 'U0NORA', 'U0SAM']))
  expect(canvas()).toContain('**Nobody has it yet.**')
  await bot.press('nora', 'Acknowledge')
  await bot.advance('1m')
  expect(canvas()).toContain('**nora has it**')
  expect(canvas()).toMatch(/\*\*Acknowledged\*\* by nora/)
  await bot.recover()
  expect(canvas()).toContain('# Post-mortem of INC-1: home is down')
  expect(canvas()).toContain('**Resolved** at')

  // From then on it is people's.
  const edits = bot.calls('canvases.edit').length
  await bot.type('nora', '/incident note INC-1 one more thing')
  await bot.advance('2m')
  expect(bot.calls('canvases.edit')).toHaveLength(edits)
  const [picture] = bot.slack.workspace.files.values()
  expect(picture?.shares.map(({ channel }) => channel)).toEqual([room.id])
  expect(picture?.bytes.toString()).toMatch(/^<svg/)

  await bot.alert()
  expect(bot.channel().find((text) => text.includes('Seen before'))).toMatch(
    /\*INC-1\* home is down, .*: resolved by itself, took 1 min · <#C\w+\|inc-20261123-1-home-is-down>\n>one more thing/,
  )
})

describe('what the workspace does not let it have is said, and the incident goes on', () => {
  test('no channel', async () => {
    await start()
    bot.slack.fault({ kind: 'error', method: 'conversations.create', error: 'restricted_action' })
    await bot.alert()
    const said = await bot.type('erik', '/incident timeline INC-1')
    expect(said.match(/Could not be done/g)).toHaveLength(1)
    expect(said).toContain('*Could not be done:* the channel of this incident (`restricted_action`')
    await bot.press('nora', 'Acknowledge')
    await bot.recover()
    expect((await bot.facts()).at(-1)?.type).toBe('resolved')
    expect(bot.paged()).toEqual(['nora'])
  })

  test('each part that is refused is said once, in the channel', async () => {
    await start()
    const refused = [
      ['conversations.canvases.create', 'team_tier_cannot_create_channel_canvases', 'the canvas of the channel'],
      ['bookmarks.add', 'permission_denied', 'the bookmarks of the channel'],
      ['pins.add', 'restricted_action', 'pinning the summary'],
      ['conversations.setPurpose', 'missing_scope', 'the purpose of the channel'],
      ['conversations.setTopic', 'missing_scope', 'the topic of the channel'],
    ] as const
    for (const [method, error] of refused) bot.slack.fault({ kind: 'error', method, error })
    await bot.alert()
    await bot.press('nora', 'Acknowledge')
    const said = bot.channel().filter((text) => text.includes('Could not be done'))
    expect(said).toHaveLength(refused.length)
    for (const [, error, what] of refused)
      expect(said.filter((text) => text.includes(`*Could not be done:* ${what} (\`${error}\``))).toHaveLength(1)
    // Without a canvas the draft comes as a file.
    await bot.recover()
    const files = [...bot.slack.workspace.files.values()]
    expect(files.map(({ name }) => name)).toEqual(['INC-1.svg', 'INC-1-post-mortem.md'])
    expect(files[1]?.bytes.toString()).toContain('# Post-mortem of INC-1: home is down')
  })

  test('a user who left, and a channel that somebody archived', async () => {
    await start()
    bot.slack.changeUser('U0ERIK', { deleted: true })
    await bot.alert()
    expect(await bot.type('sam', '/incident timeline INC-1')).toContain('bringing <@U0ERIK> into the channel')
    const { room } = bot.slack.channel(bot.room())
    Object.assign(bot.slack.workspace.rooms.get(room.id) ?? {}, { archived: true })
    await bot.press('nora', 'Acknowledge')
    const said = await bot.type('sam', '/incident timeline INC-1')
    expect(said).toContain('the channel of this incident (`is_archived`: somebody has archived it)')
    expect(said.match(/is_archived/g)).toHaveLength(1)
    expect(said).toContain('*Acknowledged* by <@U0NORA>')
  })
})

test('replies that are lost and limits that are met double nothing', async () => {
  await start()
  bot.slack.fault({ kind: 'lost_reply', method: 'conversations.canvases.create', count: 1 })
  bot.slack.fault({ kind: 'lost_reply', method: 'bookmarks.add', count: 1 })
  bot.slack.fault({ kind: 'lost_reply', method: 'files.completeUploadExternal', count: 1 })
  bot.slack.fault({ kind: 'ratelimited', method: 'conversations.setPurpose', retry_after: 20, count: 1 })
  await bot.alert()
  await bot.advance('1m')
  await bot.recover()
  await bot.advance('1m')
  const { room, messages } = bot.slack.channel(bot.room())
  expect(room.bookmarks).toHaveLength(2)
  expect(room.purpose).toContain('INC-1 of webmail')
  expect(canvas()).toContain('# Post-mortem of INC-1')
  expect(bot.slack.workspace.canvases.size).toBe(1)
  expect(messages.filter(({ files }) => (files ?? []).length > 0)).toHaveLength(1)
})

test('it goes to the archive when nobody has said anything there for long enough', async () => {
  await start((text) => `${text}\nincidents: { archive_after: 6h }\n`)
  await bot.alert()
  await bot.recover()
  const { room } = bot.slack.channel(bot.room())
  const pass = async (hours: number) => {
    bot.clock.advanceTo(bot.clock.now() + hours * 3_600_000)
    await bot.rest()
  }
  await pass(4)
  bot.slack.say('U0NORA', room.id, 'what about the other servers?')
  await pass(4)
  expect(room.archived).toBe(false)
  await pass(3)
  expect(room.archived).toBe(true)
})
