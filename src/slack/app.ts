import { App, type Receiver, type RespondFn } from '@slack/bolt'
import type { Logger } from '../log.ts'
import { clientOptions, slackLogger } from './client.ts'

/** Somebody typed a command or pressed a button. */
export interface Asked {
  /** Slack id of who asks. */
  user: string
  /** The workspace of who asks. */
  team: string
  channel: string
  text: string
  /** Names the payload: what it does is done once under it. */
  key: string
}

export interface Answer {
  text: string
  blocks: unknown[]
  public: boolean
}

interface Options {
  receiver: Receiver
  botToken: string
  apiUrl: string
  log: Logger
  commands: readonly string[]
  buttons: readonly string[]
  /** Null: nothing is said, the messages that show the thing are brought up to date. */
  onCommand(name: string, asked: Asked): Promise<Answer>
  onButton(action: string, asked: Asked): Promise<Answer | null>
}

/** The Bolt app: commands and buttons in, answers out. Acknowledged by our receiver, which has recorded them before. */
export function slackApp({ receiver, botToken, apiUrl, log, ...options }: Options): App {
  const app = new App({
    receiver,
    // Who we are is asked by whoever starts the bot, with retries; Bolt must not ask at every event.
    authorize: async () => ({ botToken }),
    clientOptions: clientOptions(apiUrl, log),
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
        key: String(context.receipt),
      }
      await answer(respond, await options.onCommand(name, asked), log)
    })
  }
  for (const name of options.buttons) {
    app.action<{ type: 'block_actions' } & import('@slack/bolt').BlockAction>(
      name,
      async ({ body, action, context, respond }) => {
        const asked = {
          user: body.user.id,
          team: body.user.team_id ?? body.team?.id ?? '',
          channel: body.channel?.id ?? '',
          text: 'value' in action && typeof action.value === 'string' ? action.value : '',
          key: String(context.receipt),
        }
        const said = await options.onButton(name, asked)
        if (said) await answer(respond, said, log)
      },
    )
  }
  return app
}

async function answer(respond: RespondFn, { text, blocks, public: shown }: Answer, log: Logger): Promise<void> {
  const response_type = shown ? ('in_channel' as const) : ('ephemeral' as const)
  try {
    await respond({ text, blocks: blocks as never, response_type, replace_original: false })
  } catch (error) {
    // What was asked for is done and on record; only the word about it is lost.
    log.warn({ err: error }, 'an answer could not be given')
  }
}
