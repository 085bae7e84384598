import { tryContacts } from '../src/contact-test.ts'
import { BY_DEFAULT, lacking, uncarried } from '../src/domain/contact.ts'
import { looseEnds } from '../src/domain/detect/graph.ts'
import { type Import, type Source, sourcesOf } from '../src/domain/duty/imports.ts'
import { HOUR_MS } from '../src/domain/duty/time.ts'
import { personOfSlack, type Rules, under } from '../src/domain/rules.ts'
import { looseEndLine } from '../src/slack/graph.ts'
import { heldWord, placeLines } from '../src/slack/monitors.ts'
import { reachedWords, VIA } from '../src/slack/reached.ts'
import { roleGroupLine } from '../src/slack/role-groups.ts'
import { shadowSentence } from '../src/slack/shadow.ts'
import { silenceLine } from '../src/slack/silence.ts'
import { code, cut, duration, knownNames, list, mentioned, plain, typed } from '../src/slack/text.ts'
import { groupTrouble, inc, person } from '../src/slack/words.ts'
import { type ContactTest, readTests, targetOf } from '../src/store/contact-tests.ts'
import { readImports } from '../src/store/imports.ts'
import { openIncidents } from '../src/store/incidents.ts'
import { readPlaces } from '../src/store/locations.ts'
import { unreachablePeople } from '../src/store/people.ts'
import { readRoleGroups } from '../src/store/role-groups.ts'
import { readSilences } from '../src/store/silences.ts'
import { readStandings } from '../src/store/standings.ts'
import { type Ask, type Command, help, misused, only, type Reply, type Status, split, voice } from './command.ts'
import { commands } from './index.ts'
import { asker } from './oncall/names.ts'

export const watchbill: Command = {
  name: '/watchbill',
  summary: 'how the watch itself does.',
  usage: [
    ['status', 'what is watched, what is not, and whether everything runs'],
    ['reload', 'reads the configuration again (role `admin`); one with problems never replaces a good one'],
    ['test', 'tries out by what you are reached beside Slack'],
    ['test @PERSON', 'likewise for somebody else (role `admin`)'],
    ['version', 'which version runs'],
    ['help', 'this, and every other command'],
  ],
  async run(ask) {
    const [verb, rest] = split(ask.text)
    switch (verb.toLowerCase()) {
      case '':
      case 'help':
        return helpOfAll()
      case 'status':
        return status(ask)
      case 'reload':
        return reload(ask)
      case 'test':
        return tryOut(ask, rest)
      case 'version':
        return only(`Watchbill ${ask.deps.version}`)
      default:
        return misused(watchbill, `\`/watchbill\` has no verb ${code(cut(typed(verb), 100))}.`)
    }
  },
}

const helpOfAll = (): Reply => only(commands.map((command) => help(command).text).join('\n\n'))

/** Problems shown at most: the log and `check-config` have them all. */
const PROBLEMS = 10

async function reload(ask: Ask): Promise<Reply> {
  const by = ask.by('admin')
  const problems = await ask.deps.reload()
  if (problems.length === 0)
    return {
      text: `:white_check_mark: ${person(voice(ask), by)} had the configuration read again.`,
      public: true,
      acted: true,
    }
  const more = problems.length - PROBLEMS
  return only(
    [
      `:no_entry: The configuration was not taken; the one before stays. ${problems.length} problems:`,
      ...problems.slice(0, PROBLEMS).map((problem) => `• ${plain(problem)}`),
      ...(more > 0 ? [`_and ${more} more: \`npm run check-config\` lists all_`] : []),
    ].join('\n'),
  )
}

