import { describe, expect, test } from 'vitest'
import { cut, duration, escapeText, typed } from '../../src/slack/text.ts'

describe('what Slack sends is read as it was typed', () => {
  test.each([
    ['a &amp; b &lt; c &gt; d', 'a & b < c > d'],
    ['&amp;lt;', '&lt;'],
    ['<@U07|sam> knows', '@sam knows'],
    ['<@U07> knows', '@U07 knows'],
    ['see <#C07|ops> and <#C08>', 'see #ops and #C08'],
    ['<!channel> <!here|here> <!subteam^S07|@mail>', '@channel here @mail'],
    ['<https://x.example/a?b=1&amp;c=2>', 'https://x.example/a?b=1&c=2'],
    ['<http://x.example|x.example>', 'http://x.example'],
    ['<https://evil.example|bank>', 'bank (https://evil.example)'],
    ['<mailto:a@x.example|a@x.example>', 'a@x.example'],
    ['&lt;!channel&gt;', '<!channel>'],
  ])('%s', (text, expected) => {
    expect(typed(text)).toBe(expected)
  })
})

describe('cut', () => {
  test.each([
    ['short', 5, 'short'],
    ['longer', 5, 'long…'],
    ['abc🔥d', 5, 'abc…'],
    ['ab &amp; c', 7, 'ab …'],
    ['hi <@U0NORA> x', 8, 'hi …'],
    ['hi <@U0NORA> x', 13, 'hi <@U0NORA>…'],
  ])('%s to %i', (text, length, expected) => {
    expect(cut(text, length)).toBe(expected)
  })
})

test('nothing that is escaped mentions anybody', () => {
  for (const text of ['<!channel>', '@channel', '@here now', '@Everyone', '<@U07>'])
    expect(escapeText(text)).not.toMatch(/<|@(channel|here|everyone)\b/i)
  expect(escapeText('mail@hereford.example')).toBe('mail@hereford.example')
})

test.each([
  [0, '0 s'],
  [59_400, '59 s'],
  [59_600, '1 min'],
  [90_000, '1 min 30 s'],
  [300_000, '5 min'],
  [3_600_000, '1 h'],
  [7_800_000, '2 h 10 min'],
  [50 * 3_600_000, '2 d 2 h'],
])('%i ms are %s', (ms, said) => {
  expect(duration(ms)).toBe(said)
})
