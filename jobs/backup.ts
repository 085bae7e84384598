import { join } from 'node:path'
import { DAY_MS, HOUR_MS, startOfDay, toInstant, toWall } from '../src/domain/duty/time.ts'
import { backUp } from '../src/store/backup.ts'
import { backupName, latestBackupAt, tidyBackups } from '../src/store/backup-folder.ts'
import type { JobDeps } from './tell.ts'

/** By the wall clocks of the configuration: after the hours that they leave out or repeat anywhere, before anybody works. */
const NIGHT_MS = 4.5 * HOUR_MS

/** A week of nights: what went wrong on a Saturday is noticed by then. */
const KEPT = 7

/** A backup that takes longer is given up: the server cannot clean up behind the snapshot that it holds. */
const LONGEST_MS = 3 * HOUR_MS

/**
 * The nightly backup. Whether one is due is asked of the folder and not of a calendar: a night that was missed is made up for as soon as
 * somebody is there, and one that failed is tried again at the next slot.
 */
export function backup(deps: JobDeps) {
  return async (): Promise<void> => {
    const now = deps.clock.now()
    const latest = await latestBackupAt(deps.backups, now)
    if (latest !== null && latest >= lastNight(now, deps.rules().zone)) return
    if (deps.store.lowDisk()) throw new Error('the disk has no room for a backup: make room there')
    const { file, bytes, rows } = await backUp(deps.store.config, {
      path: join(deps.backups, backupName(now)),
      at: now,
      program: deps.version,
      signal: AbortSignal.timeout(LONGEST_MS),
      gentle: true,
    })
    deps.log.info({ file, bytes, rows }, 'the store was backed up')
    await tidyBackups(deps.backups, KEPT, deps.machine.now())
  }
}

/** The latest instant at which a night's backup fell due. */
function lastNight(now: number, zone: string): number {
  const tonight = startOfDay(toWall(now, zone)) + NIGHT_MS
  const at = toInstant(tonight, zone)
  return at <= now ? at : toInstant(tonight - DAY_MS, zone)
}
