/** Returns a function that creates a value at its first call and returns it from then on: most commands use few schemas. */
export function lazy<Made>(make: () => Made): () => Made {
  let made: { readonly it: Made } | undefined;
  return () => {
    made ??= { it: make() };
    return made.it;
  };
}
