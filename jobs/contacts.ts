import { DateTime } from 'luxon'
import { tryContacts } from '../src/contact-test.ts'
import type { Deps } from '../src/deps.ts'
import { WEEK_MS } from '../src/domain/duty/time.ts'
import { heldUntil } from '../src/domain/quiet.ts'
import type { Person } from '../src/domain/rules.ts'
import { allInShadow } from '../src/domain/shadow.ts'
import { readTests, targetOf } from '../src/store/contact-tests.ts'

/** When a phone that rings disturbs nobody's sleep. */
const FROM_HOUR = 10
const TO_HOUR = 16
const LAST_WEEKDAY = 5

/**
 * What people are reached by beside Slack is tried out every week, by day: a number that has changed is found out before the night in which it
 * is needed. What nobody has asked for yet is tried out by `/watchbill test` first.
 */
export function contacts(deps: Pick<Deps, 'carry' | 'rules' | 'clock' | 'store' | 'publicUrl'>) {
  return async (slotAt: number): Promise<void> => {
    const { people, zone } = deps.rules()
    // No phone rings by itself while nobody is paged.
    if (allInShadow(deps.rules())) return
    const awake = Object.values(people).filter((person) => isAwake(person, zone, slotAt))
    if (awake.length === 0) return
    const tests = await readTests(deps.store.pool)
    for (const person of awake) {
      const last = (person.contact ?? []).map((way) => {
        const target = targetOf(way)
        return tests.find((each) => each.person === person.name && each.target === target)?.at ?? slotAt
      })
      if (last.length > 0 && Math.min(...last) <= slotAt - WEEK_MS) await tryContacts(deps, person, null)
    }
  }
}

/** By the clock of wherever their quiet hours say that they are. */
function isAwake({ quiet, contact = [] }: Person, zone: string, at: number): boolean {
  const { weekday, hour } = DateTime.fromMillis(at, { zone: quiet?.zone ?? zone })
  const isByDay = weekday <= LAST_WEEKDAY && hour >= FROM_HOUR && hour < TO_HOUR
  return isByDay && contact.every(({ via }) => heldUntil(quiet, via, 'info', at) === at)
}
