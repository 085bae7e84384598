import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Probe } from '../../src/domain/rules.ts'
import { type Driver, startBot } from '../support/bot.ts'
import { certificates, closeTargets, http, tcp } from '../support/probed.ts'

const ZONE = 'example-mail.test'
const IDS = { dana: 'U0DANA', erik: 'U0ERIK', mia: 'U0MIA' } as const

let bot: Driver
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coverage-'))
})
afterEach(async () => {
  await bot?.close()
  await closeTargets()
  rmSync(folder, { recursive: true, force: true })
})

const file = () => join(folder, 'mail.zone')
const zone = (...names: string[]) =>
  writeFileSync(
    file(),
    [`$ORIGIN ${ZONE}.`, ...names.map((name) => (name.includes(' ') ? name : `${name} IN 300 A 192.0.2.1`))].join('\n'),
  )

interface Start {
  /** More of `coverage:`. */
  more?: string
  sources?: string[]
  monitors?: string
  reach?: (probe: Probe) => Probe
  probes?: boolean
  at?: number
}
const start = async ({
  more = '',
  sources = [`{ zone_file: "${file()}" }`],
  monitors = '',
  ...options
}: Start = {}) => {
  bot = await startBot({
    probes: false,
    ...options,
    config: (text) =>
      `${text
        .replace('webmail: { policy: mail,', `webmail: { policy: mail, domains: [${ZONE}],`)
        .replace('monitors:\n', `monitors:\n  www: { service: webmail, tcp: "www.${ZONE}:443" }\n${monitors}`)}
coverage: { sources: [${sources.join(', ')}], ignore: ["*.dev.${ZONE}"]${more} }
`,
  })
  // What is looked at each second makes minutes pass slowly; the sources were asked at the start.
  if (!options.probes) await bot.advance('5m')
}
const ops = () => bot.channel('ops')
const list = (who: keyof typeof IDS = 'erik') => bot.type(who, '/monitor coverage')

/** Presses a button of a name, in what a person was shown last in a channel or in their DM; what they then see in its place. */
async function press(
  who: keyof typeof IDS,
  action: string,
  name: string,
  where: 'ops' | 'dm' = 'ops',
): Promise<string> {
  const seen = () => (where === 'dm' ? bot.slack.dm(IDS[who]) : bot.slack.channel('ops', IDS[who]).messages)
  for (const message of seen().toReversed()) {
    const block = message.blocks.find(
      (each) => JSON.stringify(each).includes(`"${action}"`) && JSON.stringify(each).includes(` ${name}"`),
    )
    if (!block) continue
    const before = JSON.stringify(seen())
    await bot.slack.press(IDS[who], message.channel, message.ts, action, { block_id: block.block_id ?? '' })
    await bot.rest()
    const after = seen().filter((each) => !before.includes(JSON.stringify(each)))
    return after.map(({ text, blocks }) => JSON.stringify([text, blocks])).join('\n')
  }
  throw new Error(`${who} sees no ${action} of ${name}`)
}

const age = (ms: number) =>
  bot.store.pool.query(
    `with aged as (update gaps set since_at = since_at - $1) update coverage set last_seen_at = last_seen_at - $1`,
    [ms],
  )
const HOUR = 3_600_000

test('a gap is told of once, and nobody is woken; what its zone has no more is known for an hour, what cannot be read for ever', async () => {
  zone('www', 'shop', 'mail', 'x.dev', 'imap')
  await start()
  expect(ops()).toHaveLength(1)
  expect(ops()[0]).toContain(
    `3 names of ${ZONE} are watched by nothing: \`imap.${ZONE}\`, \`mail.${ZONE}\` and \`shop.${ZONE}\` (25 % of all are watched)`,
  )
  const shown = await list()
  expect(shown).toContain(`*webmail* (\`${ZONE}\`): *25 %* of 4 names are watched, 1 more are ignored.`)
  expect(shown).toContain(
    `:eyes: \`shop.${ZONE}\` is watched by nothing for 5 min, known from \`${file()}\`; nobody has taken it.`,
  )
  zone('www', 'shop', 'mail', 'x.dev', 'imap', 'new')
  await bot.advance('10m')
  expect(ops()).toHaveLength(2)
  expect(ops()[1]).toContain(`1 name of ${ZONE} is watched by nothing: \`new.${ZONE}\` (20 % of all`)
  zone('www')
  await bot.advance('5m')
  expect(await list()).toContain(`\`shop.${ZONE}\` is watched by nothing`)

  rmSync(file())
  await age(2 * HOUR)
  await bot.advance('20m')
  expect(await list()).toContain(`\`shop.${ZONE}\` is watched by nothing`)
  const blind = ops().filter((text) => text.includes('some names may be hidden'))
  expect(blind).toHaveLength(1)
  expect(blind[0]).toContain(`${file()} is not there`)
  expect(await list()).toContain(
    `:rotating_light: \`${file()}\` is not there (last read whole 25 min ago): names may be hidden`,
  )
  zone('www')
  await bot.advance('5m')
  expect(ops().join('\n')).toContain('every source of names can be read again')
  expect(ops().join('\n')).toContain(`every name of ${ZONE} is watched or ignored`)
  expect(bot.paged()).toEqual([])
})

test('a gap that nobody sees to is told again, and at last to whoever is on duty, when they work; each once', async () => {
  zone('www', 'shop', 'imap')
  // A quarter to nine: dana has the day.
  await start({ at: Date.parse('2026-11-23T08:45:00+01:00') })
  await bot.type('mia', `/monitor gap imap.${ZONE} owner @erik`)
  expect(ops().at(-1)).toContain(`<@U0ERIK> sees to \`imap.${ZONE}\`, which nothing watches, says <@U0MIA>`)
  await age(7 * 24 * HOUR)
  await bot.advance('9m')
  expect(ops().filter((text) => text.includes('have been watched by nothing for 7 d: '))).toHaveLength(1)
  expect(bot.dm('dana').join()).not.toContain('watched by nothing')
  await bot.advance('1m')
  await bot.advance('5m')
  expect(ops().at(-1)).toContain('nobody has said why')
  expect(ops().at(-1)).toContain('<@U0ERIK> and <@U0DANA> have been asked in person')
  const asked = (who: string) => bot.dm(who).filter((text) => text.includes('watched by nothing'))
  expect(asked('dana')).toHaveLength(1)
  expect(asked('dana')[0]).toContain('If one of them fails, nobody is told.')
  expect(asked('dana')[0]).toContain('[Watch it]\n[It is mine]')
  await bot.advance('5m')
  expect([asked('dana'), asked('erik')].map(({ length }) => length)).toEqual([1, 1])
  // Claimed by the button of the very message.
  expect(await press('dana', 'gap_own', `shop.${ZONE}`, 'dm')).toContain('<@U0DANA> sees to')
  expect(await list()).toMatch(/`shop.example-mail.test` is watched by nothing for 7 d.*; <@U0DANA> sees to it\./)
})

describe('a name is adopted', () => {
  let ca: ReturnType<typeof certificates>
  beforeAll(() => {
    ca = certificates()
  })
  afterAll(() => ca.remove())
  const facts = async () =>
    (
      await bot.store.pool.query<{ body: { by: string; what: string; reason: string | null } }>(
        "select body from facts where kind = 'covered' order by id",
      )
    ).rows.map(({ body: { by, what, reason } }) => [by, what, reason])

  test('by a click, after a look; it is watched at once, after a restart, and until it is dropped', async () => {
    zone('www', 'shop', 'dead', '*.apps', 'mx1', '@ MX 10 mx1')
    const shop = await ca.https('good')
    const nobody = await http((_, response) => response.writeHead(500).end())
    const mail = await tcp((socket) => socket.write('220 mx1 ESMTP\r\n'))
    const reach = (probe: Probe): Probe => {
      if (probe.kind === 'http' && probe.name.startsWith('shop')) return { ...probe, url: shop.url }
      if (probe.kind === 'tls' && probe.name.startsWith('shop')) return { ...probe, host: '127.0.0.1', port: shop.port }
      if (probe.kind === 'http' && probe.name.startsWith('dead')) return { ...probe, url: nobody.url }
      if (probe.name === 'www') return { ...probe, host: '127.0.0.1', port: mail.port } as Probe
      return probe.kind === 'tcp' && probe.name.startsWith('mx1')
        ? { ...probe, host: '127.0.0.1', port: mail.port }
        : probe
    }
    await start({
      reach,
      probes: true,
      monitors: `  own: { service: webmail, tcp: "127.0.0.1:${mail.port}", every: 1h }\n`,
    })
    const before = await list()
    expect(before).toContain(`\`*.apps.${ZONE}\` is watched by nothing`)
    expect(shop.connections).toBe(0)

    const clicked = await press('erik', 'gap_watch', `shop.${ZONE}`)
    expect(clicked).toContain(`\`shop.${ZONE}\` is watched from now on`)
    expect(clicked).toContain(`\`shop-example-mail-test\` asks https://shop.${ZONE}/ every 1 min: 200 OK`)
    expect(clicked).toMatch(
      /`shop-example-mail-test-tls` looks at the certificate of shop.example-mail.test, .*valid for/,
    )
    // What is left to do is shown beneath, and no more what is done.
    expect(clicked).toContain(` dead.${ZONE}"`)
    expect(clicked).not.toContain(` shop.${ZONE}"`)
    expect(ops().at(-1)).toContain(`<@U0ERIK> has \`shop.${ZONE}\` watched from now on`)
    expect(await press('erik', 'gap_watch', `mx1.${ZONE}`)).toContain(
      'connects to port 25 of mx1.example-mail.test, which must say `220`',
    )

    const looks = shop.connections
    await bot.advance('2m')
    expect(shop.connections).toBeGreaterThan(looks)
    expect(await bot.type('mia', '/monitor list')).toMatch(
      /:large_green_circle: `shop-example-mail-test` · webmail.*, adopted by <@U0ERIK>/,
    )
    expect(await list()).not.toContain(`\`shop.${ZONE}\` is watched by nothing`)
    expect(await bot.type('mia', `/monitor adopt shop.${ZONE}`)).toContain(
      'is watched already, by `shop-example-mail-test`',
    )
    await bot.restart('1m')
    expect(await bot.type('mia', '/monitor show shop-example-mail-test')).toContain('200 OK')

    expect(await bot.type('mia', '/monitor drop own x')).toContain('stands in the configuration')
    expect(await bot.type('mia', '/monitor drop shop-example-mail-test')).toContain('Why?')
    expect(await bot.type('mia', '/monitor drop shop-example-mail-test moves away')).toContain(
      'within a quarter of an hour',
    )
    expect(await bot.type('mia', '/monitor approve shop-example-mail-test')).toContain('you asked for it yourself')
    expect(await bot.type('mia', '/monitor list')).toContain('shop-example-mail-test')
    expect(await bot.pressIn('mia', 'ops', 'Approve drop')).toContain('you asked for it yourself')
    expect(await bot.pressIn('erik', 'ops', 'Approve drop')).toBe('')
    expect(bot.channel('ops').join()).toContain('watched no more, as <@U0MIA> asked: _moves away_')
    expect(await bot.pressIn('erik', 'ops', 'Approve drop')).toContain('Nothing was done')
    expect(await bot.type('mia', '/monitor list')).not.toContain('shop-example-mail-test')
    expect(await list()).toContain(`\`shop.${ZONE}\` is watched by nothing`)
    expect(await facts()).toEqual([
      ['erik', 'adopt', null],
      ['erik', 'adopt', null],
      ['mia', 'drop-asked', 'moves away'],
      ['erik', 'drop', 'moves away'],
    ])

    // What was seen is no good.
    await list()
    const refused = await press('erik', 'gap_watch', `dead.${ZONE}`)
    expect(refused).toContain('*nothing is watched yet*')
    expect(refused).toContain('500 Internal Server Error')
    expect(await facts()).toHaveLength(4)
    expect(await press('erik', 'gap_leave', `dead.${ZONE}`)).toContain('Nothing was changed')
    await list()
    await press('erik', 'gap_watch', `dead.${ZONE}`)
    expect(await press('erik', 'gap_watch_anyway', `dead.${ZONE}`)).toContain('is watched from now on')
    expect(bot.paged()).toEqual([])
    await bot.advance('20s')
    expect(bot.paged()).toEqual(['nora'])
    await bot.type('mia', `/monitor drop dead.${ZONE} it is dead`)
    await bot.type('erik', `/monitor approve dead.${ZONE}`)
    expect(bot.timeline().at(-1)).toContain('*Resolved* by itself')
  })
})

test('what is no gap is left alone; what needs no probe is ignored for a reason, which is listed and taken back', async () => {
  zone('www', 'parked', '*.apps')
  await start()
  const name = `parked.${ZONE}`
  for (const [typed, answer] of [
    ['adopt shop.elsewhere.test', 'is beneath no domain of a service'],
    [`adopt *.apps.${ZONE}`, 'is every name beneath it'],
    ['adopt', 'Which name?'],
    [`adopt ${name} now`, 'one name at a time'],
    ['drop nothing.test x', 'was not adopted'],
    [`gap ${name}`, 'Who sees to'],
    [`gap ${name} owner @somebody`, 'is nobody in'],
    [`ignore ${name}`, 'Why? It is for whoever asks later'],
    ['ignore nothing.test why not', 'is not known here, so it is no gap'],
    [`ignore www.${ZONE} x`, 'is watched by `www`, so it is no gap'],
  ])
    expect(await bot.type('erik', `/monitor ${typed}`)).toContain(answer)
  expect(await bot.type('erik', `/monitor ignore ${name} parked, no service`)).toContain(
    'needs no probe: _parked, no service_',
  )
  expect(ops().at(-1)).toContain(`<@U0ERIK> says that \`${name}\` needs no probe`)
  expect(await list()).toContain(`\`${name}\` is ignored: _parked, no service_, says <@U0ERIK>`)
  expect(await bot.type('mia', `/monitor ignore ${name} again`)).toContain('is ignored already')
  expect(await bot.type('mia', `/monitor heed ${name}`)).toContain('is not to be ignored any more')
  expect(await bot.type('mia', `/monitor heed ${name}`)).toContain('was not ignored by hand')
  const shown = await list()
  expect(shown).toContain(`\`${name}\` is watched by nothing`)
  // Nothing can look at every name beneath another.
  expect(shown).toMatch(/`\*\.apps\.example-mail\.test` .*\n\[It is mine\]/)
})

test('what certificates name and where targets send is known from then on, without anybody asking for it', async () => {
  const ca = certificates()
  try {
    const web = await ca.https('good')
    const sender = await http((_, response) => response.writeHead(302, { location: 'https://sent.mail.test/' }).end())
    bot = await startBot({
      config: (text) =>
        `${text
          .replace('  webmail: {', '  mails: { policy: mail, domains: [mail.test, wild.test] }\n  webmail: {')
          .replace(
            'monitors:\n',
            `monitors:\n  web: { service: mails, probe: "${web.url}", every: 1m }\n  sender: { service: mails, probe: "${sender.url}", every: 1m, expect: { status: 302 } }\n`,
          )}
coverage: { sources: [{ certificates: seen }, { redirects: seen }] }
`,
    })
    await bot.advance('1m')
    const shown = await list()
    expect(shown).toMatch(/`mail.test` is watched by nothing for .*, known from `certificates`/)
    expect(shown).toMatch(/`\*.wild.test` is watched by nothing for .*, known from `certificates`/)
    expect(shown).toMatch(/`sent.mail.test` is watched by nothing for .*, known from `redirects`/)
    expect(shown).toContain('*0 %* of 3 names')
  } finally {
    ca.remove()
  }
})
