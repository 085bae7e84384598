import { App, type BlockAction, type Receiver, type RespondFn } from '@slack/bolt'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { withoutCharts } from './charts.ts'
import { clientOptions, slackLogger } from './client.ts'
import { HEARD } from './heard.ts'
import { Raw } from './messages.ts'
import { ADD_TO_TIMELINE, DECLARE, SHORTCUTS } from './modals.ts'
import { fetchOnce } from './respond.ts'

/** Somebody typed a command or pressed a button. */
export interface Asked {
  /** Slack id of who asks. */
  user: string
  /** The workspace of who asks. */
  team: string
  channel: string
  text: string
  /** The message whose button was pressed; null for what was typed, and for buttons that are not on a message. */
  on: { channel: string; ts: string } | null
  /** Names the payload: what it does is done once under it. */
  key: string
  /** Lets a form be opened, for a few seconds; null: none can be. */
  trigger?: string | null
  /** The message that they point at, in that channel. */
  message?: Raw
}

/** Somebody ran a shortcut: on a message, or on nothing in particular. */
export interface Shortcut {
  callback: string
  user: string
  team: string
  channel: string
  trigger: string
  message: Raw | null
  key: string
}

/** Somebody sent a form. */
export interface Submission {
  user: string
  team: string
  view: unknown
  key: string
}

export interface Answer {
  text: string
  blocks: unknown[]
  public: boolean
  /** The message whose button was pressed has done its work: this stands in its place, or comes after it is gone. */
  instead?: true
}

interface Options {
  receiver: Receiver
  botToken: string
  apiUrl: string
  log: Logger
  commands: readonly string[]
  buttons: readonly string[]
  /** Null: nothing is said, the messages that show the thing are brought up to date. */
  onCommand(name: string, asked: Asked): Promise<Answer | null>
  onButton(action: string, asked: Asked): Promise<Answer | null>
  onShortcut(shortcut: Shortcut): Promise<void>
  onSubmission(submission: Submission): Promise<void>
  /** Something happened in a channel; `team` is the workspace that tells of it. */
  onEvent(event: unknown, team: string, key: string): Promise<void>
  /** Somebody (by Slack id) looks at their Home, or pressed something there. */
  onHome(user: string): Promise<void>
  /** Says it another way, when no address came with the payload, or when it takes nothing more. */
  sayOtherwise(asked: Asked, answer: Answer): Promise<void>
}

/** The Bolt app: commands and buttons in, answers out. Acknowledged by our receiver, which has recorded them before. */
export function slackApp({ receiver, botToken, apiUrl, log, ...options }: Options): App {
  const app = new App({
    receiver,
    // Who we are is asked by whoever starts the bot, with retries; Bolt must not ask at every event.
    authorize: async () => ({ botToken }),
    // Bolt answers through `response_url` with this, and would wait for it without end.
    clientOptions: { ...clientOptions(apiUrl, log), fetch: fetchOnce },
    logger: slackLogger(log),
    ignoreSelf: false,
  })
  for (const name of options.commands) {
    app.command(name, async ({ command, context, respond }) => {
      const asked = {
        user: command.user_id,
        team: command.team_id,
        channel: command.channel_id,
        text: command.text,
        on: null,
        key: String(context.receipt),
        trigger: command.trigger_id,
      }
      const said = await options.onCommand(name, asked)
      if (said) await say(respond, asked, said)
    })
  }
  for (const name of options.buttons) {
    app.action<BlockAction>(name, async ({ body, action, context, respond }) => {
      const asked = {
        user: body.user.id,
        team: body.user.team_id ?? body.team?.id ?? '',
        channel: body.channel?.id ?? '',
        text: 'value' in action && typeof action.value === 'string' ? action.value : '',
        on: placeOf(body),
        key: String(context.receipt),
      }
      const said = await options.onButton(name, asked)
      if (said) await say(respond, asked, said)
      // Whatever came of it: that is where they look.
      if (body.view?.type === 'home') await options.onHome(asked.user)
    })
  }
  for (const { callback_id, type } of SHORTCUTS)
    app.shortcut(
      { callback_id, type: type === 'message' ? 'message_action' : 'shortcut' },
      async ({ shortcut, context }) => {
        const message = 'message' in shortcut ? Raw.safeParse(shortcut.message) : null
        await options.onShortcut({
          callback: shortcut.callback_id,
          user: shortcut.user.id,
          team: shortcut.user.team_id ?? shortcut.team?.id ?? '',
          channel: 'channel' in shortcut ? shortcut.channel.id : '',
          trigger: shortcut.trigger_id,
          message: message?.success ? message.data : null,
          key: String(context.receipt),
        })
      },
    )
  for (const callback of [DECLARE, ADD_TO_TIMELINE])
    app.view(callback, async ({ body, context }) => {
      const team = body.user.team_id ?? body.team?.id ?? ''
      await options.onSubmission({ user: body.user.id, team, view: body.view, key: String(context.receipt) })
    })
  for (const name of HEARD)
    app.event(name, async ({ event, body, context }) => {
      await options.onEvent(event, body.team_id, String(context.receipt))
    })
  app.event('app_home_opened', async ({ event }) => {
    if (event.tab === 'home') await options.onHome(event.user)
  })
  return app

  /** Where a button is at somebody's Home, Slack gives no address for answers. */
  async function say(respond: RespondFn | undefined, asked: Asked, answer: Answer): Promise<void> {
    const { text, blocks, public: shown } = answer
    if (!respond) return options.sayOtherwise(asked, answer)
    const response_type = shown ? ('in_channel' as const) : ('ephemeral' as const)
    try {
      // What only one person sees cannot become what everybody sees: it goes.
      if (answer.instead && shown) await respond({ delete_original: true })
      const send = (all: readonly unknown[]) =>
        respond({
          text,
          blocks: all as never,
          response_type,
          replace_original: answer.instead === true && !shown,
        })
      const fewer = withoutCharts(blocks)
      await (fewer ? send(blocks).catch(() => send(fewer)) : send(blocks))
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'an answer was not taken; it is given another way')
      await options.sayOtherwise(asked, answer)
    }
  }
}

/** Where the button is: on a message, or in a view. */
const placeOf = ({ container }: BlockAction): Asked['on'] =>
  container.type === 'view' ? null : { channel: String(container.channel_id), ts: String(container.message_ts) }
