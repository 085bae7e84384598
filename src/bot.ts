import { randomUUID } from 'node:crypto'
import { type Ask, type Command, type CommandDeps, type Reply, SHOWN_BEFORE, type Status } from '../commands/command.ts'
import { buttons, commands, type OnAnswer } from '../commands/index.ts'
import { ALL, type GroupTrouble } from '../jobs/groups.ts'
import { timetable as entriesOf, payers } from '../jobs/index.ts'
import { type Pushed, takePushed } from '../jobs/log.ts'
import { look } from '../jobs/people.ts'
import { probes } from '../jobs/probe.ts'
import { takeCounts } from '../jobs/rate.ts'
import { createAilments, createPace } from './ailments.ts'
import { createAuditor, slackPath } from './auditor.ts'
import { createCallbacks } from './callbacks.ts'
import { sleep } from './clock.ts'
import { complaints } from './complaints.ts'
import { contactPath } from './contact-path.ts'
import type { Deps } from './deps.ts'
import { createDesk } from './desk.ts'
import { authorise, type Denied, type Standings } from './domain/authority.ts'
import { isOfTheWatch } from './domain/detect/graph.ts'
import { gapIn, type Load, loadOf } from './domain/duty/load.ts'
import { HOUR_MS } from './domain/duty/time.ts'
import { type Person, personOfSlack, type Rules, under } from './domain/rules.ts'
import { createEars } from './ears.ts'
import { UserError } from './errors.ts'
import { type Lately, openCalendar } from './feeds.ts'
import { createGatekeeper } from './gatekeeper.ts'
import { createHearing, type Said } from './hearing.ts'
import { createHere } from './here.ts'
import type { Check } from './intake/health.ts'
import type { Behind } from './intake/routes.ts'
import { createTray, lastRefusal } from './intake/tray.ts'
import { createJudge } from './judge.ts'
import { library } from './library.ts'
import { raiseAlarms } from './location-alarm.ts'
import { countedAttempts, countedCalls, PAGE_LATE_MS, type Readings, type RotaReadings } from './metrics.ts'
import { createOutbox } from './outbox.ts'
import { createPings } from './pings.ts'
import { createProbers } from './probers.ts'
import { createQuota } from './quota.ts'
import { openForm, whisper, whoAmI } from './slack/api.ts'
import { type Answer, type Asked, slackApp } from './slack/app.ts'
import { answerMessage } from './slack/blocks.ts'
import { type HearRequest, httpMode } from './slack/http.ts'
import type { Described } from './slack/manifest.ts'
import { createReceiver } from './slack/receiver.ts'
import { inPlain, shadowSentence } from './slack/shadow.ts'
import { socketMode } from './slack/socket.ts'
import { broken, denied } from './slack/words.ts'
import { latePages, storeReadings } from './store/audit.ts'
import { latestBackupAt } from './store/backup-folder.ts'
import { openHome } from './store/homes.ts'
import { finishReceipt, type Receipt, receive, reclaimReceipts, submit } from './store/inbox.ts'
import { placesOf, type Rows } from './store/owed.ts'
import { standings } from './store/people.ts'
import { keepWorkspaceUrl } from './store/record.ts'
import { rosterEdits, rotaOf, withCalendars, withEdits } from './store/rota.ts'
import { isOutage } from './store/store.ts'
import type { Shard } from './timetable/shards.ts'
import type { Timetable } from './timetable.ts'

export interface BotOptions extends Deps {
  botToken: string
  /** For Socket Mode; null: Slack sends requests. */
  appToken: string | null
  /** For HTTP mode; null: over Socket Mode only. One of the two is there, and both modes may run. */
  signingSecret: string | null
  apiUrl: string
  timetable: Timetable
  /** Reads the configuration again and makes it the active one; else its problems, and the one before stays. */
  reload(): Promise<string[]>
  /** Another process has made another configuration the active one: `rules()` is that one from now on. */
  follow(rules: Rules): void
  /** What is the matter with the store's disk, and what to do; null when nothing is, or when the disk is not ours. */
  diskTrouble(): string | null
}

export interface Bot {
  start(): Promise<void>
  /** What `/readyz` answers: null when all is well, else what is missing. */
  notReady(): string | null
  /** Nothing is being decided, sent or answered at this moment, as far as this process knows. */
  idle(): boolean
  status(): Promise<Status>
  desk: CommandDeps['desk']
  /** Takes what Slack sends to `/slack/events`; null without HTTP mode. */
  hearSlack: HearRequest | null
  /** What the HTTP routes ask of it. */
  behind: Behind
  /** How it does at this moment, for a scrape; answers within a second, whatever the store does. */
  readings(): Promise<Readings>
  /** Lets what is under way end, and stops. Nothing that is owed is lost: it is sent after the next start. */
  close(): Promise<void>
}

