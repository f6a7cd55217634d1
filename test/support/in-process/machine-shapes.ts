import fc from 'fast-check';

/** A generated machine: leaves in chains and parallel states, three levels deep. */
export type Shape<Leaf extends AnyLeaf> = Leaf | Branch<Leaf>;
export interface Branch<Leaf extends AnyLeaf> {
  readonly kind: 'chain' | 'parallel';
  readonly parts: readonly Shape<Leaf>[];
}
interface AnyLeaf {
  readonly kind: 'leaf';
}

export function isLeaf<Leaf extends AnyLeaf>(part: Shape<Leaf>): part is Leaf {
  return part.kind === 'leaf';
}

export function shapesOf<Leaf extends AnyLeaf>(leaf: fc.Arbitrary<Leaf>): fc.Arbitrary<Shape<Leaf>> {
  return fc.letrec<{ shape: Shape<Leaf> }>((tie) => {
    const parts = fc.array(tie('shape'), { minLength: 1, maxLength: 3 });
    return {
      shape: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        leaf,
        fc.record({ kind: fc.constant('chain' as const), parts }),
        fc.record({ kind: fc.constant('parallel' as const), parts }),
      ),
    };
  }).shape;
}
