import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatProblem, loadConfig, parseConfig } from '../src/config.ts'
import { uncarried } from '../src/domain/contact.ts'
import { USUAL_ROLES } from '../src/domain/response.ts'
import { Rules } from '../src/domain/rules.ts'
import badConfigs from './vectors/bad-config/cases.json' with { type: 'json' }

const read = (name: string) => readFile(new URL(`./vectors/${name}`, import.meta.url), 'utf8')
const example = await read('watchbill.example.yaml')
const env = { DEPLOY_SECRET: 's3cret', ZURICH_TOKEN: 'tok3n', PW: 'hunter2' }

const rulesOf = (text: string): Rules => {
  const config = parseConfig(text, 'watchbill.yaml', env)
  if ('problems' in config) throw new Error(config.problems.map(formatProblem).join('\n'))
  return config.rules
}
const problemsOf = (text: string, environment: Record<string, string> = env): string[] => {
  const config = parseConfig(text, 'w', environment)
  return 'problems' in config ? config.problems.map((one) => `${one.line}:${one.column}: ${one.message}`) : []
}

/** The smallest useful file, with more of it appended. */
const small = (more = '', layer = '') => `company: Small
zone: Europe/Zurich
people: { ana: { slack: U0ANA }, ben: { slack: U0BEN } }
schedules:
  primary: { layers: [{ people: [ana, [ana, ben]], rotation: { every: 1 week, start: "2026-01-05T08:00" }${layer} }] }
policies: { all: { steps: [{ page: [schedule/primary, ben], wait: 90s }], fallback: [ana] } }
services: { web: { policy: all } }
${more}`

/** An HTTP monitor that is told nothing but its address. */
const asksNothing = {
  ...{ method: 'GET', headers: {}, body: null, redirects: 'refuse', ip: null },
  expect: { status: [], headers: {}, bodyContains: null, bodyLacks: null, bodyMatches: null, json: [] },
}

describe('the example', () => {
  const rules = rulesOf(example)

  test('resolves people, roles, policies and services', () => {
    expect(rules.company).toBe('Example Mail')
    expect(rules.zone).toBe('Europe/Zurich')
    expect(rules.allowPrivate).toEqual(['127.0.0.0/8'])
    expect(Object.keys(rules.people)).toEqual(['nora', 'dana', 'omar', 'erik', 'sam', 'mia'])
    expect(rules.people.dana).toEqual({
      ...{ name: 'dana', slack: 'U0DANA' },
      contact: [
        { afterMs: 60_000, via: 'ntfy', to: 'dana-pager' },
        { afterMs: 180_000, via: 'call', to: '+41790000001' },
      ],
    })
    expect(rules.notify).toBeUndefined()
    expect(uncarried(rules)).toEqual(['dana is not reachable by call: notify.twilio is not configured'])
    expect(rules.roles).toEqual({
      admin: { name: 'admin', people: ['mia'], schedules: [], slackGroups: [] },
      approver: { name: 'approver', people: ['mia'], schedules: ['mail-secondary'], slackGroups: [] },
    })
    expect(rules.policies).toEqual({
      mail: {
        name: 'mail',
        steps: [
          { page: [{ kind: 'schedule', name: 'mail-primary' }], waitMs: 300_000 },
          { page: [{ kind: 'schedule', name: 'mail-secondary' }], waitMs: 300_000 },
        ],
        rounds: 2,
        fallback: ['mia'],
      },
    })
    expect(rules.services).toEqual({
      webmail: {
        name: 'webmail',
        policy: 'mail',
        channel: 'C0OPS',
        pages: ['critical', 'error'],
        domains: ['example-mail.test'],
        dependsOn: [],
        links: {},
        invite: [],
        pool: 'http://127.0.0.1:9101/pool',
        deploy: {
          ...{ estimateMs: 1_200_000, bakeMs: 600_000, environments: ['production'], resume: null, rollback: null },
          start: { kind: 'webhook', url: 'http://127.0.0.1:9101/deploy', secret: 'webmail/start' },
          halt: { kind: 'webhook', url: 'http://127.0.0.1:9101/halt', secret: 'webmail/halt' },
          haltWhen: { poolBelow: 75, restartMs: null, probesFailing: 2, rateDip: true },
        },
      },
    })
    expect(rules.gate).toEqual({
      shiftChange: { beforeMs: 1_800_000, afterMs: 900_000, settleMs: 900_000 },
      windows: [
        {
          ...{ name: 'Friday evening', services: null },
          when: {
            ...{ kind: 'weekly', zone: 'Europe/Zurich' },
            ...{ from: { day: 4, time: '16:00' }, to: { day: 0, time: '07:00' } },
          },
        },
        {
          ...{ name: 'Black Friday', services: ['webmail'] },
          when: {
            kind: 'once',
            startAt: Date.parse('2026-11-27T00:00:00+01:00'),
            endAt: Date.parse('2026-11-30T00:00:00+01:00'),
          },
        },
      ],
      refuseWhen: ['open_incident', 'blind', 'nobody_on_call', 'silenced_monitor'],
      overrideRole: 'approver',
      github: null,
      gitlabFreezes: [],
    })
  })

  test('resolves schedules as the domain evaluates them', () => {
    expect(rules.schedules['mail-primary']).toMatchObject({
      name: 'mail-primary',
      zone: 'Europe/Zurich',
      layers: [
        {
          name: 'days',
          zone: 'Europe/Zurich',
          priority: 1,
          people: [['dana'], ['erik']],
          rotation: { unit: 'week', every: 1, start: '2026-01-05T08:00' },
          restrictions: [{ type: 'daily', start: '08:00', end: '20:00' }],
        },
        {
          name: 'nights',
          people: [['nora'], ['omar']],
          rotation: { unit: 'week', every: 1, start: '2026-01-05T20:00' },
          restrictions: [{ type: 'daily', start: '20:00', end: '08:00' }],
        },
      ],
      overrides: [],
    })
    expect(rules.schedules['mail-secondary']?.layers).toEqual([
      {
        name: 'all',
        zone: 'Europe/Zurich',
        priority: 1,
        people: [['sam'], ['erik']],
        rotation: { unit: 'day', every: 2, start: '2026-01-05T08:00' },
        restrictions: [],
      },
    ])
  })

  test('watches what goes and looks, and what reports by itself', () => {
    const probed = {
      ...{ service: 'webmail', severity: 'critical', timeoutMs: 5_000, failAfter: 3, recoverAfter: 2 },
      ...{ locations: ['here'], agree: 1 },
    }
    expect(rules.monitors).toEqual({
      logins: {
        ...{
          name: 'logins',
          service: 'webmail',
          severity: 'critical',
          kind: 'rate',
          everyMs: 60_000,
          timeoutMs: 5_000,
        },
        ...{ source: { kind: 'push' }, detect: ['flatline'], floor: 1, ceiling: null, falseAlarms: 1 },
      },
      requests: {
        ...{
          name: 'requests',
          service: 'webmail',
          severity: 'critical',
          kind: 'rate',
          everyMs: 15_000,
          timeoutMs: 5_000,
        },
        ...{ detect: ['dip', 'flatline', 'spike'], floor: null, ceiling: null, falseAlarms: 1 },
        source: {
          kind: 'prometheus',
          url: 'http://127.0.0.1:9090/',
          query: 'sum(rate(http_requests_total[1m]))',
          headers: {},
          counter: false,
        },
      },
      cert: {
        ...probed,
        name: 'cert',
        kind: 'tls',
        host: 'example-mail.test',
        port: 443,
        ip: null,
        starttls: null,
        daysLeft: 14,
        names: [],
        protocol: 'TLSv1.2',
        everyMs: 3_600_000,
      },
      mx: {
        ...probed,
        name: 'mx',
        kind: 'dns',
        host: 'example-mail.test',
        type: 'MX',
        resolver: null,
        rcode: 'NOERROR',
        minAnswers: 1,
        answers: [],
        everyMs: 300_000,
      },
      'antispam-errors': {
        name: 'antispam-errors',
        service: 'webmail',
        kind: 'log',
        severity: 'critical',
        file: resolve('var/antispam-error.log'),
        asks: null,
        expectEmpty: true,
        match: [],
        ignore: [],
        newShapes: null,
        canary: { by: 'own', everyMs: 300_000 },
        quietMs: 900_000,
      },
      smtp: {
        ...probed,
        name: 'smtp',
        kind: 'tcp',
        host: '127.0.0.1',
        port: 2525,
        ip: null,
        starttls: null,
        banner: null,
        everyMs: 30_000,
      },
      backup: {
        name: 'backup',
        service: 'webmail',
        severity: 'critical',
        kind: 'heartbeat',
        rhythm: { kind: 'cron', cron: '0 3 * * *', zone: 'Europe/Zurich' },
        graceMs: 1_800_000,
        maxRunMs: null,
        minEveryMs: null,
      },
      home: {
        dependsOn: ['smtp'],
        name: 'home',
        service: 'webmail',
        kind: 'http',
        severity: 'critical',
        url: 'http://127.0.0.1:9101/health',
        everyMs: 5_000,
        timeoutMs: 5_000,
        failAfter: 2,
        recoverAfter: 2,
        locations: ['here'],
        agree: 1,
        ...asksNothing,
        expect: { ...asksNothing.expect, status: [200], bodyContains: 'ok' },
      },
    })
  })

  test('names everything that is not watched yet', () => {
    expect(rules.notWatchedYet).toEqual([])
  })

  test('leaves no secret in the rules', () => {
    expect(JSON.stringify(rules)).not.toMatch(/s3cret|tok3n/)
  })

  test('survives the store', () => {
    expect(Rules.parse(JSON.parse(JSON.stringify(rules)))).toEqual(rules)
  })

  test('is also fine with Windows line ends and a byte order mark', () => {
    expect(rulesOf(`\ufeff${example.replaceAll('\n', '\r\n')}`)).toEqual(rules)
  })
})

