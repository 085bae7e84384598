import { expect, test } from 'vitest'
import { inTurn } from '../../src/checks/in-turn.ts'

test('calls on one thing wait for each other, and each has its own answer', async () => {
  const run = inTurn(5_000)
  const order: string[] = []
  const call = (name: string) => async () => {
    order.push(`${name} begins`)
    await new Promise((resolve) => setTimeout(resolve, 5))
    order.push(`${name} ends`)
    return name
  }
  const answers = await Promise.all(['a', 'b', 'c'].map((name) => run('file', 'late', call(name))))
  expect(answers).toEqual(['a', 'b', 'c'])
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})

test('what hangs is late, and is not begun once more until it ends; what it is beside is not held up', async () => {
  const run = inTurn(20)
  let begun = 0
  let end = () => {}
  const hangs = () => {
    begun++
    return new Promise<string>((resolve) => {
      end = () => resolve('at last')
    })
  }
  expect(await run('drive', 'late', hangs)).toBe('late')
  expect(await Promise.all([run('drive', 'late', hangs), run('drive', 'late', hangs)])).toEqual(['late', 'late'])
  expect(begun).toBe(1)
  expect(await run('other', 'late', async () => 'well')).toBe('well')
  end()
  expect(await run('drive', 'late', async () => 'again')).toBe('again')
})

test('a call that fails fails alone', async () => {
  const run = inTurn(5_000)
  const fails = run('file', 'late', async () => {
    throw new Error('no')
  })
  const next = run('file', 'late', async () => 'well')
  await expect(fails).rejects.toThrow('no')
  expect(await next).toBe('well')
})
