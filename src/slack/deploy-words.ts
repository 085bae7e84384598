import type { Deploy, Lock } from '../domain/deploy/deploy.ts'
import type { Gate, Reason } from '../domain/deploy/gate.ts'
import type { Blindness } from '../domain/deploy/sight.ts'
import type { Refusal } from '../domain/event.ts'
import type { Recorded } from '../domain/fact.ts'
import { clockTime, code, cut, duration, list, nearTime, plain, reasonGiven } from './text.ts'
import { inc, people, person, type Voice, witnessed } from './words.ts'

/** What is said of deploys and of what keeps them back. Pure. */
const at = ({ rules, now }: Voice, instant: number) => nearTime(instant, rules.zone, now)

/** `webmail v42 (production)` */
const what = ({ service, version, environment }: Pick<Deploy, 'service' | 'version' | 'environment'>) =>
  `${code(service)} ${code(version)} (${plain(environment)})`

const asker = (voice: Voice, { by, asker: name }: Pick<Deploy, 'by' | 'asker'>) =>
  by === null ? plain(cut(name, 100)) : person(voice, by)

function kindOf({ kind, incident, state }: Pick<Deploy, 'kind' | 'incident' | 'state'>): string {
  if (state === 'noted') return 'Change'
  return kind === 'deploy' ? 'Deploy' : kind === 'rollback' ? 'Rollback' : `Fix of ${inc(incident ?? 0)}`
}

const BLIND: Record<Blindness, (name: string) => string> = {
  silent: (name) => `monitor ${name} has seen nothing lately`,
  silenced: (name) => `monitor ${name} is silenced, and would page nobody`,
  disabled: (name) => `monitor ${name} is disabled, and does not look`,
  returning: (name) => `monitor ${name} is back from a silence, and has not shown yet that it sees`,
  learning: (name) => `monitor ${name} still learns what is usual`,
  failing: (name) => `monitor ${name} fails already, and would not notice that it gets worse`,
  unwatched: (name) => `nothing would notice if monitor ${name} stopped`,
  uncovered: (name) => `nothing watches ${name}`,
  pool: () => 'nobody can say how much of its pool serves',
  nothing: () => 'no monitor watches it',
}

/** One reason, on one line. */
export function reasonLine(voice: Voice, reason: Reason): string {
  const until = reason.endAt === null ? '' : ` until ${at(voice, reason.endAt)}`
  switch (reason.reason) {
    case 'shift-change':
      return `:arrows_counterclockwise: *Shift change:* the watch of ${code(reason.schedule)} changes at ${at(voice, reason.changeAt)}; nothing is deployed from ${at(voice, reason.startAt)}${until}${reason.unrelieved ? ', or until it is taken over' : ''}`
    case 'nobody-on-duty':
      return `:ghost: *Nobody on duty* by ${code(reason.schedule)}${reason.endAt === null ? ', and nobody in sight' : until}`
    case 'blackout':
      return `:calendar: *${plain(reason.name)}:* from ${at(voice, reason.startAt)}${until}`
    case 'freeze':
      return `:snowflake: *Freeze ${reason.lock}* by ${person(voice, reason.by ?? '')}${until}: ${reasonGiven(reason.why)}`
    case 'lock':
      return `:lock: *Lock ${reason.lock}*${reason.by === null ? '' : ` by ${person(voice, reason.by)}`}${until}: ${reasonGiven(reason.why)}. \`/deploy unlock ${reason.lock}\``
    case 'open-incident':
      return `:rotating_light: *${inc(reason.incident)}* of ${code(reason.service)} is open since ${at(voice, reason.startAt)}`
    case 'nobody-on-call':
      return reason.unreachable.length === 0
        ? ':ghost: *Nobody is on duty* who would be paged'
        : `:no_entry: *Nobody can be reached:* ${people(voice, reason.unreachable)} ${reason.unreachable.length > 1 ? 'are' : 'is'} on duty, and Slack reaches none`
    case 'blind':
    case 'silenced-monitor':
      return `:see_no_evil: *Blind:* ${BLIND[reason.why](code(reason.what ?? ''))}${until}`
    case 'in-progress':
      return `:hourglass_flowing_sand: *Another rollout:* deploy ${reason.deploy} (${code(reason.version)}) is not over. \`/deploy status\``
    case 'unknown':
      return `:question: *Not known:* ${plain(reason.what)}`
    default:
      return reason satisfies never
  }
}

