import type { JobDeps } from './tell.ts'

/**
 * The heartbeat to whoever watches Watchbill from outside. It is sent only while everything works that a page needs: the store, the desk, the
 * timetable, Slack, and no page that is owed and late. A process that merely lives says nothing, and its silence is the alarm.
 *
 * @param problems what of that does not work at this moment
 */
export function outward(deps: JobDeps, problems: () => Promise<string[]>) {
  let sentAt = Number.NEGATIVE_INFINITY
  let said = ''

  return async (): Promise<void> => {
    const { outwardHeartbeat, allowPrivate } = deps.rules()
    const now = deps.clock.now()
    if (outwardHeartbeat === null || (sentAt <= now && now - sentAt < outwardHeartbeat.everyMs)) return
    const wrong = await problems()
    const sent = wrong.length > 0 ? null : await deps.pingOutward(outwardHeartbeat.url, allowPrivate)
    if (sent?.ok) sentAt = now
    const trouble = sent === null ? wrong.join('; ') : sent.ok ? '' : `it was not taken: ${sent.why}`
    if (trouble !== '' && trouble !== said) deps.log.warn({ trouble }, 'the outward heartbeat is silent')
    if (trouble === '' && said !== '') deps.log.info('the outward heartbeat is sent again')
    said = trouble
  }
}
