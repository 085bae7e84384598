import type { Socket } from 'node:net'
import type { Clock, Machine } from '../../src/clock.ts'
import type { Host } from './host.ts'

/** Things that happen at an instant. */
export interface Alarms {
  now(): number
  /** `soft` alarms (sweeps) wake nobody while nothing is due: time passes over them. Returns how it is taken back. */
  alarm(at: number, ring: () => unknown, options?: { of?: Instance; soft?: boolean }): () => void
}

/** A simulated process, on a machine of its own. */
export interface Instance {
  readonly name: string
  readonly host: Host
  readonly clock: Clock
  readonly machine: Machine
  state: 'up' | 'frozen' | 'dead'
  /** Calls so far. */
  calls: number
  /** Its connections to the store. */
  readonly sockets: Set<Socket>
}

interface Options extends Alarms {
  name: string
  ports: Pick<Host, 'fetch'>
  random(): number
}

export function createInstance({ name, ports, random, now, alarm }: Options): Instance {
  const startedAt = now()
  const host: Host = {
    ...ports,
    now,
    random,
    timer(ring, ms, again) {
      // What is torn down with a dead process sets no timer any more.
      if (instance.state === 'dead') return () => {}
      let cancel = () => {}
      const set = () => {
        cancel = alarm(now() + ms, rings, { of: instance, soft: again })
      }
      const rings = () => {
        if (again) set()
        ring()
      }
      set()
      return () => cancel()
    },
  }
  const instance: Instance = {
    name,
    host,
    clock: { now, sleepUntil: (at, signal) => sleepUntil(instance, at, signal) },
    machine: { now, elapsed: () => now() - startedAt },
    state: 'up',
    calls: 0,
    sockets: new Set(),
  }
  return instance

  function sleepUntil(of: Instance, at: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      if (at <= now()) return resolve()
      const wake = () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      const cancel = alarm(at, wake, { of })
      const abort = () => {
        cancel()
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', abort, { once: true })
    })
  }
}
