import type { CallOut, Deps } from '../../src/deps.ts'
import type { DeployProgress } from '../../src/domain/event.ts'
import type { Instance } from './instance.ts'
import type { World } from './world.ts'

/** One call of a hook that got through: what whoever rolls out has been told. */
interface Heard {
  at: number
  by: string
  /** `start`, `halt` … */
  action: string
  deploy: number
  version: string
  /** Names the order: the same again is the same. */
  id: string
}

/** Whoever rolls out: its hooks, its pool, and what its CI says. */
export interface Hooks {
  readonly heard: Heard[]
  pool: { up: number; total: number }
  /** The next so many calls of an action are heard, and their answer is an error of the server, or gets lost. */
  faults: { action: string; count: number; kind: 'error' | 'lost' }[]
  /** What its CI says once it has been told to start: so long after, that. */
  script: { afterMs: number; what: DeployProgress['what']; of: 'deploy' | 'rollback' }[]
  callsOf(instance: Instance): Pick<Deps, 'callOut' | 'askPool'>
}

interface Order {
  type: string
  data: { deploy: number; version: string; kind: 'deploy' | 'rollback' }
}

export function createHooks(world: World, say: (deploy: number, what: DeployProgress['what']) => void): Hooks {
  const hooks: Hooks = {
    heard: [],
    pool: { up: 8, total: 8 },
    faults: [],
    script: [],
    callsOf: (instance) => ({
      callOut: ({ headers, body }) => {
        const { type, data } = JSON.parse(body ?? '') as Order
        const action = type.replace('deploy.', '')
        const perform = async () => ({ value: hear(instance, action, data, headers['webhook-id'] ?? '') })
        return world.call(instance, { port: 'hook', what: `hook ${action} ${data.deploy}`, perform })
      },
      askPool: () =>
        world.call(instance, {
          ...{ port: 'hook', what: 'pool' },
          perform: async () => ({ value: { ok: true, ...hooks.pool } }),
        }),
    }),
  }
  return hooks

  function hear(by: Instance, action: string, data: Order['data'], id: string): Awaited<ReturnType<CallOut>> {
    const { deploy, version, kind } = data
    const again = hooks.heard.some((each) => each.id === id)
    hooks.heard.push({ at: world.now(), by: by.name, action, deploy, version, id })
    if (action === 'start' && !again)
      for (const { afterMs, what, of } of hooks.script)
        if (of === kind) world.alarm(world.now() + afterMs, () => say(deploy, what))
    const fault = hooks.faults.find((each) => each.action === action && each.count > 0)
    if (!fault) return { came: 'answer', status: 202, line: '202 Accepted', text: '' }
    fault.count -= 1
    return fault.kind === 'lost'
      ? { came: 'nothing', why: 'no answer within 10 s' }
      : { came: 'answer', status: 500, line: '500 Internal Server Error', text: '' }
  }
}
