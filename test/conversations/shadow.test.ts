import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Rules } from '../../src/domain/rules.ts'

import { activateRules, readRules } from '../../src/store/rules.ts'
import { type Driver, MONDAY_NIGHT, startBot } from '../support/bot.ts'
import { type Carriers, startCarriers } from '../support/carriers.ts'

let bot: Driver
let carriers: Carriers
beforeEach(async () => {
  carriers = await startCarriers()
})
afterEach(async () => {
  await bot?.close()
  await carriers.close()
})

const EVERYBODY = ['nora', 'dana', 'sam', 'mia', 'erik']

const start = async (shadow: string, at?: number) => {
  const contact = 'contact: [{ after: 0s, via: ntfy, to: pager }, { after: 1m, via: call, to: "+41790000001" }]'
  bot = await startBot({
    probes: false,
    ...(at !== undefined && { at }),
    workspace: {
      channels: [
        { id: 'C0OPS', name: 'ops', bot: true },
        { id: 'C0SHADOW', name: 'shadow', bot: true },
      ],
    },
    config: (config) => `${config
      .replaceAll(/(nora|dana|sam|mia): \{ slack: (\w+) \}/g, `$1: { slack: $2, ${contact} }`)
      .replace('  webmail:', '  billing: { policy: mail, channel: C0OPS }\n  webmail:')}
notify:
  ntfy: { url: "${carriers.url}", token: ntfy-token-0123 }
  twilio: { url: "${carriers.url}", account: AC0123456789, token: twilio-token-0123456789, from: "+41440000000" }
${shadow}
`,
  })
}

const said = () => bot.channel('C0SHADOW')
const inDms = () => EVERYBODY.flatMap((name) => bot.dm(name))

/** Another configuration is made the active one, as a reload does. */
async function reconfigure(change: (rules: Rules) => Rules): Promise<void> {
  const { rows } = await bot.store.pool.query<{ rules_id: number }>('select rules_id from desk')
  const rules = await readRules(bot.store.pool, rows[0]?.rules_id ?? 0)
  await activateRules(bot.store, change(rules), bot.clock.now())
  // Whatever comes in has the desk look.
  await bot.recover('nothing')
}
const without = ({ shadow: _, ...rules }: Rules): Rules => rules

describe('in shadow mode', () => {
  test('the whole escalation is said, with who and when, and nobody is told of anything', async () => {
    // Half an hour before the shift changes.
    await start('shadow: { channel: C0SHADOW }', MONDAY_NIGHT + 4.5 * 3_600_000)
    await bot.alert()
    expect(said()).toEqual([expect.stringMatching(/\*Would page\* `nora` at .*webmail/)])
    expect(said()[0]).toContain('On duty for `primary`')
    expect(said()[0]).toMatch(/By Slack DM at once; unanswered, by ntfy at .* and phone at/)
    expect(said()[0]).toMatch(/Next, unless somebody acknowledges: `sam` at/)
    expect(said()[0]).toContain('*Shadow mode: nobody is paged.*')
    await bot.advance('25m')
    const pages = said().flatMap((message) => /\*Would page\* `(\w+)`/.exec(message)?.[1] ?? [])
    expect(pages).toEqual(['nora', 'sam', 'nora', 'sam', 'mia'])
    expect(said()).toContainEqual(expect.stringContaining('would say loudly'))
    // The shift changes meanwhile, and a while passes in which everybody would be prompted.
    await bot.advance('50m')
    expect(said()).toContainEqual(expect.stringMatching(/\*Would hand over\* `primary` at .*`nora` → `dana`/))
    await bot.recover()
    expect(said().at(-1)).toMatch(/over by itself/)

    expect(inDms()).toEqual([])
    expect(bot.paged()).toEqual([])
    expect(carriers.came).toEqual([])
    expect(bot.calls('chat.postMessage').map(({ args }) => args.channel)).toEqual(said().map(() => 'C0SHADOW'))
    expect(bot.calls('conversations.open')).toEqual([])
    expect(bot.calls('conversations.invite')).toEqual([])
    // A mention would ring.
    expect(JSON.stringify(bot.slack.channel('C0SHADOW').messages)).not.toContain('<@')
  })

  test('it cannot be overlooked: status, Home, health, and the answer to whoever pages', async () => {
    await start('shadow: { channel: C0SHADOW }')
    const sentence = 'Shadow mode: nobody is paged for anything. What would be done is said in <#C0SHADOW>'
    expect((await bot.type('nora', '/watchbill status')).split('\n')[1]).toBe(`:busts_in_silhouette: *${sentence}*`)
    expect(await bot.openHome('nora')).toContain(sentence)
    expect(await (await fetch(`${bot.url}/readyz`)).json()).toMatchObject({
      status: 'ok',
      note: sentence.replace(/<#(.*)>/, '$1'),
    })
    expect(await bot.type('nora', '/page dana the queue grows')).toMatch(
      /\*Nobody is paged: shadow mode\.\* It would be `dana`/,
    )
    expect(said()).toEqual([expect.stringContaining('Called for by `nora`')])
    expect(inDms()).toEqual([])
  })

  test('an acknowledgement in its channel ends the escalation, as it would', async () => {
    await start('shadow: { channel: C0SHADOW }')
    await bot.alert()
    await bot.pressIn('sam', 'C0SHADOW', 'Acknowledge')
    await bot.advance('25m')
    expect(said().slice(1)).toEqual([expect.stringContaining('acknowledged by `sam`')])
  })

  test('of one service, everything else pages for real', async () => {
    await start('shadow: { channel: C0SHADOW, services: [billing] }')
    await bot.alert({ service: 'billing', key: 'invoices' })
    expect(inDms()).toEqual([])
    expect(said()).toHaveLength(1)
    await bot.alert()
    expect(bot.paged()).toEqual(['nora'])
    expect(said()).toHaveLength(1)
    expect((await bot.type('nora', '/watchbill status')).split('\n')[1]).toContain(
      'nobody is paged for service `billing`',
    )
  })

  test('when it ends, what is still open pages for real from the first step on, at once and said so', async () => {
    await start('shadow: { channel: C0SHADOW }')
    await bot.alert()
    await bot.advance('1m')
    await reconfigure(without)
    expect(bot.paged()).toEqual(['nora'])
    expect(carriers.of('ntfy')).toHaveLength(1)
    expect(bot.timeline()).toContainEqual(expect.stringContaining('*Shadow mode is over* for it'))
    await bot.advance('5m')
    expect(bot.paged()).toEqual(['nora', 'sam'])
    await bot.press('sam', 'Acknowledge')
    // What began for real, or goes on for real, is never taken back.
    await reconfigure((rules) => ({ ...rules, shadow: { channel: 'C0SHADOW', services: null, policies: null } }))
    await bot.type('sam', '/incident unack INC-1')
    expect(bot.paged().slice(2)).toEqual(['nora'])
  })

  test('narrowed to another service, it says where it was said that shadow mode is over', async () => {
    await start('shadow: { channel: C0SHADOW }')
    await bot.alert()
    await reconfigure((rules) => ({ ...rules, shadow: { channel: 'C0SHADOW', services: ['billing'], policies: [] } }))
    expect(said().at(-1)).toMatch(
      /\*shadow mode is over for it, and it is still open\.\* From now on it pages for real/,
    )
    expect(bot.paged()).toEqual(['nora'])
  })
})
