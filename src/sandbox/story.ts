import { type Company, TYPO_VERSION } from './company.ts'
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
 * The whole of 2018-03-15, with everything awake that slept then. Names that nobody watched are found; a monitor that does not come back from
 * its maintenance is missed; a typo that is to roll out near the change of the watch is refused, forced through all the same, and halted by
 * the first line in a log that is normally empty; both engineers of the change are paged, and the second takes it back.
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

  const before = pages().length
  await refuse()
  await force()
  const first = await wait('the page', () => pages()[before])
  happened.failed = company.failedAt()
  happened.paged = first.answered_at ?? first.at
  const onDuty = personOf(slack, first.args)
  const after =
    happened.failed === null
      ? ''
      : ` ${((happened.paged - happened.failed) / 1_000).toFixed(1)} s after the first server failed`
  tell(`${onDuty.name} is on duty and has a DM${after}.`)
  await wait('the halt', () => company.haltedAt() !== null)
  tell(
    `The rollout is halted and its service locked: ${company.up()} of ${company.servers} servers serve, and so does webmail.`,
  )
  await wait("the incident's channel", async () => (await stage.record())?.channel)
  const inRoom = await wait('the channel in the workspace', () => incidentRoom(slack))
  tell(`#${inRoom} was made for it; its timeline writes itself.`)
  tell(`${onDuty.name}, at the end of a night, sleeps through the page.`)
  const second = await wait('the page of whoever comes next', () =>
    pages()
      .slice(before)
      .find((call) => personOf(slack, call.args).id !== onDuty.id),
  )
  happened.escalated = second.answered_at ?? second.at
  const rescuer = personOf(slack, second.args)
  tell(
    `The watch is about to change, so ${rescuer.name}, who comes next, is paged too. In 2018 the change cost most of an hour.`,
  )
  await pause(1_500)
  const page = await wait('the page in the DM', () => slack.dm(rescuer.id).findLast(isPageMessage))
  await slack.press(rescuer.id, page.channel, page.ts, 'incident_ack')
  await wait('the acknowledgement', async () => (await stage.record())?.acked)
  tell(`${rescuer.name} presses Acknowledge. Everybody sees who has it.`)
  await pause(1_000)
  await slack.command(rescuer.id, inRoom, '/incident note The anti-spam change has a typo. Rolling it back.')
  await slack.command(rescuer.id, 'ops', '/deploy rollback webmail antispam-2018-03-14')
  tell(`${rescuer.name} notes the cause in the channel and types /deploy rollback: never refused, also not now.`)
  await wait('the servers', () => company.up() === company.servers)
  tell(`All ${company.servers} servers serve again. The rollback is watched for a moment.`)
  const end = await wait('the recovery', async () => {
    const record = await stage.record()
    return record?.resolved ? record : null
  })
  Object.assign(happened, { detected: end.detected, acked: end.acked, channel: end.channel, resolved: end.resolved })
  story.incident = end.incident
  await wait('the last word in the DM', () => slack.dm(rescuer.id).some((message) => message.text.includes('is over')))
  tell(`Every check is well: ${end.incident} resolves itself, and whoever was woken hears of it.`)
  for (const line of sideBySide(happened, company)) tell(line)
  return story

  /** The gate says no, and when it will say yes. */
  async function refuse(): Promise<void> {
    tell(
      'Sam has a change of the anti-spam configuration. It has a typo, as in 2018, and the watch changes within the half hour, as in 2018.',
    )
    const asked = slack.journal().length
    await slack.command(sam().id, 'ops', `/deploy webmail ${TYPO_VERSION}`)
    const said = await wait('the answer of the gate', () => answerSince(asked))
    if (!said.includes('Shift change')) throw new Error(`the gate did not refuse: ${said}`)
    tell('Sam types /deploy, and is refused:')
    for (const line of said.split('\n').filter((each) => /Shift change|Next free/.test(each)))
      tell(`    ${line.replace(/^• /, '')}`)
  }

  /** One alone may break the glass, and everybody on duty hears of it. */
  async function force(): Promise<void> {
    await slack.command(sam().id, 'ops', '/deploy break-glass 1 the spam is getting through')
    await wait('the start of the rollout', () =>
      slack.channel('ops').messages.some((message) => JSON.stringify(message.blocks).includes('broken glass')),
    )
    tell(
      'Sam breaks the glass: alone, with a reason, told to everybody on duty. The rollout begins, one server after the other.',
    )
    await wait('the first server', () => company.up() < company.servers)
    tell(
      `web-1 takes the change and fails, and writes to an error log that is empty on all other days. In 2018 nobody read it.`,
    )
  }

  /** What was answered to a command, as a person reads it. */
  function answerSince(index: number): string | null {
    const said = slack
      .journal()
      .slice(index)
      .find((call) => call.done && call.method === 'response_url')
    if (!said) return null
    return textsIn(said.args.blocks)
      .join('\n')
      .replaceAll(/<!date\^[^|]*\|([^>]*)>/g, '$1')
      .replaceAll(/[*`]|:[a-z_]+: ?/g, '')
  }

  function sam(): { id: string } {
    const found = [...slack.workspace.users.values()].find(({ name }) => name === 'sam')
    if (!found) throw new Error('nobody is called sam')
    return found
  }

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
    company.maintain(true)
    await slack.command(sam().id, 'ops', '/silence requests 5s maintenance of the rate monitor')
    tell('Sam takes the rate monitor out for maintenance, and silences it for 5 s: every silence has an end.')
    const asked = pages().length
    const page = await wait('the page about a monitor that did not come back', () =>
      pages()
        .slice(asked)
        .find((call) => personOf(slack, call.args).id === sam().id),
    )
    const dm = await wait('the page in the DM', () => slack.dm(sam().id).findLast(isPageMessage))
    tell('In 2018 it never came back, and nobody noticed. Now its silence is over only when a fresh sample has come:')
    tell(`${personOf(slack, page.args).name} is paged: none has.`)
    await slack.press(sam().id, dm.channel, dm.ts, 'incident_ack')
    company.maintain(false)
    tell('Sam acknowledges, and puts it back. Its next sample ends that incident.')
    await wait('the end of that incident', async () => (await stage.record())?.resolved)
  }
}

/** The texts of blocks. */
function textsIn(blocks: unknown): string[] {
  if (Array.isArray(blocks)) return blocks.flatMap(textsIn)
  if (typeof blocks !== 'object' || blocks === null) return []
  return Object.entries(blocks).flatMap(([key, value]) =>
    key === 'text' && typeof value === 'string' ? [value] : textsIn(value),
  )
}

/** What the report of 2018-03-15 says, and what has just happened. */
function sideBySide({ failed, paged, escalated, acked }: Happened, company: Company): string[] {
  const after = (at: number | null) =>
    at === null || failed === null ? '' : ` after ${((at - failed) / 1_000).toFixed(1)} s`
  const rows = [
    ['15 March 2018', 'now'],
    ['rolled out near the shift change', 'refused, with the next free instant; forced by break-glass'],
    [
      'one server after the other, until none was left',
      `halted with ${company.servers - (company.haltedAt() ?? 0)} of ${company.servers} serving`,
    ],
    ['the error log was read by nobody', `whoever is on duty was paged${after(paged)}`],
    [
      'the change of the watch delayed the response',
      `whoever comes next was paged too${after(escalated)}, and had it${after(acked)}`,
    ],
    ['the rate monitor slept, and its watcher too', 'it was missed as soon as its silence was over'],
    ['half of the domains were watched by nothing', 'named in #ops'],
    ['an hour until it worked again', 'webmail never went down'],
  ]
  const width = Math.max(...rows.map(([left = '']) => left.length))
  return rows.map(([left = '', right = '']) => `  ${left.padEnd(width)}   ${right}`)
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
