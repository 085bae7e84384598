import { DAY_MS, HOUR_MS } from '../../src/domain/duty/time.ts'

/** Series of counts with known seeds, to tune the rate detector on (`TUNED`) and to judge it by (`HELD_OUT`: other laws, never tuned on). */
export interface Series {
  name: string
  intervalMs: number
  startAt: number
  values: (number | null)[]
}

export interface Random {
  next(): number
  normal(): number
  gamma(shape: number): number
  poisson(mean: number): number
  between(low: number, high: number): number
}

/** mulberry32 and the usual transformations. */
export function random(seed: number): Random {
  let state = (seed * 2_654_435_761 + 0x9e3779b9) >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  const gamma = (shape: number): number => {
    if (shape < 1) return gamma(shape + 1) * (1 - next()) ** (1 / shape)
    const d = shape - 1 / 3
    for (;;) {
      const x = normal()
      const v = (1 + x / Math.sqrt(9 * d)) ** 3
      if (v > 0 && Math.log(1 - next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
    }
  }
  const poisson = (mean: number): number => {
    if (mean > 60) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()))
    let k = 0
    for (let p = next(); p > Math.exp(-mean); p *= next()) k++
    return k
  }
  return { next, normal, gamma, poisson, between: (low, high) => low * (high / low) ** next() }
}

/** Monday, 00:00 UTC. */
const START = Date.UTC(2026, 0, 5)

export type Law = (seed: number) => Series

interface Tick {
  at: number
  hour: number
  /** 0 is Monday. */
  weekday: number
  day: number
}

function make(name: string, intervalMs: number, weeks: number, at: (tick: Tick) => number | null): Series {
  const startAt = START + 7 * HOUR_MS
  const n = Math.round((weeks * 7 * DAY_MS) / intervalMs)
  const values = Array.from({ length: n }, (_, i) => {
    const time = startAt + i * intervalMs
    const day = Math.floor((time - START) / DAY_MS)
    return at({ at: time, hour: ((time - START) % DAY_MS) / HOUR_MS, weekday: day % 7, day })
  })
  return { name, intervalMs, startAt, values }
}

const MIN = 60_000
const dayShape = (hour: number, depth: number, peak: number) =>
  Math.exp(depth * (Math.cos(((hour - peak) / 12) * Math.PI) + 0.25 * Math.cos(((hour - peak + 3) / 6) * Math.PI)))

/** Noise that remembers, in logarithms. */
function ar(r: Random, rho: number, sd: number) {
  let x = sd * r.normal()
  return () => {
    x = rho * x + Math.sqrt(1 - rho * rho) * sd * r.normal()
    return x
  }
}

/** Bursts that come by chance and ebb away. */
function bursts(r: Random, perSample: number, sizes: number, ebb: number) {
  let height = 0
  return () => {
    height *= ebb
    if (r.next() < perSample) height += sizes * (1 - r.next()) ** -0.6
    return height
  }
}

const web: Law = (seed) => {
  const r = random(seed)
  const mean = r.between(60, 20_000)
  const depth = r.between(0.2, 0.9)
  const weekend = r.between(0.5, 1)
  const noise = ar(r, 0.8, r.between(0.02, 0.1))
  const shape = r.between(15, 300)
  const interval = [MIN, 5 * MIN, 10 * MIN][seed % 3] ?? MIN
  return make(`web-${seed}`, interval, interval === MIN ? 2 : 4, ({ hour, weekday }) =>
    r.poisson(
      mean * dayShape(hour, depth, 15) * (weekday > 4 ? weekend : 1) * Math.exp(noise()) * (r.gamma(shape) / shape),
    ),
  )
}

