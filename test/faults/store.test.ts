import { away, killedServer } from '../chaos/store.ts'
import { short } from '../chaos/suite.ts'

short([killedServer, away])
