import { blocked, drained, oneKilled, upgraded } from './processes.ts'
import { chaos } from './suite.ts'

chaos([oneKilled, drained, upgraded, blocked])
