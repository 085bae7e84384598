import { droppedSockets, failing, hanging, lostReply, tripled } from '../chaos/slack.ts'
import { short } from '../chaos/suite.ts'

short({ services: 6 }, [lostReply, failing, hanging, droppedSockets, tripled('socket')])
