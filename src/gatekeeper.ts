import { randomUUID } from 'node:crypto'
import { Asked, Became, isSigned, refOf } from './deploys/app.ts'
import type { Deps, Desk } from './deps.ts'
import type { Deploy } from './domain/deploy/deploy.ts'
import { factsFor } from './domain/deploy/facts.ts'
import { evaluateDeploy, type Gate, type Reason } from './domain/deploy/gate.ts'
import { firstEnvironment, pacing } from './domain/deploy/rules.ts'
import { isSame } from './domain/deploy/seen.ts'
import type { Blindness, Sight } from './domain/deploy/sight.ts'
import type { DeployProgress, DeploySeen, Outcome } from './domain/event.ts'
import { type Rules, under } from './domain/rules.ts'
import { parsedJson } from './json.ts'
import { sightOf } from './lookout.ts'
import { clockTime } from './slack/text.ts'
import { deployOfGithub, latestDeploys, readDeploy, readSeen } from './store/deploys.ts'
import { withCalendars } from './store/rota.ts'

/** What CI hears: the decision, each reason with a sentence, and when to ask again. ISO 8601. */
export interface Verdict {
  decision: 'allow' | 'deny'
  reasons: { reason: string; sentence: string; start: string; end: string | null }[]
  /** When the last reason is over by itself; null: somebody has to end it, or nobody knows. */
  until: string | null
  /** The next instant with room for all of it; not before, where `until` is null. */
  next_open_at: string | null
}

export interface Report {
  service: string
  environment: string | undefined
  version: string
  kind: Deploy['kind']
  incident: number | null
  asker: string
  /** The same again is the same. */
  key: string | null
}

/** What came of it: where it stands, and whether to go on. */
export interface Standing extends Verdict {
  deploy: number
  service: string
  environment: string
  version: string
  state: Deploy['state']
  /** False: stop, or do not begin. */
  proceed: boolean
}

export type Answer = { ok: true; standing: Standing } | { ok: false; code: string; sentence: string }

type GateDeps = Pick<Deps, 'clock' | 'store' | 'askPool' | 'log' | 'rules' | 'secretOf'> & { desk: Desk }

