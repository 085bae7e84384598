import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ListLogs } from '../deps.ts'
import { fits, type ListedLog } from '../domain/detect/log-coverage.ts'

/** A folder with more than these is no folder of logs, or of so many that nobody looks at each. */
const MOST_FILES = 2_000

const WORDS: Record<string, string> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is no folder',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
}

/** The files of a folder whose names fit; a path without a pattern in it is a folder with all of its files. */
export const listLogs: ListLogs = async (logs, monitored) => {
  const [folder, name] = /[*?]/.test(logs) ? [dirname(logs), basename(logs)] : [logs, '*']
  try {
    const names = (await readdir(folder)).filter((each) => fits(each, name) && !each.startsWith('.'))
    if (names.length > MOST_FILES)
      return { ok: false, why: `has ${names.length} files that fit, more than ${MOST_FILES}` }
    const read = new Set(await Promise.all(monitored.map((path) => realOf(path))))
    const files: ListedLog[] = []
    for (const each of names) {
      const path = join(folder, each)
      const stats = await stat(path).catch(() => null)
      if (!stats?.isFile()) continue
      const isRead = monitored.includes(path) || read.has(await realOf(path))
      files.push({ path, isRead, madeAt: Math.floor(stats.birthtimeMs), writtenAt: Math.floor(stats.mtimeMs) })
    }
    return { ok: true, files }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { ok: false, why: WORDS[code ?? ''] ?? `cannot be read (${code ?? String(error)})` }
  }
}

/** Behind links; what is not there is itself. */
const realOf = (path: string) => realpath(path).catch(() => path)
