import { afterEach, describe, expect, test } from 'vitest'
import { markdownOf } from '../../src/sandbox/canvas.ts'
import { type Driver, startBot } from '../support/bot.ts'

/** The channel of an incident builds itself, as far as the workspace lets it. */

let bot: Driver
afterEach(() => bot?.close())

const LINKS = '{ Runbook: "https://wiki.example.com/webmail", Dashboard: "https://grafana.example.com/d/1" }'
const start = async (config: (text: string) => string = (text) => text, taken: readonly string[] = []) => {
  bot = await startBot({
    probes: false,
    workspace: {
      channels: [{ id: 'C0OPS', name: 'ops', bot: true }, ...taken.map((name, n) => ({ id: `C0TAKEN${n}`, name }))],
    },
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
  expect(picture?.bytes.subarray(1, 4).toString()).toBe('PNG')

  await bot.advance('10m')
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

  test('a name that is taken, or all that it would have', async () => {
    const name = 'inc-20261123-1-home-is-down'
    const second = name.replace('-1-', '-2-')
    await start((text) => text, [name, second, ...[2, 3, 4, 5].map((n) => `${second}-${n}`)])
    await bot.alert()
    expect(bot.room()).toBe(`${name}-2`)
    await bot.recover()
    // What fails again sooner is the same incident.
    await bot.advance('10m')
    await bot.alert()
    expect(await bot.type('erik', '/incident timeline INC-2')).toContain(
      'the channel of this incident (`name_taken`: the name is taken, and so are the next four)',
    )
    expect(bot.paged()).toEqual(['nora', 'nora'])
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
    expect(files.map(({ name }) => name)).toEqual(['INC-1.png', 'INC-1-post-mortem.md'])
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

test('every step done and not answered, and done again: nothing is there twice, and nothing is missing', async () => {
  await start()
  const steps = [
    ...[
      'conversations.create',
      'conversations.setPurpose',
      'conversations.setTopic',
      'conversations.invite',
      'pins.add',
    ],
    ...['bookmarks.list', 'bookmarks.add', 'conversations.canvases.create', 'canvases.edit'],
    ...['files.getUploadURLExternal', 'files.completeUploadExternal', 'files.info'],
  ]
  const name = 'inc-20261123-1-home-is-down'
  for (const method of steps) bot.slack.fault({ kind: 'lost_reply', method, count: 1 })
  for (const channel of [name, 'ops', 'nora'])
    bot.slack.fault({ kind: 'lost_reply', method: 'chat.postMessage', channel, count: 2 })
  bot.slack.fault({ kind: 'ratelimited', method: 'conversations.setPurpose', retry_after: 20, count: 1 })
  await bot.alert()
  await bot.advance('1m')
  await bot.press('nora', 'Acknowledge')
  await bot.advance('1m')
  await bot.recover()
  await bot.advance('1m')
  expect([...bot.slack.workspace.rooms.values()].filter((room) => room.name.startsWith('inc-'))).toHaveLength(1)
  const { room, messages } = bot.slack.channel(bot.room())
  expect(room).toMatchObject({
    name,
    topic: expect.stringContaining('INC-1'),
    purpose: expect.stringContaining('INC-1'),
  })
  expect([room.pins.length, room.bookmarks.length]).toEqual([1, 2])
  expect([...room.members]).toEqual(expect.arrayContaining(['U0NORA', 'U0ERIK', 'U0SAM']))
  const said = messages.filter(({ subtype, files }) => subtype === null && (files ?? []).length === 0)
  const keys = said.map(({ metadata }) => JSON.stringify(metadata))
  expect(new Set(keys).size).toBe(keys.length)
  expect(bot.timeline().map((text) => /\*([A-Z][a-z]+)/.exec(text)?.[1])).toEqual([
    'Opened',
    'Detected',
    'Paged',
    'Acknowledged',
    'Recovered',
    'Resolved',
  ])
  expect(canvas()).toContain('# Post-mortem of INC-1')
  expect(bot.slack.workspace.canvases.size).toBe(1)
  expect(messages.filter(({ files }) => (files ?? []).length > 0)).toHaveLength(1)
  for (const method of [...steps, 'chat.postMessage'])
    expect(
      bot.slack.journal().some((each) => each.method === method && each.outcome === 'lost_reply'),
      method,
    ).toBe(true)
})

test('what alerts and people write is text: in names, topics, messages, canvases and files nobody is called and nothing is linked', async () => {
  await start()
  const hostile = '<!channel> <@U0MIA> <https://evil.test|bank> [bank](https://evil.test) *x* `y` ![](@U0MIA) # z'
  await bot.alert({ headline: hostile, summary: hostile, evidence: [{ at: null, saw: hostile }] })
  await bot.press('nora', 'Acknowledge')
  // As somebody's words come who typed them: Slack escapes what it does not know as a mention.
  const typed = hostile.replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  for (const words of ['note INC-1', 'update INC-1', 'status INC-1 identified', 'task INC-1 add'])
    await bot.type('nora', `/incident ${words} ${typed}`)
  await bot.advance('1m')
  const live = canvas()
  await bot.recover()
  expect(live).toContain('# INC-1: ')
  for (const markdown of [live, canvas()])
    expect(markdown.replaceAll('\\[', '')).not.toMatch(
      /\[bank\]\(https?:|<!channel>|!\[\]\(|(?<!\\)<@U|@U0MIA|@channel/,
    )
  const shown = bot.slack
    .journal()
    .filter(({ method }) => /^(?:chat|bookmarks|files|conversations\.(?!canvases))/.test(method))
  // The title of a canvas is plain text, and Slack reads nothing in it.
  for (const { args } of shown)
    expect(JSON.stringify({ ...args, title: '' })).not.toMatch(/<!channel|<https:\/\/evil|<@U0MIA/)
  expect(bot.room()).toMatch(/^inc-20261123-1-[a-z0-9-]+$/)
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

test('reopened when its channel is in the archive: it goes on in another, which names the first, with everybody and everything in it', async () => {
  await start()
  await bot.alert()
  await bot.press('nora', 'Acknowledge')
  await bot.recover()
  const first = bot.slack.workspace.rooms.get(bot.slack.channel(bot.room()).room.id)
  const archive = () => Object.assign(first ?? {}, { archived: true })
  archive()
  bot.slack.fault({ kind: 'lost_reply', method: 'conversations.create', count: 1 })
  await bot.type('erik', '/incident reopen INC-1')
  await bot.advance('1m')
  const { room, messages } = bot.slack.channel(bot.room())
  expect(room.name).toBe(`${first?.name}-2`)
  expect(room.pins.map(({ ts }) => ts)).toEqual([messages.find(({ subtype }) => subtype === null)?.ts])
  expect([room.topic, room.purpose, room.bookmarks.length]).toEqual([
    expect.stringContaining('erik has it'),
    expect.stringContaining('INC-1'),
    2,
  ])
  expect([...room.members]).toEqual(expect.arrayContaining(['U0NORA', 'U0ERIK']))
  expect(bot.timeline()).toEqual([
    expect.stringContaining('*Reopened* by <@U0ERIK>'),
    `:open_file_folder: *It goes on here:* <#${first?.id}|${first?.name}> is in the archive, with all that was said there, and Slack lets no app take it out again`,
  ])
  const live = bot.slack.workspace.canvases.get(room.canvas ?? '')
  expect(live && markdownOf(live)).toContain('**erik has it**')
  expect(bot.channel('ops').join()).toContain(`<#${room.id}|${room.name}>`)
  expect((await bot.type('nora', '/incident timeline INC-1')).match(/It goes on here/g)).toHaveLength(1)

  // A workspace in which it can be had back.
  await bot.type('erik', '/incident resolve INC-1')
  Object.assign(bot.slack.workspace.rooms.get(room.id) ?? {}, { archived: true })
  bot.slack.fault({ kind: 'error', method: 'conversations.unarchive', error: 'not_archived', count: 1 })
  await bot.type('nora', '/incident reopen INC-1')
  expect(await bot.type('nora', '/incident timeline INC-1')).toContain('*The channel is back* from the archive')
  expect(bot.room()).toBe(room.name)
})
