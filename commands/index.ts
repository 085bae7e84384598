import type { Command } from './command.ts'
import { incident } from './incident.ts'
import { oncall } from './oncall.ts'
import { page } from './page.ts'
import { watchbill } from './watchbill.ts'

/** Every slash command: one file each, one line here. */
export const commands: readonly Command[] = [oncall, page, incident, watchbill]

/** What each button types for the person who presses it, and the incident that its value names: only there does it count. */
export const buttons: Readonly<Record<string, Button>> = {
  incident_ack: ofIncident('ack'),
  incident_escalate: ofIncident('escalate'),
  incident_resolve: ofIncident('resolve'),
}

interface Button {
  command: Command
  verb: string
  /** The incident whose message it is on; null when the value names none. */
  incident(value: string): number | null
}

function ofIncident(verb: string): Button {
  // After the incident may come where escalation stood.
  return {
    command: incident,
    verb,
    incident: (value) => Number(/^(\d{1,9})(?:@\S+)?$/.exec(value)?.[1] ?? Number.NaN) || null,
  }
}
