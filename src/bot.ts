import { randomUUID } from 'node:crypto'
import type { Ask, CommandDeps, Reply, Status } from '../commands/command.ts'
import { buttons, commands } from '../commands/index.ts'
import { timetable as entriesOf, payers } from '../jobs/index.ts'
import { sleep } from './clock.ts'
import type { Deps } from './deps.ts'
import { createDesk } from './desk.ts'
import { authorise } from './domain/authority.ts'
import type { Person, Rules } from './domain/rules.ts'
import { messageOf, UserError } from './errors.ts'
import { createOutbox } from './outbox.ts'
import { postEphemeral, whoAmI } from './slack/api.ts'
import { type Answer, type Asked, slackApp } from './slack/app.ts'
import { answerMessage } from './slack/blocks.ts'
import { socketReceiver } from './slack/receiver.ts'
import { broken, denied } from './slack/words.ts'
import { finishReceipt, type Receipt, receive, reclaimReceipts } from './store/inbox.ts'
import { guests } from './store/people.ts'
import type { Timetable } from './timetable.ts'

export interface BotOptions extends Deps {
  botToken: string
  appToken: string
  apiUrl: string
  timetable: Timetable
  /** Reads the configuration again and makes it the active one; else its problems, and the one before stays. */
  reload(): Promise<string[]>
  /** Another process has made another configuration the active one: `rules()` is that one from now on. */
  follow(rules: Rules): void
}

export interface Bot {
  start(): Promise<void>
  /** What `/readyz` answers: null when all is well, else what is missing. */
  notReady(): string | null
  /** Nothing is being decided, sent or answered at this moment, as far as this process knows. */
  idle(): boolean
  status(): Promise<Status>
  desk: CommandDeps['desk']
  /** Lets what is under way end, and stops. Nothing that is owed is lost: it is sent after the next start. */
  close(): Promise<void>
}

const RECLAIM_MS = 1_000
const WHO_AM_I_MS = 2_000

/** An entry of the timetable is behind after this many of its intervals, and not before this long. */
const LATE_INTERVALS = 3
const LATE_MS = 10_000

/** The slash commands that the Slack app must have. */
export const commandNames: string[] = commands.map((command) => command.name)

