import { Lexer } from 'yaml'

/**
 * What is refused before the YAML parser sees the text. Its parser builds a tree by recursion and a list of every error, so a text
 * made to hurt (a million brackets, a bomb of aliases) would cost seconds and gigabytes; reading its tokens costs milliseconds.
 */

/** A configuration of ten thousand monitors is about 1.3 MB. */
const LARGEST_BYTES = 4 * 1024 * 1024
/** The grammar needs 6 levels. */
const DEEPEST = 32
const DEEPEST_INDENT = 100
/** A list written on one line has a few hundred tokens; each wrong one costs the parser an error with its position. */
const MOST_TOKENS_A_LINE = 5_000
/** A configuration has some fourteen keys that stand at the very left; a text of nothing else takes the parser seconds. */
const MOST_AT_THE_LEFT = 2_000
/** Enough to see the pattern; the parser is not asked as long as there is one. */
const MOST_REFUSALS = 50

export interface Refusal {
  offset: number
  message: string
}

export const TOO_LARGE = 'the file is larger than 4 MB, which no configuration needs: is it the right file?'

export function isTooLarge(bytes: number): boolean {
  return bytes > LARGEST_BYTES
}

/** Everything in the text that is refused unread, in order; empty when the YAML parser may have it. */
export function refusals(text: string): Refusal[] {
  if (isTooLarge(text.length) || isTooLarge(Buffer.byteLength(text))) return [{ offset: 0, message: TOO_LARGE }]
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for; the lexer uses some of them as marks
  const control = text.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufeff]/)
  if (control >= 0) {
    return [{ offset: control, message: 'there is a control character here: is this a text file, saved as UTF-8?' }]
  }
  return tokenRefusals(text)
}

function tokenRefusals(text: string): Refusal[] {
  const found: Refusal[] = []
  let offset = 0
  let flow = 0
  let indicators = 0
  let tokens = 0
  let indent = 0
  let scalar = false
  let atTheLeft = 0
  for (const token of new Lexer().lex(text)) {
    // Marks of the lexer that stand for nothing in the text: document start, scalar follows, flow error.
    if (token === '\u0002' || token === '\u001f' || token === '\u0018') {
      scalar = token === '\u001f'
      continue
    }
    const refuse = (message: string) => found.push({ offset, message })
    if (token === '\n' || token === '\r\n') {
      tokens = 0
      indicators = 0
      indent = 0
    } else {
      if (tokens === 0 && /^ +$/.test(token)) indent = token.length
      else if (indent > DEEPEST_INDENT && !token.startsWith('#')) {
        refuse(`this line is indented by more than ${DEEPEST_INDENT} spaces, deeper than any configuration goes`)
        return found
      } else if (tokens === 0 && !token.startsWith('#') && ++atTheLeft > MOST_AT_THE_LEFT) {
        refuse(
          `more than ${MOST_AT_THE_LEFT} lines are not indented, and a configuration has few such keys: is it the right file?`,
        )
        return found
      }
      tokens++
      if (!scalar) {
        if (token === '[' || token === '{') flow++
        else if (token === ']' || token === '}') flow--
        else if (token === '-' || token === '?') indicators++
        else if (token.startsWith('*')) refuse('aliases (*name) are not accepted: write the value out')
        else if (token.startsWith('&')) refuse('anchors (&name) are not accepted: write the value out where it is used')
        else if (token.startsWith('!')) refuse('tags (!name) are not accepted: write the plain value')
        else if (token.startsWith('%')) refuse('directives (%NAME) are not accepted: a configuration is plain YAML 1.2')
      }
      if (flow < 0) {
        refuse(`this is not valid YAML: ${token} closes nothing`)
        return found
      }
      if (flow > DEEPEST || indicators > DEEPEST) {
        refuse(`this is nested more than ${DEEPEST} levels deep, deeper than any configuration goes`)
        return found
      }
      if (tokens > MOST_TOKENS_A_LINE) {
        refuse('this line is too long: write the list over several lines')
        return found
      }
    }
    if (found.length >= MOST_REFUSALS) return found
    scalar = false
    offset += token.length
  }
  return found
}
