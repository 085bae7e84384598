import { createHash, type Hash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { z } from 'zod'
import { messageOf, UserError } from '../errors.ts'

/**
 * The file of a backup: text lines, compressed by gzip. The first says what it is; a line before the rows of each table names it; a row
 * is an array with each column as Postgres writes it as text, or null, so that every value comes back as it was (JSON alone cannot tell a
 * null in a document from a column that has nothing), in any version of Postgres. The last line counts the rows and holds the SHA-256 of
 * all lines before it: what was cut off or altered is known as such before any of it is used.
 */
const EDITION = 1

const name = z.string().regex(/^[a-z_][a-z0-9_]*$/)

const Table = z.strictObject({
  name,
  columns: z.array(name).min(1),
  /** Of the column that numbers the rows: the last number that was given out, null before the first. */
  identity: z.strictObject({ column: name, last: z.number().nullable() }).nullable(),
})
export type Table = z.infer<typeof Table>

const Header = z.strictObject({
  format: z.literal('watchbill backup'),
  edition: z.literal(EDITION),
  /** The version of Watchbill that wrote it. */
  program: z.string(),
  schema: z.int().positive(),
  at: z.iso.datetime(),
  tables: z.array(Table),
})
export type Header = z.infer<typeof Header>

const Beginning = z.strictObject({ table: name })
const Trailer = z.strictObject({ rows: z.record(name, z.int()), sha256: z.string() })
export type Trailer = z.infer<typeof Trailer>

/** Lines are handed to the compressor in pieces of about this size. */
const PIECE_BYTES = 128 * 1024

/** Rows are handed to whoever reads in batches of about this size. */
const BATCH_BYTES = 256 * 1024

/** No row of ours comes near it; without a limit a foreign file would be read into memory whole. */
const LONGEST_LINE_BYTES = 64 * 1024 * 1024

const NEWLINE = 10

/** What a file is made of. Each row is one line. */
export interface Contents {
  header: Header
  rows(table: Table): AsyncIterable<string[]>
}

/**
 * Writes a backup: whole under its name, or not at all. Readable by nobody but its owner, since what people wrote is in it.
 *
 * @returns what the last line says, and the size of the file
 */
export async function writeBackupFile(
  path: string,
  contents: Contents,
  signal: AbortSignal,
): Promise<Trailer & { bytes: number }> {
  const unfinished = `${path}${UNFINISHED}${randomBytes(4).toString('hex')}`
  const trailer: Trailer = { rows: {}, sha256: '' }
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    // On the disk before it has its name.
    const file = createWriteStream(unfinished, { flags: 'wx', mode: 0o600, flush: true })
    await pipeline(linesOf(contents, trailer), createGzip(), file, { signal })
    await rename(unfinished, path)
    await sync(dirname(path))
    return { ...trailer, bytes: (await stat(path)).size }
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {})
    throw isOfFile(error) ? unwritten(path, error) : error
  }
}

/** Whether a file is at fault and not the store, of whose connections the system speaks in codes of the same kind. */
const isOfFile = (error: unknown) =>
  ['mkdir', 'open', 'write', 'fsync', 'rename'].includes(String((error as { syscall?: unknown } | null)?.syscall))

const unwritten = (path: string, error: unknown) =>
  new UserError(
    'backup-not-written',
    `The backup cannot be written to ${path} (${messageOf(error)}): make room there, or give another path.`,
  )

/** Between the name of a backup and some letters while it is written. */
export const UNFINISHED = '.part-'

/** @param trailer is filled in by the time the last line is there */
async function* linesOf({ header, rows }: Contents, trailer: Trailer): AsyncGenerator<string> {
  const hash = createHash('sha256')
  let piece = ''
  const add = (line: string) => {
    hash.update(`${line}\n`)
    piece += `${line}\n`
  }
  add(JSON.stringify(header))
  for (const table of header.tables) {
    add(JSON.stringify({ table: table.name }))
    let count = 0
    for await (const some of rows(table)) {
      for (const row of some) add(row)
      count += some.length
      if (piece.length < PIECE_BYTES) continue
      yield piece
      piece = ''
    }
    trailer.rows[table.name] = count
  }
  trailer.sha256 = hash.digest('hex')
  yield `${piece}${JSON.stringify(trailer)}\n`
}

/** The system has the file under its new name also after a power cut. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

export interface Reading {
  header: Header
  /** The rows of each table in the order of the header. Throws at the end of a file that is not what was written. */
  batches: AsyncGenerator<{ table: Table; rows: string[] }, Trailer>
}

/** Opens a backup and reads its first line. What is no backup, or cannot be read, is said in a sentence. */
export async function openBackupFile(path: string): Promise<Reading> {
  const hash = createHash('sha256')
  const lines = linesIn(path)
  try {
    const { value: first } = await lines.next()
    const header = Header.safeParse(first === undefined ? null : parsed(first))
    if (!header.success) throw foreign(path, first)
    hash.update(`${first}\n`)
    return { header: header.data, batches: batchesOf(path, header.data, lines, hash) }
  } catch (error) {
    await lines.return(undefined)
    throw (await isOther(path, error)) ? foreign(path) : inWords(path, error)
  }
}

