import { describe, expect, test } from 'vitest'
import { formatProblem, parseConfig } from '../../src/config.ts'

/** Attacks by way of the configuration (reliability 6.1): it is refused quickly, with a sentence, and leaves nothing behind. */

/** Of the processor, and generous: the promise is 100 ms on a machine that does nothing else, with a program that is warm. */
const QUICKLY_MS = 4_000

const problemsOf = (text: string, env: Record<string, string> = {}): string[] => {
  const config = parseConfig(text, 'w', env)
  return 'problems' in config ? config.problems.map(formatProblem) : []
}

/** The sentences, once it is certain that they came quickly and are not many. */
function refused(text: string): string[] {
  const began = process.cpuUsage()
  const before = process.memoryUsage().rss
  const problems = problemsOf(text)
  const { user, system } = process.cpuUsage(began)
  expect((user + system) / 1_000).toBeLessThan(QUICKLY_MS)
  expect(process.memoryUsage().rss - before).toBeLessThan(200e6)
  expect(problems.length).toBeGreaterThan(0)
  expect(problems.length).toBeLessThan(300)
  for (const problem of problems) expect(problem.length).toBeLessThan(600)
  return problems
}

const small = `company: Small
zone: UTC
people: { ana: { slack: U0ANA } }
policies: { all: { steps: [{ page: [ana], wait: 90s }], fallback: [ana] } }
services: { web: { policy: all } }
`
/** As the configuration refers to a variable of the environment. */
const variable = (name: string) => `\${${name}}`
const lines = (count: number, line: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => line(n)).join('\n')

describe('A21 YAML made to hurt', () => {
  const laughs = `a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n${lines(30, (n) => `a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join(', ')}]`)}`
  const merges = `base: &m0 { k: v }\n${lines(2_000, (n) => `m${n + 1}: &m${n + 1} { <<: *m${n}, k${n}: v }`)}`

  test.each<[what: string, text: string, sentence: RegExp]>([
    ['a bomb of aliases', laughs, /(anchors|aliases) \S+ are not accepted/],
    ['a bomb of merges', merges, /are not accepted/],
    [
      'one mapping that merges itself many times',
      `a: &a { x: 1 }\nb: { <<: [${Array(20_000).fill('*a').join(', ')}] }`,
      /not accepted|too long/,
    ],
    [
      'a tag that makes a function',
      `company: !!js/function "function () { return 1 }"\n${small}`,
      /tags \(!name\) are not accepted/,
    ],
    ['a tag of one’s own', `company: !evil x\n${small}`, /tags/],
    ['a binary tag', 'company: !!binary aGVsbG8=', /tags/],
    ['a directive', '%TAG ! tag:evil,2026:\n---\ncompany: x', /directives/],
    ['5 MB', `${small}${'# padding\n'.repeat(500_000)}`, /larger than 4 MB/],
    ['5 MB on one line', `company: ${'x'.repeat(5_000_000)}`, /larger than 4 MB/],
    ['duplicate keys', `${small}company: Other\n`, /company is written twice, first on line 1/],
    ['80,000 duplicate keys', lines(80_000, () => 'a: 1'), /lines are not indented/],
    ['100,000 different keys', lines(100_000, (n) => `k${n}: 1`), /lines are not indented/],
    ['400,000 brackets', '['.repeat(400_000), /nested more than 32 levels/],
    ['400,000 braces, written as a list', '{a: '.repeat(100_000), /nested more than 32 levels/],
    ['dashes', `${'- '.repeat(400_000)}a`, /nested more than 32 levels/],
    ['question marks', `${'? '.repeat(400_000)}a`, /nested more than 32 levels/],
    ['indentation', lines(1_200, (n) => `${' '.repeat(n)}k:`), /indented by more than 100/],
    ['many documents', '---\na: 1\n'.repeat(50_000), /lines are not indented/],
    ['two documents', `${small}---\n${small}`, /second document/],
    ['a scalar without an end', `a: "${'x\\n'.repeat(200_000)}`, /not valid YAML/],
    ['quotes', `a: ${'"" '.repeat(200_000)}`, /not valid YAML|too long/],
    ['colons', ': '.repeat(300_000), /not valid YAML|too long/],
    ['commas', `a: [${','.repeat(400_000)}]`, /not valid YAML|too long/],
    ['block scalars', lines(50_000, (n) => `k${n}: |\n  x`), /lines are not indented/],
    ['10,000 duplicate people', `people:\n${lines(10_000, () => '  ana: 1')}`, /ana is written twice/],
    ['control characters', 'company: "a\u0000b"', /control character/],
    ['variables', `company: "${variable('A').repeat(100_000)}"`, /the environment variable A is not set/],
  ])('%s', (_, text, sentence) => {
    expect(refused(text).join('\n')).toMatch(sentence)
  })
})

