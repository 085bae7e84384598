import { describe, expect, test } from 'vitest'
import { readEnv } from '../src/env.ts'

const noFile = (): string => {
  throw new Error('ENOENT: no such file or directory')
}

describe('the environment', () => {
  test('has defaults, and an empty variable is an unset one', () => {
    expect(readEnv({ PORT: '', SLACK_BOT_TOKEN: ' ' }, noFile)).toEqual({
      env: {
        config: './watchbill.yaml',
        data: './data',
        databaseUrl: null,
        redisUrl: null,
        slackBotToken: null,
        slackAppToken: null,
        slackSigningSecret: null,
        slackApiUrl: 'https://slack.com/api/',
        host: '127.0.0.1',
        port: 4100,
        publicUrl: null,
        apiToken: null,
        logLevel: 'info',
      },
    })
  })

  test('reads secrets from files', () => {
    const read = readEnv({ SLACK_BOT_TOKEN_FILE: '/run/secrets/bot' }, (path) => `xoxb-from-${path}\n`)
    expect(read).toMatchObject({ env: { slackBotToken: 'xoxb-from-/run/secrets/bot' } })
  })

  test('completes and shortens slashes', () => {
    const read = readEnv(
      { SLACK_API_URL: 'http://127.0.0.1:4200/api', PUBLIC_URL: 'https://bill.example.com/' },
      noFile,
    )
    expect(read).toMatchObject({
      env: { slackApiUrl: 'http://127.0.0.1:4200/api/', publicUrl: 'https://bill.example.com' },
    })
  })

  test('takes one Redis server, or Sentinels and what they watch, which is then named', () => {
    const read = (url: string) => readEnv({ REDIS_URL: url }, noFile)
    const redisUrl = 'redis+sentinel://:secret@one:26379,two/mymaster'
    expect(read(redisUrl)).toMatchObject({ env: { redisUrl } })
    expect(read('rediss://:secret@one/1')).toMatchObject({ env: { redisUrl: 'rediss://:secret@one/1' } })
    for (const nameless of ['redis+sentinel://one:26379', 'redis://one:26379,two:26379'])
      expect(read(nameless)).toEqual({ problems: [expect.stringMatching(/^REDIS_URL must be .*host:26379\/mymaster/)] })
  })

  test('lists every problem at once and repeats no value', () => {
    const read = readEnv(
      {
        DATABASE_URL: 'mysql://u:hunter2@h/d',
        REDIS_URL: 'hunter2',
        SLACK_BOT_TOKEN: 'xapp-hunter2',
        SLACK_APP_TOKEN: 'xoxb-hunter2',
        SLACK_SIGNING_SECRET_FILE: '/nowhere',
        SLACK_API_URL: 'slack.com',
        PORT: '70000',
        WATCHBILL_API_TOKEN: 'a',
        WATCHBILL_API_TOKEN_FILE: '/b',
        LOG_LEVEL: 'loud',
      },
      noFile,
    )
    expect(read).toEqual({
      problems: [
        'SLACK_SIGNING_SECRET_FILE names /nowhere, which cannot be read (ENOENT: no such file or directory)',
        'WATCHBILL_API_TOKEN and WATCHBILL_API_TOKEN_FILE are both set: keep one of them',
        'DATABASE_URL must be the address of a Postgres database, postgres://user:password@host:5432/database',
        'REDIS_URL must be the address of a Redis server, redis://user:password@host:6379/0, or of Sentinels and what they watch, redis+sentinel://user:password@host:26379,host:26379/mymaster/0 (rediss with TLS)',
        'SLACK_BOT_TOKEN must be the token of a bot user (xoxb-…), and this is an app-level token for Socket Mode',
        'SLACK_APP_TOKEN must be an app-level token for Socket Mode (xapp-…), and this is the token of a bot user',
        'SLACK_API_URL must be an http or https URL that ends in /api/',
        'PORT must be a port between 0 and 65535',
        'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent',
      ],
    })
  })
})
