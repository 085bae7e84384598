import { z } from 'zod'
import { USUAL_ROLES } from '../domain/response.ts'
import { Rules } from '../domain/rules.ts'
import { duration, leaf, listOf, matching, mustBe, ok, parseDuration, type Read, text } from './leaf.ts'
import { slackChannel, wrongName } from './names.ts'

/** How people work on incidents: roles, how often an update is due, and which emoji put a message on the timeline. */

const MOST_ROLES = 20
const MOST_EMOJI = 10

const INSTRUCTIONS = 'what the holder of the role is told'

const roles = leaf('a mapping of roles, each with what its holder is told', (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { wrong: `must be a mapping, one role: ${INSTRUCTIONS} on each line, not {it}` }
  const entries = Object.entries(value)
  if (entries.length > MOST_ROLES) return { wrong: `has ${entries.length} roles; at most ${MOST_ROLES} are of use` }
  const instructions = text(INSTRUCTIONS, 1_000)
  for (const [name, told] of entries) {
    const wrong = wrongName(name)
    if (wrong !== null) return { wrong: `has the role "${name}", which ${wrong}` }
    const read = instructions.safeParse(told)
    if (!read.success) return { wrong: `: ${name} ${read.error.issues[0]?.message ?? 'is wrong'}` }
  }
  return ok(value as Record<string, string>)
})

const QUIET = 'a duration between 1h and 52w, or never'
const [LEAST_QUIET_MS, MOST_QUIET_MS] = [3_600_000, 52 * 7 * 86_400_000]
const archiveAfter = leaf(QUIET, (value): Read<number | null> => {
  if (value === 'never') return ok(null)
  const ms = parseDuration(value)
  return ms !== null && ms >= LEAST_QUIET_MS && ms <= MOST_QUIET_MS ? ok(ms) : mustBe(QUIET)
})

export function incidentsShape() {
  const every = duration('1m', '7d').optional()
  const emoji = matching(/^[a-z0-9_+'-]{1,100}$/, 'the name of an emoji without colons, such as pushpin')
  return z.strictObject({
    roles: roles.optional(),
    update_every: z.strictObject({ critical: every, error: every, warning: every, info: every }).optional(),
    capture_with: listOf(emoji, MOST_EMOJI).optional(),
    archive_after: archiveAfter.optional(),
    digest: slackChannel.optional(),
  })
}

export function toIncidents(shape: z.infer<ReturnType<typeof incidentsShape>> | undefined): Rules['incidents'] {
  const every = Object.entries(shape?.update_every ?? {}).filter(([, ms]) => ms !== undefined)
  return Rules.shape.incidents.parse({
    roles: { ...USUAL_ROLES, ...shape?.roles },
    updateEveryMs: Object.fromEntries(every),
    ...(shape?.capture_with ? { captureWith: shape.capture_with } : {}),
    ...(shape?.archive_after === undefined ? {} : { archiveAfterMs: shape.archive_after }),
    digestChannel: shape?.digest ?? null,
  })
}
