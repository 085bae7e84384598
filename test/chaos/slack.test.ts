import { droppedSockets, failing, hanging, lostReply, outage, rateLimited, tripled } from './slack.ts'
import { chaos } from './suite.ts'

chaos([lostReply, failing, hanging, rateLimited, droppedSockets, outage, tripled('socket'), tripled('http')])
