import { z } from 'zod'
import type { Silence } from '../detect/silence.ts'
import { DAY_MS } from '../duty/time.ts'
import type { Rules } from '../rules.ts'
import { blackouts, type Shifts } from './shift.ts'
import { Blindness, blindness, SIGHT_MS, type Sight } from './sight.ts'
import { stretches, type Window } from './window.ts'

/** What is asked: may this begin now? */
export interface DeployRequest {
  /** How long it rolls, and how long it is watched afterwards. */
  estimateMs: number
  bakeMs: number
  /** These are never refused: the reason is on record. */
  reason: 'rollback' | 'fix' | null
}

const span = { startAt: z.number(), endAt: z.number().nullable() }

/** Why nothing may be deployed. `endAt` is when that is over by itself; null: it takes somebody, or nobody knows. */
export const Reason = z.discriminatedUnion('reason', [
  z.strictObject({
    reason: z.enum(['shift-change', 'nobody-on-duty']),
    ...span,
    schedule: z.string(),
    changeAt: z.number(),
    unrelieved: z.boolean(),
  }),
  z.strictObject({ reason: z.literal('blackout'), name: z.string(), startAt: z.number(), endAt: z.number() }),
  z.strictObject({
    reason: z.enum(['freeze', 'lock']),
    lock: z.int(),
    /** Null: a rollout that was halted. */
    by: z.string().nullable(),
    why: z.string(),
    ...span,
  }),
  z.strictObject({ reason: z.literal('open-incident'), incident: z.int(), service: z.string(), ...span }),
  z.strictObject({ reason: z.literal('nobody-on-call'), unreachable: z.array(z.string()), ...span }),
  z.strictObject({
    reason: z.enum(['blind', 'silenced-monitor']),
    why: Blindness,
    what: z.string().nullable(),
    ...span,
  }),
  z.strictObject({ reason: z.literal('in-progress'), deploy: z.int(), version: z.string(), ...span }),
  /** Something that the decision is made on is not known, or was not gathered just now. */
  z.strictObject({ reason: z.literal('unknown'), what: z.string(), ...span }),
])
export type Reason = z.infer<typeof Reason>

export const Gate = z.discriminatedUnion('allow', [
  z.strictObject({ allow: z.literal(true), because: z.enum(['free', 'rollback', 'fix']) }),
  z.strictObject({
    allow: z.literal(false),
    reasons: z.array(Reason).min(1),
    /** When the last of these reasons is over; null: not by itself. */
    untilAt: z.number().nullable(),
    /** The next instant from which windows and watches leave room for all of it; null: none is in sight. */
    nextAt: z.number().nullable(),
  }),
])
export type Gate = z.infer<typeof Gate>

/** A freeze or a lock, as far as the gate needs it. */
export interface Barrier {
  id: number
  kind: 'freeze' | 'lock'
  by: string | null
  reason: string
  fromAt: number
  /** Null: until somebody lifts it. */
  untilAt: number | null
}

/** All that the decision is made on. Null is what nobody knows, and denies. */
export interface GateFacts extends Omit<Shifts, 'schedules' | 'handovers'> {
  service: string
  rules: Pick<Rules, 'monitors' | 'services' | 'locations' | 'outwardHeartbeat'> | null
  /** Of the first step of the service's policy. */
  schedules: Shifts['schedules'] | null
  handovers: Shifts['handovers'] | null
  windows: readonly Window[] | null
  barriers: readonly Barrier[] | null
  /** Open ones of the service, and of what it depends on. */
  incidents: readonly { id: number; service: string; openedAt: number }[] | null
  /** Whom the first step would page, and who of them cannot be reached. */
  onCall: { people: readonly string[]; unreachable: readonly string[] } | null
  sight: Sight | null
  silences: readonly Silence[] | null
  /** Rollouts of the service in the environment that are not over. */
  rollouts: readonly { id: number; version: string; startedAt: number }[] | null
  refuseWhen: Rules['gate']['refuseWhen']
}

