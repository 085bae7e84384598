import { cutOff, drained, frozen, oneKilled, two, upgraded } from '../chaos/processes.ts'
import { short } from '../chaos/suite.ts'

short({ bots: 2, services: 6, wait: '4s', wired: ['store'] }, [two, oneKilled, frozen, cutOff, drained])
short({ bots: 2, services: 3, wait: '4s', probed: true }, [upgraded])
