import type { Handlers } from '../src/outbox.ts'
import { announcement } from './announcement.ts'
import { backup } from './backup.ts'
import { burst } from './burst.ts'
import { channel } from './channel.ts'
import { edit } from './edit.ts'
import { housekeeping } from './housekeeping.ts'
import { invite } from './invite.ts'
import { loud } from './loud.ts'
import { notice } from './notice.ts'
import { page } from './page.ts'
import { pageView } from './page-view.ts'
import { people } from './people.ts'
import { post } from './post.ts'
import { probe } from './probe.ts'
import { summary } from './summary.ts'
import type { JobDeps } from './tell.ts'
import { told } from './told.ts'

const SECOND = 1_000
const HOUR = 3_600_000

interface Entry {
  name: string
  everyMs: number
  run: (slotAt: number) => Promise<void>
  /** Also once as soon as Slack knows us: what it finds must not wait for the first slot. */
  atStart?: true
}

/** The visible timetable. No page and no deadline depends on it. */
export const timetable = (deps: JobDeps): Entry[] => [
  { name: 'probes', everyMs: SECOND, run: probe(deps) },
  { name: 'people', everyMs: HOUR, run: people(deps), atStart: true },
  { name: 'housekeeping', everyMs: HOUR, run: housekeeping(deps) },
  { name: 'backup', everyMs: HOUR / 4, run: backup(deps) },
]

/** Who pays what is owed: one file for each kind. */
export const payers = (deps: JobDeps): Handlers => ({
  page: page(deps),
  'page-view': pageView(deps),
  told: told(deps),
  channel: channel(deps),
  invite: invite(deps),
  summary: summary(deps),
  post: post(deps),
  burst: burst(deps),
  announcement: announcement(deps),
  loud: loud(deps),
  notice: notice(deps),
  edit: edit(deps),
})
