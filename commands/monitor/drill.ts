import { canDrill } from '../../src/domain/detect/drill.ts'
import type { Monitor } from '../../src/domain/rules.ts'
import { UserError } from '../../src/errors.ts'
import { injected } from '../../src/fault.ts'
import { drillBegun } from '../../src/slack/drill.ts'
import { code, cut, typed } from '../../src/slack/text.ts'
import { answer } from '../../src/slack/words.ts'
import { type Ask, type Reply, voice } from '../command.ts'

/** `/monitor drill MONITOR [duty]`: pages whoever asks, or whoever is on duty, for a fault that is made up. */
export async function drill(ask: Ask, monitor: Monitor, rest: string): Promise<Reply> {
  const by = ask.by()
  const word = rest.trim().replace(/^--/, '').toLowerCase()
  if (word !== '' && word !== 'duty')
    throw new UserError(
      'bad-arguments',
      `${code(cut(typed(rest.trim()), 50))} is not understood: ${code(`/monitor drill ${monitor.name}`)} pages you, ${code(`/monitor drill ${monitor.name} duty`)} whoever is on duty. Nothing was injected.`,
    )
  if (!canDrill(monitor))
    throw new UserError(
      'no-drill',
      `Nothing can be injected into ${code(monitor.name)}: which line it waits for cannot be made up. Nothing was done; try another monitor of the service.`,
    )
  const { store, rules } = ask.deps
  const wanted = { by, to: word === 'duty' ? 'duty' : 'asker', silence: null } as const
  const event = await injected({ pool: store.pool, rules: rules() }, monitor, wanted, ask.now)
  if (!event)
    throw new UserError(
      'fault-unseen',
      `${code(monitor.name)} did *not* see the fault that was injected into it: a real one may go unseen too. Nobody was paged; look at ${code(`/monitor show ${monitor.name}`)}.`,
    )
  const outcome = await ask.deps.desk.submit({ source: 'act', key: ask.key, event })
  if (outcome.result === 'refused' || outcome.incident === null)
    return { text: answer(voice(ask), event, outcome), public: false, acted: false }
  return {
    text: drillBegun(voice(ask), monitor.name, outcome.incident, outcome.paged),
    public: word === 'duty',
    acted: true,
  }
}
