import type { Sample } from '../../src/domain/detect/probe.ts'
import { slotOf } from '../../src/timetable/entries.ts'
import type { Clients } from './clients.ts'
import type { Hooks } from './hooks.ts'
import type { Slack } from './slack.ts'
import { addRoom } from './workspace.ts'
import type { World } from './world.ts'

/** 2026-11-23 is a Monday; Zürich is at +01:00. Nora has the night until 08:00, dana the day from then. */
const MONDAY_NIGHT = Date.parse('2026-11-23T03:00:00+01:00')

export const PEOPLE = { nora: 'U0NORA', dana: 'U0DANA', sam: 'U0SAM', mia: 'U0MIA' } as const

/** Two shifts a day and a secondary; steps of five minutes, two rounds. */
export const CONFIG = `
company: Example Mail
zone: Europe/Zurich
people:
${Object.entries(PEOPLE)
  .map(([name, id]) => `  ${name}: { slack: ${id} }`)
  .join('\n')}
schedules:
  primary:
    layers:
      - { name: days, priority: 1, people: [dana], rotation: { every: 1 week, start: "2026-01-05T08:00" }, hours: [{ from: "08:00", to: "20:00" }] }
      - { name: nights, people: [nora], rotation: { every: 1 week, start: "2026-01-05T20:00" }, hours: [{ from: "20:00", to: "08:00" }] }
  secondary:
    layers:
      - { name: all, people: [sam], rotation: { every: 1 week, start: "2026-01-05T08:00" } }
policies:
  mail:
    steps:
      - { page: [schedule/primary], wait: 5m }
      - { page: [schedule/secondary], wait: 5m }
    rounds: 2
    fallback: [mia]
  shop:
    steps:
      - { page: [dana], wait: 5m }
    fallback: [mia]
services:
  webmail: { policy: mail, channel: C0OPS }
  shop: { policy: shop }
`

const MONITOR = `
monitors:
  home: { service: webmail, probe: "https://mail.example.com/", every: 30s, fail_after: 2, recover_after: 2 }
`

const DEPLOYED = `${CONFIG.replace(
  'webmail: { policy: mail, channel: C0OPS }',
  `webmail:
    policy: mail
    channel: C0OPS
    pool: "https://pool.example.com/"
    deploy:
      estimate: 5m
      bake: 1s
      start: { webhook: "https://ci.example.com/deploy", secret: "a secret of the hooks" }
      halt: { webhook: "https://ci.example.com/halt", secret: "a secret of the hooks" }
      halt_when: { pool_below: 75% }`,
)}
gate: { refuse_when: [open_incident, nobody_on_call] }
`

export const SECOND = 1_000
export const MINUTE = 60_000
const HOUR = 60 * MINUTE

export interface Scene {
  world: World
  slack: Slack
  clients: Clients
  /** Something happens so long after the start. */
  after(ms: number, act: () => void): void
  /** What a probe of a target finds from now on. */
  target: { ok: boolean }
  hooks: Hooks
}

export interface Scenario {
  /** In the line that replays it. */
  id: string
  /** A sentence of what happens. */
  name: string
  config: string
  startAt: number
  /** How long it is watched. */
  ms: number
  /** Whom it pages, in order, however often a process dies meanwhile. */
  paged: string[]
  probes: boolean
  /** Something is deployed in it, and watched closely: what a process that dies does not know it asks people, which shows in what they see. */
  rollouts: boolean
  /** What people do follows so closely that a process that is away for long changes what comes of it. */
  delicate: boolean
  /** Pages that may be seen twice when a process dies while they are on their way: Slack is slower than anybody would look for them. */
  doubles: RegExp | null
  play(scene: Scene): void
}

type Given = Pick<Scenario, 'id' | 'name' | 'ms' | 'paged' | 'play'> & Partial<Scenario>
const scenario = (given: Given): Scenario => ({
  config: CONFIG,
  startAt: MONDAY_NIGHT,
  probes: false,
  rollouts: false,
  delicate: false,
  doubles: null,
  ...given,
})

const leave = ({ slack }: Scene, user: string, deleted = true) => {
  const found = [...slack.ws.users.values()].find(({ name }) => name === user)
  if (found) found.deleted = deleted
  slack.ws.changes += 1
}

const pageTo = (user: keyof typeof PEOPLE) => (args: Record<string, unknown>) =>
  args['channel'] === `D${PEOPLE[user].slice(1)}`

const hasChannel = ({ slack }: Scene) => [...slack.ws.rooms.values()].some(({ name }) => name.startsWith('inc-'))

/** As slow as Slack may be without our client giving the call up. */
const SLOW_MS = 4_500

