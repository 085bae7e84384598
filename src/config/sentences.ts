import type { z } from 'zod'
import type { Source } from './document.ts'
import { SECTIONS, type Section, SINGULAR } from './names.ts'
import type { Path, Position } from './problem.ts'
import { didYouMean } from './suggest.ts'

/** Every sentence about a shape: from what zod found to what the operator reads, and where. */

export interface Finding extends Position {
  message: string
}

/** @param base where in the file `schema` was applied */
export function findings(issue: z.core.$ZodIssue, base: Path, source: Source, schema: z.ZodType): Finding[] {
  const path = [...base, ...issue.path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment))]
  if (source.isBroken(path)) return []
  const at = source.valueAt(path)
  switch (issue.code) {
    case 'custom':
      return [{ ...at, message: sentence(path, issue.message, source, issue.params?.whole === true) }]
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        ...source.keyAt([...path, key]),
        message: unknownKey([...path, key], allowedIn(issue) ?? keysAt(schema, issue.path), source),
      }))
    case 'invalid_type':
      return [{ ...at, message: sentence(path, wrongType(issue.expected, path, source), source) }]
    case 'too_small':
      return [{ ...at, message: sentence(path, `is an empty list: ${why(path) ?? 'name at least one'}`, source) }]
    case 'too_big':
      return [{ ...at, message: sentence(path, `is a list of more than ${issue.maximum}`, source) }]
    default:
      return [{ ...at, message: sentence(path, `cannot be used: ${issue.message}`, source) }]
  }
}

/**
 * What is wrong with the thing at `path`.
 *
 * @param predicate continues the name of the thing; `{it}` and `{name}` stand for the value as it was written, quoted or bare
 * @param whole whether it speaks of what is around the value (`policy "mail", step 1 pages …`)
 */
export function sentence(path: Path, predicate: string, source: Source, whole = false): string {
  const { thing, key } = subject(path, source)
  const written = source.written(path)
  // Replaced by functions: in a replacement text `$&` would be an instruction, and the value is the operator's.
  const said = predicate.replaceAll('{it}', () => written).replaceAll('{name}', () => written.replaceAll('"', ''))
  return key === '' || whole ? `${thing} ${said}` : `${thing}: ${key} ${said}`
}

export function unknownKey(path: Path, allowed: string[], source: Source): string {
  const key = String(path.at(-1))
  const { thing, key: around } = subject(path.slice(0, -1), source)
  const where = [thing, around].filter((part) => part !== '').join(': ')
  const near = didYouMean(key, allowed)
  const hint = near === '' && allowed.length > 0 ? `; allowed are ${allowed.join(', ')}` : near
  return `${where === '' ? '' : `${where}: `}${key.slice(0, 60)} is not a key ${where === '' ? 'of a configuration' : 'here'}${hint}`
}

/** Lists whose elements are things of their own, and what such a thing is called. */
const ELEMENTS: Record<string, string> = {
  steps: 'step',
  layers: 'layer',
  contact: 'contact',
  hours: 'hours',
  sources: 'source',
  blackouts: 'blackout',
}

/** The thing that a path leads to, in the operator's words, and the key within it. */
function subject(path: Path, source: Source): { thing: string; key: string } {
  const section = path[0]
  if (section === undefined) return { thing: '', key: '' }
  const named = SECTIONS.includes(section as Section) && path.length > 1
  const things = [named ? `${SINGULAR[section as Section]} "${String(path[1]).slice(0, 60)}"` : String(section)]
  const keys: string[] = []
  for (let index = named ? 2 : 1; index < path.length; index++) {
    const segment = path[index]
    if (typeof segment === 'number') continue
    const element = path[index + 1]
    const word = Object.hasOwn(ELEMENTS, String(segment)) ? ELEMENTS[String(segment)] : undefined
    if (word === undefined || typeof element !== 'number') keys.push(String(segment))
    else things.push(`${word} ${nameOf([...path.slice(0, index + 2), 'name'], source) ?? element + 1}`)
  }
  return { thing: things.join(', '), key: keys.join('.') }
}

/** Only things that have a name of their own have one here: everything else is counted. */
function nameOf(path: Path, source: Source): string | null {
  const value = path.reduce<unknown>(
    (around, segment) => (isRecordOrList(around) && Object.hasOwn(around, segment) ? around[segment] : undefined),
    source.value,
  )
  return typeof value === 'string' && value !== '' ? source.written(path) : null
}

function isRecordOrList(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null
}

function wrongType(expected: string, path: Path, source: Source): string {
  const what = expected === 'array' ? 'a list such as [a, b]' : 'a mapping, with one key: value on each line'
  const reason = why(path)
  if (source.has(path) && source.written(path) !== 'nothing') return `must be ${what}, not {it}`
  return reason === null ? `is missing or empty: it must be ${what}` : `is missing: ${reason}`
}

function why(path: Path): string | null {
  switch (path.at(-1)) {
    case 'fallback':
      return 'a policy must end in people, who are paged when nobody on duty answers'
    case 'steps':
      return 'a policy needs at least one step that pages somebody'
    case 'page':
      return 'name the people and schedules that the step pages'
    case 'layers':
      return 'a schedule needs at least one layer that says who is on duty'
    case 'hours':
      return 'the layer would never cover anything; leave hours out for the whole day'
    default:
      return null
  }
}

/** An issue of a shape that was chosen by what is written brings its keys with it: the schema around cannot know which it was. */
const allowedIn = (issue: object): string[] | undefined => (issue as { allowed?: string[] }).allowed

/** The keys that a schema allows in the mapping at `path`. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: z.core.$ZodType | undefined = schema
  const inner = (): z.core.$ZodTypeDef & Record<string, unknown> => {
    let def = (at as z.core.$ZodType)._zod.def as z.core.$ZodTypeDef & Record<string, unknown>
    while (def.innerType ?? def.out) {
      def = ((def.innerType ?? def.out) as z.core.$ZodType)._zod.def as typeof def
    }
    return def
  }
  for (const segment of path) {
    const def = inner()
    at = def.type === 'array' ? (def.element as z.core.$ZodType) : shapeOf(def)[String(segment)]
    if (!at) return []
  }
  return Object.keys(shapeOf(inner()))
}

function shapeOf(def: Record<string, unknown>): Record<string, z.core.$ZodType | undefined> {
  return (def.shape as Record<string, z.core.$ZodType> | undefined) ?? {}
}
