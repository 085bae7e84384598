import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * What a simulated process reaches without a port: timers, chance, the machine's clock, `fetch`. Whatever runs inside a host has those of
 * its host, libraries included, so that it lives, freezes and dies with it; everything outside has the real ones.
 */
export interface Host {
  /** Rings after so long, once or again and again; the function returned takes it back. */
  timer(ring: () => void, ms: number, again: boolean): () => void
  now(): number
  random(): number
  fetch(url: string, body: string): Promise<Response>
}

const current = new AsyncLocalStorage<Host>()

/** Runs something on a host, and all that follows from it. */
export const inside = <T>(host: Host, run: () => T): T => current.run(host, run)

const real = {
  setTimeout: globalThis.setTimeout,
  setInterval: globalThis.setInterval,
  clearTimeout: globalThis.clearTimeout,
  clearInterval: globalThis.clearInterval,
  random: Math.random,
  now: Date.now,
  fetch: globalThis.fetch,
}

/** How a virtual timer is taken back. */
const cancels = new WeakMap<object, () => void>()

function start(host: Host, ring: () => void, ms: number, again: boolean): NodeJS.Timeout {
  const cancel = host.timer(() => inside(host, ring), ms, again)
  const timer = { ref: () => timer, unref: () => timer, hasRef: () => true, refresh: () => timer }
  cancels.set(timer, cancel)
  return timer as unknown as NodeJS.Timeout
}

type Set = (ring: (...given: unknown[]) => void, ms?: number, ...given: unknown[]) => NodeJS.Timeout
type Clear = (timer: unknown) => void

const setting =
  (otherwise: Set, again: boolean): Set =>
  (ring, ms = 0, ...given) => {
    const host = current.getStore()
    return host ? start(host, () => ring(...given), ms, again) : otherwise(ring, ms, ...given)
  }

const clearing =
  (otherwise: Clear): Clear =>
  (timer) => {
    const cancel = typeof timer === 'object' && timer !== null ? cancels.get(timer) : undefined
    if (cancel) cancel()
    else otherwise(timer)
  }

/** From now on hosts are real to whoever runs inside them. Returns how to end that. */
export function openHosts(): () => void {
  Object.assign(globalThis, {
    setTimeout: setting(real.setTimeout as Set, false),
    setInterval: setting(real.setInterval as Set, true),
    clearTimeout: clearing(real.clearTimeout as Clear),
    clearInterval: clearing(real.clearInterval as Clear),
    fetch: (url: string, init: RequestInit) =>
      current.getStore()?.fetch(url, String(init.body)) ?? real.fetch(url, init),
  })
  Math.random = () => current.getStore()?.random() ?? real.random()
  Date.now = () => current.getStore()?.now() ?? real.now()
  return () => {
    const { random, now, ...others } = real
    Object.assign(globalThis, others)
    Math.random = random
    Date.now = now
  }
}
