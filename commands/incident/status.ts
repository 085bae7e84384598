import { Status } from '../../src/domain/incident.ts'
import { Severity } from '../../src/domain/rules.ts'
import { code, cut, list as inWords, typed } from '../../src/slack/text.ts'
import { answer } from '../../src/slack/words.ts'
import { type Ask, act, type Reply, split } from '../command.ts'
import { apart, find, textOf, wrong } from './find.ts'

/** How grave it is, how far they are, and what everybody who waits is told. */
export async function severity(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const { id, text } = apart(rest.trim())
  const wanted = Severity.safeParse(text.trim().toLowerCase())
  if (!wanted.success)
    throw wrong(
      `${text.trim() === '' ? 'How grave is it?' : `${code(cut(typed(text), 100))} is no severity.`} There are ${inWords(Severity.options.map(code))}. Nothing was changed.`,
      'severity [INC-n] error',
    )
  const found = await find(ask, id)
  return act(ask, { type: 'set-severity', by, incident: found.id, severity: wanted.data }, answer)
}

export async function status(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const { id, text: line } = apart(rest.trim())
  const [word, more] = split(line)
  const wanted = Status.safeParse(word.toLowerCase())
  if (!wanted.success)
    throw wrong(
      `${word === '' ? 'How far are you?' : `${code(cut(typed(word), 100))} is no status.`} There are ${inWords(Status.options.map(code))}. Nothing was changed.`,
      'status [INC-n] identified the disk is full',
    )
  const text = textOf(more, 'What you know', 'Nothing was changed')
  const found = await find(ask, id)
  const { data: to } = wanted
  if (to !== 'resolved')
    return act(ask, { type: 'set-status', by, incident: found.id, status: to, text: text === '' ? null : text }, answer)
  // That it is over is an act of its own; what they know of it comes before.
  if (text !== '')
    await ask.deps.desk.submit({
      source: 'act',
      key: `${ask.key}/text`,
      event: { type: 'note', by, incident: found.id, text },
    })
  return act(ask, { type: 'resolve', by, incident: found.id }, answer)
}

export async function update(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const { id, text: said } = apart(rest.trim())
  const text = textOf(said, 'An update', 'Nothing was said')
  if (!text)
    throw wrong(
      'An update needs a text: what is affected, what is being done, when the next word comes. Nothing was said.',
      'update [INC-n] TEXT',
    )
  const found = await find(ask, id)
  return act(ask, { type: 'give-update', by, incident: found.id, text }, answer)
}
