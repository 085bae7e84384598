import { droppedSockets, failing, outage } from './slack.ts'
import { chaos } from './suite.ts'

chaos([failing, outage, droppedSockets])
