import type { Command } from './command.ts'
import { incident } from './incident.ts'
import { oncall } from './oncall.ts'
import { page } from './page.ts'
import { watchbill } from './watchbill.ts'

/** Every slash command: one file each, one line here. */
export const commands: readonly Command[] = [oncall, page, incident, watchbill]

/** What each button types for the person who presses it. */
export const buttons: Readonly<Record<string, { command: Command; text: (value: string) => string }>> = {
  incident_ack: { command: incident, text: (value) => `ack ${value}` },
  incident_escalate: { command: incident, text: (value) => `escalate ${value}` },
  incident_resolve: { command: incident, text: (value) => `resolve ${value}` },
}
