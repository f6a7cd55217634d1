import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Subject } from '../subject.ts';
import { type Chance, choose } from '../torture/random.ts';
import { differences } from '../witnesses/differences.ts';

/** Faults of the private host of one run, in addition to kills of wf. */
export interface HostTrouble {
  /** Called when a process of wf begins to work, which usually takes so long. The returned function is called at its end. */
  whileWfWorks(usualMs: number): () => void;
  /** Called while no process of wf works on the run, before a recovery. */
  beforeRecovery(): Promise<void>;
  /** Whether the private host is gone, with all changes of the run in it. */
  isLost(): boolean;
}

/** Most rounds have no fault. */
const KINDS = ['none', 'none', 'none', 'none', 'killed at work', 'killed at work', 'killed between', 'swept'] as const;
/** The probability at each occasion, until the fault happens. */
const HAPPENS = 0.5;

const sweptSchema = z.array(z.object({ kind: z.string(), status: z.string() }));
/** The exit code of a sweep that cannot reach a Docker engine, which the lanes lack. */
const NO_ENGINE = 3;

const NONE: HostTrouble = {
  whileWfWorks: () => () => {},
  beforeRecovery: async () => {},
  isLost: () => false,
};

/** @param report receives each fault, and each problem with it */
export function hostTrouble(
  subject: Subject,
  run: string,
  before: unknown,
  chance: Chance,
  report: { story(text: string): void; problem(text: string): void },
): HostTrouble {
  const kill = subject.killPrivateHost;
  if (kill === undefined) return NONE;
  const kind = choose(chance, KINDS);
  let lost = false;
  const happens = () => !lost && chance() < HAPPENS;
  const killNow = () => {
    if (!kill(run)) return;
    lost = true;
    report.story('its private host killed');
  };

  /** Sweeps with a database that does not contain the run: nothing may be left after it. */
  async function sweep(): Promise<void> {
    const database = path.join(subject.lane.folder, 'another.db');
    const { exitCode, stdout, stderr } = await subject.lane.wf(['sweep', '--yes', '--json'], { database });
    lost = true;
    report.story('swept');
    const objects = sweptSchema.safeParse(parsed(stdout)).data;
    const isRemoved =
      objects?.every((object) => object.kind === 'private-host' && object.status === 'removed') ?? false;
    if (!isRemoved || (exitCode !== 0 && exitCode !== NO_ENGINE)) {
      report.problem(`wf sweep ended with ${exitCode}:\n${stdout}${stderr}`);
    }
    const after = await subject.state();
    if (!isDeepStrictEqual(after, before)) report.problem(`left after wf sweep:\n${differences(before, after)}`);
  }

  return {
    whileWfWorks(usualMs) {
      if (kind !== 'killed at work' || !happens()) return () => {};
      const timer = setTimeout(killNow, chance() * usualMs);
      return () => clearTimeout(timer);
    },
    async beforeRecovery() {
      if (kind === 'killed between' && happens()) killNow();
      if (kind !== 'swept' || !happens()) return;
      if (chance() < HAPPENS) killNow();
      await sweep();
    },
    isLost: () => lost,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
