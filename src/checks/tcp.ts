import type { TcpProbe } from '../domain/rules.ts'
import { connected } from './connect.ts'
import type { Look } from './look.ts'

/** Whether somebody listens. */
export const tcpProbe: Look<TcpProbe> = async (probe, around) => {
  const socket = await connected(probe, around)
  socket.destroy()
  return { ok: true, saw: `connected to port ${probe.port}` }
}
