import { RE2JS } from 're2js'
import { leaf, mustBe, ok, type Read } from './leaf.ts'

const LONGEST_PATTERN = 500

/** A pattern of RE2, which has neither looks around nor back references: those are what takes for ever. */
export const pattern = leaf('a regular expression', (value): Read<string> => {
  if (typeof value !== 'string' || value === '') return mustBe('a regular expression, in quotes')
  if (value.length > LONGEST_PATTERN)
    return { wrong: `must have at most ${LONGEST_PATTERN} characters, not ${value.length}` }
  try {
    RE2JS.compile(value)
    return ok(value)
  } catch (error) {
    // The pattern itself, which the reason ends with, may come from a variable.
    const said = error instanceof Error ? error.message : ''
    const why = said.replace(/^error parsing regexp: /, '').replace(/:? `.*$/s, '') || 'it does not compile'
    return { wrong: `is no regular expression of RE2 (${why}): (?=…), (?<=…) and \\1 are not among them` }
  }
})
