import type { Book } from '../book.ts'
import { disabledOf, type Silence } from '../detect/silence.ts'
import type { Disable, DisableApproval, Outcome } from '../event.ts'
import { under } from '../rules.ts'
import { refuse } from './incident.ts'
import { findSilence, recordSilence } from './silence.ts'

/**
 * A monitor that is disabled does not look: stronger than a silence, which only pages nobody. It takes a reason, an end and a second person,
 * and something else must watch what it watched. Its end is that of a silence: it is enabled by itself, and has to show that it watches.
 */
const done = (silence: number, how: 'disable-asked' | 'disabled'): Outcome => ({
  ...{ result: 'done', incident: null, how, paged: [], silence },
})

export function askDisable(book: Book, { by, monitor, reason, untilAt }: Disable, at: number): Outcome {
  const known = under(book.rules.monitors, monitor)
  if (!known) return refuse({ code: 'unknown-target', kind: 'monitor', name: monitor })
  if (known.kind === 'heartbeat') return refuse({ code: 'nothing-to-disable', monitor })
  const latestAt = at + book.rules.silences.maxMs
  if (untilAt <= at || untilAt > latestAt) return refuse({ code: 'bad-silence', fromAt: at, latestAt })
  const before = book.desk.silences.find(
    (each) => each.mode === 'disable' && isOpen(each) && each.target.name === monitor,
  )
  if (before) return refuse({ code: 'disabled-before', monitor, silence: before.id })
  const services = leftUnwatched(book, monitor, at)
  if (services.length > 0) return refuse({ code: 'left-unwatched', monitor, services })
  const asked: Silence = {
    ...{ id: book.desk.nextSilence, mode: 'disable', by, approvedBy: null, target: { kind: 'monitor', name: monitor } },
    ...{ reason, madeAt: at, fromAt: at, untilAt, state: 'asked', noticed: false, endedAt: null, endedBy: null },
    ...{ endAskedBy: null, awaiting: [], seen: [], returnBy: null },
  }
  recordSilence(book, 'asked', asked, by, at)
  return done(asked.id, 'disable-asked')
}

/** The second person: from now on it does not look. What it leaves behind is looked at once more, since others may have been disabled meanwhile. */
export function approveDisable(book: Book, { by, silence: id }: DisableApproval, at: number): Outcome {
  const found = findSilence(book, id)
  if (!found) return refuse({ code: 'unknown-silence', silence: id })
  if (found.state !== 'asked' || found.untilAt <= at) return refuse({ code: 'silence-over', silence: id })
  if (by === found.by) return refuse({ code: 'own-disable', silence: id })
  const services = leftUnwatched(book, found.target.name, at)
  if (services.length > 0) return refuse({ code: 'left-unwatched', monitor: found.target.name, services })
  recordSilence(book, 'disabled', { ...found, state: 'active', approvedBy: by, fromAt: at }, by, at)
  return done(id, 'disabled')
}

const isOpen = ({ state }: Silence) => state === 'asked' || state === 'active'

/** Services that nothing would watch any more: the monitors that depend on it go to what it depends on itself, and are left to nobody. */
function leftUnwatched({ desk, rules }: Book, monitor: string, at: number): string[] {
  const off = disabledOf(desk.silences, at)
  const service = under(rules.monitors, monitor)?.service
  const others = Object.values(rules.monitors).filter((each) => each.service === service && each.name !== monitor)
  return service === undefined || others.some(({ name }) => !off.has(name)) ? [] : [service]
}
