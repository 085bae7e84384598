import { drained, frozen, oneKilled, two, upgraded } from '../chaos/processes.ts'
import { short } from '../chaos/suite.ts'

short([two, oneKilled, frozen, drained, upgraded])
