import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UNFINISHED } from './backup-file.ts'

/** Backups that are taken every night carry their instant in their name, so that a copied or touched file is no younger for it. */
const NIGHTLY = /^watchbill-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)Z\.jsonl\.gz$/

/** What an interrupted backup left is nobody's after so long. */
const ABANDONED_MS = 24 * 3_600_000

/** Where backups go that nobody gave another place. */
export const backupFolder = (data: string) => join(data, 'backups')

/** @param what sets it apart from those of the nights, which alone are taken away when they are old */
export function backupName(at: number, what = ''): string {
  const stamp = new Date(at)
    .toISOString()
    .replaceAll(/[-:]|\.\d+/g, '')
    .replace('T', '-')
  return `watchbill-${stamp}${what === '' ? '' : `-${what}`}.jsonl.gz`
}

/** When the latest nightly backup in a folder was taken; null when there is none. One of the future is a wrong clock's. */
export async function latestBackupAt(folder: string, now: number): Promise<number | null> {
  return (await nightlies(folder)).find(({ at }) => at <= now)?.at ?? null
}

/** Keeps the newest of the nightly backups, and sweeps up what interrupted ones left behind. */
export async function tidyBackups(folder: string, keep: number, machineNow: number): Promise<void> {
  for (const { name } of (await nightlies(folder)).slice(keep)) await rm(join(folder, name), { force: true })
  for (const name of await readdir(folder)) {
    if (!name.includes(UNFINISHED)) continue
    const found = await stat(join(folder, name)).catch(() => null)
    if (found && machineNow - found.mtimeMs > ABANDONED_MS) await rm(join(folder, name), { force: true })
  }
}

/** The newest first. */
async function nightlies(folder: string): Promise<{ name: string; at: number }[]> {
  const names = await readdir(folder).catch(() => [])
  return names
    .flatMap((name) => {
      const [, year, month, day, hour, minute, second] = NIGHTLY.exec(name) ?? []
      return year === undefined
        ? []
        : [{ name, at: Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) }]
    })
    .toSorted((a, b) => b.at - a.at)
}
