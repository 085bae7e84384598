import { z } from 'zod'
import { cut, readable } from '../domain/detect/line.ts'
import { parsedJson } from '../json.ts'

/** Of a sentence that somebody says about an error. */
const LONGEST = 150

const sentences = z.array(z.string())
const Said = z.union([
  // GitHub, and GitLab where it is one sentence.
  z.object({ message: z.string() }).transform(({ message }) => [message]),
  // GitLab, by what is wrong: {"message": {"base": ["Reference not found"]}}
  z
    .object({ message: z.record(z.string(), sentences) })
    .transform(({ message }) =>
      Object.entries(message).flatMap(([what, wrong]) =>
        wrong.map((each) => (what === 'base' ? each : `${what} ${each}`)),
      ),
    ),
  z.object({ error: z.string() }).transform(({ error }) => [error]),
])

/** The status of an answer as people read it (`403 Forbidden`), with what it says of the error. */
export function errorOf({ line, text }: { line: string; text: string }): string {
  const read = Said.safeParse(parsedJson(text))
  const said = read.success ? readable(read.data.join(', ')).replaceAll('\n', ' ') : ''
  // GitLab likes to say the status once more.
  return said === '' || said === line ? line : `${line}: ${cut(said, LONGEST)}`
}
