import { factsFor } from '../../src/domain/deploy/facts.ts'
import { evaluateDeploy } from '../../src/domain/deploy/gate.ts'
import type { Window } from '../../src/domain/deploy/window.ts'
import { emptyDesk, HOUR, MINUTE, rota, rules, T0 } from '../support/builders.ts'
import { type Result, result } from './result.ts'

const MANY = 1_000
const QUESTIONS = 500
const YEAR_MS = 365 * 24 * HOUR

/** A thousand schedules that change every twelve hours, and a thousand windows, each of which the service has to miss. */
export async function gate(): Promise<Result[]> {
  const names = Array.from({ length: MANY }, (_, n) => `s${n}`)
  const schedules = names.map((name) => rota(name, ['dana', 'nora', 'erik'], 12))
  const windows = names.map((name, n): Window => {
    const at = (minutes: number) => ({
      day: Math.floor(minutes / 1_440) % 7,
      time: new Date((minutes % 1_440) * MINUTE).toISOString().slice(11, 16),
    })
    const zone = ['Europe/Zurich', 'America/New_York', 'Asia/Tokyo'][n % 3] ?? 'UTC'
    return { name, services: null, when: { kind: 'weekly', from: at(n * 9), to: at(n * 9 + 4), zone } }
  })
  const base = rules({ schedules, steps: [{ page: [{ kind: 'schedule', name: 's7' }], waitMs: 5 * MINUTE }] })
  const all = { ...base, gate: { ...base.gate, windows, refuseWhen: [] } }
  const desk = emptyDesk()
  let allowed = 0
  const ms = Array.from({ length: QUESTIONS }, (_, n) => {
    const at = T0 + Math.floor(((n * 0.618034) % 1) * YEAR_MS)
    const from = performance.now()
    const facts = factsFor({ desk, rules: all }, { service: 'webmail', environment: 'production', but: null }, null, at)
    const answer = evaluateDeploy({ estimateMs: 3 * MINUTE, bakeMs: MINUTE, reason: null }, facts, at)
    if (answer.allow) allowed++
    return performance.now() - from
  })
  return [
    result('gate', 'an answer, 1,000 windows and schedules', 'ms', ms, {
      goal: { of: 'p99', value: 20 },
      note: `${allowed} of ${QUESTIONS} allowed`,
    }),
  ]
}