/** Reasons in one message; the record has them all. */
const REASONS = 12

export function reasonLines(voice: Voice, { reasons }: Extract<Gate, { allow: false }>): string[] {
  const more = reasons.length - REASONS
  return [
    ...reasons.slice(0, REASONS).map((reason) => `• ${reasonLine(voice, reason)}`),
    ...(more > 0 ? [`_and ${more} more_`] : []),
  ]
}

/** When it may begin. What only somebody can end has no time. */
export function nextLine(voice: Voice, gate: Extract<Gate, { allow: false }>, lengthMs: number): string {
  const room = `with room for all ${duration(lengthMs)} of rolling out and watching`
  if (gate.nextAt === null) return '*Next free:* no such time is in sight.'
  const soon = `${at(voice, gate.nextAt)} (in ${duration(gate.nextAt - voice.now)})`
  if (gate.untilAt !== null) return `*Next free:* ${soon}, ${room}.`
  return gate.nextAt <= voice.now
    ? `*Next free:* as soon as that is over: the calendar has room for all ${duration(lengthMs)} now.`
    : `*Next free:* ${soon} at the earliest, once the rest is over too, ${room}.`
}

/** The answer to whoever asked and was refused. */
export function deniedAnswer(voice: Voice, deploy: Deploy): string {
  const { gate, id, estimateMs, bakeMs } = deploy
  if (gate.allow) return ''
  return [
    `:no_entry: *Not now:* ${what(deploy)} was not deployed.`,
    ...reasonLines(voice, gate),
    nextLine(voice, gate, estimateMs + bakeMs),
    `With a second person: ${code(`/deploy override ${id} REASON`)}. Alone, loudly, in an emergency: ${code(`/deploy break-glass ${id} REASON`)}. Rollbacks and fixes of an open incident are never refused.`,
  ].join('\n')
}

/** How it stands, in a sentence or two. */
export function deployStanding(voice: Voice, deploy: Deploy): string {
  const { state, sinceAt, startedAt, estimateMs, bakeMs, rolledAt, override, step, stop, gate, id } = deploy
  const said =
    step === null ? '' : ` ${state === 'unasked' || state === 'noted' ? 'It says' : 'CI'}: ${reasonGiven(step.text)}.`
  const since = at(voice, sinceAt)
  switch (state) {
    case 'denied':
      return `:no_entry: *Denied* at ${since}.${gate.allow ? '' : `\n${[...reasonLines(voice, gate), nextLine(voice, gate, estimateMs + bakeMs)].join('\n')}`}`
    case 'asked':
      return `:raised_hand: ${person(voice, override?.by ?? '')} *asks for an override:* ${reasonGiven(override?.reason ?? '')}. A second person has until ${at(voice, override?.untilAt ?? sinceAt)} to approve it.${gate.allow ? '' : `\n${reasonLines(voice, gate).join('\n')}`}`
    case 'lapsed':
      return `:x: *Nobody approved* the override in time: it was not deployed.`
    case 'starting':
      return `:arrow_forward: *Starting* since ${since}.`
    case 'unsure':
      return `:question: *Nobody knows whether it has started:* its hook gave no answer that says so. Look, then type ${code(`/deploy started ${id}`)} or ${code(`/deploy failed ${id}`)}. Nothing else starts meanwhile.`
    case 'rolling':
      return `:rocket: *Rolling out* since ${since}; it should be out by ${at(voice, sinceAt + estimateMs)}. Its monitors are watched closely.${said}${overrunOf(voice, deploy)}`
    case 'baking':
      return `:eyes: *Out* since ${at(voice, rolledAt ?? sinceAt)}, and watched until ${at(voice, (rolledAt ?? sinceAt) + bakeMs)}.${said}`
    case 'held':
      return `:double_vertical_bar: *Held* at ${since}: ${reasonGiven(stop?.why ?? '')}. Whoever has the watch goes on with it (${code(`/deploy resume ${id}`)}) or takes it back (${code(`/deploy rollback ${deploy.service}`)}).${hookOf(deploy)}`
    case 'halted':
      return `:octagonal_sign: *Halted* at ${since}${stop?.by == null ? '' : ` by ${person(voice, stop.by)}`}: ${reasonGiven(stop?.why ?? '')}.${hookOf(deploy)} ${code(deploy.service)} is locked. Take it back: ${code(`/deploy rollback ${deploy.service}`)}.${witnessed(voice, stop?.evidence ?? [])}`
    case 'superseded':
      return `:leftwards_arrow_with_hook: *Taken back* at ${since}: ${reasonGiven(stop?.why ?? 'another took its place')}.`
    case 'failed':
      return `:x: *Failed* at ${since}.${said}`
    case 'done':
      return `:white_check_mark: *Done* at ${since}${startedAt === null ? '' : `, after ${duration(sinceAt - startedAt)}`}: rolled out, watched, nothing went wrong.`
    case 'unasked':
      return `:rotating_light: *Nobody asked for it:* it was seen at ${since}, and went past the gate.${said} If it should not be out: ${code(`/deploy rollback ${deploy.service} VERSION`)}.`
    case 'noted':
      return `:memo: A change, reported at ${since}.${said}`
    default:
      return state satisfies never
  }
}

