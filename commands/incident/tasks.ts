import { taskLine } from '../../src/slack/response.ts'
import { code, cut, mentioned, typed } from '../../src/slack/text.ts'
import { answer, inc } from '../../src/slack/words.ts'
import { type Ask, act, only, type Reply, split, voice } from '../command.ts'
import { personNamed } from '../oncall/names.ts'
import { parseTime } from '../times.ts'
import { apart, find, textOf, wrong } from './find.ts'

/** What is to be done, by whom, until when. */
export async function task(ask: Ask, rest: string): Promise<Reply> {
  const { id, text: line } = apart(rest.trim())
  const [verb, more] = split(line)
  switch (verb.toLowerCase()) {
    case '':
    case 'list':
      return list(ask, id)
    case 'add':
      return add(ask, id, more)
    case 'done':
      return change(ask, id, more, () => ({ done: true }))
    case 'undo':
      return change(ask, id, more, () => ({ done: false }))
    case 'give':
      return change(ask, id, more, (by, whom) => ({ owner: ownerOf(ask, by, whom) }))
    case 'due':
      return change(ask, id, more, (_, time) => ({ dueAt: time.toLowerCase() === 'never' ? null : dueAt(ask, time) }))
    default:
      throw wrong(
        `${code(cut(typed(verb), 100))} is nothing that is done with a task. Nothing was changed.`,
        'task add TEXT [@person] [due TIME]',
        'task list',
        'task done N',
        'task undo N',
        'task give N @person',
        'task due N TIME',
      )
  }
}

async function list(ask: Ask, id: string): Promise<Reply> {
  const found = await find(ask, id)
  if (found.tasks.length === 0)
    return only(`${inc(found.id)} has no tasks. \`/incident task add TEXT [@person] [due TIME]\` adds one.`)
  const open = found.tasks.filter(({ doneAt }) => doneAt === null)
  const lines = [...open, ...found.tasks.filter((each) => !open.includes(each))].map((each) =>
    taskLine(voice(ask), each),
  )
  return only([`*Tasks of ${inc(found.id)}*, ${open.length} open`, ...lines].join('\n'))
}

async function add(ask: Ask, id: string, rest: string): Promise<Reply> {
  const by = ask.by()
  const [, before = rest, due] = /^([\s\S]*?)\s+due\s+(\S[\s\S]*)$/i.exec(rest) ?? []
  const [, what = before, last = ''] = /^([\s\S]*?)\s+(\S+)$/.exec(before.trim()) ?? []
  const isOwner = mentioned(last) !== undefined || /^@\S/.test(last)
  const owner = isOwner ? personNamed(ask.deps.rules(), last) : null
  const text = textOf(isOwner ? what : before, 'A task', 'Nothing was added')
  if (!text) throw wrong('What is to be done? Nothing was added.', 'task add TEXT [@person] [due TIME]')
  const until = due === undefined ? null : dueAt(ask, due)
  const found = await find(ask, id)
  return act(ask, { type: 'add-task', by, incident: found.id, text, owner, dueAt: until }, answer)
}

async function change(
  ask: Ask,
  id: string,
  rest: string,
  to: (by: string, more: string) => { done: boolean } | { owner: string | null } | { dueAt: number | null },
): Promise<Reply> {
  const by = ask.by()
  const [word, more] = split(rest)
  if (!/^#?\d{1,4}$/.test(word)) throw wrong('Which task? They are numbered. Nothing was changed.', 'task list [INC-n]')
  const changed = to(by, more)
  const found = await find(ask, id)
  const number = Number(word.replace('#', ''))
  return act(ask, { type: 'change-task', by, incident: found.id, task: number, ...changed }, answer)
}

function ownerOf(ask: Ask, by: string, whom: string): string | null {
  const name = whom.toLowerCase()
  if (name === 'nobody') return null
  return name === 'me' ? by : personNamed(ask.deps.rules(), whom)
}

const dueAt = (ask: Ask, time: string) => parseTime(time, { zone: ask.deps.rules().zone, now: ask.now }, 'next')
