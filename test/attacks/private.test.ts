import { expect, test } from 'vitest'
import { insiders } from '../../src/domain/incident.ts'
import { readIncident } from '../../src/store/incidents.ts'
import { API_TOKEN, type Driver, MONDAY_NIGHT, startBot } from '../support/bot.ts'

/** A private incident: whoever is not in it looks everywhere, types everything, and learns nothing. */
const SECRET = 'somebody reads our mail'

const ROOMS = [
  { id: 'C0OPS', name: 'ops', bot: true },
  { id: 'C0ELSE', name: 'elsewhere', bot: true },
]

/** All that Slack was ever asked to show, but what went into private channels and to those who are in it. */
async function shownToOthers(bot: Driver): Promise<string[]> {
  const { workspace } = bot.slack
  const incident = await readIncident(bot.store.pool, 1)
  const own = new Set([...insiders(incident ?? never())].map((name) => `U0${name.toUpperCase()}`))
  const isOthers = (channel: unknown): boolean => {
    const room = [...workspace.rooms.values()].find(({ id, name }) => id === channel || name === channel)
    if (!room) return true
    if (room.kind === 'private') return false
    return room.kind !== 'im' || ![...room.members].some((member) => own.has(member))
  }
  return bot.slack
    .journal()
    .filter(({ method, args }) => {
      if (method === 'conversations.create') return args.is_private !== 'true' && args.is_private !== true
      if (method === 'views.publish') return !own.has(String(args.user_id))
      if (method === 'chat.postEphemeral') return !own.has(String(args.user))
      return method !== 'response_url' && 'channel' in args && isOthers(args.channel)
    })
    .map(({ method, args }) => `${method} ${JSON.stringify(args)}`)
}

const never = (): never => {
  throw new Error('there is no INC-1')
}

test('a private incident leaks nowhere, from the declaration until after it is over', async () => {
  // Not long before the watch changes.
  const bot = await startBot({ probes: false, at: MONDAY_NIGHT + 260 * 60_000, workspace: { channels: ROOMS } })
  try {
    await bot.openHome('erik')
    expect(await bot.type('sam', `/incident private webmail ${SECRET}`)).toContain('opened *INC-1*')
    expect(bot.paged()).toEqual(['nora'])
    const room = bot.slack.channel(bot.room()).room
    expect(room).toMatchObject({ kind: 'private' })
    expect([...room.members]).toEqual(expect.arrayContaining(['U0SAM', 'U0NORA']))
    expect([...room.members]).not.toContain('U0ERIK')

    // Whoever is in it works on it as on any other; what they say of it elsewhere is answered to them alone.
    expect(await bot.type('nora', '/incident ack INC-1', 'elsewhere')).toContain('has *INC-1*')
    await bot.type('nora', '/incident update INC-1 we changed the keys', 'elsewhere')
    await bot.type('nora', '/incident role INC-1 @mia commander', 'elsewhere')
    expect([...bot.slack.channel(bot.room()).room.members]).toContain('U0MIA')
    expect(await bot.type('nora', '/incident list')).toContain(SECRET)

    // Everything else goes on: an alert of the service is an incident of its own, that everybody sees.
    await bot.alert()
    expect(bot.channel('ops').join('\n')).toContain('INC-2')

    // Whoever is not in it: every way to read, and to act, as though it were not there.
    const asked = [
      ...['list', 'show INC-1', 'roles INC-1', 'task list INC-1', 'ack INC-1', 'note INC-1 hello'],
      ...[
        'resolve INC-1',
        'severity INC-1 error',
        'link INC-2 INC-1',
        'merge INC-2 into INC-1',
        'merge INC-1 into INC-2',
      ],
      ...['role INC-1 me scribe', 'accept INC-1', 'reopen INC-1', 'split INC-1 home', 'update INC-1 hello'],
    ].map((line) => `/incident ${line}`)
    for (const line of [...asked, '/watchbill status', '/oncall handover primary', '/silence list']) {
      const said = await bot.type('erik', line, 'elsewhere')
      expect(said, line).not.toContain(SECRET)
      // A number that somebody names is repeated, as any other is of which there is nothing.
      if (line.includes('INC-1')) expect(said, line).toContain('There is no INC-1.')
      else expect(said, line).not.toContain('INC-1')
    }
    for (const path of ['/v1/incidents', '/v1/incidents/1', '/v1/incidents/INC-1/timeline', '/metrics', '/readyz']) {
      const response = await fetch(`${bot.url}${path}`, { headers: { authorization: `Bearer ${API_TOKEN}` } })
      expect(await response.text(), path).not.toContain(SECRET)
    }
    expect(await bot.openHome('erik')).not.toMatch(/INC-1|reads our mail/)

    // The watch changes, and nobody answers for it any more: whoever comes is paged, and is in it then.
    await bot.advance('50m')
    expect(bot.paged()).toContain('dana')
    await bot.type('sam', '/incident resolve INC-1', 'elsewhere')
    await bot.advance('2m')
    const leaks = (await shownToOthers(bot)).filter((text) => /INC-1\b|reads our mail|changed the keys/.test(text))
    expect(leaks).toEqual([])
  } finally {
    await bot.close()
  }
})

test('what is private and what is not never become one', async () => {
  const bot = await startBot({ probes: false, workspace: { channels: ROOMS } })
  try {
    await bot.alert()
    await bot.type('sam', `/incident private webmail ${SECRET}`)
    await bot.type('sam', '/incident private webmail and another')
    for (const line of ['merge INC-1 into INC-2', 'merge INC-2 into INC-1', 'link INC-1 INC-2'])
      expect(await bot.type('sam', `/incident ${line}`), line).toContain('is private and the other is not')
    expect(await bot.type('sam', '/incident merge INC-3 into INC-2')).toContain('merged *INC-3* into *INC-2*')
    expect(bot.channel('ops').join('\n')).not.toContain(SECRET)
  } finally {
    await bot.close()
  }
})
