import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseMarkdown } from '../../src/sandbox/page/markdown.ts'
import { type Block, type Inline, parseInline, parseMrkdwn, safeUrl } from '../../src/sandbox/page/mrkdwn.ts'

const text = (value: string): Inline => ({ kind: 'text', text: value })
const paragraph = (...children: Inline[]): Block => ({ kind: 'paragraph', children })

describe('styles', () => {
  test.each([
    ['*bold*', [{ kind: 'bold', children: [text('bold')] }]],
    ['_italic_', [{ kind: 'italic', children: [text('italic')] }]],
    ['~gone~', [{ kind: 'strike', children: [text('gone')] }]],
    ['`code *as is*`', [{ kind: 'code', text: 'code *as is*' }]],
    ['*a _b_ c*', [{ kind: 'bold', children: [text('a '), { kind: 'italic', children: [text('b')] }, text(' c')] }]],
    ['*in `a*b` code*', [{ kind: 'bold', children: [text('in '), { kind: 'code', text: 'a*b' }, text(' code')] }]],
    ['(*bold*)', [text('('), { kind: 'bold', children: [text('bold')] }, text(')')]],
  ])('%s is styled', (source, tree) => {
    expect(parseInline(source)).toEqual(tree)
  })

  test.each(['2 * 3 * 4', 'snake_case_name', '* not bold *', '*open', '**', 'a*b*c', '~ 5 ~', '``', '*over a\nline*'])(
    '%j keeps its signs',
    (source) => {
      const words = parseInline(source).map((node) =>
        node.kind === 'text' ? node.text : node.kind === 'break' ? '\n' : null,
      )
      expect(words.join('')).toBe(source)
    },
  )
})

describe('tokens', () => {
  test.each([
    ['<@U0DANA>', { kind: 'user', id: 'U0DANA', label: null }],
    ['<@U0DANA|dana>', { kind: 'user', id: 'U0DANA', label: 'dana' }],
    ['<#C0OPS|ops>', { kind: 'channel', id: 'C0OPS', label: 'ops' }],
    ['<#C0OPS|>', { kind: 'channel', id: 'C0OPS', label: null }],
    ['<!here>', { kind: 'broadcast', range: 'here' }],
    ['<!subteam^S0MAIL|@oncall-mail>', { kind: 'group', id: 'S0MAIL', label: '@oncall-mail' }],
    ['<https://a.test/?x=1&amp;y=2|docs>', { kind: 'link', url: 'https://a.test/?x=1&y=2', children: [text('docs')] }],
    ['<mailto:a@b.test>', { kind: 'link', url: 'mailto:a@b.test', children: [text('a@b.test')] }],
    [
      '<!date^1521129600^{date_short} at {time}^https://a.test|8 pm>',
      { kind: 'date', seconds: 1521129600, format: '{date_short} at {time}', url: 'https://a.test', fallback: '8 pm' },
    ],
    [':rotating_light:', { kind: 'emoji', name: 'rotating_light', character: '🚨' }],
  ])('%s is read', (source, node) => {
    expect(parseInline(source)).toEqual([node])
  })

  test('a bare address is a link without the full stop behind it', () => {
    expect(parseInline('see https://a.test/b.')).toEqual([
      text('see '),
      { kind: 'link', url: 'https://a.test/b', children: [text('https://a.test/b')] },
      text('.'),
    ])
  })

  test.each(['10:30:45', ':no_such_code:', 'a <b> c', '<@nobody here>', '<!what>', '< https://a.test>'])(
    '%s stays text',
    (source) => {
      expect(parseInline(source).filter((node) => node.kind !== 'text' && node.kind !== 'link')).toEqual([])
    },
  )
})

