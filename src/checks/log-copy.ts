import { type BigIntStats, constants } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isNamedLikeCopy } from '../domain/detect/log-coverage.ts'
import type { Place } from '../domain/detect/log-state.ts'
import { bytesAt, FINGERPRINT_BYTES, fingerprint, msOf } from './log-lines.ts'

/** Copies that were made of a log before it was emptied (logrotate's copytruncate): in them stands what nobody had read yet. */

const { O_NOCTTY, O_NONBLOCK, O_RDONLY } = constants

/** A copy that was made so long before its original was emptied, or after, is of another rotation. */
const COPIED_MS = 60_000
const MOST_COPIES = 200
const MOST_COMPARED = 64 * 1024

interface Beside {
  path: string
  stats: BigIntStats
}

/** The copy of a file of which something had been read, at the place up to which it had: known by the bytes before that. */
export async function copyOf(place: Place, emptied: BigIntStats): Promise<Place | null> {
  const isNamed = (name: string) => name.startsWith(basename(place.path))
  for (const { path, stats } of await filesBeside(place, isNamed)) {
    if (Math.abs(Number(stats.ctimeMs - emptied.ctimeMs)) > COPIED_MS) continue
    const copy = at(place, { path, stats })
    if (await hasSameBytes(copy)) return copy
  }
  return null
}

/**
 * The copy of a file of which nothing had been read: there are no bytes to know it by. It is named like a copy, and was made after the file
 * was last seen to be written; `read`: files that are read already, under other names by now.
 */
export async function unreadCopyOf(place: Place, read: readonly Place[]): Promise<Place | null> {
  const { writtenMs } = place
  if (writtenMs === null) return null
  const fresh = (await filesBeside(place, (name) => isNamedLikeCopy(name, basename(place.path)))).filter(
    ({ stats }) => msOf(stats.birthtimeNs) >= writtenMs && !read.some((each) => isAt(stats, each)),
  )
  const [newest] = fresh.toSorted((a, b) => Number(b.stats.birthtimeNs - a.stats.birthtimeNs))
  // While it is being copied it is not emptied yet: what is in the copy still stands in the file itself.
  return newest && !(await beginsWith(place.path, newest)) ? at(place, newest) : null
}

/** Whether a file begins with all that another one has, as far as is looked at. */
async function beginsWith(path: string, { path: other, stats }: Beside): Promise<boolean> {
  const [whole, part] = await Promise.all([path, other].map((each) => prefixOf(each)))
  return stats.size > 0n && whole !== undefined && part !== undefined && whole.subarray(0, part.length).equals(part)
}

async function prefixOf(path: string): Promise<Buffer> {
  await using handle = await open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
  return await bytesAt(handle, 0, MOST_COMPARED)
}

export const isAt = (stats: BigIntStats, { device, inode }: Place) =>
  String(stats.dev) === device && String(stats.ino) === inode

/** The files in the folder of a log that bear such a name. */
export async function filesBeside(place: Place, isNamed: (name: string) => boolean): Promise<Beside[]> {
  const folder = dirname(place.path)
  const names = (await readdir(folder).catch((): string[] => []))
    .filter((name) => name !== basename(place.path) && isNamed(name))
    .slice(0, MOST_COPIES)
  const found: Beside[] = []
  for (const name of names) {
    const path = join(folder, name)
    const stats = await stat(path, { bigint: true }).catch(() => null)
    if (stats?.isFile()) found.push({ path, stats })
  }
  return found
}

const at = (place: Place, { path, stats }: Beside): Place => ({
  ...place,
  device: String(stats.dev),
  inode: String(stats.ino),
  path,
})

async function hasSameBytes(place: Place): Promise<boolean> {
  try {
    await using handle = await open(place.path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    const known = Math.min(place.offset, FINGERPRINT_BYTES)
    const bytes = await bytesAt(handle, place.offset - known, known)
    return bytes.length === known && fingerprint(bytes) === place.fingerprint
  } catch {
    return false
  }
}
