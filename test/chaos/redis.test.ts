import { emptied, fullUp, killedMidLoad, midEscalation, nobodyThere } from './redis.ts'
import { chaos } from './suite.ts'

chaos([killedMidLoad, emptied, fullUp, nobodyThere, midEscalation])
