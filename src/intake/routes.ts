import { alertRoutes } from './alerts.ts'
import { calendarRoutes, type Behind as OfCalendars } from './calendars.ts'
import { callbackRoutes, type Behind as OfCallbacks } from './callback.ts'
import { changeRoutes } from './changes.ts'
import { deployRoutes, type Behind as OfDeploys } from './deploys.ts'
import { foreignRoutes } from './foreign.ts'
import { type Check, healthRoutes } from './health.ts'
import { inboundRoutes } from './inbound.ts'
import { incidentRoutes, type Behind as OfIncidents } from './incidents.ts'
import { logRoutes, type Behind as OfLogs } from './logs.ts'
import { metricsRoutes } from './metrics.ts'
import { pagerDutyRoutes } from './pagerduty.ts'
import { type Behind as OfPings, pingRoutes } from './pings.ts'
import { type Behind as OfProbers, proberRoutes } from './probers.ts'
import { type Behind as OfRates, rateRoutes } from './rates.ts'
import type { Routes } from './server.ts'
import type { Behind as OfAlerts } from './take.ts'

/** The program behind the routes. */
export interface Behind
  extends OfAlerts,
    OfCalendars,
    OfCallbacks,
    OfDeploys,
    OfIncidents,
    OfLogs,
    OfPings,
    OfProbers,
    OfRates {
  checks(): Promise<Check[]>
}

export interface Front {
  /** Null while the program starts: the server listens before there is one. */
  behind(): Behind | null
  /** Why there is none yet, as part of a sentence. */
  waitsFor(): string
  scrape(): Promise<string>
  contentType: string
}

/** What can be asked of Watchbill over HTTP: a file for each group, a line here. */
export function allRoutes({ behind, waitsFor, scrape, contentType }: Front): Routes[] {
  const checks = async () => behind()?.checks() ?? [{ name: 'start', problem: waitsFor() }]
  return [
    healthRoutes(checks),
    metricsRoutes(scrape, contentType),
    alertRoutes(behind, waitsFor),
    incidentRoutes(behind, waitsFor),
    logRoutes(behind, waitsFor),
    calendarRoutes(behind, waitsFor),
    pingRoutes(behind, waitsFor),
    proberRoutes(behind, waitsFor),
    rateRoutes(behind, waitsFor),
    deployRoutes(behind, waitsFor),
    callbackRoutes(behind, waitsFor),
    foreignRoutes(behind, waitsFor),
    pagerDutyRoutes(behind, waitsFor),
    changeRoutes(behind, waitsFor),
    inboundRoutes(behind, waitsFor),
  ]
}
