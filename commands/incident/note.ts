import { UserError } from '../../src/errors.ts'
import { code, cut, typed } from '../../src/slack/text.ts'
import { answer } from '../../src/slack/words.ts'
import { type Ask, act, type Reply } from '../command.ts'
import { parseTime, type Writer } from '../times.ts'
import { apart, find, textOf, wrong } from './find.ts'

/** A time and its day are this many words at most: `mon 23 nov 2026 9 pm`. */
const MOST_WORDS = 6

/** `note TEXT`, and `note at 07:40 TEXT` of what happened before; in the configuration's zone, where everybody reads it. */
export async function note(ask: Ask, rest: string): Promise<Reply> {
  const by = ask.by()
  const { id, text: said } = apart(rest)
  const { zone } = ask.deps.rules()
  const back = /^at\s+([\s\S]+)$/i.exec(said.trim())
  const { at, text: left } = back ? timeBefore(back[1] ?? '', { zone, now: ask.now }) : { at: null, text: said }
  const text = textOf(left, 'A note', 'Nothing was noted; please make it two')
  if (!text) throw wrong('A note needs a text.', 'note TEXT', 'note at 07:40 TEXT')
  const found = await find(ask, id)
  const when = at === null ? {} : { happenedAt: at }
  return act(ask, { type: 'note', by, incident: found.id, text, ...when }, answer)
}

/** The time that a text begins with, as short as it makes sense, and what follows it. */
function timeBefore(text: string, writer: Writer): { at: number; text: string } {
  const words = text.trim().split(/\s+/)
  // `23:10 yesterday` is one time: the day behind it belongs to it.
  const least = /^(?:yesterday|today)\b/i.test(words[1] ?? '') ? 2 : 1
  for (let n = least; n <= Math.min(MOST_WORDS, words.length); n++) {
    const at = timeIn(words.slice(0, n).join(' '), writer)
    if (at !== null)
      return {
        at,
        text: text
          .trim()
          .split(/(?<=\s)(?=\S)/)
          .slice(n)
          .join(''),
      }
  }
  throw new UserError(
    'bad-time',
    `${code(cut(typed(text), 60))} does not begin with a time that I understand, and nothing was noted. Type \`/incident note at 07:40 TEXT\` or \`at yesterday 23:10 TEXT\`, in ${writer.zone}.`,
  )
}

/** Null: these words are none. What is doubtful (the clocks are changed then) is said. */
function timeIn(words: string, writer: Writer): number | null {
  try {
    return parseTime(words, writer)
  } catch (error) {
    if (error instanceof UserError && error.code !== 'doubtful-time') return null
    throw error
  }
}
