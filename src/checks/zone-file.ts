import { open } from 'node:fs/promises'

/** A zone of a large company has a few megabytes; what is larger is no zone file. */
const MOST_BYTES = 16 * 1024 * 1024

/** The text of a zone file, or why there is none: a sentence without its subject. */
export async function readZoneFile(path: string): Promise<{ ok: true; text: string } | { ok: false; why: string }> {
  try {
    await using file = await open(path, 'r')
    const { size, isFile } = await file.stat().then((stat) => ({ size: stat.size, isFile: stat.isFile() }))
    if (!isFile) return { ok: false, why: 'is no file' }
    if (size > MOST_BYTES) return { ok: false, why: `has more than ${MOST_BYTES / 1024 / 1024} MB` }
    return { ok: true, text: await file.readFile('utf8') }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { ok: false, why: WORDS[code ?? ''] ?? `cannot be read (${code ?? String(error)})` }
  }
}

const WORDS: Record<string, string> = {
  ENOENT: 'is not there',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a folder',
}
