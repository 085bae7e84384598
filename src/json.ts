/** JSON that Postgres takes: NUL and lone surrogates, which alert texts do contain, are taken out of strings. */
export function storable(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => (typeof v === 'string' ? v.toWellFormed().replaceAll('\0', '') : v))
}

/** JSON with sorted keys: the same value is the same text, whatever way it went. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) =>
    v !== null && typeof v === 'object' && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  )
}
