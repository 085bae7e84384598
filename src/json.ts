import { withoutSecrets } from './secrets.ts'

/** JSON that Postgres takes: NUL and lone surrogates, which alert texts do contain, are taken out of strings. */
export function storable(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => (typeof v === 'string' ? bare(v) : v))
}

/** The same for what goes on record and from there to people: without the secrets that were in it. */
export function recordable(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => (typeof v === 'string' ? withoutSecrets(bare(v)) : v))
}

const bare = (text: string) => text.toWellFormed().replaceAll('\0', '')

/** JSON with sorted keys: the same value is the same text, whatever way it went. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) =>
    v !== null && typeof v === 'object' && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  )
}

/** What a text says as JSON; undefined when it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
