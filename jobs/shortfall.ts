import type { Shortfall } from '../src/domain/event.ts'
import type { JobDeps } from './tell.ts'

/** Something of the channel cannot be done as Slack is: on record, and on the timeline, once for each reason. */
export async function fallShort({ desk }: JobDeps, what: Omit<Shortfall, 'type'>): Promise<void> {
  const { incident, step, about, reason } = what
  const key = ['shortfall', incident, step, about ?? '', reason].join('/')
  await desk.submit({ source: 'outbox', key, event: { type: 'shortfall', ...what } })
}