/** Wires the rooms together: desk, out-tray, timetable, commands. Everything it touches is in `options`. */
export function createBot(options: BotOptions): Bot {
  const { clock, machine, log, store, slack, timetable } = options
  const desk = createDesk({ ...options, outdated: leave }, (born) => outbox.deliver(born))
  const deps: CommandDeps = { ...options, desk, status, reload: options.reload }
  const outbox = createOutbox(options, payers(deps))
  const receiver = socketReceiver<Receipt>({
    appToken: options.appToken,
    apiUrl: options.apiUrl,
    log,
    ledger: {
      record: (key, body) => receive(store, key, body, clock.now(), machine.now()),
      finish: (receipt) => finishReceipt(store.pool, receipt.id, clock.now()),
      name: (receipt) => receipt.key,
    },
  })
  slackApp({
    receiver,
    botToken: options.botToken,
    apiUrl: options.apiUrl,
    log,
    commands: commandNames,
    buttons: Object.keys(buttons),
    onCommand: (name, asked) => run(name, asked),
    onButton: (action, asked) => press(action, asked),
    async sayOtherwise({ channel, user }, answer) {
      const said = await postEphemeral(slack.rest, channel, user, answer)
      // What was asked for is done and on record; only the word about it is lost.
      if (!said.ok) log.warn({ reason: said.reason }, 'an answer could not be given')
    },
  })
  const entries = entriesOf(deps)
  let team: string | null = null
  let started = false
  let outdated = false
  let reclaim: NodeJS.Timeout | null = null
  const closing = new AbortController()

  async function run(name: string, asked: Asked): Promise<Answer & { acted: boolean }> {
    const command = commands.find((each) => each.name === name)
    const child = log.child({ command: name, user: asked.user })
    try {
      if (!command) throw new UserError('unknown-command', `${name} is not a command of Watchbill.`)
      const reply = await command.run(askOf(asked, await guests(store.pool)))
      child.info({ text: asked.text, public: reply.public }, 'answered')
      return said(reply)
    } catch (error) {
      if (error instanceof UserError) {
        child.info({ text: asked.text, refused: error.code }, 'refused')
        return said({ text: error.message, public: false, acted: false })
      }
      const reference = randomUUID().slice(0, 8)
      child.error({ err: error, reference }, 'a command failed')
      return said({ text: broken(reference), public: false, acted: false })
    }
  }

  /** A button does what its command does. Its success shows where the button is; only a refusal needs words. */
  async function press(action: string, asked: Asked): Promise<Answer | null> {
    const button = buttons[action]
    if (!button) return null
    const reply = await run(button.command.name, { ...asked, text: button.text(asked.text) })
    return reply.acted ? null : reply
  }

  const askOf = (asked: Asked, known: ReadonlySet<string>): Ask => ({
    deps,
    text: asked.text.trim(),
    channel: asked.channel,
    key: asked.key,
    now: clock.now(),
    by: (role) => authorised(asked, known, role ?? null).name,
  })

  function authorised({ user, team: from }: Asked, known: ReadonlySet<string>, role: string | null): Person {
    const account = { user, team: from === '' ? null : from }
    const authority = authorise(options.rules(), account, { team, guests: known }, role, clock.now())
    if (authority.allow) return authority.person
    throw new UserError(authority.reason, denied(authority.reason, user, role))
  }

  /** What a process that died had acknowledged to Slack and not worked on yet. */
  async function takeUp(): Promise<void> {
    for (const receipt of await reclaimReceipts(store, machine.now())) {
      log.info({ receipt: receipt.key }, 'taking up what another process left')
      await receiver
        .resume(receipt, receipt.body)
        .catch((error: unknown) => log.error({ err: error, receipt: receipt.key }, 'what was taken up failed'))
    }
  }

  /** Slack may be away when we start: the watch goes on meanwhile, and so does the asking. */
  async function introduce(): Promise<void> {
    while (team === null && !closing.signal.aborted) {
      const me = await whoAmI(slack.rest)
      if (me.ok) {
        team = me.value.team_id
        log.info({ team }, 'Slack knows us')
        for (const { atStart, run: job } of entries) if (atStart) await job(clock.now())
      } else {
        log.warn({ reason: me.reason }, 'Slack does not know us; asking again')
        await sleep(WHO_AM_I_MS, closing.signal).catch(() => {})
      }
    }
  }

  /** A newer program has the store: what this one does not know of it would only be in its way. It ends nothing that is on its way. */
  function leave(): void {
    outdated = true
    halt().catch((error: unknown) => log.error({ err: error }, 'stopping failed'))
  }

  async function halt(): Promise<void> {
    if (reclaim) clearInterval(reclaim)
    await receiver.stop()
    await timetable.close()
    // What is on its way may need the desk still (a page that was refused, a channel that was made); what that decided is then sent too.
    await outbox.close()
    await desk.close()
    await outbox.close()
  }

  async function status(): Promise<Status> {
    const now = clock.now()
    const late = timetable
      .health()
      .entries.filter(
        ({ everyMs, lastTickAt }) => now - (lastTickAt ?? startedAt) > Math.max(everyMs * LATE_INTERVALS, LATE_MS),
      )
      .map(({ name, lastTickAt }) => ({ name, lastAt: lastTickAt }))
    return {
      slackConnections: receiver.connected(),
      slackTrouble: slack.trouble(),
      storeAnswers: await store.answers(),
      late,
    }
  }
  let startedAt = clock.now()

  return {
    desk,
    status,
    async start() {
      startedAt = clock.now()
      desk.start()
      outbox.start()
      introduce().catch((error: unknown) => log.error({ err: error }, 'the introduction to Slack failed'))
      reclaim = setInterval(
        () => takeUp().catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'nothing could be taken up')),
        RECLAIM_MS,
      )
      for (const { name, everyMs, run: job } of entries) timetable.every(name, everyMs, job)
      await receiver.start()
      await timetable.start()
      started = true
    },
    notReady() {
      if (!started) return 'starting'
      if (outdated) return 'a newer version of Watchbill works on this store: start that version here too'
      if (!store.healthy()) return 'the store does not answer'
      if (!timetable.health().ready) return 'the timetable does not run yet'
      if (team === null || receiver.connected() === 0) return 'Slack is not connected'
      const trouble = slack.trouble()
      return trouble === null ? null : `Slack refuses our calls: ${trouble}`
    },
    idle: () => !desk.busy() && !outbox.busy() && !receiver.busy(),
    async close() {
      closing.abort(new Error('closing'))
      await halt()
    },
  }
}

const said = ({ text, public: shown, acted }: Reply) => ({ ...answerMessage(text), public: shown, acted })