/** The gate as CI asks it: without Slack, by HTTP. */
export function createGatekeeper(deps: GateDeps) {
  const { clock, store, desk } = deps

  /** @param at an instant to come; what nobody can know of it is taken to be as now. Null: now */
  async function gate(service: string, environment: string, at: number | null): Promise<Verdict> {
    const rules = await withCalendars(store.pool, deps.rules())
    const now = clock.now()
    const when = at ?? now
    const [seen, sight] = await Promise.all([readSeen(store.pool, now), sightOf(deps, rules, service)])
    const facts = factsFor(
      { desk: seen, rules },
      { service, environment, but: null },
      sight && later(sight, when - now),
      when,
    )
    const { estimateMs, bakeMs } = pacing(under(rules.services, service)?.deploy)
    return verdictOf(evaluateDeploy({ estimateMs, bakeMs, reason: null }, facts, when), rules, now)
  }

  async function report({ key, ...what }: Report): Promise<Answer> {
    const rules = deps.rules()
    const sight = await sightOf(deps, rules, what.service)
    const environment = what.environment ?? firstEnvironment(under(rules.services, what.service)?.deploy)
    const event = { type: 'deploy-report' as const, via: 'ci' as const, ref: key, ...what, environment, sight }
    const outcome = await desk.submit({
      source: 'ci',
      key: key === null ? randomUUID() : `deploy/${what.service}/${key}`,
      event,
    })
    return answerOf(outcome)
  }

  async function progress(
    deploy: number,
    what: DeployProgress['what'],
    text: string | null,
    key: string | null,
  ): Promise<Answer> {
    const event = { type: 'deploy-progress' as const, deploy, what, text }
    // One start and one end; of steps each that says something else.
    const id = key ?? (what === 'step' ? randomUUID() : what)
    return answerOf(await desk.submit({ source: 'ci', key: `progress/${deploy}/${id}`, event }))
  }

  async function answerOf(outcome: Outcome): Promise<Answer> {
    if (outcome.result === 'refused') return { ok: false, ...refused(outcome.refusal) }
    const found = outcome.deploy === undefined ? null : await readDeploy(store.pool, outcome.deploy)
    if (!found) throw new Error('a deploy that was decided on is not on record')
    return { ok: true, standing: standingOf(found, deps.rules(), clock.now()) }
  }

  /** What GitHub sends. `off`: nobody has set it up; `forged`: it is not signed by our secret. */
  async function github({
    name,
    delivery,
    body,
    signature,
  }: FromGithub): Promise<'taken' | 'ignored' | 'off' | 'forged'> {
    const app = deps.rules().gate.github
    const secret = app === null ? null : deps.secretOf(app.webhook)
    if (app === null || secret === null) return 'off'
    if (!isSigned(body, signature, secret)) return 'forged'
    const said = parsedJson(body.toString('utf8'))
    const key = `github/${delivery}`
    const asked = name === 'deployment_protection_rule' ? Asked.safeParse(said) : null
    const became = name === 'deployment_status' ? Became.safeParse(said) : null
    const about = asked?.data ?? became?.data
    const service = about && under(app.repositories, about.repository.full_name.toLowerCase())
    if (!about || service === undefined) return 'ignored'
    const { id, sha, creator } = about.deployment
    const what = { service, version: sha.slice(0, 12), asker: `GitHub: ${creator?.login ?? 'somebody'}` }
    const known = pacing(under(deps.rules().services, service)?.deploy).environments
    const environment = asked?.data?.environment ?? became?.data?.deployment_status.environment ?? ''
    // Nobody guards what the configuration does not know.
    if (!known.includes(environment)) return 'ignored'
    if (asked?.data) {
      const sight = await sightOf(deps, deps.rules(), service)
      const more = { kind: 'deploy' as const, incident: null, via: 'github' as const, ref: refOf(asked.data), sight }
      await desk.submit({ source: 'github', key, event: { type: 'deploy-report', ...what, environment, ...more } })
      return 'taken'
    }
    const state = became?.data?.deployment_status.state ?? ''
    const step = under(STEPS, state)
    if (step === undefined) return 'ignored'
    const found = await deployOfGithub(store.pool, id)
    const text = became?.data?.deployment_status.description || state
    if (found) {
      const event = { type: 'deploy-progress' as const, deploy: found.id, what: step, text }
      await desk.submit({ source: 'github', key, event })
    } else {
      const more = { via: 'github' as const, text: null, ref: String(id) }
      await look({ source: 'github', key }, { ...what, ...more, environment })
    }
    return 'taken'
  }

  /** Somebody has deployed, or changed, something. What has just ended is on no desk any more: it is looked for first. */
  async function look(entry: { source: string; key: string }, what: Omit<DeploySeen, 'type' | 'deploy'>) {
    const latest = await latestDeploys(store.pool, what.service, LATEST)
    const deploy = latest.find((each) => isSame(each, what, clock.now()))?.id ?? null
    await desk.submit({ ...entry, event: { type: 'deploy-seen', ...what, deploy } })
  }

  /** What a change event says. The same key again is the same. */
  async function changed({ key, ...what }: Changed): Promise<void> {
    await look({ source: 'changes', key }, { ...what, via: 'change', ref: key })
  }

  return {
    gate,
    github,
    changed,
    report,
    progress,
    async standing(id: number): Promise<Standing | null> {
      const found = await readDeploy(store.pool, id)
      return found && standingOf(found, deps.rules(), clock.now())
    },
  }
}

/** Among so many of a service's latest deploys is the one that somebody reports on. */
const LATEST = 20

/** A change that somebody reports. Null is what they do not say. */
export interface Changed extends Pick<DeploySeen, 'service' | 'environment' | 'version' | 'asker'> {
  text: string
  key: string
}

interface FromGithub {
  name: string
  delivery: string
  body: Buffer
  signature: string | undefined
}

/** What GitHub calls a deployment that has got somewhere. */
const STEPS: Readonly<Record<string, DeployProgress['what']>> = {
  in_progress: 'start',
  success: 'finish',
  failure: 'failure',
  error: 'failure',
}

/** As though it were seen so much later. */
const later = (sight: Sight, ms: number): Sight => ({
  ...sight,
  at: sight.at + ms,
  monitors: sight.monitors.map((each) => ({ ...each, lastAt: each.lastAt === null ? null : each.lastAt + ms })),
})

export type Gatekeeper = ReturnType<typeof createGatekeeper>

