import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { logFiles } from '../../src/checks/log-file.ts'
import { Follow } from '../../src/domain/detect/log-state.ts'
import { logrotatePath } from '../support/need.ts'

const root = mkdtempSync(join(tmpdir(), 'watchbill-log-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let folders = 0
let folder = ''
let file = ''
const freshFolder = () => {
  folder = join(root, String(folders++))
  mkdirSync(folder)
  file = join(folder, 'app.log')
}
beforeEach(freshFolder)

/** Stamps of a file system stand still for some milliseconds. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 6))

/** Whoever reads a file, look after look; what is remembered goes through JSON, as through the store. */
function reader(from: 'start' | 'end' = 'start', of = () => file) {
  const files = logFiles()
  let follow: Follow = { place: null, before: [], from }
  let at = 0
  const lookOnce = async () => {
    const read = await files.read(of(), follow, at)
    follow = Follow.parse(JSON.parse(JSON.stringify(read.follow)))
    return read
  }
  return {
    lookOnce,
    /** Looks until nothing more is there. */
    async look(ms = 1_000) {
      at += ms
      const lines: string[] = []
      let lost: string | null = null
      for (;;) {
        const read = await lookOnce()
        lines.push(...read.lines.map(({ text }) => text))
        lost ??= read.lost
        if (read.behind === 0) return { ...read, lines, lost }
      }
    },
  }
}

describe('lines', () => {
  test('that were appended, each once; from the end of a file that is found at first, from the start of one that comes later', async () => {
    writeFileSync(file, 'old\n')
    const tail = reader('end')
    expect((await tail.look()).lines).toEqual([])
    appendFileSync(file, 'one\ntwo\r\n\n')
    expect((await tail.look()).lines).toEqual(['one', 'two', ''])
    expect((await tail.look()).lines).toEqual([])
    const later = reader('end', () => join(folder, 'later.log'))
    expect(await later.look()).toMatchObject({ why: 'there is no such file' })
    writeFileSync(join(folder, 'later.log'), 'first\n')
    expect((await later.look()).lines).toEqual(['first'])
  })

  test('without an end wait for it, five seconds', async () => {
    const tail = reader()
    writeFileSync(file, 'half')
    for (let n = 0; n < 5; n++) expect(await tail.look()).toMatchObject({ lines: [], behind: 0 })
    appendFileSync(file, ' and whole\nnext')
    expect((await tail.look()).lines).toEqual(['half and whole'])
    expect((await tail.look(5_000)).lines).toEqual(['next'])
    appendFileSync(file, '\nlast\n')
    expect((await tail.look()).lines).toEqual(['last'])
    appendFileSync(file, 'early')
    await tail.look()
    expect((await tail.look(5_000)).lines).toEqual(['early'])
    appendFileSync(file, ' rest\n')
    expect((await tail.look()).lines).toEqual([' rest'])
  })

  test('of whatever bytes, and however long', async () => {
    const tail = reader()
    const long = 'x'.repeat(3_000_000)
    writeFileSync(file, Buffer.from([0, 0xff, 0xfe, 0x0a, 0x80, 0x0a]))
    appendFileSync(file, `${long}\nafter\n${'y'.repeat(70_000)}\nend\n`)
    const { lines } = await tail.look()
    expect(lines.map((line) => line.length)).toEqual([3, 1, 65_536, 5, 65_536, 3])
    expect(lines[0]).toBe('\0\ufffd\ufffd')
  })

  test('by the gigabyte: a bounded piece with each look, and how far behind it is', async () => {
    writeFileSync(file, '')
    truncateSync(file, 3_000_000_000)
    appendFileSync(file, '\nend\n')
    const tail = reader()
    const before = process.memoryUsage().arrayBuffers
    const { behind, lines } = await tail.lookOnce()
    expect(behind).toBeGreaterThan(2_990_000_000)
    expect(lines).toHaveLength(1)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000)
    truncateSync(file, 0)
    appendFileSync(file, `${'line\n'.repeat(25_000)}`)
    expect((await tail.lookOnce()).lines).toHaveLength(10_000)
    expect((await tail.look()).lines).toHaveLength(15_000)
  })
})

describe('rotation', () => {
  test('by renaming: the last lines of the old file, also those that come after it was renamed, then the new one', async () => {
    const tail = reader()
    const old = openSync(file, 'a')
    writeSync(old, 'one\n')
    await tail.look()
    writeSync(old, 'two\n')
    renameSync(file, join(folder, 'app.log.1'))
    writeSync(old, 'three\n')
    writeFileSync(file, 'four\n')
    expect((await tail.look()).lines).toEqual(['two', 'three', 'four'])
    writeSync(old, 'late\n')
    appendFileSync(file, 'five\n')
    expect((await tail.look()).lines).toEqual(['late', 'five'])
  })

  test('by renaming twice between two looks, and with nothing in its place for a while', async () => {
    const tail = reader()
    writeFileSync(file, 'one\n')
    await tail.look()
    appendFileSync(file, 'two\n')
    renameSync(file, join(folder, 'app.log.1'))
    expect(await tail.look()).toMatchObject({ why: 'there is no such file', lines: ['two'] })
    writeFileSync(file, 'three\n')
    expect((await tail.look()).lines).toEqual(['three'])
    renameSync(join(folder, 'app.log.1'), join(folder, 'app.log.2'))
    renameSync(file, join(folder, 'app.log.1'))
    writeFileSync(file, 'four\n')
    expect((await tail.look()).lines).toEqual(['four'])
  })

  test('by copying and emptying: what had not been read yet is in the copy', async () => {
    const tail = reader()
    writeFileSync(file, 'one\n')
    await tail.look()
    appendFileSync(file, 'two\n')
    copyFileSync(file, join(folder, 'app.log.1'))
    truncateSync(file)
    appendFileSync(file, 'three is longer than all that was there before\n')
    expect((await tail.look()).lines).toEqual(['two', 'three is longer than all that was there before'])
  })

  test('emptied without a copy, deleted and made anew, swapped by its link', async () => {
    const tail = reader()
    writeFileSync(file, 'one\n')
    await tail.look()
    writeFileSync(file, 'two, of another length\n')
    expect((await tail.look()).lines).toEqual(['two, of another length'])
    unlinkSync(file)
    writeFileSync(file, 'six\n')
    expect((await tail.look()).lines).toEqual(['six'])
    const [a, b, link] = ['a', 'b', 'link'].map((name) => join(folder, name)) as [string, string, string]
    const linked = reader('start', () => link)
    writeFileSync(a, 'a1\n')
    writeFileSync(b, 'b1\n')
    symlinkSync(a, link)
    expect((await linked.look()).lines).toEqual(['a1'])
    appendFileSync(a, 'a2\n')
    unlinkSync(link)
    symlinkSync(b, link)
    expect((await linked.look()).lines).toEqual(['a2', 'b1'])
  })

  test.skipIf(logrotatePath === null)('by logrotate itself', async () => {
    for (const way of [
      'create',
      'copytruncate',
      'nocreate',
      ...['create', 'copytruncate', 'create\n delaycompress'].map((each) => `${each}\n compress`),
    ]) {
      freshFolder()
      const [state, config] = [join(folder, 'state'), join(folder, 'conf')]
      writeFileSync(config, `${file} {\n rotate 5\n su root root\n ${way}\n}\n`)
      const tail = reader()
      const seen: string[] = []
      // Which file it is has to be known before it goes by another name.
      writeFileSync(file, '')
      await tail.look()
      for (let n = 0; n < 5; n++) {
        appendFileSync(file, `line ${n}\n`)
        seen.push(...(await tail.look()).lines)
        appendFileSync(file, `last of ${n}\n`)
        const { stderr } = spawnSync(logrotatePath ?? '', ['-f', '-s', state, config], { encoding: 'utf8' })
        expect(stderr).toBe('')
        const after = await tail.look()
        seen.push(...after.lines)
        expect(after.lost, way).toBe(null)
      }
      expect(seen, way).toEqual([0, 1, 2, 3, 4].flatMap((n) => [`line ${n}`, `last of ${n}`]))
    }
  })

  test.skipIf(logrotatePath === null)('by logrotate, copied and emptied before anything of it was read', async () => {
    for (const extra of ['', '\n dateext\n dateformat -%s', '\n dateext\n extension .log']) {
      freshFolder()
      const [state, config] = [join(folder, 'state'), join(folder, 'conf')]
      writeFileSync(config, `${file} {\n rotate 5\n su root root\n copytruncate${extra}\n}\n`)
      const tail = reader()
      writeFileSync(file, '')
      await tail.look()
      await pause()
      appendFileSync(file, 'never looked at\n')
      expect(spawnSync(logrotatePath ?? '', ['-f', '-s', state, config], { encoding: 'utf8' }).stderr).toBe('')
      appendFileSync(file, 'after it\n')
      expect(await tail.look(), extra).toMatchObject({ lines: ['never looked at', 'after it'], lost: null })
      expect(await tail.look()).toMatchObject({ lines: [], lost: null })
    }
  })

  test('what may have been lost is said: emptied without a copy, and deleted before it was read to its end', async () => {
    const tail = reader()
    writeFileSync(file, 'one\n')
    expect(await tail.look()).toMatchObject({ lost: null })
    truncateSync(file)
    expect(await tail.look()).toMatchObject({ lines: [], lost: expect.stringContaining('emptied') })
    expect(await tail.look()).toMatchObject({ lost: null })
    await pause()
    // Written and emptied again between two looks, when nothing of it was known.
    writeFileSync(file, 'two\n')
    writeFileSync(file, '')
    expect(await tail.look()).toMatchObject({ lines: [], lost: expect.stringContaining('emptied') })
    appendFileSync(file, 'three\n')
    expect(await tail.look()).toMatchObject({ lines: ['three'], lost: null })
    writeFileSync(join(folder, 'other'), 'four\n')
    renameSync(join(folder, 'other'), file)
    expect(await tail.look()).toMatchObject({ lines: ['four'], lost: expect.stringContaining('deleted') })
    expect(await tail.look()).toMatchObject({ lost: null })
  })

  test('a copy that is made of a log that is not emptied yet is not read beside it', async () => {
    const tail = reader()
    writeFileSync(file, '')
    await tail.look()
    await pause()
    appendFileSync(file, 'one\n')
    copyFileSync(file, join(folder, 'app.log.1'))
    appendFileSync(file, 'two\n')
    expect(await tail.look()).toMatchObject({ lines: ['one', 'two'], lost: null })
    truncateSync(file)
    appendFileSync(file, 'three\n')
    expect(await tail.look()).toMatchObject({ lines: ['three'], lost: expect.stringContaining('emptied') })
  })

  test('what stands beside a log and only looks like a copy of it is not read for one', async () => {
    const tail = reader()
    writeFileSync(file, '')
    await tail.look()
    await pause()
    writeFileSync(join(folder, 'app.log.old-format'), 'not ours\n')
    writeFileSync(join(folder, 'app.log.1.gz'), 'not ours\n')
    writeFileSync(join(folder, 'app.logger.1'), 'not ours\n')
    appendFileSync(file, 'one\n')
    expect(await tail.look()).toMatchObject({ lines: ['one'], lost: null })
  })

  type Step = 'append' | 'begin' | 'rename' | 'move' | 'copytruncate' | 'look' | 'restart'
  const steps: Step[] = ['append', 'append', 'begin', 'rename', 'move', 'copytruncate', 'look', 'look', 'restart']

  /**
   * Left out are lines that the rotator itself loses, written after it copied and before it emptied, and those that come and go between two
   * looks, in a file that was made and renamed meanwhile.
   */
  test('every line is seen exactly once, in order, however it is rotated, and whoever starts anew', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...steps), { minLength: 5, maxLength: 40 }), async (script) => {
        freshFolder()
        writeFileSync(file, '')
        let remembered: Follow = { place: null, before: [], from: 'start' }
        let files = logFiles()
        const [written, seen]: [string[], string[]] = [[], []]
        let [rotations, at, isOpen, isRotated] = [0, 0, false, false]
        const look = async () => {
          at += 1_000
          for (let behind = 1; behind > 0; ) {
            const read = await files.read(file, remembered, at)
            remembered = Follow.parse(JSON.parse(JSON.stringify(read.follow)))
            seen.push(...read.lines.map(({ text }) => text))
            expect(read.lost).toBe(null)
            behind = read.behind
          }
          isRotated = false
        }
        const write = (text: string) => appendFileSync(file, text)
        const end = () => {
          if (isOpen) write('\n')
          isOpen = false
        }
        await look()
        for (const step of script) {
          if (['rename', 'move', 'copytruncate'].includes(step)) {
            end()
            if (isRotated || remembered.place === null) await look()
            if (step === 'copytruncate' && remembered.place?.offset === 0) await pause()
            isRotated = true
            rotations++
            write('')
          }
          const line = `line ${written.length} ${'x'.repeat(written.length % 7)}`
          if (step === 'append') {
            end()
            write(`${line}\n`)
            written.push(line)
          } else if (step === 'begin') {
            end()
            write(line)
            written.push(line)
            isOpen = true
          } else if (step === 'rename' || step === 'move') {
            renameSync(file, `${file}.${rotations}`)
            if (step === 'rename') writeFileSync(file, '')
          } else if (step === 'copytruncate') {
            copyFileSync(file, `${file}.${rotations}`)
            truncateSync(file)
          } else if (step === 'look') await look()
          else files = logFiles()
        }
        end()
        await look()
        expect(seen).toEqual(written)
      }),
      { numRuns: 150 },
    )
  })
})

