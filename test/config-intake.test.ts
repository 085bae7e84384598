import { expect, test } from 'vitest'
import { parseConfig } from '../src/config.ts'

const text = (monitors: string, intake: string) => `company: Example Mail
zone: Europe/Zurich
people: { mia: { slack: U0MIA } }
policies: { mail: { steps: [{ page: [mia], wait: 5m }], fallback: [mia] } }
services: { webmail: { policy: mail } }
monitors:
${monitors}
intake:
${intake}
`
const read = (monitors: string, intake: string) => parseConfig(text(monitors, intake), 'watchbill.yaml', {})

test('sources, routes, quota and mail are read', () => {
  const config = read(
    '  prometheus: { service: webmail, heartbeat: { alerts: alertmanager, when: { cluster: 7 }, every: 9m, grace: 1m } }',
    '  quota: 500\n  routes: [{ when: { team: "db*" }, service: webmail }]\n  mail: { resolved: "^Cleared", mailgun: { key: signing-key } }',
  )
  if ('problems' in config) throw new Error(JSON.stringify(config.problems))
  expect(config.rules.monitors.prometheus).toMatchObject({
    hears: { source: 'alertmanager', when: { cluster: '7' } },
  })
  expect(config.rules.intake).toEqual({
    quota: 500,
    routes: [{ when: { team: 'db*' }, service: 'webmail', severity: null }],
    mail: { key: null, resolved: '^Cleared', mailgun: 'signing-key' },
  })
})

test('what is wrong with them is said where it stands', () => {
  const config = read(
    `  a: { service: webmail, heartbeat: { alerts: alertmanger, every: 9m, grace: 1m } }
  b: { service: webmail, heartbeat: { when: { x: y }, every: 9m, grace: 1m } }
  c: { service: webmail, heartbeat: { alerts: mail, max_run: 1h, every: 9m, grace: 1m } }`,
    `  quota: 1
  routes: [{ when: { team: db }, service: webmial }, { when: { team: db } }, { when: {}, severity: info }]
  mail: { key: "(" }`,
  )
  const problems = 'problems' in config ? config.problems.map(({ line, message }) => `${line}: ${message}`) : []
  expect(problems).toEqual([
    expect.stringMatching(/^7: monitor "a": heartbeat.alerts must be one of .*did you mean alertmanager/),
    expect.stringMatching(/^8: .*heartbeat.when is of calls that bring alerts: say which with alerts/),
    expect.stringMatching(/^9: .*heartbeat.max_run is of runs that are pinged for/),
    expect.stringMatching(/^11: intake: quota must be a whole number/),
    expect.stringMatching(/^12: intake leads to webmial, .*did you mean webmail/),
    expect.stringMatching(/^12: intake: routes says nothing: give it a service, a severity, or both/),
    expect.stringMatching(/^12: intake: routes.when must be a mapping of labels/),
    expect.stringMatching(/^13: intake: mail.key is no regular expression of RE2/),
  ])
})
