import type { Company } from './company.ts'
import type { LocalSlack } from './server.ts'
import type { Message } from './wire.ts'

/** What happened when, UTC ms; null: it did not. */
export interface Happened {
  failed: number | null
  detected: number | null
  paged: number | null
  escalated: number | null
  acked: number | null
  channel: number | null
  resolved: number | null
}

export interface Stage {
  company: Company
  slack: LocalSlack
  /** Waits in the story's time. */
  pause(ms: number): Promise<void>
  /** What the bot has on record of its latest incident. */
  record(): Promise<{
    incident: string
    detected: number | null
    acked: number | null
    channel: number | null
    resolved: number | null
  } | null>
  tell(line: string): void
  /** What is being waited for, and for how long at most. */
  expect(what: string, untilMs: number): void
}

/** Each thing that should happen has this long before the story has failed. */
const PATIENCE_MS = 20_000
const LOOK_MS = 50

interface Play {
  happened: Happened
  incident: string | null
}

/**
 * The outage, as far as this version can tell it. The three that slept in 2018 are awake: names that nobody watched are found, a monitor that
 * does not come back from its maintenance is missed, and a log that is normally empty pages with its first line. A typo rolls out server by
 * server until none is left; whoever is on duty sleeps through the page; the next one acknowledges, rolls it back, and everything recovers.
 */
