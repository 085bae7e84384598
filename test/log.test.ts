import { describe, expect, test } from 'vitest'
import { createLog } from '../src/log.ts'

/** What a log writes, as it goes out. */
function logged(values: string[], write: (log: ReturnType<typeof createLog>) => void): string {
  const chunks: string[] = []
  write(createLog('trace', values, { write: (chunk: string) => void chunks.push(chunk) }))
  return chunks.join('')
}

describe('secrets do not appear', () => {
  // Put together here, so that nothing in this repository looks like a token.
  const bot = ['xoxb', '1234567890', 'abcDEF-123'].join('-')
  const app = ['xapp', '1', 'A0123', '99', 'deadbeef'].join('-')
  const refresh = ['xoxe.xoxp', '1', 'Mi0yLTEt'].join('-')

  test.for<[what: string, secret: string, value: object, text: string]>([
    ['a bot token in the message', bot, {}, `calling with ${bot} now`],
    ['an app token in a field', app, { headers: { authorization: `Bearer ${app}` } }, 'x'],
    ['a token in upper case', bot.toUpperCase(), {}, bot.toUpperCase()],
    ['a refresh token', 'Mi0yLTEt', {}, refresh],
    ['the password in an address', 's3cr3t-pw', { url: 'postgres://ada:s3cr3t-pw@db.example/x' }, 'x'],
    ['the password of an address without a user', 's3cr3t-pw', {}, 'redis://:s3cr3t-pw@redis:6379'],
    ['the path of a webhook of Slack', 'T0/B0/zzTop', {}, 'post to https://hooks.slack.com/services/T0/B0/zzTop'],
    ['a response_url', 'commands/T0/1/2', { body: { response_url: 'https://slack.example/commands/T0/1/2' } }, 'x'],
    ['a field called token', 'opaque-1', { token: 'opaque-1' }, 'x'],
    ['a field called token, deeper', 'opaque-1', { request: { token: 'opaque-1' } }, 'x'],
    ['an error with its stack', bot, { err: new Error(`invalid_auth for ${bot}`) }, 'x'],
  ])('%s', ([, secret, value, text]) => {
    const out = logged([], (log) => log.info(value, text))
    expect(out).not.toContain(secret)
    expect(out).toContain('[secret]')
  })

  test.for(['hunter2-hunter2', 'pa"ss\\wo/rd', 'mit ümläut und $^.*', 'two\nlines', 'tab\tseparated'])(
    'values that are known: %j',
    (value) => {
      const out = logged([value], (log) => {
        log.info({ deep: { value } }, 'in a field')
        log.error({ err: new Error(value) }, `in a text: ${value}`)
      })
      expect(out).not.toContain(value)
      expect(out).not.toContain(JSON.stringify(value).slice(1, -1))
    },
  )

  test('values that are too short to be told from words stay', () => {
    expect(logged(['on'], (log) => log.info('going on'))).toContain('going on')
  })

  test('what is not secret stays', () => {
    const out = logged([bot], (log) => log.info({ url: 'https://example.test/a:b@c' }, 'INC-7 of webmail at 08:00'))
    expect(out).toContain('https://example.test/a:b@c')
    expect(out).toContain('INC-7 of webmail at 08:00')
  })
})

describe('an entry is one line', () => {
  test.for<[what: string, text: string]>([
    ['line feeds', 'first\nsecond'],
    ['carriage returns', 'first\r\n{"level":30,"msg":"forged"}'],
    ['ANSI sequences', '\u001b[31mred\u001b[0m \u001b]0;title\u0007'],
    ['NUL and other controls', 'a\u0000b\u0008c'],
    ['the separators of other notations', 'a\u2028b\u2029c\u0085d'],
  ])('with %s in its text', ([, text]) => {
    const out = logged([], (log) => log.warn({ text, [text]: 1 }, text))
    expect(out.endsWith('\n')).toBe(true)
    expect(out.slice(0, -1).split('\n')).toHaveLength(1)
    expect([...out.slice(0, -1)].some((each) => each < ' ')).toBe(false)
    expect(JSON.parse(out)).toMatchObject({ msg: text, text, level: 40 })
  })

  test('nothing below its level is written', () => {
    const chunks: string[] = []
    createLog('warn', [], { write: (chunk: string) => void chunks.push(chunk) }).info('x')
    expect(chunks).toEqual([])
  })
})
