import { z } from 'zod'
import { HERE, type Location, RETURN_MS, type Rules } from '../domain/rules.ts'
import { tokenDigest } from '../tokens.ts'
import { duration, formatDuration, leaf, listOf, mustBe, ok, oneOf, type Read, text } from './leaf.ts'
import { type Context, reference, slackChannel } from './names.ts'
import { cidr, url } from './targets.ts'
import { instantOf, type Moment, moment, weeklyMoment } from './times.ts'

/** Sections that are one of a kind. Those that nothing uses yet are validated all the same, so that a file stays right. */

export function networkShape() {
  return z.strictObject({ allow_private: z.array(cidr).max(100).default([]) })
}

export function locationShape(name: string) {
  // The process itself is a location without a token; the others must show one.
  return name === HERE ? z.strictObject({}) : z.strictObject({ token: text('the token that the prober there shows') })
}

export const toLocations = (shapes: Map<string, { token?: string }>): Rules['locations'] =>
  Object.fromEntries(
    [...shapes].flatMap(([name, { token }]): [string, Location][] =>
      token === undefined ? [] : [[name, { name, digest: tokenDigest(name, token) }]],
    ),
  )

const EDGE = 'a weekday and a time such as "Fri 16:00", or a date and time such as 2026-11-27T00:00'

/** Where a blackout begins or ends: each week, or once. */
const edge = leaf(EDGE, (value): Read<{ weekly: boolean; moment: Moment | null }> => {
  if (typeof value === 'string' && weeklyMoment.test(value)) return ok({ weekly: true, moment: null })
  if (typeof value !== 'string' || !/^\d{4}-/.test(value)) return mustBe(EDGE)
  const read = moment.safeParse(value)
  if (read.success) return ok({ weekly: false, moment: read.data })
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
    .superRefine(({ from, to }, refinement) => {
      const refuse = (message: string) => refinement.addIssue({ code: 'custom', path: ['to'], message })
      if (from.weekly !== to.weekly) {
        refuse('is {it}, but from and to must both be dates, or both a weekday and a time')
      } else if (from.moment && to.moment && instantOf(to.moment, zone) <= instantOf(from.moment, zone)) {
        refuse('is {it}, which is not after from')
      }
    })
  const reasons = oneOf('open_incident', 'blind', 'nobody_on_call', 'silenced_monitor')
  return z.strictObject({
    shift_change: z.strictObject({ before: pause, after: pause, settle: pause }).optional(),
    blackouts: z.array(blackout).max(1_000).optional(),
    refuse_when: z.array(reasons).max(4).optional(),
    override: z
      .strictObject({ by: reference('roles', context), reason: oneOf('required', 'optional').optional() })
      .optional(),
  })
}

const DEFAULT_NOTICE_MS = 600_000

export function silencesShape() {
  return z
    .strictObject({
      max: duration('1m', '30d').optional(),
      notice_before_end: duration('0s', '24h').default(DEFAULT_NOTICE_MS),
      return_within: duration('1s', '24h').default(RETURN_MS),
    })
    .superRefine((silences, refinement) => {
      if (silences.max === undefined || silences.notice_before_end < silences.max) return
      const message = `must be shorter than max (${formatDuration(silences.max)}), not {it}`
      refinement.addIssue({ code: 'custom', path: ['notice_before_end'], message })
    })
}

/** A silence that nobody has bounded ends within a day. */
const DEFAULT_MAX_MS = 86_400_000

export const toSilences = (shape: z.infer<ReturnType<typeof silencesShape>> | undefined): Rules['silences'] => ({
  maxMs: shape?.max ?? DEFAULT_MAX_MS,
  noticeMs: shape?.notice_before_end ?? DEFAULT_NOTICE_MS,
  returnMs: shape?.return_within ?? RETURN_MS,
})

export function outwardHeartbeatShape(context: Context) {
  return z.strictObject({
    url: url(context.network),
    every: duration('1s', '1d'),
    drill_to: personOrChannel(context).optional(),
  })
}

/** Who or what takes the pages of drills: they should wake nobody. */
const personOrChannel = (context: Context) =>
  leaf('the name of a person or the id of a Slack channel such as C02ABCDEF', (value): Read<DrillTo> => {
    const channel = slackChannel.safeParse(value)
    if (channel.success) return ok({ channel: channel.data })
    const person = reference('people', context, 'pages').safeParse(value)
    if (person.success) return ok({ person: person.data })
    return { wrong: person.error.issues[0]?.message ?? 'must be the name of a person or of a channel', whole: true }
  })

type DrillTo = NonNullable<NonNullable<Rules['outwardHeartbeat']>['drillTo']>
