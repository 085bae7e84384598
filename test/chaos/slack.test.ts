import { hanging, lostReply, rateLimited, tripled } from './slack.ts'
import { chaos } from './suite.ts'

chaos([lostReply, hanging, rateLimited, tripled('socket'), tripled('http')])
