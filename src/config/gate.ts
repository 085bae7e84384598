import { z } from 'zod'
import {
  BAKE_MS,
  BLACKOUT_TIMES,
  type Deploying,
  ESTIMATE_MS,
  type GateRules,
  type Hook,
  PRODUCTION,
  REFUSALS,
} from '../domain/deploy/rules.ts'
import type { Window } from '../domain/deploy/window.ts'
import { either } from './either.ts'
import { duration, integer, leaf, listOf, matching, mustBe, ok, oneOf, type Read, text, trueOrFalse } from './leaf.ts'
import { type Context, reference } from './names.ts'
import { url } from './targets.ts'
import { instantOf, type Moment, moment, weeklyMoment } from './times.ts'

/** The deploy gate, and how services are deployed: their shapes, and what the domain makes its decisions by. */

const GITHUB = 'https://api.github.com'
const MOST_ENVIRONMENTS = 20
/** Each is looked at every minute. */
const MOST_PROJECTS = 100
const gitlabProject = matching(/^[\w./-]{1,200}$/, 'the number or the path of a project')
/** What a version, a branch, a workflow is called: nothing that a shell or a URL would read as something else. */
const word = matching(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/, 'a name of letters, digits and . _ / -')

function hookShape({ network }: Context) {
  const webhook = z.strictObject({ webhook: url(network), secret: text('a secret') })
  const github = z.strictObject({
    github: matching(/^[\w.-]{1,100}\/[\w.-]{1,100}$/, 'a repository such as example/webmail'),
    workflow: word,
    ref: word.default('main'),
    token: text('a token that may start workflows'),
    api: url(network).default(GITHUB),
  })
  const gitlab = z.strictObject({
    gitlab: url(network),
    project: gitlabProject,
    ref: word.default('main'),
    token: text('a token that may start pipelines'),
  })
  const others = either(github, gitlab, (hook) => Object.hasOwn(hook, 'gitlab'))
  return either(webhook, others, (hook) => Object.hasOwn(hook, 'github') || Object.hasOwn(hook, 'gitlab'))
}

export function deployShape(context: Context) {
  const hook = hookShape(context)
  return z.strictObject({
    estimate: duration('1s', '24h').default(ESTIMATE_MS),
    bake: duration('0s', '24h').default(BAKE_MS),
    environments: listOf(
      matching(/^[a-z0-9][a-z0-9-]{0,39}$/, 'a name of lower-case letters, digits and -'),
      MOST_ENVIRONMENTS,
    ).default([PRODUCTION]),
    start: hook,
    halt: hook.optional(),
    resume: hook.optional(),
    rollback: hook.optional(),
    halt_when: z
      .strictObject({
        pool_below: matching(/^(100|[1-9]?\d)%$/, 'a percentage such as 75%').optional(),
        restart: duration('0s', '1h').optional(),
        probes_failing: integer(1, 1_000).optional(),
        rate_dip: trueOrFalse.optional(),
      })
      .optional(),
  })
}

type HookShape = z.infer<ReturnType<typeof hookShape>>

/** @param secret the name of its secret */
function toHook(shape: HookShape, secret: string): Hook {
  if ('webhook' in shape) return { kind: 'webhook', url: shape.webhook, secret }
  const { ref } = shape
  if ('github' in shape)
    return { kind: 'github', api: shape.api, repository: shape.github, workflow: shape.workflow, ref, secret }
  return { kind: 'gitlab', url: shape.gitlab, project: shape.project, ref, secret }
}

type DeployShape = z.infer<ReturnType<typeof deployShape>>

const HOOKS = ['start', 'halt', 'resume', 'rollback'] as const
const secretName = (service: string, hook: (typeof HOOKS)[number]) => `${service}/${hook}`

/** The secrets of a service's hooks, by the names under which its rules know them. */
export const secretsOf = (service: string, shape: DeployShape): Record<string, string> =>
  Object.fromEntries(
    HOOKS.flatMap((name) => {
      const hook = shape[name]
      return hook ? [[secretName(service, name), 'webhook' in hook ? hook.secret : hook.token]] : []
    }),
  )

export function toDeploying(service: string, shape: DeployShape): Deploying {
  const { halt_when: when } = shape
  const hook = (name: 'halt' | 'resume' | 'rollback') => {
    const found = shape[name]
    return found === undefined ? null : toHook(found, secretName(service, name))
  }
  return {
    estimateMs: shape.estimate,
    bakeMs: shape.bake,
    environments: [...new Set(shape.environments)],
    start: toHook(shape.start, secretName(service, 'start')),
    halt: hook('halt'),
    resume: hook('resume'),
    rollback: hook('rollback'),
    haltWhen: {
      poolBelow: when?.pool_below === undefined ? null : Number.parseInt(when.pool_below, 10),
      restartMs: when?.restart ?? null,
      probesFailing: when?.probes_failing ?? null,
      rateDip: when?.rate_dip ?? false,
    },
  }
}

type Edge = { kind: 'weekly'; day: number; time: string } | { kind: 'once'; moment: Moment }

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

const EDGE = 'a weekday and a time such as "Fri 16:00", or a date and time such as 2026-11-27T00:00'

