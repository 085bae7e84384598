import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { wordsOf } from '../../src/domain/detect/shape-words.ts'
import { learn, newShapes, Shapes } from '../../src/domain/detect/shapes.ts'
import { storable } from '../../src/json.ts'

const empty = () => newShapes(0, 1_000)
const found = (...lines: string[]) => learn(empty(), lines).found.map(({ shape }) => shape)

describe('what differs by its nature is no part of a shape', () => {
  test.for<[line: string, words: string]>([
    ['2026-11-23T07:00:00.123Z job 17 took 12.5ms', '<time> job <num> took <num>ms'],
    ['2026-11-23 07:00:00,123 +0100 done', '<time> done'],
    ['Nov  3 07:00:00 mx1 postfix/smtpd[812]: connect', '<time> mx<num> postfix/smtpd <num> connect'],
    ['Mon Nov 23 07:00:00 2026 up', '<time> up'],
    [
      '10.0.0.7 - - [23/Nov/2026:07:00:00 +0100] "GET /a?b=7 HTTP/1.1" 200',
      '<ip> - - <time> GET /a?b <num> HTTP/<num> <num>',
    ],
    ['peer 192.0.2.53:25 and 2001:db8::53 refused', 'peer <ip> and <ip> refused'],
    ['trace 4bf92f3577b34da6a3ce929d0e0e4736 at 0xDEADbeef', 'trace <num> at <num>'],
    ['user 6f1c2d8e-1b7a-4a53-9d0a-5f7f3f0f9a11 gone', 'user <id> gone'],
    ['{"level":"error","n":3,"msg":"no route"}', 'level error n <num> msg no route'],
    ['\u001b[31mERROR\u001b[0m defaced facade', 'ERROR defaced facade'],
    ['', '<nothing>'],
    ['  \t ', '<nothing>'],
  ])('%s', ([line, words]) => {
    expect(wordsOf(line).join(' ')).toBe(words)
  })
})

describe('shapes', () => {
  test('are found once, whatever varies in them', () => {
    expect(
      found(
        'user ada logged in from 10.0.0.1',
        'user bart logged in from 10.0.0.2',
        'user eve logged in from 10.0.0.3',
        'disk sda1 is full',
        'disk sdb2 is full',
      ),
    ).toEqual(['user ada logged in from <ip>', 'disk sda<num> is full'])
    const { shapes } = learn(empty(), ['user ada logged in from 10.0.0.1', 'user bart logged in from 10.0.0.2'])
    expect(shapes.known.map(({ shape }) => shape)).toEqual(['user <*> logged in from <ip>'])
  })

  test('that share a length and a first word are told apart', () => {
    expect(found('job mail started by cron', 'job mail failed with code', 'job mail started by cron')).toHaveLength(2)
  })

  test('that said the same for long do not begin to vary, and a name that varies is learned all the same', () => {
    const paid = Array.from({ length: 60 }, (_, n) => `payment for order ${n} succeeded`)
    expect(found(...paid, 'payment for order 7 failed', 'payment for order 8 failed')).toEqual([
      'payment for order <num> succeeded',
      'payment for order <num> failed',
    ])
    const users = Array.from({ length: 60 }, () => 'user ada logged in')
    expect(found(...users, 'user bart logged in', 'user eve logged in', 'user zoe logged in')).toHaveLength(2)
  })

  test('that begin with what varies are one, once there are many of them', () => {
    const names = Array.from(
      { length: 200 },
      (_, n) => `${String.fromCharCode(97 + (n % 26)).repeat(2 + Math.floor(n / 26))} has left the room`,
    )
    expect(found(...names)).toHaveLength(41)
  })

  test('that were not seen for long are forgotten when there are too many', () => {
    const words = Array.from({ length: 400 }, (_, n) => 'abcdefghij'.charAt(n % 10).repeat(3 + Math.floor(n / 10)))
    const { shapes } = learn(
      empty(),
      words.map((word, n) => `the ${word} ${'x '.repeat(n % 7)} ${word}y ${word}z`),
    )
    expect(shapes.known.length).toBeLessThanOrEqual(256)
    expect(shapes.known.at(-1)?.lastSeen).toBe(400)
  })
})

const anyLine = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 200 }),
  fc
    .array(fc.constantFrom('user', 'ada', 'bart', '17', '0x1f', 'failed', 'of', '10.0.0.1', '\ud800', '\0'), {
      maxLength: 8,
    })
    .map((words) => words.join(' ')),
)

test('the same lines in any portions come to the same, and survive the store as they are', () => {
  fc.assert(
    fc.property(fc.array(anyLine, { maxLength: 40 }), fc.array(fc.nat(6), { maxLength: 40 }), (lines, cuts) => {
      const whole = learn(empty(), lines)
      let shapes = empty()
      const shapesFound: string[] = []
      let from = 0
      for (const size of [...cuts, lines.length]) {
        const part = learn(shapes, lines.slice(from, from + size))
        shapes = Shapes.parse(JSON.parse(storable(part.shapes)))
        shapesFound.push(...part.found.map(({ shape }) => shape))
        from += size
      }
      expect(shapes).toEqual(whole.shapes)
      expect(shapesFound).toEqual(whole.found.map(({ shape }) => shape))
      // What was just seen is known.
      const last = lines.at(-1)
      if (last !== undefined) expect(learn(whole.shapes, [last]).found).toEqual([])
    }),
    { numRuns: 300 },
  )
})

test('whatever comes, no more is kept than there is room for, and no line takes long', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 300 }), { minLength: 300, maxLength: 900 }), (lines) => {
      const { shapes } = learn(empty(), lines)
      expect(shapes.known.length).toBeLessThanOrEqual(256)
      expect(storable(shapes).length).toBeLessThan(256 * 2_000)
    }),
    { numRuns: 10 },
  )
  // Made to hurt: what a pattern could try again and again.
  for (const piece of ['1.', '1:', 'a:', '0x', 'f', '1,', 'Jan ', '2026-', '-', ':', '\ud800'])
    expect(wordsOf(piece.repeat(1_000_000)).length).toBeGreaterThan(0)
})
