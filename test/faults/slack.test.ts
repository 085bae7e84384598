import { droppedSockets, failing, hanging, lostReply, tripled } from '../chaos/slack.ts'
import { short, tidy } from '../chaos/suite.ts'

tidy()
short({ services: 6 }, [lostReply, failing, hanging, droppedSockets, tripled('socket')])