const RECLAIM_MS = 1_000
const WHO_AM_I_MS = 2_000

/** What is of the watch and fails each time is not waited for as long as its intervals may be. */
const FAILING_MS = 60_000

/** The auditor looks every half a minute. */
const AUDITOR_LATE_MS = 2 * 60_000

/** An entry of the timetable is behind after this many of its intervals, and not before this long. */
const LATE_INTERVALS = 3
const LATE_MS = 10_000
/** Monitors that all fall due at once (a start) are checked at a pace, which may take a while. */
const CHECKS_LATE_MS = 60_000

/** A scrape waits for the store no longer. */
const READINGS_MS = 800
/** What the rosters ask of people is counted this often at most. */
const LOAD_FRESH_MS = 10 * 60_000

/** The slash commands that the Slack app must have. */
export const appCommands: readonly Described[] = commands
const commandNames: string[] = commands.map((command) => command.name)

/** Wires the rooms together: desk, out-tray, timetable, commands. Everything it touches is in `options`. */
export function createBot(given: BotOptions): Bot {
  const pace = createPace(given)
  const counted = countedCalls(given.slack, given.metrics)
  const options: BotOptions = { ...given, slack: { ...counted, pages: pace.timed(counted.pages) } }
  const { clock, machine, log, store, slack, timetable } = options
  const complain = complaints(log)
  const desk = createDesk(
    { ...options, outdated: leave },
    {
      expect: (keys) => outbox.expect(keys),
      deliver: (keys, born) => outbox.deliver(keys, born),
      lose: (keys) => outbox.lose(keys),
    },
  )
  const deps: CommandDeps = { ...options, desk, status, reload: options.reload, me: () => me }
  const groupTrouble: GroupTrouble = new Map()
  const outbox = createOutbox(options, countedAttempts(payers({ ...deps, groupTrouble }), options.metrics))
  const tray = createTray({
    insert: (arrivals) => submit(store.pool, arrivals, clock.now()),
    isTheirs: (error) => !isOutage(error),
    now: clock.now,
  })
  const lineTray = createTray<Pushed>({
    insert: (pushed) => takePushed(deps, pushed),
    isTheirs: (error) => !isOutage(error),
    now: clock.now,
  })
  const pings = createPings({ ...options, changed: desk.wake })
  const quota = createQuota({ ...options, changed: desk.wake, refused: options.metrics.alertsRefused })
  const probers = createProbers(deps)
  const callbacks = createCallbacks(deps)
  const gatekeeper = createGatekeeper(deps)
  const auditor = createAuditor({
    ...options,
    paths: [slackPath(slack.rest, options.rules), contactPath(options)],
    refusing: () => lastRefusal([tray, lineTray, pings]),
    behind: () => behindTime().map(({ name }) => name),
    ailments: createAilments({ ...options, pace, deafSince: () => ears.deafSince() }),
  })
  const receiver = createReceiver<Receipt>({
    log,
    ledger: {
      record: (key, body) => receive(store, key, body, clock.now(), machine.now()),
      finish: (receipt) => finishReceipt(store.pool, receipt.id, clock.now()),
      name: (receipt) => receipt.key,
    },
    heeds: (event) => hearing.heeds(event),
    wrongIn: (view) => hearing.wrongIn(view),
  })
  const hearing = createHearing({ deps, run, commands: commandNames, me: () => me })
  const { botToken, appToken, signingSecret, apiUrl } = options
  const sockets = appToken === null ? null : socketMode({ appToken, apiUrl, log, hear: receiver.hear })
  const hearSlack = signingSecret === null ? null : httpMode({ signingSecret, clock, log, hear: receiver.hear })
  const ears = createEars({
    ...options,
    connected: () => (hearSlack === null ? (sockets?.connected() ?? null) : null),
    changed: auditor.hurry,
  })
  slackApp({
    receiver,
    botToken,
    apiUrl,
    log,
    commands: commandNames,
    buttons: Object.keys(buttons),
    async onCommand(name, asked) {
      const answer = await run(name, asked)
      return answer.shown ? null : answer
    },
    onShortcut: hearing.onShortcut,
    onSubmission: hearing.onSubmission,
    onEvent: hearing.onEvent,
    onButton: (action, asked) => press(action, asked),
    onHome: (user) => openHome(store.pool, user, clock.now()),
    async sayOtherwise({ channel, user }, answer) {
      const said = await whisper(slack.rest, channel, user, answer)
      // What was asked for is done and on record; only the word about it is lost.
      if (!said.ok) log.warn({ reason: said.reason }, 'an answer could not be given')
    },
  })
  const judge = createJudge(deps)
  const here = createHere(deps, judge, () => raiseAlarms(deps))
  const entries = entriesOf({ ...deps, groupTrouble, problems, here, judge })
  const watched = probes(deps, here)
  let shards: Shard[] = []
  /** Since when the timetable has the entries that it has. */
  let sharedOutAt = clock.now()
  let team: string | null = null
  let me: string | null = null
  let started = false
  let outdated = false
  let reclaim: NodeJS.Timeout | null = null
  const calendars: Lately = new Map()
  const closing = new AbortController()

  const complained = (what: string) => (error: unknown) => {
    complain(what, error)
    throw error
  }

  async function run(
    name: string,
    asked: Asked,
    check: () => Promise<void> = async () => {},
    confirmed: string | null = null,
  ): Promise<Said> {
    const command = commands.find((each) => each.name === name)
    const child = log.child({ command: name, user: asked.user })
    try {
      if (!command) throw new UserError('unknown-command', `${name} is not a command of Watchbill.`)
      await check()
      const plan = await withCalendars(store.pool, options.rules())
      const edits = await rosterEdits(store.pool)
      const rosters = { plan, edits, rota: withEdits(plan, edits) }
      const reply = await command.run(askOf(command, asked, rosters, await standingsFor(asked), confirmed))
      child.info({ text: asked.text, public: reply.public }, 'answered')
      return { ...said(reply), shown: await showForm(reply, asked) }
    } catch (error) {
      if (error instanceof UserError) {
        child.info({ text: asked.text, refused: error.code }, 'refused')
        return said({ text: error.message, public: false, acted: false })
      }
      const reference = randomUUID().slice(0, 8)
      child.error({ err: error, reference }, 'a command failed')
      return said({ text: broken(reference), public: false, acted: false })
    }
  }

  /** Whether a form stands in the place of the answer. */
  async function showForm({ form }: Reply, { trigger }: Asked): Promise<boolean> {
    if (!form || !trigger) return false
    const opened = await openForm(slack.rest, trigger, form)
    if (!opened.ok) log.warn({ reason: opened.reason }, 'a form could not be opened')
    return opened.ok
  }

  /** A button does what its command does. Its success shows where the button is; only a refusal needs words. */
  async function press(action: string, asked: Asked): Promise<Answer | null> {
    const button = buttons[action]
    if (!button) return null
    if (button.on === 'answer') return confirm(button, asked)
    const { command, verb } = button
    const typed = { ...asked, text: `${verb} ${button.typed(asked.text)}` }
    const isShownInFull = async () => {
      if (!(await isOurs(await button.rows(store.pool, asked.text), asked.on)))
        throw new UserError('not-our-message', button.notOurs)
    }
    const reply = await run(command.name, typed, isShownInFull, SHOWN_BEFORE)
    return reply.acted ? null : reply
  }

  /** A button of an answer that only the asker sees: what it says is done as if they had typed it, and is checked as that is. */
  async function confirm({ command, read }: OnAnswer, asked: Asked): Promise<Answer | null> {
    const value = read(asked.text, asked.user, clock.now())
    if ('leave' in value) return { ...said({ text: value.leave, public: false, acted: false }), instead: true }
    const { text, key } = value
    return { ...(await run(command.name, { ...asked, text, key }, undefined, value.confirmed)), instead: true }
  }

  /** A button counts where we put it: what it says (which incident) and where it is (on which message) must agree with the record. */
  async function isOurs(rows: Rows | null, on: Asked['on']): Promise<boolean> {
    if (!rows) return false
    // In a view of ours there is no message.
    if (!on) return true
    const { places, unsure } = await placesOf(store.pool, rows)
    return unsure || places.some(({ channel, ts }) => channel === on.channel && ts === on.ts)
  }

  /** Whoever is held for gone and asks for something is looked at again: nobody's acknowledgement is refused for what is no longer so. */
  async function standingsFor({ user, key }: Asked): Promise<Standings> {
    const known = await standings(store.pool)
    const person = personOfSlack(options.rules(), user)
    if (!person || !known.gone.has(person.name)) return known
    await look(deps, person, key)
    return standings(store.pool)
  }

  const askOf = (
    command: Command,
    asked: Asked,
    rosters: Pick<Ask, 'plan' | 'edits' | 'rota'>,
    known: Standings,
    confirmed: string | null,
  ): Ask => ({
    deps,
    ...rosters,
    text: asked.text.trim(),
    channel: asked.channel,
    user: asked.user,
    confirmed,
    ...(asked.message ? { message: asked.message } : {}),
    mayShowForm: typeof asked.trigger === 'string',
    key: asked.key,
    now: clock.now(),
    by: (role) => authorised(command, asked, rosters.rota, known, role ?? null).name,
  })

  function authorised(command: Command, asked: Asked, rota: Rules, known: Standings, role: string | null): Person {
    const { user, team: from } = asked
    const authority = authorise(rota, { user, team: from }, { team, ...known }, role, clock.now())
    if (authority.allow) return authority.person
    recordAttempt(command, asked, authority.reason)
    throw new UserError(authority.reason, denied(authority.reason, user, role))
  }

  /** Who tried what they may not do is on record, once an hour for each thing they try: an account that is not ours must not fill the store. */
  function recordAttempt({ name, usage }: Command, { user, team: from, channel, text }: Asked, reason: Denied): void {
    const [word = ''] = text.trim().toLowerCase().split(/\s+/, 1)
    // Never what somebody typed: it could be anything, as often as they like.
    const act = usage.some(([form]) => form.split(' ', 1)[0] === word) ? `${name} ${word}` : name
    const hour = Math.floor(clock.now() / HOUR_MS)
    const event = { type: 'attempt' as const, user, team: from, channel, act, reason }
    desk
      .submit({ source: 'attempts', key: `${user} ${act} ${reason} ${hour}`, event })
      .catch((error: unknown) => log.error({ err: error, user, act, reason }, 'a refusal could not be put on record'))
  }

  /** What a process that died had acknowledged to Slack and not worked on yet. */
  async function takeUp(): Promise<void> {
    for (const receipt of await reclaimReceipts(store, machine.now())) {
      log.info({ receipt: receipt.key }, 'taking up what another process left')
      await receiver
        .resume(receipt, receipt.body)
        .catch((error: unknown) => log.error({ err: error, receipt: receipt.key }, 'what was taken up failed'))
    }
  }

  /** Slack may be away when we start: the watch goes on meanwhile, and so does the asking. */
  async function introduce(): Promise<void> {
    while (team === null && !closing.signal.aborted) {
      const known = await whoAmI(slack.rest)
      if (known.ok) {
        team = known.value.team_id
        me = known.value.user_id
        log.info({ team }, 'Slack knows us')
        if (known.value.url !== undefined)
          await keepWorkspaceUrl(store.pool, known.value.url).catch((error: unknown) =>
            complain("the workspace's address could not be kept", error),
          )
        for (const { atStart, run: job } of entries) if (atStart) await job(clock.now())
      } else {
        log.warn({ reason: known.reason }, 'Slack does not know us; asking again')
        await sleep(WHO_AM_I_MS, closing.signal).catch(() => {})
      }
    }
  }

  /** A newer program has the store: what this one does not know of it would only be in its way. It ends nothing that is on its way. */
  function leave(): void {
    outdated = true
    halt().catch((error: unknown) => log.error({ err: error }, 'stopping failed'))
  }

  async function halt(): Promise<void> {
    if (reclaim) clearInterval(reclaim)
    const audited = auditor.close()
    await sockets?.stop()
    await receiver.stop()
    await timetable.close()
    // What is on its way may need the desk still (a page that was refused, a channel that was made); what that decided is then sent too.
    await outbox.close()
    await desk.close()
    await outbox.close()
    await audited
  }

  async function status(): Promise<Status> {
    return {
      slackConnections: sockets?.connected() ?? 0,
      slackOverHttp: hearSlack !== null,
      slackTrouble: slack.trouble(),
      queue: timetable.health().queue,
      storeAnswers: await store.answers(),
      diskTrouble: options.diskTrouble(),
      groupTrouble: [...groupTrouble].map(([of, { reason }]) => ({ handle: of === ALL ? null : of, reason })),
      backupAt: await latestBackupAt(options.backups, clock.now()),
      late: behindTime(),
    }
  }

  function behindTime(): Status['late'] {
    const now = clock.now()
    const late = timetable.health().entries.flatMap(({ name, everyMs, lastTickAt, failingSinceAt }) => {
      const lateMs = Math.max(everyMs * LATE_INTERVALS, LATE_MS)
      const stands = now - (lastTickAt ?? sharedOutAt) > lateMs
      const patienceMs = isOfTheWatch(name) ? Math.min(lateMs, FAILING_MS) : lateMs
      const fails = failingSinceAt !== null && now - failingSinceAt > patienceMs
      return stands || fails ? { name, lastAt: lastTickAt, failingSinceAt: fails ? failingSinceAt : null } : []
    })
    // Turns may come in time, and still be too much for this process.
    const waitingMs = watched.lateMs()
    const checks = { name: 'checks', lastAt: now - waitingMs, failingSinceAt: null }
    return waitingMs > CHECKS_LATE_MS ? [...late, checks] : late
  }

  /** No problem, and nothing to be overlooked. */
  function shadowed(): Check[] {
    const note = shadowSentence(options.rules(), inPlain)
    return note === null ? [] : [{ name: 'pages', problem: null, note }]
  }

  /** What must be well, in the order in which a person would look. */
  function checks(): Check[] {
    const silent = !store.healthy() || auditor.storeSilentSince() !== null
    const trouble = slack.trouble()
    const unconnected = team === null || sockets?.connected() === 0
    const check = (name: string, isWell: boolean, problem: string) => ({ name, problem: isWell ? null : problem })
    return [
      ...shadowed(),
      check('start', started, 'starting'),
      check('version', !outdated, 'a newer version of Watchbill works on this store: start that version here too'),
      check('store', !silent, 'the store does not answer'),
      check('timetable', timetable.health().ready, 'the timetable does not run yet'),
      check('slack', !unconnected, 'Slack is not connected'),
      check('token', trouble === null, `Slack refuses our calls: ${trouble}`),
      check(
        'alarms',
        !auditor.unheard(),
        'somebody has to be told that pages are late, and nothing that tells them works',
      ),
    ]
  }

  /** What a page needs and does not work at this moment: while there is anything, nobody outside hears that all is well. */
  async function problems(): Promise<string[]> {
    const answers = await askStore()
    const late = await latePages(store.auditPool, clock.now() - PAGE_LATE_MS, clock.now()).catch(() => [])
    return [
      ...checks().flatMap(({ problem }) => problem ?? []),
      ...(answers ? [] : ['the store does not answer']),
      ...behindTime()
        .filter(({ name, failingSinceAt }) => failingSinceAt === null || isOfTheWatch(name))
        .map(
          ({ name, failingSinceAt }) => `${name} ${failingSinceAt === null ? 'is behind its time' : 'fails each time'}`,
        ),
      ...(clock.now() - (auditor.lookedAt() ?? sharedOutAt) > AUDITOR_LATE_MS ? ['the auditor has not looked'] : []),
      ...(late.length > 0 ? [`${late.length} pages are owed and late`] : []),
    ]
  }

  /** The shards of the probes follow the configuration. */
  function shareOut(): void {
    const wanted = watched.shards()
    if (wanted === shards) return
    const names = new Set(wanted.map(({ name }) => name))
    const had = new Set(shards.map(({ name }) => name))
    for (const { name } of shards) if (!names.has(name)) timetable.never(name)
    for (const shard of wanted) if (!had.has(shard.name)) timetable.every(shard.name, shard.turnMs, watched.turn(shard))
    shards = wanted
    sharedOutAt = clock.now()
  }

  // However many ask over HTTP, the store is asked by one of them at a time: the auditor must always find a connection.
  const askStore = shared(() => store.answers())
  const readStore = shared(() => storeReadings(store.auditPool, clock.now()).catch(() => null))
  const readLoad = shared(async () => loadOf(await rotaOf(store.pool, options.rules()), clock.now()))
  let load: { load: Load; at: number } | null = null

  /** Counting weeks of every schedule has to last for some scrapes; the time until a gap is told as of each. */
  async function rotaReadings(): Promise<RotaReadings | null> {
    if (load === null || clock.now() - load.at >= LOAD_FRESH_MS) {
      const at = clock.now()
      const read = await readLoad().catch(() => null)
      load = read && { load: read, at }
    }
    if (load === null) return null
    const { gaps, onDutyMs } = load.load
    return { gapInMs: new Map([...gaps].map(([name, of]) => [name, gapIn(of, clock.now())])), onDutyMs }
  }

  async function readings(): Promise<Readings> {
    const now = clock.now()
    const inTime = <T>(answer: Promise<T>) => Promise.race([answer, sleep(READINGS_MS).then(() => null)])
    const [fromStore, rota] = await Promise.all([inTime(readStore()), inTime(rotaReadings())])
    return {
      socketConnections: sockets?.connected() ?? null,
      slackTrouble: slack.trouble() !== null,
      timetable: timetable.health().entries.map(({ name, everyMs, lastTickAt }) => ({
        name,
        lagMs: now - (lastTickAt ?? sharedOutAt) - everyMs,
      })),
      store: fromStore,
      rota,
    }
  }

  return {
    desk,
    hearSlack,
    status,
    readings,
    behind: {
      rules: options.rules,
      now: clock.now,
      async take(arrivals) {
        const ids = await tray.add(arrivals)
        desk.wake()
        return ids
      },
      async takeLines(monitor, lines) {
        await lineTray.add(lines.map((line) => ({ monitor, line })))
      },
      async takeCounts(name, counts) {
        const monitor = under(options.rules().monitors, name)
        return monitor?.kind === 'rate' ? takeCounts(deps, monitor, counts) : { late: 0 }
      },
      calendar: (token) =>
        openCalendar(store, options.rules(), token, clock.now(), calendars).catch((error: unknown) => {
          complain('a calendar could not be made', error)
          throw error
        }),
      record: library(deps, complain),
      ping: (ping) =>
        pings.hear(ping).catch((error: unknown) => {
          complain('a ping could not be stored', error)
          throw error
        }),
      prober: {
        work: (location, pull) => probers.work(location, pull).catch(complained('work could not be given to a prober')),
        take: (location, report) => probers.take(location, report).catch(complained('a report could not be stored')),
      },
      gatekeeper: {
        ...gatekeeper,
        gate: (...asked) => gatekeeper.gate(...asked).catch(complained('the gate could not be asked')),
        report: (said) => gatekeeper.report(said).catch(complained('a deploy could not be reported')),
        progress: (...said) => gatekeeper.progress(...said).catch(complained('the progress of a deploy was not taken')),
        github: (said) => gatekeeper.github(said).catch(complained('what GitHub said was not taken')),
        changed: (said) => gatekeeper.changed(said).catch(complained('a change event was not taken')),
        standing: (id) => gatekeeper.standing(id).catch(complained('nobody could say how a deploy stands')),
      },
      callback: {
        offer: (channel, token) =>
          callbacks.offer(channel, token).catch(complained('an answer could not be asked for')),
        answer: (given) => callbacks.answer(given).catch(complained('an answer could not be taken')),
      },
      pingRefused: options.metrics.pingRefused,
      called: (calls) =>
        pings.called(calls).catch((error: unknown) => {
          complain('the call of a source of alerts could not be stored', error)
          throw error
        }),
      admit: quota.admit,
      giveBack: quota.giveBack,
      async checks() {
        // Asked at this moment: a store that hangs keeps its connections.
        const answers = await askStore()
        return checks().map((each) =>
          each.name === 'store' && !answers ? { ...each, problem: 'the store does not answer' } : each,
        )
      },
    },
    async start() {
      desk.start()
      outbox.start()
      auditor.start()
      introduce().catch((error: unknown) => log.error({ err: error }, 'the introduction to Slack failed'))
      reclaim = setInterval(() => {
        takeUp().catch((error: unknown) => complain('nothing could be taken up', error))
        ears.listen().catch((error: unknown) => complain('it could not be found out who hears Slack', error))
        quota.look().catch((error: unknown) => complain('what was refused could not be said', error))
        shareOut()
      }, RECLAIM_MS)
      for (const { name, everyMs, run: job } of entries) timetable.every(name, everyMs, job)
      shareOut()
      sockets?.start()
      await timetable.start()
      started = true
    },
    notReady: () => checks().find(({ problem }) => problem !== null)?.problem ?? null,
    idle: () => !desk.busy() && !outbox.busy() && !receiver.busy() && !auditor.busy(),
    async close() {
      closing.abort(new Error('closing'))
      await halt()
    },
  }
}

/** Whoever asks while the answer is on its way gets that one. */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | null = null
  return () => {
    asked ??= ask().finally(() => {
      asked = null
    })
    return asked
  }
}

function said({ text, public: shown, acted, more = [] }: Reply): Said {
  const message = answerMessage(text)
  return { text: message.text, blocks: [...message.blocks, ...more], public: shown, acted, shown: false }
}