/** How far ahead a free instant is looked for, and in which strides. */
const HORIZON_MS = 92 * DAY_MS
const STRIDE_MS = 7 * DAY_MS

/**
 * Whether a deploy may begin now, or else every reason why not. Pure and closed: what is not known denies, and so does a defect in here. All
 * of the deploy, the watching included, must miss every window. The one decision that every path asks.
 *
 * @param now UTC ms
 */
export function evaluateDeploy(request: DeployRequest, facts: GateFacts, now: number): Gate {
  if (request.reason !== null) return { allow: true, because: request.reason }
  const lengthMs = Math.max(1, request.estimateMs + request.bakeMs)
  if (!Number.isFinite(lengthMs) || !Number.isFinite(now)) return unknowable('when it would begin and end', 0)
  try {
    return judge(facts, now, lengthMs)
  } catch {
    return unknowable('whether it may: the decision itself failed', now)
  }
}

const unknowable = (what: string, startAt: number): Gate => ({
  allow: false,
  reasons: [{ reason: 'unknown', what, startAt, endAt: null }],
  untilAt: null,
  nextAt: null,
})

function judge(facts: GateFacts, now: number, lengthMs: number): Gate {
  const calendar = calendarOf(facts)
  const missing = unknowns(facts, now)
  const inTheWay = calendar.between(now, now + lengthMs)
  const reasons = [...inTheWay, ...states(facts, now, lengthMs), ...missing]
  if (reasons.length === 0) return { allow: true, because: 'free' }
  const ends = reasons.map(({ endAt }) => endAt)
  const untilAt = ends.includes(null) ? null : Math.max(...ends.map((end) => end ?? now))
  // What nobody knows the windows of, nobody knows the end of either.
  const known =
    facts.schedules !== null && facts.handovers !== null && facts.windows !== null && facts.barriers !== null
  return { allow: false, reasons, untilAt, nextAt: known ? freeFrom(calendar, reasons, now, lengthMs) : null }
}

/** The first instant at which whatever ends has ended, and nothing of the calendar is met. */
function freeFrom(calendar: Calendar, reasons: readonly Reason[], now: number, lengthMs: number): number | null {
  // Whose end nobody knows may be over any moment: from now on the calendar says when.
  let nextAt = Math.max(now, ...reasons.map(({ endAt }) => endAt ?? now))
  while (nextAt <= now + HORIZON_MS) {
    const met = calendar.between(nextAt, nextAt + lengthMs)
    if (met.length === 0) return nextAt
    if (met.some(({ endAt }) => endAt === null)) return null
    nextAt = Math.max(...met.map(({ endAt }) => endAt ?? nextAt))
  }
  return null
}

/** What stands in the calendar: it is known beforehand, and most of it ends by itself. */
export interface Calendar {
  /** Everything that meets [fromAt, toAt), in order of its start. */
  between(fromAt: number, toAt: number): Reason[]
}

export function calendarOf({ schedules, handovers, times, windows, barriers }: GateFacts): Calendar {
  /** Read in strides, each once. */
  const strides = new Map<number, Reason[]>()
  const stride = (n: number): Reason[] => {
    const known = strides.get(n)
    if (known) return known
    const fixed = { schedules: schedules ?? [], handovers: handovers ?? {}, times }
    const read = blackouts(fixed, n * STRIDE_MS, (n + 1) * STRIDE_MS).map(
      (each): Reason => ({ ...each, endAt: Number.isFinite(each.endAt) ? each.endAt : null }),
    )
    strides.set(n, read)
    return read
  }
  const shifts = (fromAt: number, toAt: number): Reason[] => {
    const found = new Map<string, Reason>()
    for (let n = Math.floor(fromAt / STRIDE_MS); n * STRIDE_MS < toAt; n++)
      for (const each of stride(n)) if (meets(each, fromAt, toAt)) found.set(JSON.stringify(each), each)
    return [...found.values()]
  }
  return {
    between(fromAt, toAt) {
      const fixed = (windows ?? []).flatMap((window) => stretches(window, fromAt, toAt))
      const stands = (barriers ?? []).map(
        ({ id, kind, by, reason: why, fromAt: startAt, untilAt: endAt }): Reason => ({
          ...{ reason: kind, lock: id, by, why, startAt, endAt },
        }),
      )
      return [
        ...shifts(fromAt, toAt),
        ...fixed.map((each): Reason => ({ reason: 'blackout', ...each })),
        ...stands.filter((each) => meets(each, fromAt, toAt)),
      ].sort((a, b) => a.startAt - b.startAt)
    },
  }
}

