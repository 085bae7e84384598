import { DateTime, FixedOffsetZone } from 'luxon'

/** Foreign text in mrkdwn: Slack's three control characters, so that nothing in it can mention, link or format. */
export const escapeText = (text: string) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    // Slack may read these as mentions though they are bare.
    .replaceAll(/@(?=(?:channel|here|everyone)\b)/gi, '@\u200b')

/**
 * What somebody typed, as they saw it: Slack sends `<@U07|sam>` for `@sam`, `<#C07|ops>` for `#ops`, `<https://x>` for an address, and the
 * three control characters escaped. The result is foreign text like any other.
 */
export const typed = (text: string) =>
  text
    .replaceAll(/<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>/g, (_, sign: string, what: string, label = '') => {
      if (sign === '!') return label || `@${what.replace(/\^.*$/, '')}`
      if (sign !== '') return `${sign}${label || what}`
      return label === '' || what.endsWith(label) ? what.replace(/^mailto:/, '') : `${label} (${what})`
    })
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')

/** The Slack id in `<@U07|sam>`, which Slack makes of `@sam`; undefined where a word is anything else. */
export const mentioned = (word: string) => /^<@([A-Z0-9]+)(?:\|[^>]*)?>$/.exec(word)?.[1]

/** Slack shows no longer text in one place. What is far too long is cut before it is escaped: megabytes would hold up everything. */
const LONGEST = 3_000

/** Foreign text inside backticks: its own backticks would end the span. */
export const code = (text: string) => `\`${escapeText(cut(text, LONGEST)).replaceAll('`', 'ʼ').replaceAll('\n', ' ')}\``

/** Formatting characters of foreign text made harmless, for places where it stands in running mrkdwn. */
export const plain = (text: string) => escapeText(cut(text, LONGEST)).replaceAll(/[*_~`]/g, (mark) => `${mark}\u200b`)

/** Cuts to `length` characters, with an ellipsis; never through a character, an escape or a mention. */
export const cut = (text: string, length: number) =>
  text.length <= length ? text : `${text.slice(0, length - 1).replace(/(?:[\uD800-\uDBFF]|&[a-z]{0,3}|<[^<>]*)$/, '')}…`

export const mention = (slackId: string) => `<@${slackId}>`

/** British English: it names Europe's zones (`CET`), where American English counts hours from Greenwich. */
export const local = (at: number, zone: string) => DateTime.fromMillis(at, { zone, locale: 'en-GB' })

const namers = new Map<string, Intl.DateTimeFormat>()

/** `CET`, as luxon's ZZZZ has it; luxon makes a formatter anew for each, which takes longer than all else in a message. */
function zoneName(time: DateTime): string {
  if (time.zone.isUniversal) return time.offsetNameShort ?? ''
  const { name } = time.zone
  const namer = namers.get(name) ?? new Intl.DateTimeFormat('en-GB', { timeZone: name, timeZoneName: 'short' })
  namers.set(name, namer)
  return namer.formatToParts(time.toMillis()).find(({ type }) => type === 'timeZoneName')?.value ?? ''
}

/** A time that every reader sees in their own zone; the fallback is in `zone`. */
export function when(at: number, zone: string, format = '{time}'): string {
  const time = local(at, zone)
  return `<!date^${Math.floor(at / 1_000)}^${format}|${time.toFormat('HH:mm')} ${zoneName(time)}>`
}

/** A time for plain text, in a zone that is named: `07:52 CET`; with the day when it is not today's. */
export function clockTime(at: number, zone: string, now: number): string {
  const time = local(at, zone)
  const sameDay = time.hasSame(local(now, zone), 'day')
  return `${time.toFormat(sameDay ? 'HH:mm' : 'ccc d LLL HH:mm')} ${zoneName(time)}`
}

/** A time that leaves nothing to guess, for what is about to be done: `Mon 23 Nov 2026 14:00 UTC+01:00`. */
export const fullTime = (at: number, zone: string) => local(at, zone).toFormat("ccc d LLL yyyy HH:mm 'UTC'ZZ")

/** From when to when, the day and the offset said once where they are the same: `Mon 23 Nov 2026 14:00 – 18:00 UTC+01:00`. */
export function fullRange(startAt: number, endAt: number, zone: string): string {
  const [start, end] = [local(startAt, zone), local(endAt, zone)]
  const sameOffset = start.offset === end.offset
  const from = start.toFormat(sameOffset ? 'ccc d LLL yyyy HH:mm' : "ccc d LLL yyyy HH:mm 'UTC'ZZ")
  return `${from} – ${end.toFormat(start.hasSame(end, 'day') ? "HH:mm 'UTC'ZZ" : "ccc d LLL yyyy HH:mm 'UTC'ZZ")}`
}

/** `14:00` */
export const clock = (at: number, zone: string) => local(at, zone).toFormat('HH:mm')

/** `November 2026`, of a wall time. */
export const monthName = (wall: number) => local(wall, 'utc').toFormat('LLLL yyyy')

/** `+01:00`, of milliseconds by which a clock is ahead of UTC. */
export const offset = (ms: number) => FixedOffsetZone.instance(ms / 60_000).formatOffset(0, 'short')

/** `45 s`, `5 min`, `2 h 10 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60)
    return seconds % 60 && minutes < 3 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`
  return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${Math.floor(hours / 24)} d`
}

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

/** Names in one sentence, for whoever typed another: of many the first. */
export const knownNames = (all: readonly string[]): string =>
  list(all.length > KNOWN_SHOWN ? [...all.slice(0, KNOWN_SHOWN).map(code), 'others'] : all.map(code))

const KNOWN_SHOWN = 20

/** An instant with its day, unless it is less than half a day away. */
export const nearTime = (at: number, zone: string, now: number) =>
  when(at, zone, Math.abs(at - now) < HALF_DAY_MS ? '{time}' : '{date_short_pretty} {time}')
const HALF_DAY_MS = 12 * 3_600_000

/** What somebody gave as their reason. */
export const reasonGiven = (reason: string) => `_${plain(cut(reason, 300))}_`
