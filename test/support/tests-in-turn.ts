import { type TestContext, test } from 'vitest';
import { isInTurn } from './rotation.ts';

type Declare = (name: string, body: (context: TestContext) => Promise<void>) => void;

/**
 * Returns a function that declares tests as `declare` does, but only every `parts`-th of those that it is called for: the seed chooses
 * them. Call it for at least `parts` tests, or some test runs have none of them.
 */
export function testsInTurn(parts: number, declare: Declare = test): Declare {
  let index = -1;
  return (name, body) => {
    index += 1;
    if (isInTurn(index, parts)) declare(name, body);
  };
}
