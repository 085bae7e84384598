import { Command } from 'commander'
import { VERSION } from '../main.ts'
import { auditVerify } from './audit.ts'
import { backtest } from './backtest.ts'
import { backup } from './backup.ts'
import { checkConfig } from './check-config.ts'
import { coverage } from './coverage.ts'
import { drill } from './drill.ts'
import { gate } from './gate.ts'
import { graph } from './graph.ts'
import { importFrom } from './import.ts'
import { manifest } from './manifest.ts'
import { oncall } from './oncall.ts'
import { pings } from './pings.ts'
import { prober } from './prober.ts'
import { restore } from './restore.ts'
import { start } from './start.ts'
import { why } from './why.ts'

/** The binary: one file per subcommand. Exit codes: 0 fine, 1 found a problem, 2 cannot run. */
const program = new Command('watchbill')
  .description('A ChatOps on-call bot for Slack.')
  .version(VERSION)
  .showHelpAfterError('watchbill --help, or watchbill COMMAND --help, shows what there is.')
  .exitOverride((end) => process.exit(end.exitCode === 0 ? 0 : 2))

const io = { env: process.env, stdout: process.stdout, stderr: process.stderr }
const moment = () => ({ ...io, now: Date.now(), program: VERSION })
const finish = (code: number) => {
  process.exitCode = code
}

program
  .command('start')
  .description('run the bot against Slack (SLACK_BOT_TOKEN with SLACK_APP_TOKEN or SLACK_SIGNING_SECRET)')
  .option('--config <file>', 'the configuration (WATCHBILL_CONFIG, ./watchbill.yaml)')
  .action(async (options) => finish(await start(options, process.env)))

program
  .command('demo')
  .description('play an outage in a local Slack workspace, in the browser, without any account')
  .option('--once', 'play it through without a person, then exit')
  .option('--json', 'print a machine-readable summary as the last line')
  .option('--config <file>', 'try your own configuration in the local workspace')
  .option('--port <port>', 'the port of the workspace', '4200')
  .action(async (options) => {
    const { demo } = await import('./demo.ts')
    finish(await demo(options, process.env))
  })

program
  .command('check-config')
  .description('say whether a configuration is fine, or everything that is wrong with it')
  .option('--config <file>', 'the configuration (WATCHBILL_CONFIG, ./watchbill.yaml)')
  .option('--json', 'print {"problems": [{file, line, column, message}]}')
  .action(async (options) => finish(await checkConfig(options, io)))

program
  .command('oncall')
  .description('print who is on duty')
  .option('--from <time>', 'ISO 8601, in the zone of the configuration unless it has an offset (now)')
  .option('--to <time>', 'ISO 8601 (a week after --from)')
  .option('--schedule <name>', 'one schedule only')
  .option('--config <file>', 'the configuration (WATCHBILL_CONFIG, ./watchbill.yaml)')
  .option('--planned', 'by the configuration alone, without what was changed by hand')
  .option('--json', 'print [{start, end, people}]')
  .action(async (options) => finish(await oncall(options, { ...io, now: Date.now() })))

program
  .command('coverage')
  .description('print every name of the domains of each service, and what watches it; exits 1 when there are gaps')
  .option('--config <file>', 'the configuration (WATCHBILL_CONFIG, ./watchbill.yaml)')
  .option('--adopted', 'print what was adopted in Slack as YAML, to be put into the configuration')
  .option('--planned', 'by the configuration alone: its sources are asked now, without the store of the bot')
  .option('--json', 'print [{service, domains, percent, watched, ignored, gaps, sources}]')
  .action(async (options) => finish(await coverage(options, { ...io, now: Date.now() })))

program
  .command('drill')
  .description(
    'inject a fault into the running bot, and measure each part of its way; exits 1 when it does not come through',
  )
  .argument('<monitor>', 'where it is injected')
  .option('--to <person>', 'page this person for it (nobody)')
  .option('--duty', 'page whoever is on duty for it')
  .option('--config <file>', 'the configuration (WATCHBILL_CONFIG, ./watchbill.yaml)')
  .option('--json', 'print {monitor, ok, incident, people, decidedMs, sentMs, ackedMs}')
  .action(async (monitor, options) => finish(await drill(monitor, options, { ...io, now: Date.now })))

program
  .command('graph')
  .description('print what watches what, up to somebody outside; exits 1 when there are loose ends')
  .option('--config <file>', 'the configuration (WATCHBILL_CONFIG, ./watchbill.yaml)')
  .option('--json', 'print {nodes: [{name, kind, what, watchedBy: [{by, how}]}], looseEnds: [{node, sentence}]}')
  .option('--dot', 'print it for Graphviz')
  .action(async (options) => finish(await graph(options, io)))

program
  .command('why')
  .description(
    'print every fact of an incident with its reason, in order: who was paged, and why; exits 1 when there is none',
  )
  .argument('<incident>', 'its number, as INC-7 or 7')
  .option('--config <file>', 'the configuration (WATCHBILL_CONFIG, ./watchbill.yaml)')
  .option('--json', 'print {incident, facts: [{id, at, type, sentence, ...}]}')
  .action(async (incident, options) => finish(await why(incident, options, { ...io, now: Date.now() })))