async function* batchesOf(path: string, header: Header, lines: AsyncGenerator<string>, hash: Hash): Reading['batches'] {
  const counts: Record<string, number> = {}
  let table: Table | undefined
  let rows: string[] = []
  let bytes = 0
  try {
    for await (const line of lines) {
      const isRow = line.startsWith('[')
      if (table && rows.length > 0 && (!isRow || bytes > BATCH_BYTES)) {
        yield { table, rows }
        rows = []
        bytes = 0
      }
      const trailer = isRow ? null : Trailer.safeParse(parsed(line))
      if (trailer?.success) {
        const { done } = await lines.next()
        const whole = done && trailer.data.sha256 === hash.digest('hex') && isSame(trailer.data.rows, counts)
        if (!whole) throw damaged(path, 'its check sum does not fit')
        return trailer.data
      }
      hash.update(`${line}\n`)
      if (isRow && table) {
        rows.push(line)
        bytes += line.length
        counts[table.name] = (counts[table.name] ?? 0) + 1
        continue
      }
      const beginning = Beginning.safeParse(parsed(line))
      table = header.tables.find((each) => each.name === beginning.data?.table)
      if (table === undefined) throw damaged(path, 'a line of it makes no sense')
      counts[table.name] = 0
    }
    throw damaged(path, 'its end is missing')
  } catch (error) {
    throw inWords(path, error)
  }
}

/** Reads a backup to its end and keeps nothing of it: throws a sentence unless it is what was written. */
export async function verifyBackupFile(path: string): Promise<{ header: Header; trailer: Trailer }> {
  const { header, batches } = await openBackupFile(path)
  for (;;) {
    const { done, value } = await batches.next()
    if (done) return { header, trailer: value }
  }
}

async function* linesIn(path: string): AsyncGenerator<string> {
  const file = createReadStream(path)
  const text = file.pipe(createGunzip({ rejectGarbageAfterEnd: true }))
  file.once('error', (error) => text.destroy(error))
  let held: Buffer[] = []
  let heldBytes = 0
  try {
    for await (const chunk of text as AsyncIterable<Buffer>) {
      let from = 0
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
        yield Buffer.concat([...held, chunk.subarray(from, end)]).toString('utf8')
        held = []
        heldBytes = 0
        from = end + 1
      }
      held.push(chunk.subarray(from))
      heldBytes += chunk.length - from
      if (heldBytes > LONGEST_LINE_BYTES) throw damaged(path, 'a line of it has no end')
    }
    if (heldBytes > 0) throw damaged(path, 'its last line has no end')
  } finally {
    file.destroy()
    text.destroy()
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

const isSame = (a: Record<string, number>, b: Record<string, number>) =>
  Object.keys({ ...a, ...b }).every((key) => a[key] === b[key])

/** Whether what went wrong before there was a first line says that there never was one of ours: nothing, no gzip, or no lines. */
const isOther = async (path: string, error: unknown) =>
  (error instanceof UserError && error.code === 'damaged-backup') ||
  messageOf(error) === 'incorrect header check' ||
  (await stat(path).catch(() => null))?.size === 0

/** What the decompressor says: of an end that is missing, of bytes that make no sense, of more bytes after the end. */
const isDamage = (error: unknown) => /^(Z_|ERR_TRAILING)/.test(codeOf(error))

const codeOf = (error: unknown) => String((error as { code?: unknown } | null)?.code ?? '')

/** @param first its first line, where it has one: a later edition of ours says so there */
function foreign(path: string, first = ''): UserError {
  const later = z.looseObject({ format: z.literal('watchbill backup'), program: z.string() }).safeParse(parsed(first))
  return later.success
    ? new UserError(
        'newer-backup',
        `${path} was written by Watchbill ${later.data.program} in a way that this version cannot read: restore it with that version or a newer one.`,
      )
    : new UserError(
        'not-a-backup',
        `${path} is not a backup of Watchbill: give the file that "watchbill backup" wrote.`,
      )
}

const damaged = (path: string, how: string) =>
  new UserError(
    'damaged-backup',
    `${path} is damaged (${how}): it was cut off or altered, and nothing was taken from it. Use another backup.`,
  )

/** What the system says of a file, in a sentence. */
function inWords(path: string, error: unknown): unknown {
  if (isDamage(error))
    return damaged(path, codeOf(error) === 'Z_BUF_ERROR' ? 'its end is missing' : 'its content does not fit together')
  if (/^E[A-Z]+$/.test(codeOf(error)))
    return new UserError(
      'unreadable-backup',
      `${path} cannot be read (${messageOf(error)}): give the path of a backup.`,
    )
  return error
}
