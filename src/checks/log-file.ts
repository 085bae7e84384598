import type { BigIntStats } from 'node:fs'
import { constants, type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { LogFiles, LogRead } from '../deps.ts'
import type { Follow, Place } from '../domain/detect/log-state.ts'
import { inTurn } from './in-turn.ts'
import { copyOf, isAt, unreadCopyOf } from './log-copy.ts'
import {
  type Bag,
  bytesAt,
  FINGERPRINT_BYTES,
  fingerprint,
  freshBag,
  msOf,
  NEWLINE,
  type Read,
  readOn,
} from './log-lines.ts'
import { takePacked } from './log-packed.ts'
import { inWords } from './look.ts'

/** Writers keep a file open that was renamed, until they are told: it is read for so long after that. */
const TRAIL_MS = 60_000
/** Files that are still read after they were renamed. */
const MOST_BEFORE = 4
/** Names in a folder that are looked through for a renamed file. */
const MOST_NAMES = 10_000

/** A file that does not answer (a network drive that hangs) is said to be unreadable. Machine time. */
const ANSWER_MS = 10_000

const { O_APPEND, O_NOCTTY, O_NONBLOCK, O_RDONLY, O_RDWR } = constants

/** Reads and marks files of logs. A sick file is a result, never a throw. */
export function logFiles(answerMs = ANSWER_MS): LogFiles {
  const inTime = inTurn(answerMs)
  const late = `the file has not answered within ${answerMs / 1_000} s`
  return {
    read(file, follow, at) {
      // Nothing counts as read of a look that failed half-way.
      const not = (why: string): LogRead => ({ why, lines: [], follow, behind: 0, lost: null })
      return inTime(file, not(late), () => readLog(file, follow, at).catch((error: unknown) => not(wordsFor(error))))
    },
    append: (file, line) => inTime(file, late, () => appendLine(file, line)),
  }
}

async function readLog(file: string, follow: Follow, at: number): Promise<LogRead> {
  const found = await find(file)
  await using handle = found.handle
  const { stats } = found
  const bag = freshBag()
  // It may be away for a moment, or be another file by now: what stood there has its last lines still.
  const moved = follow.place !== null && (stats ? !isAt(stats, follow.place) : found.gone)
  const returned = stats && follow.before.find((each) => isAt(stats, each.place))
  const before = moved && follow.place ? [...follow.before, { place: follow.place, sinceAt: at }] : follow.before
  const trail = await readBefore(before.filter((each) => each !== returned).slice(-MOST_BEFORE), at, bag)
  const place = moved || follow.place === null ? (returned?.place ?? null) : follow.place
  const from = follow.place !== null || found.gone ? 'start' : follow.from
  const rest = { place, before: trail.before, from } as const
  const lost = trail.gone ? GONE : null
  if (!handle || !stats || trail.behind > 0)
    return { why: found.why, lines: bag.lines, follow: rest, behind: trail.behind, lost }
  const start = place ?? (await firstPlace(handle, stats, found.path, from))
  const unread = start.offset === 0 && msOf(stats.mtimeNs) !== start.writtenMs ? await copyOfUnread() : null
  const read = unread?.copy ? null : await readOn(handle, start, at, bag)
  const copy = unread?.copy ?? (read === null ? await copyOf(start, stats) : null)
  if (copy !== null) {
    // Its last lines first; then, in the next look, what is there now.
    const next = { place: null, before: [...trail.before, { place: copy, sinceAt: at }], from: 'start' as const }
    return { why: null, lines: bag.lines, follow: next, behind: Math.max(1, Number(stats.size)), lost }
  }
  // What seems to have returned may be another file by the number of one that was deleted, and that one was read to its end.
  const isEmptied = read === null && returned === undefined && !(await takePacked(start, at, bag))
  // Emptied and written anew: what is there now begins at its beginning.
  const on = read ?? (await readOn(handle, atStart(stats, found.path), at, bag))
  return {
    why: null,
    lines: bag.lines,
    follow: { ...rest, place: on ? { ...on.place, path: found.path } : null, from: 'start' },
    behind: on?.behind ?? 0,
    lost: isEmptied || unread?.isEmptied ? EMPTIED : lost,
  }

  /** Of a file that was written since, and of which nothing had been read before: what may have been emptied meanwhile. */
  async function copyOfUnread() {
    const copy = await unreadCopyOf(start, [
      ...before.map((each) => each.place),
      ...trail.before.map((each) => each.place),
    ])
    if (copy === null) return { copy, isEmptied: stats?.size === 0n }
    const { size } = await stat(copy.path)
    // The copy of an empty file holds nothing that could be missed.
    return { copy: size > 0 ? copy : null, isEmptied: false }
  }
}

const GONE = 'the file that stood there before was deleted before it was known to be read to its end'
const EMPTIED = 'it was emptied, overwritten or made anew, and no copy of it stands beside it'

interface Found {
  handle: FileHandle | null
  stats: BigIntStats | null
  path: string
  /** Nothing stands under its name. */
  gone: boolean
  why: string | null
}

/** Opens what stands under a name, if that is a file. It is looked at first: opening a pipe or a device alone may do something. */
async function find(file: string): Promise<Found> {
  const not = (why: string, stats: BigIntStats | null = null, gone = false): Found => ({
    ...{ handle: null, path: file, stats, gone, why },
  })
  let stats: BigIntStats | null = null
  try {
    stats = await stat(file, { bigint: true })
    const odd = oddity(stats)
    if (odd !== null) return not(odd, stats)
    const handle = await open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    const opened = await handle.stat({ bigint: true }).catch(() => null)
    const changed = opened === null ? 'it cannot be looked at' : oddity(opened)
    if (opened === null || changed !== null) {
      await handle.close()
      return not(changed ?? '', opened)
    }
    // Behind a link: where the file itself lies, so that it is found there when the link points elsewhere.
    const path = await realpath(file).catch(() => file)
    return { handle, stats: opened, path, gone: false, why: null }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return not(wordsFor(error), stats, code === 'ENOENT' || code === 'ENOTDIR')
  }
}

/** Why something under a name is no log; null for a file. */
function oddity(stats: BigIntStats): string | null {
  if (stats.isFile()) return null
  if (stats.isDirectory()) return 'it is a folder, not a file'
  if (stats.isFIFO()) return 'it is a named pipe, not a file'
  return stats.isSocket() ? 'it is a socket, not a file' : 'it is a device, not a file'
}

const NO_FILE = 'there is no such file'
const WORDS: Record<string, string> = {
  ENOENT: NO_FILE,
  ENOTDIR: 'there is no such file: a part of its path is no folder',
  EACCES: 'permission denied: the user that Watchbill runs as must be able to read it',
  EPERM: 'permission denied: the user that Watchbill runs as must be able to read it',
  ELOOP: 'its links lead in a circle',
  EIO: 'the disk fails (EIO)',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'its path is too long',
}
const wordsFor = (error: unknown) => WORDS[(error as NodeJS.ErrnoException).code ?? ''] ?? inWords(error)

const atStart = ({ dev, ino, mtimeNs }: BigIntStats, path: string): Place => ({
  ...{ device: String(dev), inode: String(ino), path, offset: 0, fingerprint: fingerprint(Buffer.alloc(0)) },
  ...{ writtenMs: msOf(mtimeNs), waitsSinceAt: null, rest: null },
})

async function firstPlace(handle: FileHandle, stats: BigIntStats, path: string, from: 'start' | 'end'): Promise<Place> {
  if (from === 'start') return atStart(stats, path)
  const size = Number(stats.size)
  const last = await bytesAt(handle, Math.max(0, size - FINGERPRINT_BYTES), Math.min(size, FINGERPRINT_BYTES))
  return {
    ...atStart(stats, path),
    offset: Math.max(0, size - FINGERPRINT_BYTES) + last.length,
    fingerprint: fingerprint(last),
    rest: last.length === 0 || last.at(-1) === NEWLINE ? null : 'own',
  }
}

/** Reads to their ends the files that stood under the name before. One that has been read for long enough, or is gone, is left. */
async function readBefore(
  before: Follow['before'],
  at: number,
  bag: Bag,
): Promise<{ before: Follow['before']; behind: number; gone: boolean }> {
  const still: Follow['before'] = []
  let gone = false
  for (const [index, each] of before.entries()) {
    const read = await readRenamed(each.place, at, bag)
    if (read === null) {
      // One that was read on after it was renamed has been read to its end.
      gone ||= each.sinceAt === at && !(await takePacked(each.place, at, bag))
      continue
    }
    // Later lines do not come before earlier ones.
    if (read.behind > 0)
      return {
        before: [...still, { ...each, place: read.place }, ...before.slice(index + 1)],
        behind: read.behind,
        gone,
      }
    if (at - each.sinceAt < TRAIL_MS) still.push({ ...each, place: read.place })
  }
  return { before: still, behind: 0, gone }
}

async function readRenamed(place: Place, at: number, bag: Bag): Promise<Read | null> {
  try {
    const path = await whereIs(place)
    if (path === null) return null
    await using handle = await open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    if (!isAt(await handle.stat({ bigint: true }), place)) return null
    const read = await readOn(handle, place, at, bag)
    return read && { ...read, place: { ...read.place, path } }
  } catch {
    // Compressed and deleted between two looks: nothing is left to be read.
    return null
  }
}

/** What a file is called by now, in the folder where it was; null when it is there no more. */
async function whereIs(place: Place): Promise<string | null> {
  const isThere = async (path: string) => {
    const stats = await stat(path, { bigint: true }).catch(() => null)
    return stats?.isFile() === true && isAt(stats, place)
  }
  if (await isThere(place.path)) return place.path
  const folder = dirname(place.path)
  const names = (await readdir(folder)).slice(0, MOST_NAMES)
  const alike = (name: string) => (name.startsWith(basename(place.path).slice(0, 3)) ? 0 : 1)
  for (const name of names.toSorted((a, b) => alike(a) - alike(b)))
    if (await isThere(join(folder, name))) return join(folder, name)
  return null
}

const CANNOT = 'its marked line cannot be written into it'
const WHAT_TO_DO =
  'let the user that Watchbill runs as append to it, or have its application write one (canary: external)'

/** Appends a line, never making the file. Null, or why it could not. */
async function appendLine(file: string, line: string): Promise<string | null> {
  try {
    const odd = oddity(await stat(file, { bigint: true }))
    if (odd !== null) return odd
    await using handle = await open(file, O_RDWR | O_APPEND | O_NONBLOCK | O_NOCTTY)
    const { size } = await handle.stat()
    const last = await bytesAt(handle, Math.max(0, size - 1), Math.min(1, size))
    // Somebody's line that has not ended must not have ours in it.
    const text = Buffer.from(`${last.length === 0 || last[0] === NEWLINE ? '' : '\n'}${line}\n`)
    const { bytesWritten } = await handle.write(text)
    return bytesWritten === text.length ? null : `${CANNOT}: the disk is full`
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return NO_FILE
    if (code === 'ENOSPC' || code === 'EDQUOT') return `${CANNOT}: the disk is full`
    if (code === 'EACCES' || code === 'EPERM') return `${CANNOT}: permission denied: ${WHAT_TO_DO}`
    if (code === 'EROFS') return `${CANNOT}: it lies on a read-only disk: ${WHAT_TO_DO}`
    return `${CANNOT}: ${wordsFor(error)}`
  }
}
