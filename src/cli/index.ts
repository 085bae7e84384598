import { Command } from 'commander'
import { VERSION } from '../main.ts'
import { checkConfig } from './check-config.ts'
import { oncall } from './oncall.ts'
import { start } from './start.ts'

/** The binary: one file per subcommand. Exit codes: 0 fine, 1 found a problem, 2 cannot run. */
const program = new Command('watchbill')
  .description('A ChatOps on-call bot for Slack.')
  .version(VERSION)
  .showHelpAfterError('watchbill --help, or watchbill COMMAND --help, shows what there is.')
  .exitOverride((end) => process.exit(end.exitCode === 0 ? 0 : 2))

const io = { env: process.env, stdout: process.stdout, stderr: process.stderr }
const finish = (code: number) => {
  process.exitCode = code
}

program
  .command('start')
  .description('run the bot against Slack (SLACK_BOT_TOKEN, SLACK_APP_TOKEN)')
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
  .option('--json', 'print [{start, end, people}]')
  .action(async (options) => finish(await oncall(options, { ...io, now: Date.now() })))

await program.parseAsync()
