import { bearers, handoverRows } from '../src/domain/owed.ts'
import { readIncident } from '../src/store/incidents.ts'
import type { Rows } from '../src/store/owed.ts'
import type { Store } from '../src/store/store.ts'
import type { Command } from './command.ts'
import { incident } from './incident.ts'
import { oncall } from './oncall.ts'
import { page } from './page.ts'
import { watchbill } from './watchbill.ts'

/** Every slash command: one file each, one line here. */
export const commands: readonly Command[] = [oncall, page, incident, watchbill]

/** What each button types for the person who presses it, and the messages on which alone it counts. */
export const buttons: Readonly<Record<string, Button>> = {
  incident_ack: ofIncident('ack'),
  incident_escalate: ofIncident('escalate'),
  incident_resolve: ofIncident('resolve'),
  incident_accept: ofHandover(incident, 'accept', ({ incident: id }) => id),
  incident_keep: ofHandover(incident, 'keep', ({ incident: id }) => id && `${id} 1h`),
  watch_confirm: ofHandover(oncall, 'relieve', ({ schedule }) => schedule),
}

export interface Button {
  command: Command
  verb: string
  /** What follows the verb. */
  typed(value: string): string
  /** The rows whose messages bear it, by what its value names; null when it names nothing. */
  rows(value: string, store: Store): Promise<Rows | null>
}

function ofIncident(verb: string): Button {
  return {
    command: incident,
    verb,
    typed: (value) => value,
    async rows(value, { pool }) {
      // After the incident may come where escalation stood.
      const id = Number(/^(\d{1,9})(?:@\S+)?$/.exec(value)?.[1] ?? Number.NaN)
      const found = Number.isNaN(id) ? null : await readIncident(pool, id)
      return found && { keys: bearers(found), under: [] }
    },
  }
}

type Named = Record<'incident' | 'schedule' | 'changeAt', string | undefined>

/** On a message about a change of the watch: `mail-primary@1795000000000`, with an incident before it where it is about one. */
function ofHandover(command: Command, verb: string, typed: (named: Named) => string | undefined): Button {
  const read = (value: string): Named => {
    const [, id, schedule, changeAt] = /^(?:(\d{1,9})\/)?([a-z0-9-]{1,40})@(\d{1,15})$/.exec(value) ?? []
    return { incident: id, schedule, changeAt }
  }
  return {
    command,
    verb,
    typed: (value) => typed(read(value)) ?? '',
    async rows(value) {
      const { schedule, changeAt } = read(value)
      if (schedule === undefined || typed(read(value)) === undefined) return null
      return { keys: [], under: handoverRows(schedule, Number(changeAt)) }
    },
  }
}