describe('foreign text', () => {
  test.each([
    '<img src=x onerror="alert(1)">',
    '<script>alert(1)</script>',
    '<javascript:alert(1)|click>',
    '<data:text/html,x|click>',
    '<JaVaScRiPt:alert(1)>',
  ])('%s is only text', (source) => {
    expect(parseMrkdwn(source)).toEqual([paragraph(text(source))])
  })

  test('the three escapes are undone once', () => {
    expect(parseInline('&lt;b&gt; &amp;lt; &quot;')).toEqual([text('<b> &lt; &quot;')])
  })

  test.each(['javascript:alert(1)', ' https://a.test', 'https://a.test/\nb', 'file:///etc/passwd', '//a.test', ''])(
    '%j is not an address to link to',
    (url) => {
      expect(safeUrl(url)).toBeNull()
    },
  )

  test('any text is read without an error, and no link leads to a scheme that runs code', () => {
    const sign = fc.constantFrom(
      ...'*_~`<>|@#!:&\n ahttps://x.test^U0{}[]()'.split(''),
      'javascript:',
      '```',
      '<!date^1^',
      'https://',
    )
    fc.assert(
      fc.property(fc.array(sign, { maxLength: 60 }), (signs) => {
        for (const blocks of [parseMrkdwn(signs.join('')), parseMarkdown(signs.join(''))]) {
          const urls = [...JSON.stringify(blocks).matchAll(/"url":"([^"]*)"/g)].map((found) => found[1] ?? '')
          for (const url of urls) expect(url).toMatch(/^(https?:\/\/|mailto:|tel:)/i)
        }
      }),
    )
  })
})

describe('blocks', () => {
  test('a fence, a quote and the text around them', () => {
    expect(parseMrkdwn('before\n```\na &lt; b\n*c*\n```\n&gt; quoted\n> too\nafter')).toEqual([
      paragraph(text('before')),
      { kind: 'pre', text: 'a < b\n*c*' },
      { kind: 'quote', children: [text('quoted'), { kind: 'break' }, text('too')] },
      paragraph(text('after')),
    ])
  })

  test('three signs quote all that follows', () => {
    expect(parseMrkdwn('a\n&gt;&gt;&gt; b\nc')).toEqual([
      paragraph(text('a')),
      { kind: 'quote', children: [text('b'), { kind: 'break' }, text('c')] },
    ])
  })

  test('a fence that is never closed is text', () => {
    expect(parseMrkdwn('```open')).toEqual([paragraph(text('```open'))])
  })

  test('a link in code is shown as it was typed', () => {
    expect(parseInline('`curl <https://a.test>`')).toEqual([{ kind: 'code', text: 'curl https://a.test' }])
  })
})

describe('markdown', () => {
  test('headings, lists, tables, fences and rules', () => {
    const kinds = parseMarkdown(
      '# A\n\ntext **b**\n- one\n  - two\n\n1. x\n\n| h |\n|---|\n| c |\n\n```js\nx\n```\n---\n> q',
    )
    expect(kinds.map((block) => block.kind)).toEqual([
      'heading',
      'paragraph',
      'list',
      'list',
      'table',
      'pre',
      'rule',
      'quote',
    ])
  })

  test('its own inline signs, and Slack’s tokens between them', () => {
    expect(parseMarkdown('**a** *b* ~~c~~ `d` [e](https://a.test) <@U0DANA> :fire:')).toEqual([
      paragraph(
        { kind: 'bold', children: [text('a')] },
        text(' '),
        { kind: 'italic', children: [text('b')] },
        text(' '),
        { kind: 'strike', children: [text('c')] },
        text(' '),
        { kind: 'code', text: 'd' },
        text(' '),
        { kind: 'link', url: 'https://a.test', children: [text('e')] },
        text(' '),
        { kind: 'user', id: 'U0DANA', label: null },
        text(' '),
        { kind: 'emoji', name: 'fire', character: '🔥' },
      ),
    ])
  })

  test('tasks of a list, done and not, beside lines that are none', () => {
    const [list] = parseMarkdown('- [x] roll back\n- [ ] write to customers\n- [later] talk')
    expect(list).toMatchObject({
      kind: 'list',
      items: [
        { done: true, children: [text('roll back')] },
        { done: false, children: [text('write to customers')] },
        { done: null },
      ],
    })
  })

  test('people and channels as a canvas writes them', () => {
    expect(parseMarkdown('![](@U0DANA) in ![](#C0OPS) ![](https://a.test/x.png)')[0]).toMatchObject({
      children: [
        { kind: 'user', id: 'U0DANA', label: null },
        text(' in '),
        { kind: 'channel', id: 'C0OPS', label: null },
        { kind: 'text' },
        { kind: 'link' },
        { kind: 'text' },
      ],
    })
  })

  test('a link to a script stays text', () => {
    expect(parseMarkdown('[x](javascript:alert(1))')[0]).toMatchObject({ kind: 'paragraph' })
    expect(JSON.stringify(parseMarkdown('[x](javascript:y)'))).not.toContain('"link"')
  })
})
