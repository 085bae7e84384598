import { type Logger, pino } from 'pino'
import { withoutSecrets } from './secrets.ts'

/** @param values the values of secrets in the environment: they never appear in a line */
export function createLog(level: string, values: readonly string[] = [], to?: pino.DestinationStream): Logger {
  // A line is JSON: there a value with quotes, backslashes or line breaks is written otherwise.
  const written = (value: string) => JSON.stringify(value).slice(1, -1)
  const known = values.filter((value) => value.length >= 6).flatMap((value) => [written(value), value])
  // The last line of defence: pino's `redact` covers paths, not the text of messages.
  const scrub = (line: string) => {
    let clean = withoutSecrets(line, { json: true })
    for (const value of known) clean = clean.replaceAll(value, '[secret]')
    return clean
  }
  const out = to ?? pino.destination({ fd: 1, sync: false })
  return pino(
    {
      level,
      base: null,
      redact: { paths: ['token', '*.token', 'response_url', '*.response_url', '*.secret'], censor: '[secret]' },
    },
    { write: (line: string) => out.write(scrub(line)) },
  )
}

export type { Logger }