const meets = ({ startAt, endAt }: Pick<Reason, 'startAt' | 'endAt'>, fromAt: number, toAt: number) =>
  startAt < toAt && (endAt === null || endAt > fromAt)

/** How things stand at this moment. */
function states(facts: GateFacts, now: number, lengthMs: number): Reason[] {
  const { service, rules, incidents, onCall, sight, silences, rollouts, refuseWhen } = facts
  const asked = (what: (typeof refuseWhen)[number]) => refuseWhen.includes(what)
  const reachable = onCall?.people.filter((person) => !onCall.unreachable.includes(person)) ?? []
  const blind =
    rules === null || sight === null || silences === null
      ? []
      : blindness(rules, service, sight, silences, { fromAt: now, toAt: now + lengthMs })
  return [
    ...(rollouts ?? []).map(
      ({ id, version, startedAt }): Reason => ({
        ...{ reason: 'in-progress', deploy: id, version, startAt: startedAt, endAt: null },
      }),
    ),
    ...(asked('open_incident') ? (incidents ?? []) : []).map(
      ({ id, service: of, openedAt }): Reason => ({
        ...{ reason: 'open-incident', incident: id, service: of, startAt: openedAt, endAt: null },
      }),
    ),
    ...(asked('nobody_on_call') && onCall !== null && reachable.length === 0
      ? [{ reason: 'nobody-on-call' as const, unreachable: [...onCall.people], startAt: now, endAt: null }]
      : []),
    ...blind
      .filter(({ why }) => asked(why === 'silenced' ? 'silenced_monitor' : 'blind'))
      .map(({ why, what, endAt }): Reason => {
        const reason = why === 'silenced' ? 'silenced-monitor' : 'blind'
        return { reason, why, what, startAt: now, endAt }
      }),
  ]
}

/** What the decision needs and nobody has said; what is too old was never said. */
function unknowns(facts: GateFacts, now: number): Reason[] {
  const { refuseWhen, sight } = facts
  const asked = (...what: (typeof refuseWhen)[number][]) => what.some((each) => refuseWhen.includes(each))
  const needsSight = asked('blind', 'silenced_monitor')
  const stale = sight === null || !(Math.abs(now - sight.at) <= SIGHT_MS)
  const missing: [boolean, string][] = [
    [facts.rules === null, 'what the service is'],
    [facts.schedules === null, 'who has the watch, and when it changes'],
    [facts.handovers === null, 'whether the last watch was taken over'],
    [facts.windows === null, 'the blackouts of the configuration'],
    [facts.barriers === null, 'freezes and locks'],
    [facts.rollouts === null, 'whether another rollout is under way'],
    [asked('open_incident') && facts.incidents === null, 'whether an incident is open'],
    [asked('nobody_on_call') && facts.onCall === null, 'who can be reached'],
    [needsSight && stale, 'what the monitors see at this moment'],
    [needsSight && facts.silences === null, 'what is silenced'],
  ]
  return missing.flatMap(([is, what]): Reason[] => (is ? [{ reason: 'unknown', what, startAt: now, endAt: null }] : []))
}
