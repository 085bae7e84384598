import { type AddressInfo, createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { TcpProbe } from '../../src/domain/rules.ts'
import { T0 } from '../support/builders.ts'
import { allowing, check, closeTargets, drip, LOOPBACK, probed, tcp } from '../support/probed.ts'

afterEach(closeTargets)

const look = (port: number, more: Partial<TcpProbe> = {}, allow: readonly string[] = LOOPBACK) => {
  const target = { kind: 'tcp', host: '127.0.0.1', port, ip: null, starttls: null, banner: null } as const
  return check({ ...probed, ...target, ...more }, allowing(allow), T0)
}

test('somebody listens', async () => {
  const { port } = await tcp(() => {})
  expect(await look(port)).toMatchObject({ ok: true, saw: `connected to port ${port}` })
})

test('nobody does', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const sample = await look(port)
  expect(sample).toMatchObject({ ok: false, saw: 'connection refused' })
  // Somebody said so: the network works.
  expect(sample.mute).toBeUndefined()
})

test('nobody says anything: the fault may be ours', async () => {
  expect(await look(1, { host: 'nowhere.invalid' })).toMatchObject({ ok: false, mute: true })
})

test('where nobody may look, nobody looks', async () => {
  const server = await tcp(() => {})
  expect((await look(server.port, {}, [])).saw).toMatch(/is a loopback address/)
  expect(server.connections).toBe(0)
})

describe('the banner', () => {
  test('contains what is expected', async () => {
    const { port } = await tcp((socket) => socket.write('220 mail.test ESMTP grüezi\r\n'))
    const sample = await look(port, { banner: 'ESMTP grü' })
    expect(sample).toMatchObject({ ok: true, saw: `connected to port ${port}, the banner contains "ESMTP grü"` })
  })

  test('comes in pieces', async () => {
    const { port } = await tcp((socket) => drip(socket, '220 ESMTP\r\n', 20))
    expect(await look(port, { banner: 'ESMTP' })).toMatchObject({ ok: true })
  })

  test('says something else, and no more', async () => {
    const { port } = await tcp((socket) => socket.end('421 hunter2\r\n'))
    const sample = await look(port, { banner: '220' })
    expect(sample.saw).toBe(`connected to port ${port}, but what it says does not contain "220"`)
  })

  test('without end is read to a limit, fast', async () => {
    let written = 0
    const { port } = await tcp((socket) => {
      const more = () => {
        while (!socket.destroyed && socket.write('x'.repeat(16_384))) written += 16_384
        if (!socket.destroyed) socket.once('drain', more)
      }
      socket.on('error', () => {})
      more()
    })
    const sample = await look(port, { banner: '220' })
    expect(sample.saw).toBe(`connected to port ${port}, but what it says does not contain "220"`)
    expect(sample.ms).toBeLessThan(5_000)
    expect(written).toBeLessThan(20e6)
  })

  test.for<[what: string, begin: Parameters<typeof tcp>[0]]>([
    ['that never comes', () => {}],
    ['of one byte a second', (socket) => drip(socket, '220 mail.test ESMTP\r\n')],
  ])('%s is cut off at the deadline', async ([, begin]) => {
    const { port } = await tcp(begin)
    const sample = await look(port, { banner: 'ESMTP', timeoutMs: 1_200 })
    expect(sample).toMatchObject({ ok: false, saw: 'connected, but what is expected did not come within 1.2 s' })
  })

  test.for<[what: string, halfOpen: boolean]>([
    ['closed', false],
    ['half closed', true],
  ])('of a connection that is %s at once', async ([, halfOpen]) => {
    const { port } = await tcp((socket) => socket.end(), halfOpen)
    expect((await look(port, { banner: '220' })).saw).toBe(
      `connected to port ${port}, but it was closed before anything was said`,
    )
  })

  test('of a connection that is reset', async () => {
    const { port } = await tcp((socket) => setTimeout(() => socket.resetAndDestroy(), 30))
    expect((await look(port, { banner: '220' })).saw).toMatch(/connection reset|closed before anything was said/)
  })
})

test('STARTTLS is agreed on, after the banner that the conversation begins with', async () => {
  const { port } = await tcp((socket) => {
    socket.write('220 mail.test ESMTP\r\n')
    socket.on('data', (heard) => socket.write(heard.toString().startsWith('EHLO') ? '250 STARTTLS\r\n' : '220 go\r\n'))
  })
  expect((await look(port, { banner: 'ESMTP', starttls: 'smtp' })).saw).toBe(
    `connected to port ${port}, the banner contains "ESMTP", STARTTLS is agreed on`,
  )
})
