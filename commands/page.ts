import { personOfSlack, type Rules, under } from '../src/domain/rules.ts'
import { UserError } from '../src/errors.ts'
import { code, cut, escapeText, list, mentioned, typed } from '../src/slack/text.ts'
import { answer } from '../src/slack/words.ts'
import { act, type Command, help, misused, split } from './command.ts'

/** Of the text of a page; the first of it is the title, and all of it a note. */
const MOST_CHARACTERS = 2_500

export const page: Command = {
  name: '/page',
  summary: 'wakes somebody: a person, whoever has a watch, or whoever answers for a service.',
  usage: [
    ['@person TEXT', 'pages one person'],
    ['SCHEDULE TEXT', 'pages whoever is on duty for it'],
    ['SERVICE TEXT', "opens an incident of the service (or joins its open one) and follows the service's policy"],
    ['help', 'this'],
  ],
  async run(ask) {
    const [word, rest] = split(ask.text)
    const text = typed(rest)
    if (word === '' || word.toLowerCase() === 'help') return help(page)
    const by = ask.by()
    const target = targetOf(ask.deps.rules(), word)
    if (!text)
      return misused(
        page,
        `Say what it is about: ${code(`/page ${target.name} TEXT`)}. It is what they read first. Nobody was paged.`,
      )
    const { length } = escapeText(text)
    if (length > MOST_CHARACTERS)
      throw new UserError(
        'too-long',
        `A page has at most ${MOST_CHARACTERS} characters, this one has ${length}. Nobody was paged; please say it in fewer words.`,
      )
    return act(ask, { type: 'call', by, target, text }, answer)
  },
}

interface Called {
  kind: 'person' | 'schedule' | 'service'
  name: string
}

/** `<@U…|name>` as Slack sends it, `@name`, or a name; `schedule/x` and `service/x` where a name is both. */
function targetOf(rules: Rules, word: string): Called {
  const slackId = mentioned(word)
  const everybody = Object.values(rules.people)
  if (slackId !== undefined) {
    const known = personOfSlack(rules, slackId)
    if (known) return { kind: 'person', name: known.name }
    throw new UserError(
      'unknown-person',
      `<@${slackId}> is not in Watchbill's configuration, so nothing is known of how to reach them, and nobody was paged. Known: ${list(everybody.map((each) => each.name))}.`,
    )
  }
  const [, kind, name = ''] = /^(?:(person|schedule|service)\/)?@?(.+)$/.exec(word.toLowerCase()) ?? []
  const found: Called[] = []
  if (under(rules.people, name) && (kind ?? 'person') === 'person') found.push({ kind: 'person', name })
  if (!word.startsWith('@')) {
    if (under(rules.schedules, name) && (kind ?? 'schedule') === 'schedule') found.push({ kind: 'schedule', name })
    if (under(rules.services, name) && (kind ?? 'service') === 'service') found.push({ kind: 'service', name })
  }
  const [only, second] = found
  if (only && !second) return only
  if (only)
    throw new UserError(
      'ambiguous-target',
      `${code(name)} is ${list(found.map((each) => `a ${each.kind}`))}. Nobody was paged; say which: ${list(found.map((each) => `\`/page ${each.kind}/${name} …\``))}.`,
    )
  throw new UserError(
    'unknown-target',
    `${code(cut(typed(word), 100))} is no person, schedule or service, and nobody was paged. People: ${list(everybody.map((each) => each.name))}. Schedules: ${list(Object.keys(rules.schedules))}. Services: ${list(Object.keys(rules.services))}.`,
  )
}
