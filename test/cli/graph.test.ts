import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { graph } from '../../src/cli/graph.ts'

const pathOf = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))

async function run(options: Parameters<typeof graph>[0]) {
  const said = { stdout: '', stderr: '' }
  const into = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      said[name] += text
    },
  })
  const env = { DEPLOY_SECRET: 's', ZURICH_TOKEN: 't', COMPANY_PORT: '1', FILES: '/tmp', DAY: '08:00', NIGHT: '20:00' }
  const code = await graph(options, { env, stdout: into('stdout'), stderr: into('stderr') })
  return { code, ...said }
}
const example = pathOf('test/vectors/watchbill.example.yaml')
const demo = pathOf('src/sandbox/demo.yaml')

test('the example hangs together, from whoever is outside down to the services', async () => {
  const { code, stdout } = await run({ config: example })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^outside: .*\n└─ outward_heartbeat: its silence is the alarm\n {3}├─ auditor: /)
  expect(stdout).toMatch(/monitor\/antispam-errors: .* \(also by canary\/antispam-errors\)\n/)
  expect(stdout).toMatch(/\n\d+ nodes, no loose end\n$/)
  expect(new Set(stdout.match(/monitor\/[a-z-]+(?=:)/g)).size).toBe(8)
})

test('loose ends are named, with what to do, and it exits 1', async () => {
  const { code, stdout } = await run({ config: demo })
  expect(code).toBe(1)
  expect(stdout).toMatch(/\nLOOSE END: nobody notices when Watchbill itself stops: set outward_heartbeat .*\n/)
})

test('as JSON, and for Graphviz', async () => {
  const { nodes, looseEnds } = JSON.parse((await run({ config: demo, json: true })).stdout)
  expect(nodes).toContainEqual(expect.objectContaining({ name: 'monitor/web-1', kind: 'monitor' }))
  expect(looseEnds).toMatchObject([{ node: 'outward_heartbeat' }])
  const { stdout } = await run({ config: demo, dot: true })
  expect(stdout).toMatch(/^digraph watch \{\n[\s\S]*\n {2}"timetable" -> "probes" \[tooltip="[^"]+"\]\n[\s\S]*\}\n$/)
})

test('a configuration with problems is none to draw: 2', async () => {
  const { code, stderr } = await run({ config: '/nowhere.yaml' })
  expect(code).toBe(2)
  expect(stderr).toContain('there is no such file')
})
