/** Times as people read them, in the zone of the person who looks. Pure; instants are UTC milliseconds. */

/** Milliseconds of a Slack `ts`. */
export function instantOf(ts: string): number {
  return Math.round(Number(ts) * 1000)
}

const formats = new Map<string, Intl.DateTimeFormat>()

function format(at: number, zone: string, options: Intl.DateTimeFormatOptions): string {
  const key = zone + JSON.stringify(options)
  const known = formats.get(key) ?? new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zoneOrUtc(zone) })
  formats.set(key, known)
  return known.format(at)
}

function zoneOrUtc(zone: string): string {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: zone }).resolvedOptions().timeZone
  } catch {
    return 'UTC'
  }
}

/** `07:52`. */
export function clockTime(at: number, zone: string): string {
  return format(at, zone, { hour: '2-digit', minute: '2-digit' })
}

function clockSeconds(at: number, zone: string): string {
  return format(at, zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
}

/** `07:52:31.004`, for what happens within a second. */
export function clockMillis(at: number, zone: string): string {
  return format(at, zone, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 })
}

/** `Thursday, 15 March 2018 at 07:52:31 CET`. */
export function fullTime(at: number, zone: string): string {
  const day = format(at, zone, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
  const time = format(at, zone, { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short' })
  return `${day.replace(/^(\p{L}+),? /u, '$1, ')} at ${time}`
}

/** `2018-03-15`: equal for two instants of the same day in that zone. */
export function dayKey(at: number, zone: string): string {
  return format(at, zone, { year: 'numeric', month: '2-digit', day: '2-digit' }).split('/').reverse().join('-')
}

/** Today, yesterday or tomorrow, where it is one of them. */
function relativeDay(at: number, now: number, zone: string): 'today' | 'yesterday' | 'tomorrow' | null {
  const days = (Date.parse(dayKey(at, zone)) - Date.parse(dayKey(now, zone))) / 86_400_000
  if (days === 0) return 'today'
  if (days === -1) return 'yesterday'
  return days === 1 ? 'tomorrow' : null
}

/** The label between two days of a channel: `Today`, `Yesterday`, `Thursday, 15 March`, with the year where it is another one. */
export function dayLabel(at: number, now: number, zone: string): string {
  const near = relativeDay(at, now, zone)
  if (near) return near.charAt(0).toUpperCase() + near.slice(1)
  const sameYear = dayKey(at, zone).slice(0, 4) === dayKey(now, zone).slice(0, 4)
  const day = format(at, zone, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(sameYear ? {} : { year: 'numeric' }),
  })
  return day.replace(/^(\p{L}+),? /u, '$1, ')
}

/** `3 minutes ago`, `in 2 hours`. */
export function ago(at: number, now: number): string {
  const units: [Intl.RelativeTimeFormatUnit, number][] = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1000],
  ]
  const words = new Intl.RelativeTimeFormat('en-GB', { numeric: 'always' })
  const [unit, size] = units.find(([, ms]) => Math.abs(at - now) >= ms) ?? ['second', 1000]
  return words.format(Math.trunc((at - now) / size), unit)
}

/**
 * Slack's `<!date^…^format|fallback>`: fills the tokens of `format`. Null when it holds a token that Slack does not know, so that the
 * caller shows the fallback, as Slack does.
 */
export function slackDate(at: number, pattern: string, zone: string, now: number): string | null {
  let known = true
  const filled = pattern.replace(/\{(\w+)\}/g, (_, token: string) => {
    const value = dateToken(token, at, zone, now)
    if (value === null) known = false
    return value ?? ''
  })
  return known ? filled : null
}

function dateToken(token: string, at: number, zone: string, now: number): string | null {
  const base = token.replace(/_pretty$/, '')
  const near = base === token ? null : relativeDay(at, now, zone)
  switch (base) {
    case 'date_num':
      return dayKey(at, zone)
    case 'date':
      return near ?? format(at, zone, { day: 'numeric', month: 'long', year: 'numeric' })
    case 'date_short':
      return near ?? format(at, zone, { day: 'numeric', month: 'short', year: 'numeric' })
    case 'date_long':
      return near ?? format(at, zone, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
    case 'day_divider':
      return dayLabel(at, now, zone)
    case 'time':
      return clockTime(at, zone)
    case 'time_secs':
      return clockSeconds(at, zone)
    case 'ago':
      return ago(at, now)
    default:
      return null
  }
}

/** `2018-03-15T07:52`: the wall clock of that zone, as a browser's field holds it. */
export function wallTime(at: number, zone: string): string {
  return `${dayKey(at, zone)}T${clockTime(at, zone)}`
}

/** The instant of a wall-clock time in that zone, the earlier where it comes twice; NaN when it is none. */
export function instantOfWall(wall: string, zone: string): number {
  const asUtc = Date.parse(`${wall}Z`)
  if (Number.isNaN(asUtc)) return asUtc
  // What the zone's clock shows at an instant tells the offset there; two tries find it on both sides of a change.
  const shift = (at: number) => Date.parse(`${wallTime(at, zone)}Z`) - at
  const tries = [asUtc - shift(asUtc - DAY_MS), asUtc - shift(asUtc + DAY_MS)]
  const right = tries.filter((at) => wallTime(at, zone) === wall)
  return Math.min(...(right.length > 0 ? right : tries))
}

const DAY_MS = 86_400_000
