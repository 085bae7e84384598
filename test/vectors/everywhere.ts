import { readFileSync } from 'node:fs'
import { Settings } from 'luxon'
import { evaluate, simulate } from './adapter.ts'

/** Every vector and every scenario, as this process finds them with the clock set to an instant (the first argument); printed as JSON. */
const [now = ''] = process.argv.slice(2)
Settings.now = () => Date.parse(now)

const read = (name: string) => JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8'))
const segments = read('schedule-vectors').vectors.map(evaluate)
const played = read('handover-scenarios').scenarios.map(simulate)
process.stdout.write(JSON.stringify({ segments, played }))
