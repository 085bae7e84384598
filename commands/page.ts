import type { Rules } from '../src/domain/rules.ts'
import { UserError } from '../src/errors.ts'
import { code, list } from '../src/slack/text.ts'
import { answer } from '../src/slack/words.ts'
import { act, type Command, help, misused, split } from './command.ts'

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
    const [word, text] = split(ask.text)
    if (word === '' || word.toLowerCase() === 'help') return help(page)
    const by = ask.by()
    const target = targetOf(ask.deps.rules(), word)
    if (!text) return misused(page, `Say what it is about: \`/page ${word} TEXT\`. It is what they read first.`)
    return act(ask, { type: 'call', by, target, text }, answer)
  },
}

interface Called {
  kind: 'person' | 'schedule' | 'service'
  name: string
}

/** `<@U…|name>` as Slack sends it, `@name`, or a name; `schedule/x` and `service/x` where a name is both. */
function targetOf(rules: Rules, word: string): Called {
  const slackId = /^<@([A-Z0-9]+)(?:\|[^>]*)?>$/.exec(word)?.[1]
  const everybody = Object.values(rules.people)
  if (slackId !== undefined) {
    const known = everybody.find((each) => each.slack === slackId)
    if (known) return { kind: 'person', name: known.name }
    throw new UserError(
      'unknown-person',
      `<@${slackId}> is not in Watchbill's configuration, so nothing is known of how to reach them, and nobody was paged. Known: ${list(everybody.map((each) => each.name))}.`,
    )
  }
  const [, kind, name = ''] = /^(?:(person|schedule|service)\/)?@?(.+)$/.exec(word.toLowerCase()) ?? []
  const found: Called[] = []
  if (rules.people[name] && (kind ?? 'person') === 'person') found.push({ kind: 'person', name })
  if (!word.startsWith('@')) {
    if (rules.schedules[name] && (kind ?? 'schedule') === 'schedule') found.push({ kind: 'schedule', name })
    if (rules.services[name] && (kind ?? 'service') === 'service') found.push({ kind: 'service', name })
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
    `${code(word)} is no person, schedule or service, and nobody was paged. People: ${list(everybody.map((each) => each.name))}. Schedules: ${list(Object.keys(rules.schedules))}. Services: ${list(Object.keys(rules.services))}.`,
  )
}
