/** Returns a function that makes a value at its first call, and returns the same one at later calls: most commands use few schemas. */
export function lazy<Made>(make: () => Made): () => Made {
  let made: { readonly it: Made } | undefined;
  return () => {
    made ??= { it: make() };
    return made.it;
  };
}
