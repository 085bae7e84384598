/** Slack's rate limits as token buckets, in machine time. */

/** Calls a minute; a minute's worth may come at once. */
const PER_MINUTE: Record<string, number> = {
  Tier1: 1,
  Tier2: 20,
  Tier3: 50,
  Tier4: 100,
  SpecialTier_auth_test: 600,
  SpecialTier_chat_getPermalink: 600,
}

/** chat.postMessage: one a second to a channel, a few more in a burst. */
const POSTS_PER_MINUTE = 60
const POSTS_AT_ONCE = 4

interface Bucket {
  tokens: number
  at: number
}

export type Limits = Map<string, Bucket>

/** Takes one call. 0 when it may go on, else the seconds that Retry-After says. */
export function take(limits: Limits, method: string, tier: string | null, channel: string, nowMs: number): number {
  const posting = tier === 'SpecialTier_chat_postMessage'
  const perMinute = posting ? POSTS_PER_MINUTE : (PER_MINUTE[tier ?? ''] ?? Number.POSITIVE_INFINITY)
  if (!Number.isFinite(perMinute)) return 0
  const size = posting ? POSTS_AT_ONCE : perMinute
  const key = posting ? `${method} ${channel}` : method
  const bucket = limits.get(key) ?? { tokens: size, at: nowMs }
  const perMs = perMinute / 60_000
  const tokens = Math.min(size, bucket.tokens + (nowMs - bucket.at) * perMs)
  limits.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: nowMs })
  return tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - tokens) / perMs / 1000))
}
