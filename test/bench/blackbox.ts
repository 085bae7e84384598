import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { sleep } from '../../src/clock.ts'
import { freePort } from '../support/port.ts'
import { cpuMs } from './cost.ts'

/** Under which names Debian and its makers install it. */
const NAMES = [process.env['BLACKBOX_EXPORTER'] ?? '', 'prometheus-blackbox-exporter', 'blackbox_exporter']

export interface Blackbox {
  /** Processor time per probe in ms, of so many probes, some at once. */
  cost(url: string, count: number, atOnce: number): Promise<number>
  stop(): void
}

/** The anchor: what Prometheus probes with. Null where it is not installed. */
export async function startBlackbox(folder: string, authorities: string): Promise<Blackbox | null> {
  const config = join(folder, 'blackbox.yml')
  // It asks the name server of the machine, which does not know our targets: it is given addresses, and saves itself the question.
  const tls = `{ ca_file: "${authorities}", server_name: m.bench.test }`
  const web = `{ prober: http, timeout: 10s, http: { preferred_ip_protocol: ip4, tls_config: ${tls} } }`
  await writeFile(config, `modules: { web: ${web} }\n`)
  const port = await freePort()
  for (const name of NAMES.filter((each) => each !== '')) {
    const args = [`--config.file=${config}`, `--web.listen-address=127.0.0.1:${port}`]
    const child = spawn(name, args, { stdio: 'ignore' })
    const failed = once(child, 'error').then(() => true)
    if (!(await Promise.race([failed, listens(port)]))) return blackbox(child, port)
  }
  return null
}

/** False as soon as it does: it did not fail. */
async function listens(port: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await ask(port, '/-/healthy').catch(() => null)) !== null) return false
    await sleep(50)
  }
  return true
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

function ask(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece) => {
        text += piece
      })
      response.on('end', () => resolve(text))
    })
    sent.on('error', reject).end()
  })
}

function blackbox(child: ChildProcess, port: number): Blackbox {
  const probes = async (url: string, count: number, atOnce: number) => {
    const path = `/probe?module=web&target=${encodeURIComponent(url)}`
    let left = count
    let failed = 0
    const one = async () => {
      while (left-- > 0) if (!/^probe_success 1$/m.test(await ask(port, path))) failed++
    }
    await Promise.all(Array.from({ length: atOnce }, one))
    if (failed > 0) throw new Error(`${failed} of ${count} probes of blackbox_exporter failed`)
  }
  return {
    async cost(url, count, atOnce) {
      await probes(url, Math.min(100, count), atOnce)
      const before = await cpuMs([child.pid ?? 0])
      await probes(url, count, atOnce)
      return ((await cpuMs([child.pid ?? 0])) - before) / count
    },
    stop: () => void child.kill(),
  }
}