function overrunOf(voice: Voice, { overrun, id }: Deploy): string {
  if (overrun === null) return ''
  if (overrun.finishBy !== null)
    return overrun.finishBy === 'nobody'
      ? '\n:warning: A blackout has begun, and it cannot be held: it finishes.'
      : `\n:warning: A blackout has begun; ${person(voice, overrun.finishBy)} lets it finish.`
  return `\n:warning: *A blackout has begun while it rolls.* Let it finish (${code(`/deploy finish ${id}`)}), hold it (${code(`/deploy hold ${id}`)}) or roll it back; it is held at ${at(voice, overrun.holdAt)} if nobody says.`
}

function hookOf({ stop }: Deploy): string {
  switch (stop?.hook) {
    case 'owed':
      return ' What rolls is being told to stop.'
    case 'done':
      return ' What rolls was told to stop, and has confirmed it.'
    case 'failed':
      return ' *What rolls does not answer to its halt hook: stop it by hand.* It is tried on.'
    default:
      return ''
  }
}

/** Who asked, and by whose leave. */
export function deployBy(voice: Voice, deploy: Deploy): string {
  const { override, askedAt, id, gate } = deploy
  const leave =
    override === null || (override.approvedBy === null && !override.glass)
      ? ''
      : override.glass
        ? ` · :warning: *broken glass* by ${person(voice, override.by)} alone: ${reasonGiven(override.reason)}`
        : ` · override by ${person(voice, override.by)} with ${person(voice, override.approvedBy ?? '')}: ${reasonGiven(override.reason)}`
  const kind = gate.allow && gate.because !== 'free' ? ` · ${gate.because}: never blocked` : ''
  return `deploy ${id} · ${asker(voice, deploy)}, ${at(voice, askedAt)}${kind}${leave}`
}

export const deployTitle = (deploy: Deploy) => `${kindOf(deploy)} ${deploy.id}: ${what(deploy)}`

/** One in a line: in a list, in the handover. */
export function deployLine(voice: Voice, deploy: Deploy): string {
  const [first = ''] = deployStanding(voice, deploy).split('\n')
  return `*${deploy.id}* ${kindOf(deploy).toLowerCase()} ${what(deploy)}, ${asker(voice, deploy)}: ${first}`
}

/** For the log: what, when, and who overrode what and why. */
export function logLine(voice: Voice, deploy: Deploy): string {
  const { gate, state } = deploy
  const isSeen = state === 'unasked' || state === 'noted'
  const reasons = gate.allow || isSeen ? '' : ` (${[...new Set(gate.reasons.map(({ reason }) => reason))].join(', ')})`
  return `• ${deployBy(voice, deploy)}: ${kindOf(deploy).toLowerCase()} ${what(deploy)} · *${state}*${reasons}`
}

