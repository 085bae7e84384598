import { z } from 'zod'
import { recordOf } from './reader.ts'
import { keysAt } from './sentences.ts'

/**
 * One of two shapes, by what is written. (A union would say of everything that is wrong in either that it is "invalid input".)
 *
 * @param isSecond asked about mappings; whatever is none is judged by the first shape
 */
export function either<A extends z.ZodType, B extends z.ZodType>(
  first: A,
  second: B,
  isSecond: (value: Record<string, unknown>) => boolean,
) {
  return z.unknown().transform((value, context): z.output<A> | z.output<B> => {
    const record = recordOf(value)
    const shape = record !== null && isSecond(record) ? second : first
    const result = shape.safeParse(value)
    if (result.success) return result.data
    for (const issue of result.error.issues) {
      const keys = issue.code === 'unrecognized_keys' ? keysAt(shape, issue.path) : null
      // Whoever misspells the key that chooses the second shape is judged by the first, and is told of it.
      const also = shape === first && issue.path.length === 0 ? keysAt(second, []) : []
      context.addIssue({ ...issue, ...(keys && { allowed: [...new Set([...keys, ...also])] }) })
    }
    return z.NEVER
  })
}
