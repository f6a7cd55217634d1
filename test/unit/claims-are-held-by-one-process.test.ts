import { expect, test } from 'vitest';
import { socketClaims } from '../../src/host/claims.ts';
import { runId } from '../support/folder-host.ts';

const unique = `${process.pid}-${process.hrtime.bigint()}`;

test('a claim that is held is refused, naming the run that holds it; nothing else of the set stays held', async () => {
  const held = await socketClaims.hold([`link a ${unique}`], runId('one'));
  await expect(socketClaims.hold([`link b ${unique}`, `link a ${unique}`], runId('two'))).rejects.toMatchObject({
    code: 'E_NAME_IN_USE',
    message: expect.stringContaining('run one'),
  });
  const other = await socketClaims.hold([`link b ${unique}`], runId('three'));
  other.release();
  held.release();
});

test('a claim that was released is free', async () => {
  const claims = [`network x ${unique}`, `network y ${unique}`];
  (await socketClaims.hold(claims, runId('one'))).release();
  (await socketClaims.hold(claims, runId('two'))).release();
});

test('of many at the same moment exactly one gets all of them', async () => {
  const claims = ['c', 'a', 'b'].map((name) => `container ${name} ${unique}`);
  const tries = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) => socketClaims.hold(n % 2 === 0 ? claims : claims.toReversed(), runId(`r${n}`))),
  );
  const winners = tries.flatMap((tried) => (tried.status === 'fulfilled' ? [tried.value] : []));
  expect(winners).toHaveLength(1);
  for (const winner of winners) winner.release();
});