type OfDeploy = Recorded & { type: 'deploy' }

/** One entry of the timeline of an incident. */
export function deployEntry(voice: Voice, fact: OfDeploy): string | null {
  const { deploy, by, detail } = fact
  const which = `${kindOf(deploy).toLowerCase()} ${deploy.id} of ${what(deploy)}`
  const who = by === null ? '' : ` by ${person(voice, by)}`
  const said = detail === null ? '' : `: ${reasonGiven(detail)}`
  switch (fact.what) {
    case 'allowed':
      return `:arrow_forward: *Allowed:* ${which}${who}${deploy.gate.allow && deploy.gate.because !== 'free' ? `, as a ${deploy.gate.because}: never blocked` : ''}`
    case 'override-asked':
      return `:raised_hand: *Override asked*${who} for ${which}: ${reasonGiven(deploy.override?.reason ?? '')}`
    case 'approved':
      return `:raised_hands: *Override approved*${who}, asked by ${person(voice, deploy.override?.by ?? '')}, for ${which}`
    case 'glass-broken':
      return `:warning: *Glass broken*${who} alone for ${which}: ${reasonGiven(deploy.override?.reason ?? '')}`
    case 'started':
      return `:rocket: *Rolling out:* ${which}`
    case 'unsure':
      return `:question: *Nobody knows whether it has started:* ${which}${said}`
    case 'step':
      return `:footprints: ${which}${said}`
    case 'rolled':
      return `:eyes: *Rolled out:* ${which}; watched for ${duration(deploy.bakeMs)}`
    case 'done':
      return `:white_check_mark: *Done:* ${which}`
    case 'failed':
      return `:x: *Failed:* ${which}${said}`
    case 'superseded':
      return `:leftwards_arrow_with_hook: *Taken back:* ${which}: ${reasonGiven(deploy.stop?.why ?? '')}`
    case 'overdue':
      return `:hourglass_flowing_sand: *Overdue:* ${which} should be out long since`
    case 'overrun':
      return `:warning: *A blackout has begun* while ${which} rolls: its people are asked`
    case 'let-finish':
      return `:arrow_forward: ${which} *finishes* in the blackout${who}`
    case 'held':
      return `:double_vertical_bar: *Held:* ${which}: ${reasonGiven(deploy.stop?.why ?? '')}`
    case 'not-holdable':
      return `:warning: ${which} *cannot be held* and finishes in the blackout`
    case 'resumed':
      return `:arrow_forward: *Resumed*${who}: ${which}`
    case 'halted':
      return `:octagonal_sign: *Halted*${who}: ${which}: ${reasonGiven(deploy.stop?.why ?? '')}${witnessed(voice, deploy.stop?.evidence ?? [])}`
    case 'halt-failed':
      return `:sos: *The halt hook does not answer:* ${which}${said}. Stop it by hand`
    case 'seen':
      return `:rotating_light: *Nobody asked for it:* ${which}, by ${plain(cut(deploy.asker, 100))}: it went past the gate`
    case 'noted':
      return `:memo: *Change:* ${which}, by ${plain(cut(deploy.asker, 100))}`
    case 'denied':
    case 'tell-asked':
    case 'opens':
    case 'halt-done':
    case 'lapsed':
    case 'linked':
      return null
    default:
      return fact.what satisfies never
  }
}

