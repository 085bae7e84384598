import { z } from 'zod'
import { Window } from './window.ts'

/**
 * How a rollout is started, or halted: what is called. A secret or a token is named here (`webmail/start`); what it is, only the process that
 * has read the configuration knows.
 */
export const Hook = z.discriminatedUnion('kind', [
  /** A request signed as Standard Webhooks has it. */
  z.strictObject({ kind: z.literal('webhook'), url: z.string(), secret: z.string() }),
  /** `workflow_dispatch` of GitHub Actions. */
  z.strictObject({
    kind: z.literal('github'),
    api: z.string(),
    /** `owner/name` */
    repository: z.string(),
    workflow: z.string(),
    ref: z.string(),
    secret: z.string(),
  }),
  /** A pipeline of GitLab. */
  z.strictObject({
    kind: z.literal('gitlab'),
    url: z.string(),
    project: z.string(),
    ref: z.string(),
    secret: z.string(),
  }),
])
export type Hook = z.infer<typeof Hook>

/** Without a word in the configuration. */
export const ESTIMATE_MS = 15 * 60_000
export const BAKE_MS = 10 * 60_000
export const PRODUCTION = 'production'

/** How long a rollout of a service takes, and where it may go, also where the configuration has no word of it. */
export const pacing = (
  deploy: Deploying | null | undefined,
): Pick<Deploying, 'estimateMs' | 'bakeMs' | 'environments'> =>
  deploy ?? { estimateMs: ESTIMATE_MS, bakeMs: BAKE_MS, environments: [PRODUCTION] }

/** The environment that is meant where none is named. */
export const firstEnvironment = (deploy: Deploying | null | undefined): string =>
  pacing(deploy).environments[0] ?? PRODUCTION

export const Deploying = z.strictObject({
  /** How long a rollout takes, and how long it is watched afterwards. */
  estimateMs: z.int().nonnegative(),
  bakeMs: z.int().nonnegative(),
  /** The first is meant where none is named. A name that is not here is a typing error, and would be another rollout's. */
  environments: z.array(z.string()).min(1),
  start: Hook,
  halt: Hook.nullable(),
  /** Goes on with what was halted; null: it has to be deployed anew. */
  resume: Hook.nullable(),
  /** Null: the version before is started. */
  rollback: Hook.nullable(),
  haltWhen: z.strictObject({
    /** In percent: halted before less of the pool serves. */
    poolBelow: z.number().nullable(),
    /** How long one server of the pool may be away for its restart; null: see `regression.ts`. */
    restartMs: z.int().nonnegative().nullable().default(null),
    /** So many probes of the service that fail. */
    probesFailing: z.int().positive().nullable(),
    /** A rate of the service is out of the usual. */
    rateDip: z.boolean(),
  }),
})
export type Deploying = z.infer<typeof Deploying>

export const REFUSALS = ['open_incident', 'blind', 'nobody_on_call', 'silenced_monitor'] as const

const MINUTE_MS = 60_000
export const BLACKOUT_TIMES: BlackoutTimes = {
  beforeMs: 30 * MINUTE_MS,
  afterMs: 15 * MINUTE_MS,
  settleMs: 15 * MINUTE_MS,
}

/** What the gate refuses, and who may say otherwise. */
export const GateRules = z.strictObject({
  /** How long around a change of the watch nothing is deployed (`handover.md` Mpre, Mpost, Msettle); `settleMs`: after the relief. */
  shiftChange: z
    .strictObject({ beforeMs: z.number(), afterMs: z.number(), settleMs: z.number() })
    .default(() => BLACKOUT_TIMES),
  windows: z.array(Window).default([]),
  refuseWhen: z.array(z.enum(REFUSALS)).default([...REFUSALS]),
  /** Who may be the second person of an override; null: anybody listed. */
  overrideRole: z.string().nullable().default(null),
  /** The GitHub App that answers protection rules of deployments; its key and the secret of its webhook are named in here. */
  github: z
    .strictObject({
      api: z.string(),
      app: z.string(),
      key: z.string(),
      webhook: z.string(),
      /** The service of each repository, `owner/name` in lower case. */
      repositories: z.record(z.string(), z.string()),
    })
    .nullable()
    .default(null),
  /** Projects of GitLab whose freeze periods are kept equal to the blackouts of a service; a token is named in here. */
  gitlabFreezes: z
    .array(z.strictObject({ service: z.string(), url: z.string(), project: z.string(), secret: z.string() }))
    .default([]),
})
export type GateRules = z.infer<typeof GateRules>
export type BlackoutTimes = GateRules['shiftChange']