describe('what cannot be read is said, and holds nothing up', () => {
  test('a folder, a named pipe, nothing, a link to nothing', async () => {
    const tail = reader()
    mkdirSync(file)
    expect(await tail.look()).toMatchObject({ why: 'it is a folder, not a file' })
    rmSync(file, { recursive: true })
    expect(spawnSync('mkfifo', [file]).status).toBe(0)
    expect(await tail.look()).toMatchObject({ why: 'it is a named pipe, not a file' })
    expect(await logFiles().append(file, 'x')).toBe('it is a named pipe, not a file')
    unlinkSync(file)
    expect(await tail.look()).toMatchObject({ why: 'there is no such file' })
    expect(await logFiles().append(file, 'x')).toBe('there is no such file')
    symlinkSync('/nowhere/at/all', file)
    expect(await tail.look()).toMatchObject({ why: 'there is no such file' })
    expect((await reader('start', () => '/dev/zero').look()).why).toBe('it is a device, not a file')
  })

  test.skipIf(process.getuid?.() !== 0)('a file of somebody else (only root can be another user)', async () => {
    writeFileSync(file, 'secret\n', { mode: 0o600 })
    const tail = reader()
    process.seteuid?.(65_534)
    try {
      expect((await tail.look()).why).toMatch(/permission denied/)
      expect(await logFiles().append(file, 'x')).toMatch(/permission denied/)
    } finally {
      process.seteuid?.(0)
    }
    expect((await tail.look()).lines).toEqual(['secret'])
  })

  test('a file that two monitors read is read by both', async () => {
    writeFileSync(file, 'x\n')
    const files = logFiles()
    const follow: Follow = { place: null, before: [], from: 'start' }
    for (const read of await Promise.all([files.read(file, follow, 0), files.read(file, follow, 0)]))
      expect(read).toMatchObject({ why: null, lines: [{ text: 'x' }] })
  })
})

test('a line of ours never ends up within the line of somebody else', async () => {
  writeFileSync(file, 'half')
  const tail = reader()
  expect(await logFiles().append(file, 'ours')).toBeNull()
  appendFileSync(file, 'theirs\n')
  expect((await tail.look()).lines).toEqual(['half', 'ours', 'theirs'])
})