describe('what the example leaves out', () => {
  test('names come from every kind of source, need a reason to be ignored or none, and are alarms when they say', () => {
    const coverage = (text: string, env = {}) => {
      const read = parseConfig(small(`coverage: ${text}`), '/etc/watchbill.yaml', env)
      return 'problems' in read ? read.problems.map(({ message }) => message) : read.rules.coverage
    }
    expect(
      coverage(
        `{ sources: [{ zone_file: a.zone }, { zone_file: /etc/a.zone }, { certificates: seen }, { redirects: seen }, { ct: "https://crt.sh" },
          { axfr: { server: NS1.example.com, zone: Example.com. } },
          { axfr: { server: "8.8.4.4:5353", zone: b.example, tsig: { name: key., algorithm: hmac-sha512, secret: "\${KEY}" } } }],
          ignore: ["*.Dev.example.com.", { name: old.example.com, reason: a grave }], alarm: { warning: 2d } }`.replaceAll(
          /\n\s+/g,
          ' ',
        ),
        { KEY: 'c2VjcmV0IQ==' },
      ),
    ).toEqual({
      zoneFiles: ['/etc/a.zone'],
      axfr: [
        { server: 'ns1.example.com:53', zone: 'example.com', tsig: null },
        {
          ...{ server: '8.8.4.4:5353', zone: 'b.example' },
          tsig: { name: 'key.', algorithm: 'hmac-sha512', secret: 'c2VjcmV0IQ==' },
        },
      ],
      ct: ['https://crt.sh/'],
      seen: ['certificates', 'redirects'],
      logs: [],
      ignore: [
        { name: '*.dev.example.com', reason: null },
        { name: 'old.example.com', reason: 'a grave' },
      ],
      alarm: { warningMs: 172_800_000, errorMs: 604_800_000 },
    })
    const refused = [
      [
        '{ sources: [{ axfr: { server: 127.0.0.1, zone: a.example } }] }',
        'reaches 127.0.0.1, which is not a public address',
      ],
      ['{ sources: [{ axfr: { server: localhost, zone: a.example } }] }', 'reaches localhost (127.0.0.1)'],
      [
        '{ sources: [{ axfr: { server: "ns1:99999", zone: a.example } }] }',
        'must be the address or the name of a name server',
      ],
      [
        '{ sources: [{ axfr: { server: ns1.a.example, zone: a.example, tsig: { name: k, secret: "no base64!" } } }] }',
        'must be the secret of the key in base64',
      ],
      [
        '{ sources: [{ redirects: seen, certificates: seen }] }',
        'needs exactly one of zone_file, axfr, ct, certificates, redirects and logs',
      ],
      ['{ sources: [{ redirects: seen }], ignore: [{ name: a.example }] }', 'reason is missing'],
      ['{ sources: [{ redirects: seen }], alarm: { warning: 8d } }', 'must be longer than warning (8d)'],
    ] as const
    for (const [text, sentence] of refused) expect(String(coverage(text))).toContain(sentence)
    expect(String(coverage(refused[3][0]))).not.toContain('no base64!')
  })

  test('monitors have defaults', () => {
    const monitor = (keys: string) => rulesOf(small(`monitors: { m: { service: web, ${keys} } }`)).monitors.m
    expect(monitor('probe: "https://example.com"')).toEqual({
      name: 'm',
      service: 'web',
      kind: 'http',
      severity: 'critical',
      url: 'https://example.com/',
      everyMs: 30_000,
      timeoutMs: 5_000,
      failAfter: 3,
      recoverAfter: 2,
      locations: ['here'],
      agree: 1,
      ...asksNothing,
    })
    expect(monitor('probe: "https://example.com", every: 2s')).toMatchObject({ timeoutMs: 2_000 })
    expect(monitor('probe: "https://example.com", timeout: 10s, severity: warning')).toMatchObject({
      timeoutMs: 10_000,
      severity: 'warning',
    })
    expect(monitor('probe: "https://example.com", expect: { status: [200, 204] }')).toMatchObject({
      expect: { status: [200, 204] },
    })
  })

  test('logs: from a file or pushed, one pattern or several, a canary of ours or of others', () => {
    const log = (keys: string) => rulesOf(small(`monitors: { m: { service: web, log: { ${keys} } } }`)).monitors.m
    expect(log('push: true, expect: empty, canary: 1m')).toMatchObject({
      file: null,
      canary: { by: 'external', everyMs: 60_000 },
    })
    expect(log('file: /var/log/app.log, match: { pattern: "ERR|FATAL" }, canary: external')).toMatchObject({
      file: '/var/log/app.log',
      expectEmpty: false,
      match: [{ pattern: 'ERR|FATAL', withinMs: 300_000, count: 1 }],
      canary: { by: 'external', everyMs: 300_000 },
    })
    expect(
      log('file: a.log, match: [{ pattern: a, count: 3, within: 1m }, { pattern: b }], canary: { external: 1h }'),
    ).toMatchObject({ match: [{ count: 3, withinMs: 60_000 }, { count: 1 }], canary: { everyMs: 3_600_000 } })
  })

  test('folders of logs, with what is ignored, and whose gaps they have', () => {
    const logs = (source: string) => {
      const monitors = 'monitors: { m: { service: mail, log: { file: /var/log/mail/a.log, expect: empty } } }'
      const text = small(`${monitors}\ncoverage: { sources: [{ ${source} }] }`)
      return rulesOf(text.replace('web: { policy: all }', 'web: { policy: all }, mail: { policy: all }')).coverage.logs
    }
    expect(logs('logs: /var/log/mail, ignore: ["debug*"]')).toEqual([
      { logs: '/var/log/mail', ignore: ['debug*'], service: 'mail' },
    ])
    expect(logs('logs: "/var/log/*.log"')).toMatchObject([{ service: 'web' }])
    expect(logs('logs: "/var/log/*.log", service: mail')).toMatchObject([{ service: 'mail' }])
    const wrong = (source: string) => problemsOf(small(`coverage: { sources: [{ ${source} }] }`)).join()
    expect(wrong('logs: "/var/*/app.log"')).toContain('may have * and ? in its last part alone')
    expect(wrong('zone_file: a, ignore: [b]')).toContain('ignore has no effect: it belongs to logs')
    expect(wrong('logs: a, zone_file: b')).toContain(
      'needs exactly one of zone_file, axfr, ct, certificates, redirects and logs',
    )
    expect(wrong('logs: a, service: nothing')).toContain('nothing')
  })

  test('logs whose shapes are learned', () => {
    const log = (keys: string) => rulesOf(small(`monitors: { m: { service: web, log: { ${keys} } } }`)).monitors.m
    expect(log('file: a.log, new_shapes: true')).toMatchObject({ newShapes: { learnMs: 86_400_000 } })
    expect(log('push: true, new_shapes: 2h, match: { pattern: x }')).toMatchObject({
      newShapes: { learnMs: 7_200_000 },
    })
    expect(log('file: a.log, new_shapes: false, canary: 5m')).toMatchObject({ newShapes: null })
  })

  test('logs that are asked for: where, what, how often, and how late a line may come', () => {
    const key = '$' + '{PW}'
    const log = (keys: string) => rulesOf(small(`monitors: { m: { service: web, log: { ${keys} } } }`)).monitors.m
    expect(log('loki: "https://loki.example.com", query: "{app=\'x\'}", expect: empty, canary: 1m')).toMatchObject({
      ...{ file: null, canary: { by: 'external' } },
      asks: {
        ...{ kind: 'loki', url: 'https://loki.example.com/', query: "{app='x'}", headers: {} },
        ...{ everyMs: 30_000, timeoutMs: 10_000, lateMs: 60_000 },
      },
    })
    expect(
      log(
        `elasticsearch: "https://es.example.com/proxy", index: "logs-*,app-*", query: "level:error", headers: { Authorization: "ApiKey ${key}" }, every: 5s, late: 5m, match: { count: 10, within: 1m }`,
      ),
    ).toMatchObject({
      match: [{ pattern: null, count: 10, withinMs: 60_000 }],
      asks: {
        ...{
          index: 'logs-*,app-*',
          time: '@timestamp',
          field: 'message',
          headers: { authorization: 'ApiKey hunter2' },
        },
        ...{ everyMs: 5_000, timeoutMs: 5_000, lateMs: 300_000 },
      },
    })
  })

  test.each([
    ['expect: empty', 'needs exactly one of file, loki, elasticsearch, and push: true'],
    ['file: a, loki: "https://l.example.com", query: x, expect: empty', 'needs exactly one of'],
    ['file: a, query: x, expect: empty', 'query has no effect: it belongs to loki or elasticsearch'],
    ['loki: "https://l.example.com", expect: empty', 'needs a query'],
    [
      'loki: "https://l.example.com/?a=b", query: x, expect: empty',
      'must be the address of the server, without ? and #',
    ],
    ['loki: "http://127.0.0.1:3100", query: x, expect: empty', 'list it in network.allow_private'],
    [
      'loki: "https://l.example.com", query: x, index: y, expect: empty',
      'index has no effect: it belongs to elasticsearch',
    ],
    ['elasticsearch: "https://l.example.com", query: x, expect: empty', 'needs an index'],
    ['elasticsearch: "https://l.example.com", query: x, index: "a/b", expect: empty', 'must be the name of an index'],
    ['loki: "https://l.example.com", query: x, every: 5s, timeout: 6s, expect: empty', 'must be at most every (5s)'],
    [
      'file: a, new_shapes: true, expect: empty',
      'new_shapes has no effect: expect: empty makes an alarm of every line',
    ],
    ['file: a, new_shapes: 5s', 'new_shapes must be between 1m and 30d'],
    ['file: a, new_shapes: often', 'new_shapes must be true, or how long shapes are learned, such as 1d'],
    ['file: a, new_shapes: false', 'needs expect: empty, match, new_shapes or canary'],
    ['file: a, match: { count: 3 }', 'pattern is missing: it must be a regular expression'],
    [
      'loki: "https://l.example.com", query: x, headers: { host: y }, expect: empty',
      'is a header that Watchbill sets itself',
    ],
  ])('a log that makes no sense: %s', (keys, said) => {
    expect(problemsOf(small(`monitors: { m: { service: web, log: { ${keys} } } }`)).join()).toContain(said)
  })

  test('a file needs a company, a zone and people, and nothing else', () => {
    const rules = rulesOf('company: A\nzone: UTC\npeople: { ana: { slack: U0ANA } }')
    expect(rules).toMatchObject({ schedules: {}, policies: {}, services: {}, monitors: {}, notWatchedYet: [] })
    expect(rulesOf(small()).services.web).toEqual({
      name: 'web',
      policy: 'all',
      channel: null,
      pages: ['critical', 'error'],
      domains: [],
      dependsOn: [],
      links: {},
      invite: [],
      pool: null,
      deploy: null,
    })
    expect(rulesOf(small()).policies.all).toMatchObject({
      rounds: 1,
      steps: [{ page: [{ kind: 'schedule' }, { kind: 'person', name: 'ben' }], waitMs: 90_000 }],
    })
  })

  test('incidents: the usual roles and marks, with those of the file', () => {
    expect(rulesOf(small()).incidents).toEqual({
      roles: USUAL_ROLES,
      updateEveryMs: {},
      captureWith: ['pushpin', 'memo'],
      archiveAfterMs: 7 * 86_400_000,
      digestChannel: null,
    })
    const own = rulesOf(
      small(
        'incidents: { roles: { liaison: "Call them." }, update_every: { critical: 30m }, capture_with: ["+1", eyes], archive_after: never, digest: C0OPS }',
      ),
    )
    expect(own.incidents).toEqual({
      roles: { ...USUAL_ROLES, liaison: 'Call them.' },
      updateEveryMs: { critical: 30 * 60_000 },
      captureWith: ['+1', 'eyes'],
      archiveAfterMs: null,
      digestChannel: 'C0OPS',
    })
  })

  test.each([
    ['roles: [king]', 'incidents: roles must be a mapping'],
    ['roles: { King: x }', 'has the role "King", which is not a name that can be used'],
    ['roles: { king: 5 }', 'king must be text'],
    ['update_every: { critical: soon }', 'update_every.critical must be a whole number and ms'],
    ['update_every: { dreadful: 5m }', 'dreadful is not a key'],
    ['capture_with: [":pin:"]', 'must be the name of an emoji without colons'],
    ['captures: [pin]', 'captures is not a key'],
    ['archive_after: 5m', 'archive_after must be a duration between 1h and 52w, or never'],
    ['digest: ops', 'digest must be the id of a Slack channel'],
  ])('incidents that make no sense: %s', (keys, said) => {
    expect(problemsOf(small(`incidents: { ${keys} }`)).join()).toContain(said)
  })

  test('a service depends on services that are there', () => {
    const text = (on: string) => small().replace('policy: all', `policy: all, depends_on: [${on}]`)
    expect(rulesOf(text('web')).services.web?.dependsOn).toEqual([])
    expect(problemsOf(text('wab')).join()).toContain('depends on wab, which is not in services; did you mean web?')
  })

  test('a service has links for people, and whom its channels are to have', () => {
    const text = (keys: string) => small().replace('policy: all', `policy: all, ${keys}`)
    expect(
      rulesOf(text('links: { Runbook: "https://wiki.internal/x" }, invite: [ana, schedule/primary]')).services.web,
    ).toMatchObject({
      links: { Runbook: 'https://wiki.internal/x' },
      invite: [
        { kind: 'person', name: 'ana' },
        { kind: 'schedule', name: 'primary' },
      ],
    })
    for (const [keys, said] of [
      ['links: [x]', 'links must be a mapping'],
      ['links: { Runbook: "javascript:alert(1)" }', 'Runbook must be an http or https URL'],
      ['links: { Runbook: "https://u:p@wiki.internal" }', 'must not hold a user name or password'],
      ['invite: [anna]', 'invites anna, which is not in people; did you mean ana?'],
    ] as const)
      expect(problemsOf(text(keys)).join()).toContain(said)
  })

  test('layers without a name are counted; an element of people may be a group', () => {
    const layer = rulesOf(small()).schedules.primary?.layers[0]
    expect(layer).toMatchObject({ name: 'layer 1', people: [['ana'], ['ana', 'ben']] })
  })

  test.each([
    ['1 hour', 'hour', 1],
    ['12h', 'hour', 12],
    ['120m', 'hour', 2],
    ['2 days', 'day', 2],
    ['3d', 'day', 3],
    ['2w', 'week', 2],
    ['1 month', 'month', 1],
  ])('a turn of %s', (every, unit, count) => {
    const layer = rulesOf(small().replace('every: 1 week', `every: ${every}`)).schedules.primary?.layers[0]
    expect(layer?.rotation).toMatchObject({ unit, every: count })
  })

  test('times are read in the nearest zone above them, unless they say their offset', () => {
    const layer = (more: string) => rulesOf(small('', more)).schedules.primary?.layers[0]
    expect(layer(', from: "2026-07-01T00:00", until: 2026-08-01T00:00:00Z')).toMatchObject({
      fromAt: Date.parse('2026-06-30T22:00:00Z'),
      untilAt: Date.parse('2026-08-01T00:00:00Z'),
    })
    expect(layer(', zone: America/New_York, from: "2026-07-01T00:00"')).toMatchObject({
      zone: 'America/New_York',
      fromAt: Date.parse('2026-07-01T04:00:00Z'),
    })
    // An hour that happens twice means the first.
    expect(layer(', from: "2026-10-25T02:30"')?.fromAt).toBe(Date.parse('2026-10-25T00:30:00Z'))
    const started = rulesOf(small().replace('"2026-01-05T08:00"', '"2026-01-05T08:00Z"')).schedules.primary?.layers[0]
    expect(started?.rotation.start).toBe('2026-01-05T09:00:00')
  })

  test('hours on some days', () => {
    const layer = rulesOf(small('', ', hours: [{ from: "22:00", to: "06:00", days: [Fri, Sat] }]')).schedules.primary
      ?.layers[0]
    expect(layer?.restrictions).toEqual([{ type: 'daily', start: '22:00', end: '06:00', days: ['FR', 'SA'] }])
  })

  test('roles may name Slack user groups', () => {
    const rules = rulesOf(small('roles: { admin: [slack/ops-leads, ana] }'))
    expect(rules.roles.admin).toEqual({ name: 'admin', people: ['ana'], schedules: [], slackGroups: ['ops-leads'] })
    expect(rules.notWatchedYet).toEqual([])
  })

  test('warnings page when the service says so', () => {
    const rules = rulesOf(small().replace('{ policy: all }', '{ policy: all, pages: [critical, warning] }'))
    expect(rules.services.web?.pages).toEqual(['critical', 'warning'])
  })
})