/** Where a blackout begins or ends: each week, or once. */
const edge = leaf(EDGE, (value): Read<Edge> => {
  const weekly = typeof value === 'string' ? weeklyMoment.exec(value) : null
  if (weekly) return ok({ kind: 'weekly', day: DAYS.indexOf(weekly[1] ?? ''), time: weekly[0].slice(4) })
  if (typeof value !== 'string' || !/^\d{4}-/.test(value)) return mustBe(EDGE)
  const read = moment.safeParse(value)
  if (read.success) return ok({ kind: 'once', moment: read.data })
  return { wrong: read.error.issues[0]?.message ?? `must be ${EDGE}` }
})

export function gateShape(context: Context, zone: string) {
  const pause = duration('0s', '24h').optional()
  const service = leaf('the name of a service or "*"', (value) => {
    if (value === '*') return ok('*')
    const known = reference('services', context).safeParse(value)
    if (known.success) return ok(known.data)
    return { wrong: known.error.issues[0]?.message ?? 'must be the name of a service', whole: true }
  })
  const blackout = z
    .strictObject({
      name: text('a name', 80).optional(),
      from: edge,
      to: edge,
      services: listOf(service, 1_000).optional(),
    })
    .transform(({ name, from, to, services }, context): Pick<Window, 'when' | 'services'> & { name?: string } => {
      const when = stretch(from, to, zone)
      const all = services === undefined || services.includes('*')
      if (typeof when !== 'string')
        return { ...(name !== undefined && { name }), services: all ? null : services, when }
      context.addIssue({ code: 'custom', path: ['to'], message: when })
      return z.NEVER
    })
  const reasons = oneOf(...REFUSALS)
  return z.strictObject({
    shift_change: z.strictObject({ before: pause, after: pause, settle: pause }).optional(),
    blackouts: z.array(blackout).max(1_000).optional(),
    refuse_when: z.array(reasons).max(REFUSALS.length).optional(),
    override: z
      .strictObject({ by: reference('roles', context), reason: oneOf('required', 'optional').optional() })
      .optional(),
    github: z
      .strictObject({
        app: matching(/^[A-Za-z0-9.]{1,60}$/, 'the number or the client id of the GitHub App, in quotes'),
        key: text('the private key of the GitHub App, PEM', 10_000),
        webhook_secret: text('the secret of its webhook'),
        api: url(context.network).default(GITHUB),
        repositories: z.record(z.string().regex(/^[\w.-]{1,100}\/[\w.-]{1,100}$/), reference('services', context)),
      })
      .optional(),
    gitlab_freezes: z
      .array(
        z.strictObject({
          service: reference('services', context),
          gitlab: url(context.network),
          project: gitlabProject,
          token: text('a token of a maintainer of the project'),
        }),
      )
      .max(MOST_PROJECTS)
      .optional(),
  })
}

export function toGate(shape: z.infer<ReturnType<typeof gateShape>> | undefined): GateRules {
  const { before, after, settle } = shape?.shift_change ?? {}
  return {
    shiftChange: {
      beforeMs: before ?? BLACKOUT_TIMES.beforeMs,
      afterMs: after ?? BLACKOUT_TIMES.afterMs,
      settleMs: settle ?? BLACKOUT_TIMES.settleMs,
    },
    windows: (shape?.blackouts ?? []).map(({ name, services, when }, index) => ({
      name: name ?? `blackout ${index + 1}`,
      services,
      when,
    })),
    refuseWhen: shape?.refuse_when ?? [...REFUSALS],
    overrideRole: shape?.override?.by ?? null,
    github: shape?.github
      ? {
          ...{ api: shape.github.api, app: shape.github.app, key: GITHUB_KEY, webhook: GITHUB_WEBHOOK },
          repositories: Object.fromEntries(
            Object.entries(shape.github.repositories).map(([name, service]) => [name.toLowerCase(), service]),
          ),
        }
      : null,
    gitlabFreezes: (shape?.gitlab_freezes ?? []).map((each) => ({
      ...{ service: each.service, url: bare(each.gitlab), project: each.project },
      secret: freezesSecret(each),
    })),
  }
}

const bare = (address: string) => address.replace(/\/$/, '')
const freezesSecret = ({ gitlab, project }: { gitlab: string; project: string }) => `freezes/${bare(gitlab)}/${project}`

const GITHUB_KEY = 'github/key'
const GITHUB_WEBHOOK = 'github/webhook'

/** The secrets of the gate, by the names under which its rules know them. */
export const gateSecrets = (shape: z.infer<ReturnType<typeof gateShape>> | undefined): Record<string, string> => ({
  ...(shape?.github && { [GITHUB_KEY]: shape.github.key, [GITHUB_WEBHOOK]: shape.github.webhook_secret }),
  ...Object.fromEntries((shape?.gitlab_freezes ?? []).map((each) => [freezesSecret(each), each.token])),
})

/** From one edge to the other; or what is wrong with the second, as part of a sentence. */
function stretch(from: Edge, to: Edge, zone: string): Window['when'] | string {
  if (from.kind === 'weekly' && to.kind === 'weekly')
    return { kind: 'weekly', from: { day: from.day, time: from.time }, to: { day: to.day, time: to.time }, zone }
  if (from.kind !== 'once' || to.kind !== 'once')
    return 'is {it}, but from and to must both be dates, or both a weekday and a time'
  const [startAt, endAt] = [instantOf(from.moment, zone), instantOf(to.moment, zone)]
  return endAt > startAt ? { kind: 'once', startAt, endAt } : 'is {it}, which is not after from'
}