const posts: Law = (seed) => {
  const r = random(seed)
  const mean = r.between(8, 120)
  const depth = r.between(0.05, 0.7)
  const noise = ar(r, 0.9, r.between(0.1, 0.4))
  const shape = r.between(2, 12)
  const burst = bursts(r, (5 * MIN) / DAY_MS / r.between(1, 6), r.between(0.7, 2), r.between(0.5, 0.93))
  return make(`posts-${seed}`, 5 * MIN, 4, ({ hour }) =>
    r.poisson(mean * dayShape(hour, depth, 20) * (Math.exp(noise()) + burst()) * (r.gamma(shape) / shape)),
  )
}

const rides: Law = (seed) => {
  const r = random(seed)
  const mean = r.between(500, 20_000)
  const noise = ar(r, 0.85, r.between(0.03, 0.1))
  const holiday = 9 + Math.floor(r.next() * 15)
  return make(`rides-${seed}`, 30 * MIN, 8, ({ hour, weekday, day }) => {
    const free = weekday > 4 || day === holiday
    const shape = free ? dayShape(hour - 2, 0.6, 20) : dayShape(hour, 0.9, 17) + (hour > 6 && hour < 10 ? 0.5 : 0)
    return r.poisson(mean * shape * Math.exp(noise()))
  })
}

const load: Law = (seed) => {
  const r = random(seed)
  const mean = r.between(0.1, 60)
  const noise = ar(r, 0.5, r.between(0.02, 0.15))
  const burst = bursts(r, (5 * MIN) / DAY_MS / r.between(0.5, 5), r.between(0.3, 1.5), r.between(0.05, 0.6))
  const depth = seed % 2 ? 0 : r.between(0.05, 0.3)
  const step = r.next() < 0.5 ? Math.floor(r.between(8, 25)) : 1e9
  const grain = mean / 250
  return make(`load-${seed}`, 5 * MIN, 4, ({ hour, day }) => {
    const value = mean * dayShape(hour, depth, 12) * (day > step ? 1.5 : 1) * (Math.exp(noise()) + burst())
    return Math.round(value / grain) * grain
  })
}

const network: Law = (seed) => {
  const r = random(seed)
  const mean = r.between(1e4, 1e7)
  const every = [12, 48, 288][seed % 3] ?? 12
  const size = r.between(1, 12)
  const noise = ar(r, 0.3, r.between(0.05, 0.4))
  const burst = bursts(r, (5 * MIN) / DAY_MS / r.between(1, 8), r.between(1, 6), 0.3)
  let i = 0
  return make(`network-${seed}`, 5 * MIN, 3, () => {
    i++
    const batch = i % every < Math.max(1, every / 24) ? size : 0
    return Math.round(mean * (Math.exp(noise()) + burst() + batch * Math.exp(0.2 * r.normal())))
  })
}

const sparse: Law = (seed) => {
  const r = random(seed)
  const mean = r.between(0.01, 0.8)
  const depth = r.between(0.05, 0.9)
  const interval = [15_000, MIN, 5 * MIN][seed % 3] ?? MIN
  const clump = r.between(1, 3)
  return make(`sparse-${seed}`, interval, interval < MIN ? 1 : interval === MIN ? 2 : 4, ({ hour }) => {
    const starts = r.poisson((mean * dayShape(hour, depth, 14)) / clump)
    return starts === 0 ? 0 : starts + r.poisson(starts * (clump - 1))
  })
}

const orders: Law = (seed) => {
  const r = random(seed)
  const mean = r.between(1, 30)
  const depth = r.between(0.2, 1)
  const noise = ar(r, 0.9, r.between(0.05, 0.25))
  const interval = [MIN, 5 * MIN, 15 * MIN][seed % 3] ?? MIN
  const shape = r.between(3, 60)
  return make(`orders-${seed}`, interval, interval === MIN ? 2 : 4, ({ hour, weekday }) => {
    if (r.next() < 0.0002) return null
    const m = mean * dayShape(hour, depth, 16) * (weekday > 4 ? 0.6 : 1)
    return r.poisson(m * Math.exp(noise()) * (r.gamma(shape) / shape))
  })
}

