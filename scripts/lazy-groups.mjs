// What esbuild has bundled, in groups of modules that are each made when one of them is first asked for. Of all modules of a file
// esbuild makes every function when the file is loaded, and V8 is given every one of them with what was compiled; most commands need a
// third of them.
import { parse, tokenizer } from 'acorn';

/** What esbuild calls the function that carries out a module when it is first called. */
const CARRIES_OUT = /^(?:init|require)_/;

/**
 * The bundle in groups: modules that are loaded on the same occasions are in one. What esbuild has made sure of is used: each of these
 * modules is carried out by a function of its own, which is called before anything of the module is used, and no two names are the same.
 * @param code as esbuild writes it, where it leaves spaces and comments with the modules' paths
 * @param inputs of esbuild's metafile
 * @param entry module that the bundle is of
 * @param isLazy whether a module loads what it requires later; import() always does
 */
export function inLazyGroups(code, inputs, entry, isLazy) {
  const occasions = occasionsOf(inputs, entry, isLazy);
  const outside = { text: [], words: new Set() };
  const groups = new Map();
  const groupOf = (module) => groups.get(occasions.get(module));
  for (const { statement, text, module } of statementsOf(code, inputs)) {
    const occasion = occasions.get(module);
    const isOutside = occasion === undefined || occasion.split(SEPARATOR).includes(entry);
    if (!isOutside && groupOf(module) === undefined)
      groups.set(occasion, { name: `Group${groups.size}`, text: [], words: new Set(), variables: [], functions: [] });
    const place = isOutside ? outside : groupOf(module);
    for (const { value } of tokenizer(text, { ecmaVersion: 'latest' })) place.words.add(value);
    if (isOutside) place.text.push(text);
    else addTo(place, statement, text);
  }
  const all = [...groups.values()];
  const definitions = all.map((group) => {
    const isUsedOutside = (name) => [outside, ...all].some((other) => other !== group && other.words.has(name));
    return definitionOf(group, isUsedOutside);
  });
  return [...definitions, ...outside.text].join('\n');
}

const SEPARATOR = '\n';

/** What a module loads as soon as it is loaded. */
function loadedWith(inputs, module, isLazy) {
  if (isLazy(module)) return [];
  return inputs[module].imports
    .filter(({ kind }) => kind !== 'dynamic-import')
    .flatMap(({ path }) => (path in inputs ? path : []));
}

/** For each module the modules with which it is loaded, one a line: the entry, and those that are loaded when something of them is used. */
function occasionsOf(inputs, entry, isLazy) {
  const laterOnes = new Set([entry]);
  for (const [module, { imports }] of Object.entries(inputs)) {
    for (const { path, kind } of imports) {
      if (kind === 'dynamic-import' || (kind === 'require-call' && isLazy(module))) laterOnes.add(path);
    }
  }
  const occasions = new Map();
  for (const first of laterOnes) {
    const loaded = new Set();
    const load = (module) => {
      if (loaded.has(module) || !(module in inputs)) return;
      loaded.add(module);
      loadedWith(inputs, module, isLazy).forEach(load);
    };
    load(first);
    for (const module of loaded) occasions.set(module, [...(occasions.get(module) ?? []), first]);
  }
  return new Map([...occasions].map(([module, firsts]) => [module, firsts.sort().join(SEPARATOR)]));
}

/** The statements of the bundle, each with the text from the end of the one before it, and the module that it is of. */
function statementsOf(code, inputs) {
  let module;
  let from = 0;
  return parse(code, { ecmaVersion: 'latest', allowReturnOutsideFunction: true }).body.map((statement) => {
    const text = code.slice(from, statement.end);
    for (const [, path] of code.slice(from, statement.start).matchAll(/^\/\/ (.+)$/gm)) {
      if (inputs[path] !== undefined) module = path;
    }
    from = statement.end;
    return { statement, text, module };
  });
}

function addTo(group, statement, text) {
  const textOf = (node) =>
    text.slice(text.length - (statement.end - node.start), text.length - (statement.end - node.end));
  if (statement.type === 'FunctionDeclaration') {
    group.functions.push(statement.id.name);
    group.text.push(text);
  } else if (statement.type === 'VariableDeclaration') {
    for (const { id, init } of statement.declarations) {
      group.variables.push(id.name);
      if (init !== null) group.text.push(`${id.name} = ${textOf(init)};`);
    }
  } else if (isExports(statement)) group.text.push(text);
  else throw new Error(`esbuild does this where it only said how to: ${textOf(statement)}`);
}

/** The names that a module exports. */
function isExports({ type, expression }) {
  return (
    type === 'ExpressionStatement' &&
    expression.type === 'AssignmentExpression' &&
    expression.right.type === 'ObjectExpression'
  );
}

/**
 * What modules of other groups use stays where all see it: functions are put there when the group is made, which is when one of its
 * modules is asked for.
 */
function definitionOf({ name, text, variables, functions }, isUsedOutside) {
  const seen = functions.filter(isUsedOutside);
  const shared = variables.filter(isUsedOutside);
  const own = variables.filter((variable) => !isUsedOutside(variable));
  const first = shared.filter((variable) => CARRIES_OUT.test(variable));
  const lines = [
    `var ${[...shared, ...seen].join(', ')};`,
    ...first.map((variable) => `${variable} = () => { use${name}(); return ${variable}(); };`),
    `function use${name}() {`,
    `use${name} = () => {};`,
    `({ ${seen.join(', ')} } = make${name}());`,
    '}',
    `function make${name}() {`,
    own.length === 0 ? '' : `var ${own.join(', ')};`,
    ...text,
    `return { ${seen.join(', ')} };`,
    '}',
  ];
  return lines.join('\n');
}
