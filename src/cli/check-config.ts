import { formatProblem, loadConfig } from '../config.ts'
import { uncarried } from '../domain/contact.ts'
import { looseEnds } from '../domain/detect/graph.ts'
import { slackAlone } from '../domain/duty/reach.ts'
import type { Rules } from '../domain/rules.ts'
import { inPlain, shadowSentence } from '../slack/shadow.ts'

interface Output {
  write(text: string): unknown
}

/**
 * `watchbill check-config`: says whether a configuration is fine, or everything that is wrong with it.
 *
 * @returns the exit code: 0 fine, 1 problems in it, 2 no file to check
 */
export async function checkConfig(
  options: { config?: string; json?: boolean },
  io: { env: Record<string, string | undefined>; stdout: Output; stderr: Output },
): Promise<number> {
  const path = options.config || io.env.WATCHBILL_CONFIG || './watchbill.yaml'
  const config = await loadConfig(path, io.env)
  const problems = 'problems' in config ? config.problems : []
  if (options.json) io.stdout.write(`${JSON.stringify({ problems })}\n`)
  else for (const problem of problems) io.stderr.write(`${formatProblem(problem)}\n`)
  if ('unreadable' in config) return 2
  if ('problems' in config) return 1
  if (options.json) return 0
  io.stdout.write(`${path} is fine: ${summary(config.rules)}\n`)
  for (const { sentence } of looseEnds(config.rules)) io.stderr.write(`warning: ${sentence}\n`)
  const shadow = shadowSentence(config.rules, inPlain)
  if (shadow !== null) io.stderr.write(`note: ${shadow}\n`)
  for (const sentence of [...uncarried(config.rules), ...slackAlone(config.rules)])
    io.stderr.write(`warning: ${sentence}\n`)
  return 0
}

/** How much of everything the rules have, and what they ask for in vain. */
function summary(rules: Rules): string {
  const count = (things: Record<string, unknown>, one: string, many: string) => {
    const n = Object.keys(things).length
    return `${n} ${n === 1 ? one : many}`
  }
  const counts = [
    count(rules.people, 'person', 'people'),
    count(rules.schedules, 'schedule', 'schedules'),
    count(rules.policies, 'policy', 'policies'),
    count(rules.services, 'service', 'services'),
    `${count(rules.monitors, 'monitor', 'monitors')} watched`,
  ].join(', ')
  return rules.notWatchedYet.length === 0 ? counts : `${counts}; not watched yet: ${rules.notWatchedYet.join(', ')}`
}
