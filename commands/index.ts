import { bearers, handoverRows, offerKey } from '../src/domain/owed.ts'
import { nothingChanged, notOurOffer } from '../src/slack/roster-words.ts'
import { notOurs } from '../src/slack/words.ts'
import { readIncident } from '../src/store/incidents.ts'
import type { Rows } from '../src/store/owed.ts'
import type { Store } from '../src/store/store.ts'
import type { Command } from './command.ts'
import { incident } from './incident.ts'
import { type Confirmed, confirmed } from './oncall/propose.ts'
import { oncall } from './oncall.ts'
import { page } from './page.ts'
import { watchbill } from './watchbill.ts'

/** Every slash command: one file each, one line here. */
export const commands: readonly Command[] = [oncall, page, incident, watchbill]

/** What each button types for the person who presses it, and where it counts. */
export const buttons: Readonly<Record<string, OnMessage | OnAnswer>> = {
  incident_ack: ofIncident('ack'),
  incident_escalate: ofIncident('escalate'),
  incident_resolve: ofIncident('resolve'),
  incident_accept: ofHandover(incident, 'accept', ({ incident: id }) => id),
  incident_keep: ofHandover(incident, 'keep', ({ incident: id }) => id && `${id} 1h`),
  watch_confirm: ofHandover(oncall, 'relieve', ({ schedule }) => schedule),
  edit_agree: ofOffer('agree'),
  edit_decline: ofOffer('decline'),
  roster_do: { on: 'answer', command: oncall, read: confirmed },
  roster_leave: { on: 'answer', command: oncall, read: () => ({ leave: nothingChanged }) },
}

/** On a message that we keep: what its value names must be what the message is about. */
interface OnMessage {
  on: 'message'
  command: Command
  verb: string
  /** What follows the verb. */
  typed(value: string): string
  /** The rows whose messages bear it; null when the value names nothing that is there. */
  rows(pool: Store['pool'], value: string): Promise<Rows | null>
  notOurs: string
}

/** On an answer that only the asker sees, and of which Slack keeps nothing: its value says everything, and is believed nothing. */
export interface OnAnswer {
  on: 'answer'
  command: Command
  /** What it types, or what to say instead. */
  read(value: string, user: string, now: number): Confirmed
}

function ofIncident(verb: string): OnMessage {
  return {
    on: 'message',
    command: incident,
    verb,
    notOurs: notOurs('/incident', verb),
    typed: (value) => value,
    async rows(pool, value) {
      // After the incident may come where escalation stood.
      const id = Number(/^(\d{1,9})(?:@\S+)?$/.exec(value)?.[1] ?? Number.NaN)
      const found = id > 0 ? await readIncident(pool, id) : null
      return found && { keys: bearers(found), under: [] }
    },
  }
}

type Named = Record<'incident' | 'schedule' | 'changeAt', string | undefined>

/** On a message about a change of the watch: `mail-primary@1795000000000`, with an incident before it where it is about one. */
function ofHandover(command: Command, verb: string, typed: (named: Named) => string | undefined): OnMessage {
  const read = (value: string): Named => {
    const [, id, schedule, changeAt] = /^(?:(\d{1,9})\/)?([a-z0-9-]{1,40})@(\d{1,15})$/.exec(value) ?? []
    return { incident: id, schedule, changeAt }
  }
  return {
    on: 'message',
    command,
    verb,
    notOurs: notOurs(command.name, verb),
    typed: (value) => typed(read(value)) ?? '',
    async rows(_, value) {
      const { schedule, changeAt } = read(value)
      if (schedule === undefined || typed(read(value)) === undefined) return null
      return { keys: [], under: handoverRows(schedule, Number(changeAt)) }
    },
  }
}

function ofOffer(verb: string): OnMessage {
  return {
    on: 'message',
    command: oncall,
    verb,
    notOurs: notOurOffer,
    typed: (value) => value,
    rows: async (_, value) => (/^\d{1,9}$/.test(value) ? { keys: [offerKey(Number(value))], under: [] } : null),
  }
}
