import { z } from 'zod'
import type { Draft } from './draft.ts'

/**
 * The things that a file of an export holds, wherever they stand: in a list, a page of a list (`results`, `data`), or under the name by which the
 * API calls them (`schedules`, `schedule`). What they are is told by their own shape.
 */
export function itemsOf(json: unknown, names: readonly string[]): { under: string | null; item: object }[] {
  const found: { under: string | null; item: object }[] = []
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
  const take = (value: unknown, under: string | null): void => {
    if (Array.isArray(value)) for (const each of value) take(each, under)
    else if (isObject(value)) {
      const inner = [...names, 'results', 'data'].filter((name) => Object.hasOwn(value, name) && isObject(value[name]))
      // A thing has an id; what only wraps others has none.
      if (inner.length === 0 || Object.hasOwn(value, 'id')) found.push({ under, item: value })
      else for (const name of inner) take(value[name], names.includes(name) ? name : under)
    }
  }
  take(json, null)
  return found
}

/** Parses an item, or says that it cannot be read, and why. */
export function read<T>(draft: Draft, shape: z.ZodType<T>, item: object, kind: string): T | null {
  const parsed = shape.safeParse(item)
  if (parsed.success) return parsed.data
  const name = 'name' in item ? String(item.name) : 'id' in item ? String(item.id) : ''
  const [issue] = parsed.error.issues
  draft.lost.push({
    what: `${kind} ${name}`.trim(),
    why: `it is not of the shape of the API: ${issue?.path.join('.')} ${issue?.message}`,
    instead: 'export it again, with the API of the version that the command says',
  })
  return null
}

/** Numbers stand for ids in some exports. */
export const Id = z.union([z.string(), z.number().transform(String)])