const PROCEEDS: ReadonlySet<Deploy['state']> = new Set(['starting', 'unsure', 'rolling', 'baking', 'done'])

function standingOf(deploy: Deploy, rules: Rules, now: number): Standing {
  const { id, service, environment, version, state, gate, override } = deploy
  const verdict = verdictOf(gate, rules, now)
  const overridden = override !== null && (override.glass || override.approvedBy !== null)
  return {
    ...{ deploy: id, service, environment, version, state, proceed: PROCEEDS.has(state) },
    ...verdict,
    ...(overridden && { decision: 'allow' as const }),
  }
}

const iso = (at: number) => new Date(at).toISOString()

function verdictOf(gate: Gate, rules: Rules, now: number): Verdict {
  if (gate.allow) return { decision: 'allow', reasons: [], until: null, next_open_at: null }
  return {
    decision: 'deny',
    reasons: gate.reasons.map((each) => ({
      ...{ reason: each.reason, sentence: sentenceOf(each, rules, now), start: iso(each.startAt) },
      end: each.endAt === null ? null : iso(each.endAt),
    })),
    until: gate.untilAt === null ? null : iso(gate.untilAt),
    next_open_at: gate.nextAt === null ? null : iso(gate.nextAt),
  }
}

const BLIND: Record<Blindness, string> = {
  silent: 'has seen nothing lately',
  silenced: 'is silenced',
  disabled: 'is disabled',
  returning: 'is back from a silence and has not shown that it sees',
  learning: 'still learns what is usual',
  failing: 'fails already',
  unwatched: 'could stop without anybody noticing',
  uncovered: 'is watched by nothing',
  pool: 'the pool does not say how much of it serves',
  nothing: 'no monitor watches the service',
}

/** A reason for a log: no mark-up, times in the zone of the company. */
function sentenceOf(reason: Reason, { zone }: Rules, now: number): string {
  const at = (instant: number) => clockTime(instant, zone, now)
  const until = reason.endAt === null ? '' : ` until ${at(reason.endAt)}`
  switch (reason.reason) {
    case 'shift-change':
      return `the watch of ${reason.schedule} changes at ${at(reason.changeAt)}: nothing is deployed from ${at(reason.startAt)}${until}`
    case 'nobody-on-duty':
      return `nobody is on duty by ${reason.schedule}${until}`
    case 'blackout':
      return `${reason.name}: from ${at(reason.startAt)}${until}`
    case 'freeze':
    case 'lock':
      return `${reason.reason} ${reason.lock}${reason.by === null ? '' : ` by ${reason.by}`}${until}: ${reason.why}`
    case 'open-incident':
      return `INC-${reason.incident} of ${reason.service} is open`
    case 'nobody-on-call':
      return reason.unreachable.length === 0
        ? 'nobody is on duty who would be paged'
        : `nobody on duty can be reached: ${reason.unreachable.join(', ')}`
    case 'blind':
    case 'silenced-monitor':
      return `${reason.what === null ? '' : `${reason.what} `}${BLIND[reason.why]}${until}`
    case 'in-progress':
      return `deploy ${reason.deploy} (${reason.version}) is not over`
    case 'unknown':
      return `not known: ${reason.what}`
    default:
      return reason satisfies never
  }
}

function refused(refusal: Extract<Outcome, { result: 'refused' }>['refusal']): { code: string; sentence: string } {
  const { code } = refusal
  switch (code) {
    case 'unknown-environment':
      return {
        code,
        sentence: `${refusal.service} has no environment ${refusal.environment}: there are ${refusal.known.join(', ')}.`,
      }
    case 'not-to-fix':
      return {
        code,
        sentence: `INC-${refusal.incident ?? '?'} is no open incident of ${refusal.service}: it is no fix of it.`,
      }
    case 'same-rollout':
      return { code, sentence: `That is under way already, as deploy ${refusal.deploy}.` }
    case 'unknown-deploy':
      return { code, sentence: `There is no deploy ${refusal.deploy}.` }
    case 'deploy-over':
      return { code, sentence: `Deploy ${refusal.deploy} is ${refusal.state}: nothing more is said about it.` }
    case 'unknown-target':
      return { code, sentence: `There is no service ${refusal.name}.` }
    default:
      return { code, sentence: `It was refused (${code}).` }
  }
}
