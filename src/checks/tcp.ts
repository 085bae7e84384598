import type { TcpProbe } from '../domain/rules.ts'
import { connected } from './connect.ts'
import { type Listening, listen } from './lines.ts'
import type { Look } from './look.ts'
import { startTls, TALK_BYTES } from './starttls.ts'

/** Whether somebody listens, says what is expected, and would begin TLS. */
export const tcpProbe: Look<TcpProbe> = async (probe, around) => {
  const { port, banner, starttls } = probe
  const socket = await connected(probe, { ...around, ip: probe.ip })
  try {
    const saw = [`connected to port ${port}`]
    const heard = listen(socket, TALK_BYTES)
    if (banner !== null) {
      around.enter('banner')
      const wrong = await wrongBanner(banner, heard)
      if (wrong !== null) return { ok: false, saw: `${saw[0]}, but ${wrong}` }
      saw.push(`the banner contains "${banner}"`)
    }
    if (starttls !== null) {
      around.enter('starttls')
      await startTls(starttls, socket, heard)
      saw.push('STARTTLS is agreed on')
    }
    return { ok: true, saw: saw.join(', ') }
  } finally {
    socket.destroy()
  }
}

/** What the first bytes say stays there, so that a conversation can go on from them. */
async function wrongBanner(banner: string, heard: Listening): Promise<string | null> {
  // Bytes are compared, as they came.
  const wanted = Buffer.from(banner, 'utf8').toString('latin1')
  while (!heard.rest().includes(wanted)) {
    if (await heard.more()) continue
    if (heard.rest() === '') return 'it was closed before anything was said'
    return `what it says does not contain "${banner}"`
  }
  return null
}
