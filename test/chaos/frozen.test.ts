import { cutOff, frozen, wallClock } from './processes.ts'
import { chaos } from './suite.ts'

chaos([frozen, cutOff, wallClock])
