import { under } from '../src/domain/rules.ts'
import { type Ask, type Command, help, type Reply, split } from './command.ts'
import { calendar, calendarUsage } from './oncall/calendar.ts'
import { cover } from './oncall/cover.ts'
import { answerEdit, relieve } from './oncall/edits.ts'
import { fairness } from './oncall/fairness.ts'
import { gaps } from './oncall/gaps.ts'
import { handover } from './oncall/handover.ts'
import { mine } from './oncall/mine.ts'
import { month } from './oncall/month.ts'
import { swap } from './oncall/swap.ts'
import { take } from './oncall/take.ts'
import { who } from './oncall/who.ts'

export const oncall: Command = {
  name: '/oncall',
  summary: 'who has the watch, until when, who is next, and who stands in for whom.',
  usage: [
    ['', 'every schedule, now'],
    ['SCHEDULE', 'one schedule, now'],
    ['[SCHEDULE] at TIME', 'at another time: `14:00`, `tomorrow 08:00`, `fri 9am`, `2026-12-24 18:00`, `in 2h`'],
    ['mine', 'your shifts of the next four weeks, and what you have changed or been offered'],
    ['month [SCHEDULE] [MONTH]', 'a month at a glance'],
    ['gaps [SCHEDULE] [for 4 weeks]', 'when nobody is on duty, or nobody who can be paged'],
    ['fairness [MONTH]', 'hours, nights, weekends and pages of each person'],
    ['relieve [SCHEDULE]', 'you have the watch: whoever had it before stands relieved'],
    ['take [SCHEDULE] [for 2h | until 18:00]', 'you have the watch from now on; to the end of the turn unless you say'],
    ['cover @person FROM-TO [SCHEDULE]', 'you stand their duty: `cover @dana tomorrow 14:00-18:00`'],
    ['swap @person MY-SHIFT for THEIR-SHIFT', 'offers a swap: `swap @dana fri for sat`'],
    ['agree N', 'agrees to the swap that you were offered'],
    ['decline N', 'declines it'],
    ['cancel N', 'takes back what you offered or changed'],
    ['handover [SCHEDULE]', 'what goes with the watch: what is open, what came, who takes it'],
    ...calendarUsage,
    ['help', 'this; times are in your own zone, and every change is shown to you before it is made'],
  ],
  async run(ask) {
    const [verb, rest] = split(ask.text)
    const does = under(verbs, verb.toLowerCase())
    return does ? does(ask, rest) : who(ask)
  },
}

const verbs: Record<string, (ask: Ask, rest: string) => Promise<Reply>> = {
  take,
  cover,
  swap,
  agree: (ask, rest) => answerEdit(ask, 'agree', rest),
  decline: (ask, rest) => answerEdit(ask, 'decline', rest),
  cancel: (ask, rest) => answerEdit(ask, 'cancel', rest),
  relieve,
  handover,
  calendar,
  mine,
  month,
  gaps,
  fairness,
  help: async () => help(oncall),
}