/** To somebody who has to know, by DM; the rest of the message says how it stands. */
export function toldLine(voice: Voice, { what: news, deploy, detail, by }: OfDeploy, to: string): string {
  const yours = deploy.by === to ? 'Your' : 'The'
  const which = `${yours} ${kindOf(deploy).toLowerCase()} ${deploy.id} of ${what(deploy)}`
  const said = detail === null ? '' : ` (${plain(cut(detail, 200))})`
  switch (news) {
    case 'opens':
      return `:unlock: *The gate is open* for ${what(deploy)}, as you wanted to know. Ask again now: ${code(`/deploy ${deploy.service} ${deploy.version} ${deploy.environment}`)}.`
    case 'approved':
      return `:raised_hands: ${person(voice, by ?? '')} approved the override: ${what(deploy)} starts.`
    case 'glass-broken':
      return `:warning: *${person(voice, by ?? '')} has broken the glass* and deploys ${what(deploy)} alone, against the gate: ${reasonGiven(deploy.override?.reason ?? '')}.${deploy.gate.allow ? '' : `\n${reasonLines(voice, deploy.gate).join('\n')}`}`
    case 'unsure':
      return `:question: ${which}: its hook gave no answer that says whether it has started${said}. Look, then say so: ${code(`/deploy started ${deploy.id}`)} or ${code(`/deploy failed ${deploy.id}`)}.`
    case 'halt-failed':
      return `:sos: *${which} is halted, and what rolls does not answer to its halt hook*${said}. Stop it by hand.`
    case 'failed':
      return `:x: ${which} failed${said}.`
    case 'seen':
      return `:rotating_light: *Nobody asked for it:* ${what(deploy)} was deployed by ${plain(cut(deploy.asker, 100))}, past the gate. Find out who and why; if it should not be out: ${code(`/deploy rollback ${deploy.service} VERSION`)}.`
    case 'noted':
      return `:memo: *Something changed at ${code(deploy.service)}*, reported by ${plain(cut(deploy.asker, 100))}: ${reasonGiven(deploy.step?.text ?? deploy.version)}. It says no environment, and no deploy that the gate allowed is under way or just over: if it was one, it went past the gate.`
    case 'lapsed':
      return `:x: ${which} was not approved in time, and was not deployed. Ask anew: ${code(`/deploy override ${deploy.id} REASON`)}.`
    case 'overdue':
      return `:hourglass_flowing_sand: ${which} should be out long since. Its CI has said nothing of an end: ${code(`/deploy finish ${deploy.id}`)}, ${code(`/deploy halt ${deploy.id} REASON`)}.`
    default:
      return `${which}: ${deployStanding(voice, deploy)}`
  }
}

const whose = (lock: Lock) =>
  `${lock.service === null ? 'every service' : code(lock.service)}${lock.environment === null ? '' : ` (${plain(lock.environment)})`}`

/** A freeze or a lock in a line. */
export function lockLine(voice: Voice, lock: Lock): string {
  const { id, kind, by, fromAt, untilAt, reason } = lock
  const from = fromAt > voice.now ? `from ${at(voice, fromAt)} ` : ''
  const end = kind === 'freeze' ? 'thaw' : 'unlock'
  const until = untilAt === null ? `until somebody types \`/deploy ${end} ${id}\`` : `until ${at(voice, untilAt)}`
  return `${kind === 'freeze' ? ':snowflake: *Freeze' : ':lock: *Lock'} ${id}* of ${whose(lock)}, ${from}${until}${by === null ? '' : `, by ${person(voice, by)}`}: ${reasonGiven(reason)}`
}

export function lockNews(voice: Voice, { what: news, by, lock }: Recorded & { type: 'lock' }): string {
  if (news === 'made') return lockLine(voice, lock)
  const end = lock.kind === 'freeze' ? 'thaw' : 'unlock'
  return news === 'over'
    ? `:unlock: The ${lock.kind} ${lock.id} of ${whose(lock)} is over.`
    : `:unlock: ${person(voice, by ?? '')} ended the ${lock.kind} ${lock.id} of ${whose(lock)} (\`/deploy ${end} ${lock.id}\`).`
}

/** To whoever answers for a service whose blackouts GitLab does not take. */
export const freezeTroubleLine = ({ service, project, why }: { service: string; project: string; why: string }) =>
  `:warning: *GitLab does not have the blackouts of ${code(service)}:* ${code(plain(project))} ${plain(cut(why, 300))}. So pipelines there do not see a coming blackout as a deploy freeze (\`CI_DEPLOY_FREEZE\`); the gate itself decides as before. It is tried again each minute (\`gate.gitlab_freezes\`).`

type DeployRefusal = Extract<
  Refusal,
  {
    code:
      | 'unknown-deploy'
      | 'deploy-over'
      | 'no-hook'
      | 'unknown-environment'
      | 'not-to-fix'
      | 'same-rollout'
      | 'rolls-already'
      | 'own-override'
      | 'lost-role'
      | 'not-resumed'
      | 'bad-lock'
      | 'unknown-lock'
      | 'lock-over'
  }