const growing: Law = (seed) => {
  const r = random(seed)
  const mean = r.between(50, 5_000)
  const perWeek = r.between(0.02, 0.15)
  const shift = 20 + Math.floor(r.next() * 15)
  const by = r.between(0.4, 2.5)
  const noise = ar(r, 0.7, r.between(0.04, 0.15))
  return make(`growing-${seed}`, HOUR_MS, 10, ({ hour, weekday, day }) =>
    r.poisson(
      mean *
        Math.exp((perWeek * day) / 7) *
        (day >= shift ? by : 1) *
        dayShape(hour, 0.5, 14) *
        (weekday > 4 ? 0.7 : 1) *
        Math.exp(noise()),
    ),
  )
}

/** Requests that arrive by themselves and call forth others (a Hawkes process, binned). */
const exciting: Law = (seed) => {
  const r = random(seed)
  const mean = r.between(5, 300)
  const share = r.between(0.3, 0.7)
  let memory = mean * share
  return make(`exciting-${seed}`, 5 * MIN, 4, ({ hour }) => {
    const base = mean * (1 - share) * dayShape(hour, 0.4, 19)
    const y = r.poisson(base + memory)
    memory = 0.6 * memory + 0.4 * share * y
    return y
  })
}

/** A queue of calls: those under way, sampled; two peaks a day, closed on Sunday. */
const calls: Law = (seed) => {
  const r = random(seed)
  const mean = r.between(20, 400)
  let busy = 0
  return make(`calls-${seed}`, 10 * MIN, 5, ({ hour, weekday }) => {
    const open = hour > 7 && hour < 20 && weekday < 6 ? 1 : 0.05
    const arriving = mean * open * (1 + 0.6 * Math.sin(((hour - 8) / 3) * Math.PI))
    busy = busy - r.poisson(busy * 0.3) + r.poisson(arriving * 0.3)
    busy = Math.max(0, busy)
    return busy
  })
}

/** A level that wanders, with noise of Student's t with 3 degrees of freedom. */
const wandering: Law = (seed) => {
  const r = random(seed)
  let level = Math.log(r.between(100, 1e5))
  const step = r.between(0.003, 0.015)
  const sd = r.between(0.03, 0.12)
  return make(`wandering-${seed}`, 5 * MIN, 4, ({ hour }) => {
    level += step * r.normal()
    const t = r.normal() / Math.sqrt((2 * r.gamma(1.5)) / 3)
    return r.poisson(Math.exp(level + 0.3 * Math.cos(((hour - 13) / 12) * Math.PI) + sd * Math.max(-8, Math.min(8, t))))
  })
}

/** Work on and off by the clock, of unequal lengths, with a batch at night. */
const shifts: Law = (seed) => {
  const r = random(seed)
  const mean = r.between(30, 3_000)
  const noise = ar(r, 0.6, r.between(0.05, 0.2))
  const batch = Math.floor(r.next() * 5)
  return make(`shifts-${seed}`, 15 * MIN, 6, ({ hour, weekday }) => {
    const on = weekday < 5 && hour >= 8 && hour < 18 ? 1 : 0.15
    return r.poisson(mean * (on + (hour >= batch && hour < batch + 0.5 ? 2 : 0)) * Math.exp(noise()))
  })
}

/** Players: evenings and weekends, updates that shift the level, short outages of their own. */
const players: Law = (seed) => {
  const r = random(seed)
  const mean = r.between(200, 50_000)
  const shift = 12 + Math.floor(r.next() * 10)
  const noise = ar(r, 0.97, r.between(0.05, 0.12))
  return make(`players-${seed}`, MIN, 3, ({ hour, weekday, day }) =>
    r.poisson(
      mean *
        dayShape(hour, 0.7, 21) *
        (weekday > 4 ? 1.6 : 1) *
        (day >= shift ? 1.3 : 1) *
        Math.exp(noise() + 0.02 * r.normal()),
    ),
  )
}

export const TUNED = { web, posts, rides, load, network, sparse, orders, growing }
export const HELD_OUT = { exciting, calls, wandering, shifts, players }
