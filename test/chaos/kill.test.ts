import { inFlight, killed } from './kill.ts'
import { chaos } from './suite.ts'

chaos([killed, inFlight])