describe('A20 keys that reach prototypes', () => {
  test.each(['__proto__', 'constructor', 'prototype'])('%s is refused wherever it is written', (key) => {
    const places = [
      `${key}: { polluted: 1 }\n${small}`,
      small.replace('{ ana: {', `{ ${key}: { slack: U0EVIL }, ana: {`),
      small.replace('policies: {', `policies: { "${key}": { steps: [{ page: [ana], wait: 90s }], fallback: [ana] },`),
      small.replace('services: {', `services: { ? ${key} : { policy: all },`),
      `${small}monitors: { ${key}: { service: web, probe: "https://example.test/" } }`,
      small.replace('page: [ana]', `page: [ana], ${key}: { polluted: 1 }`),
    ]
    for (const text of places) expect(problemsOf(text).join('\n'), text).toContain(`"${key}" cannot be used as a name`)
    const nothing: Record<string, unknown> = {}
    expect(nothing['polluted']).toBeUndefined()
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test.each(['toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'])(
    '%s names nothing that is not in the file',
    (name) => {
      const text = small.replace('page: [ana]', `page: [${name}]`).replace('policy: all', `policy: ${name}`)
      expect(problemsOf(text)).toHaveLength(2)
    },
  )

  test('a variable of the environment adds no structure', () => {
    const env = { EVIL: 'x" } __proto__: { polluted: 1 } people: {' }
    const config = parseConfig(small.replace('Small', `"${variable('EVIL')}"`), 'w', env)
    expect('rules' in config && config.rules.company).toBe(env.EVIL)
  })
})

describe('A18 no sentence about a configuration says a secret', () => {
  const CANARY = 'canary-4f3a9b7c'
  const places: [what: string, text: string][] = [
    ['an address with a password', `monitors: { m: { service: web, probe: "https://ada:${CANARY}@example.test/" } }`],
    ['an address with a token', `monitors: { m: { service: web, probe: "https://${CANARY}@example.test/" } }`],
    ['an address that is none', `monitors: { m: { service: web, probe: "https://ada:${CANARY}@exa mple/" } }`],
    [
      'an address with a password that has a slash in it',
      `monitors: { m: { service: web, probe: "https://ada:x/${CANARY}@h:99999/" } }`,
    ],
    ['another scheme', `monitors: { m: { service: web, probe: "ftp://ada:${CANARY}@example.test/" } }`],
    ['an address without a scheme', `monitors: { m: { service: web, probe: "ada:${CANARY}@example.test" } }`],
    ['a private address', `monitors: { m: { service: web, probe: "https://10.0.0.1/?token=${CANARY}" } }`],
    ['a host with a password', `monitors: { m: { service: web, tcp: "ada:${CANARY}@example.test:25" } }`],
    ['a host with a scheme', `monitors: { m: { service: web, tls: "https://ada:${CANARY}@example.test" } }`],
    [
      'a prometheus',
      `monitors: { m: { service: web, rate: { prometheus: "http://ada:${CANARY}@prom/", query: up }, detect: [dip] } }`,
    ],
    ['a pool', `services: { web2: { policy: all, pool: "http://ada:${CANARY}@pool/" } }`],
    [
      'a hook',
      `services: { web2: { policy: all, deploy: { start: { webhook: "https://ada:${CANARY}@ci/", secret: ${CANARY} } } } }`,
    ],
    [
      'a secret that is no text',
      `services: { web2: { policy: all, deploy: { start: { webhook: "https://ci.test/", secret: [${CANARY}] } } } }`,
    ],
    ['a token for a Slack id', `people2: x\nroles: { admin: ["xoxb-${CANARY}"] }`],
    ['a location’s token', `locations: { zrh: { token: { a: "${CANARY}" } } }`],
    ['an outward heartbeat', `outward_heartbeat: { url: "https://ada:${CANARY}@hc.test/", every: 1 }`],
    ['a person to be reached', `roles: { admin: ["https://ada:${CANARY}@example.test/"] }`],
  ]

  test.each(places)('%s', (_, text) => {
    const problems = problemsOf(`${small}${text}\n`)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.join('\n')).not.toContain(CANARY)
  })

  test.each(places)('%s, from the environment', (_, text) => {
    const problems = problemsOf(`${small}${text.replaceAll(CANARY, variable('CANARY'))}\n`, { CANARY })
    expect(problems.join('\n')).not.toContain(CANARY)
  })
})
