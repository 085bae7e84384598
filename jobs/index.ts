import type { EntryName } from '../src/domain/detect/graph.ts'
import type { Here } from '../src/here.ts'
import type { Judge } from '../src/judge.ts'
import type { Handlers } from '../src/outbox.ts'
import { announcement } from './announcement.ts'
import { archive, archives } from './archive.ts'
import { backup } from './backup.ts'
import { bundle } from './bundle.ts'
import { burst } from './burst.ts'
import { calendars } from './calendars.ts'
import { canvas } from './canvas.ts'
import { channel } from './channel.ts'
import { contact } from './contact.ts'
import { contactOver } from './contact-over.ts'
import { contacts } from './contacts.ts'
import { coverage } from './coverage.ts'
import { covered } from './covered.ts'
import { deploy, deployHalt, deployStart, deployTold, lock } from './deploy.ts'
import { digest, digests } from './digest.ts'
import { DRILLS_MS, drill, drills } from './drill.ts'
import { duty } from './duty.ts'
import { edit } from './edit.ts'
import { exported } from './export.ts'
import { file } from './file.ts'
import { freezes, freezeTroubles } from './freezes.ts'
import { furnish } from './furnish.ts'
import { gaps } from './gaps.ts'
import { type GroupTrouble, group, groups } from './groups.ts'
import { handed } from './handed.ts'
import { handover } from './handover.ts'
import { headsUp } from './heads-up.ts'
import { heartbeat } from './heartbeat.ts'
import { home, homes } from './home.ts'
import { housekeeping } from './housekeeping.ts'
import { invite } from './invite.ts'
import { locations } from './locations.ts'
import { logs } from './log.ts'
import { logCoverage } from './log-coverage.ts'
import { loud } from './loud.ts'
import { notice } from './notice.ts'
import { outward } from './outward.ts'
import { page } from './page.ts'
import { pageView } from './page-view.ts'
import { people } from './people.ts'
import { picture } from './picture.ts'
import { post } from './post.ts'
import { prompt } from './prompt.ts'
import { TICK_MS as RATES_MS, rates } from './rate.ts'
import { reach } from './reach.ts'
import { relief } from './relief.ts'
import { returns } from './returns.ts'
import { roleGroup } from './role-groups.ts'
import { ROLLOUTS_MS, rollouts } from './rollouts.ts'
import { rosterReport } from './roster-report.ts'
import { rosterWarning } from './roster-warning.ts'
import { seenBefore } from './seen-before.ts'
import { silence } from './silence.ts'
import { STALENESS_MS, staleness } from './staleness.ts'
import { summary } from './summary.ts'
import type { JobDeps } from './tell.ts'
import { told } from './told.ts'
import { watchPage } from './watch-page.ts'
import { would } from './would.ts'

const SECOND = 1_000
const MINUTE = 60_000
const HOUR = 3_600_000

interface Entry {
  /** Each stands in the watch graph, with what notices when it stops. */
  name: EntryName
  everyMs: number
  /** `signal` ends the slot; at a start there is none, and nothing is waited for. */
  run: (slotAt: number, signal?: AbortSignal) => Promise<void>
  /** Also once as soon as Slack knows us: what it finds must not wait for the first slot. */
  atStart?: true
}

/** The visible timetable; the shards of the probes ({@link probes}) come to it. No page and no deadline depends on it. */
export const timetable = (
  deps: JobDeps & { groupTrouble: GroupTrouble; problems: () => Promise<string[]>; here: Here; judge: Judge },
): Entry[] => [
  { name: 'locations', everyMs: 5 * SECOND, run: locations(deps, deps.here, deps.judge) },
  { name: 'returns', everyMs: 5 * SECOND, run: returns(deps) },
  { name: 'outward', everyMs: 10 * SECOND, run: outward(deps, deps.problems) },
  { name: 'logs', everyMs: SECOND, run: logs(deps) },
  { name: 'rates', everyMs: RATES_MS, run: rates(deps) },
  { name: 'heartbeats', everyMs: SECOND, run: heartbeat(deps) },
  { name: 'staleness', everyMs: STALENESS_MS, run: staleness(deps) },
  { name: 'drills', everyMs: DRILLS_MS, run: drills(deps) },
  { name: 'rollouts', everyMs: ROLLOUTS_MS, run: rollouts(deps) },
  { name: 'freezes', everyMs: MINUTE, run: freezes(deps) },
  { name: 'people', everyMs: HOUR, run: people(deps), atStart: true },
  { name: 'groups', everyMs: MINUTE, run: groups(deps), atStart: true },
  { name: 'roster-report', everyMs: MINUTE, run: rosterReport(deps) },
  { name: 'homes', everyMs: MINUTE, run: homes(deps) },
  { name: 'housekeeping', everyMs: HOUR, run: housekeeping(deps) },
  { name: 'calendars', everyMs: HOUR / 12, run: calendars(deps), atStart: true },
  { name: 'coverage', everyMs: MINUTE * 5, run: coverage(deps), atStart: true },
  { name: 'log-coverage', everyMs: MINUTE * 5, run: logCoverage(deps), atStart: true },
  { name: 'digests', everyMs: HOUR, run: digests(deps) },
  { name: 'archives', everyMs: HOUR, run: archives(deps) },
  { name: 'contacts', everyMs: HOUR, run: contacts(deps) },
  { name: 'backup', everyMs: HOUR / 4, run: backup(deps) },
]

/** Who pays what is owed: one file for each kind. */
export const payers = (deps: JobDeps & { groupTrouble: GroupTrouble }): Handlers => ({
  page: page(deps),
  'page-view': pageView(deps),
  bundle: bundle(deps),
  told: told(deps),
  channel: channel(deps),
  furnish: furnish(deps),
  'seen-before': seenBefore(deps),
  canvas: canvas(deps),
  export: exported(deps),
  archive: archive(deps),
  digest: digest(deps),
  invite: invite(deps),
  summary: summary(deps),
  post: post(deps),
  burst: burst(deps),
  announcement: announcement(deps),
  loud: loud(deps),
  'heads-up': headsUp(deps),
  duty: duty(deps),
  file: file(deps),
  'watch-page': watchPage(deps),
  prompt: prompt(deps),
  handover: handover(deps),
  handed: handed(deps),
  relief: relief(deps),
  notice: notice(deps),
  silence: silence(deps),
  'roster-warning': rosterWarning(deps),
  reach: reach(deps),
  'role-group': roleGroup(deps),
  gaps: gaps(deps),
  covered: covered(deps),
  group: group(deps),
  edit: edit(deps),
  home: home(deps),
  drill: drill(deps),
  picture: picture(deps),
  deploy: deploy(deps),
  'deploy-start': deployStart(deps),
  'deploy-halt': deployHalt(deps),
  'deploy-told': deployTold(deps),
  lock: lock(deps),
  'freeze-trouble': freezeTroubles(deps),
  contact: contact(deps),
  'contact-over': contactOver(deps),
  would: would(deps),
})