/** Whoever is tried out is told of it: nobody is made to pick up a phone by anybody. */
async function tryOut(ask: Ask, rest: string): Promise<Reply> {
  const { deps } = ask
  const { people } = deps.rules()
  const [word] = split(rest)
  const self = ask.by()
  const slackId = mentioned(word)
  const name =
    word === ''
      ? self
      : slackId === undefined
        ? word.toLowerCase().replace(/^@/, '')
        : personOfSlack(deps.rules(), slackId)?.name
  const found = name === undefined ? undefined : under(people, name)
  if (!found)
    return misused(
      watchbill,
      `${code(cut(typed(word), 100))} is nobody of the configuration. People: ${knownNames(Object.keys(people))}.`,
    )
  if (found.name !== self) ask.by('admin')
  if ((found.contact ?? []).length === 0)
    return only(
      `${person(voice(ask), found.name)} is reached by Slack alone. The configuration says how else: ${code(`people: { ${found.name}: { contact: [{ after: 1m, via: ntfy, to: … }] } }`)}.`,
    )
  const tried = await tryContacts(deps, found, self)
  const lines = tried.map(
    ({ via, failed }) => `• ${VIA[via]}: ${reachedWords(via, failed === null ? 'taken' : 'failed', failed)}`,
  )
  const asked =
    deps.publicUrl === null
      ? 'Without PUBLIC_URL nobody can say that it came.'
      : 'Say there that it came: `/watchbill status` names what is not confirmed.'
  return {
    text: [`*Tried out for ${person(voice(ask), found.name)}:*`, ...lines, asked].join('\n'),
    public: false,
    acted: true,
  }
}

/** Ways beside Slack of which it is not known that they work. */
function contactLines(ask: Ask, tests: readonly ContactTest[]): string[] {
  return Object.values(ask.deps.rules().people).flatMap(({ name, contact = [] }) =>
    contact.flatMap((each) => {
      if (lacking(ask.deps.rules().notify ?? BY_DEFAULT, each.via) !== null) return []
      const last = tests.find(({ person: whose, target }) => whose === name && target === targetOf(each))
      const of = `${VIA[each.via]} of ${person(voice(ask), name)}`
      if (last === undefined) return [`:warning: ${of}: never tried out; ${code(`/watchbill test @${name}`)} does`]
      if (last.failed !== null) return [`:no_entry: ${of}: ${reachedWords(each.via, 'failed', last.failed)}`]
      return last.confirmedAt === null ? [`:warning: ${of}: not confirmed by anybody`] : []
    }),
  )
}

async function status(ask: Ask): Promise<Reply> {
  const { deps, now } = ask
  const { pool } = deps.store
  const rules = deps.rules()
  const [health, open, standings, unreachable, imports, silences, places, tests, roleGroups] = await Promise.all([
    deps.status(),
    openIncidents(pool, asker(ask)),
    readStandings(pool, rules),
    unreachablePeople(pool),
    readImports(pool),
    readSilences(pool),
    readPlaces(pool),
    readTests(pool),
    readRoleGroups(pool),
  ])
  const of = (status: string) =>
    standings.filter((each) => each.status === status && each.held === null).map(({ monitor }) => monitor.name)
  const held = standings.flatMap((each) =>
    each.held === null ? [] : `${code(each.monitor.name)} (${heldWord(each.held)})`,
  )
  const [down, unknown] = [of('down'), of('unknown')]
  const lines = [
    `*Watchbill ${deps.version}* of ${plain(rules.company)}`,
    ...shadowLine(rules),
    slackLine(health),
    ...(health.slackTrouble === null
      ? []
      : [
          `:no_entry: Slack refuses every call: ${code(health.slackTrouble)}. Mend the token; what is owed goes out then.`,
        ]),
    `${health.storeAnswers ? ':white_check_mark:' : ':no_entry:'} Store: ${health.storeAnswers ? 'answers' : 'does not answer'}`,
    ...(health.diskTrouble === null ? [] : [`:no_entry: Disk: ${plain(health.diskTrouble)}`]),
    ...health.groupTrouble.map(({ handle, reason }) => `:no_entry: ${groupTrouble(handle, reason)}`),
    ...roleGroups.flatMap(roleGroupLine),
    backupLine(health, now),
    health.late.length === 0
      ? ':white_check_mark: Timetable: every entry runs on time'
      : `:no_entry: Timetable: behind are ${list(health.late.map((entry) => lateEntry(entry, now)))}`,
    ...queueLine(health, now),
    `${down.length === 0 ? ':white_check_mark:' : ':red_circle:'} Monitors: ${standings.length - down.length - held.length - unknown.length} up, ${down.length} down${down.length > 0 ? ` (${list(down.map(code))})` : ''}${held.length > 0 ? `, ${held.length} held back (${list(held)})` : ''}${unknown.length > 0 ? `, ${unknown.length} not seen yet (${list(unknown.map(code))})` : ''}`,
    ...placeLines(voice(ask), [...places.values()]),
    open.length === 0
      ? ':white_check_mark: No open incident'
      : `:rotating_light: Open: ${list(open.map((each) => `${inc(each.id)} (${each.state})`))}`,
    ...silences.map((each) => silenceLine(voice(ask), each)),
    ...Object.entries(unreachable).map(
      ([name, why]) => `:no_entry: ${person(voice(ask), name)} (${name}) cannot be paged: ${code(why)}`,
    ),
    ...uncarried(rules).map((sentence) => `:no_entry: ${plain(sentence)}`),
    ...contactLines(ask, tests),
    ...calendarLines(sourcesOf(rules), imports, now),
    ...looseEnds(rules).map(looseEndLine),
    ...(rules.notWatchedYet.length > 0
      ? [`:construction: *Not watched yet* (in the configuration, not built): ${list(rules.notWatchedYet.map(plain))}`]
      : []),
  ]
  return only(lines.join('\n'))
}

