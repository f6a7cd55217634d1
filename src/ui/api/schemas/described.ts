import type * as z from 'zod';
import type { Json } from '../../../engine/model/json.ts';

/** A type with all members of its values, none of them optional: two types have the same members if each is assignable to the other. */
type Whole<Value> = Json extends Value
  ? Json
  : Value extends string | number | boolean | null | undefined
    ? Value
    : Value extends readonly (infer Item)[]
      ? readonly Whole<Item>[]
      : { readonly [Name in keyof Value]-?: Whole<Exclude<Value[Name], undefined>> };

/** `unknown` if both types have the same members; otherwise a type that nothing is assignable to. */
type Same<A, B> = [Whole<A>, Whole<B>] extends [Whole<B>, Whole<A>] ? unknown : never;

/** Returns a schema that does not compile unless its values are exactly those of the type that the command prints. */
export function schemaOf<Type>() {
  return <Schema extends z.ZodType<Type>>(schema: Schema & Same<Type, z.output<Schema>>): Schema => schema;
}
