import { hostOf, newSight, opinion, saw } from './domain/detect/blind.ts'
import type { ProbeState, Sample } from './domain/detect/probe.ts'
import type { Probe } from './domain/rules.ts'

export type Eyes = ReturnType<typeof openEyes>

/** What a look at all of a location comes to. */
export type Opinion = { sees: true } | { sees: false; hosts: number }

/**
 * Whether whoever looks from this place sees anything at all (`blind.ts`): it hears of every look, and looks at other hosts itself when that
 * is the question.
 *
 * @param probes what is looked at from this place
 * @param look one look, which counts for nothing else
 */
export function openEyes({ probes, look }: { probes(): readonly Probe[]; look(probe: Probe): Promise<Sample> }) {
  const sight = newSight()
  let asking: Promise<void> | null = null

  /** Looks at hosts, at one of each; over as soon as anybody answers. */
  async function ask(targets: readonly Probe[]): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const looks = targets.map(async (probe) => {
        const sample = await look(probe)
        saw(sight, hostOf(probe), sample)
        if (sample.mute !== true) resolve()
      })
      Promise.all(looks).then(() => resolve(), reject)
    })
  }

  async function sees(sinceAt: number): Promise<Opinion> {
    for (;;) {
      const targets = new Map(probes().map((probe) => [hostOf(probe), probe]))
      const said = opinion(sight, sinceAt, new Set(targets.keys()))
      if (!('ask' in said)) return said
      asking ??= ask(said.ask.flatMap((host) => targets.get(host) ?? [])).finally(() => {
        asking = null
      })
      await asking
    }
  }

  return {
    saw: (probe: Probe, sample: Sample) => saw(sight, hostOf(probe), sample),
    /** Whether anything has been seen since an instant; looks, where nobody has. */
    sees,
    /** A host answered before this process looked at it. */
    remember(probe: Probe) {
      const host = hostOf(probe)
      if (!sight.hosts.has(host)) sight.hosts.set(host, { muteAt: null })
    },
    answeredAt: () => sight.answeredAt,
    /** Looks again at some hosts that are known to answer, when everything is dark. */
    async lookAgain(): Promise<void> {
      const targets = new Map(probes().map((probe) => [hostOf(probe), probe]))
      await ask([...targets].flatMap(([host, probe]) => (sight.hosts.has(host) ? probe : [])).slice(0, AGAIN))
    },
  }
}

/** Hosts that are asked whether the dark is over. */
const AGAIN = 5

/** When the failures of a monitor began that it has now. */
export const failingSince = ({ recent }: ProbeState): number => {
  const well = recent.findLastIndex(({ ok }) => ok)
  return recent[well + 1]?.at ?? Number.NEGATIVE_INFINITY
}
