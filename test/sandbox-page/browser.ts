import { type Browser, chromium, type Locator, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { LocalSlack } from '../../src/sandbox/server.ts'
import { chromiumPath } from '../support/need.ts'

/** What keeps a headless Chromium quiet and off the network. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** How long a change may take to show; far above what it takes, for a busy machine. */
export const SHOWN = { timeout: 10_000 }

interface Looking {
  width?: number
  scheme?: 'light' | 'dark'
  /** The person wants nothing to move. */
  calm?: boolean
}

/** A person looks at a channel of a workspace, in a window of their own. */
export type Look = (slack: LocalSlack, as: string, channel?: string, how?: Looking) => Promise<Page>

/** One browser for the tests of a file. Whatever goes wrong in the page's own code fails the test that made it. */
export function eyes(): Look {
  let browser: Browser | undefined
  const pages: Page[] = []
  const problems: string[] = []

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath ?? '', args: QUIET })
  })

  afterAll(() => browser?.close())

  afterEach(async () => {
    await Promise.all(pages.splice(0).map((page) => page.context().close()))
    expect(problems.splice(0)).toEqual([])
  })

  return async (slack, as, channel = '', { width = 1280, scheme = 'light', calm = false } = {}) => {
    if (!browser) throw new Error('the browser has not been started')
    const viewport = { width, height: 800 }
    const page = await browser.newPage({
      viewport,
      colorScheme: scheme,
      reducedMotion: calm ? 'reduce' : 'no-preference',
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    pages.push(page)
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('dialog', (dialog) => {
      problems.push(`a dialog said ${dialog.message()}`)
      dialog.dismiss().catch(() => undefined)
    })
    const at = channel === '' ? '' : `&in=${slack.channel(channel).room.id}`
    await page.goto(`${slack.url}?as=${as}${at}`)
    await page.locator('#app').waitFor()
    return page
  }
}

export const last = (page: Page): Locator => page.locator('.message').last()

/** Types a line and sends it. */
export async function type(page: Page, line: string): Promise<void> {
  await page.locator('#composer').fill(line)
  await page.locator('#composer').press('Enter')
}

/** Opens the menu of the message that holds these words, and does what stands in it under this name. */
export async function fromMenu(page: Page, words: string, name: string): Promise<void> {
  const message = page.locator('.message', { hasText: words }).first()
  await message.hover()
  await message.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name }).click()
}
