import { answerGithub } from '../src/deploys/app.ts'
import { callHook, type Done, type Order } from '../src/deploys/hook.ts'
import type { Deploy } from '../src/domain/deploy/deploy.ts'
import type { Hook } from '../src/domain/deploy/rules.ts'
import type { DeployHooked } from '../src/domain/event.ts'
import type { Recorded } from '../src/domain/fact.ts'
import { under } from '../src/domain/rules.ts'
import type { Claimed, Handler, Sent } from '../src/outbox.ts'
import { plainMessage } from '../src/slack/blocks.ts'
import { deployMessage, toldOfDeploy } from '../src/slack/deploy.ts'
import { githubComment, lockNews } from '../src/slack/deploy-words.ts'
import { readDeploy } from '../src/store/deploys.ts'
import { readFact } from '../src/store/incidents.ts'
import { dmOf, type JobDeps, keyed, show, tell, voice, whereabouts } from './tell.ts'

/** Tries of a halt before a person hears that it does not get through; it is tried on after that. */
const HALT_TRIES = 3
/** Tries after which nobody waits for it any more: some ten minutes. */
const MOST_HALT_TRIES = 40
const HALT_AGAIN_MS = 1_000
const HALT_CEILING_MS = 15_000

/** A deploy in the channel of its service, kept up to date. */
export function deploy(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'deploy') throw new Error(`${claim.key} is about no deploy`)
    const found = await deployOf(deps, claim.about.deploy)
    const channel = under(deps.rules().services, found.service)?.channel ?? null
    if (channel === null) return { outcome: 'never', reason: 'no_channel' }
    const said = deployMessage(await voice(deps), found)
    const place = whereabouts(claim.result)
    if (place) return show(deps, place, said)
    const message = { ...said, metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.rest, channel, message, sinceAt: found.askedAt })
  }
}

/**
 * Starts a rollout, once: whoever dies between the call and its answer leaves behind that nobody knows, and a person is told. It is never
 * called a second time.
 */
export function deployStart(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'deploy-start') throw new Error(`${claim.key} is about no start`)
    const found = await deployOf(deps, claim.about.deploy)
    const came = (done: Done) => hooked(deps, claim.key, found, 'start', done)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    if (fact?.type !== 'deploy') throw new Error(`${claim.key} is about no deploy on record`)
    if (found.via === 'github' || fact.what === 'linked') return answered(deps, claim, found, fact)
    // A second claim: the first may have called, whatever came of it.
    if (claim.uncertain || claim.tries > 1) {
      await came({ outcome: 'unknown', detail: 'Watchbill was stopped while it called the hook' })
      return { outcome: 'never', reason: 'it may have been started' }
    }
    // It was halted, or another took its place, before anything was called.
    if (found.state !== 'starting') return { outcome: 'never', reason: `it is ${found.state}` }
    const hooks = under(deps.rules().services, found.service)?.deploy ?? null
    const wanted = fact.what === 'resumed' ? 'resume' : found.kind === 'rollback' ? 'rollback' : 'start'
    const own = hooks?.[wanted] ?? null
    const hook = own ?? hooks?.start ?? null
    // A rollback without a hook of its own is the start of the version before.
    const order = orderOf(claim.key, own === null && wanted === 'rollback' ? 'start' : wanted, found)
    const done = hook === null ? { outcome: 'failed' as const, detail: NO_HOOK } : await call(deps, hook, order)
    await came(done)
    return done.outcome === 'done'
      ? { outcome: 'done' }
      : { outcome: 'never', reason: `${done.outcome}: ${done.detail}` }
  }
}

