import { hostOf, newSight, opinion, saw } from './domain/detect/blind.ts'
import type { ProbeState, Sample } from './domain/detect/probe.ts'
import type { Probe } from './domain/rules.ts'

/** What a look at all of a location comes to. */
type Opinion = { sees: true } | { sees: false; hosts: number }

/**
 * Whether whoever looks from this place sees anything at all (`blind.ts`): it hears of every look, and looks at other hosts itself when that
 * is the question.
 *
 * @param probes what is looked at from this place: the same list as long as it is the same
 * @param look one look, which counts for nothing else
 */
export function openEyes({ probes, look }: { probes(): readonly Probe[]; look(probe: Probe): Promise<Sample> }) {
  const sight = newSight()
  let asking: Promise<void> | null = null
  let known: { probes: readonly Probe[]; targets: Map<string, Probe> } | null = null

  /** One probe of each host. There may be thousands of both, and everybody asks at once when it is dark. */
  function targets(): Map<string, Probe> {
    const all = probes()
    if (known?.probes !== all) known = { probes: all, targets: new Map(all.map((probe) => [hostOf(probe), probe])) }
    return known.targets
  }

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
      const of = targets()
      const said = opinion(sight, sinceAt, of)
      if (!('ask' in said)) return said
      asking ??= ask(said.ask.flatMap((host) => of.get(host) ?? [])).finally(() => {
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
      await ask([...targets()].flatMap(([host, probe]) => (sight.hosts.has(host) ? probe : [])).slice(0, AGAIN))
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
