import { z } from 'zod'
import { Evidence } from '../incident.ts'
import { Gate } from './gate.ts'
import { REFUSALS } from './rules.ts'
import { Sight } from './sight.ts'

/**
 * A deploy, from the question whether it may begin to its end.
 *
 * denied --override asked--> asked --approved by a second person, or the glass broken--> starting; --nobody in time--> lapsed
 * allowed --> starting --the hook took it--> rolling; --the hook refused--> failed; --nobody knows--> unsure --somebody says--> rolling | failed
 * rolling --finished--> baking --nothing went wrong--> done;   rolling, baking, unsure --regression, or a person--> halted
 * rolling --a blackout begins, nobody says "finish"--> held --resume--> rolling
 * halted, held --resume--> rolling; starting, unsure, rolling, baking, halted, held --rollback, or a fix--> superseded
 * What CI starts by itself is rolling once it is allowed. What nobody asked for is `unasked`: on record, and an alarm; a change that is no deploy
 * of what the gate guards is `noted`.
 */
export const DeployState = z.enum([
  'denied',
  'asked',
  'lapsed',
  'starting',
  'unsure',
  'rolling',
  'baking',
  'held',
  'halted',
  'superseded',
  'failed',
  'done',
  'unasked',
  'noted',
])
export type DeployState = z.infer<typeof DeployState>

/** Under way: no second one starts beside it. What was halted is, too, as long as half of it stands. */
const ACTIVE: ReadonlySet<DeployState> = new Set(['starting', 'unsure', 'rolling', 'baking', 'held', 'halted'])
export const isActive = ({ state }: Pick<Deploy, 'state'>) => ACTIVE.has(state)

/** It changes what serves: its monitors are watched closely. */
export const isWatched = ({ state }: Pick<Deploy, 'state'>) =>
  state === 'starting' || state === 'unsure' || state === 'rolling' || state === 'baking'

export const Deploy = z.strictObject({
  id: z.int(),
  service: z.string(),
  environment: z.string(),
  version: z.string(),
  kind: z.enum(['deploy', 'rollback', 'fix']),
  /** The open incident that it is to fix. */
  incident: z.int().nullable(),
  /** A person of the configuration; null: whoever `asker` says. */
  by: z.string().nullable(),
  asker: z.string(),
  /** Who starts it: we, by the service's hook; or CI, which asked; or GitHub, which waits for our word. `change`: somebody else, who reports it. */
  via: z.enum(['hook', 'ci', 'github', 'change']),
  /** What CI or GitHub calls it, for an answer. */
  ref: z.string().nullable(),
  estimateMs: z.number(),
  bakeMs: z.number(),
  state: DeployState,
  askedAt: z.number(),
  /** Since when it is in its state. */
  sinceAt: z.number(),
  startedAt: z.number().nullable(),
  rolledAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  /** The decision that was made last. */
  gate: Gate,
  override: z
    .strictObject({
      by: z.string(),
      reason: z.string(),
      askedAt: z.number(),
      untilAt: z.number(),
      /** The second person; null while there is none. */
      approvedBy: z.string().nullable(),
      /** One alone, loudly. */
      glass: z.boolean(),
    })
    .nullable(),
  /** What CI said last, and when; null: nothing. */
  step: z.strictObject({ text: z.string(), at: z.number() }).nullable(),
  /** Servers of its pool when it began. */
  poolTotal: z.int().nullable(),
  stop: z
    .strictObject({
      /** Null: by itself. */
      by: z.string().nullable(),
      why: z.string(),
      evidence: z.array(Evidence),
      at: z.number(),
      /** Whether what rolls has been told. */
      hook: z.enum(['none', 'owed', 'done', 'failed']),
    })
    .nullable(),
  /** A blackout has begun while it rolls: people were asked, and it is held if nobody says otherwise by then. */
  overrun: z.strictObject({ askedAt: z.number(), holdAt: z.number(), finishBy: z.string().nullable() }).nullable(),
  /** It takes longer than it should, and somebody has been told. */
  overdue: z.boolean(),
  /** Who hears when it may begin. */
  tell: z.array(z.string()),
})
export type Deploy = z.infer<typeof Deploy>

const ids = z.array(z.int()).nullable()

/** What a decision was made on, as it is kept with it. */
export const Basis = z.strictObject({
  sight: Sight.nullable(),
  onCall: z.strictObject({ people: z.array(z.string()), unreachable: z.array(z.string()) }).nullable(),
  schedules: z.array(z.string()).nullable(),
  handovers: z.array(z.strictObject({ schedule: z.string(), changeAt: z.number(), state: z.string() })),
  incidents: ids,
  barriers: ids,
  rollouts: ids,
  silences: ids,
  refuseWhen: z.array(z.enum(REFUSALS)),
})
export type Basis = z.infer<typeof Basis>

/** Nothing is deployed meanwhile: a freeze by a person, or the lock of a service after a halt or by a person. */
export const Lock = z.strictObject({
  id: z.int(),
  kind: z.enum(['freeze', 'lock']),
  /** Null: every service. */
  service: z.string().nullable(),
  /** Null: every environment. */
  environment: z.string().nullable(),
  /** Null: by itself, after a halt. */
  by: z.string().nullable(),
  reason: z.string(),
  madeAt: z.number(),
  fromAt: z.number(),
  untilAt: z.number().nullable(),
  /** The deploy that was halted. */
  deploy: z.int().nullable(),
  endedAt: z.number().nullable(),
  endedBy: z.string().nullable(),
})
export type Lock = z.infer<typeof Lock>

export const stands = ({ endedAt, untilAt }: Lock, at: number) => endedAt === null && (untilAt === null || untilAt > at)

/** Whether a lock is about a service in an environment. */
export const holdsBack = (lock: Pick<Lock, 'service' | 'environment'>, service: string, environment: string) =>
  (lock.service === null || lock.service === service) && (lock.environment === null || lock.environment === environment)

/**
 * What changed: deploys of a service (null: of any) that touched what serves in the hours before an instant, the latest first. A denied one
 * changed nothing.
 */
export const changedLately = (deploys: readonly Deploy[], service: string | null, at: number, hours = 24): Deploy[] =>
  deploys
    .filter((each) => service === null || each.service === service)
    .filter(({ startedAt, endedAt, state }) => {
      if (startedAt === null || startedAt > at) return false
      return state !== 'failed' && ((endedAt ?? at) >= at - hours * 3_600_000 || startedAt >= at - hours * 3_600_000)
    })
    .sort((a, b) => (b.startedAt ?? 0) - (a.startedAt ?? 0))
