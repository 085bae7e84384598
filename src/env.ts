import { z } from 'zod'
import { messageOf } from './errors.ts'
import { parseRedisUrl, REDIS_ADDRESS } from './timetable/redis-address.ts'

/** The environment of the process (design.md §4), parsed at the border. Sentences name variables and never repeat a value. */

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** Those that may be given as NAME_FILE as well, for Docker and Kubernetes: addresses of databases hold passwords. */
const SECRETS = [
  'DATABASE_URL',
  'REDIS_URL',
  'SLACK_BOT_TOKEN',
  'SLACK_APP_TOKEN',
  'SLACK_SIGNING_SECRET',
  'WATCHBILL_API_TOKEN',
] as const

const url = (protocols: string[], what: string) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), `must be ${what}`)

const token = (prefix: string, what: string, others: Record<string, string>) =>
  z.string().superRefine((value, context) => {
    const mistaken = Object.entries(others).find(([other]) => value.startsWith(other))?.[1]
    if (mistaken) context.addIssue({ code: 'custom', message: `must be ${what} (${prefix}…), and this is ${mistaken}` })
    else if (/\s/.test(value)) context.addIssue({ code: 'custom', message: 'must not have white space in it' })
  })

const HTTP = ['http:', 'https:']
const BOT = 'the token of a bot user'
const APP = 'an app-level token for Socket Mode'
const USER = 'the token of a user'

const Environment = z
  .object({
    WATCHBILL_CONFIG: z.string().default('./watchbill.yaml'),
    WATCHBILL_DATA: z.string().default('./data'),
    DATABASE_URL: url(
      ['postgres:', 'postgresql:'],
      'the address of a Postgres database, postgres://user:password@host:5432/database',
    ).optional(),
    REDIS_URL: z
      .string()
      .refine((value) => parseRedisUrl(value) !== null, `must be ${REDIS_ADDRESS}`)
      .optional(),
    SLACK_BOT_TOKEN: token('xoxb-', BOT, { 'xapp-': APP, 'xoxp-': USER }).optional(),
    SLACK_APP_TOKEN: token('xapp-', APP, { 'xoxb-': BOT, 'xoxp-': USER }).optional(),
    SLACK_SIGNING_SECRET: token('32 letters and digits', 'the signing secret of the app', {
      'xapp-': APP,
      'xoxb-': BOT,
      'xoxp-': USER,
    }).optional(),
    SLACK_API_URL: url(HTTP, 'an http or https URL that ends in /api/').default('https://slack.com/api/'),
    HOST: z.string().default('127.0.0.1'),
    PORT: z
      .string()
      .default('4100')
      .refine((value) => /^\d{1,5}$/.test(value) && Number(value) <= 65_535, 'must be a port between 0 and 65535'),
    PUBLIC_URL: url(HTTP, 'the http or https URL under which people reach Watchbill').optional(),
    WATCHBILL_API_TOKEN: z.string().optional(),
    LOG_LEVEL: z
      .string()
      .default('info')
      .pipe(z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`)),
  })
  .transform((env) => ({
    config: env.WATCHBILL_CONFIG,
    data: env.WATCHBILL_DATA,
    databaseUrl: env.DATABASE_URL ?? null,
    redisUrl: env.REDIS_URL ?? null,
    slackBotToken: env.SLACK_BOT_TOKEN ?? null,
    slackAppToken: env.SLACK_APP_TOKEN ?? null,
    slackSigningSecret: env.SLACK_SIGNING_SECRET ?? null,
    /** Ends in a slash: methods are appended to it. */
    slackApiUrl: env.SLACK_API_URL.endsWith('/') ? env.SLACK_API_URL : `${env.SLACK_API_URL}/`,
    host: env.HOST,
    /** 0 lets the system choose. */
    port: Number(env.PORT),
    /** Without a slash at the end. */
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    apiToken: env.WATCHBILL_API_TOKEN ?? null,
    logLevel: env.LOG_LEVEL,
  }))

/** What a NAME_FILE holds. */
export function secretIn(
  file: string,
  name: string,
  readFile: (path: string) => string,
): { value: string } | { problem: string } {
  try {
    const value = readFile(file).trim()
    if (value !== '') return { value }
    return { problem: `${name}_FILE names ${file}, which is empty: write the value of ${name} into it` }
  } catch (error) {
    return { problem: `${name}_FILE names ${file}, which cannot be read (${messageOf(error)})` }
  }
}

/** The environment as the program uses it; null is unset. */
export type Env = z.infer<typeof Environment>

/**
 * Reads the environment; an empty variable is an unset one.
 *
 * @param readFile gives the text of a file (NAME_FILE), throws when it cannot
 * @returns the environment, or every problem as a sentence
 */
export function readEnv(
  env: Record<string, string | undefined>,
  readFile: (path: string) => string,
): { env: Env } | { problems: string[] } {
  const problems: string[] = []
  const values: Record<string, string> = {}
  for (const name of Object.keys(Environment.in.shape)) {
    const value = env[name]?.trim()
    if (value) values[name] = value
  }
  for (const name of SECRETS) {
    const file = env[`${name}_FILE`]?.trim()
    if (!file) continue
    if (values[name] !== undefined) {
      problems.push(`${name} and ${name}_FILE are both set: keep one of them`)
      continue
    }
    const read = secretIn(file, name, readFile)
    if ('problem' in read) problems.push(read.problem)
    else values[name] = read.value
  }
  const parsed = Environment.safeParse(values)
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(`${String(issue.path[0])} ${issue.message}`)
  }
  return parsed.success && problems.length === 0 ? { env: parsed.data } : { problems }
}
