import { expect, test } from 'vitest'
import { recordable } from '../src/json.ts'
import { keepSecret, keepSecretsOf, passwordsOf, withoutSecrets } from '../src/secrets.ts'

// Put together here, so that nothing in this repository looks like a token.
const slack = ['xoxp', '12', 'abc'].join('-')
const jwt = ['eyJhbGciOiJIUzI1', 'eyJzdWIiOiIxMjM0', 'c2lnbmF0dXJl'].join('.')
const github = `ghp_${'a1B2'.repeat(8)}`
const aws = `AKIA${'A1B2'.repeat(4)}`
const key = `-----BEGIN RSA ${'PRIVATE'} KEY-----\nMIIE\n-----END RSA ${'PRIVATE'} KEY-----`

test.each<[what: string, text: string, clean: string]>([
  ['a token of Slack', `calling with ${slack} now`, 'calling with [secret] now'],
  ['a webhook of Slack', 'https://hooks.slack.com/services/T0/B0/x y', 'https://hooks.slack.com/[secret] y'],
  ['a password in an address', 'postgres://ada:pw@db/x', 'postgres://[secret]@db/x'],
  ['one with odd signs', 'https://u:p@s"s@host/x', 'https://[secret]@host/x'],
  ['a token as the user of an address', 'https://0123456789@sentry.example/4', 'https://[secret]@sentry.example/4'],
  ['a parameter', 'https://h/cb?a=1&token=abc&b=2', 'https://h/cb?a=1&token=[secret]&b=2'],
  ['an assignment', 'DB_PASSWORD=hunter2hunter2;', 'DB_PASSWORD=[secret];'],
  ['JSON', '{"api_key": "abcd1234efgh"}', '{"api_key": "[secret]"}'],
  ['JSON within a line of JSON', '{\\"password\\":\\"abcd1234efgh\\"}', '{\\"password\\":\\"[secret]\\"}'],
  ['a header', 'Authorization: Bearer abc.def123', 'Authorization: Bearer [secret]'],
  ['a JSON Web Token', `x ${jwt} y`, 'x [secret] y'],
  ['a token of GitHub', `x ${github}`, 'x [secret]'],
  ['a key of AWS', `x ${aws}`, 'x [secret]'],
  ['a private key', key, key.replace('\nMIIE\n', '[secret]')],
])('taken out: %s', (_, text, clean) => {
  expect(withoutSecrets(text)).toBe(clean)
})

test('in JSON: a quote ends an address, an escaped one does not', () => {
  const line = JSON.stringify({
    url: 'https://a.test',
    by: 'ada@b.test',
    to: 'https://u:p"w@h',
    text: 'https://a.test\nada@b.test',
  })
  expect(withoutSecrets(line, { json: true })).toBe(line.replace('u:p\\"w', '[secret]'))
})

test.each([
  'https://example.test/a:b@c',
  'see https://example.org or write to ada@example.org',
  'https://h/dashboard?orgId=1&var-host=mx1',
  'the token expired at 08:00, password rotation is due',
  'basic understanding, bearer of bad news',
  'secret: none',
  'INC-7 of webmail at 08:00: 503 Service Unavailable, after 120 ms',
  '<https://example.test|label> <@U0NORA>',
])('left alone: %s', (text) => {
  expect(withoutSecrets(text)).toBe(text)
})

test('values that the process keeps secret go too, wherever they stand', () => {
  keepSecret(['opaque~1~value', 'short'])
  keepSecretsOf(['two\nlines "of" a key', 'https://hook:an0ther-one@ci.test/'])
  const line = JSON.stringify({ saw: 'two\nlines "of" a key', and: 'an0ther-one' })
  expect(withoutSecrets(line, { json: true })).toBe('{"saw":"[secret]","and":"[secret]"}')
  expect(withoutSecrets('a opaque~1~value b, in short')).toBe('a [secret] b, in short')
  expect(recordable({ deep: [{ saw: 'opaque~1~value', at: 1 }] })).toBe('{"deep":[{"saw":"[secret]","at":1}]}')
})

test('of an address the password is kept secret, unless it is a word', () => {
  expect(passwordsOf('postgres://ada:s3cr%40t-pw@db/x')).toEqual(['s3cr%40t-pw', 's3cr@t-pw'])
  expect(passwordsOf('postgres://watchbill:watchbill@db/x')).toEqual([])
  expect(passwordsOf('no address')).toEqual([])
})

test.each<[what: string, text: string]>([
  ['many schemes', `${'://'.repeat(300_000)}@`],
  ['many names', 'token='.repeat(200_000)],
  ['spaces', `password${' '.repeat(200_000)}${'token:'.repeat(100_000)}`],
  ['half tokens', '-eyJaaaaaaaa'.repeat(80_000)],
  ['half headers', 'bearer '.repeat(150_000)],
  ['half keys', `-----BEGIN ${'PRIVATE'} KEY-----`.repeat(40_000)],
  ['no end', `https://${'a'.repeat(1_000_000)}`],
])('a text made to hurt takes no longer than any other of its length: %s', (_, text) => {
  const began = process.cpuUsage()
  withoutSecrets(text)
  const { user, system } = process.cpuUsage(began)
  expect((user + system) / 1_000).toBeLessThan(3_000)
})
