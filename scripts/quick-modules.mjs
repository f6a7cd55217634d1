// What esbuild bundles, with modules that are loaded sooner. To be given what esbuild writes where it leaves spaces and comments.

/** Names that a module exports, in esbuild's way: a function for each, since another module may be carried out before it is. */
const EXPORTS = /^var (\w+) = \{\};\n__export\(\1, \{\n([\s\S]*?)\n\}\);$/m;
const EXPORTED = /^ *("[^"]*"|[\w$]+): \(\) => ([\w$.]+)(,?)$/gm;
/** Where what carries a module out ends. */
const END = '\n  }\n});';

/**
 * zod alone exports a thousand names, for which there are as many functions (3 ms of each command): what a package exports is written
 * down when its module has been carried out. To copy all that Node's modules export, for each file that imports one as a whole, takes
 * 0.5 ms.
 * @param inputs of esbuild's metafile
 * @throws Error where esbuild writes this in another way than it did
 */
export function withQuickModules(code, inputs) {
  const beginnings = [...code.matchAll(/^\/\/ (.+)$/gm)].filter(([, module]) => module in inputs);
  const modules = beginnings.map(({ index, 1: module }, at) => {
    const text = code.slice(index, beginnings[at + 1]?.index);
    return module.startsWith('node_modules/') ? withNamesAsData(text) : withNamesAsGetters(text);
  });
  const quick = [code.slice(0, beginnings[0]?.index), ...modules]
    .join('')
    .replace(/__toESM\((require\("node:[\w/]+"\)), 1\)/g, 'nodeModule($1)');
  if (/__export\(|__toESM\(require\("node:/.test(quick))
    throw new Error('esbuild exports or imports in another way than it did: look again at how long that takes');
  return `const nodeModule = (module) => Object.create(module, { default: { value: module } });\n${quick}`;
}

function withNamesAsGetters(text) {
  return text.replace(
    EXPORTS,
    (_, name, names) => `var ${name} = {};\n${name} = {\n${names.replace(EXPORTED, 'get $1() { return $2; }$3')}\n};`,
  );
}

function withNamesAsData(text) {
  const [exporting, name, names] = EXPORTS.exec(text) ?? [];
  const end = text.lastIndexOf(END);
  if (exporting === undefined || end === -1) return withNamesAsGetters(text);
  const written = `\nObject.assign(${name}, {\n${names.replace(EXPORTED, '$1: $2$3')}\n});`;
  return `${text.slice(0, end)}${written}${text.slice(end)}`.replace(exporting, `var ${name} = {};`);
}
