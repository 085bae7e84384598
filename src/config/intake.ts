import { z } from 'zod'
import { Intake, type Labels } from '../domain/intake.ts'
import { Severity } from '../domain/severity.ts'
import { integer, leaf, listOf, ok, oneOf, type Read, text } from './leaf.ts'
import { type Context, reference } from './names.ts'
import { pattern } from './pattern.ts'

/** Alerts of other systems: where they belong, how many are taken, and how mails are read. */

const MOST_ROUTES = 500
const MOST_LABELS = 20
const LONGEST = 200

/** Labels and what they must be; numbers as they are written. */
export const when = leaf('a mapping of labels, each with its value', (value): Read<Labels> => {
  const entries = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
  if (entries.length === 0)
    return { wrong: 'must be a mapping of labels, one name: value on each line (* is any text)' }
  if (entries.length > MOST_LABELS) return { wrong: `has ${entries.length} labels; at most ${MOST_LABELS} are of use` }
  for (const [name, given] of entries) {
    if (!['string', 'number', 'boolean'].includes(typeof given))
      return { wrong: `: ${name} must be text; * stands for any` }
    if (name.length > LONGEST || String(given).length > LONGEST)
      return { wrong: `has a name or a value of more than ${LONGEST} characters` }
  }
  return ok(Object.fromEntries(entries.map(([name, given]) => [name, String(given)])))
})

export function intakeShape(context: Context) {
  const route = z
    .strictObject({
      when,
      service: reference('services', context, 'leads to').optional(),
      severity: oneOf(...Severity.options).optional(),
    })
    .refine(({ service, severity }) => service !== undefined || severity !== undefined, {
      message: 'says nothing: give it a service, a severity, or both',
    })
  return z.strictObject({
    routes: listOf(route, MOST_ROUTES).optional(),
    quota: integer(10, 10_000_000).optional(),
    mail: z
      .strictObject({
        key: pattern.optional(),
        resolved: pattern.optional(),
        mailgun: z.strictObject({ key: text('the HTTP webhook signing key of Mailgun') }).optional(),
      })
      .optional(),
  })
}

export function toIntake(shape: z.infer<ReturnType<typeof intakeShape>> | undefined): Intake {
  const { routes = [], quota, mail } = shape ?? {}
  return Intake.parse({
    routes: routes.map(({ when: labels, service = null, severity = null }) => ({ when: labels, service, severity })),
    ...(quota !== undefined && { quota }),
    mail: { key: mail?.key ?? null, resolved: mail?.resolved ?? null, mailgun: mail?.mailgun?.key ?? null },
  })
}
