import { describe, expect, test } from 'vitest'
import { clockTime, code, cut, duration, escapeText, list, mention, plain, when } from '../../src/slack/text.ts'

const SECOND = 1_000
const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 24 * HOUR

describe('foreign text', () => {
  test.for<[what: string, text: string]>([
    ['mention everybody', '<!channel> wake up'],
    ['mention everybody with a bare word', 'wake up @channel, @Here and @everyone'],
    ['mention a person', '<@U0DANA>'],
    ['mention a group', '<!subteam^S0OPS>'],
    ['link elsewhere', '<https://evil.test|Acknowledge>'],
    ['undo its escaping', '&lt;!channel&gt;'],
  ])('cannot %s', ([, text]) => {
    for (const shown of [escapeText(text), plain(text), code(text)]) {
      expect(shown).not.toMatch(/[<>]/)
      expect(shown).not.toMatch(/@(channel|here|everyone)/i)
      expect(shown.replaceAll(/&(amp|lt|gt);/g, '')).not.toContain('&')
    }
  })

  test('is escaped once, and reads as it was', () => {
    const text = 'a < b && c > d &amp;'
    const read = escapeText(text).replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
    expect(read).toBe(text)
  })

  test('cannot format what surrounds it', () => {
    expect(plain('*bold* _italic_ ~gone~ `code`').replaceAll('\u200b', '')).toBe('*bold* _italic_ ~gone~ `code`')
    for (const mark of ['*', '_', '~', '`']) expect(plain(`${mark}x${mark}`)).toBe(`${mark}\u200bx${mark}\u200b`)
  })

  test('cannot end its code span', () => {
    expect(code('a`b```c')).toBe('`aʼbʼʼʼc`')
    expect(code('a\nb')).toBe('`a b`')
  })
})

describe('cut', () => {
  test('leaves what fits', () => {
    expect(cut('12345', 5)).toBe('12345')
    expect(cut('', 5)).toBe('')
  })

  test('cuts to the length, with an ellipsis', () => {
    expect(cut('123456', 5)).toBe('1234…')
    expect(cut('123456', 5)).toHaveLength(5)
  })

  test('never through the middle of a character', () => {
    for (let length = 2; length < 8; length++) {
      const short = cut('a😀😀😀😀', length)
      expect(short.isWellFormed(), short).toBe(true)
      expect(short.length).toBeLessThanOrEqual(length)
    }
  })

  test('never through the middle of an escape: half of one would show', () => {
    const text = escapeText('a<b>c&d')
    for (let length = 2; length < text.length; length++)
      expect(cut(text, length).replaceAll(/&(amp|lt|gt);/g, '')).not.toContain('&')
  })

  test('never through the middle of a mention or an instant', () => {
    const text = `a ${mention('U0DANA')} b ${when(0, 'UTC')} c`
    for (let length = 2; length < text.length; length++)
      expect(cut(text, length).replaceAll(/<[^<>]*>/g, '')).not.toMatch(/[<>]/)
  })
})

describe('durations', () => {
  test.for<[ms: number, expected: string]>([
    [0, '0 s'],
    [-5 * SECOND, '0 s'],
    [499, '0 s'],
    [500, '1 s'],
    [59.4 * SECOND, '59 s'],
    [59.6 * SECOND, '1 min'],
    [MINUTE, '1 min'],
    [90 * SECOND, '1 min 30 s'],
    [2 * MINUTE, '2 min'],
    [5 * MINUTE + 10 * SECOND, '5 min'],
    [59 * MINUTE + 29 * SECOND, '59 min'],
    [59 * MINUTE + 40 * SECOND, '1 h'],
    [HOUR, '1 h'],
    [2 * HOUR + 10 * MINUTE, '2 h 10 min'],
    [47 * HOUR, '47 h'],
    [48 * HOUR, '2 d'],
    [3 * DAY + 4 * HOUR, '3 d 4 h'],
    [30 * DAY, '30 d'],
  ])('%d ms are %s', ([ms, expected]) => {
    expect(duration(ms)).toBe(expected)
  })

  test('never go down as time goes on, and are never off by more than a minute (an hour, from two days on)', () => {
    const units: Record<string, number> = { s: SECOND, min: MINUTE, h: HOUR, d: DAY }
    const read = (text: string) =>
      [...text.matchAll(/(\d+) (\w+)/g)].reduce(
        (sum, [, n, unit = '']) => sum + Number(n) * (units[unit] ?? Number.NaN),
        0,
      )
    let before = 0
    for (let ms = 0; ms < 3 * DAY; ms += ms < 10 * MINUTE ? 500 : 17_000) {
      const now = read(duration(ms))
      expect(now, `${ms} ms`).toBeGreaterThanOrEqual(before)
      expect(Math.abs(now - ms), `${ms} ms`).toBeLessThanOrEqual(ms < 48 * HOUR - MINUTE ? MINUTE : HOUR)
      before = now
    }
  })
})

describe('instants', () => {
  const winter = Date.parse('2026-01-05T07:00:00Z')
  const summer = Date.parse('2026-07-06T06:00:30.900Z')

  test('are shown in the zone of the reader, with ours to fall back on', () => {
    expect(when(winter, 'Europe/Zurich')).toBe('<!date^1767596400^{time}|08:00 CET>')
    expect(when(summer, 'Europe/Zurich')).toBe(`<!date^${Math.floor(summer / 1_000)}^{time}|08:00 CEST>`)
    expect(when(winter, 'Asia/Kolkata', '{date_short} {time}')).toMatch(
      /^<!date\^1767596400\^\{date_short\} \{time\}\|12:30 /,
    )
  })

  test('tell the two halves of the doubled hour apart', () => {
    const first = Date.parse('2026-10-25T00:30:00Z')
    expect(clockTime(first, 'Europe/Zurich', first)).toBe('02:30 CEST')
    expect(clockTime(first + HOUR, 'Europe/Zurich', first)).toBe('02:30 CET')
  })

  test('name the day when it is another than the reader has', () => {
    expect(clockTime(winter, 'Europe/Zurich', winter + HOUR)).toBe('08:00 CET')
    expect(clockTime(winter, 'Europe/Zurich', winter + DAY)).toBe('Mon 5 Jan 08:00 CET')
    // Midnight is that of the zone.
    const late = Date.parse('2026-01-05T22:59:00Z')
    expect(clockTime(late, 'Europe/Zurich', late + 2 * MINUTE)).toBe('Mon 5 Jan 23:59 CET')
    expect(clockTime(late, 'UTC', late + 2 * MINUTE)).toMatch(/^22:59 /)
  })
})

test('lists read as sentences', () => {
  expect(list([])).toBe('')
  expect(list(['a'])).toBe('a')
  expect(list(['a', 'b'])).toBe('a and b')
  expect(list(['a', 'b', 'c'])).toBe('a, b and c')
})

test('a mention is one', () => expect(mention('U0DANA')).toBe('<@U0DANA>'))
