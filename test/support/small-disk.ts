import { execFileSync } from 'node:child_process'
import { chmod, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk of 220 MB, as a memory file system. */
export interface SmallDisk {
  path: string
  /** Takes all the room that is left, each time it is asked. */
  fill(): Promise<void>
  /** Gives it back. */
  empty(): Promise<void>
  remove(): Promise<void>
}

/** @returns null where this user may not mount one */
export async function smallDisk(): Promise<SmallDisk | null> {
  const path = await mkdtemp(join(tmpdir(), 'watchbill-disk-'))
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=220m,mode=711', 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    await rm(path, { recursive: true })
    return null
  }
  await chmod(path, 0o711)
  const hog = await open(join(path, 'hog'), 'w')
  const piece = Buffer.alloc(1_000_000, 1)
  return {
    path,
    async fill() {
      for (let size = piece.length; size >= 1_000; ) {
        try {
          const { bytesWritten } = await hog.write(piece, 0, size)
          if (bytesWritten < size) size = Math.floor(size / 4)
        } catch {
          size = Math.floor(size / 4)
        }
      }
    },
    // The room of a file that is still open is not free.
    empty: () => hog.truncate(),
    async remove() {
      await hog.close()
      // Lazily: what somebody has open in it goes with its process.
      execFileSync('/bin/umount', ['-l', path])
      await rm(path, { recursive: true })
    },
  }
}
