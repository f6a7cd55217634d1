import { expect, test } from 'vitest';
import { describeCrash, EMBEDDED, OVERLAY } from '../support/crash/crash-tests.ts';
import type { SubjectName } from '../support/crash/subject.ts';
import { torture } from '../support/crash/torture/torture.ts';
import { tortureFigures } from '../support/crash/torture/torture-figures.ts';
import { HAS_NFT } from '../support/host/nft.ts';
import { EVERY_CASE, inTurn, SEED } from '../support/rotation.ts';

const WORKFLOWS: readonly (readonly SubjectName[])[] = [['small'], ['lab'], EMBEDDED, ...(HAS_NFT ? [OVERLAY] : [])];

// `npm run torture -- --rounds N` runs any number of rounds.
describeCrash('runs that are killed, resumed and rolled back at random', () => {
  // A round with engines takes minutes.
  const onlyNightly = EVERY_CASE ? (['overlay-docker'] as const) : [];
  test.for([...inTurn(WORKFLOWS, WORKFLOWS.length).flat(), ...onlyNightly])(
    'end in a valid state (%s)',
    async (workflow) => {
      const rounds = 1;
      const startedAt = performance.now();
      const report = await torture({ workflow, rounds, minutes: null, seed: SEED, lanes: 1, firstRound: 1 });
      process.stdout.write(
        `${workflow}, WF_TEST_SEED=${SEED}:${tortureFigures(report, performance.now() - startedAt)}`,
      );
      expect(report.failures).toEqual([]);
      expect(report.rounds).toHaveLength(rounds);
    },
  );
});
