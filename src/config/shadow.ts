import { z } from 'zod'
import type { Rules } from '../domain/rules.ts'
import { listOf } from './leaf.ts'
import { type Context, reference, slackChannel } from './names.ts'

/** What is only tried out beside another pager: where it is said, and of what. */

const MOST = 1_000

export const shadowShape = (context: Context) =>
  z.strictObject({
    channel: slackChannel,
    services: listOf(reference('services', context), MOST).optional(),
    policies: listOf(reference('policies', context), MOST).optional(),
  })

/** Without services and policies it is everything. */
export const toShadow = ({
  channel,
  services,
  policies,
}: z.infer<ReturnType<typeof shadowShape>>): NonNullable<Rules['shadow']> => ({
  channel,
  services: services ?? (policies === undefined ? null : []),
  policies: policies ?? (services === undefined ? null : []),
})