describe('the gate', () => {
  const gate = (more: string) => small(`gate:\n  ${more}\n`)

  test('knows projects of GitLab, and of their tokens the names alone', () => {
    const freezes = `gitlab_freezes: [{ service: web, gitlab: "https://gitlab.example.com/", project: example/web, token: "\${PW}" }]`
    const config = parseConfig(gate(freezes), 'watchbill.yaml', env)
    if ('problems' in config) throw new Error(config.problems.map(formatProblem).join('\n'))
    const secret = 'freezes/https://gitlab.example.com/example/web'
    expect(config.rules.gate.gitlabFreezes).toEqual([
      { service: 'web', url: 'https://gitlab.example.com', project: 'example/web', secret },
    ])
    expect(config.secrets).toEqual({ [secret]: 'hunter2' })
    expect(
      problemsOf(gate('gitlab_freezes: [{ service: shop, gitlab: "x", project: "a b", token: "" }]')),
    ).toHaveLength(4)
  })

  test.for<[blackout: string, problem: string]>([
    ['from: "Fri 16:00", to: 2026-11-30T00:00', 'from and to must both be dates, or both a weekday and a time'],
    ['from: 2026-11-30T00:00, to: 2026-11-27T00:00', 'which is not after from'],
    ['from: "Fri 16:00", to: "Funday 07:00"', 'a weekday and a time such as "Fri 16:00", or a date and time'],
  ])('takes no blackout { %s }', ([blackout, problem]) => {
    const problems = problemsOf(gate(`blackouts: [{ ${blackout} }]`))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain('gate, blackout 1: to ')
    expect(problems[0]).toContain(problem)
  })
})

