import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { capturesOf } from '../../src/domain/fact.ts'
import { readFile } from '../../src/store/files.ts'
import { readIncident } from '../../src/store/incidents.ts'
import { type Driver, startBot, until } from '../support/bot.ts'

/** What people do about an incident, from the command to what everybody sees. One bot, in order. */
let bot: Driver
const config = (text: string) =>
  text
    .replace('services:\n', 'services:\n  imap: { policy: mail, channel: C0OPS }\n')
    .concat(
      'incidents:\n  update_every: { critical: 30m }\n  roles: { liaison: "Call the customers who called us." }\n',
    )

beforeAll(async () => {
  bot = await startBot({ probes: false, config, workspace: { channels: CHANNELS } })
  await bot.alert()
  await bot.press('nora', 'Acknowledge')
})
afterAll(() => bot.close())

const CHANNELS = [
  { id: 'C0OPS', name: 'ops', bot: true },
  { id: 'C0TALK', name: 'talk' },
]

const state = async (id = 1) => {
  const incident = await readIncident(bot.store.pool, id)
  if (!incident) throw new Error(`there is no INC-${id}`)
  return incident
}

/** A person does something in the workspace; Slack tells the bot of it, and all comes to rest. */
const gesture = (name: string, what: string, body: object): Promise<unknown> =>
  delivered(what, async () => {
    const response = await fetch(`${bot.slack.url}_control/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer = await response.json()
    expect(answer).toMatchObject({ ok: true })
    return answer
  })

async function delivered<T>(what: string, act: () => T | Promise<T>): Promise<T> {
  const heard = () =>
    bot.slack.deliveries().filter((each) => each.what.startsWith(what) && each.outcome === 'ok').length
  const before = heard()
  const came = await act()
  await until(() => heard() > before, `${what} to be delivered`)
  await bot.rest()
  return came
}

async function mention(user: string, channel: string, text: string, thread?: string): Promise<string[]> {
  const seen = () => bot.slack.channel(channel, user).messages
  const before = new Set(seen().map(({ ts }) => ts))
  const said = await delivered('app_mention', () =>
    bot.slack.say(user, channel, `<@${bot.slack.workspace.app.botUser}> ${text}`, thread),
  )
  return seen().flatMap((each) => (before.has(each.ts) || each.ts === said.ts ? [] : each.text))
}

describe('by command', () => {
  test('how grave it is, how far they are, and what everybody is told', async () => {
    const room = bot.room()
    expect(await bot.type('nora', '/incident severity error', 'ops')).toContain('Which incident?')
    expect(await bot.type('nora', '/incident severity INC-1 error')).toContain('set *INC-1* to error')
    expect(await bot.type('nora', '/incident severity INC-1 dreadful')).toContain('`dreadful` is no severity')
    await bot.type('nora', '/incident severity critical', room)
    await bot.type('nora', '/incident status identified the disk of `home` is full', room)
    expect(await bot.type('nora', '/incident status started', room)).toContain('`started` is no status')
    await bot.type('nora', '/incident update Mail is slow. Next word at 04:00 <!channel>', room)
    expect(await state()).toMatchObject({ severity: 'critical', status: 'identified', update: { by: 'nora' } })
    expect(bot.timeline()).toEqual(
      expect.arrayContaining([
        ':vertical_traffic_light: *Severity error*, was critical: <@U0NORA>',
        ':bulb: *Status identified*, was investigating: <@U0NORA>\n>the disk of `home` is full',
        ':loudspeaker: *Update* by <@U0NORA>:\n>Mail is slow. Next word at 04:00 @\u200bchannel',
      ]),
    )
  })

  test('roles: the holder is told what it takes', async () => {
    const room = bot.room()
    expect(await bot.type('nora', '/incident role @erik commander', room)).toContain(
      '<@U0ERIK> is commander of *INC-1*',
    )
    expect(bot.dm('erik').at(-1)).toMatch(
      /^:bust_in_silhouette: \*You are commander\*, asked by <@U0NORA>: \*INC-1\* home is down <#C\w+\|inc-20261123-1-home-is-down>\n>You decide who does what/,
    )
    await bot.type('nora', '/incident role me liaison', room)
    expect(await bot.type('nora', '/incident role @erik king', room)).toContain('There is no role `king`')
    expect(await bot.type('nora', '/incident roles', room)).toContain('*liaison*: <@U0NORA>')
    await bot.type('nora', '/incident role nobody liaison', room)
    expect((await state()).roles).toEqual({ commander: 'erik' })
  })

  test('tasks: added, given, done, and whoever gets one is told', async () => {
    const room = bot.room()
    expect(await bot.type('nora', '/incident task add look at the *disk* @sam due 05:00', room)).toContain(
      'added task 1',
    )
    expect(bot.dm('sam').at(-1)).toContain('*Task 1 is yours*, says <@U0NORA>: look at the *disk*')
    await bot.type('nora', '/incident task add call the provider', room)
    await bot.type('nora', '/incident task give 2 me', room)
    await bot.type('nora', '/incident task due 2 in 20m', room)
    await bot.type('sam', '/incident task done 1 INC-1')
    expect(await bot.type('nora', '/incident task list', room)).toContain(
      '*Tasks of INC-1*, 1 open\n:white_large_square: *2* call the provider · <@U0NORA> · due',
    )
    expect(await bot.type('nora', '/incident task done 9', room)).toContain('INC-1 has no task 9')
  })

  test('notes of what happened before, in the zone of the configuration', async () => {
    const room = bot.room()
    await bot.type('nora', '/incident note at 02:40 the alarm of the *disk* came', room)
    await bot.type('nora', '/incident note at yesterday 23:10 somebody changed the quota INC-1')
    expect(await bot.type('nora', '/incident note at 04:40 not yet', room)).toContain('is still to come')
    expect(await bot.type('nora', '/incident note at night it was', room)).toContain('does not begin with a time')
    const notes = (await bot.facts()).flatMap((fact) =>
      fact.type === 'note' ? [`${fact.happenedAt && new Date(fact.happenedAt).toISOString()} ${fact.text}`] : [],
    )
    expect(notes).toEqual([
      '2026-11-23T01:40:00.000Z the alarm of the *disk* came',
      '2026-11-22T22:10:00.000Z somebody changed the quota',
    ])
  })

  test('whoever has to give an update is reminded, while somebody has it', async () => {
    const before = bot.dm('erik').length
    await bot.advance('31m')
    expect(bot.dm('erik').slice(before)).toEqual([expect.stringContaining(':alarm_clock: *An update is due:* *INC-1*')])
    expect(bot.dm('nora').filter((text) => text.includes('An update is due'))).toEqual([])
    expect(bot.dm('nora').at(-1)).toMatch(
      /^:alarm_clock: \*Task 2 is due:\* \*INC-1\* home is down <#\w+\|[\w-]+>\n• \*2\* call the provider, due .*\nDone: `\/incident task done 2 INC-1`; later: /,
    )
    expect(bot.timeline()).toContain(':alarm_clock: *Task 2 is due:* <@U0NORA> is reminded')
  })
})

describe('in threads, where no command can be typed', () => {
  test('a mention is a command: an act is said there, a question is answered to whoever asks', async () => {
    const first = bot.slack.say('nora', 'ops', 'is it the disk?')
    expect(await mention('nora', 'ops', 'incident note INC-1 it is the disk', first.ts)).toEqual([
      expect.stringContaining('added a note to the timeline of INC-1'),
    ])
    expect(bot.timeline().at(-1)).toBe(':memo: *Note* by <@U0NORA>: it is the disk')
    expect(await mention('nora', 'ops', 'oncall', first.ts)).toEqual([expect.stringContaining('primary')])
    await mention('nora', bot.room(), 'status monitoring')
    expect((await state()).status).toBe('monitoring')
  })

  test('whoever only speaks of the bot is left alone', async () => {
    const before = bot.slack.channel('ops').messages.length
    bot.slack.say('nora', 'ops', `ask <@${bot.slack.workspace.app.botUser}> resolve INC-1`)
    await bot.rest()
    expect(bot.slack.channel('ops').messages).toHaveLength(before + 1)
    expect((await state()).state).toBe('acked')
  })
})

describe('what people say', () => {
  let said: { ts: string; channel: string }

  test('a reaction puts it on the timeline at its own time, with names for ids; a second one does nothing', async () => {
    const channel = bot.room()
    const message = bot.slack.say('nora', channel, 'the quota of <@U0ERIK> is full & *gone* <!channel>')
    said = { ts: message.ts, channel }
    await bot.advance('5m')
    await gesture('react', 'reaction_added', { user: 'nora', ...said, name: 'pushpin' })
    await gesture('pin', 'pin_added', { user: 'erik', ...said })
    const captured = capturesOf(await bot.facts())
    expect(captured).toMatchObject([
      {
        author: 'nora',
        by: 'nora',
        text: 'the quota of @erik is full & *gone* @channel',
        files: [],
        permalink: expect.stringContaining('/archives/'),
      },
    ])
    expect(captured[0]?.saidAt).toBe(bot.clock.now() - 5 * 60_000)
  })

  test('an edit and a deletion are followed, and what was said stays on record', async () => {
    await gesture('edit', 'message message_changed', { user: 'nora', ...said, text: 'the quota is full' })
    expect(capturesOf(await bot.facts())).toMatchObject([
      { text: 'the quota is full', editedAt: expect.any(Number), deletedAt: null },
    ])
    await gesture('delete', 'message message_deleted', { user: 'nora', ...said })
    expect(capturesOf(await bot.facts())).toMatchObject([{ text: 'the quota is full', deletedAt: expect.any(Number) }])
  })

  test('it is taken off when the last mark is gone, and not before', async () => {
    const channel = bot.room()
    const { ts } = bot.slack.say('erik', channel, 'restarting it')
    await gesture('react', 'reaction_added', { user: 'nora', channel, ts, name: 'memo' })
    await gesture('react', 'reaction_added', { user: 'erik', channel, ts, name: 'pushpin' })
    await gesture('react', 'reaction_removed', { user: 'nora', channel, ts, name: 'memo' })
    const texts = async () => capturesOf(await bot.facts()).map(({ text }) => text)
    expect(await texts()).toContain('restarting it')
    await gesture('react', 'reaction_removed', { user: 'erik', channel, ts, name: 'pushpin' })
    expect(await texts()).not.toContain('restarting it')
  })

  test('files are fetched with our token into our own store, and what cannot be kept is said', async () => {
    const channel = bot.room()
    await gesture('upload', 'message file_share', {
      user: 'nora',
      channel,
      name: 'disk.txt',
      content: '/var 100%',
      text: 'df',
    })
    const { ts } = bot.slack.channel(channel).messages.at(-1) ?? { ts: '' }
    await gesture('react', 'reaction_added', { user: 'nora', channel, ts, name: 'pushpin' })
    const [file] = capturesOf(await bot.facts()).flatMap(({ filed }) => Object.values(filed))
    if (!file || !('digest' in file)) throw new Error(`nothing was kept: ${JSON.stringify(file)}`)
    expect((await readFile(bot.store.pool, file.digest))?.bytes.toString()).toBe('/var 100%')
  })

  test('a message of another channel comes by its menu, and by nobody who is not there', async () => {
    const message = bot.slack.say('nora', 'talk', 'customers call')
    await gesture('message-action', 'message_action', {
      user: 'nora',
      channel: 'talk',
      ts: message.ts,
      callback_id: 'timeline_add',
    })
    const [view] = bot.slack.workspace.modals.get('U0NORA') ?? []
    const form = bot.slack.workspace.views.get(view ?? '')
    expect(JSON.stringify(form?.blocks)).toContain('INC-1 home is down')
    await gesture('submit', 'view_submission', { user: 'nora', view_id: view, values: { incident: '1' } })
    expect(bot.timeline().at(-1)).toContain(':pushpin: *nora*, ')
    expect(capturesOf(await bot.facts()).map(({ text }) => text)).toContain('customers call')
    expect(await bot.type('sam', `/incident capture C0TALK/${message.ts} INC-1`)).toContain(
      'That message is in another channel',
    )
  })
})

describe('by a form', () => {
  test('a command without words opens it, and what is wrong is said at its field', async () => {
    expect(await bot.type('erik', '/incident declare')).toBe('')
    const [view] = bot.slack.workspace.modals.get('U0ERIK') ?? []
    const values = { service: 'imap', severity: 'error' }
    expect(
      await gesture('submit', 'view_submission', {
        user: 'erik',
        view_id: view,
        values: { ...values, title: '  \u00a0 ' },
      }),
    ).toMatchObject({
      errors: { title: 'An incident needs a title: a few words on what is wrong.' },
    })
    expect(
      await gesture('submit', 'view_submission', {
        user: 'erik',
        view_id: view,
        values: { ...values, title: 'imap <!here> hangs' },
      }),
    ).toMatchObject({ errors: {} })
    expect(await state(2)).toMatchObject({
      title: 'imap <!here> hangs',
      service: 'imap',
      severity: 'error',
      by: 'erik',
    })
    expect(bot.dm('erik').at(-1)).toContain('opened *INC-2*')
  })

  test('of a message: it is the first of the timeline', async () => {
    await bot.type('erik', '/incident resolve INC-2')
    const message = bot.slack.say('sam', 'talk', 'imap does not answer\nsince noon')
    await gesture('message-action', 'message_action', {
      user: 'erik',
      channel: 'talk',
      ts: message.ts,
      callback_id: 'incident_declare_from',
    })
    const [view] = bot.slack.workspace.modals.get('U0ERIK') ?? []
    expect(JSON.stringify(bot.slack.workspace.views.get(view ?? '')?.blocks)).toContain(
      '"initial_value":"imap does not answer"',
    )
    await gesture('submit', 'view_submission', {
      user: 'erik',
      view_id: view,
      values: { title: 'imap', service: 'imap', severity: 'error' },
    })
    expect(capturesOf(await bot.facts(3))).toMatchObject([{ author: 'sam', text: 'imap does not answer\nsince noon' }])
  })
})

describe('incidents that are one, or two', () => {
  test('merged: it goes on there, and the record of the first stays', async () => {
    await bot.alert({ service: 'imap', key: 'imap' })
    expect(await bot.type('erik', '/incident merge INC-3 into INC-1')).toContain('merged *INC-3* into *INC-1*')
    expect(await state(3)).toMatchObject({ state: 'resolved', mergedInto: 1 })
    expect((await state(1)).alerts.map(({ key }) => key)).toEqual(['home', 'imap'])
    expect(await bot.type('erik', '/incident merge INC-3 into INC-1')).toContain('INC-3 was merged into INC-1')
    expect((await bot.facts(3)).at(-1)).toMatchObject({ type: 'merged', into: 1 })
    expect(await bot.type('erik', '/incident show INC-3')).toContain('Merged into INC-1')
  })

  test('split: one command, and it is an incident of its own again', async () => {
    expect(await bot.type('erik', '/incident split INC-1 imap')).toContain('split *INC-4* off *INC-1*')
    expect((await state(1)).alerts.map(({ key }) => key)).toEqual(['home'])
    expect(await state(4)).toMatchObject({ service: 'imap', splitFrom: 1, alerts: [{ key: 'imap' }], state: 'acked' })
    expect(await bot.type('erik', '/incident split INC-1 home')).toContain('not nothing and not all of it')
    await bot.alert({ service: 'imap', key: 'imap', status: 'resolved', summary: 'imap is up' })
    expect((await state(4)).state).toBe('resolved')
  })

  test('reopened by a person, who has it then; linked', async () => {
    expect(await bot.type('erik', '/incident reopen INC-4')).toContain('reopened *INC-4*, and has it')
    expect(await state(4)).toMatchObject({ state: 'acked', ackedBy: 'erik', status: 'investigating' })
    expect(await bot.type('erik', '/incident reopen INC-4')).toContain('INC-4 is open')
    await bot.type('erik', '/incident link INC-4 INC-1')
    expect([(await state(4)).links, (await state(1)).links]).toEqual([[1], [4]])
  })
})

test('a task is remembered when its incident is over, and told once a day until it is done', async () => {
  const due = () => bot.dm('sam').filter((text) => text.includes('*Task 1 is'))
  const before = due().length
  await bot.type('erik', '/incident task INC-3 add write to the provider @sam due in 1h')
  bot.clock.advanceTo(bot.clock.now() + 3_600_000)
  await bot.rest()
  bot.clock.advanceTo(bot.clock.now() + 24 * 3_600_000)
  await bot.rest()
  expect(
    due()
      .slice(before)
      .map((text) => text.split(':* ')[0]),
  ).toEqual([
    expect.stringContaining('Task 1 is yours'),
    ':alarm_clock: *Task 1 is due',
    ':alarm_clock: *Task 1 is overdue',
  ])
  await bot.type('sam', '/incident task done 1 INC-3')
  expect((await state(3)).tasks).toMatchObject([{ doneBy: 'sam' }])
})
