/**
 * Calls on one thing one after the other, each answered in time: by itself, or by what stands for being late. A call that hangs holds a
 * thread; another one on the same thing is not begun before it ends, because it would only hold one more.
 *
 * @param patienceMs machine time, waiting for one's turn included
 */
export function inTurn(patienceMs: number): <T>(thing: string, late: T, call: () => Promise<T>) => Promise<T> {
  const underWay = new Map<string, Promise<unknown>>()
  const overdue = Symbol('overdue')

  return async (thing, late, call) => {
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<typeof overdue>((resolve) => {
      timer = setTimeout(() => resolve(overdue), patienceMs)
    })
    try {
      for (let before = underWay.get(thing); before; before = underWay.get(thing))
        if ((await Promise.race([before, patience])) === overdue) return late
      const answer = call().finally(() => underWay.delete(thing))
      underWay.set(
        thing,
        answer.catch(() => {}),
      )
      const first = await Promise.race([answer, patience])
      return first === overdue ? late : first
    } finally {
      clearTimeout(timer)
    }
  }
}
