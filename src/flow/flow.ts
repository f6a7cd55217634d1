/** The part of the value of XState's `setup()` that the helpers need: the type of its states. */
interface Setup {
  readonly createStateConfig: (config: never) => unknown;
}

type StateOf<Base extends Setup> = Base['createStateConfig'] extends (config: infer State) => unknown ? State : never;

/** The config of one invocation in machines of a setup. */
type InvokeOf<State> = State extends { readonly invoke?: infer Invoke }
  ? Exclude<NonNullable<Invoke>, readonly unknown[]>
  : never;

type GuardOf<State> = State extends { readonly always?: infer Transition }
  ? Extract<Transition, { readonly guard?: unknown }>['guard']
  : never;

interface Conditional<State> {
  /** Skips the element unless this guard passes. */
  readonly when?: GuardOf<State>;
}

/** An XState invocation without an `id`, which is the name of the element: a step. */
type StepElement<State> = InvokeOf<State> & Conditional<State> & { readonly id?: never; readonly states?: never };

/** An XState state, such as another sequence or an approval. */
type StateElement<State> = State & Conditional<State> & { readonly src?: never };

/** A step or a state, by name. */
type Elements<State> = Readonly<Record<string, StepElement<State> | StateElement<State>>>;

/** Functions that return plain XState states for machines of one setup. */
interface Flow<State> {
  /**
   * Returns a state whose elements follow each other, and which is done after the last one: `onDone` of an element leads to the next,
   * unless it names a target. Final elements are ends of their own; `done` is added. The whole machine can be one: its elements are
   * then the stages.
   */
  sequence(elements: Elements<State>): State;
  /** Returns a state whose elements all begin at once, and which is done when all are. */
  parallel(elements: Elements<State>): State;
  /** Returns a state with several sequences side by side, which is done when all are. */
  lanes(lanes: Readonly<Record<string, Elements<State>>>): State;
}

/** Returns the helpers for machines of a setup: XState's types check actors, inputs, outputs and guards as in `createMachine`. */
export function flow<Base extends Setup>(base: Base): Flow<StateOf<Base>>;
export function flow() {
  return { sequence, parallel, lanes };
}

/** A config whose types the overload has checked. */
interface Config {
  readonly [member: string]: unknown;
}

type Configs = Readonly<Record<string, Config>>;

const FINAL = { type: 'final' } as const;

function sequence(elements: Configs): Config {
  const names = Object.keys(elements).filter((name) => elements[name]?.['type'] !== 'final');
  const [initial] = names;
  if (initial === undefined) throw new TypeError('sequence: it has no elements');
  const numeric = names.find((name) => /^\d+$/.test(name));
  // JavaScript puts such keys first, whatever their place.
  if (numeric !== undefined) throw new TypeError(`sequence: the name ${numeric} is a number; begin it with a letter`);
  const states: Record<string, Config> = {};
  for (const [index, name] of names.entries()) {
    const { when, ...element } = elements[name] ?? {};
    const next = names[index + 1] ?? 'done';
    const due = when === undefined ? name : `${name}-due`;
    if (when !== undefined) states[name] = { always: [{ guard: when, target: due }, { target: next }] };
    states[due] = linked(name, element, next);
  }
  const finals = Object.fromEntries(Object.entries(elements).filter(([, { type }]) => type === 'final'));
  return { initial, states: { ...states, done: FINAL, ...finals } };
}

function parallel(elements: Configs): Config {
  const region = (name: string, element: Config) =>
    'states' in element && element['when'] === undefined ? element : sequence({ [name]: element });
  const regions = Object.entries(elements).map(([name, element]) => [name, region(name, element)]);
  return { type: 'parallel', states: Object.fromEntries(regions) };
}

function lanes(all: Readonly<Record<string, Configs>>): Config {
  return parallel(Object.fromEntries(Object.entries(all).map(([name, elements]) => [name, sequence(elements)])));
}

/** Returns the state of an element, which leads to the next one. */
function linked(name: string, element: Config, next: string): Config {
  const onDone = towards(next, element['onDone']);
  if ('src' in element) return { invoke: { ...element, id: name, onDone } };
  return 'states' in element ? { ...element, onDone } : element;
}

/** Returns transitions with this target where they have none. */
function towards(target: string, transitions: unknown): unknown {
  if (transitions === undefined) return target;
  if (Array.isArray(transitions)) return transitions.map((transition) => towards(target, transition));
  return typeof transitions === 'object' ? { target, ...transitions } : transitions;
}
