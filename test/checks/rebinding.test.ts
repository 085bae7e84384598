import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { parseHosts } from '../../src/checks/hosts.ts'
import { a, aaaa, nameServer, type Reply } from '../support/name-server.ts'
import { closeTargets, http, probe } from '../support/probed.ts'

/** Names whose addresses change: c-ares itself, but asked of a name server of ours. */
const by = vi.hoisted(() => ({ address: '', asking: 0, most: 0, asked: 0, answers: Promise.resolve() }))
vi.mock('node:dns/promises', async (original) => {
  const dns = await original<typeof import('node:dns/promises')>()
  class Resolver extends dns.Resolver {
    constructor(options?: ConstructorParameters<typeof dns.Resolver>[0]) {
      super(options)
      this.setServers([by.address])
    }
  }
  /** The system, which knows nothing and takes its time: until it is let. */
  const lookup = async (host: string) => {
    by.asked++
    by.most = Math.max(by.most, ++by.asking)
    await by.answers
    by.asking--
    throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' })
  }
  return { ...dns, Resolver, lookup }
})

/** The machine's own list of names. */
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>()
  const readFile = (file: string, ...more: []) =>
    /[\\/]etc[\\/]hosts$/.test(file) ? Promise.resolve('127.0.0.1 localhost listed.test') : fs.readFile(file, ...more)
  return { ...fs, readFile }
})

let answers: { v4: (nth: number) => Reply | null; v6: (nth: number) => Reply | null }
let server: Awaited<ReturnType<typeof nameServer>>
const none = () => ({})

beforeEach(async () => {
  Object.assign(by, { most: 0, asked: 0, answers: Promise.resolve() })
  answers = { v4: none, v6: none }
  server = await nameServer((type, _, nth) => (type === 'A' ? answers.v4(nth) : answers.v6(nth)))
  by.address = server.address
  return server.close
})
afterEach(closeTargets)

test('the address that was looked at is the one that is connected to: a name is asked for once', async () => {
  const target = await http((_, response) => response.end())
  answers.v4 = (nth) => ({ answers: [a(nth === 1 ? '127.0.0.1' : '127.0.0.2')] })
  const url = `http://rebind.test:${target.port}/`
  expect(await probe(url, { allow: ['127.0.0.1/32'] })).toMatchObject({ ok: true })
  expect(server.questions.filter((type) => type === 'A')).toHaveLength(1)
  expect((await probe(url, { allow: ['127.0.0.1/32'] })).saw).toMatch(/^127\.0\.0\.2 is a loopback address/)
})

test('of several addresses only those that are allowed are tried', async () => {
  const target = await http((_, response) => response.end())
  answers.v4 = () => ({ answers: [a('127.0.0.2'), a('127.0.0.1')] })
  answers.v6 = () => ({ answers: [aaaa(1)] })
  const url = `http://both.test:${target.port}/`
  expect(await probe(url, { allow: ['127.0.0.1/32'] })).toMatchObject({ ok: true })
  expect(await probe(url, { allow: ['10.0.0.0/8'] })).toMatchObject({ ok: false })
  expect(target.connections).toBe(1)
})

test('a redirect to the same name asks afresh, and is refused where the name leads by then', async () => {
  const target = await http((_, response) => response.writeHead(302, { location: '/next' }).end())
  answers.v4 = (nth) => ({ answers: [a(nth === 1 ? '127.0.0.1' : '169.254.169.254')] })
  const sample = await probe(`http://rebind.test:${target.port}/`, { redirects: 'follow', allow: ['127.0.0.0/8'] })
  expect(sample).toMatchObject({ ok: false, saw: expect.stringMatching(/metadata address, which is never probed/) })
  expect(target.connections).toBe(1)
})

test('a family that a name has no address of is named', async () => {
  answers.v4 = () => ({ answers: [a('127.0.0.1')] })
  expect((await probe('http://four.test/', { ip: 6 })).saw).toBe('the name has no IPv6 address')
})

test('a name server that says nothing is what was slow', async () => {
  answers = { v4: () => null, v6: () => null }
  const sample = await probe('http://slow.test/', { timeoutMs: 500 })
  expect(sample.saw).toBe('the name did not resolve within 0.5 s')
  expect(sample.phases?.dnsMs).toBeGreaterThan(450)
})

test('of many names that DNS does not know the system is asked about two at a time, and none waits for that', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  by.answers = promise
  let settled = 0
  const probes = Array.from({ length: 40 }, (_, n) => probe(`http://unknown${n}.test/`).finally(() => settled++))
  await expect.poll(() => settled).toBe(38)
  resolve()
  for (const { saw } of await Promise.all(probes)) expect(saw).toMatch(/^the name (does not resolve|has no address)$/)
  expect([by.most, by.asked]).toEqual([2, 2])
  await probe('http://unknown.test/')
  expect(by.asked).toBe(3)
})

test('while no name server answers the system is not asked either, and nobody is blamed for it', async () => {
  by.address = '127.0.0.1:1'
  const samples = await Promise.all(Array.from({ length: 20 }, (_, n) => probe(`http://name${n}.test/`)))
  for (const { saw, mute } of samples) {
    expect(saw).toMatch(/^the name server (cannot be reached|does not answer)$|^the name did not resolve within/)
    expect(mute).toBe(true)
  }
  expect(by.asked).toBe(0)
})

test('a name of the hosts file is looked for there first, as the system does', async () => {
  expect([
    ...parseHosts('# ours\n10.0.0.7  Shop.test shop # the shop\n::7 shop.test.\nnonsense shop\n10.0.0.7 shop\n'),
  ]).toEqual([
    [
      'shop.test',
      [
        { address: '10.0.0.7', family: 4 },
        { address: '::7', family: 6 },
      ],
    ],
    ['shop', [{ address: '10.0.0.7', family: 4 }]],
  ])
  const target = await http((_, response) => response.end())
  const { ok } = await probe(`http://LISTED.test:${target.port}/`, { allow: ['127.0.0.0/8'] })
  expect([ok, server.questions, by.asked]).toEqual([true, [], 0])
})
