import { droppedSockets, hanging, lostReply, tripled } from '../chaos/slack.ts'
import { short } from '../chaos/suite.ts'

short([lostReply, hanging, droppedSockets, tripled('http')])
