import { blocked, cutOff, drained, frozen, oneKilled, two, upgraded, wallClock } from './processes.ts'
import { chaos } from './suite.ts'

chaos([two, oneKilled, frozen, cutOff, wallClock, blocked, drained, upgraded])