/** First of all, so that nobody takes a rehearsal for the watch. */
function shadowLine(rules: Rules): string[] {
  const sentence = shadowSentence(rules)
  return sentence === null ? [] : [`:busts_in_silhouette: *${sentence}*`]
}

function slackLine({ slackConnections, slackOverHttp }: Status): string {
  if (slackConnections === 0 && slackOverHttp) return ':white_check_mark: Slack: over HTTP'
  const also = slackOverHttp ? ', and over HTTP' : ''
  return `${slackConnections > 0 ? ':white_check_mark:' : ':no_entry:'} Slack: ${slackConnections} connection${slackConnections === 1 ? '' : 's'}${also}`
}

function lateEntry({ name, lastAt, failingSinceAt }: Status['late'][number], now: number): string {
  const ran = lastAt === null ? 'never ran' : `last ${duration(now - lastAt)} ago`
  return `${code(name)} (${failingSinceAt === null ? ran : `fails each time since ${duration(now - failingSinceAt)}`})`
}

/** A night, and time to make up for one that was missed. */
const BACKUP_OLD_MS = 26 * HOUR_MS

function backupLine({ backupAt }: Status, now: number): string {
  if (backupAt === null) return ':hourglass_flowing_sand: Backup: none yet; the first is taken within 15 minutes'
  const old = now - backupAt > BACKUP_OLD_MS
  const of = `Backup: the latest was taken ${duration(now - backupAt)} ago`
  return old ? `:no_entry: ${of}; why no newer one was taken is in the log` : `:white_check_mark: ${of}`
}

/** The queue is only a convenience: that it is away is worth a word, and no alarm. */
function queueLine({ queue }: Status, now: number): string[] {
  if (queue?.downSince == null) return []
  return [
    `:warning: Queue: ${queue.name} has been away for ${duration(now - queue.downSince)}; the clock wakes the timetable meanwhile, and nothing is missed`,
  ]
}

/** Calendars in words at most: the log has them all. */
const CALENDARS = 10

/** Calendars that the configuration names: a line for each that is not as it should be. */
function calendarLines(sources: readonly Source[], imports: readonly Import[], now: number): string[] {
  if (sources.length === 0) return []
  const sick = sources.flatMap((source) => {
    const known = imports.find(({ name, url }) => name === source.name && url === source.url)
    if (known?.problem === null) return []
    const what = calendarOf(source)
    if (!known) return [`:hourglass_flowing_sand: Calendar (${what}): not read yet`]
    const age = known.fetchedAt === null ? 'it was never read' : `last read ${duration(now - known.fetchedAt)} ago`
    return [`:warning: Calendar (${what}) ${plain(known.problem ?? '')}; ${age}`]
  })
  if (sick.length === 0) return [`:white_check_mark: Calendars: all ${sources.length} are read`]
  const more = sick.length - CALENDARS
  return [...sick.slice(0, CALENDARS), ...(more > 0 ? [`_and ${more} more calendars_`] : [])]
}

function calendarOf(source: Source): string {
  switch (source.kind) {
    case 'layer':
      return `layer ${code(source.layer)} of ${code(source.schedule)}`
    case 'absence':
      return `absences of ${plain(source.person)}`
    case 'holidays':
      return 'holidays'
    default:
      return source satisfies never
  }
}
