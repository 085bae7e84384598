import { didYouMean } from '../src/config/suggest.ts'
import { under } from '../src/domain/rules.ts'
import { UserError } from '../src/errors.ts'
import { code, cut, typed } from '../src/slack/text.ts'
import { type Ask, type Command, help, type Reply, split } from './command.ts'
import { capture, uncapture } from './incident/capture.ts'
import { declare } from './incident/declare.ts'
import { acknowledge, change, handOver, keep } from './incident/have.ts'
import { note } from './incident/note.ts'
import { postmortem, timeline } from './incident/reading.ts'
import { link, merge, split as splitOff } from './incident/regroup.ts'
import { role, roles } from './incident/roles.ts'
import { list, show } from './incident/show.ts'
import { severity, status, update } from './incident/status.ts'
import { task } from './incident/tasks.ts'
import { usage } from './incident/usage.ts'

export const incident: Command = {
  name: '/incident',
  summary: 'what is broken, who has it, and what happened.',
  usage,
  async run(ask) {
    const [verb, rest] = split(ask.text)
    const does = under(verbs, verb.toLowerCase())
    if (does) return does(ask, rest)
    const near = didYouMean(verb.toLowerCase(), Object.keys(verbs))
    throw new UserError(
      'bad-arguments',
      `\`/incident\` has no verb ${code(cut(typed(verb), 100))}${near}${near === '' ? '.' : ''} \`/incident help\` lists what there is. Nothing was done.`,
    )
  },
}

const verbs: Record<string, (ask: Ask, rest: string) => Promise<Reply>> = {
  '': list,
  list,
  show,
  timeline,
  postmortem,
  declare,
  private: (ask, rest) => declare(ask, rest, 'private'),
  ack: acknowledge,
  escalate: (ask, rest) => change(ask, 'escalate', rest),
  resolve: (ask, rest) => change(ask, 'resolve', rest),
  reopen: (ask, rest) => change(ask, 'reopen', rest),
  accept: (ask, rest) => change(ask, 'accept', rest),
  unack: (ask, rest) => change(ask, 'unack', rest),
  keep,
  handover: handOver,
  severity,
  status,
  update,
  role,
  roles,
  task,
  note,
  capture: (ask, rest) => capture(ask, rest),
  uncapture: (ask, rest) => uncapture(ask, rest),
  // What a reaction or a pin types, and what it types when it is taken off.
  mark: (ask, rest) => capture(ask, rest, 'marked'),
  unmark: (ask, rest) => uncapture(ask, rest, 'marked'),
  link,
  merge,
  split: splitOff,
  help: async () => help(incident),
}