/** Our word to GitHub: repeated, it is the same, so it is tried until GitHub has it. */
async function answered(
  deps: JobDeps,
  claim: Claimed,
  found: Deploy,
  fact: Recorded & { type: 'deploy' },
): Promise<Sent> {
  const app = deps.rules().gate.github
  const key = app === null ? null : deps.secretOf(app.key)
  const isDenied = fact.what === 'denied'
  // It began since, or was halted: what is said is how it stands.
  if (isDenied && found.state !== 'denied') return { outcome: 'never', reason: `it is ${found.state}` }
  if (!isDenied && fact.what !== 'linked' && found.state !== 'starting')
    return { outcome: 'never', reason: `it is ${found.state}` }
  const said = {
    ref: found.ref ?? '',
    state: isDenied ? null : ('approved' as const),
    comment: githubComment(await voice(deps), found),
  }
  const done: Done =
    app === null || key === null
      ? { outcome: 'failed', detail: 'the configuration has no GitHub App (gate.github)' }
      : await answerGithub(deps.callOut, { ...app, key }, said, deps.rules().allowPrivate, deps.machine.now())
  if (done.outcome === 'unknown' && claim.tries < MOST_HALT_TRIES)
    return {
      outcome: 'unknown',
      reason: done.detail,
      afterMs: Math.min(HALT_CEILING_MS, HALT_AGAIN_MS * 2 ** Math.min(claim.tries, 10)),
      result: {},
    }
  if (!isDenied && fact.what !== 'linked') await hooked(deps, claim.key, found, 'start', done)
  return done.outcome === 'done' ? { outcome: 'done' } : { outcome: 'never', reason: done.detail }
}

const NO_HOOK = 'the configuration has no hook for it any more'

/** Tells what rolls to stop, until it has heard. Told twice it stops once. */
export function deployHalt(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'deploy-halt') throw new Error(`${claim.key} is about no halt`)
    const found = await deployOf(deps, claim.about.deploy)
    const hook = under(deps.rules().services, found.service)?.deploy?.halt ?? null
    const done: Done =
      hook === null ? { outcome: 'failed', detail: NO_HOOK } : await call(deps, hook, orderOf(claim.key, 'halt', found))
    if (done.outcome === 'done') {
      await hooked(deps, claim.key, found, 'halt', done)
      return { outcome: 'done' }
    }
    if (hook === null || claim.tries === HALT_TRIES) await hooked(deps, `${claim.key}/late`, found, 'halt', done)
    if (hook === null || claim.tries >= MOST_HALT_TRIES) return { outcome: 'never', reason: done.detail }
    const afterMs = Math.min(HALT_CEILING_MS, HALT_AGAIN_MS * 2 ** Math.min(claim.tries - 1, 10))
    // Whatever became of it: it is told again.
    return { outcome: 'unknown', reason: done.detail, afterMs, result: claim.result ?? {} }
  }
}

/** Somebody hears what became of a deploy. */
export function deployTold(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'deploy-told') throw new Error(`${claim.key} is told to nobody`)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    if (fact?.type !== 'deploy') throw new Error(`${claim.key} is about no deploy on record`)
    const dm = await dmOf(deps.slack.rest, deps, claim.about.person)
    if ('outcome' in dm) return dm
    const message = { ...toldOfDeploy(await voice(deps), fact, claim.about.person), metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.rest, channel: dm.channel, message, sinceAt: fact.at })
  }
}

/** A freeze or a lock, in a channel of a service that it concerns. */
export function lock(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'lock') throw new Error(`${claim.key} is about no lock`)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    if (fact?.type !== 'lock') throw new Error(`${claim.key} is about no lock on record`)
    const message = { ...plainMessage(lockNews(await voice(deps), fact)), metadata: keyed(claim) }
    const { channel } = claim.about
    return tell(deps, claim, { call: deps.slack.rest, channel, message, sinceAt: fact.at })
  }
}

async function call(deps: JobDeps, hook: Hook, order: Order): Promise<Done> {
  const secret = deps.secretOf(hook.secret)
  if (secret === null)
    return {
      outcome: 'failed',
      detail: `this process has no secret for ${hook.secret}: its configuration is another one`,
    }
  return callHook(deps.callOut, hook, secret, order, deps.rules().allowPrivate, deps.clock.now())
}

const orderOf = (id: string, action: Order['action'], found: Deploy): Order => ({
  ...{ id, action, deploy: found.id, service: found.service, environment: found.environment, version: found.version },
  ...{
    kind: found.kind,
    by: found.asker,
    reason: action === 'halt' ? (found.stop?.why ?? null) : (found.override?.reason ?? null),
  },
})

async function hooked(
  { desk }: JobDeps,
  key: string,
  { id }: Deploy,
  hook: DeployHooked['hook'],
  { outcome, detail }: Done,
): Promise<void> {
  const event = { type: 'deploy-hook' as const, deploy: id, hook, outcome, detail }
  await desk.submit({ source: 'hooks', key, event })
}

async function deployOf({ store }: JobDeps, id: number): Promise<Deploy> {
  const found = await readDeploy(store.pool, id)
  if (!found) throw new Error(`deploy ${id} is owed something but is not on record`)
  return found
}
