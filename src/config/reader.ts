import type { z } from 'zod'
import type { Source } from './document.ts'
import { type Section, wrongName } from './names.ts'
import type { Path, Problem } from './problem.ts'
import { findings, sentence, unknownKey } from './sentences.ts'

export type Reader = ReturnType<typeof readerOf>

/** Applies shapes to parts of the file and gathers what is wrong with them. */
export function readerOf(source: Source) {
  const problems: Problem[] = []

  const report = (path: Path, predicate: string, whole = false): void => {
    if (source.isBroken(path)) return
    const at = whole && path.length <= 2 ? source.keyAt(path) : source.valueAt(path)
    problems.push({ file: source.file, ...at, message: sentence(path, predicate, source, whole) })
  }

  function read<T>(shape: z.ZodType<T>, value: unknown, path: Path): T | undefined {
    const result = shape.safeParse(value)
    if (result.success) return result.data
    for (const issue of result.error.issues) {
      for (const found of findings(issue, path, source, shape)) problems.push({ file: source.file, ...found })
    }
    return undefined
  }

  /** The things of a section, by name; `people` must be there. */
  function* entries(root: Record<string, unknown>, section: Section): Generator<[name: string, value: unknown]> {
    const value = root[section]
    if (value === undefined && section !== 'people') return
    const record = recordOf(value)
    if (record === null) {
      const what = 'with one name: value on each line'
      return report(
        [section],
        value === undefined
          ? `is missing: it must be a mapping, ${what}`
          : value === null
            ? `is empty: leave it out, or write a mapping, ${what}`
            : `must be a mapping, ${what}, not {it}`,
      )
    }
    for (const [name, one] of Object.entries(record)) {
      const wrong = wrongName(name)
      if (wrong !== null)
        problems.push({
          file: source.file,
          ...source.keyAt([section, name]),
          message: sentence([section, name], wrong, source),
        })
      yield [name, one]
    }
  }

  return {
    problems,
    report,
    read,
    entries,
    section<T>(root: Record<string, unknown>, section: Section, shape: (name: string) => z.ZodType<T>): Map<string, T> {
      const found = new Map<string, T>()
      for (const [name, value] of entries(root, section)) {
        const one = read(shape(name), value, [section, name])
        if (one !== undefined) found.set(name, one)
      }
      return found
    },
    optional<T>(shape: z.ZodType<T>, root: Record<string, unknown>, key: string): T | undefined {
      return root[key] === undefined ? undefined : read(shape, root[key], [key])
    },
    checkKeys(root: Record<string, unknown>, allowed: string[]): void {
      for (const key of Object.keys(root)) {
        if (allowed.includes(key)) continue
        problems.push({ file: source.file, ...source.keyAt([key]), message: unknownKey([key], allowed, source) })
      }
    },
  }
}

export function recordOf(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}