program
  .command('pings')
  .description('print where each heartbeat is to be pinged, and how it does')
  .option('--rotate <monitor>', 'give one another address; the one before works no more')
  .option('--rotate-ping-key', 'likewise the key that goes with the name of any of them')
  .option('--config <file>', 'the configuration (WATCHBILL_CONFIG, ./watchbill.yaml)')
  .option('--json', 'print [{monitor, url, slugUrl, state, lastPing, missedAt}]')
  .action(async (options) => finish(await pings(options, { ...io, now: Date.now() })))

program
  .command('audit')
  .description('the record of every decision: what was decided, overridden and refused')
  .command('verify')
  .description('say whether the record is whole: every fact as it was recorded, in order')
  .option('--json', 'print {ok, facts, broken: [{fact, why}]}')
  .action(async (options) => finish(await auditVerify(options, io)))

program
  .command('gate')
  .description('ask a running Watchbill whether a service may be deployed: 0 it may, 1 it may not, 2 nobody knows')
  .requiredOption('--service <name>', 'the service')
  .option('--environment <name>', 'where to (the first of the service)')
  .option('--at <time>', 'an instant to come, ISO 8601 with its offset (now)')
  .option('--wait <minutes>', 'wait so long for the gate to open')
  .option('--url <url>', 'where that Watchbill is (PUBLIC_URL, or HOST and PORT)')
  .option('--token <token>', 'its API token; better as WATCHBILL_API_TOKEN or WATCHBILL_API_TOKEN_FILE')
  .option('--json', 'print {decision, reasons: [{reason, sentence, start, end}], until, next_open_at}')
  .action(async (options) => finish(await gate(options, { ...io, now: Date.now })))

program
  .command('backtest')
  .description('run the rate detector over history, and say what would have rung for several budgets of false alarms')
  .requiredOption(
    '--series <file>',
    'a CSV of time,value: ISO 8601 or seconds since 1970; no value where no sample came',
  )
  .option('--budget <number>', 'false alarms a month that are worth it (1)')
  .option('--zone <name>', 'the zone of the people behind the counts (UTC)')
  .option(
    '--holidays <dates|file>',
    'days that are spent like Sundays: 12-25,2026-04-06, an iCalendar file, or a file with a date on each line',
  )
  .option('--interval <seconds>', 'between two samples (taken from the file)')
  .option('--json', 'print {samples, intervalSeconds, days, holidays, budgets: [{budget, alarms, aMonth, rung}]}')
  .action(async (options) => finish(await backtest(options, io)))

program
  .command('import')
  .description(
    'make a configuration of the exports of another pager, and report what could not be carried over; exits 1 when there is anything to look at',
  )
  .argument('<from>', 'pagerduty, opsgenie or oncall (Grafana OnCall)')
  .argument('<files...>', 'JSON as its API answers: users, schedules, escalation policies, services')
  .option('--people <file>', 'YAML of whose Slack id is which: `dana@example.com: U02ABCDEF` on each line')
  .option('--out <file>', 'a new file for the configuration (printed)')
  .option('--json', 'print {yaml, lost: [{what, why, instead}], compared, problems}')
  .action(async (from, files, options) => finish(await importFrom(from, files, options, { ...io, now: Date.now() })))

program
  .command('prober')
  .description(
    'look from another place: pulls work from a Watchbill and reports what is seen there, until it is stopped',
  )
  .requiredOption('--location <name>', 'which of the locations of the configuration this is')
  .requiredOption('--url <url>', 'where that Watchbill is: https, or an address of this machine')
  .option('--token <token>', "the location's token; better as WATCHBILL_PROBER_TOKEN or WATCHBILL_PROBER_TOKEN_FILE")
  .option('--allow-private <cidr...>', 'private and loopback addresses that may be reached from here (none)')
  .action(async (options) => finish(await prober(options, io)))

program
  .command('backup')
  .description('copy the whole store into one file, while the bot runs or not')
  .argument('[file]', 'where to (a new file in the folder backups of the data folder)')
  .option('--json', 'print {file, at, schema, rows, bytes, sha256}')
  .action(async (file, options) => finish(await backup({ file, ...options }, moment())))

program
  .command('restore')
  .description('put a backup back into an empty store; the bot must not run')
  .argument('<file>', 'what "watchbill backup" wrote')
  .option('--force', 'replace what the store holds, after a copy of it was kept in the folder backups')
  .option('--json', 'print {file, at, program, schema, rows, kept}')
  .action(async (file, options) => finish(await restore({ file, ...options }, moment())))

program
  .command('manifest')
  .description("print the Slack app's manifest, to create the app from")
  .option('--socket', 'for Socket Mode: no public address is needed (the default)')
  .option('--http', 'for HTTP mode: Slack sends its requests to PUBLIC_URL')
  .option('--url <url>', 'the https URL under which people reach Watchbill; HTTP mode (PUBLIC_URL)')
  .option('--json', 'on one line, and nothing else')
  .action(async (options) => finish(await manifest(options, io)))

await program.parseAsync()
