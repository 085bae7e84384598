import { type Command, help } from './command.ts'
import { postmortem as draft } from './incident/reading.ts'

export const postmortem: Command = {
  name: '/postmortem',
  summary: 'how an incident went: how long each part took, and what missed it.',
  usage: [
    ['[INC-n]', "the draft; inside an incident's channel INC-n may be left out"],
    ['help', 'this'],
  ],
  run: async (ask) => (ask.text.toLowerCase() === 'help' ? help(postmortem) : draft(ask, ask.text)),
}
