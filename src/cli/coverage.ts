import { readZoneFile } from '../checks/zone-file.ts'
import { formatProblem, loadConfig } from '../config.ts'
import { hostsOf, type KnownName, ledgers } from '../domain/detect/coverage.ts'
import { zoneOf } from '../domain/detect/zone-file.ts'

interface Output {
  write(text: string): unknown
}

/**
 * `watchbill coverage`: every name of the domains of each service, and what watches it, from the configuration and the zone files alone.
 *
 * @returns the exit code: 0 every name is watched or ignored, 1 there are gaps, 2 cannot answer
 */
export async function coverage(
  options: { config?: string; json?: boolean },
  io: { env: Record<string, string | undefined>; stdout: Output; stderr: Output; now: number },
): Promise<number> {
  const config = await loadConfig(options.config ?? io.env.WATCHBILL_CONFIG ?? './watchbill.yaml', io.env)
  const fail = (sentences: readonly string[]) => {
    for (const sentence of sentences) io.stderr.write(`${sentence}\n`)
    return 2
  }
  if ('problems' in config) return fail(config.problems.map(formatProblem))
  const { rules } = config
  const names: KnownName[] = []
  const problems: string[] = []
  for (const path of rules.coverage.zoneFiles) {
    const read = await readZoneFile(path)
    const zone = zoneOf(read)
    problems.push(...zone.problems.map((problem) => `${path}: ${problem}`))
    names.push(...hostsOf(zone.records).map((name) => ({ name, source: path, firstSeenAt: io.now })))
  }
  // A source that is not whole answers nothing: the name that matters may be the one that it hides.
  if (problems.length > 0) return fail(problems)
  const found = ledgers(rules, names)
  if (options.json)
    io.stdout.write(
      `${JSON.stringify(found.map(({ gaps, ...rest }) => ({ ...rest, gaps: gaps.map(({ name, source, wildcard }) => ({ name, source, wildcard })) })))}\n`,
    )
  else for (const line of found.flatMap(lines)) io.stdout.write(`${line}\n`)
  if (found.length === 0) io.stderr.write('No service has domains: give it some, and coverage a zone file.\n')
  return found.some(({ gaps }) => gaps.length > 0) ? 1 : 0
}

function lines({ service, domains, watched, ignored, gaps, percent }: ReturnType<typeof ledgers>[number]): string[] {
  return [
    `${service} (${domains.join(', ')}): ${percent} % of ${watched.length + gaps.length} names are watched`,
    ...watched.map(({ name, monitors }) => `  watched  ${name}  by ${monitors.join(', ')}`),
    ...ignored.map((name) => `  ignored  ${name}`),
    ...gaps.map(
      ({ name, source, wildcard }) => `  GAP      ${name}  from ${source}${wildcard ? ' (every name beneath it)' : ''}`,
    ),
  ]
}
