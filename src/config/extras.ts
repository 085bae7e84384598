import { z } from 'zod'
import { HERE, type Location, RETURN_MS, type Rules } from '../domain/rules.ts'
import { tokenDigest } from '../tokens.ts'
import { duration, formatDuration, leaf, ok, type Read, text } from './leaf.ts'
import { type Context, reference, slackChannel } from './names.ts'
import { cidr, url } from './targets.ts'

/** Sections that are one of a kind. */

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
