/** Instants beyond these are no instants of anything that is watched: 2000 to 2199, UTC ms. */
const [EARLIEST, LATEST] = [946_684_800_000, 7_258_118_400_000]

/** An instant as senders write it, in UTC ms: ISO 8601 with its offset, or UTC milliseconds. Null when they leave it out, undefined for what is none. */
export function instant(value: unknown): number | null | undefined {
  if (value === null) return null
  const isZoned = typeof value === 'string' && /(?:Z|[+-]\d\d:?\d\d)$/.test(value)
  const at = typeof value === 'number' ? Math.floor(value) : isZoned ? Date.parse(value) : Number.NaN
  return at >= EARLIEST && at <= LATEST ? at : undefined
}