describe('a bad configuration', () => {
  test.each(badConfigs.map((one) => [one.write, one] as const))('%j', (_, { write, insteadOf, problems }) => {
    expect(example).toContain(insteadOf)
    expect(problemsOf(example.replace(insteadOf, () => write))).toEqual(problems)
  })

  test('has all of its problems listed at once, in the order of the file', async () => {
    expect(problemsOf(await read('bad-config/all-at-once.yaml'), {})).toEqual([
      '3:7: zone must be a time zone such as Europe/Zurich, and "Europe/Zurch" is none; did you mean Europe/Zurich?',
      '4:1: poeple is not a key of a configuration; did you mean people?',
      `8:18: person "dana": slack is U0NORA, which is nora's already`,
      '13:38: schedule "mail-primary", layer "days" rotates through danna, which is not in people; did you mean dana?',
      '13:80: schedule "mail-primary", layer "days": rotation.start is "2026-02-30T08:00", a date or time that does not exist',
      '18:18: policy "mail", step 1 pages schedule/mail-primry, which does not exist; did you mean schedule/mail-primary?',
      '18:47: policy "mail", step 1: wait is 5 without a unit: write a whole number and ms, s, m, h, d or w, for example 30s',
      '19:16: policy "mail" falls back to schedule/mail-primary, but a fallback is people only: a roster can be empty when it is needed',
      '22:22: service "webmail" has the policy mial, which is not in policies; did you mean mail?',
      '22:37: service "webmail": channel must be the id of a Slack channel (at the end of its details, such as C02ABCDEF), not "#ops"',
      '25:20: monitor "home" watches webmial, which is not in services; did you mean webmail?',
      '25:36: monitor "home": probe must not reach 169.254.169.254, where clouds hand out credentials',
      '25:76: monitor "home": every must be between 1s and 1d, not "100ms"',
      '26:3: monitor "login" needs exactly one of probe, tls, dns, tcp, rate, heartbeat, log',
      `28:31: the environment variable ZURICH_TOKEN is not set: set it, or write the value here instead of \${ZURICH_TOKEN}`,
    ])
  })

  test.each([
    ['', '1:1: the configuration is empty'],
    ['# nothing', '1:1: the configuration is empty'],
    ['[]', '1:1: a configuration is a mapping, with one key: value on each line'],
    ['hello', '1:1: a configuration is a mapping, with one key: value on each line'],
    ['a: \u0000', '1:4: there is a control character here: is this a text file, saved as UTF-8?'],
    ['%YAML 1.1\n---\na: 1', '1:1: directives (%NAME) are not accepted: a configuration is plain YAML 1.2'],
  ])('%j', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })

  test.each(['127.1', '0x7f000001', '2130706433', '0177.0.0.1', '[::ffff:127.0.0.1]', 'localhost', 'localhost.'])(
    'a probe of %s reaches the loopback address',
    (host) => {
      const probe = `monitors: { m: { service: web, probe: "http://${host}/" } }`
      expect(problemsOf(small(probe))).toEqual([
        expect.stringMatching(/^8:39: monitor "m": probe reaches .*127\.0\.0\.1/),
      ])
      expect(problemsOf(small(`${probe}\nnetwork: { allow_private: [127.0.0.0/8] }`))).toEqual([])
    },
  )

  test.each(['169.254.169.254', '[fd00:ec2::254]', '[::ffff:169.254.169.254]', '[64:ff9b::a9fe:a9fe]', '2852039166'])(
    'a probe of %s reaches the metadata of the cloud, listed or not',
    (host) => {
      const probe = `monitors: { m: { service: web, probe: "http://${host}/" } }`
      const network = 'network: { allow_private: [169.254.0.0/16, "fd00::/8", "64:ff9b::/96"] }'
      expect(problemsOf(small(`${probe}\n${network}`))).toEqual([
        expect.stringMatching(/^8:39: monitor "m": probe must not reach .*, where clouds hand out credentials$/),
      ])
    },
  )

  test('never repeats what a variable holds', () => {
    const text = example.replaceAll(/: (webmail|mail|C0OPS|Europe\/Zurich|5s|20m)\b/g, ': "$${PW}"')
    expect(problemsOf(text).length).toBeGreaterThan(8)
    expect(problemsOf(text).join('\n')).not.toContain('hunter2')
  })

  test('a section that cannot be read is one problem, not one for each name that would be in it', () => {
    expect(problemsOf(small().replace(/people: \{.*/, 'people: nobody'))).toEqual([
      '3:9: people must be a mapping, with one name: value on each line, not "nobody"',
    ])
  })

  test('leaves the prototypes alone', () => {
    problemsOf(
      '__proto__: { polluted: 1 }\nconstructor: { prototype: { polluted: 1 } }\npeople: { __proto__: { polluted: 1 } }',
    )
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})

describe('a bomb', () => {
  const doubled = Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`).join('\n')
  test.each([
    ['of aliases', `a0: &a0 [lol]\n${doubled}`, /anchors|aliases/],
    ['of merge keys', 'a: &a { x: 1 }\nb: &b { <<: *a }\nc: { <<: [*a, *b] }', /anchors|aliases/],
    ['of tags', 'company: !!js/function "x"', /tags/],
    ['of 5 MB', 'a: 1\n'.repeat(1_000_000), /larger than 4 MB/],
    ['of brackets', '['.repeat(1_000_000), /nested more than 32 levels/],
    ['of dashes', '- '.repeat(500_000), /nested more than 32 levels/],
    [
      'of indentation',
      Array.from({ length: 1_200 }, (_, n) => `${' '.repeat(n)}a:`).join('\n'),
      /indented by more than/,
    ],
    ['of duplicate keys', 'company: A\n'.repeat(1_000), /written twice/],
    ['of quotes', '"'.repeat(1_000_000), /line is too long/],
  ])('%s is refused quickly', (_, text, sentence) => {
    const startedAt = performance.now()
    expect(problemsOf(text).join('\n')).toMatch(sentence)
    // The goal is 100 ms; the rest is for a busy machine that runs this for the first time.
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})

describe('rates', () => {
  test.for([
    ['rate: { log: errors }, every: 1m', []],
    ['rate: { log: nowhere }', ['counts the lines of nowhere, which is not in monitors']],
    ['rate: { log: home }', ['counts the lines of home, which reads no log']],
    ['rate: { push: true, match: "^5" }', ['match is only looked for in the lines of a log']],
    ['rate: { log: errors, match: "(?=x)" }', ['is no regular expression of RE2']],
    ['rate: { log: errors, headers: { a: b } }', ['headers are never sent: nobody is asked']],
  ] as [string, string[]][])('%s', ([rate, problems]) => {
    const monitors = [
      'home: { service: web, tcp: "web.test:80" }',
      'errors: { service: web, log: { file: /var/log/x, canary: 5m } }',
      `counted: { service: web, ${rate} }`,
    ]
    const found = problemsOf(small(`monitors:\n${monitors.map((monitor) => `  ${monitor}\n`).join('')}`))
    expect(found).toHaveLength(problems.length)
    for (const [index, problem] of problems.entries()) expect(found[index]).toContain(problem)
  })
})

describe('holidays', () => {
  test('are dates, and one calendar', () => {
    const { holidays } = rulesOf(small('holidays: [2026-04-06, "12-25", { calendar: "https://x.test/ch.ics" }]\n'))
    expect(holidays).toEqual({ dates: ['2026-04-06', '12-25'], calendar: 'https://x.test/ch.ics' })
  })

  test.for([
    ['["2026-02-30"]', 'is "2026-02-30", a date that does not exist'],
    ['["Christmas"]', 'must be a date such as 2026-04-06, 12-25 for each year, or { calendar: URL }, not "Christmas"'],
    ['[{ calendar: "https://a.test" }, { calendar: "https://b.test" }]', 'is a second calendar: one can be read'],
  ] as const)('%s', ([holidays, problem]) => {
    const [found = '', ...others] = problemsOf(small(`holidays: ${holidays}\n`))
    expect(found).toContain(problem)
    expect(others).toEqual([])
  })
})

describe('calendars of other systems', () => {
  const calendar = '{ name: old, calendar: "https://x.test/rota.ics?key=hunter2", priority: 2 }'
  const withLayer = (layer: string) => small().replace('layers: [{', `layers: [${layer}, {`)

  test('fill a layer, and say who is away', () => {
    const rules = rulesOf(
      withLayer(calendar).replace('slack: U0ANA', 'slack: U0ANA, absence: "https://x.test/ana.ics"'),
    )
    expect(rules.people.ana).toEqual({ name: 'ana', slack: 'U0ANA', absence: 'https://x.test/ana.ics' })
    expect(rules.schedules.primary?.layers).toMatchObject([{ name: 'layer 2', priority: 1 }])
    expect(rules.schedules.primary?.imported).toEqual([
      {
        ...{ name: 'old', zone: 'Europe/Zurich', priority: 2, spans: [] },
        calendar: 'https://x.test/rota.ics?key=hunter2',
      },
    ])
    expect(rules.people.ben).not.toHaveProperty('absence')
  })

  test('may be all that a schedule has', () => {
    const only = small().replace(/layers: \[.*\] \}\n/, `layers: [${calendar}] }\n`)
    expect(rulesOf(only).schedules.primary).toMatchObject({ layers: [], imported: [{ name: 'old' }] })
  })

  test.for<[layer: string, problems: string[]]>([
    [
      '{ calendar: "https://x.test/a.ics", people: [ana], hours: [] }',
      [
        '5:59: L: people is not a key here; allowed are name, zone, priority, calendar',
        '5:74: L: hours is not a key here; allowed are name, zone, priority, calendar',
      ],
    ],
    ['{ calendar: "ftp://x.test/a.ics" }', ['5:35: L: calendar must be an http or https URL']],
    [
      '{ calendar: "http://10.0.0.1/a.ics" }',
      [
        '5:35: L: calendar reaches 10.0.0.1, which is not a public address: list it in network.allow_private if that is meant',
      ],
    ],
    [
      '{ calendar: "https://me:pw@x.test/a.ics" }',
      ['5:35: L: calendar must not hold a user name or password: they would appear in logs and messages'],
    ],
    [
      '{ calender: "https://x.test/a.ics" }',
      [
        '5:23: L: people is missing or empty: it must be a list such as [a, b]',
        '5:23: L: rotation is missing or empty: it must be a mapping, with one key: value on each line',
        '5:25: L: calender is not a key here; did you mean calendar?',
      ],
    ],
    [
      '{ people: [ana], rotation: { evry: 1 week, start: "2026-01-05T08:00" } }',
      [
        '5:40: L: rotation.every is missing: it must be a turn such as 1 week, 2 days or 12h',
        '5:52: L: rotation: evry is not a key here; did you mean every?',
      ],
    ],
    ['7', ['5:23: L must be a mapping, with one key: value on each line, not 7']],
  ])('%s is refused', ([layer, problems]) => {
    expect(problemsOf(withLayer(layer))).toEqual(
      problems.map((each) => each.replace('L', 'schedule "primary", layer 1')),
    )
  })

  test('an absence must be an address that may be reached', () => {
    const said = (absence: string) => problemsOf(small().replace('slack: U0ANA', `slack: U0ANA, absence: ${absence}`))
    expect(said('7')).toEqual(['3:41: person "ana": absence must be an http or https URL'])
    expect(said('"http://127.0.0.1/a.ics"')).toEqual([
      expect.stringMatching(/^3:41: person "ana": absence reaches 127\.0\.0\.1, which is not a public address/),
    ])
  })
})

describe('the file', () => {
  const inFolder = async (use: (folder: string) => Promise<void>) => {
    const folder = await mkdtemp(join(tmpdir(), 'watchbill-config-'))
    await use(folder).finally(() => rm(folder, { recursive: true }))
  }

  test('is read, and named by problems as it was asked for', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'w.yaml')
      await writeFile(path, small())
      expect(await loadConfig(path, env)).toEqual({ rules: rulesOf(small()), secrets: {} })
      await writeFile(path, small().replace('[ana]', '[anna]'))
      expect(await loadConfig(path, env)).toEqual({
        problems: [expect.objectContaining({ file: path, line: 6, column: 86 })],
      })
    }))

  test('that is missing, a folder, too large or no text is a problem that says what to do', () =>
    inFolder(async (folder) => {
      const said = async (path: string) => {
        const config = await loadConfig(path, env)
        return { unreadable: 'unreadable' in config, message: 'problems' in config ? config.problems[0]?.message : '' }
      }
      expect(await said(join(folder, 'none.yaml'))).toEqual({
        unreadable: true,
        message: expect.stringMatching(/^there is no such file: .*--config/),
      })
      expect(await said(folder)).toEqual({ unreadable: true, message: expect.stringContaining('this is a folder') })
      await writeFile(join(folder, 'large'), 'a: 1\n'.repeat(900_000))
      expect(await said(join(folder, 'large'))).toMatchObject({ message: expect.stringContaining('larger than 4 MB') })
      await writeFile(join(folder, 'latin1'), Buffer.from('company: Z\xfcrich', 'latin1'))
      expect(await said(join(folder, 'latin1'))).toEqual({
        unreadable: false,
        message: 'the file is not text in UTF-8: save it as UTF-8',
      })
    }))
})

describe('what a monitor may be told and expect', () => {
  const write = (keys: string) => small(`monitors: { m: { service: web, ${keys} } }`)
  const monitor = (keys: string) => rulesOf(write(keys)).monitors.m

  test('of HTTP', () => {
    const sent = 'method: POST, headers: { Authorization: "Bearer x", X-N: 7 }, body: "{}", redirects: follow, ip: 6'
    const expected =
      'expect: { status: 200, headers: { X-Cache: HIT }, body_lacks: error, body_matches: "^ok [0-9]+", json: { /a: ok, /n: 3, /b~1c/0: null, "": true } }'
    expect(monitor(`probe: "https://x.test/", ${sent}, ${expected}`)).toMatchObject({
      ...{ method: 'POST', headers: { authorization: 'Bearer x', 'x-n': '7' }, body: '{}', redirects: 'follow', ip: 6 },
      expect: {
        ...{ status: [200], headers: { 'x-cache': 'HIT' }, bodyLacks: 'error', bodyMatches: '^ok [0-9]+' },
        json: [
          { pointer: '/a', equals: 'ok' },
          { pointer: '/n', equals: 3 },
          { pointer: '/b~1c/0', equals: null },
          { pointer: '', equals: true },
        ],
      },
    })
  })

  test('of TLS, DNS and TCP', () => {
    const tls = 'expect: { names: [a.test, b.test], protocol: TLSv1.3 }'
    expect(monitor(`tls: "x.test:25", starttls: smtp, ${tls}`)).toMatchObject({
      ...{ starttls: 'smtp', names: ['a.test', 'b.test'], protocol: 'TLSv1.3', daysLeft: 14 },
    })
    expect(monitor('tcp: "x.test:143", starttls: imap, ip: 4, expect: { banner: IMAP4 }')).toMatchObject({
      ...{ starttls: 'imap', ip: 4, banner: 'IMAP4' },
    })
    const dns = (resolver: string, more = '') =>
      monitor(`dns: { name: x.test, type: A, resolver: "${resolver}" }${more}`)
    expect(dns('9.9.9.9', ', expect: { answers: [192.0.2.1] }')).toMatchObject({
      ...{ resolver: '9.9.9.9:53', answers: ['192.0.2.1'], rcode: 'NOERROR' },
    })
    expect(dns('[2620:fe::fe]:5353')).toMatchObject({ resolver: '[2620:fe::fe]:5353' })
    expect(dns('2620:fe::fe', ', expect: { rcode: NXDOMAIN }')).toMatchObject({
      ...{ resolver: '[2620:fe::fe]:53', rcode: 'NXDOMAIN' },
    })
  })

  test('is the same in rules that were stored before there was any of it', () => {
    const before = { service: 'web', severity: 'error', everyMs: 1, timeoutMs: 1, failAfter: 1, recoverAfter: 1 }
    const home = {
      ...before,
      name: 'h',
      kind: 'http',
      url: 'https://x.test/',
      expect: { status: [], bodyContains: null },
    }
    const stored = { ...rulesOf(small()), monitors: { h: home } }
    expect(Rules.parse(stored).monitors.h).toEqual({ ...home, ...asksNothing, locations: ['here'], agree: 1 })
  })

  test('a monitor is looked at from its locations, of which more than half must agree; a token is kept as a digest', () => {
    const more = 'locations: { zurich: { token: t0ken-1 }, berlin: { token: t0ken-1 }, here: {} }'
    const monitor = (keys: string) =>
      rulesOf(`${small(`monitors: { m: { service: web, probe: "https://x.test/"${keys} } }`)}\n${more}`)
    const agreed = (keys: string) => {
      const { m } = monitor(keys).monitors
      return m && 'agree' in m ? [m.locations, m.agree] : null
    }
    expect(agreed('')).toEqual([['here'], 1])
    expect(agreed(', locations: [zurich]')).toEqual([['zurich'], 1])
    expect(agreed(', locations: [here, zurich]')).toEqual([['here', 'zurich'], 2])
    expect(agreed(', locations: [here, zurich, zurich, berlin]')).toEqual([['here', 'zurich', 'berlin'], 2])
    expect(agreed(', locations: [here, zurich, berlin], agree: 1')).toEqual([['here', 'zurich', 'berlin'], 1])
    const { locations } = monitor('')
    expect(Object.keys(locations)).toEqual(['zurich', 'berlin'])
    expect(locations.zurich?.digest).toMatch(/^[0-9a-f]{64}$/)
    expect(locations.zurich?.digest).not.toBe(locations.berlin?.digest)
    expect(JSON.stringify(monitor(''))).not.toContain('t0ken')
  })

  const http = 'probe: "https://x.test/"'
  test.for<[keys: string, problem: string]>([
    [
      `${http}, expect: { body_matches: "(" }`,
      'expect.body_matches is no regular expression of RE2 (missing closing )): (?=…), (?<=…) and \\1 are not among them',
    ],
    [
      `${http}, expect: { body_matches: "(?=a)" }`,
      'expect.body_matches is no regular expression of RE2 (invalid or unsupported Perl syntax): (?=…), (?<=…) and \\1 are not among them',
    ],
    [
      `${http}, expect: { json: { status: ok } }`,
      'expect.json.status is not a JSON pointer such as /checks/0/status (~1 stands for a slash in a name, ~0 for ~)',
    ],
    [
      `${http}, expect: { json: { /a: [1] } }`,
      'expect.json./a must be text, a number, true, false or null: one value, not several',
    ],
    [`${http}, expect: { json: {} }`, 'expect.json is an empty mapping: leave it out'],
    [`${http}, expect: { headers: { "a b": x } }`, 'expect.headers.a b is not the name of a header'],
    [`${http}, headers: { Host: x.test }`, 'headers.Host is a header that Watchbill sets itself: leave it out'],
    [`${http}, headers: { X-A: "a\\nb" }`, 'headers.X-A must be one line of plain ASCII, as headers are'],
    [`${http}, method: PUT`, 'method must be one of GET, HEAD, POST, not "PUT"'],
    [`${http}, body: x`, 'body is never sent with GET: write method: POST'],
    [
      `${http}, method: HEAD, expect: { body_contains: x }`,
      'expect.body_contains can never be judged: an answer to HEAD has no body; write method: GET',
    ],
    [`${http}, redirects: folow`, 'redirects must be one of refuse, follow, not "folow"; did you mean follow?'],
    [`${http}, ip: 5`, 'ip must be 4 or 6, not 5'],
    [`probe: "https://[2620:fe::fe]/", ip: 4`, 'ip is 4, but 2620:fe::fe is an address of IPv6: it could never be up'],
    ['tcp: "9.9.9.9:25", ip: 6', 'ip is 6, but 9.9.9.9 is an address of IPv4: it could never be up'],
    [`${http}, starttls: smtp`, 'starttls is not a key here; allowed are'],
    ['tcp: "x.test:25", starttls: pop3', 'starttls must be one of smtp, imap, not "pop3"'],
    [
      'tls: "x.test:25", expect: { protocol: TLSv1.1 }',
      'expect.protocol must be one of TLSv1.2, TLSv1.3, not "TLSv1.1"; did you mean TLSv1.2?',
    ],
    [
      'dns: { name: x.test, type: A, resolver: ns1.test }',
      'dns.resolver must be the address of a name server such as 192.0.2.53 or [2001:db8::53]:5353, not "ns1.test"',
    ],
    [
      'dns: { name: x.test, type: A, resolver: 10.0.0.1 }',
      'dns.resolver reaches 10.0.0.1, which is not a public address: list it in network.allow_private if that is meant',
    ],
    [
      'dns: { name: x.test, type: A, resolver: "169.254.169.254:53" }',
      'dns.resolver must not reach 169.254.169.254, where clouds hand out credentials',
    ],
    [
      'dns: { name: x.test, type: A }, expect: { rcode: NXDOMAIN, answers: [a] }',
      'expect.answers can never be judged: with NXDOMAIN there are no answers',
    ],
  ])('%s is refused', ([keys, problem]) => {
    expect(problemsOf(write(keys))).toEqual([expect.stringContaining(problem)])
  })
})

describe('ways beside Slack', () => {
  const write = (contact: string, notify = '') => `
company: Example Mail
zone: UTC
people:
  ana: { slack: U0ANA, contact: [${contact}] }
${notify}`
  const way = (via: string, to: string) => `{ after: 1m, via: ${via}, to: "${to}" }`

  test('each has who carries it', () => {
    const rules = rulesOf(
      write(
        [way('ntfy', 'a'), way('sms', '+41790000001'), way('mail', 'ana@example.com')].join(', '),
        `notify:
  twilio: { account: AC0123456789, token: tok, from: "+41440000000" }
  smtp: { url: "smtps://bot%40x:p%25w@mail.example.com", from: bot@example.com }`,
      ),
    )
    expect(rules.notify).toEqual({
      ntfy: { url: 'https://ntfy.sh/', token: null },
      push: null,
      twilio: { url: 'https://api.twilio.com/', account: 'AC0123456789', token: 'tok', from: '+41440000000' },
      smtp: {
        ...{ host: 'mail.example.com', port: 465, secure: true, from: 'bot@example.com' },
        login: { user: 'bot@x', password: 'p%w' },
      },
      webhook: null,
    })
    expect(uncarried(rules)).toEqual([])
  })

  test.each([
    [way('call', '0790000001'), '', 'contact 1: to must be a number with its country'],
    [way('ntfy', 'a b'), '', 'contact 1: to must be a topic'],
    [way('mail', 'ana'), '', 'contact 1: to must be a mail address'],
    [way('webhook', 'http://127.0.0.1/x'), '', 'contact 1: to reaches 127.0.0.1, which is not a public address'],
    [way('call', '+41790000001'), 'notify: { ntfy: {} }', 'via is "call", but notify.twilio is not configured'],
    [way('push', 'u1234567890'), 'notify: { push: {} }', 'push.token is missing'],
    ['', 'notify: { smtp: { url: "http://x", from: a@b.c } }', 'smtp.url must be the address of a mail server'],
    ['', 'notify: { smtp: { url: "smtp://10.0.0.1", from: a@b.c } }', 'smtp.url reaches 10.0.0.1'],
  ])('%s %s is refused', (contact, notify, problem) => {
    expect(problemsOf(write(contact, notify))).toEqual([expect.stringContaining(problem)])
  })

  const quiet = (text: string) => write('').replace('contact: []', `quiet: { ${text} }`)

  test('wait in quiet hours for what is not grave, by all of them unless it says otherwise', () => {
    expect(rulesOf(quiet('from: "22:00", to: "07:00"')).people.ana?.quiet).toEqual({
      ...{ zone: 'UTC', from: 22 * 3_600_000, to: 7 * 3_600_000, through: 'error' },
      ways: ['ntfy', 'push', 'sms', 'call', 'mail', 'webhook'],
    })
  })

  test.each([
    ['from: "22:00", to: "22:00"', 'that would be the whole day'],
    ['from: "22:00", to: "7"', 'to must be a time of day'],
    ['from: "22:00", to: "07:00", ways: [carrier-pigeon]', 'carrier-pigeon'],
  ])('quiet: { %s } is refused', (text, problem) => {
    expect(problemsOf(quiet(text))).toEqual([expect.stringContaining(problem)])
  })
})