>

export function deployRefusal(voice: Voice, refusal: DeployRefusal): string {
  const { rules, now } = voice
  switch (refusal.code) {
    case 'unknown-deploy':
      return `There is no deploy ${refusal.deploy}, and nothing was done. \`/deploy log\` lists them.`
    case 'deploy-over':
      return `Deploy ${refusal.deploy} is ${refusal.state}, so that cannot be done to it, and nothing was. \`/deploy log ${refusal.deploy}\` has all of it.`
    case 'no-hook':
      return refusal.hook === 'start'
        ? `The configuration does not say how ${code(refusal.service)} is deployed (\`services.${refusal.service}.deploy.start\`), so nothing was. Its CI may ask: \`watchbill gate --service ${refusal.service}\`.`
        : `The configuration does not say how a rollout of ${code(refusal.service)} goes on (\`deploy.resume\`), so nothing was done. Roll it back, \`/deploy rollback ${refusal.service}\`, and deploy it anew.`
    case 'unknown-environment':
      return `${code(refusal.service)} has no environment ${code(cut(refusal.environment, 50))}, and nothing was deployed. There ${refusal.known.length > 1 ? 'are' : 'is'} ${list(refusal.known.map(code))} (\`deploy.environments\`).`
    case 'not-to-fix':
      return `${refusal.incident === null ? 'A fix' : inc(refusal.incident)} is no open incident of ${code(refusal.service)} or of what it depends on, so this is no fix, and nothing was deployed. \`/incident list\` shows what is open; without \`fix\` the gate decides.`
    case 'same-rollout':
      return `That is under way already, as deploy ${refusal.deploy} (${code(refusal.version)}), and was not started twice. \`/deploy status\``
    case 'rolls-already':
      return `Deploy ${refusal.deploy} (${code(refusal.version)}) is not over, and nobody allows two rollouts at once; nothing was done. Wait for it, or halt it: ${code(`/deploy halt ${refusal.deploy} REASON`)}.`
    case 'own-override':
      return `An override takes a second person, and you asked for it (or for deploy ${refusal.deploy}) yourself. Nothing was done: somebody else has to approve it. In an emergency, alone and loudly: ${code(`/deploy break-glass ${refusal.deploy} REASON`)}.`
    case 'lost-role':
      return `Approving takes the role ${code(refusal.role)}, which you do not have any more. Nothing was done.`
    case 'not-resumed':
      return `Deploy ${refusal.deploy} was not resumed: the gate has something against it beside the halt.\n${refusal.gate.allow ? '' : reasonLines(voice, refusal.gate).join('\n')}`
    case 'bad-lock':
      return `That ends before it begins, or lasts too long: until ${clockTime(refusal.latestAt, rules.zone, now)} at the latest. What lasts longer belongs in the configuration (\`gate.blackouts\`). Nothing was done.`
    case 'unknown-lock':
      return `There is no freeze or lock ${refusal.lock}, and nothing was done. \`/deploy status\` lists them.`
    case 'lock-over':
      return `${refusal.lock} is over, and nothing was done. \`/deploy status\` lists what stands.`
    default:
      return refusal satisfies never
  }
}

/** What GitHub shows beside the job that waits: no mark-up of Slack's. */
export function githubComment({ rules, now }: Voice, { gate, id }: Deploy): string {
  if (gate.allow) return `Watchbill: deploy ${id} is allowed.`
  const next =
    gate.nextAt === null
      ? ''
      : ` Next free: ${clockTime(gate.nextAt, rules.zone, now)}${gate.untilAt === null ? ' at the earliest' : ''}.`
  const reasons = [...new Set(gate.reasons.map((each) => each.reason.replaceAll('-', ' ')))].join(', ')
  return `Watchbill: not now (${reasons}).${next} It is approved by itself when the gate opens; in Slack: /deploy override ${id} REASON.`
}

/** A button that is not where we put it. */
export const notOurDeploy =
  'That button is not on a message that Watchbill wrote about this deploy (it may be a copy), so nothing was done. `/deploy status` lists what is under way, and what to type.'