export async function play(stage: Stage): Promise<Play> {
  const { company, slack, pause, tell } = stage
  const happened: Happened = {
    failed: null,
    detected: null,
    paged: null,
    escalated: null,
    acked: null,
    channel: null,
    resolved: null,
  }
  const story: Play = { happened, incident: null }
  const pages = () =>
    slack.journal().filter((call) => call.done && call.method === 'chat.postMessage' && isPage(call.args))
  const wait = async <T>(
    what: string,
    look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  ): Promise<T> => {
    stage.expect(what, PATIENCE_MS)
    for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
      const seen = await look()
      if (seen) return seen
      await pause(LOOK_MS)
    }
    throw new Error(`this did not happen within ${PATIENCE_MS / 1_000} s: ${what}`)
  }

  await findGaps()
  await failReturn()

  tell('A change of the anti-spam configuration rolls out. It has a typo.')
  const before = pages().length
  company.break(2)
  tell(
    `web-2 takes the change and fails: ${company.up()} of ${company.servers} servers serve. It writes to an error log that is empty on all other days.`,
  )
  const first = await wait('the page', () => pages()[before])
  happened.failed = company.failedAt()
  happened.paged = first.answered_at ?? first.at
  const onDuty = personOf(slack, first.args)
  const after =
    happened.failed === null ? '' : ` ${((happened.paged - happened.failed) / 1_000).toFixed(1)} s after it was written`
  tell(`In 2018 nobody read that log. Now its first line pages: ${onDuty.name} is on duty and has a DM${after}.`)
  await wait("the incident's channel", async () => (await stage.record())?.channel)
  const inRoom = await wait('the channel in the workspace', () => incidentRoom(slack))
  tell(`#${inRoom} was made for it; its timeline writes itself.`)
  tell(`${onDuty.name} sleeps through the page. Watchbill waits 10 s, then goes on.`)
  for (const server of [1, 3]) company.break(server)
  tell(`web-1 and web-3 follow: ${company.up()} of ${company.servers} serve.`)
  await pause(1_500)
  company.break(4)
  tell(
    'web-4 was the last: webmail is down. The site, each server and the rate of requests say so, in the same incident.',
  )

  const second = await wait('the escalation', () =>
    pages()
      .slice(before)
      .find((call) => personOf(slack, call.args).id !== onDuty.id),
  )
  happened.escalated = second.answered_at ?? second.at
  const rescuer = personOf(slack, second.args)
  tell(`Nobody answered: ${rescuer.name} is paged next.`)
  await pause(3_000)
  const page = await wait('the page in the DM', () => slack.dm(rescuer.id).findLast(isPageMessage))
  await slack.press(rescuer.id, page.channel, page.ts, 'incident_ack')
  await wait('the acknowledgement', async () => (await stage.record())?.acked)
  tell(`${rescuer.name} presses Acknowledge. Everybody sees who has it.`)
  await pause(2_000)
  await slack.command(
    rescuer.id,
    inRoom,
    '/incident note The anti-spam change of this morning has a typo. Rolling it back.',
  )
  tell(`${rescuer.name} notes the cause in the channel and rolls the change back.`)
  for (let server = 1; server <= company.servers; server++) {
    await pause(800)
    company.repair(server)
  }
  tell(`All ${company.servers} servers serve again.`)
  const end = await wait('the recovery', async () => {
    const record = await stage.record()
    return record?.resolved ? record : null
  })
  Object.assign(happened, { detected: end.detected, acked: end.acked, channel: end.channel, resolved: end.resolved })
  story.incident = end.incident
  await wait('the last word in the DM', () => slack.dm(rescuer.id).some((message) => message.text.includes('is over')))
  tell(`Every check is well: ${end.incident} resolves itself, and whoever was woken hears of it.`)
  return story

  /** Half of the names were watched by nobody, and nobody knew. */
  async function findGaps(): Promise<void> {
    const found = await wait('the names that nobody watches', () =>
      slack.channel('ops').messages.find((message) => message.text.includes('example-mail.localhost')),
    )
    const names = /: (.+) \(/.exec(found.text)?.[1] ?? found.text
    tell(`In 2018 half of the domains were watched by nothing, and nobody knew. #ops is told which: ${names}.`)
  }

  /** What is silenced has to come back: seen, not promised. */
  async function failReturn(): Promise<void> {
    const sam = [...slack.workspace.users.values()].find(({ name }) => name === 'sam')
    if (!sam) throw new Error('nobody is called sam')
    company.maintain(true)
    await slack.command(sam.id, 'ops', '/silence requests 5s maintenance of the rate monitor')
    tell('Sam takes the rate monitor out for maintenance, and silences it for 5 s: every silence has an end.')
    const asked = pages().length
    const page = await wait('the page about a monitor that did not come back', () =>
      pages()
        .slice(asked)
        .find((call) => personOf(slack, call.args).id === sam.id),
    )
    const dm = await wait('the page in the DM', () => slack.dm(sam.id).findLast(isPageMessage))
    tell('In 2018 it never came back, and nobody noticed. Now its silence is over only when a fresh sample has come:')
    tell(`${personOf(slack, page.args).name} is paged: none has.`)
    await slack.press(sam.id, dm.channel, dm.ts, 'incident_ack')
    company.maintain(false)
    tell('Sam acknowledges, and puts it back. Its next sample ends that incident.')
    await wait('the end of that incident', async () => (await stage.record())?.resolved)
  }
}

const metadataOf = (args: Record<string, unknown>) => {
  const { metadata } = args
  return (typeof metadata === 'string' ? JSON.parse(metadata) : metadata) as Message['metadata'] | undefined
}
const isPage = (args: Record<string, unknown>) => metadataOf(args)?.event_type === 'watchbill_page'
const isPageMessage = (message: Message) => message.metadata?.event_type === 'watchbill_page'

/** Whose DM it is. */
function personOf(slack: LocalSlack, args: Record<string, unknown>): { id: string; name: string } {
  const { room } = slack.channel(String(args.channel))
  for (const id of room.members) {
    const user = slack.workspace.users.get(id)
    if (user && !user.isBot) return { id, name: user.realName.split(' ')[0] ?? user.name }
  }
  return { id: '', name: 'somebody' }
}

function incidentRoom(slack: LocalSlack): string | null {
  const names = [...slack.workspace.rooms.values()].map((room) => room.name).filter((name) => name.startsWith('inc-'))
  return names.at(-1) ?? null
}