export const SCENARIOS: readonly Scenario[] = [
  scenario({
    id: 'acked',
    name: 'an alert pages whoever has the watch, who acknowledges, and it recovers',
    ms: 5 * MINUTE,
    paged: ['nora'],
    play({ after, clients }) {
      after(SECOND, () => clients.report({}))
      after(2 * MINUTE, () => clients.press('nora', 'incident_ack'))
      after(4 * MINUTE, () => clients.report({ status: 'resolved', summary: 'home is up: 200 OK' }))
    },
  }),
  scenario({
    id: 'unanswered',
    name: 'nobody answers, and the next step is paged',
    ms: 9 * MINUTE,
    paged: ['nora', 'sam'],
    play({ after, clients }) {
      after(SECOND, () => clients.report({}))
      after(8 * MINUTE, () => clients.press('sam', 'incident_ack'))
    },
  }),
  scenario({
    id: 'exhausted',
    name: 'nobody answers for two rounds, and the last resort is paged, loudly',
    ms: 24 * MINUTE,
    paged: ['nora', 'sam', 'nora', 'sam', 'mia'],
    play({ after, clients }) {
      after(SECOND, () => clients.report({}))
      after(23 * MINUTE, () => clients.type('mia', '/incident ack INC-1'))
    },
  }),
  scenario({
    id: 'refused',
    name: 'a page that Slack refuses goes to the next step at once',
    ms: 4 * MINUTE,
    paged: ['sam'],
    play({ after, clients, slack }) {
      // Of Slack's look at the account the bot learns nothing.
      slack.faults.push({
        method: 'conversations.open',
        fits: ({ users }) => users === PEOPLE.nora,
        kind: 'refused',
        error: 'user_disabled',
      })
      after(2 * SECOND, () => clients.report({}))
      after(3 * MINUTE, () => clients.press('sam', 'incident_ack'))
    },
  }),
  scenario({
    id: 'in-flight',
    name: 'somebody acknowledges while the next page is on its way',
    ms: 9 * MINUTE,
    paged: ['nora', 'sam'],
    delicate: true,
    doubles: /^page\/1\/sam\//,
    play({ after, clients, slack }) {
      slack.faults.push({ method: 'chat.postMessage', fits: pageTo('sam'), count: 1, kind: 'slow', ms: SLOW_MS })
      after(SECOND, () => clients.report({}))
      after(5 * MINUTE + SLOW_MS, () => clients.type('nora', '/incident ack INC-1'))
    },
  }),
  scenario({
    id: 'recovers-while-paging',
    name: 'an alert recovers while its page is on its way',
    ms: 3 * MINUTE,
    paged: ['nora'],
    delicate: true,
    doubles: /^page\/1\/nora\//,
    play({ after, clients, slack }) {
      slack.faults.push({ method: 'chat.postMessage', fits: pageTo('nora'), count: 1, kind: 'slow', ms: SLOW_MS })
      after(SECOND, () => clients.report({}))
      after(SLOW_MS, () => clients.report({ status: 'resolved', summary: 'home is up: 200 OK' }))
    },
  }),
  scenario({
    id: 'two-services',
    name: 'two services fail at the same instant',
    ms: 4 * MINUTE,
    paged: ['dana', 'nora'],
    play({ after, clients }) {
      after(SECOND, () => {
        clients.report({})
        clients.report({ service: 'shop', key: 'checkout' })
      })
      after(2 * MINUTE, () => clients.press('nora', 'incident_ack'))
      after(2 * MINUTE, () => clients.press('dana', 'incident_ack'))
    },
  }),
  scenario({
    id: 'declared',
    name: 'a person declares an incident, and resolves it',
    ms: 4 * MINUTE,
    paged: ['nora'],
    play(scene) {
      const { after, clients } = scene
      const shows = () => hasChannel(scene)
      after(SECOND, () => clients.type('sam', '/incident declare webmail Nobody gets mail', { shows }))
      after(3 * MINUTE, () => clients.type('nora', '/incident resolve INC-1'))
    },
  }),
  scenario({
    id: 'name-taken',
    name: 'the name of the channel is taken by somebody else',
    ms: 3 * MINUTE,
    paged: ['nora'],
    play({ after, clients, slack }) {
      addRoom(slack.ws, { id: 'C0OTHER', name: 'inc-20261123-1-home-is-down', members: [PEOPLE.mia] })
      after(SECOND, () => clients.report({}))
      after(2 * MINUTE, () => clients.press('nora', 'incident_ack'))
    },
  }),
  scenario({
    id: 'reopened',
    name: 'an incident is reopened when its channel is in the archive, and goes on in another',
    ms: 6 * MINUTE,
    paged: ['nora'],
    play({ after, clients, slack }) {
      after(SECOND, () => clients.report({}))
      after(MINUTE, () => clients.press('nora', 'incident_ack'))
      after(2 * MINUTE, () => clients.report({ status: 'resolved', summary: 'home is up: 200 OK' }))
      after(3 * MINUTE, () => {
        for (const room of slack.ws.rooms.values()) if (room.name.startsWith('inc-')) room.archived = true
        slack.ws.changes += 1
      })
      after(4 * MINUTE, () => clients.type('sam', '/incident reopen INC-1'))
    },
  }),
  scenario({
    id: 'still-firing',
    name: 'resolved by hand while it fires, an alert is raised again',
    ms: 11 * MINUTE,
    paged: ['nora', 'nora'],
    play({ after, clients }) {
      after(SECOND, () => clients.report({}))
      after(2 * MINUTE, () => clients.press('nora', 'incident_resolve'))
      after(10 * MINUTE, () => clients.press('nora', 'incident_ack'))
    },
  }),
  scenario({
    id: 'shift-change',
    name: 'the watch changes between two rounds: the new one is paged',
    startAt: Date.parse('2026-11-23T07:57:00+01:00'),
    ms: 14 * MINUTE,
    // dana as the one who comes next, as her watch begins, and at her step, where nora is not relieved yet.
    paged: ['nora', 'dana', 'sam', 'dana', 'nora'],
    play({ after, clients }) {
      after(SECOND, () => clients.report({}))
      after(13 * MINUTE, () => clients.press('dana', 'incident_ack'))
    },
  }),
  scenario({
    id: 'reachable-again',
    name: 'whoever cannot be reached is passed over, until the hourly look finds them again',
    // The look is at 7 minutes.
    startAt: slotOf('people', HOUR, MONDAY_NIGHT) + HOUR - 7 * MINUTE,
    ms: 14 * MINUTE,
    paged: ['sam', 'nora'],
    play(scene) {
      const { after, clients } = scene
      leave(scene, 'nora')
      after(SECOND, () => clients.report({}))
      after(2 * MINUTE, () => clients.press('sam', 'incident_ack'))
      after(3.5 * MINUTE, () => clients.report({ status: 'resolved', summary: 'home is up: 200 OK' }))
      after(5 * MINUTE, () => leave(scene, 'nora', false))
      after(9 * MINUTE, () => clients.report({}))
      after(12 * MINUTE, () => clients.press('nora', 'incident_ack'))
    },
  }),
  scenario({
    id: 'reply-lost',
    name: 'Slack takes a page and its answer is lost',
    ms: 4 * MINUTE,
    paged: ['nora'],
    play({ after, clients, slack }) {
      slack.faults.push({ method: 'chat.postMessage', fits: pageTo('nora'), count: 1, kind: 'lost' })
      after(SECOND, () => clients.report({}))
      after(3 * MINUTE, () => clients.press('nora', 'incident_ack'))
    },
  }),
  scenario({
    id: 'thrice',
    name: 'everything that comes in comes three times, and Slack asks for patience',
    ms: 5 * MINUTE,
    paged: ['nora'],
    play({ after, clients, slack }) {
      slack.faults.push({ method: 'chat.postMessage', fits: pageTo('nora'), count: 1, kind: 'limited', ms: 2 * SECOND })
      slack.faults.push({ method: 'conversations.create', count: 1, kind: 'limited', ms: 30 * SECOND })
      after(SECOND, () => clients.report({}, 3))
      after(2 * MINUTE, () => clients.press('nora', 'incident_ack', { times: 3 }))
      after(4 * MINUTE, () => clients.report({ status: 'resolved', summary: 'home is up: 200 OK' }, 3))
    },
  }),
  scenario({
    id: 'probed',
    name: 'a probe fails twice, and is well again',
    config: CONFIG + MONITOR,
    probes: true,
    delicate: true,
    ms: 3 * MINUTE,
    paged: ['nora'],
    play({ after, target, clients }) {
      after(31 * SECOND, () => {
        target.ok = false
      })
      after(90 * SECOND, () => clients.press('nora', 'incident_ack'))
      after(2 * MINUTE, () => {
        target.ok = true
      })
    },
  }),
  scenario({
    id: 'rollout',
    name: 'a rollout takes servers away, is halted, pages, and is taken back',
    config: DEPLOYED,
    rollouts: true,
    delicate: true,
    ms: 18 * SECOND,
    paged: ['nora'],
    play: rollsOut,
  }),
  scenario({
    id: 'rollout-hooks-fail',
    name: 'likewise, where the answer to the start is lost and the halt hook answers with errors',
    config: DEPLOYED,
    rollouts: true,
    delicate: true,
    ms: 24 * SECOND,
    paged: ['nora'],
    play(scene) {
      scene.hooks.faults.push({ action: 'start', count: 1, kind: 'lost' }, { action: 'halt', count: 4, kind: 'error' })
      rollsOut(scene)
    },
  }),
]

/** Sam deploys; what is out takes servers away soon; he takes it back, and the one before is watched to its end. */
function rollsOut({ after, clients, hooks, slack }: Scene): void {
  const shown = (text: string) => () => slack.ws.messages.some((each) => JSON.stringify(each).includes(text))
  hooks.script.push({ afterMs: 2 * SECOND, what: 'step', of: 'deploy' })
  hooks.script.push({ afterMs: 2 * SECOND, what: 'finish', of: 'rollback' })
  after(SECOND, () => clients.type('sam', '/deploy webmail v42', { shows: shown('Deploy 1:') }))
  after(7 * SECOND, () => {
    hooks.pool = { up: 5, total: 8 }
  })
  after(10 * SECOND, () => clients.type('sam', '/deploy rollback webmail v41', { shows: shown('Rollback') }))
  after(11 * SECOND, () => {
    hooks.pool = { up: 8, total: 8 }
  })
}

/** What a probe sees. */
export const seen = (ok: boolean, at: number): Sample => ({
  at,
  ok,
  ms: 12,
  saw: ok ? '200 OK' : '503 Service Unavailable',
})
