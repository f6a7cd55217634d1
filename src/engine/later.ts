/**
 * What is made when it is first asked for, and once. Schemas take a while to make, and most commands use few of those that they load.
 */
export function later<Made>(make: () => Made): () => Made {
  let made: { readonly it: Made } | undefined;
  return () => {
    made ??= { it: make() };
    return made.it;
  };
}
