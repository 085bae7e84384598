import { away, killedServer } from '../chaos/store.ts'
import { short } from '../chaos/suite.ts'

short({ services: 4, wait: '4s', wired: ['store'] }, [killedServer, away])
