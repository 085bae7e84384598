import { capturesOf, happenedAt, type Recorded } from '../../src/domain/fact.ts'
import type { Incident } from '../../src/domain/incident.ts'
import { isOpen } from '../../src/domain/incident.ts'
import { outlook } from '../../src/domain/watch/outlook.ts'
import { duration, plain, when } from '../../src/slack/text.ts'
import { entry, inc, severityMark, standing } from '../../src/slack/words.ts'
import { factsOf, latestIncidents, openIncidents } from '../../src/store/incidents.ts'
import { type Ask, only, type Reply, split, voice } from '../command.ts'
import { asker } from '../oncall/names.ts'
import { find } from './find.ts'

/** Entries of the timeline that `show` prints; the channel has them all. */
const ENTRIES = 15
/** Resolved incidents that `list` prints. */
const LATEST = 5

export async function list(ask: Ask): Promise<Reply> {
  const { pool } = ask.deps.store
  const me = asker(ask)
  const open = await openIncidents(pool, me)
  const latest = (await latestIncidents(pool, open.length + LATEST, me))
    .filter((each) => !isOpen(each))
    .slice(0, LATEST)
  const lines = [
    open.length === 0 ? ':large_green_circle: No open incident.' : `*Open (${open.length})*`,
    ...open.map((each) => line(ask, each)),
    ...(latest.length > 0 ? ['*Latest*', ...latest.map((each) => line(ask, each))] : []),
  ]
  return only(lines.join('\n'))
}

function line(ask: Ask, each: Incident): string {
  const mark = isOpen(each) ? severityMark[each.severity] : ':white_check_mark:'
  const channel = each.channel ? ` · <#${each.channel.id}|${each.channel.name}>` : ''
  const hidden = each.private ? ' · :lock: private' : ''
  const { zone } = ask.deps.rules()
  const age = isOpen(each)
    ? `for ${duration(ask.now - each.openedAt)}`
    : `${when(each.openedAt, zone, '{date_short_pretty} {time}')}, took ${duration((each.resolvedAt ?? ask.now) - each.openedAt)}`
  return `${mark} *${inc(each.id)}* ${plain(each.title)} · ${owner(each)} · ${age}${channel}${hidden}`
}

function owner({ state, ackedBy, mergedInto }: Incident): string {
  if (mergedInto !== null) return `merged into ${inc(mergedInto)}`
  if (state === 'acked') return `${ackedBy} has it`
  if (state === 'resolved') return 'resolved'
  return state === 'exhausted' ? '*nobody answered*' : '*nobody has it yet*'
}

export async function show(ask: Ask, rest: string): Promise<Reply> {
  const [word] = split(rest)
  const found = await find(ask, word)
  const { rules } = voice(ask)
  const facts = await factsOf(ask.deps.store.pool, found.id)
  const entries = asTheyStand(facts).flatMap((fact) => {
    const text = entry(voice(ask), fact)
    return text === null ? [] : [`${when(happenedAt(fact), rules.zone, '{time_secs}')}  ${text}`]
  })
  const left = entries.length > ENTRIES ? [`_${entries.length - ENTRIES} earlier entries are in the channel._`] : []
  const head = `*${inc(found.id)}* ${plain(found.title)} · ${found.severity} · ${found.status}${found.channel ? ` · <#${found.channel.id}|${found.channel.name}>` : ''}`
  const links = found.links.length > 0 ? [`:link: ${found.links.map(inc).join(', ')}`] : []
  return only(
    [head, standing(voice(ask), found, outlook(found, rules)), ...links, ...left, ...entries.slice(-ENTRIES)].join(
      '\n',
    ),
  )
}

/** In the order in which it happened; what was said as it was said last, unless it was taken off again. */
function asTheyStand(facts: readonly Recorded[]): Recorded[] {
  const captures = new Map(capturesOf(facts).map((captured) => [captured.fact, captured]))
  const standing = facts.flatMap((fact): Recorded | [] => {
    if (fact.type !== 'captured') return fact
    const now = captures.get(fact.id)
    return now ? { ...fact, said: { ...fact.said, text: now.text, files: now.files } } : []
  })
  return standing.sort((a, b) => happenedAt(a) - happenedAt(b) || a.id - b.id)
}
