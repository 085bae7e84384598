import { formatProblem, loadConfig } from '../config.ts'
import { uncarried } from '../domain/contact.ts'
import { looseEnds } from '../domain/detect/graph.ts'
import { messageOf, UserError } from '../errors.ts'
import { createLog } from '../log.ts'
import { type Launched, launch } from '../main.ts'
import { keepSecret, passwordsOf } from '../secrets.ts'
import { inPlain, shadowSentence } from '../slack/shadow.ts'
import { envOf, failing } from './configured.ts'

/** A stop that takes longer is cut off: what is owed is in the store. */
const FORCED_EXIT_MS = 9_500

type Environment = Record<string, string | undefined>

/**
 * `watchbill start`: the bot, until SIGTERM or SIGINT.
 *
 * @returns the exit code when it cannot run: 2, after a sentence on stderr for each reason. While it runs it does not return.
 */
export async function start(options: { config?: string }, environment: Environment): Promise<number> {
  const fail = failing(process.stderr)
  const read = envOf(environment)
  if ('problems' in read) return fail(read.problems)
  const { env } = read
  const { slackBotToken } = env
  if (slackBotToken === null)
    return fail([
      'SLACK_BOT_TOKEN is not set: Watchbill needs a bot token (xoxb-…), and SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP mode). To try it without Slack: npm run demo',
    ])
  if (env.slackAppToken === null && env.slackSigningSecret === null)
    return fail([
      'SLACK_APP_TOKEN is not set: Watchbill needs an app-level token (xapp-…) for Socket Mode, or SLACK_SIGNING_SECRET for HTTP mode. To try it without Slack: npm run demo',
    ])
  const path = options.config ?? env.config
  const config = await loadConfig(path, environment)
  if ('problems' in config) return fail(config.problems.map(formatProblem))

  const tokens = [env.slackBotToken, env.slackAppToken, env.slackSigningSecret, env.apiToken]
  const secrets = [env.databaseUrl, env.redisUrl, ...tokens].flatMap((secret) =>
    secret === null ? [] : [secret, ...passwordsOf(secret)],
  )
  keepSecret(secrets)
  const log = createLog(env.logLevel, secrets)
  let running: Launched | null = null
  let ending = false
  const calledOff = new AbortController()
  const close = () => {
    running?.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
    calledOff.abort(new Error('stopped'))
  }
  // Heard from the first moment on: what is half started is taken down in order too.
  const end = (signal: string) => {
    ending = true
    log.info({ signal }, 'stopping')
    setTimeout(() => process.exit(1), FORCED_EXIT_MS).unref()
    close()
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
  try {
    const launched = await launch({
      env: { ...env, slackBotToken },
      rules: config.rules,
      secrets: config.secrets,
      log,
      load: () => loadConfig(path, environment),
      signal: calledOff.signal,
    })
    running = launched
    if (ending) close()
    log.info({ port: launched.port, people: Object.keys(config.rules.people).length }, 'Watchbill is on watch')
    const shadow = shadowSentence(config.rules, inPlain)
    if (shadow !== null) log.warn({ what: shadow }, 'SHADOW MODE')
    for (const what of config.rules.notWatchedYet) log.warn({ what }, 'not watched yet')
    for (const { sentence } of looseEnds(config.rules)) log.warn({ what: sentence }, 'a loose end of the watch')
    for (const what of uncarried(config.rules)) log.warn({ what }, 'somebody is reached by less than is written')
    process.on('SIGHUP', () => {
      launched.reload().catch((error: unknown) => log.error({ err: error }, 'the configuration could not be reloaded'))
    })
    return await new Promise<never>(() => {})
  } catch (error) {
    if (ending) process.exit(0)
    if (error instanceof UserError) return fail([error.message])
    log.fatal({ err: error }, 'Watchbill cannot start')
    return fail([`Watchbill cannot start: ${messageOf(error)}`])
  }
}
