import { outlook } from '../../src/domain/watch/outlook.ts'
import { auditOf, readRecord } from '../../src/record.ts'
import { missBlocks, missTask, postmortemAnswer } from '../../src/slack/postmortem.ts'
import { staleAnswer } from '../../src/slack/roster-words.ts'
import { code, cut, plain, typed } from '../../src/slack/text.ts'
import { timelinePage } from '../../src/slack/timeline.ts'
import { inc, standing } from '../../src/slack/words.ts'
import { incidentOfChannel } from '../../src/store/incidents.ts'
import { type Ask, only, type Reply, SHOWN_BEFORE, split, voice } from '../command.ts'
import type { Confirmed } from '../oncall/propose.ts'
import { find, wrong } from './find.ts'

/** Everything that happened, in pages: the last one unless another is asked for. */
export async function timeline(ask: Ask, rest: string): Promise<Reply> {
  const [first, second] = split(rest)
  // In an incident's own channel a number alone is the page; elsewhere it names the incident.
  const here =
    second === '' && /^\d{1,3}$/.test(first) ? await incidentOfChannel(ask.deps.store.pool, ask.channel) : null
  const [word, asked] = here ? ['', first] : [first, second]
  if (asked !== '' && !/^\d{1,4}$/.test(asked))
    throw wrong(
      `${code(cut(typed(asked), 100))} is no page of the timeline: pages are numbered from 1.`,
      'timeline [INC-n] [PAGE]',
    )
  const found = here ?? (await find(ask, word))
  const said = voice(ask)
  const { entries } = await readRecord(ask.deps.store, said.rules, found, ask.now)
  const { lines, page, pages } = timelinePage(said, entries, asked === '' ? null : Number(asked))
  const others = pages > 1 ? ` · page ${page} of ${pages}: ${code(`/incident timeline ${inc(found.id)} PAGE`)}` : ''
  const head = `*${inc(found.id)}* ${plain(found.title)} · ${found.severity}${others}`
  return only([head, standing(said, found, outlook(found, said.rules)), ...lines].join('\n'))
}

/** How long each part took, what missed it, and where the whole draft is. */
export async function postmortem(ask: Ask, rest: string): Promise<Reply> {
  const [word] = split(rest)
  const found = await find(ask, word)
  const said = voice(ask)
  const record = await readRecord(ask.deps.store, said.rules, found, ask.now)
  const audit = await auditOf(ask.deps.store, said.rules, record, ask.now)
  const reply = only(postmortemAnswer(said, record, audit, ask.deps.publicUrl))
  return { ...reply, more: missBlocks(found, audit) }
}

/** What a button of the miss audit types: the task that would have it caught the next time. Pressed twice, it is one task. */
export function missButton(value: string): Confirmed {
  const [, id, what = '', monitor = ''] = /^(\d{1,9}) ([a-z-]{1,20}) ([a-z0-9-]{1,100})$/.exec(value) ?? []
  const text = missTask(what, monitor)
  if (id === undefined || text === null) return { leave: staleAnswer('broken') }
  return { text: `task add ${text} ${inc(Number(id))}`, confirmed: SHOWN_BEFORE, key: `miss/${value}` }
}
